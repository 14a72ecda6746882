"""H-infinity, its companions and its spectrum: exactness, properties, and agreement by independent routes."""

import tracemalloc
from math import comb

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.legendre import leggauss
from scipy.special import eval_chebyt, eval_gegenbauer, gamma

from lib import kernels, validation
from lib.activations import relu
from lib.data import circle, digits, sphere
from lib.kernels import (
    angles,
    h_infinity,
    harmonic_dimension,
    pair_eigenvalue,
    sphere_eigenvalues,
    two_layer_ntk,
)

EPS = np.finfo(float).eps
BOTH = ("W", "a")
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True, database=None)
# Away from 0 and pi the rounding of a cosine, a few EPS, is divided by sin(angle) >= sqrt(1 - NEAR**2) = 0.14; the kernel's
# slope in the angle is below 1/2. So 64 EPS |x||z| bounds the error of an entry in the dimensions used here.
ENTRY = 64 * EPS


def norms(X):
    scale = np.abs(X).max(axis=1)
    return scale * np.linalg.norm(X / scale[:, None], axis=1)


@st.composite
def inputs(draw):
    """Rows of all norms, with nearly parallel, nearly antiparallel, equal and opposite rows planted on purpose."""
    d = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((draw(st.integers(1, 5)), d))
    for _ in range(draw(st.integers(0, 4))):
        angle = draw(st.sampled_from([0.0, *10.0 ** np.arange(-15, 0)]))
        side = draw(st.sampled_from([-1.0, 1.0]))
        X = np.vstack([X, side * (X[rng.integers(len(X))] + angle * rng.standard_normal(d))])
    return X * 10.0 ** rng.uniform(-3, 3, (len(X), 1))


def exact(x, z):
    """Angle and opening (pi - angle) of two float64 vectors to fifty digits, and H-infinity of the pair."""
    with mpmath.workdps(60):
        x, z = [[mpmath.mpf(float(t)) for t in v] for v in (x, z)]
        lengths = [mpmath.sqrt(sum(t * t for t in v)) for v in (x, z)]
        x, z = [[t / r for t in v] for v, r in zip((x, z), lengths, strict=True)]
        minus = mpmath.sqrt(sum((s - t) ** 2 for s, t in zip(x, z, strict=True)))
        plus = mpmath.sqrt(sum((s + t) ** 2 for s, t in zip(x, z, strict=True)))
        angle, opening = 2 * mpmath.atan2(minus, plus), 2 * mpmath.atan2(plus, minus)
        return angle, opening, lengths[0] * lengths[1] * mpmath.cos(angle) * opening / (2 * mpmath.pi)


def pair(angle, d, rng, scale=1.0):
    """Two float64 vectors at about this angle; the angle they really have is `exact` of them."""
    x, v = rng.standard_normal((2, d))
    v -= (v @ x) / (x @ x) * x
    v *= np.linalg.norm(x) / np.linalg.norm(v)
    return x, (np.cos(angle) * x + np.sin(angle) * v) * scale


# ---------------------------------------------------------------- exactness

SMALL = [10.0**-k for k in range(13)]
MIDDLE = [0.1, 0.14, 0.1415, 0.1416, 0.142, 0.15, 0.5, 1.5, np.pi / 2, 1.7, 2.5, 3.0]


@pytest.mark.parametrize("d, scale", [(2, 1.0), (3, 1.0), (100, 1.0), (3, 7.3), (10, 1e-200), (10, 1e200)])
def test_angles_agree_with_fifty_digits(d, scale):
    rng = np.random.default_rng(d)
    for angle in SMALL + MIDDLE:
        x, z = pair(angle, d, rng, scale)
        for sign in (1, -1):
            true, _, _ = exact(x, sign * z)
            assert abs(angles([x], [sign * z])[0, 0] / true - 1) < 1e-13


@pytest.mark.parametrize("d, scale", [(2, 1.0), (3, 1.0), (100, 1.0), (3, 7.3), (10, 1e-200), (10, 1e200)])
def test_h_infinity_agrees_with_fifty_digits_also_near_antiparallel_inputs(d, scale):
    rng = np.random.default_rng(d)
    for angle in SMALL + [t for t in MIDDLE if abs(np.cos(t)) > 0.05]:  # near pi/2 the inner product itself cancels
        x, z = pair(angle, d, rng, scale)
        for sign in (1, -1):
            _, _, true = exact(x, sign * z)
            assert abs(h_infinity([x], [sign * z])[0, 0] / true - 1) < 1e-13


@pytest.mark.parametrize("angle", [1e-5, 1e-6, 1e-7, 1e-8])
def test_distance_from_singular_survives_in_h_infinity(angle):
    X = np.array([[1.0, 0.0], [1.0, np.tan(angle)]])
    X[1] /= np.linalg.norm(X[1])
    with mpmath.workdps(50):
        t = mpmath.mpf(angle)
        true = mpmath.mpf(1) / 2 - mpmath.cos(t) * (mpmath.pi - t) / (2 * mpmath.pi)
    # the entry, near 1/2, is stored to EPS/4 and the norms of the rows to a few EPS: all of it over angle/(2 pi)
    assert abs((0.5 - h_infinity(X)[0, 1]) / true - 1) < 4 * EPS / (angle / (2 * np.pi))
    assert angle != 1e-7 or abs((0.5 - h_infinity(X)[0, 1]) / true - 1) < 1e-6


def test_the_textbook_formula_fails_where_ours_does_not():
    x, z = np.array([1.0, 0.0]), np.array([1.0, 1e-9])
    assert np.arccos(np.clip(x @ z, -1, 1)) == 0  # the twin: two different inputs at angle 0
    assert angles([x], [z])[0, 0] == pytest.approx(1e-9, rel=1e-15)
    opening = 2 * np.pi * h_infinity([x], [-z])[0, 0] / -1
    assert opening == pytest.approx(1e-9, rel=1e-14)


def test_angles_of_parallel_and_antiparallel_rows_are_exact():
    x = sphere(1, 7, rng=0)[0]
    X = np.vstack([x, 4 * x, -x, -0.5 * x])  # exact multiples
    side = np.array([1, 1, -1, -1])
    assert np.array_equal(angles(X), np.where(np.outer(side, side) > 0, 0, np.pi))
    assert np.array_equal(h_infinity(X)[0], [0.5 * (x @ x), 2 * (x @ x), 0, 0])
    assert angles([x], [1e100 * x])[0, 0] <= EPS  # a rounded multiple: the angle is that of the rounding
    assert abs(angles([[1, 0]], [[1, 1e-150]])[0, 0] / 1e-150 - 1) < 4 * EPS


def test_the_chapters_formula_and_the_blocked_code_agree():
    X = 3 * sphere(40, 5, rng=0)
    length = np.linalg.norm(X, axis=1)
    theta = np.arccos(np.clip(X @ X.T / np.outer(length, length), -1, 1))
    formula = X @ X.T * (np.pi - theta) / (2 * np.pi)
    off_diagonal = ~np.eye(40, dtype=bool)  # on the diagonal arccos turns one EPS into sqrt(EPS)
    assert np.abs(h_infinity(X) - formula)[off_diagonal].max() < 9 * ENTRY
    assert np.abs(h_infinity(X) - formula).max() < 9 * np.sqrt(EPS)


def test_kernels_are_norms_times_the_dual_activations():
    X, Z = 2 * sphere(20, 3, rng=0), sphere(15, 3, rng=1)
    theta = angles(X, Z)
    first = (X @ Z.T) * relu.derivative_dual(theta)
    second = 2 * relu.dual(theta)
    assert np.abs(two_layer_ntk(X, Z) - first).max() < 2 * ENTRY
    assert np.abs(two_layer_ntk(X, Z, train=("a",)) - second).max() < 2 * ENTRY
    assert np.abs(two_layer_ntk(X, Z, train=BOTH) - first - second).max() < 4 * ENTRY


# ---------------------------------------------------------------- independent routes


@pytest.mark.parametrize("cosine", [-0.9, 0.0, 0.5, 0.99])
def test_kernels_are_means_over_gaussian_neurons(cosine):
    x, z = np.array([2.0, 0.0]), 0.5 * np.array([cosine, np.sqrt(1 - cosine**2)])
    w = np.random.default_rng(1).standard_normal((400_000, 2))
    draws = {
        ("W",): (x @ z) * ((w @ x >= 0) & (w @ z >= 0)),
        ("a",): np.maximum(w @ x, 0) * np.maximum(w @ z, 0),
    }
    draws[BOTH] = draws["W",] + draws["a",]
    for train, values in draws.items():
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - two_layer_ntk([x], [z], train=train)[0, 0]) <= 4 * error


def test_a_kernel_without_the_factor_two_is_caught_by_the_same_check():
    w = np.random.default_rng(1).standard_normal((100_000, 2))
    x, z = np.array([1.0, 0.0]), np.array([0.5, np.sqrt(0.75)])
    values = (x @ z) * ((w @ x >= 0) & (w @ z >= 0))
    twin = (x @ z) * (np.pi - angles([x], [z])[0, 0]) / np.pi
    assert abs(values.mean() - twin) > 100 * values.std() / np.sqrt(len(values))


def test_real_digits_give_a_positive_definite_kernel():
    H = h_infinity(digits(n=300, rng=0)[0])
    assert np.abs(np.diag(H) - 0.5).max() <= 4 * EPS
    assert np.linalg.eigvalsh(H)[0] > 1e-3  # all images are distinct, and none is nearly the same


# ---------------------------------------------------------------- properties


@PROPERTY
@given(inputs())
def test_kernels_are_symmetric_with_half_the_squared_norms_on_the_diagonal(X):
    squared = np.einsum("ij,ij->i", X, X)
    for train, factor in ((("W",), 0.5), (("a",), 0.5), (BOTH, 1.0)):
        K = two_layer_ntk(X, train=train)
        assert np.isfinite(K).all() and np.array_equal(K, K.T)
        assert np.array_equal(np.diag(K), factor * squared)
    assert np.array_equal(h_infinity(X), two_layer_ntk(X, train=("W",)))
    A = angles(X)
    assert np.array_equal(A, A.T) and not np.diag(A).any() and A.min() >= 0 and A.max() <= np.pi


@PROPERTY
@given(inputs())
def test_kernels_are_positive_semidefinite(X):
    U = X / norms(X)[:, None]
    for train in (("W",), ("a",), BOTH):
        # perturbing each entry by ENTRY moves an eigenvalue by at most n ENTRY (Weyl)
        assert np.linalg.eigvalsh(two_layer_ntk(U, train=train))[0] > -2 * len(U) * ENTRY


@PROPERTY
@given(inputs())
def test_entries_obey_cauchy_schwarz(X):
    length = norms(X)
    outer = np.outer(length, length) / 2
    assert (np.abs(h_infinity(X)) <= outer * (1 + ENTRY)).all()
    G = two_layer_ntk(X, train=("a",))
    assert (G <= outer * (1 + ENTRY)).all() and (G >= -ENTRY * outer).all()


@PROPERTY
@given(inputs(), st.integers(0, 2**32 - 1))
def test_rotations_change_nothing(X, seed):
    Q = np.linalg.qr(np.random.default_rng(seed).standard_normal((X.shape[1],) * 2))[0]
    outer = np.outer(norms(X), norms(X))
    # rotating rounds each coordinate: the angles move by a few EPS times d <= 6
    assert (np.abs(h_infinity(X @ Q) - h_infinity(X)) <= 6 * ENTRY * outer).all()
    assert (np.abs(two_layer_ntk(X @ Q, train="a") - two_layer_ntk(X, train="a")) <= 6 * ENTRY * outer).all()


@PROPERTY
@given(inputs(), st.integers(0, 2**32 - 1))
def test_scaling_rows_scales_rows_and_columns(X, seed):
    scale = 2.0 ** np.random.default_rng(seed).integers(-300, 300, len(X))  # powers of two: no rounding
    for kernel in (h_infinity, lambda X: two_layer_ntk(X, train=BOTH)):
        scaled, expected = kernel(X * scale[:, None]), scale[:, None] * kernel(X) * scale
        assert (np.abs(scaled - expected) <= 2 * ENTRY * np.outer(scale * norms(X), scale * norms(X))).all()
    assert np.abs(angles(X * scale[:, None]) - angles(X)).max() <= ENTRY


@PROPERTY
@given(inputs(), st.integers(0, 2**32 - 1))
def test_permuting_the_inputs_permutes_the_kernel(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    outer = np.outer(norms(X), norms(X))[np.ix_(order, order)]
    assert (np.abs(h_infinity(X[order]) - h_infinity(X)[np.ix_(order, order)]) <= ENTRY * outer).all()


@PROPERTY
@given(inputs())
def test_a_second_argument_equal_to_the_first_gives_the_same_matrix(X):
    outer = np.outer(norms(X), norms(X))
    assert (np.abs(h_infinity(X, X) - h_infinity(X)) <= ENTRY * outer).all()
    assert np.abs(angles(X, X) - angles(X)).max() <= ENTRY
    assert (np.abs(h_infinity(X, -X[:1]) - h_infinity(-X[:1], X).T) <= ENTRY * outer[:, :1]).all()


@PROPERTY
@given(inputs())
def test_the_memory_layout_does_not_matter(X):
    expected = h_infinity(X)
    padded = np.zeros((2 * len(X), 3 * X.shape[1]))
    padded[::2, ::3] = X
    for same in (np.asfortranarray(X), padded[::2, ::3], X[::-1, ::-1].copy()[::-1, ::-1], X.astype(">f8"), X.tolist()):
        assert np.array_equal(h_infinity(same), expected)


@PROPERTY
@given(inputs())
def test_angles_obey_the_triangle_inequality_on_the_sphere(X):
    A = angles(X)
    assert (A[:, None, :] <= A[:, :, None] + A[None, :, :] + ENTRY).all()


@PROPERTY
@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_h_infinity_falls_as_the_angle_grows_to_its_minimum(seed, steps):
    # cos(t)(pi - t) decreases until tan t = -1/(pi - t), t = 2.2813
    t = np.sort(np.random.default_rng(seed).uniform(0, 2.28, steps + 2))
    values = h_infinity([[1.0, 0.0]], np.column_stack([np.cos(t), np.sin(t)]))[0]
    assert (np.diff(values) <= ENTRY).all()


@PROPERTY
@given(inputs())
def test_float32_in_float32_out_rounded_once(X):
    X = X.astype(np.float32)
    for K in (h_infinity, angles, lambda X: two_layer_ntk(X, train=BOTH)):
        assert K(X).dtype == np.float32
        assert np.array_equal(K(X), K(X.astype(float)).astype(np.float32))
    assert h_infinity(X, X.astype(float)).dtype == np.float64


# ---------------------------------------------------------------- long and short rows


@pytest.mark.parametrize("short, long", [(1e-200, 1e200), (1e-307, 1e307), (1e-320, 1e300), (1.0, 1e307), (1e-307, 1.0)])
def test_short_and_long_rows_meet_without_loss(short, long):
    rng = np.random.default_rng(0)
    for _ in range(10):
        x, z = short * rng.standard_normal(4), long * rng.standard_normal(4)
        angle, _, true = exact(x, z)
        # the cosine is off by a few EPS, absolutely
        assert abs(h_infinity([x], [z])[0, 0] - true) <= ENTRY * abs(true / mpmath.cos(angle))
        assert abs(angles([x], [z])[0, 0] - angle) <= ENTRY


@pytest.mark.parametrize("dtype, long, short", [(np.float64, 1e160, 1e-160), (np.float32, 1e20, 1e-25)])
def test_a_kernel_beyond_the_floating_point_range_is_refused(dtype, long, short):
    U = sphere(5, 4, rng=0).astype(dtype)
    with pytest.raises(ValueError, match=f"X has rows so long that their kernel overflows {np.dtype(dtype)}"):
        h_infinity(dtype(long) * U)
    with pytest.raises(ValueError, match=f"X has rows so short that their kernel underflows {np.dtype(dtype)}"):
        h_infinity(dtype(short) * U)
    assert np.isfinite(h_infinity(dtype(long) * U, dtype(short) * U)).all()
    assert np.isfinite(angles(dtype(long) * U)).all()


def test_the_largest_kernel_that_fits_is_returned():
    x = np.array([[1.8e154, 0.0]])  # |x|^2 = 3.2e308 overflows, half of it does not
    assert h_infinity(x)[0, 0] == pytest.approx(1.62e308, rel=1e-15)
    assert h_infinity([[1.8e154, 0.0], [0.0, 1.8e154]])[0, 1] == 0
    with pytest.raises(ValueError, match="overflows"):
        h_infinity([[2e154, 0.0]])  # 2e308: just beyond


def test_a_result_beyond_the_budget_is_refused_with_the_number():
    X = np.ones((10**5, 1))
    for function in (h_infinity, angles, two_layer_ntk):
        with pytest.raises(ValueError, match=r"shape \(100000, 100000\) needs 80,000,000,000 bytes"):
            function(X)
    assert h_infinity(X[:10], X).shape == (10, 10**5)


def test_the_kernel_is_not_copied_many_times():
    X = sphere(1500, 3, rng=0)
    tracemalloc.start()
    h_infinity(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 8 * 1500**2


def test_blocks_leave_no_seam(monkeypatch):
    X, Z = 2 * sphere(23, 4, rng=0), sphere(19, 4, rng=1)
    X[5], X[22] = X[11], -X[3]
    whole = [h_infinity(X), h_infinity(X, Z), angles(X), two_layer_ntk(X, train=BOTH)]
    monkeypatch.setattr(kernels, "TILE", 2)
    monkeypatch.setattr(kernels, "CHUNK", 5)
    blocked = [h_infinity(X), h_infinity(X, Z), angles(X), two_layer_ntk(X, train=BOTH)]
    for one, other in zip(whole, blocked, strict=True):
        assert np.abs(one - other).max() <= 4 * ENTRY
    assert np.array_equal(blocked[0], blocked[0].T)


def test_columns_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"Z must have 2 columns, got shape \(1, 3\)"):
        h_infinity([[1, 0]], [[1, 0, 0]])


@pytest.mark.parametrize("train, error", [((), ValueError), (("b",), ValueError), ("Wa", ValueError), (None, TypeError)])
def test_unknown_layers_are_refused(train, error):
    with pytest.raises(error, match="train must"):
        two_layer_ntk([[1, 0]], train=train)


# ---------------------------------------------------------------- two inputs


def test_pair_eigenvalue_agrees_with_fifty_digits():
    thetas = np.concatenate([[0.0, np.pi / 2, np.pi], 10.0 ** np.arange(-300, 0, 13), np.linspace(0, np.pi, 101)])
    with mpmath.workdps(350):
        for theta in thetas:
            t = mpmath.mpf(float(theta))
            true = mpmath.mpf(1) / 2 - abs(mpmath.cos(t)) * (mpmath.pi - t) / (2 * mpmath.pi)
            assert abs(pair_eigenvalue(theta) - true) <= 4 * EPS * true  # two positive terms, a few roundings each


@pytest.mark.parametrize("theta", [1e-3, 0.5, 1.5, np.pi / 2, 2.0, 3.0, np.pi])
def test_pair_eigenvalue_is_the_smallest_of_the_two_by_two_kernel(theta):
    X = np.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]])
    assert abs(np.linalg.eigvalsh(h_infinity(X))[0] - pair_eigenvalue(theta)) <= 4 * EPS


def test_pair_eigenvalue_keeps_shape_and_refuses_other_angles():
    assert pair_eigenvalue([[0.0, np.pi]]).tolist() == [[0.0, 0.5]]
    assert pair_eigenvalue(np.float32(np.pi)).dtype == np.float32 and np.ndim(pair_eigenvalue(1.0)) == 0
    for theta in (-1e-12, 3.2):
        with pytest.raises(ValueError, match=r"theta must lie in \[0, pi\]"):
            pair_eigenvalue(theta)


def test_antipodes_are_harmless_until_their_lines_are_dependent():
    x = sphere(1, 3, rng=0)
    assert np.array_equal(h_infinity(np.vstack([x, -x])), h_infinity(x)[0, 0] * np.eye(2))
    plane = sphere(3, 2, rng=1)
    space = sphere(3, 3, rng=1)
    assert abs(np.linalg.eigvalsh(h_infinity(np.vstack([plane, -plane])))[0]) < 12 * ENTRY
    assert np.linalg.eigvalsh(h_infinity(np.vstack([space, -space])))[0] > 1e-4


# ---------------------------------------------------------------- the spectrum on the sphere


@pytest.mark.parametrize("d", [2, 3, 5, 10])
def test_sphere_eigenvalues_against_quadrature(d):
    # Funk-Hecke in the angle, t = cos(phi): the Gegenbauer weight becomes sin(phi)^(d-2) and the integrand is entire
    nodes, weights = leggauss(200)
    phi = np.pi * (nodes + 1) / 2
    density = gamma(d / 2) / (np.sqrt(np.pi) * gamma((d - 1) / 2)) * np.sin(phi) ** (d - 2) * weights * np.pi / 2
    kernel = np.cos(phi) * (np.pi - phi) / (2 * np.pi)
    for k in range(13):
        if d == 2:
            zonal = eval_chebyt(k, np.cos(phi))
        else:
            zonal = eval_gegenbauer(k, d / 2 - 1, np.cos(phi)) / eval_gegenbauer(k, d / 2 - 1, 1.0)
        # 200 summands of size at most 1 with total weight 1: rounding stays below 200 EPS/2, the kernel is at most 1/2
        assert abs(density @ (kernel * zonal) - sphere_eigenvalues(d, k)) < 50 * EPS


def test_sphere_eigenvalues_in_the_plane_have_the_closed_form():
    k = np.arange(2, 400, 2)
    assert sphere_eigenvalues(2, 0) == pytest.approx(1 / np.pi**2, rel=4 * EPS)
    assert np.allclose(sphere_eigenvalues(2, k), (k**2 + 1) / (np.pi**2 * (k**2 - 1.0) ** 2), rtol=1e-12, atol=0)


@pytest.mark.parametrize("d", [2, 3, 4, 17])
def test_odd_degrees_from_three_on_are_missing_and_the_first_is_a_quarter_over_d(d):
    assert not sphere_eigenvalues(d, [3, 5, 7, 101]).any()
    assert (sphere_eigenvalues(d, [0, 2, 4, 100]) > 0).all()
    assert sphere_eigenvalues(d, 1) == pytest.approx(1 / (4 * d), rel=4 * EPS)


@pytest.mark.parametrize("d, top", [(2, 20_000), (3, 4_000), (5, 1_000)])
def test_the_trace_is_one_half(d, top):
    k = np.arange(top)
    partial = np.dot([float(harmonic_dimension(d, int(j))) for j in k], sphere_eigenvalues(d, k))
    # Gamma(x+s)/Gamma(x) >= x^s for s >= 1 gives mu_k <= (Gamma(d/2)/(2 pi))^2 ((k-1)/2)^-d, and
    # N(d, k) <= 2 (k+d-2)^(d-2)/(d-2)!; the even degrees from `top` on then sum to at most this tail
    ratio = ((top + d - 2) / (top - 1)) ** (d - 2)
    tail = ratio * 2**d * gamma(d / 2) ** 2 / (4 * np.pi**2 * gamma(d - 1)) / (top - 3)
    rounding = 1e-12
    assert -rounding <= 0.5 - partial <= tail + rounding
    assert tail < 1e-2


@pytest.mark.parametrize("d", [2, 3, 5])
def test_the_decay_exponent_is_minus_d(d):
    k = 2000 * d
    local = np.log(sphere_eigenvalues(d, 2 * k) / sphere_eigenvalues(d, k)) / np.log(2)
    assert abs(local + d) < d * d / k  # the correction is of relative size d^2/k
    limit = 2.0 ** (d - 2) * gamma(d / 2) ** 2 / np.pi**2 * float(k) ** -d
    assert abs(sphere_eigenvalues(d, k) / limit - 1) < d * d / k


def test_gram_matrices_of_the_full_circle_have_these_eigenvalues():
    n = 201
    t = 2 * np.pi * np.arange(n) / n
    found = np.sort(np.linalg.eigvalsh(h_infinity(np.column_stack([np.cos(t), np.sin(t)]))))[::-1] / n
    degrees = np.arange(41)
    mu = np.repeat(sphere_eigenvalues(2, degrees), [harmonic_dimension(2, int(k)) for k in degrees])
    mu = np.sort(mu)[::-1][:40]
    # aliasing adds the mu of degrees n +- k, 2n +- k, ...: those of degree >= n - 40, even, sum to less than 1e-5 * 2
    assert np.abs(found[:40] - mu).max() < 2e-5


def test_the_half_circle_has_its_smallest_eigenvalue_near_a_quarter_over_n():
    lambda_0 = [np.linalg.eigvalsh(h_infinity(circle(n)))[0] for n in (64, 128, 256)]
    assert np.allclose(np.array(lambda_0) * 4 * np.array([64, 128, 256]), 1, atol=2e-3)


def test_harmonic_dimensions_sum_to_the_polynomials():
    # polynomials of degree <= K on the sphere: C(K+d-1, d-1) + C(K+d-2, d-1)
    for d in (2, 3, 7):
        for K in (0, 1, 5, 12):
            total = sum(harmonic_dimension(d, k) for k in range(K + 1))
            assert total == comb(K + d - 1, d - 1) + (comb(K + d - 2, d - 1) if K else 0)


@pytest.mark.parametrize("degrees", [-1, 1.5, [0, -2]])
def test_degrees_are_whole_numbers(degrees):
    with pytest.raises(ValueError, match="degrees must be whole numbers at least 0"):
        sphere_eigenvalues(3, degrees)


def test_the_sphere_needs_dimension_two():
    for call in (lambda: sphere_eigenvalues(1, 0), lambda: harmonic_dimension(1, 0)):
        with pytest.raises(ValueError, match="d must be at least 2"):
            call()


def test_the_budget_counts_the_bytes_of_the_result(monkeypatch):
    two, five = circle(2), circle(5)
    monkeypatch.setattr(validation, "MEMORY_BUDGET", 8 * 9)
    assert h_infinity(circle(3)).shape == (3, 3)
    monkeypatch.setattr(validation, "MEMORY_BUDGET", 8 * 9 - 1)
    with pytest.raises(ValueError, match="needs 72 bytes"):
        h_infinity(circle(3))
    assert h_infinity(circle(3).astype(np.float32)).shape == (3, 3)
    with pytest.raises(ValueError, match=r"shape \(2, 5\) needs 80 bytes"):
        h_infinity(two, five)
