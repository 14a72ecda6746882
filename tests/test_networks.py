"""The finite network: outputs, Gram matrix, and the way to its limit."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lib import networks
from lib.data import sphere
from lib.kernels import angles, h_infinity
from lib.networks import TwoLayer

EPS = np.finfo(float).eps
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def naive_outputs(net, X):
    return np.array([sum(a * max(w @ x, 0.0) for w, a in zip(net.W, net.a, strict=True)) for x in X]) / np.sqrt(len(net.a))


def naive_gram(net, X):
    H = np.zeros((len(X), len(X)))
    for w, a in zip(net.W, net.a, strict=True):
        for i, x in enumerate(X):
            for j, z in enumerate(X):
                H[i, j] += a**2 * (x @ z) * (w @ x >= 0) * (w @ z >= 0) / len(net.W)
    return H


@st.composite
def network_and_inputs(draw):
    seed, m = draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, 12))
    n, d = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-3, 3, (n, 1))
    return TwoLayer.init(m, d, rng, kappa=10.0 ** rng.uniform(-3, 1)), X


@PROPERTY
@given(network_and_inputs())
def test_outputs_and_gram_are_those_of_the_definition(case):
    net, X = case
    size = np.linalg.norm(X, axis=1)
    # m terms of size at most |w||x|, each from a product of d terms: (m + d) roundings at most
    bound = 20 * EPS * np.abs(naive_outputs(TwoLayer(np.abs(net.W), np.ones_like(net.a)), np.abs(X)))
    assert (np.abs(net(X) - naive_outputs(net, X)) <= bound).all()
    assert (np.abs(net.gram(X) - naive_gram(net, X)) <= 20 * EPS * np.outer(size, size)).all()


@PROPERTY
@given(network_and_inputs())
def test_gram_is_symmetric_and_positive_semidefinite(case):
    net, X = case
    H = net.gram(X)
    assert np.array_equal(H, H.T)
    assert np.linalg.eigvalsh(H)[0] >= -20 * EPS * np.trace(H) - 1e-300


@PROPERTY
@given(network_and_inputs(), st.sampled_from([0.25, 8.0]))
def test_outputs_are_positively_homogeneous_and_gram_quadratic(case, c):
    net, X = case
    assert np.array_equal(net(c * X), c * net(X))  # powers of two: no rounding
    assert np.array_equal(net.gram(c * X), c**2 * net.gram(X))
    assert np.array_equal(TwoLayer(c * net.W, net.a).gram(X), net.gram(X))


@PROPERTY
@given(network_and_inputs())
def test_even_part_is_the_absolute_value_network_and_odd_part_is_linear(case):
    net, X = case
    linear = X @ (net.a @ net.W) / np.sqrt(len(net.a))  # sigma(z) - sigma(-z) = z
    size = np.abs(X) @ np.abs(net.W).sum(axis=0)
    assert (np.abs(net(X) - net(-X) - linear) <= 40 * EPS * size).all()


@PROPERTY
@given(network_and_inputs(), st.integers(0, 2**32 - 1))
def test_order_of_inputs_and_neurons_does_not_matter(case, seed):
    net, X = case
    rng = np.random.default_rng(seed)
    rows, neurons = rng.permutation(len(X)), rng.permutation(len(net.W))
    shuffled = TwoLayer(net.W[neurons], net.a[neurons])
    size = np.linalg.norm(X[rows], axis=1)
    change = np.abs(shuffled.gram(X[rows]) - net.gram(X)[np.ix_(rows, rows)])
    assert (change <= 20 * EPS * np.outer(size, size)).all()
    bound = 20 * EPS * np.abs(X) @ np.abs(net.W).sum(axis=0)
    assert (np.abs(shuffled(X[rows]) - net(X)[rows]) <= bound[rows]).all()


@PROPERTY
@given(network_and_inputs())
def test_the_memory_layout_does_not_matter(case):
    net, X = case
    padded = np.zeros((2 * len(X), 3 * X.shape[1]))
    padded[::2, ::3] = X
    fortran = TwoLayer(np.asfortranarray(net.W), net.a)
    for same in (np.asfortranarray(X), padded[::2, ::3], X.astype(">f8"), X.tolist()):
        assert np.array_equal(net.gram(same), net.gram(X)) and np.array_equal(fortran.gram(same), net.gram(X))
        assert np.array_equal(net(same), net(X)) and np.array_equal(fortran(same), net(X))


def test_a_neuron_on_its_kink_counts_as_active():
    net = TwoLayer(W=[[1.0, 0.0]], a=[-1])
    assert net.gram([[0.0, 1.0]]).tolist() == [[1.0]] and net([[0.0, 1.0]]).tolist() == [0.0]
    assert TwoLayer(W=[[0.0, 0.0]], a=[1]).gram([[3.0, 4.0]]).tolist() == [[25.0]]


def test_counts_are_exact():
    W = np.ones((5001, 1))  # 5001 and 4998 need 13 bits
    W[:3] = -1
    assert TwoLayer(W, np.ones(5001)).gram([[5001.0], [-1.0]]).tolist() == [[5001.0 * 4998, 0.0], [0.0, 3 / 5001]]


def test_outputs_carry_the_sign_of_a_and_one_over_root_m():
    assert TwoLayer(W=np.ones((4, 1)), a=[1, 1, 1, -1])([[3.0]]).tolist() == [3.0]
    assert TwoLayer(W=np.ones((9, 1)), a=-np.ones(9))([[1.0]]).tolist() == [-3.0]


@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_gram_deviates_from_its_limit_by_standard_errors(scale):
    n, m = 20, 40_000
    X = scale * sphere(n, 6, rng=0)
    p = (np.pi - angles(X)) / (2 * np.pi)
    error = np.abs(X @ X.T) * np.sqrt(p * (1 - p) / m)  # of a mean of m indicators
    z = (TwoLayer.init(m, 6, rng=1).gram(X) - h_infinity(X)) / error
    # 210 dependent standard normals: 5 is exceeded with probability below 210 * 6e-7; their mean square is near 1
    assert np.abs(z).max() < 5
    assert 0.5 < np.sqrt(np.mean(z**2)) < 1.6
    # the twin: a kernel that forgets the 2 in (pi - angle)/(2 pi)
    assert np.abs((TwoLayer.init(m, 6, rng=1).gram(X) - 2 * h_infinity(X)) / error).max() > 50


def test_distance_to_the_limit_falls_like_one_over_root_m():
    X = sphere(20, 10, rng=0)
    H = h_infinity(X)
    widths = 2 ** np.arange(6, 15)
    rng = np.random.default_rng(0)
    distance = [np.mean([np.linalg.norm(TwoLayer.init(m, 10, rng).gram(X) - H, 2) for _ in range(20)]) for m in widths]
    slope = np.polyfit(np.log(widths), np.log(distance), 1)[0]
    assert abs(slope + 0.5) < 0.12  # standard deviation over seeds 0.026


def test_initial_outputs_have_the_variance_of_the_limit():
    # E f(x)^2 = kappa^2 |x|^2/2; the mean over 4000 networks has a relative error of about sqrt(2/4000)
    x, rng = np.array([[3.0, 4.0]]), np.random.default_rng(0)
    squares = np.array([TwoLayer.init(50, 2, rng, kappa=0.3)(x)[0] ** 2 for _ in range(4000)])
    assert abs(squares.mean() - 0.09 * 25 / 2) < 4 * squares.std() / np.sqrt(len(squares))


def test_initialisation_is_gaussian_with_fair_signs():
    net = TwoLayer.init(20_000, 3, rng=0, kappa=0.2)
    assert net.W.shape == (20_000, 3) and net.a.shape == (20_000,) and net.W.dtype == net.a.dtype == np.float64
    assert stats.kstest(net.W.ravel() / 0.2, "norm").pvalue > 1e-4
    assert set(net.a) == {-1.0, 1.0} and abs(net.a.sum()) < 4 * np.sqrt(len(net.a))
    independence = net.W * net.a[:, None]
    assert np.abs(independence.mean(axis=0)).max() < 4 * 0.2 / np.sqrt(len(net.a))
    again = TwoLayer.init(20_000, 3, rng=np.random.default_rng(0), kappa=0.2)
    assert np.array_equal(again.W, net.W) and np.array_equal(again.a, net.a)


@pytest.mark.parametrize("budget", [8, 8 * 7 * 3, 10**6])
def test_blocks_leave_no_seam(monkeypatch, budget):
    net, X = TwoLayer.init(1001, 4, rng=0), sphere(7, 4, rng=1)
    gram, outputs = net.gram(X), net(X)
    monkeypatch.setattr(networks, "BLOCK_BYTES", budget)
    assert np.array_equal(net.gram(X), gram)  # counts of whole numbers have no rounding
    assert np.abs(net(X) - outputs).max() < 1001 * EPS  # sums of 1001 terms of order 1, over sqrt(1001)


def test_nothing_as_large_as_inputs_times_neurons_is_formed():
    net, X = TwoLayer.init(10**6, 2, rng=0), sphere(30, 2, rng=1)
    for call in (net, net.gram):
        tracemalloc.start()
        call(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # the block, the last block while the next is made, and indicators at half the size; 30 x 10^6 is 240 MB
        assert peak < 3.5 * networks.BLOCK_BYTES < 8 * 30 * 10**6 / 4


def test_a_result_that_cannot_fit_is_refused_with_the_number():
    net = TwoLayer(W=[[1.0]], a=[1])
    with pytest.raises(ValueError, match="Gram matrix of 100000 inputs needs 80,000,000,000 bytes"):
        net.gram(np.ones((10**5, 1)))
    with pytest.raises(ValueError, match=r"W of shape \(1000000, 1000000\) needs 8,000,000,000,000 bytes"):
        TwoLayer.init(10**6, 10**6, rng=0)
    assert net(np.ones((10**5, 1))).sum() == 10**5


def test_float32_stays_float32():
    net = TwoLayer(W=np.float32([[1, 2], [3, -4]]), a=[1, -1])
    X = np.float32([[1, 1], [0.5, -1]])
    assert net.W.dtype == net.a.dtype == net(X).dtype == net.gram(X).dtype == np.float32
    assert net(X.astype(float)).dtype == net.gram(X.astype(float)).dtype == np.float64


@pytest.mark.parametrize(
    "W, a, words",
    [
        ([[1.0], [2.0]], [1], "a must have 2 entries, got 1"),
        ([[1.0], [2.0]], [1, np.inf], "a must be finite, got inf"),
        (np.float32([[1.0], [2.0]]), [1, 1e39], "a must be finite, got inf"),
        ([[1.0], [np.nan]], [1, 1], "W must be finite, got nan at row 1"),
        ([1.0, 2.0], [1, 1], r"W must have shape \(n, d\)"),
    ],
)
def test_a_network_that_is_none_is_refused(W, a, words):
    with pytest.raises(ValueError, match=words):
        TwoLayer(W, a)


def test_inputs_of_another_dimension_are_refused():
    net = TwoLayer.init(5, 3, rng=0)
    for call in (net, net.gram, net.output_gram, net.jacobian, lambda X: net.gradient(X, [1.0])):
        with pytest.raises(ValueError, match=r"X must have 3 columns, got shape \(1, 2\)"):
            call([[1.0, 2.0]])


def test_a_network_keeps_its_weights_when_the_arrays_it_came_from_change():
    W, a = np.ones((3, 2)), np.ones(3)
    net = TwoLayer(W, a)
    W[:], a[:] = 7, 7
    assert (net.W == 1).all() and (net.a == 1).all()


@pytest.mark.parametrize("name", ["__call__", "gram", "output_gram", "jacobian", "gradient"])
def test_preactivations_that_overflow_are_refused(name):
    net, X = TwoLayer([[1e200, -1e200], [1.0, 1.0]], [1, 1]), [[1e150, 1e150]]  # inf - inf has no sign
    arguments = (X, [1.0]) if name == "gradient" else (X,)
    with pytest.raises(ValueError, match="pre-activations overflow float64; scale them down"):
        getattr(net, name)(*arguments)
    # a large bound alone is no reason to refuse: 1e200 * 1e109 is beyond the range, the products are not
    getattr(TwoLayer([[1e200, 0.0]], [1e-9]), name)([[0.0, 1e109]], *arguments[1:])


def test_what_float32_cannot_hold_is_refused():
    X = np.float32([[1e10]])
    with pytest.raises(ValueError, match="entries of the Gram matrix overflow float32"):
        TwoLayer(np.float32([[1.0]]), [1e18]).gram(X)
    with pytest.raises(ValueError, match="features overflow float32"):
        TwoLayer(np.float32([[1e20]]), [1.0]).output_gram(X)


# ---------------------------------------------------------------- derivatives


def general(seed=0, m=30, n=6, d=4):
    rng = np.random.default_rng(seed)
    net = TwoLayer(rng.standard_normal((m, d)), rng.standard_normal(m))
    return net, rng.standard_normal((n, d)), rng.standard_normal(n)


def test_gradient_is_the_slope_of_the_loss():
    net, X, y = general()
    gradient, rng, h = net.gradient(X, y), np.random.default_rng(1), 1e-6

    def loss(W, a):
        return np.sum((TwoLayer(W, a)(X) - y) ** 2) / 2

    for layer in ("W", "a"):
        direction = {"W": np.zeros_like(net.W), "a": np.zeros_like(net.a)}
        direction[layer] = rng.standard_normal(direction[layer].shape)
        W, a = h * direction["W"], h * direction["a"]
        slope = (loss(net.W + W, net.a + a) - loss(net.W - W, net.a - a)) / (2 * h)
        wanted = np.sum(gradient[layer] * direction[layer])
        # central differences: h^2 (no kink is that near), and rounding EPS/h
        assert abs(slope - wanted) < 1e-8 * max(1, abs(wanted))
    assert gradient["W"].shape == net.W.shape and gradient["a"].shape == net.a.shape


def test_jacobian_gives_the_gradient_and_both_gram_matrices_are_products():
    net, X, y = general()
    J, u = net.jacobian(X), net(X)
    assert np.abs(J.T @ (u - y) - net.gradient(X, y)["W"].ravel()).max() < 1e-13
    assert np.abs(J @ J.T - net.gram(X)).max() < 1e-13
    assert np.abs(naive_gram(net, X) - net.gram(X)).max() < 1e-13
    features = np.maximum(X @ net.W.T, 0) / np.sqrt(len(net.a))
    assert np.abs(features @ features.T - net.output_gram(X)).max() < 1e-13
    assert np.abs(features @ net.a - u).max() < 1e-13  # Euler: the outputs are linear in a
    assert np.abs(J @ net.W.ravel() - u).max() < 1e-13  # and homogeneous in W


def test_an_open_gate_on_the_kink_enters_the_gradient():
    net = TwoLayer(W=[[0.0, 1.0]], a=[1.0])
    assert net.gradient([[1.0, 0.0]], [2.0])["W"].tolist() == [[-2.0, 0.0]]


def test_an_antisymmetric_network_starts_at_zero_with_the_same_kernel():
    net, X = TwoLayer.init(10, 3, rng=0, antisymmetric=True), sphere(5, 3, rng=1)
    assert np.array_equal(net.W[:5], net.W[5:]) and np.array_equal(net.a[:5], -net.a[5:])
    assert np.abs(net(X)).max() < 10 * EPS
    assert np.abs(net.gram(X) - TwoLayer(net.W[:5], net.a[:5]).gram(X)).max() < 10 * EPS
    with pytest.raises(ValueError, match="m must be even for an antisymmetric network, got 5"):
        TwoLayer.init(5, 3, rng=0, antisymmetric=True)


def test_a_jacobian_that_cannot_fit_is_refused_with_the_number():
    with pytest.raises(ValueError, match=r"a Jacobian of shape \(2000, 1000000\) needs 16,000,000,000 bytes"):
        TwoLayer.init(10**5, 10, rng=0).jacobian(np.ones((2000, 10)))


@pytest.mark.parametrize("arguments", [{"m": 0}, {"d": 0}, {"kappa": 0.0}, {"kappa": -1.0}, {"kappa": np.inf}])
def test_initialisation_refuses_empty_sizes_and_scales(arguments):
    with pytest.raises(ValueError, match=f"^{next(iter(arguments))} must"):
        TwoLayer.init(**{"m": 2, "d": 2, "rng": 0, **arguments})
    with pytest.raises(TypeError, match="rng must"):
        TwoLayer.init(2, 2, rng=None)
