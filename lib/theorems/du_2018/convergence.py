"""Du et al. 2018 on training: few flips, residual decays, the bootstrap, gradient flow, both layers, gradient descent.

A theorem holds with high probability at its required width, and on every start on which its lock closes: the farthest that
the weights can travel is so near that the kernel keeps half of lambda_0. The lock is evaluated on the start at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from lib.data import sphere
from lib.dynamics import DivergenceError, Trajectory, gradient_descent, linearized, linearized_flow
from lib.figures import Panel, Picture, bound, broken, line, measured, note, predicted, slope
from lib.kernels import h_infinity, spectrum, two_layer_ntk
from lib.networks import TwoLayer
from lib.theorems.du_2018.limit import unit_inputs
from lib.theorems.theorem import STANDARD_ERRORS, Evidence, Hypothesis, Theorem, number
from lib.validation import as_count, as_generator, as_positive, as_real, as_unit_rows, as_vector

CHAPTER = "two-layer/global-convergence"
PAPER = "Du et al. 2018"
DENSITY = np.sqrt(2 / np.pi)
"""P(|g| <= R) <= DENSITY * R for a standard normal g: twice the largest value of its density."""

RADIUS = np.sqrt(2 * np.pi) / 16
"""The constant c of the radius c * delta * lambda_0 / n^2 in which few gates flip."""

GAUSSIAN = Hypothesis("w_r(0) independent, N(0, I)", "Gaussian", "Gaussian", True)
FIRST_LAYER = Hypothesis("only the first layer is trained", "train W", "train W", True)

FARTHEST = 1e12
"""Stands for an infinite radius where a finite one is needed."""

CROSSED = "the loss crosses the bound at step {k}"
BELOW = "the loss stays below the bound at every step"
DIVERGED = "the loss leaves the range of floating point numbers at step {k}"
AFTER = ", and after {steps} steps it is {ratio} of its start, where the bound allows {allowed}"
SHOWPIECE = (
    "The theorem asks for a width of {width} and a step size of at most {eta}; here they are {m} and {step}, outside of it. "
    "Seen: {seen}."
)


def strip_shares(net: TwoLayer, X: ArrayLike, R: ArrayLike) -> NDArray:
    r"""Share of the neurons with small margin, :math:`q_i(R)=\frac1m\#\{r:|w_r^\top x_i|\le R\}`.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
        Unit inputs.
    R : array_like
        Radii, at least 0.

    Returns
    -------
    ndarray, shape of R with n appended

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows.

    References
    ----------
    Du et al. 2018, proof of Lemma 3.2.

    Examples
    --------
    >>> strip_shares(TwoLayer(W=[[0.1, 2], [3, -0.2]], a=[1, 1]), np.eye(2), R=0.15)
    array([0.5, 0. ])
    """
    margins = np.sort(abs(as_unit_rows(X) @ net.W.T), axis=1)
    counts = [np.searchsorted(row, np.asarray(R, dtype=float), side="right") for row in margins]
    return np.stack(counts, axis=-1) / len(net.W)


def drift_bound(net: TwoLayer, X: ArrayLike, R: ArrayLike) -> NDArray:
    r"""Bound :math:`V(R)=\frac1m\sum_rc_r(2n-c_r)` on the drift of the kernel while no neuron moves farther than R.

    Here :math:`c_r` is the number of inputs on which neuron r has a margin of at most R. Whatever the weights do within
    the radius, :math:`\|H(W)-H(0)\|_2\le V(R)`.

    Parameters
    ----------
    net : TwoLayer
        The network at the start.
    X : array_like, shape (n, d)
        Unit inputs.
    R : array_like
        Radii, at least 0.

    Returns
    -------
    ndarray, shape of R

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows.

    References
    ----------
    Du et al. 2018, proof of Lemma 3.2.

    Examples
    --------
    >>> drift_bound(TwoLayer(W=[[0.1, 2], [3, -0.2]], a=[1, 1]), np.eye(2), R=[0.05, 0.15, 5]).tolist()
    [0.0, 1.5, 4.0]
    """
    X = as_unit_rows(X)
    margins = np.sort(abs(net.W @ X.T), axis=1)
    gains = np.broadcast_to(2 * np.arange(len(X), 0, -1) - 1, margins.shape)  # c(2n - c) grows by 2n - 2c - 1
    order = np.argsort(margins, axis=None)
    total = np.append(0, np.cumsum(gains.ravel()[order]))
    return total[np.searchsorted(margins.ravel()[order], np.asarray(R, dtype=float), side="right")] / len(net.W)


def crossed(net: TwoLayer, X: ArrayLike, R: float) -> TwoLayer:
    r"""The network after every neuron that can do so within R has crossed the boundary :math:`w^\top x_i=0` nearest to it.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
        Unit inputs.
    R : float
        The farthest that a neuron may move, positive.

    Returns
    -------
    TwoLayer

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows or R is not positive.

    Examples
    --------
    >>> crossed(TwoLayer(W=[[0.1, 2], [3, -0.2]], a=[1, 1]), np.eye(2), R=0.15).W.round(6) + 0.0
    array([[ 0. ,  2. ],
           [ 3. , -0.2]])
    """
    X, R = as_unit_rows(X), as_positive(R, "R")
    margins = net.W @ X.T
    nearest = abs(margins).argmin(axis=1)
    step = margins[np.arange(len(margins)), nearest] * (1 + 1e-9)  # just beyond the boundary
    return replace(net, W=net.W - np.where(abs(step) <= R, step, 0)[:, None] * X[nearest])


def limit_eigenvalues(X: ArrayLike) -> NDArray:
    """Eigenvalues of H-infinity in ascending order; those that are 0 up to rounding are 0.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        As :func:`lib.kernels.spectrum`.

    Examples
    --------
    >>> limit_eigenvalues([[1.0], [1.0]])
    array([0., 1.])
    """
    values, error = spectrum(X)
    return np.where(values > 4 * error, values, 0.0)


def flow_width(X: ArrayLike, y: ArrayLike, delta: float) -> float:
    r"""Width at which gradient flow is proved to converge: :math:`4401\,n^5(\|y\|^2+\frac n2)/(\lambda_0^4\delta^3)`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    delta : float
        Allowed probability of failure, in [0, 1].

    Returns
    -------
    int, or infinity
        Infinite if lambda_0 or delta is 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    References
    ----------
    Du et al. 2018, Theorem 3.2: the powers; the constant is this book's.

    Examples
    --------
    >>> flow_width([[1.0]], [0.0], delta=0.5)
    281664
    """
    return _whole(4401 * _width_unit(X, y, delta))


def descent_width(X: ArrayLike, y: ArrayLike, delta: float) -> float:
    r"""Width at which gradient descent is proved to converge.

    :math:`17602\,(1+n^{-1/2})^2\,n^5(\|y\|^2+\frac n2)/(\lambda_0^4\delta^3)`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    delta : float
        Allowed probability of failure, in [0, 1].

    Returns
    -------
    int, or infinity
        Infinite if lambda_0 or delta is 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    References
    ----------
    Du et al. 2018, Theorem 4.1: the powers; the constant is this book's.

    Examples
    --------
    >>> descent_width([[1.0]], [0.0], delta=0.5)
    4506112
    """
    return _whole(17602 * (1 + len(X) ** -0.5) ** 2 * _width_unit(X, y, delta))


def _whole(width: float) -> float:
    return int(np.ceil(width)) if np.isfinite(width) else np.inf


def _width_unit(X: ArrayLike, y: ArrayLike, delta: float) -> float:
    X = as_unit_rows(X)
    n, y = len(X), as_vector(y, "y", length=len(X))
    delta = as_real(delta, "delta", low=0, high=1)
    with np.errstate(divide="ignore"):
        return float(n**5 * (y @ y + n / 2) / (limit_eigenvalues(X)[0] ** 4 * delta**3))


def problem(n: int, d: int, C: float, rng: np.random.Generator | int) -> tuple[NDArray, NDArray]:
    """Inputs uniform on the sphere and labels uniform in [-C, C].

    Parameters
    ----------
    n, d : int
        Number of inputs and their dimension.
    C : float
        Largest size of a label, positive.
    rng : Generator or int

    Returns
    -------
    X : ndarray, shape (n, d)
    y : ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number at least 1, C is not positive, or the seed is missing.

    Examples
    --------
    >>> X, y = problem(3, 2, 0.1, rng=0)
    >>> X.shape, bool(abs(y).max() <= 0.1)
    ((3, 2), True)
    """
    rng, C = as_generator(rng), as_positive(C, "C")
    return sphere(n, d, rng), C * rng.uniform(-1, 1, as_count(n, "n"))


@dataclass(frozen=True)
class Flow:
    """What gradient flow does to one network, at the times of `watch`.

    Parameters
    ----------
    start : float
        Norm of the residual at time 0.
    times, ratio : ndarray
        Times, and the squared residual there over that at time 0.
    moved, moved_outputs : ndarray
        Distance of the farthest neuron from its start, and of the farthest output weight, at these times.
    farthest, farthest_output : float
        The largest of them at any step up to the horizon.
    least : ndarray
        Smallest eigenvalue of H, at time 0 and at the times.
    slowest : tuple of float
        The least of -log(ratio)/t at every second step up to the horizon, and its error.
    blur, blur_output : float
        Errors of the distances.
    """

    start: float
    times: NDArray
    ratio: NDArray
    moved: NDArray
    moved_outputs: NDArray
    least: NDArray
    slowest: tuple[float, float]
    farthest: float
    farthest_output: float
    blur: float
    blur_output: float

    @classmethod
    def watch(
        cls, net: TwoLayer, X: NDArray, y: NDArray, horizon: float, *, train: Sequence[str] = ("W",), step: float = 0.04
    ) -> Flow:
        """Follow the flow up to the horizon in small steps; the error is the difference from steps of twice the length."""
        count = max(round(horizon / step / 20), 1) * 20
        keep = count // 10 * np.arange(1, 11)
        fine = gradient_descent(net, X, y, horizon / count, count, train=train, keep=keep)
        coarse = gradient_descent(net, X, y, 2 * horizon / count, count // 2, train=train)
        ratio, other = fine.loss[2::2] / fine.loss[0], coarse.loss[1:] / coarse.loss[0]  # at the times that both visit
        every = 2 * horizon / count * np.arange(1, count // 2 + 1)
        rates = -np.log(ratio) / every
        slow = int(np.argmin(rates))
        moved, moved_outputs = fine.max_displacement, fine.max_output_displacement
        return cls(
            start=float(np.sqrt(2 * fine.loss[0])),
            times=horizon * np.arange(1, 11) / 10,
            ratio=fine.loss[keep] / fine.loss[0],
            moved=moved[keep],
            moved_outputs=moved_outputs[keep],
            least=np.array([fine.lambda_min(k) for k in (0, *keep)]),
            slowest=(max(float(rates[slow]), 1e-12), float(abs(np.log(other[slow] / ratio[slow])) / every[slow])),
            farthest=float(moved.max()),
            farthest_output=float(moved_outputs.max()),
            blur=float(abs(moved[::2] - coarse.max_displacement).max()),
            blur_output=float(abs(moved_outputs[::2] - coarse.max_output_displacement).max()),
        )


@dataclass(frozen=True)
class FewFlips(Theorem):
    r"""No weights within distance R of the start have a bad kernel, because few gates have a margin of at most R.

    Parameters
    ----------
    n, d : int
        Size of the data set, uniform on the sphere.
    m : int
        Width.
    R : float, optional
        Radius; where not given, the largest (markov) or smallest (chernoff) that the lemma covers.
    delta : float
        Allowed probability of failure.
    networks : int
        Independent initialisations.
    route : {"markov", "chernoff"}
        Sum over all entries and Markov's inequality as in the paper, or the Jacobian and Chernoff's inequality.
    constant : float, optional
        The constant of the radius (markov; the lemma has sqrt(2 pi)/16) or of the strips (chernoff; the lemma has 2).
    """

    n: int = 10
    d: int = 20
    m: int = 1000
    R: float | None = None
    delta: float = 0.1
    networks: int = 200
    route: str = "markov"
    constant: float | None = None

    label = "lem-few-flips"
    ledger_id = "P1-L3.2"
    source = f"{PAPER}, Lemma 3.2; the explicit constant and the Chernoff form are this book's"
    chapter = CHAPTER

    def __post_init__(self):
        if self.route not in ("markov", "chernoff"):
            raise ValueError(f"route must be 'markov' or 'chernoff', got {self.route!r}")

    @property
    def title(self) -> str:
        """The name of the lemma with its route."""
        return f"Few flips, stable kernel ({self.route.capitalize()})"

    def covered_radius(self, lambda_0: float) -> float:
        """The largest (markov) or the smallest (chernoff) radius about which the lemma speaks."""
        if self.route == "markov":
            return (RADIUS if self.constant is None else self.constant) * self.delta * lambda_0 / self.n**2
        return 3 / DENSITY * np.log(self.n / self.delta) / self.m

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X = sphere(self.n, self.d, rng)
        lambda_0, norm = limit_eigenvalues(X)[0], np.linalg.norm(X, 2)
        covered, markov = self.covered_radius(lambda_0), self.route == "markov"
        R = covered if self.R is None else as_positive(self.R, "R")
        nets = [TwoLayer.init(self.m, self.d, rng) for _ in range(self.networks)]
        if markov:
            promise, seen = lambda_0 / 4, np.array([drift_bound(net, X, R) for net in nets])
        else:
            promise = (2 if self.constant is None else self.constant) * DENSITY * R
            seen = np.array([strip_shares(net, X, R).max() for net in nets])
        failed = seen > promise
        share = (failed.sum() + 1) / (self.networks + 2)  # the rule of succession: no error bar is ever 0
        covers = R <= covered * (1 + 1e-12) if markov else R >= covered * (1 - 1e-12)
        return Evidence(
            title=self.title,
            quantity="the share of networks without the guarantee",
            relation="<=",
            predicted=self.delta,
            measured=failed.mean(),
            error=np.sqrt(share * (1 - share) / self.networks),
            hypotheses=(
                unit_inputs(X),
                GAUSSIAN,
                _positive(lambda_0),
                Hypothesis("the radius", f"R {'≤' if markov else '≥'} {number(covered)}", f"R = {number(R)}", bool(covers)),
            ),
            data={"R": R, "promise": promise, "seen": seen, "lambda_0": lambda_0, "norm": norm, "X": X, "net": nets[0]},
        )

    def draw(self, evidence: Evidence) -> Picture:
        data, X, net = evidence.data, evidence.data["X"], evidence.data["net"]
        radii = np.geomspace(1e-5, 0.3, 60)
        few = radii[::6]
        H0 = net.gram(X)
        moved = [crossed(net, X, R).gram(X) for R in few]
        index = np.arange(1, self.networks + 1)
        if self.route == "markov":
            name, mean = "bound $V(R)$ on the drift", 2 * self.n**2 * DENSITY * data["R"]
            drift = np.array([np.linalg.norm(H - H0, 2) for H in moved])
            right = Panel(
                bound(radii, np.maximum(drift_bound(net, X, radii), 1e-12), label="$V(R)$"),
                line(radii, 2 * self.n**2 * DENSITY * radii, label="its mean"),
                measured(few, np.maximum(drift, 1e-12), label="neurons cross"),
                line([data["R"]] * 2, [1e-5, 100]),
                line(radii[[0, -1]], [data["promise"]] * 2, role="accent", label=r"$\lambda_0/4$"),
                xlabel="radius $R$",
                ylabel=r"$\|H(W)-H(0)\|_2$",
                xscale="log",
                yscale="log",
                ylim=(1e-5, 100),
            )
        else:
            name, mean = "largest share $q(R)$", erf(data["R"] / np.sqrt(2))
            least = np.sqrt(np.linalg.eigvalsh(H0)[0])
            kept = [np.sqrt(max(np.linalg.eigvalsh(H)[0], 0)) for H in moved]
            q = strip_shares(net, X, radii).max(axis=1)
            right = Panel(
                bound(radii, least - data["norm"] * np.sqrt(q), forbidden="below", label="guaranteed"),
                measured(few, kept, label="neurons cross"),
                line([data["R"]] * 2, [0, 1]),
                line(radii[[0, -1]], [np.sqrt(data["lambda_0"] / 2)] * 2, role="accent", label=r"$\sqrt{\lambda_0/2}$"),
                xlabel="radius $R$",
                ylabel=r"$\sqrt{\lambda_{\min}(H(W))}$",
                xscale="log",
                ylim=(0, 1),
            )
        top, said = 1.25 * max(data["promise"], data["seen"].max()), name.replace("$", "")
        return Picture(
            Panel(
                bound([0, self.networks + 1], [data["promise"]] * 2, forbidden="above", label="allowed"),
                line([0, self.networks + 1], [mean] * 2, label="mean, at most" if self.route == "markov" else "mean of one"),
                *evidence.dots(index, np.sort(data["seen"])),
                xlabel="network, in order",
                ylabel=name,
                ylim=(0, top),
            ),
            right,
            name=f"fig-{self.label}-{self.route}",
            claim=evidence.claim("Within the radius the kernel cannot drift far, whatever the neurons do."),
            sentence=f"{evidence.sentence} The {said} is {number(data['seen'].mean())} in the mean of the "
            f"networks, and {number(data['promise'])} is allowed.",
        )

    def twin(self) -> FewFlips:
        return replace(self, constant=10.0 if self.route == "markov" else 0.5)


@dataclass(frozen=True)
class ResidualDecays(Theorem):
    r"""While :math:`\lambda_{\min}(H)\ge\lambda_0/2`, the residual decays and no neuron moves beyond R'.

    Parameters
    ----------
    n, d : int
        Size of the data set.
    widths : sequence of int
        One network each.
    C : float
        Largest size of a label.
    horizon : float
        The flow is watched at ten times up to this one.
    rate : float
        The promised rate of the squared residual in units of lambda_0; the lemma has 1.
    """

    n: int = 10
    d: int = 20
    widths: Sequence[int] = (250, 500, 1000, 2000)
    C: float = 1.0
    horizon: float = 10.0
    rate: float = 1.0

    label = "lem-residual-decays"
    ledger_id = "P1-L3.3"
    source = f"{PAPER}, Lemma 3.3; the explicit constants and the form with the norm of X are this book's"
    title = "The residual decays and the weights stay close"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X, y = problem(self.n, self.d, self.C, rng)
        lambda_0, norm = limit_eigenvalues(X)[0], np.linalg.norm(X, 2)
        runs = [Flow.watch(TwoLayer.init(as_count(m, "m"), self.d, rng), X, y, self.horizon) for m in self.widths]
        starts = np.array([run.start for run in runs])
        reach = np.array([_reach(way, lambda_0) for way in 2 * norm * starts / np.sqrt(self.widths)])
        moved = np.array([run.farthest for run in runs])
        used, bars = rate_used(self.rate * lambda_0, *np.array([run.slowest for run in runs]).T)
        least = min(run.least.min() for run in runs)
        return Evidence(
            title=self.title,
            quantity="the share of a promise that is used up",
            relation="<=",
            predicted=1.0,
            measured=np.concatenate([used, moved / reach]),
            error=np.concatenate([bars, [run.blur for run in runs] / reach]),
            hypotheses=(
                unit_inputs(X),
                FIRST_LAYER,
                _positive(lambda_0),
                Hypothesis(
                    "the kernel keeps half",
                    f"λmin(H(t)) ≥ {number(lambda_0 / 2)}",
                    f"at {sum(len(run.least) for run in runs)} times at least {number(least)}",
                    bool(least >= lambda_0 / 2),
                ),
            ),
            data={"runs": runs, "lambda_0": lambda_0, "reach": reach, "moved": moved, "norm": norm},
        )

    def draw(self, evidence: Evidence) -> Picture:
        data, fine, m = evidence.data, np.linspace(0, self.horizon, 61), np.array(self.widths)
        ends = np.concatenate([m[:1] / 1.5, m, m[-1:] * 1.5])  # a bound is a line also where there is one width
        reach = np.interp(np.arange(-1, len(m) + 1), np.arange(len(m)), data["reach"]) * np.sqrt(
            np.clip(ends, m[0], m[-1]) / ends
        )
        return Picture(
            Panel(
                bound(fine, np.exp(-self.rate * data["lambda_0"] * fine), forbidden="above", label=r"$e^{-\lambda_0t}$"),
                *[layer for run in data["runs"] for layer in evidence.dots(run.times, run.ratio)],
                xlabel="time $t$",
                ylabel=r"$\|e(t)\|^2/\|e(0)\|^2$",
                yscale="log",
            ),
            Panel(
                bound(ends, reach * np.sqrt(self.n) / data["norm"], label=r"with $\sqrt{n}$"),
                bound(ends, reach, forbidden="above", label=r"with $\|X\|$"),
                *evidence.dots(m, data["moved"], label="farthest neuron"),
                *([slope(m[0], 1.5 * data["moved"][0], -0.5)] if len(m) > 1 else []),
                xlabel="width $m$",
                ylabel=r"$\max_{r,t}\|w_r(t)-w_r(0)\|$",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "The residual falls faster than promised, and neurons travel the less the wider the network."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> ResidualDecays:
        return replace(self, rate=4.0)


def _positive(lambda_0: float) -> Hypothesis:
    return Hypothesis("the limit is positive definite", "λ₀ > 0", f"λ₀ = {number(lambda_0)}", bool(lambda_0 > 0))


def _inside(width: float, m: int, independent: bool, load: float) -> Hypothesis:
    """The width is large enough (which helps only if the signs are independent), or else the lock closes on these starts."""
    return Hypothesis(
        "the width, or the lock on this start",
        f"m ≥ {number(width)}, or a load of the lock ≤ 1",
        f"m = {number(m)}, load {number(load)}",
        bool((independent and m >= width) or load <= 1),
    )


def rate_used(promised: float, rates: NDArray, errors: NDArray) -> tuple[NDArray, NDArray]:
    """Promised over measured rate, with an error bar that is honest also where hardly anything decays.

    The bar ends at the share for a rate that is larger by four of its errors: the promise is broken where even that rate is
    too small.

    Parameters
    ----------
    promised : float
    rates, errors : ndarray
        Measured rates, positive, and their errors.

    Returns
    -------
    share, error : ndarray

    Examples
    --------
    >>> share, error = rate_used(1.0, np.array([0.1]), np.array([0.1]))
    >>> (share - 4 * error).round(6), (1.0 / (0.1 + 4 * 0.1))
    (array([2.]), 2.0)
    """
    return promised / rates, promised / rates * errors / (rates + STANDARD_ERRORS * errors)


def _reach(distance: float, lambda_0: float) -> float:
    """The distance over lambda_0, finite also where lambda_0 is 0."""
    return float(min(distance / lambda_0, FARTHEST)) if lambda_0 > 0 else FARTHEST


def _load(lost: float, room: float) -> float:
    """What a lock must hold over what it can hold; infinite where it can hold nothing, even if nothing is lost."""
    return float(lost / room) if room > 0 else np.inf


def _room(net: TwoLayer, X: NDArray, lambda_0: float) -> float:
    """What the kernel may lose before it has less than half of lambda_0."""
    return float(np.linalg.eigvalsh(net.gram(X))[0] - lambda_0 / 2)


def flow_lock(net: TwoLayer, X: ArrayLike, y: ArrayLike, constant: float = 2.0) -> tuple[float, float]:
    r"""How far neurons can travel in gradient flow while the kernel is good, and the load of the lock.

    Parameters
    ----------
    net : TwoLayer
        The network at the start.
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    constant : float
        The factor of R'; the lemma has 2.

    Returns
    -------
    reach : float
        :math:`R'=2\sqrt n\|u(0)-y\|/(\sqrt m\lambda_0)`.
    load : float
        :math:`V(R')/(\lambda_{\min}(H(0))-\frac{\lambda_0}2)`; the lock closes if it is at most 1.

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows.

    References
    ----------
    Du et al. 2018, Lemma 3.4.

    Examples
    --------
    >>> net = TwoLayer.init(10_000, 2, rng=0, antisymmetric=True)
    >>> flow_lock(net, np.eye(2), [0.01, 0.02])[1] < 1 < flow_lock(net, np.eye(2), [1, 2])[1]
    True
    """
    X = as_unit_rows(X)
    lambda_0, start = limit_eigenvalues(X)[0], np.linalg.norm(net(X) - as_vector(y, "y", length=len(X)))
    reach = _reach(constant * np.sqrt(len(X) / len(net.W)) * start, lambda_0)
    return reach, _load(drift_bound(net, X, reach), _room(net, X, lambda_0))


@dataclass(frozen=True)
class OnStarts(Theorem):
    """A theorem on training that is checked on a few starts, on inputs uniform on the sphere and labels uniform in [-C, C].

    Parameters
    ----------
    n, d, m : int
        Size of the data set, and width.
    C : float
        Largest size of a label.
    antisymmetric : bool
        Whether the outputs start at 0.
    networks : int
        Independent starts.
    """

    n: int = 4
    d: int = 20
    m: int = 4000
    C: float = 0.01
    antisymmetric: bool = True
    networks: int = 5

    chapter = CHAPTER

    def starts(self, rng: np.random.Generator | int) -> tuple[NDArray, NDArray, NDArray, list[TwoLayer]]:
        """Inputs, labels, the eigenvalues of the limit, and networks."""
        rng = as_generator(rng)
        X, y = problem(self.n, self.d, self.C, rng)
        nets = [TwoLayer.init(self.m, self.d, rng, antisymmetric=self.antisymmetric) for _ in range(self.networks)]
        return X, y, limit_eigenvalues(X), nets


@dataclass(frozen=True)
class BootstrapCloses(OnStarts):
    r"""If the kernel is good within R', weights that travel at most R' while it is good never leave, and it stays good.

    Parameters
    ----------
    n, d, m, C, antisymmetric, networks
        As in `OnStarts`.
    horizon : float
        The flow is watched at ten times up to this one.
    constant : float
        The constant of R'; the lemma has 2.
    """

    horizon: float = 10.0
    constant: float = 2.0

    label = "lem-bootstrap"
    ledger_id = "P1-L3.4"
    source = f"{PAPER}, Lemma 3.4"
    title = "The bootstrap closes"

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        X, y, (lambda_0, *_), nets = self.starts(rng)
        runs = [Flow.watch(net, X, y, self.horizon) for net in nets]
        reach, loads = np.array([flow_lock(net, X, y, self.constant) for net in nets]).T
        used, bars = rate_used(lambda_0, *np.array([run.slowest for run in runs]).T)
        least = np.array([run.least.min() for run in runs])
        moved, blur = np.array([[run.farthest, run.blur] for run in runs]).T
        return Evidence(
            title=self.title,
            quantity="the share of a promise that is used up",
            relation="<=",
            predicted=1.0,
            measured=np.concatenate([lambda_0 / 2 / np.maximum(least, 1e-12), used, moved / reach]),
            error=np.concatenate([np.zeros(len(runs)), bars, blur / reach]),
            hypotheses=(
                unit_inputs(X),
                FIRST_LAYER,
                _positive(lambda_0),
                Hypothesis(
                    "the kernel is good within R′",
                    "V(R′) at most λmin(H(0)) − λ₀/2",
                    f"{number(max(loads))} times that",
                    bool(max(loads) <= 1),
                ),
            ),
            data={"run": runs[0], "reach": reach[0], "net": nets[0], "X": X, "room": _room(nets[0], X, lambda_0)},
        )

    def draw(self, evidence: Evidence) -> Picture:
        radii = np.geomspace(1e-5, 3, 80)
        run, reach, net, X, room = (evidence.data[k] for k in ("run", "reach", "net", "X", "room"))
        return Picture(
            Panel(
                bound(radii, np.maximum(drift_bound(net, X, radii), 1e-9), label="$V(R)$"),
                line(radii[[0, -1]], [max(room, 1e-9)] * 2, role="accent", label="may be lost"),
                line([reach, reach], [1e-4, 100]),
                *evidence.dots([reach], [max(float(drift_bound(net, X, reach)), 1.5e-4)], label="at $R'$"),
                xlabel="radius $R$",
                ylabel="drift of the kernel",
                xscale="log",
                yscale="log",
                xlim=(1e-5, 3),
                ylim=(1e-4, 100),
            ),
            Panel(
                bound([0, self.horizon], [1, 1], forbidden="above", label="$R'$"),
                *evidence.dots(run.times, run.moved / reach, label="farthest neuron"),
                xlabel="time $t$",
                ylabel=r"$\max_r\|w_r(t)-w_r(0)\|\,/\,R'$",
                xlim=(0, self.horizon),
                ylim=(0, 1.2),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("The weights stay where the kernel is good, and it is good where they stay."),
            sentence=evidence.sentence,
        )

    def twin(self) -> BootstrapCloses:
        return replace(self, constant=0.2)


@dataclass(frozen=True)
class InitialResidual(Theorem):
    r""":math:`E\|u(0)-y\|^2=\|y\|^2+\frac n2`, at every width.

    Parameters
    ----------
    n, d : int
        Size of the data set, uniform on the sphere, with labels -1 and +1.
    widths : sequence of int
    networks : int
        Independent initialisations for each width.
    outputs : {"signs", "gaussian", "ones"}
        Law of the output weights; "ones" has no mean zero.
    share : float
        What an input adds to the mean; the lemma has 1/2.
    """

    n: int = 50
    d: int = 10
    widths: Sequence[int] = (10, 30, 100, 300)
    networks: int = 1000
    outputs: str = "signs"
    share: float = 0.5

    label = "lem-initial-residual"
    ledger_id = "P1-Lsmall"
    source = f"{PAPER}, proof of Theorem 3.2; exact form and sharper tail are this book's"
    title = "The initial residual"
    chapter = CHAPTER

    def __post_init__(self):
        if self.outputs not in ("signs", "gaussian", "ones"):
            raise ValueError(f"outputs must be 'signs', 'gaussian' or 'ones', got {self.outputs!r}")

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X, y = sphere(self.n, self.d, rng), rng.choice([-1.0, 1.0], self.n)
        squares = np.array([[self.square(m, X, y, rng) for _ in range(self.networks)] for m in self.widths])
        exact = y @ y + self.share * self.n
        laws = {"signs": "±1, independent", "gaussian": "N(0, 1), independent", "ones": "all equal to 1"}
        return Evidence(
            title=self.title,
            quantity="the mean of ‖u(0) − y‖²",
            relation="=",
            predicted=np.full(len(self.widths), exact),
            measured=squares.mean(axis=1),
            error=squares.std(axis=1, ddof=1) / np.sqrt(self.networks),
            rival=y @ y + (1.5 - self.share) * self.n,  # the 1/2 forgotten
            hypotheses=(
                unit_inputs(X),
                Hypothesis("w_r(0)", "N(0, I)", "Gaussian", True),
                Hypothesis("a_r", "mean 0, square 1, uncorrelated", laws[self.outputs], self.outputs != "ones"),
            ),
            data={"squares": squares, "exact": exact, "y": y},
        )

    def square(self, m: int, X: NDArray, y: NDArray, rng: np.random.Generator) -> float:
        """Squared norm of the residual of one network."""
        net = TwoLayer.init(m, self.d, rng)
        a = {"signs": net.a, "ones": np.ones(m), "gaussian": rng.standard_normal(m)}[self.outputs]
        return float(np.sum((replace(net, a=a)(X) - y) ** 2))

    def draw(self, evidence: Evidence) -> Picture:
        m, squares, y = np.array(self.widths), evidence.data["squares"], evidence.data["y"]
        levels, widest = np.geomspace(evidence.data["exact"], 50 * evidence.data["exact"], 60), np.sort(squares[-1])
        chance = 1 - np.arange(self.networks) / self.networks
        every = slice(self.networks // 20, None, max(1, self.networks // 60))
        with np.errstate(over="ignore"):
            sharper = 2 * self.n * np.exp(-((np.sqrt(levels) - np.linalg.norm(y)) ** 2) / (4 * self.n))
        return Picture(
            Panel(
                predicted(m, np.broadcast_to(evidence.predicted, m.shape), label=r"$\|y\|^2+n/2$"),
                *evidence.dots(m, evidence.measured, 2 * evidence.error, label="mean"),
                xlabel="width $m$",
                ylabel=r"mean of $\|u(0)-y\|^2$",
                xscale="log",
            ),
            Panel(
                bound(levels, evidence.data["exact"] / levels, forbidden="above", label="Markov"),
                bound(levels, np.clip(sharper, 1e-6, 1), label="sharper"),
                *evidence.dots(widest[every], chance[every], label="networks"),
                xlabel="level $s$",
                ylabel=r"share with $\|u(0)-y\|^2\geq s$",
                xscale="log",
                yscale="log",
                ylim=(1e-4, 1.5),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("The mean is the same at every width, and large residuals are rarer than Markov says."),
            sentence=evidence.sentence,
        )

    def twin(self) -> InitialResidual:
        return replace(self, share=1.0)


@dataclass(frozen=True)
class FlowConverges(OnStarts):
    r"""Gradient flow: :math:`\|u(t)-y\|^2\le e^{-\lambda_0t}\|u(0)-y\|^2` for all t.

    Parameters
    ----------
    n, d, m, C, antisymmetric, networks
        As in `OnStarts`.
    delta : float
        Allowed probability of failure.
    horizon : float
        The flow is watched at ten times up to this one.
    rate : float
        The promised rate in units of lambda_0; the theorem has 1.
    """

    delta: float = 0.1
    horizon: float = 10.0
    rate: float = 1.0

    label = "thm-flow"
    ledger_id = "P1-T3.2"
    source = f"{PAPER}, Theorem 3.2; the explicit constants and the lock on one start are this book's"
    title = "Gradient flow converges"
    trained = FIRST_LAYER
    layers: ClassVar[tuple[str, ...]] = ("W",)

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        X, y, (lambda_0, *_), nets = self.starts(rng)
        runs = [Flow.watch(net, X, y, self.horizon, train=self.layers) for net in nets]
        locks = [self.lock(net, X, y) for net in nets]
        width = self.width(X, y)
        used, bars = rate_used(self.rate * lambda_0, *np.array([run.slowest for run in runs]).T)
        shares = [run.farthest / lock[0] for run, lock in zip(runs, locks, strict=True)]
        blurs = [run.blur / lock[0] for run, lock in zip(runs, locks, strict=True)]
        if len(self.layers) == 2:
            shares += [run.farthest_output / lock[1] for run, lock in zip(runs, locks, strict=True)]
            blurs += [run.blur_output / lock[1] for run, lock in zip(runs, locks, strict=True)]
        return Evidence(
            title=self.title,
            quantity="the share of a promise that is used up",
            relation="<=",
            predicted=1.0,
            measured=np.append(used, shares),
            error=np.append(bars, blurs),
            hypotheses=(
                unit_inputs(X),
                _positive(lambda_0),
                self.trained,
                _inside(width, self.m, not self.antisymmetric, max(lock[-1] for lock in locks)),
            ),
            data={"X": X, "y": y, "lambda_0": lambda_0, "runs": runs, "lock": locks[0], "width": width, "net": nets[0]},
        )

    def lock(self, net: TwoLayer, X: NDArray, y: NDArray) -> tuple[float, ...]:
        """Radii, and the load of the lock on one start."""
        return flow_lock(net, X, y)

    def width(self, X: NDArray, y: NDArray) -> int:
        """The required width."""
        return flow_width(X, y, self.delta)

    def draw(self, evidence: Evidence) -> Picture:
        data, fine = evidence.data, np.linspace(0, self.horizon, 61)
        X, y, lambda_0 = data["X"], data["y"], data["lambda_0"]
        e = linearized_flow(h_infinity(X), y, data["net"](X), fine) - y
        widths = np.geomspace(1e2, 1e20, 19)
        radius = RADIUS * self.delta / 3 * lambda_0 / self.n**2
        with np.errstate(invalid="ignore"):  # no line where no width is enough
            travel = radius * np.sqrt(data["width"] / widths)  # equal to the radius at the required width
        dots = [evidence.dots(run.times, run.ratio, label="flow" if k == 0 else None) for k, run in enumerate(data["runs"])]
        return Picture(
            Panel(
                bound(fine, np.exp(-self.rate * lambda_0 * fine), forbidden="above", label="bound"),
                predicted(fine, (e**2).sum(axis=1) / (e[0] @ e[0]), label="linear theory"),
                *[layer for pair in dots for layer in pair],
                xlabel="time $t$",
                ylabel=r"$\|e(t)\|^2/\|e(0)\|^2$",
                yscale="log",
            ),
            Panel(
                bound(widths, travel, label="$R'$ with probability"),
                line(widths[[0, -1]], [radius] * 2, role="accent", label="safe $R$"),
                line([data["width"]] * 2, [1e-10, 100]),
                *evidence.dots([self.m], [data["lock"][0]], label="$R'$ here"),
                xlabel="width $m$",
                ylabel="radius",
                xscale="log",
                yscale="log",
                ylim=(1e-10, 100),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("The residual stays below its bound, at widths far from the required one, too."),
            sentence=evidence.sentence,
        )

    def twin(self) -> FlowConverges:
        return replace(self, rate=4.0)


@dataclass(frozen=True)
class JointTraining(FlowConverges):
    r"""Gradient flow on both layers: :math:`\|u(t)-y\|^2\le e^{-\lambda_0t}\|u(0)-y\|^2` for all t.

    Parameters
    ----------
    n, d, m, C, antisymmetric, networks, delta, horizon, rate
        As in `FlowConverges`.
    """

    horizon: float = 5.0

    label = "thm-joint"
    ledger_id = "P1-T3.3"
    source = f"{PAPER}, Theorem 3.3; the explicit constants and the lock on one start are this book's"
    title = "Joint training converges"
    trained = Hypothesis("both layers are trained", "train W and a", "train W and a", True)
    layers = ("W", "a")

    def lock(self, net: TwoLayer, X: NDArray, y: NDArray) -> tuple[float, ...]:
        return joint_lock(net, X, y)

    def width(self, X: NDArray, y: NDArray) -> int:
        return joint_width(X, y, self.delta)

    def draw(self, evidence: Evidence) -> Picture:
        data, fine = evidence.data, np.linspace(0, self.horizon, 61)
        X, y, lambda_0, net, run = data["X"], data["y"], data["lambda_0"], data["net"], data["runs"][0]
        alone = Flow.watch(net, X, y, self.horizon)
        lines = []
        for train, role in (("W",), "neutral"), (("W", "a"), "predicted"):
            e = linearized_flow(two_layer_ntk(X, train=train), y, net(X), fine) - y
            lines.append(predicted(fine, (e**2).sum(axis=1) / (e[0] @ e[0]), role=role))
        R_w, R_a, _ = data["lock"]
        return Picture(
            Panel(
                bound(fine, np.exp(-self.rate * lambda_0 * fine), forbidden="above", label="bound"),
                *lines,
                measured(alone.times, alone.ratio, label="first layer only", role="accent"),
                *evidence.dots(run.times, run.ratio, label="both layers"),
                xlabel="time $t$",
                ylabel=r"$\|e(t)\|^2/\|e(0)\|^2$",
                yscale="log",
            ),
            Panel(
                bound([0, self.horizon], [1, 1], forbidden="above", label="radius"),
                measured(run.times, run.moved / R_w, label="first layer", role="accent"),
                *evidence.dots(run.times, run.moved_outputs / R_a, label="second layer"),
                xlabel="time $t$",
                ylabel="farthest weight over its radius",
                ylim=(0, 1.2),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("With both layers trained the residual falls faster, and no weight leaves its ball."),
            sentence=evidence.sentence,
        )

    def twin(self) -> JointTraining:
        return replace(self, rate=12.0)


def joint_lock(net: TwoLayer, X: ArrayLike, y: ArrayLike) -> tuple[float, float, float]:
    r"""How far both layers can travel while the kernel keeps half of :math:`\lambda_0`, and whether it then does.

    With :math:`c=2\|u(0)-y\|/(\sqrt m\lambda_0)` and :math:`M=\max_r\|Xw_r(0)\|` the radii solve
    :math:`R_w=c\|X\|(1+R_a)` and :math:`R_a=c(M+\|X\|R_w)`.

    Parameters
    ----------
    net : TwoLayer
        The network at the start, with output weights -1 and +1.
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.

    Returns
    -------
    R_w, R_a : float
        The radii; infinite if the two equations have no positive solution.
    load : float
        :math:`\|X\|(R_a+\sqrt{q(R_w)})` over :math:`\sqrt{\lambda_{\min}(H(0))}-\sqrt{\lambda_0/2}`; the lock closes if
        it is at most 1.

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows.

    Examples
    --------
    >>> net = TwoLayer.init(10_000, 2, rng=0, antisymmetric=True)
    >>> R_w, R_a, load = joint_lock(net, np.eye(2), [0.01, 0.02])
    >>> R_w < R_a < 0.01, load < 1
    (True, True)
    """
    X = as_unit_rows(X)
    norm, lambda_0 = np.linalg.norm(X, 2), limit_eigenvalues(X)[0]
    farthest = np.linalg.norm(net.W @ X.T, axis=1).max()
    c = _reach(2 * np.linalg.norm(net(X) - as_vector(y, "y", length=len(X))) / np.sqrt(len(net.W)), lambda_0)
    R_a = (c * farthest + (c * norm) ** 2) / (1 - (c * norm) ** 2) if c * norm < 1 else np.inf
    R_w = c * norm * (1 + R_a)
    room = np.sqrt(np.linalg.eigvalsh(net.gram(X))[0].clip(0)) - np.sqrt(lambda_0 / 2)
    lost = norm * (R_a + np.sqrt(strip_shares(net, X, R_w).max()))
    return float(R_w), float(R_a), _load(lost, room)


def joint_width(X: ArrayLike, y: ArrayLike, delta: float) -> float:
    r"""Width at which gradient flow on both layers is proved to converge: the four conditions of the theorem.

    The last one has the width in a logarithm on its right side; it is solved by repeated substitution.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    delta : float
        Allowed probability of failure, in [0, 1].

    Returns
    -------
    int, or infinity
        Infinite if lambda_0 or delta is 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> joint_width(np.eye(2), [0.0, 0.0], delta=0.5) == int(np.ceil(2.9e5 * 8 / 0.5**4))
    True
    """
    X = as_unit_rows(X)
    n, y = len(X), as_vector(y, "y", length=len(X))
    delta = as_real(delta, "delta", low=0, high=1)
    lambda_0, square = limit_eigenvalues(X)[0], np.linalg.norm(X, 2) ** 2
    if lambda_0 == 0 or delta == 0:
        return np.inf
    B2, R_w = 4 / delta * (y @ y + n / 2), 0.00395 * lambda_0 / square
    logarithm = np.log(4 * n / delta)
    width = max(32 * square / lambda_0 * logarithm, 3.76 / R_w * logarithm, 2.9e5 * square**3 * B2 / lambda_0**4)
    for _ in range(50):
        farthest = np.sqrt(n) + np.sqrt(square) * (np.sqrt(2 * np.log(4 * width / delta)) + R_w)
        width = max(width, 634 * square * B2 / lambda_0**3 * farthest**2)
    return _whole(width)


@dataclass(frozen=True)
class DescentConverges(OnStarts):
    r"""Gradient descent: :math:`\|u(k)-y\|^2\le(1-\eta\lambda_0/2)^k\|u(0)-y\|^2` for all k.

    Parameters
    ----------
    n, d, m, C, antisymmetric, networks
        As in `OnStarts`.
    edge : float, optional
        Step size in units of 1/lambda_max(H-infinity); where not given, the theorem's lambda_0/(4 n^2), or 1 if that is 0.
    steps : int
        Number of steps.
    delta : float
        Allowed probability of failure.
    rate : float
        The promised factor is 1 - rate * eta * lambda_0; the theorem has 1/2.
    """

    C: float = 0.002
    edge: float | None = None
    steps: int = 400
    delta: float = 0.1
    rate: float = 0.5

    label = "thm-descent"
    ledger_id = "P1-T4.1"
    source = f"{PAPER}, Theorem 4.1; the explicit constants and the lock on one start are this book's"
    title = "Gradient descent converges"

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        X, y, eigenvalues, nets = self.starts(rng)
        lambda_0, largest = eigenvalues[0], descent_step(eigenvalues[0], self.n)
        eta = (largest or 1 / eigenvalues[-1]) if self.edge is None else self.edge / eigenvalues[-1]
        runs = [descend(net, X, y, eta, self.steps) for net in nets]
        ratios = [run.loss / run.loss[0] for run in runs]
        factors = [np.max(ratio[1:] ** (1 / np.arange(1, len(ratio)))) for ratio in ratios]
        reach, loads = np.array([descent_lock(net, X, y) for net in nets]).T
        width = descent_width(X, y, self.delta)
        return Evidence(
            title=self.title,
            quantity="the slowest factor (‖e(k)‖²/‖e(0)‖²)^(1/k) a step, or else the distance of a neuron,",
            relation="<=",
            predicted=np.append(reach, np.full(len(runs), 1 - self.rate * eta * lambda_0)),
            measured=np.append([run.max_displacement.max() for run in runs], factors),
            error=np.finfo(float).eps * self.n * np.sqrt(self.m),  # of an output, a sum of m terms
            hypotheses=(
                unit_inputs(X),
                _positive(lambda_0),
                FIRST_LAYER,
                Hypothesis("the step size", f"η ≤ {number(largest)}", f"η = {number(eta)}", eta <= largest * (1 + 1e-12)),
                _inside(width, self.m, not self.antisymmetric, max(loads)),
            ),
            data={"X": X, "y": y, "lambda_0": lambda_0, "eta": eta, "ratios": ratios, "net": nets[0]},
        )

    def draw(self, evidence: Evidence) -> Picture:
        X, y, lambda_0, eta, ratios, net = (evidence.data[k] for k in ("X", "y", "lambda_0", "eta", "ratios", "net"))
        k = np.unique(np.linspace(0, self.steps, 41).astype(int))
        e = np.clip(linearized(h_infinity(X), y, net(X), eta, self.steps)[k] - y, -1e100, 1e100)
        layers = []
        for ratio in ratios:
            seen = np.array([ratio[j] if j < len(ratio) else np.nan for j in k])
            layers += evidence.dots(k, _within(seen, 1e-12, 1e6))
        terms, limits = step_terms(net, net, X, y, eta, descent_lock(net, X, y)[0])
        where = np.arange(1, 5)
        with np.errstate(divide="ignore", invalid="ignore"):  # off the axis where lambda_0 is 0
            limits, terms = (np.clip(abs(values) / (eta * lambda_0), 1e-8, 1e8) for values in (limits, terms))
        ends = np.column_stack([where - 0.3, where + 0.3, np.full(4, np.nan)]).ravel()
        return Picture(
            Panel(
                bound(k, np.maximum(1 - self.rate * eta * lambda_0, 0.0) ** k, forbidden="above", label="bound"),
                predicted(k, _within((e**2).sum(axis=1) / (e[0] @ e[0]), 1e-12, 1e6), label="linear theory"),
                *layers,
                xlabel="step $k$",
                ylabel=r"$\|e(k)\|^2/\|e(0)\|^2$",
                yscale="log",
                ylim=None if self.edge is None else (1e-12, 1e6),
            ),
            Panel(
                bound(ends, np.repeat(limits, 3), label="bounds"),
                *evidence.dots(where, terms),
                xlabel="gain, $H^\\perp$, $I_2$, square",
                ylabel=r"size in units of $\eta\lambda_0\|e\|^2$",
                yscale="log",
                xlim=(0.5, 4.9),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("The residual stays below its bound, and what the proof pays for is far below its bounds."),
            sentence=evidence.sentence,
        )

    def twin(self) -> DescentConverges:
        return replace(self, rate=8.0)


def descent_step(lambda_0: float, n: int) -> float:
    r"""The largest step size of the descent theorem, :math:`\lambda_0/(4n^2)`.

    Parameters
    ----------
    lambda_0 : float
        Smallest eigenvalue of the limit.
    n : int
        Number of inputs.

    Returns
    -------
    float

    Examples
    --------
    >>> descent_step(0.4, 10)
    0.001
    """
    return float(lambda_0 / (4 * n**2))


def descend(net: TwoLayer, X: ArrayLike, y: ArrayLike, eta: float, steps: int, **more) -> Trajectory:
    """Gradient descent that stops where the loss leaves the range of floating point numbers, instead of raising.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
        Inputs.
    y : array_like, shape (n,)
        Labels.
    eta : float
        Step size.
    steps : int
        Number of steps.
    **more
        Passed on to `lib.dynamics.gradient_descent`.

    Returns
    -------
    Trajectory
        With fewer steps if the loss diverged.

    Examples
    --------
    >>> descend(TwoLayer(W=[[1]], a=[1]), [[1], [-1]], [0, 0], eta=1e9, steps=100).steps
    17
    """
    try:
        return gradient_descent(net, X, y, eta, steps, **more)
    except DivergenceError as error:
        return error.trajectory


def descent_lock(net: TwoLayer, X: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    r"""How far neurons can travel in gradient descent while the bound holds, and the load of the lock.

    Parameters
    ----------
    net : TwoLayer
        The network at the start.
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.

    Returns
    -------
    reach : float
        :math:`R'=4\sqrt n\|u(0)-y\|/(\sqrt m\lambda_0)`.
    load : float
        The larger of :math:`V(R')/(\lambda_{\min}(H(0))-\frac{\lambda_0}2)` and
        :math:`8(n+\sqrt n)\sum_iq_i(R')/\lambda_0`; the lock closes if it is at most 1.

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows.

    References
    ----------
    Du et al. 2018, Corollary 4.1 and the proof of Theorem 4.1.

    Examples
    --------
    >>> net = TwoLayer.init(10_000, 2, rng=0, antisymmetric=True)
    >>> descent_lock(net, np.eye(2), [0.01, 0.02])[1] < 1 < descent_lock(net, np.eye(2), [1, 2])[1]
    True
    """
    n = len(X)
    R, load = flow_lock(net, X, y, constant=4.0)
    return R, max(load, _load(8 * (n + np.sqrt(n)) * strip_shares(net, X, R).sum(), limit_eigenvalues(X)[0]))


def step_terms(start: TwoLayer, net: TwoLayer, X: ArrayLike, y: ArrayLike, eta: float, R: float) -> tuple[NDArray, NDArray]:
    r"""The four terms of :math:`\|e(k+1)\|^2-\|e(k)\|^2` as shares of :math:`\|e(k)\|^2`, and their bounds.

    They are :math:`-2\eta e^\top He`, :math:`2\eta e^\top H^\perp e`, :math:`2e^\top I_2` and
    :math:`\|u(k+1)-u(k)\|^2`; the bounds are :math:`\eta\lambda_0`, :math:`2\eta nQ`, :math:`2\eta\sqrt nQ` and
    :math:`\eta^2n^2` with :math:`Q=\sum_iq_i(R)`. The first is a bound from below.

    Parameters
    ----------
    start, net : TwoLayer
        The network at initialisation, whose strips count, and at step k.
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    eta : float
        Step size.
    R : float
        Half width of the strips.

    Returns
    -------
    terms, bounds : ndarray, shape (4,)

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows.

    Examples
    --------
    >>> net = TwoLayer.init(1000, 2, rng=0)
    >>> terms, bounds = step_terms(net, net, np.eye(2), [1, -1], eta=0.1, R=0.1)
    >>> bool((abs(terms[1:]) <= bounds[1:]).all())
    True
    """
    X = as_unit_rows(X)
    n, m = len(X), len(net.W)
    after, e = gradient_descent(net, X, y, eta, 1).net, net(X) - y
    strip = abs(X @ start.W.T) <= R
    gates = (X @ net.W.T >= 0).astype(float)
    H_perp = (X @ X.T) * ((gates * strip) @ gates.T) / m
    change = np.maximum(X @ after.W.T, 0) - np.maximum(X @ net.W.T, 0)
    I_2 = (strip * change) @ net.a / np.sqrt(m)
    Q, lambda_0 = strip.sum() / m, limit_eigenvalues(X)[0]
    square = np.sum((after(X) - net(X)) ** 2)
    terms = np.array([-2 * eta * e @ net.gram(X) @ e, 2 * eta * e @ H_perp @ e, 2 * e @ I_2, square]) / (e @ e)
    return terms, eta * np.array([lambda_0, 2 * n * Q, 2 * np.sqrt(n) * Q, eta * n**2])


def loss_under_bound(m: int, edge: float, n: int = 10, steps: int = 200) -> Picture:
    r"""Loss of gradient descent under the theorem's bound, far outside its width and step size.

    Parameters
    ----------
    m : int
        Width.
    edge : float
        Step size in units of :math:`1/\lambda_{\max}(H^\infty)`.
    n : int
        Number of inputs, and their dimension; labels are -1 and +1.
    steps : int
        Number of steps.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> "below the bound at every step" in loss_under_bound(m=500, edge=0.5).sentence
    True
    """
    m, edge = as_count(m, "m"), as_positive(edge, "edge")
    rng = as_generator(0)
    X, y = sphere(n, n, rng), rng.choice([-1.0, 1.0], n)
    eigenvalues = limit_eigenvalues(X)
    eta, net = edge / eigenvalues[-1], TwoLayer.init(m, n, rng)
    run = descend(net, X, y, eta, steps)
    ratio, k = run.loss / run.loss[0], np.arange(0, steps + 1, 5)
    allowed = (1 - eta * eigenvalues[0] / 2) ** np.arange(steps + 1)
    above = np.flatnonzero(ratio > allowed[: len(ratio)] * (1 + 1e-9))
    if run.steps < steps:
        seen = DIVERGED.format(k=run.steps + 1)
    else:
        seen = CROSSED.format(k=above[0]) if above.size else BELOW
        seen += AFTER.format(steps=steps, ratio=number(ratio[-1]), allowed=number(allowed[-1]))
    e = np.clip(linearized(h_infinity(X), y, net(X), eta, steps)[k] - y, -1e100, 1e100)
    linear = (e**2).sum(axis=1) / (e[0] @ e[0])
    shown = np.array([ratio[j] if j < len(ratio) else np.inf for j in k])
    words = {"width": number(descent_width(X, y, 0.1)), "eta": number(descent_step(eigenvalues[0], n))}
    return Picture(
        Panel(
            bound(k, allowed[k], forbidden="above", label="bound"),
            predicted(k, _within(linear, 1e-9, 1e6)),
            broken(k, _within(shown, 1e-9, 1e6), label="measured"),
            xlabel="step $k$",
            ylabel="loss, as a share of its start",
            yscale="log",
            ylim=(1e-9, 1e6),
        ),
        name="fig-loss-under-bound",
        claim="The loss of gradient descent stays under the theorem's bound long before the theorem's hypotheses are met.",
        sentence=SHOWPIECE.format(**words, m=number(m), step=number(eta), seen=seen),
    )


def _within(values: NDArray, low: float, high: float) -> NDArray:
    """The values, and NaN in place of those beyond the ends of an axis."""
    return np.where((values >= low) & (values <= high), values, np.nan)


def proof_map() -> Picture:
    """The chain of lemmas: what follows from what.

    Returns
    -------
    Picture

    Examples
    --------
    >>> len(proof_map().panels)
    1
    """
    lemmas = {"concentration": 4, "few flips": 3, "residual decays": 2, "initial residual": 1}
    results = {"gradient flow": 4, "both layers": 3, "gradient descent": 2, "their width": 1}
    into = [line([2.02, 2.5], [y, 3.08]) for y in (4.08, 3.08, 2.08)]
    out_of = [line([3.95, 4.4], [3.08, y]) for y in (4.08, 3.08, 2.08)]
    return Picture(
        Panel(
            *into,
            *out_of,
            line([2.02, 4.4], [1.08, 1.08]),
            *[note(0, y, text) for text, y in lemmas.items()],
            note(2.55, 3, "bootstrap"),
            *[note(4.45, y, text) for text, y in results.items()],
            xlim=(-0.1, 6.4),
            ylim=(0.6, 4.6),
            axes=False,
        ),
        name="fig-proof-map",
        claim="Three lemmas close a loop, three theorems hang on it, and a fourth lemma sets their width.",
        sentence="Read from left to right; each right end uses its left end, or repeats it in its own form.",
    )


THEOREMS = (
    FewFlips(),
    FewFlips(route="chernoff"),
    ResidualDecays(),
    BootstrapCloses(),
    InitialResidual(),
    FlowConverges(),
    JointTraining(),
    DescentConverges(),
)
