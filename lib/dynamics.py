"""Training the two-layer network: gradient descent, gradient flow, and the kernel dynamics that both follow when wide.

Gradient descent makes one pass over the neurons a step: a block of neurons is moved by the gates and the residual of the
last step and pushed forward again while it is in cache. What remains of the pass are the gates and a few numbers.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import RK23

from lib.networks import TwoLayer
from lib.parallel import cores, one_blas_thread
from lib.validation import as_array, as_count, as_inputs, as_positive, as_real, as_vector, within_budget

BLOCK_BYTES = 2**20  # of the widest array of a block of neurons, so that a block stays in cache for a step
LAYERS = ("W", "a")
TOO_LARGE = "X, y and net must be scaled down: the loss at the start overflows {}"


class DivergenceError(ArithmeticError):
    r"""The loss left the floating point range; ``trajectory`` holds the steps before.

    Parameters
    ----------
    message : str
        Names the step and the step size.
    trajectory : Trajectory
        The run up to the last step whose loss is finite.

    Examples
    --------
    >>> try:
    ...     gradient_descent(TwoLayer(W=[[1]], a=[1]), [[1], [-1]], [0, 0], eta=1e9, steps=100)
    ... except DivergenceError as error:
    ...     print(error)
    the loss left the range of float64 at step 18 of gradient descent with eta = 1e+09: choose a smaller step size
    """

    def __init__(self, message: str, trajectory: "Trajectory") -> None:
        super().__init__(message)
        self.trajectory = trajectory

    def __reduce__(self) -> tuple:
        return type(self), (str(self), self.trajectory)  # so that it comes home from another process


@dataclass(frozen=True, eq=False)
class Trajectory:
    r"""What a run of gradient descent or gradient flow went through; entry k belongs to step k or to ``times[k]``.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        The inputs.
    loss : ndarray, shape (steps + 1,)
        :math:`\frac12 \|u(k) - y\|^2`.
    max_displacement : ndarray, shape (steps + 1,)
        :math:`\max_r \|w_r(k) - w_r(0)\|`.
    max_output_displacement : ndarray, shape (steps + 1,)
        :math:`\max_r |a_r(k) - a_r(0)|`.
    flipped_fraction : ndarray, shape (steps + 1,)
        Fraction of the m n gates :math:`1\{w_r^\top x_i \ge 0\}` that differ from those at the start.
    outputs : ndarray, shape (steps + 1, n), or None
        :math:`u(k)`, if asked for.
    start : TwoLayer
        The network before the first step, or at time 0.
    networks : mapping
        The networks that were kept, by step; the first and the last always are.
    eta : float or None
        Step size of gradient descent.
    times : ndarray, shape (steps + 1,), or None
        Times of gradient flow.
    interrupted : bool
        Whether the run was stopped by hand before its end.

    Examples
    --------
    >>> trajectory = gradient_descent(TwoLayer(W=[[1]], a=[1]), [[1]], [0], eta=0.5, steps=2)
    >>> trajectory.loss
    array([0.5    , 0.125  , 0.03125])
    >>> trajectory.net.W
    array([[0.25]])
    """

    X: NDArray
    loss: NDArray
    max_displacement: NDArray
    max_output_displacement: NDArray
    flipped_fraction: NDArray
    outputs: NDArray | None
    start: TwoLayer
    networks: Mapping[int, TwoLayer]
    eta: float | None = None
    times: NDArray | None = None
    interrupted: bool = False

    @property
    def steps(self) -> int:
        """Number of steps that were made."""
        return len(self.loss) - 1

    @property
    def net(self) -> TwoLayer:
        """The network after the last step."""
        return self.networks[self.steps]

    def network(self, k: int) -> TwoLayer:
        """The network at step k.

        Parameters
        ----------
        k : int
            A step that was kept.

        Returns
        -------
        TwoLayer

        Raises
        ------
        TypeError, ValueError
            If `k` is no step whose network was kept.

        Examples
        --------
        >>> run = gradient_descent(TwoLayer(W=[[1]], a=[1]), [[1]], [0], eta=0.5, steps=9, keep=[1])
        >>> run.network(1).W
        array([[0.5]])
        """
        k = as_count(k, "k", minimum=0)
        if k not in self.networks:
            raise ValueError(f"k must be one of the kept steps {sorted(self.networks)}, got {k}")
        return self.networks[k]

    def gram(self, k: int) -> NDArray:
        """The first-layer Gram matrix H(k) of the network at step k.

        Parameters
        ----------
        k : int
            A step that was kept.

        Returns
        -------
        ndarray, shape (n, n)

        Raises
        ------
        TypeError, ValueError
            If `k` is no step whose network was kept.

        Examples
        --------
        >>> gradient_descent(TwoLayer(W=[[1]], a=[1]), [[2]], [0], eta=0.1, steps=3).gram(3)
        array([[4.]])
        """
        return self.network(k).gram(self.X)

    def lambda_min(self, k: int) -> float:
        """The smallest eigenvalue of H(k).

        Parameters
        ----------
        k : int
            A step that was kept.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If `k` is no step whose network was kept.

        Examples
        --------
        >>> gradient_descent(TwoLayer(W=[[1]], a=[1]), [[2]], [0], eta=0.1, steps=3).lambda_min(0)
        4.0
        """
        return float(np.linalg.eigvalsh(self.gram(k))[0])


def gradient_descent(
    net: TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    eta: float,
    steps: int,
    *,
    train: Iterable[str] = ("W",),
    keep: Iterable[int] = (),
    outputs: bool = False,
) -> Trajectory:
    r"""Full-batch gradient descent :math:`W(k+1) = W(k) - \eta\, \partial L/\partial W` on :math:`L = \frac12 \|u - y\|^2`.

    If both layers are trained, both move by the gradients at step k. An interrupt (Ctrl-C, or the stop button of a
    notebook) ends the run after the present step, and what there is is returned.

    Parameters
    ----------
    net : TwoLayer
        The network to start from; it is not changed.
    X : array_like, shape (n, d)
        Inputs; zero rows are allowed.
    y : array_like, shape (n,)
        Labels.
    eta : float
        Step size, positive.
    steps : int
        Number of steps, at least 0.
    train : iterable of str
        The trained layers, 'W', 'a' or both.
    keep : iterable of int
        Steps whose networks are stored, besides the first and the last.
    outputs : bool
        Whether all outputs u(k) are stored.

    Returns
    -------
    Trajectory
        In float32 if both `net` and `X` are.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or what is to be stored is beyond the memory budget.
    DivergenceError
        If the loss is no longer a finite number.

    References
    ----------
    Du et al. 2018, sections 3 and 4.

    Examples
    --------
    >>> net = TwoLayer(W=[[1, -1], [-1, 1]], a=[1, -1])
    >>> gradient_descent(net, [[1, 0], [0, 1]], [1, -1], eta=0.5, steps=2).loss.round(4)
    array([0.0858, 0.0483, 0.0271])
    """
    net, X, y = _as_problem(net, X, y)
    eta, steps = as_positive(eta, "eta"), as_count(steps, "steps", minimum=0)
    layers, kept = _as_layers(train), _as_steps(keep, steps)
    within_budget(X.dtype.itemsize * net.W.size * len(kept), f"{len(kept)} kept networks")
    record, networks = _Record(X, y, net, steps, outputs), {0: net}

    def run(stopped: Event, each_block: Callable) -> None:
        blocks, residual = _blocks(net, X, layers, eta, each_block), None
        for k in range(steps + 1):
            residual = record.add(each_block(lambda block, e=residual: block.advance(e), blocks))
            if not record.finite:
                return
            last = k == steps or stopped.is_set()
            if k and (last or k in kept):
                W, a = np.empty_like(net.W), np.empty_like(net.a)
                each_block(lambda block, W=W, a=a: block.write(W, a), blocks)
                networks[k] = TwoLayer(W, a)
            if last:
                return

    interrupted = _interruptible(run)
    k = record.steps
    if record.finite:
        return record.trajectory(networks, eta=eta, interrupted=interrupted and k < steps)
    if k == 0:
        raise ValueError(TOO_LARGE.format(X.dtype))
    before = gradient_descent(net, X, y, eta, k - 1, train=layers, keep=[j for j in kept if j < k], outputs=outputs)
    raise DivergenceError(
        f"the loss left the range of {X.dtype} at step {k} of gradient descent with eta = {eta:.6g}: "
        "choose a smaller step size",
        before,
    )


def gradient_flow(
    net: TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    times: ArrayLike,
    *,
    train: Iterable[str] = ("W",),
    keep: Iterable[int] = (),
    rtol: float = 1e-4,
) -> Trajectory:
    r"""Gradient flow :math:`\dot W(t) = -\partial L/\partial W` by an adaptive Runge-Kutta solver of order 3.

    In each step of the solver the estimated error of all trained weights together, in Euclidean norm, is at most about
    `rtol` times :math:`\|u(0) - y\|` (or times their movement, if that is larger). The velocity jumps where a gate flips,
    and some neurons come to rest on a kink, so that the time needed grows like 1/`rtol`. An interrupt returns the times
    that were reached.

    Parameters
    ----------
    net : TwoLayer
        The network at time 0; it is not changed.
    X : array_like, shape (n, d)
        Inputs; zero rows are allowed.
    y : array_like, shape (n,)
        Labels.
    times : array_like, shape (steps + 1,)
        Increasing times at which to look, the first at least 0.
    train : iterable of str
        The trained layers, 'W', 'a' or both.
    keep : iterable of int
        Indices of times whose networks are stored, besides the first and the last.
    rtol : float
        Error allowed in a step of the solver, from 1e-12 to 0.1.

    Returns
    -------
    Trajectory
        With ``times`` and ``outputs``, in float64.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or what is to be stored is beyond the memory budget.
    ArithmeticError
        If the solver cannot reach the accuracy.

    References
    ----------
    Du et al. 2018, section 3 (first layer, and both layers).

    Examples
    --------
    >>> run = gradient_flow(TwoLayer(W=[[1]], a=[1]), [[1]], [0], times=[0, 1])
    >>> run.outputs.round(3)  # exp(-t)
    array([[1.   ],
           [0.368]])
    """
    net, X, y = _as_problem(net, X, y, dtype=np.dtype(float))
    layers, rtol = _as_layers(train), as_real(rtol, "rtol", low=1e-12, high=0.1)
    times = as_vector(times, "times").astype(float)
    if times[0] < 0 or (np.diff(times) <= 0).any():
        raise ValueError(f"times must increase, and start at 0 or later, got {times}")
    kept = _as_steps(keep, len(times) - 1) | {0}
    parts = [layer for layer in LAYERS if layer in layers]
    sizes = [getattr(net, layer).size for layer in parts]
    within_budget(8 * sum(sizes) * (len(kept) + 10), f"the solver's state and {len(kept)} kept networks")
    with np.errstate(over="ignore"):
        distance = np.linalg.norm(net(X) - y)
        if not np.isfinite(distance**2):
            raise ValueError(TOO_LARGE.format(X.dtype))
    record, networks = _Record(X, y, net, len(times) - 1, True), {}

    def weights(state: NDArray) -> dict[str, NDArray]:
        moved = dict(zip(parts, np.split(state, np.cumsum(sizes)[:-1]), strict=True))
        return {layer: getattr(net, layer) + moved[layer].reshape(getattr(net, layer).shape) for layer in parts}

    def run(stopped: Event, each_block: Callable) -> None:
        blocks = _blocks(net, X, layers, None, each_block)

        def velocity(_, state: NDArray) -> NDArray:
            here = weights(state)
            residual = _total_outputs(each_block(lambda block: block.look(**here), blocks)) - y
            gradients = each_block(lambda block: block.gradient(residual), blocks)
            return -np.concatenate([gradient[layer].ravel() for layer in parts for gradient in gradients])

        state = np.zeros(sum(sizes))
        atol = rtol * (distance or 1.0) / np.sqrt(state.size)
        solver = RK23(velocity, 0.0, state, times[-1] or 1.0, rtol=rtol, atol=atol)
        for k, time in enumerate(times):
            while solver.t < time:
                if stopped.is_set():
                    return
                if message := solver.step():
                    raise ArithmeticError(f"gradient flow was lost at time {solver.t:.6g}: {message}")
            here = weights(solver.dense_output()(time) if time else state)
            record.add(each_block(lambda block, here=here: block.look(**here), blocks))
            if k - 1 not in kept:
                networks.pop(k - 1, None)
            networks[k] = TwoLayer(**({"W": net.W, "a": net.a} | here))

    interrupted = _interruptible(run)
    k = record.steps
    return record.trajectory(networks, times=times[: k + 1], interrupted=interrupted and k < len(times) - 1)


def linearized(H: ArrayLike, y: ArrayLike, u0: ArrayLike, eta: float, steps: int) -> NDArray:
    r"""Outputs of gradient descent with a fixed kernel: :math:`u(k) = y + (I - \eta H)^k (u(0) - y)`.

    All steps at once, in the eigenbasis of H.

    Parameters
    ----------
    H : array_like, shape (n, n)
        The kernel on the inputs, symmetric.
    y : array_like, shape (n,)
        Labels.
    u0 : array_like, shape (n,)
        Outputs at the start; 0 is short for n zeros.
    eta : float
        Step size, positive.
    steps : int
        Number of steps, at least 0.

    Returns
    -------
    ndarray, shape (steps + 1, n)
        Row k holds u(k).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, H is not symmetric, or the outputs are beyond the memory budget or the
        floating point range.

    References
    ----------
    Du et al. 2018, section 4; Arora et al. 2019, section 4.

    Examples
    --------
    >>> linearized([[1, 0], [0, 0.5]], y=[1, 1], u0=[0, 0], eta=1, steps=2)
    array([[0.  , 0.  ],
           [1.  , 0.5 ],
           [1.  , 0.75]])
    """
    eta, steps = as_positive(eta, "eta"), as_count(steps, "steps", minimum=0)
    return _in_eigenbasis(H, y, u0, steps + 1, lambda values: (1 - eta * values) ** np.arange(steps + 1)[:, None])


def linearized_flow(H: ArrayLike, y: ArrayLike, u0: ArrayLike, times: ArrayLike) -> NDArray:
    r"""Outputs of gradient flow with a fixed kernel: :math:`u(t) = y + e^{-Ht} (u(0) - y)`.

    Parameters
    ----------
    H : array_like, shape (n, n)
        The kernel on the inputs, symmetric.
    y : array_like, shape (n,)
        Labels.
    u0 : array_like, shape (n,)
        Outputs at the start; 0 is short for n zeros.
    times : array_like, shape (t,)
        Times, at least 0.

    Returns
    -------
    ndarray, shape (t, n)
        Row j holds the outputs at ``times[j]``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, H is not symmetric, or the outputs are beyond the memory budget or the
        floating point range.

    References
    ----------
    Du et al. 2018, section 3.

    Examples
    --------
    >>> linearized_flow([[1, 0], [0, 0.5]], y=[1, 1], u0=[0, 0], times=[0, 2]).round(4)
    array([[0.    , 0.    ],
           [0.8647, 0.6321]])
    """
    times = as_vector(times, "times")
    if (times < 0).any():
        raise ValueError(f"times must be at least 0, got {times.min()}")
    return _in_eigenbasis(H, y, u0, len(times), lambda values: np.exp(-values * times[:, None]))


def _in_eigenbasis(
    H: ArrayLike, y: ArrayLike, u0: ArrayLike, rows: int, factors: Callable[[NDArray], NDArray]
) -> NDArray:
    """y + V diag(factors) V^T (u0 - y) for each row of factors of the eigenvalues of H."""
    H = as_inputs(H, "H", nonzero=False)
    n = len(H)
    if H.shape != (n, n) or not np.allclose(H, H.T, rtol=1e-6, atol=1e-6 * np.abs(H).max()):
        raise ValueError(f"H must be a symmetric matrix, got shape {H.shape} or entries that differ from their mirror")
    y = as_vector(y, "y", length=n)
    u0 = as_array(u0, "u0")
    u0 = np.zeros(n) if u0.ndim == 0 and u0 == 0 else as_vector(u0, "u0", length=n)
    within_budget(8 * rows * n, f"outputs of shape ({rows}, {n})")
    values, vectors = np.linalg.eigh(H)
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        u = y + (factors(values) * (vectors.T @ (u0 - y))) @ vectors.T
    if not np.isfinite(u).all():
        raise ValueError(
            f"H must be smaller: the kernel dynamics overflow {u.dtype}; eigenvalues {values[0]:.6g} to {values[-1]:.6g}"
        )
    return u


class _Look(NamedTuple):
    """What one pass over a block of neurons leaves behind."""

    outputs: NDArray
    squared_displacement: float
    output_displacement: float
    flips: int


class _Neurons:
    """A block of neurons in training."""

    def __init__(self, net: TwoLayer, rows: slice, X: NDArray, layers: frozenset[str], eta: float) -> None:
        self.rows, self.X, self.layers = rows, X, layers
        self.scale = X.dtype.type(1 / np.sqrt(len(net.W)))
        self.eta = X.dtype.type(eta)
        self.W = self.W_start = net.W[rows]
        self.a = self.a_start = net.a[rows]
        self.gates = self.gates_start = None

    def advance(self, residual: NDArray | None) -> _Look:
        """One step of gradient descent (none if there is no residual yet)."""
        if residual is not None:
            self.step(self.eta * residual)
        return self.look()

    def step(self, residual: NDArray) -> None:
        gradient = self.gradient(residual)
        if "W" in self.layers:
            self.W = np.subtract(self.W, gradient["W"], out=None if self.W is self.W_start else self.W)
        if "a" in self.layers:
            self.a = self.a - gradient["a"]

    def gradient(self, residual: NDArray) -> dict[str, NDArray]:
        """Of the loss in the trained layers; linear in the residual, with the gates of the last look."""
        gradient = {}
        pull = np.multiply(self.gates, self.scale * residual) @ self.X
        if "a" in self.layers:
            gradient["a"] = np.einsum("ij,ij->i", self.W, pull)
        if "W" in self.layers:
            pull *= self.a[:, None]
            gradient["W"] = pull
        return gradient

    def look(self, W: NDArray | None = None, a: NDArray | None = None) -> _Look:
        """Push the block forward, after a move to rows of the network's weights W and a if they are given."""
        self.W = self.W if W is None else W[self.rows]
        self.a = self.a if a is None else a[self.rows]
        pre = self.preactivations()
        self.gates = pre >= 0
        if self.gates_start is None:
            self.gates_start = self.gates
        np.maximum(pre, 0, out=pre)
        return _Look(
            (self.a * self.scale) @ pre,
            self.squared_displacement(),
            float(np.abs(self.a - self.a_start).max()),
            np.count_nonzero(self.gates != self.gates_start),
        )

    def preactivations(self) -> NDArray:
        return self.W @ self.X.T

    def squared_displacement(self) -> float:
        moved = self.W - self.W_start
        return float(np.einsum("ij,ij->i", moved, moved).max())

    def write(self, W: NDArray, a: NDArray) -> None:
        """Put the weights into their rows of W and a."""
        W[self.rows], a[self.rows] = self.W, self.a


class _Preactivations(_Neurons):
    """The same in half the work if n <= d: the weights move in the span of the inputs, so :math:`Z = W X^T` is enough.

    W - W(0) = C X for some C, so Z - Z(0) = C K with :math:`K = X X^T`, and squared displacements are the row sums of
    C * (Z - Z(0)); their rounding errors are those of the type times the condition number of K at worst.
    """

    def __init__(self, net, rows, X, layers, eta, K) -> None:
        super().__init__(net, rows, X, layers, eta)
        self.K = K
        self.Z_start = self.W_start @ X.T
        self.C, self.Z_moved = np.zeros((2, *self.Z_start.shape), X.dtype)

    def step(self, residual: NDArray) -> None:
        pull = np.multiply(self.gates, self.scale * residual)
        a = self.a
        if "a" in self.layers:
            self.a = a - np.einsum("ij,ij->i", self.preactivations(), pull)
        if "W" in self.layers:
            pull *= a[:, None]
            self.C -= pull
            self.Z_moved -= pull @ self.K

    def preactivations(self) -> NDArray:
        return self.Z_start + self.Z_moved

    def squared_displacement(self) -> float:
        return float(np.einsum("ij,ij->i", self.C, self.Z_moved).max())

    def write(self, W: NDArray, a: NDArray) -> None:
        np.add(self.C @ self.X, self.W_start, out=W[self.rows])
        a[self.rows] = self.a


def _blocks(
    net: TwoLayer, X: NDArray, layers: frozenset[str], eta: float | None, each_block: Callable
) -> list[_Neurons]:
    """The neurons in blocks that do not depend on the number of cores, so that nothing else does."""
    n, (m, d) = len(X), net.W.shape
    size = max(1, BLOCK_BYTES // (X.dtype.itemsize * max(n, d)))
    rows = [slice(i, i + size) for i in range(0, m, size)]
    if eta is None or (n > d and "W" in layers):
        within_budget(m * (d * X.dtype.itemsize + 2 * n), f"training {m} neurons on {n} inputs")
        return [_Neurons(net, block, X, layers, eta or 0.0) for block in rows]
    within_budget(m * n * (3 * X.dtype.itemsize + 2), f"training {m} neurons on {n} inputs")
    K = X @ X.T
    return each_block(lambda block: _Preactivations(net, block, X, layers, eta, K), rows)


def _total_outputs(looks: list[_Look]) -> NDArray:
    return np.sum([look.outputs for look in looks], axis=0)


class _Record:
    """The arrays of a trajectory while it is being made."""

    def __init__(self, X: NDArray, y: NDArray, net: TwoLayer, steps: int, every_output: bool) -> None:
        n = len(X)
        within_budget(8 * (steps + 1) * (4 + n * every_output), f"a record of {steps} steps")
        self.X, self.y, self.net, self.gates, self.steps, self.finite = X, y, net, n * len(net.W), -1, True
        self.outputs = np.empty((steps + 1, n), X.dtype) if every_output else None
        self.series = np.empty((4, steps + 1))

    def add(self, looks: list[_Look]) -> NDArray:
        """The next step; returns its residual."""
        self.steps += 1
        u = _total_outputs(looks)
        residual = u - self.y
        self.series[:, self.steps] = (
            residual @ residual / 2,
            np.sqrt(max(0.0, *(look.squared_displacement for look in looks))),
            max(look.output_displacement for look in looks),
            sum(look.flips for look in looks) / self.gates,
        )
        if self.outputs is not None:
            self.outputs[self.steps] = u
        self.finite = bool(np.isfinite(self.series[:, self.steps]).all())
        return residual

    def trajectory(self, networks: dict[int, TwoLayer], **more) -> Trajectory:
        if self.steps < 0:
            raise KeyboardInterrupt("stopped before there was anything to return")
        done = self.steps + 1
        series = self.series[:, :done].astype(self.X.dtype)
        outputs = None if self.outputs is None else self.outputs[:done]
        return Trajectory(self.X, *series, outputs, self.net, networks, **more)


def _interruptible(run: Callable[[Event, Callable], None]) -> bool:
    """Call run(stopped, each_block) in a thread of its own, so that an interrupt never hits a half-made step.

    An interrupt sets `stopped` and waits for `run` to come home. Returns whether there was one. each_block(work, blocks)
    is the list of work(block), computed on all cores. What overflows is looked for in the loss and gives no warning.
    """
    stopped, others, quiet = Event(), cores() - 1, np.errstate(over="ignore", invalid="ignore")  # of one thread each
    with one_blas_thread(), ThreadPoolExecutor(others + 1) as pool, ThreadPoolExecutor(1) as runner:

        def each_block(work: Callable, blocks: list) -> list:
            results, left = [None] * len(blocks), iter(range(len(blocks)))

            @quiet
            def take_blocks() -> None:
                for i in left:
                    results[i] = work(blocks[i])

            helpers = [pool.submit(take_blocks) for _ in range(min(others, len(blocks) - 1))]
            take_blocks()
            for helper in helpers:
                helper.result()
            return results

        running = runner.submit(int)  # starts the thread
        try:
            running = runner.submit(quiet(run), stopped, each_block)
            while not running.done():
                wait([running], timeout=0.1)  # not every system interrupts a wait without end
        except KeyboardInterrupt:
            stopped.set()
        running.result()
    return stopped.is_set()


def _as_problem(
    net: TwoLayer, X: ArrayLike, y: ArrayLike, dtype: np.dtype | None = None
) -> tuple[TwoLayer, NDArray, NDArray]:
    """Network, inputs and labels of one type: `dtype`, or float32 if both network and inputs are."""
    if not isinstance(net, TwoLayer):
        raise TypeError(f"net must be a TwoLayer, got {type(net).__name__}")
    X = as_inputs(X, dim=net.W.shape[1], nonzero=False)
    y = as_vector(y, "y", length=len(X))
    dtype = np.result_type(X, net.W) if dtype is None else dtype
    net = net if net.W.dtype == dtype else TwoLayer(net.W.astype(dtype), net.a)
    with np.errstate(over="ignore"):  # a loss beyond the range is refused later
        return net, X.astype(dtype), y.astype(dtype, copy=False)  # X is copied, because a trajectory keeps it


def _as_layers(train: Iterable[str]) -> frozenset[str]:
    try:
        layers = frozenset((train,) if isinstance(train, str) else train)
    except TypeError:
        raise TypeError(f"train must be a collection of layer names, got {train!r}") from None
    if not layers or not layers <= set(LAYERS):
        raise ValueError(f"train must name the layers 'W', 'a' or both, got {train!r}")
    return layers


def _as_steps(keep: Iterable[int], steps: int) -> frozenset[int]:
    try:
        kept = frozenset(as_count(k, "keep", minimum=0) for k in keep)
    except TypeError:
        raise TypeError(f"keep must be a collection of steps, got {keep!r}") from None
    if kept and max(kept) > steps:
        raise ValueError(f"keep must hold steps up to {steps}, got {max(kept)}")
    return kept
