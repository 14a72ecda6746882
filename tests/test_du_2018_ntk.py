"""The tangent kernel by second routes, and what breaks when a hypothesis does."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lib.data import random_signs, sphere
from lib.dynamics import gradient_descent, linearized
from lib.explore import Exploration
from lib.kernels import h_infinity
from lib.networks import TwoLayer
from lib.theorems.du_2018.ntk import (
    FlowExists,
    JointKernelDynamics,
    KernelDynamics,
    KernelRegression,
    Linearisation,
    kernel_ellipse,
    loss_derivative,
    tangent_kernel,
    who_moves,
)
from lib.theorems.du_2018.setting import FILM

X, y = sphere(12, 5, rng=0), random_signs(12, rng=1)


def gates(W):
    return X @ W.T >= 0


def test_tangent_kernel_is_the_inner_product_of_gradients():
    rng = np.random.default_rng(4)
    net = TwoLayer(rng.standard_normal((40, 5)), rng.standard_normal(40))
    Z = sphere(3, 5, rng=5)
    assert np.allclose(tangent_kernel(net, X, Z), net.jacobian(X) @ net.jacobian(Z).T)
    assert np.allclose(tangent_kernel(net, X, X), net.gram(X))


def test_kernel_with_one_factor_is_noise():
    """Its squared norm times m does not grow, so that it vanishes like one over root m; it is not semidefinite."""
    sizes = []
    for m in (400, 6400):
        nets = [TwoLayer.init(m, 5, rng=seed) for seed in range(20)]
        kernels = [tangent_kernel(net, X, X, power=1) for net in nets]
        assert all(np.linalg.eigvalsh(K)[0] < 0 for K in kernels)
        sizes.append(np.mean([m * (K**2).sum() for K in kernels]))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.5)
    assert np.linalg.norm(tangent_kernel(nets[0], X, X) - h_infinity(X)) < 0.1 * np.linalg.norm(h_infinity(X))


@pytest.mark.parametrize("loss", ["square", "logistic"])
def test_loss_derivatives_by_differences(loss):
    value = {"square": lambda u: 0.5 * (u - y) ** 2, "logistic": lambda u: np.logaddexp(0, -y * u)}[loss]
    u = np.linspace(-3, 3, 12)
    assert np.allclose(loss_derivative(loss, u, y), (value(u + 1e-5) - value(u - 1e-5)) / 2e-5, atol=1e-8)


def test_a_loss_without_a_name_is_refused():
    with pytest.raises(ValueError, match="loss must be"):
        loss_derivative("hinge", y, y)


@pytest.mark.parametrize("theorem", [KernelDynamics, JointKernelDynamics])
@pytest.mark.parametrize("loss", ["square", "logistic"])
@pytest.mark.parametrize("gaussian", [False, True])
def test_kernels_hold_for_every_loss_and_output_weight(theorem, loss, gaussian):
    evidence = theorem(loss=loss, gaussian=gaussian, networks=5).check(rng=1)
    assert evidence.holds, evidence.sentence


def test_long_differences_are_outside():
    for theorem in (KernelDynamics, JointKernelDynamics):
        evidence = theorem(reach=1000, networks=5).check(rng=0)
        assert evidence.verdict == "outside"
        assert abs(evidence.measured - evidence.predicted).max() > 1e-4


def test_a_step_is_exact_with_mean_gates():
    """What makes the kink harmless, in discrete time: the mean gate of a step, between 0 and 1, however many flip."""
    net, eta = TwoLayer.init(60, 5, rng=6), 0.7
    run = gradient_descent(net, X, y, eta, 1, outputs=True)
    p, q = run.start.W @ X.T, run.net.W @ X.T
    mean = np.divide(np.maximum(q, 0) - np.maximum(p, 0), q - p, out=(p >= 0) * 1.0, where=q != p)
    assert ((p >= 0) != (q >= 0)).any() and mean.min() > -1e-12 and mean.max() < 1 + 1e-12
    H = (X @ X.T) * (mean.T @ (p >= 0)) / 60
    assert np.allclose(run.outputs[1], run.outputs[0] + eta * H @ (y - run.outputs[0]), atol=1e-12)


def test_path_through_the_kink_is_gradient_descent():
    for b1, b2 in (1.0, 2.0), (1.7, 0.4):
        run = gradient_descent(TwoLayer([[0.9]], [1.0]), [[1.0], [-1.0]], [-b1, -b2], 0.25, 12, keep=range(13))
        _, w, flow = FlowExists.path(0.25, 0.9, b1, b2)
        assert np.allclose(w[:13], [run.network(k).W[0, 0] for k in range(13)])
        assert flow[0] == pytest.approx(0.9) and flow[-1] == 0 and (np.diff(flow) <= 0).all()


def test_flow_before_the_kink_by_a_solver():
    solved = solve_ivp(lambda t, w: -(w + 1.3), (0, 0.4), [0.9], rtol=1e-10, atol=1e-12).y[0, -1]
    _, _, flow = FlowExists.path(0.1, 0.9, 1.3, 0.5)
    assert flow[4] == pytest.approx(solved, abs=1e-9) and flow[4] > 0


def test_long_steps_are_outside_and_break_the_bound():
    evidence = FlowExists(steps=(1.9,)).check(rng=0)
    assert evidence.verdict == "outside" and (evidence.measured > evidence.predicted).any()


def test_neurons_rest_on_kinks_in_ordinary_networks():
    """Halving the step doubles the flips of the busiest gate: the flow needs gates between 0 and 1."""
    busiest = []
    for eta in (0.05, 0.025):
        steps = round(6 / eta)
        run = gradient_descent(TwoLayer.init(300, 5, rng=7), X, y, eta, steps, keep=range(steps // 2, steps))
        flips = np.diff([gates(run.network(k).W) for k in range(steps // 2, steps)], axis=0).sum(axis=0)
        busiest.append(flips.max())
    assert busiest[0] > 20 and busiest[1] == pytest.approx(2 * busiest[0], rel=0.2)


def test_no_random_move_beats_the_worst():
    rng, net, x, R = np.random.default_rng(8), TwoLayer.init(200, 5, rng=9), X[0], 0.4
    theorem = Linearisation(d=5)
    worst = theorem.worst(net, x, R)
    part = np.maximum(R - abs(net.W @ x), 0)
    assert worst == pytest.approx(max(part[net.a == 1].sum(), part[net.a == -1].sum()) / np.sqrt(200))
    for _ in range(200):
        V = rng.standard_normal(net.W.shape)
        V *= R / np.linalg.norm(V, axis=1, keepdims=True)
        assert abs(theorem.remainder(net, V, x)) <= worst


def test_small_scales_leave_the_tangent_sooner():
    evidence = Linearisation(kappa=0.1).check(rng=0)
    assert evidence.verdict == "outside" and (evidence.measured > evidence.predicted[1]).all()


def test_regression_is_the_linear_recursion():
    theorem = KernelRegression(networks=1, m=300, steps=37, speed=1.5)
    evidence = theorem.check(rng=3)
    at_data = evidence.data["right"][-theorem.n :]
    data, labels = evidence.data["X"], evidence.data["y"]
    rng = np.random.default_rng(3)
    rng.uniform(0, 2 * np.pi), random_signs(theorem.n, rng)
    net = TwoLayer.init(300, 2, rng)
    H = net.gram(data)
    eta = 1.5 / np.linalg.eigvalsh(H)[-1]
    assert evidence.holds and np.allclose(at_data, linearized(H, labels, net(data), eta, 37)[-1])


def test_network_is_outside_regression_and_nearer_when_wide():
    gaps = []
    for m in (50, 5000):
        evidence = KernelRegression(m=m, linear=False, networks=6).check(rng=0)
        assert evidence.verdict == "outside" and "no gate has flipped" in evidence.sentence
        gaps.append(np.sqrt(np.mean((evidence.measured - evidence.predicted) ** 2)))
    assert gaps[1] < gaps[0] / 3


def test_steps_that_are_too_long_and_singular_matrices_are_outside():
    long = KernelRegression(speed=2.5, steps=20, networks=2).check(rng=0)
    assert long.verdict == "outside" and "small steps" in long.sentence
    singular = KernelRegression(m=3, networks=2, steps=20).check(rng=0)
    assert singular.verdict == "outside" and "invertible" in singular.sentence
    assert np.allclose(singular.measured, singular.predicted)  # parts (a) and (b) do not need the hypothesis


@pytest.mark.parametrize(
    ("draw", "grids"),
    [
        (who_moves, {"m": [4, 256], "angle": [0, 80, 340]}),
        (kernel_ellipse, {"m": [16, 64, 256, 1024, 4096], "step": list(FILM)}),
    ],
)
def test_films_keep_their_layers(draw, grids):
    film = Exploration(draw, "film", None, grids)
    assert film.data(film._states()[1])["columns"] > 0
    assert len({picture.sentence for picture in film.frames}) > len(film.frames) / 2


def test_the_kernel_freezes():
    def change(m):
        return float(kernel_ellipse(192, m).sentence.split()[-2])

    assert change(4096) < 2 < 8 < change(64)


def test_nobody_changes_the_network():
    net = TwoLayer.init(20, 5, rng=0)
    before = replace(net, W=net.W.copy())
    tangent_kernel(net, X, X), Linearisation(d=5).worst(net, X[0], 0.2)
    assert np.array_equal(before.W, net.W)


def test_kernels_have_one_or_two_factors_and_differences_a_length():
    with pytest.raises(ValueError, match="power must be 1 or 2"):
        KernelDynamics(power=3)
    for theorem in KernelDynamics, JointKernelDynamics:
        with pytest.raises(ValueError, match="reach must be positive"):
            theorem(reach=-5).check(rng=0)
