"""Training in Du et al. 2018 by second routes: what the lemmas count, where the locks close, and what breaks outside."""

import numpy as np
import pytest
from scipy.special import erf
from scipy.stats import binom

from lib.data import circle, sphere
from lib.dynamics import gradient_descent, gradient_flow
from lib.kernels import h_infinity
from lib.networks import TwoLayer
from lib.theorems.du_2018.convergence import (
    RADIUS,
    BootstrapCloses,
    DescentConverges,
    FewFlips,
    Flow,
    FlowConverges,
    InitialResidual,
    JointTraining,
    ResidualDecays,
    crossed,
    descend,
    descent_lock,
    descent_step,
    descent_width,
    drift_bound,
    flow_lock,
    flow_width,
    joint_lock,
    joint_width,
    loss_under_bound,
    problem,
    proof_map,
    rate_used,
    step_terms,
    strip_shares,
)
from lib.theorems.theorem import Evidence

RNG = np.random.default_rng(0)
X20, Y20 = sphere(20, 20, RNG), RNG.choice([-1.0, 1.0], 20)
NET = TwoLayer.init(1000, 20, RNG)


@pytest.mark.parametrize("R", [0.001, 0.05, 0.7])
def test_strips_and_drift_are_counted_as_in_the_text(R):
    small = abs(NET.W @ X20.T) <= R
    assert np.allclose(strip_shares(NET, X20, R), small.mean(axis=0))
    pairs = sum(((row[:, None] | row[None, :]).sum()) for row in small)  # (i, j) with a small margin at i or at j
    assert drift_bound(NET, X20, R) == pytest.approx(pairs / 1000)


def test_share_of_a_strip_is_binomial():
    shares = np.array([strip_shares(TwoLayer.init(500, 20, rng=s), X20, 0.1) for s in range(100)]).ravel()
    p = erf(0.1 / np.sqrt(2))
    assert abs(shares.mean() - p) < 4 * binom.std(500, p) / 500 / np.sqrt(100)  # inputs share networks: be generous


def test_kernel_is_stable_whatever_the_neurons_do():
    H0, norm = NET.gram(X20), np.linalg.norm(X20, 2)
    for R in (0.01, 0.1, 0.5):
        move = RNG.standard_normal(NET.W.shape)
        move *= R * RNG.random((1000, 1)) ** 0.2 / np.linalg.norm(move, axis=1, keepdims=True)
        for W in (crossed(NET, X20, R).W, NET.W + move):
            assert np.linalg.norm(W - NET.W, axis=1).max() <= R * (1 + 1e-12)
            H = TwoLayer(W, NET.a).gram(X20)
            assert np.linalg.norm(H - H0, 2) <= drift_bound(NET, X20, R) + 1e-12
            roots = [np.sqrt(max(np.linalg.eigvalsh(A)[0], 0)) for A in (H, H0)]
            assert roots[0] >= roots[1] - norm * np.sqrt(strip_shares(NET, X20, R).max()) - 1e-12


def test_bound_on_the_drift_is_respected_in_the_mean_and_not_idle():
    R, n = 0.002, 20
    values = [drift_bound(TwoLayer.init(1000, 20, rng=s), X20, R) for s in range(200)]
    error = np.std(values) / np.sqrt(200)
    assert np.mean(values) <= 4 * n**2 * R / np.sqrt(2 * np.pi) + 4 * error
    assert abs(np.mean(values) - n * (2 * n - 1) * erf(R / np.sqrt(2))) < 4 * error + 0.02 * np.mean(values)


def test_a_large_radius_is_outside():
    evidence = FewFlips(R=0.01).check(rng=0)
    assert evidence.verdict == "outside" and "R ≤" in evidence.sentence and "R = 0.01" in evidence.sentence
    assert evidence.measured > 0.9
    assert FewFlips(route="chernoff", R=1e-4).check(rng=0).verdict == "outside"


def test_radius_is_that_of_the_text():
    assert FewFlips(n=10, delta=0.1).covered_radius(0.4) == pytest.approx(RADIUS * 0.1 * 0.4 / 100)
    assert RADIUS == pytest.approx(0.1567, abs=1e-4)


def test_flow_by_small_steps_is_the_flow_of_the_solver():
    X, y = problem(4, 6, 1.0, rng=1)
    net = TwoLayer.init(50, 6, rng=2)
    run = Flow.watch(net, X, y, 4.0, step=0.005)
    exact = gradient_flow(net, X, y, np.append(0, run.times), rtol=1e-4)
    assert run.ratio == pytest.approx(exact.loss[1:] / exact.loss[0], rel=0.02)
    rates = -np.log(exact.loss[1:] / exact.loss[0]) / run.times
    assert abs(run.slowest[0] - rates.min()) < 4 * run.slowest[1] < 0.1 * rates.min()


def test_slowest_rate_of_a_linear_flow_is_twice_an_eigenvalue():
    """One input: the residual decays like exp(-2 t h) with h the share of open gates, as long as none flips."""
    net = TwoLayer.init(400, 2, rng=0, antisymmetric=True)
    run = Flow.watch(net, np.array([[1.0, 0.0]]), np.array([1e-3]), 5.0, step=0.01)
    share = float(net.gram([[1.0, 0.0]])[0, 0])
    assert abs(run.slowest[0] - 2 * share) < 4 * run.slowest[1] + 1e-3


def test_a_kernel_that_is_not_good_is_outside():
    evidence = ResidualDecays(widths=(16,), C=10.0).check(rng=0)
    assert evidence.verdict == "outside" and "the kernel keeps half" in evidence.sentence
    assert evidence.measured.max() > 1  # and the promise is broken there


def test_distance_falls_like_one_over_root_m():
    data = ResidualDecays(widths=(250, 1000, 4000)).check(rng=0).data
    slope = np.polyfit(np.log([250, 1000, 4000]), np.log(data["moved"]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.15)


def test_lock_opens_with_large_labels_and_the_promise_is_kept_all_the_same():
    evidence = BootstrapCloses(C=1.0, networks=2).check(rng=0)
    assert evidence.verdict == "outside" and "times that" in evidence.sentence
    assert (evidence.measured < 1).all()


def test_lock_weighs_what_may_be_lost_against_what_is_left():
    lambda_0, e = np.linalg.eigvalsh(h_infinity(X20))[0], np.linalg.norm(NET(X20) - Y20)
    reach, load = flow_lock(NET, X20, Y20)
    assert reach == pytest.approx(2 * np.sqrt(20 / 1000) * e / lambda_0)
    room = np.linalg.eigvalsh(NET.gram(X20))[0] - lambda_0 / 2
    assert load == pytest.approx(drift_bound(NET, X20, reach) / room)
    longer, heavier = descent_lock(NET, X20, Y20)
    strips = 8 * (20 + np.sqrt(20)) * strip_shares(NET, X20, longer).sum() / lambda_0
    assert longer == pytest.approx(2 * reach) and heavier == pytest.approx(max(drift_bound(NET, X20, longer) / room, strips))


def test_no_lock_closes_where_the_kernel_is_bad_from_the_start():
    """No gate can flip, but the kernel has less than half of lambda_0: that no drift is possible is no help."""
    net, X, y = TwoLayer(W=[[-9.0, -9.0], [5.0, -7.0]], a=[1, -1]), np.eye(2), np.zeros(2)
    assert drift_bound(net, X, 0.1) == 0
    assert flow_lock(net, X, y)[1] == descent_lock(net, X, y)[1] == joint_lock(net, X, y)[2] == np.inf
    assert FlowConverges(m=16, networks=2).check(rng=0).verdict == "outside"


def test_initial_residual_for_other_output_weights():
    assert InitialResidual(outputs="gaussian", networks=400).check(rng=0).holds
    ones = InitialResidual(outputs="ones", networks=50).check(rng=0)
    n, m = 50, 300
    assert ones.verdict == "outside"
    assert ones.measured[-1] > 0.5 * n * m / (2 * np.pi)  # E u_i = sqrt(m / 2 pi)


def test_constants_of_the_widths():
    X, y = circle(3), np.array([0.5, -1.0, 0.2])
    lam, unit = np.linalg.eigvalsh(h_infinity(X))[0], 3**5 * (y @ y + 1.5)
    R = RADIUS * (0.2 / 3) * lam / 9
    B2 = 3 / 0.2 * (y @ y + 1.5)
    assert 4 * 3 * B2 / (lam * R) ** 2 == pytest.approx(flow_width(X, y, 0.2), rel=3e-4)
    R /= 1 + 3**-0.5
    assert 16 * 3 * B2 / (lam * R) ** 2 == pytest.approx(descent_width(X, y, 0.2), rel=1e-4)
    assert flow_width(X, y, 0.2) == int(np.ceil(4401 * unit / (lam**4 * 0.2**3)))


def test_at_the_required_width_the_lock_closes():
    """One input is the only data set whose required width fits into memory."""
    X, y, delta = np.array([[1.0, 0.0]]), np.array([0.2]), 0.9
    m = descent_width(X, y, delta)
    assert m < 2_000_000
    closed = [descent_lock(TwoLayer.init(m, 2, rng=s), X, y)[1] <= 1 for s in range(5)]
    assert np.mean(closed) >= 1 - delta
    evidence = FlowConverges(n=1, d=2, m=flow_width(X, [1.0], delta), C=1.0, antisymmetric=False, delta=delta, networks=2)
    assert evidence.check(rng=0).holds


def test_joint_width_solves_its_implicit_condition():
    X, y = 1.0 * circle(3), np.array([1.0, -1.0, 1.0])
    m, lam, square = joint_width(X, y, 0.1), np.linalg.eigvalsh(h_infinity(X))[0], np.linalg.norm(X, 2) ** 2
    B2, R_w = 40 * (3 + 1.5), 0.00395 * lam / square
    farthest = np.sqrt(3) + np.sqrt(square) * (np.sqrt(2 * np.log(40 * m)) + R_w)
    conditions = 2.9e5 * square**3 * B2 / lam**4, 634 * square * B2 / lam**3 * farthest**2
    assert m >= max(conditions) * (1 - 1e-9) and m <= 1.001 * max(conditions)


def test_joint_lock_gives_the_radii_of_the_text():
    net = TwoLayer.init(2000, 20, rng=0)
    X, y = X20[:4], 0.01 * Y20[:4]
    R_w, R_a, load = joint_lock(net, X, y)
    norm, M = np.linalg.norm(X, 2), np.linalg.norm(net.W @ X.T, axis=1).max()
    c = 2 * np.linalg.norm(net(X) - y) / (np.sqrt(2000) * np.linalg.eigvalsh(h_infinity(X))[0])
    assert R_w == pytest.approx(c * norm * (1 + R_a)) and R_a == pytest.approx(c * (M + norm * R_w))
    assert load > 1  # outputs of order one: the lock is open
    assert joint_lock(TwoLayer.init(10, 20, rng=0), X, 100 * Y20[:4])[0] == np.inf


def test_training_both_layers_is_faster_than_one():
    both, one = (T(networks=1, horizon=5.0).check(rng=0).data["runs"][0].slowest[0] for T in (JointTraining, FlowConverges))
    assert both > 1.3 * one


def test_decomposition_of_a_step_is_exact():
    run = gradient_descent(NET, X20, Y20, 0.2, 4, keep=range(5))
    for k in range(4):
        terms, bounds = step_terms(NET, run.network(k), X20, Y20, 0.2, 0.4)
        assert terms.sum() == pytest.approx((run.loss[k + 1] - run.loss[k]) / run.loss[k])
        assert (abs(terms[1:]) <= bounds[1:]).all() and terms[0] < 0


def test_step_size_beyond_the_theorem_is_outside():
    evidence = DescentConverges(edge=1.0, networks=1, steps=50).check(rng=0)
    assert evidence.verdict == "outside" and "the step size" in evidence.sentence and "η ≤" in evidence.sentence
    assert (evidence.measured < evidence.predicted).all()  # the bound is kept all the same
    assert descent_step(0.4, 10) == pytest.approx(0.4 / 400)


@pytest.mark.parametrize("ratio", [0.05, 0.3, 0.9])
def test_with_a_fixed_kernel_the_bound_holds_up_to_an_exact_edge(ratio):
    values = np.linspace(ratio, 1.0, 7)
    edge = 2 - ratio / 2  # for lambda_max = 1
    for eta, kept in ((0.999 * edge, True), (1.001 * edge, False)):
        assert bool(((1 - eta * values) ** 2 <= 1 - eta * ratio / 2).all()) == kept


def test_divergence_is_a_short_run():
    rng = np.random.default_rng(0)
    X, y = sphere(20, 10, rng), rng.choice([-1.0, 1.0], 20)
    run = descend(TwoLayer.init(1000, 10, rng=0), X, y, 1e6, 500)
    assert run.steps < 500 and np.isfinite(run.loss).all()


def test_showpieces_say_what_is_seen():
    assert "crosses the bound" in loss_under_bound(m=4, edge=0.5).sentence
    assert "below the bound at every step" in loss_under_bound(m=256, edge=1.0).sentence
    assert "leaves the range" in loss_under_bound(m=16, edge=8.0).sentence
    with pytest.raises(ValueError, match="m must be"):
        loss_under_bound(m=0, edge=0.5)
    assert len(proof_map().panels) == 1


@pytest.mark.parametrize(
    "theorem",
    [FewFlips, ResidualDecays, BootstrapCloses, FlowConverges, JointTraining, DescentConverges],
    ids=lambda theorem: theorem.label,
)
def test_parallel_inputs_are_outside(theorem):
    """On a line every two inputs are parallel: lambda_0 is 0 up to rounding, and no width is enough."""
    made = theorem(d=1)
    evidence = made.check(rng=0)
    assert "the limit is positive definite" in {h.name for h in evidence.broken} and evidence.verdict == "outside"
    assert made.draw(evidence).sentence.startswith(evidence.sentence)


def test_no_width_is_enough_for_parallel_inputs_or_for_certainty():
    for width in flow_width, descent_width, joint_width:
        assert width([[1.0], [1.0]], [1.0, -1.0], 0.1) == width([[1.0]], [1.0], 0.0) == np.inf
        assert isinstance(width([[1.0]], [1.0], 0.1), int)


def test_a_residual_that_hardly_decays_fails_unless_its_error_explains_it():
    for error, verdict in (1e-3, "fails"), (1.0, "cannot tell"):
        share, bar = rate_used(0.4, np.array([1e-12]), np.array([error]))
        assert Evidence("t", "the share", "<=", 1.0, share, bar).verdict == verdict


def test_settings_without_a_meaning_are_refused():
    with pytest.raises(ValueError, match="route must be"):
        FewFlips(route="Markov")
    with pytest.raises(ValueError, match="outputs must be"):
        InitialResidual(outputs="one")
    assert ResidualDecays(widths=(250,), horizon=0.1).check(rng=0).holds
