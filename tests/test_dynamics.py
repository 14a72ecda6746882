"""Training: the loop of the definition, exactly solvable cases, laws of the flow, interrupts and divergence."""

import signal
import threading
import time

import numpy as np
import pytest

from lib import dynamics
from lib.data import random_signs, sphere
from lib.dynamics import DivergenceError, Trajectory, gradient_descent, gradient_flow, linearized, linearized_flow
from lib.networks import TwoLayer

EPS = np.finfo(float).eps
TRAINED = [("W",), ("a",), ("W", "a")]
# more inputs than dimensions: the weights themselves are moved; otherwise their products with the inputs
SHAPES = [(20, 5, 1001), (12, 30, 800), (7, 7, 40), (1, 1, 1), (2, 3, 1)]


def problem(n, d, m, seed=0):
    rng = np.random.default_rng(seed)
    return TwoLayer(rng.standard_normal((m, d)), rng.standard_normal(m)), sphere(n, d, rng), rng.standard_normal(n)


def open_gates(n=6, d=9, m=50, seed=0):
    """Positive inputs and a bias that keeps every gate open: the network is linear in its first layer."""
    rng = np.random.default_rng(seed)
    X = np.abs(sphere(n, d, rng))
    return TwoLayer(rng.random((m, d)) + 100.0, random_signs(m, rng)), X, rng.standard_normal(n)


def naive(net, X, y, eta, steps, train):
    """The loop as one would write it on a blackboard: loss, both displacements, flips, outputs of each step."""
    W, a, root = net.W.copy(), net.a.copy(), np.sqrt(len(net.a))
    records = []
    for k in range(steps + 1):
        Z = X @ W.T
        u = np.maximum(Z, 0) @ a / root
        records.append(
            (
                np.sum((u - y) ** 2) / 2,
                np.linalg.norm(W - net.W, axis=1).max(),
                np.abs(a - net.a).max(),
                np.mean((Z >= 0) != (X @ net.W.T >= 0)),
                u,
            )
        )
        if k < steps:
            slope_W = np.zeros(W.shape)
            for r, i in np.argwhere(Z.T >= 0):
                slope_W[r] += a[r] / root * (u - y)[i] * X[i]
            slope_a = np.maximum(Z, 0).T @ (u - y) / root
            W = W - eta * slope_W if "W" in train else W
            a = a - eta * slope_a if "a" in train else a
    return [np.array(column) for column in zip(*records, strict=True)], TwoLayer(W, a)


@pytest.mark.parametrize("train", TRAINED)
@pytest.mark.parametrize("shape", SHAPES)
def test_descent_is_the_loop_of_the_definition(shape, train):
    net, X, y = problem(*shape)
    expected, last = naive(net, X, y, 0.2, 15, train)
    run = gradient_descent(net, X, y, 0.2, 15, train=train, outputs=True)
    series = run.loss, run.max_displacement, run.max_output_displacement, run.flipped_fraction, run.outputs
    for ours, theirs in zip(series, expected, strict=True):
        # rounding of sums of m terms of order 1, carried through 15 steps
        assert np.abs(ours - theirs).max() <= 200 * EPS * (1 + np.abs(theirs).max())
    assert np.abs(run.net.W - last.W).max() <= 100 * EPS * np.abs(last.W).max()
    assert np.abs(run.net.a - last.a).max() <= 100 * EPS * np.abs(last.a).max()
    assert (shape[2] < 100) or "W" not in train or run.flipped_fraction[-1] > 0  # the runs do go through kinks
    assert run.steps == 15 and run.eta == 0.2 and run.times is None and not run.interrupted


@pytest.mark.parametrize("n", [3, 9])
def test_the_two_forms_of_a_step_agree(n, monkeypatch):
    net, X, y = problem(n, 5, 300)
    run = gradient_descent(net, X, y, 0.3, 30, train=("W", "a"), outputs=True)
    padded = np.hstack([X, np.zeros((n, 5))])  # as many dimensions as inputs: the other form, the same network
    other = gradient_descent(
        TwoLayer(np.hstack([net.W, np.zeros((300, 5))]), net.a), padded, y, 0.3, 30, train=("W", "a"), outputs=True
    )
    assert np.abs(run.outputs - other.outputs).max() < 1e-13
    assert np.abs(run.net.W - other.net.W[:, :5]).max() < 1e-13 and not other.net.W[:, 5:].any()


# ---------------------------------------------------------------- exactly solvable


@pytest.mark.parametrize("n, d", [(6, 9), (9, 6)])
def test_with_open_gates_descent_is_the_kernel_dynamics(n, d):
    net, X, y = open_gates(n, d)
    H = X @ X.T  # every gate open and every a_r^2 = 1
    assert np.abs(net.gram(X) - H).max() < 1e-14
    run = gradient_descent(net, X, y, 0.2, 40, outputs=True)
    u = linearized(H, y, net(X), 0.2, 40)
    size = np.abs(u).max()  # about 100: the weights are that large
    assert np.abs(run.outputs - u).max() < 1e3 * EPS * size
    assert not run.flipped_fraction.any()
    # and every weight moves by a_r/sqrt(m) X^T times the summed residuals
    moved = 0.2 * (u[:-1] - y).sum(axis=0) @ X / np.sqrt(len(net.a))
    assert np.abs(run.net.W - net.W + np.outer(net.a, moved)).max() < 1e3 * EPS * 100
    assert abs(run.max_displacement[-1] - np.linalg.norm(moved)) < 1e3 * EPS * 100


def test_linearized_is_the_recursion_and_its_eigenvector_solution():
    net, X, y = problem(8, 5, 100)
    H, u = net.gram(X), net(X)
    rows = linearized(H, y, u, 0.2, 30)
    for row in rows:
        assert np.abs(row - u).max() < 1e-14
        u = u - 0.2 * H @ (u - y)
    assert np.array_equal(linearized(H, y, 0, 0.2, 3), linearized(H, y, np.zeros(8), 0.2, 3))
    assert linearized(H, y, 0, 0.2, 0).shape == (1, 8)


def test_linearized_flow_is_the_limit_of_small_steps():
    net, X, y = problem(8, 5, 100)
    H, u0, times = net.gram(X), net(X), np.array([0.0, 0.5, 3.0])
    flow = linearized_flow(H, y, u0, times)
    errors = [np.abs(linearized(H, y, u0, 1 / k, 3 * k)[[0, k // 2, 3 * k]] - flow).max() for k in (1000, 2000)]
    assert 1.9 < errors[0] / errors[1] < 2.1  # of first order


def test_output_weights_alone_follow_their_own_kernel():
    net, X, y = problem(10, 4, 200)
    run = gradient_descent(net, X, y, 0.1, 50, train="a", outputs=True)
    assert np.abs(run.outputs - linearized(net.output_gram(X), y, net(X), 0.1, 50)).max() < 1e-13
    assert not run.max_displacement.any() and not run.flipped_fraction.any() and np.array_equal(run.net.W, net.W)
    assert (np.diff(run.loss) < 0).all()


# ---------------------------------------------------------------- laws of the flow


@pytest.mark.parametrize("train", TRAINED)
def test_flow_moves_by_the_gradient(train):
    net, X, y = problem(6, 4, 60)
    h = 1e-4
    run = gradient_flow(net, X, y, [0, h, 2 * h], train=train, rtol=1e-9)
    gradient = net.gradient(X, y)
    for layer in ("W", "a"):
        moved = (getattr(run.net, layer) - getattr(net, layer)) / (2 * h)
        wanted = -gradient[layer] if layer in train else 0 * gradient[layer]
        assert np.abs(moved - wanted).max() < 1e-3 * np.abs(gradient[layer]).max()  # the gradient changes by O(h)
    # dL/dt = -|gradient|^2, at the middle time, with an error of order h^2
    middle = gradient_descent(net, X, y, h, 1, train=train).net.gradient(X, y)
    slope = sum(np.sum(middle[layer] ** 2) for layer in train)
    assert abs((run.loss[0] - run.loss[2]) / (2 * h) / slope - 1) < 1e-5


def test_flow_of_both_layers_conserves_the_balance_of_each_neuron():
    net, X, y = problem(6, 4, 60)
    run = gradient_flow(net, X, y, [0, 1, 5], train=("W", "a"), keep=[1])

    def balance(net):
        return (net.W**2).sum(axis=1) - net.a**2

    moved = np.abs(run.net.a**2 - net.a**2).max()
    for k in (1, 2):
        assert np.abs(balance(run.network(k)) - balance(net)).max() < 2e-3 < moved / 100
    # the twin: steps of size 0.3 do not conserve it, their drift is eta^2 (|gradient_w|^2 - gradient_a^2) a step
    descent = gradient_descent(net, X, y, 0.3, 17, train=("W", "a"))
    assert np.abs(balance(descent.net) - balance(net)).max() > 2e-3


def test_flow_with_open_gates_is_the_kernel_flow():
    net, X, y = open_gates()
    times = [0.0, 0.3, 1.0, 2.0]
    exact = linearized_flow(X @ X.T, y, net(X), times)
    size = np.linalg.norm(net(X) - y)
    for rtol in (1e-3, 1e-5, 1e-7):
        run = gradient_flow(net, X, y, times, rtol=rtol)
        error = np.abs(run.outputs - exact).max() / size
        assert error < 10 * rtol  # some ten steps that matter, each off by rtol at most
    assert run.times.tolist() == times and run.eta is None


def test_tighter_tolerance_of_the_flow_changes_no_more_than_promised():
    X, y = sphere(8, 8, rng=0), random_signs(8, rng=1)
    net = TwoLayer.init(400, 8, rng=2)
    times, size = np.linspace(0, 4, 5), np.linalg.norm(net(X) - y)
    coarse, default, fine = [gradient_flow(net, X, y, times, rtol=rtol) for rtol in (1e-3, 1e-4, 1e-5)]
    assert np.abs(coarse.outputs - fine.outputs).max() < 5e-3 * size
    assert np.abs(default.outputs - fine.outputs).max() < 5e-4 * size
    assert fine.flipped_fraction[-1] > 0


def test_small_steps_follow_the_flow_with_an_error_of_first_order():
    X, y = sphere(8, 8, rng=0), random_signs(8, rng=1)
    net = TwoLayer.init(400, 8, rng=2)
    flow = gradient_flow(net, X, y, [2.0], train=("W", "a"), rtol=1e-6)
    errors = [
        np.abs(gradient_descent(net, X, y, 2 / k, k, train=("W", "a"), outputs=True).outputs[-1] - flow.outputs[0]).max()
        for k in (20, 40, 80)
    ]
    assert 1.6 < errors[0] / errors[1] < 2.5 and 1.6 < errors[1] / errors[2] < 2.5


def test_a_wide_network_that_starts_at_0_follows_the_kernel_flow():
    # small labels: nothing moves far, so the kernel stays what it was, and no gate flips
    X, y, times = sphere(6, 6, rng=0), 1e-4 * random_signs(6, rng=1), [0.0, 1.0, 4.0]
    net = TwoLayer.init(2000, 6, rng=2, antisymmetric=True)
    run = gradient_flow(net, X, y, times)
    assert np.abs(run.outputs - linearized_flow(net.gram(X), y, 0, times)).max() < 1e-3 * 1e-4
    descent = gradient_descent(net, X, y, 0.2, 20, outputs=True)
    assert np.abs(descent.outputs - linearized(net.gram(X), y, 0, 0.2, 20)).max() < 1e-3 * 1e-4


def test_the_first_time_need_not_be_0():
    net, X, y = problem(5, 3, 30)
    early, late = gradient_flow(net, X, y, [0, 1, 2]), gradient_flow(net, X, y, [1, 2])
    assert np.abs(early.outputs[1:] - late.outputs).max() < 1e-3
    assert late.steps == 1 and np.array_equal(late.start.W, net.W) and late.max_displacement[0] > 0
    at_start = gradient_flow(net, X, y, [0])
    assert at_start.steps == 0 and np.array_equal(at_start.net.W, net.W)
    for times in ([-1, 0], [0, 0], [1, 0.5], []):
        with pytest.raises(ValueError, match="times must"):
            gradient_flow(net, X, y, times)


def test_what_fits_already_stays():
    net, X, _ = problem(5, 3, 30)
    y = net(X)
    assert gradient_descent(net, X, y, 0.5, 5).loss.max() < 1e-28
    assert gradient_flow(net, X, y, [0, 1]).loss.max() < 1e-28


# ---------------------------------------------------------------- the trajectory


def test_kept_networks_are_those_of_the_steps():
    net, X, y = problem(4, 6, 50)
    run = gradient_descent(net, X, y, 0.2, 10, keep=[3, 7], outputs=True)
    assert sorted(run.networks) == [0, 3, 7, 10]
    for k in run.networks:
        shorter = gradient_descent(net, X, y, 0.2, k)
        assert np.array_equal(run.network(k).W, shorter.net.W)
        assert np.abs(run.network(k)(X) - run.outputs[k]).max() < 1e-14
        H = run.network(k).gram(X)
        assert np.array_equal(run.gram(k), H)
        assert abs(run.lambda_min(k) - min(np.linalg.eigvals(H).real)) < 1e-14
    assert np.array_equal(run.network(10).W, run.net.W) and np.array_equal(run.start.W, net.W)
    with pytest.raises(ValueError, match=r"k must be one of the kept steps \[0, 3, 7, 10\], got 4"):
        run.network(4)
    with pytest.raises(ValueError, match="keep must hold steps up to 10, got 11"):
        gradient_descent(net, X, y, 0.2, 10, keep=[11])
    assert gradient_descent(net, X, y, 0.2, 0).steps == 0


def test_the_start_is_left_alone():
    for shape in SHAPES:
        net, X, y = problem(*shape)
        W, a = net.W.copy(), net.a.copy()
        for train in TRAINED:
            run = gradient_descent(net, X, y, 0.2, 3, train=train)
            assert np.array_equal(net.W, W) and np.array_equal(net.a, a)
            assert np.array_equal(run.start.W, W) and np.array_equal(run.start.a, a)
            gradient_flow(net, X, y, [0, 0.1], train=train)
            assert np.array_equal(net.W, W) and np.array_equal(net.a, a)


@pytest.mark.parametrize("shape", [(20, 5, 1001), (12, 30, 800)])
def test_float32_stays_float32_and_is_as_good(shape):
    net, X, y = problem(*shape)
    single = TwoLayer(net.W.astype(np.float32), net.a)
    run = gradient_descent(single, X.astype(np.float32), y, 0.2, 20, keep=[5], outputs=True)
    arrays = run.loss, run.max_displacement, run.max_output_displacement, run.flipped_fraction, run.outputs
    assert {array.dtype for array in (*arrays, run.net.W, run.net.a, run.network(5).W)} == {np.dtype(np.float32)}
    double = gradient_descent(TwoLayer(single.W.astype(float), single.a), X.astype(np.float32), y, 0.2, 20, outputs=True)
    assert double.loss.dtype == double.outputs.dtype == np.float64
    assert np.abs(run.outputs - double.outputs).max() < 1e-5 * np.abs(double.outputs).max()
    assert np.abs(run.max_displacement - double.max_displacement).max() < 1e-5 * double.max_displacement.max()


@pytest.mark.parametrize("shape", [(20, 5, 1001), (12, 30, 800)])
@pytest.mark.parametrize("train", TRAINED)
def test_neither_blocks_nor_cores_leave_a_trace(shape, train, monkeypatch):
    net, X, y = problem(*shape)
    whole = gradient_descent(net, X, y, 0.2, 10, train=train, outputs=True)
    monkeypatch.setattr(dynamics, "BLOCK_BYTES", 8 * 30 * 37)
    runs = []
    for cores in (1, 2, 7):
        monkeypatch.setattr(dynamics, "cores", lambda cores=cores: cores)
        runs.append(gradient_descent(net, X, y, 0.2, 10, train=train, outputs=True))
    for run in runs:
        assert np.array_equal(run.outputs, runs[0].outputs) and np.array_equal(run.net.W, runs[0].net.W)
        assert np.array_equal(run.max_displacement, runs[0].max_displacement)
    assert np.abs(runs[0].outputs - whole.outputs).max() < 1e-13
    assert np.array_equal(runs[0].flipped_fraction, whole.flipped_fraction)


def test_a_network_with_a_fault_in_a_thread_says_so(monkeypatch):
    monkeypatch.setattr(dynamics._Neurons, "look", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gradient_descent(*problem(3, 3, 3), 0.1, 3)


# ---------------------------------------------------------------- divergence and interrupts


@pytest.mark.parametrize("shape", [(20, 5, 100), (5, 20, 100)])
def test_divergence_names_the_step_and_the_step_size_and_keeps_what_was(shape):
    net, X, y = problem(*shape)
    with pytest.raises(DivergenceError, match=r"at step (\d+) of gradient descent with eta = 1e\+06") as caught:
        gradient_descent(net, X, y, 1e6, 1000, train=("W", "a"), keep=[1, 900], outputs=True)
    run, step = caught.value.trajectory, int(str(caught.value).split("at step ")[1].split()[0])
    assert isinstance(caught.value, ArithmeticError) and isinstance(run, Trajectory)
    assert run.steps == step - 1 and np.isfinite(run.loss).all() and np.isfinite(run.net.W).all()
    assert run.loss[-1] > 1e9 and 1 in run.networks and run.outputs.shape == (step, len(X))
    # the next step is really too far
    with pytest.raises(DivergenceError):
        gradient_descent(net, X, y, 1e6, step, train=("W", "a"))


def test_a_start_beyond_the_range_is_refused():
    with pytest.raises(ValueError, match="X, y and net must be scaled down"):
        gradient_descent(TwoLayer([[1.0]], [1.0]), [[1.0]], [1e200], 0.1, 3)


def interrupt():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def is_prefix(run, whole):
    k = run.steps
    return (
        np.array_equal(run.loss, whole.loss[: k + 1])
        and np.array_equal(run.outputs, whole.outputs[: k + 1])
        and np.array_equal(run.max_displacement, whole.max_displacement[: k + 1])
        and np.abs(run.net(run.X) - run.outputs[k]).max() < 1e-13
    )


@pytest.mark.parametrize("shape", [(20, 5, 500), (5, 20, 500)])
def test_an_interrupt_at_any_step_gives_what_there_is(shape, monkeypatch):
    net, X, y = problem(*shape)
    whole = gradient_descent(net, X, y, 0.1, 200, train=("W", "a"), outputs=True)
    add = dynamics._Record.add
    for step in (0, 1, 17, 199):

        def interrupted_add(record, looks, step=step):
            if record.steps + 1 == step:
                interrupt()
            return add(record, looks)

        monkeypatch.setattr(dynamics._Record, "add", interrupted_add)
        run = gradient_descent(net, X, y, 0.1, 200, train=("W", "a"), outputs=True)
        assert is_prefix(run, whole) and run.steps >= step and sorted(run.networks) == [0, run.steps]
        assert run.interrupted == (run.steps < 200)


def test_interrupts_at_random_moments():
    net, X, y = problem(20, 5, 500)
    start = time.perf_counter()
    whole = gradient_descent(net, X, y, 0.1, 400, outputs=True)
    duration, interrupted = time.perf_counter() - start, 0
    for delay in np.random.default_rng(0).uniform(0, duration, 10):
        timer = threading.Timer(delay, interrupt)
        try:
            timer.start()
            run = gradient_descent(net, X, y, 0.1, 400, outputs=True)
            interrupted += run.interrupted
            assert is_prefix(run, whole)
            timer.join()
        except KeyboardInterrupt:
            pass  # before the run began or after it had ended
    assert interrupted >= 3


def test_an_interrupted_flow_gives_the_times_that_were_reached(monkeypatch):
    net, X, y = problem(8, 5, 100)
    times = np.linspace(0, 2, 21)
    whole = gradient_flow(net, X, y, times)
    add = dynamics._Record.add

    def interrupted_add(record, looks):
        if record.steps + 1 == 7:
            interrupt()
            time.sleep(0.05)  # until the main thread has noticed
        return add(record, looks)

    monkeypatch.setattr(dynamics._Record, "add", interrupted_add)
    run = gradient_flow(net, X, y, times)
    assert run.interrupted and 7 <= run.steps < 20 and is_prefix(run, whole)
    assert np.array_equal(run.times, times[: run.steps + 1]) and sorted(run.networks) == [0, run.steps]


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    "change, error, words",
    [
        ({"net": None}, TypeError, "net must be a TwoLayer"),
        ({"X": [[1.0]]}, ValueError, "X must have 3 columns"),
        ({"y": [1.0]}, ValueError, "y must have 2 entries"),
        ({"eta": 0}, ValueError, "eta must be positive"),
        ({"eta": np.nan}, ValueError, "eta must be finite"),
        ({"steps": -1}, ValueError, "steps must be at least 0"),
        ({"train": ()}, ValueError, "train must name the layers"),
        ({"train": ("b",)}, ValueError, "train must name the layers"),
        ({"train": 3}, TypeError, "train must be a collection"),
        ({"keep": 3}, TypeError, "keep must be a collection of steps"),
        ({"keep": [-1]}, ValueError, "keep must be at least 0"),
        ({"steps": 10**12}, ValueError, "a record of 1000000000000 steps needs"),
    ],
)
def test_arguments_are_refused_by_name(change, error, words):
    arguments = {"net": TwoLayer.init(4, 3, rng=0), "X": sphere(2, 3, rng=0), "y": [1, -1], "eta": 0.1, "steps": 3}
    with pytest.raises(error, match=words):
        gradient_descent(**(arguments | change))


def test_what_cannot_be_stored_is_refused_with_the_number():
    net, X = TwoLayer.init(10**6, 2, rng=0), np.ones((1000, 2))
    with pytest.raises(ValueError, match=r"training 1000000 neurons on 1000 inputs needs 2,016,000,000 bytes|needs"):
        gradient_descent(net, np.ones((2000, 2)), np.ones(2000), 0.1, 1)
    with pytest.raises(ValueError, match="1001 kept networks needs"):
        gradient_descent(net, X, np.ones(1000), 0.1, 1000, keep=range(1001))
    with pytest.raises(ValueError, match=r"outputs of shape \(100000001, 3\) needs"):
        linearized(np.eye(3), np.ones(3), 0, 0.1, 10**8)


@pytest.mark.parametrize("H", [np.ones((2, 3)), [[1.0, 2.0], [0.0, 1.0]], [[np.nan]]])
def test_a_kernel_that_is_none_is_refused(H):
    with pytest.raises(ValueError, match="H must be"):
        linearized(H, np.ones(len(H)), 0, 0.1, 3)
    with pytest.raises(ValueError, match="H must be"):
        linearized_flow(H, np.ones(len(H)), 0, [1.0])


def test_kernel_dynamics_that_overflow_are_refused():
    with pytest.raises(ValueError, match="H must be smaller"):
        linearized([[1e9]], [1.0], 0, 1.0, 1000)


@pytest.mark.parametrize("H", [-1e3, -1e9])
def test_a_flow_that_explodes_names_the_eigenvalue_that_does_it(H):
    with pytest.raises(ValueError, match=f"eigenvalues {H:.6g}".replace("+", r"\+")):
        linearized_flow([[H]], [1.0], 0, [10.0])


def test_an_interrupt_after_the_last_time_leaves_a_whole_flow(monkeypatch):
    run_to_the_end = dynamics._interruptible
    monkeypatch.setattr(dynamics, "_interruptible", lambda run: run_to_the_end(run) or True)
    run = gradient_flow(*problem(4, 3, 20), [0, 0.5])
    assert run.steps == 1 and not run.interrupted


def test_a_trajectory_does_not_change_with_the_inputs_of_the_caller():
    net, X, y = problem(4, 3, 20)
    run = gradient_descent(net, X, y, 0.1, 1)
    H = run.gram(0)
    X[:] = 0
    assert np.array_equal(run.gram(0), H) and H.any()
