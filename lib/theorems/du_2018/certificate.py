"""Du et al. 2018, made checkable: a certificate that four numbers of one start decide, and the experiments of section 5.

The certificate, the width that it leads to and the law of the flipped gates are this book's; the experiments are the
paper's, with widths and a step size of our choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import random_signs, sphere
from lib.dynamics import gradient_descent, linearized
from lib.figures import Panel, Picture, bound, broken, line, measured, note, predicted, slope
from lib.kernels import angles, h_infinity, spectrum
from lib.networks import TwoLayer
from lib.sweeps import Table
from lib.theorems.du_2018.experiment import flip_law, in_float32, watch
from lib.theorems.du_2018.limit import unit_inputs
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.validation import as_generator, as_positive, as_real, as_unit_rows, as_vector

CHAPTER = "two-layer/certificate"
PAPER = "Du et al. 2018"
EPS = np.finfo(float).eps
EXPERIMENT = (
    "Width {m}, {steps} steps: the loss is {loss} of its start (with a frozen kernel {frozen}), {flips} of the gates have "
    "flipped (predicted {predicted}), and the farthest neuron is at {distance}, between {low} and {high}."
)
STORED_SENTENCE = "Exponents in the width: {flips} for the flipped gates, {distance} for the largest distance."


@dataclass(frozen=True)
class Certificate:
    r"""What one start promises if no neuron moves farther than R.

    Parameters
    ----------
    R : float
        Radius.
    reach : float
        The farthest that a neuron can get while the promises below hold.
    least : float
        :math:`\lambda_*`, below which no eigenvalue of the kernel can fall within R.
    rho : float
        What is left of the 2 in the square of a step; 1 for gradient flow.
    share : float
        Largest share of the gates of an input that can flip within R.
    """

    R: float
    reach: float
    least: float
    rho: float
    share: float

    @property
    def closes(self) -> bool:
        """Whether no neuron can leave the radius, so that the promises hold for ever."""
        return bool(self.reach <= self.R)


@dataclass(frozen=True)
class Start:
    r"""The numbers of one start that decide, for gradient descent with step size eta or, without one, for gradient flow.

    Parameters
    ----------
    margins : ndarray, shape (n, m)
        :math:`|w_r(0)^\top x_i|`, each row in ascending order.
    norm : float
        :math:`\|X\|`.
    root : float
        :math:`s_0=\sqrt{\lambda_{\min}(H(0))}`.
    B : float
        :math:`\|u(0)-y\|`.
    eta : float, optional
        Step size.
    """

    margins: NDArray
    norm: float
    root: float
    B: float
    eta: float | None = None

    @classmethod
    def of(cls, net: TwoLayer, X: ArrayLike, y: ArrayLike, eta: float | None = None) -> Start:
        """The numbers of a network, unit inputs and labels."""
        X = as_unit_rows(X)
        y, eta = as_vector(y, "y", length=len(X)), None if eta is None else as_positive(eta, "eta")
        return cls(
            margins=np.sort(abs(X @ net.W.T), axis=1),
            norm=float(np.linalg.norm(X, 2)),
            root=float(np.sqrt(max(np.linalg.eigvalsh(net.gram(X))[0], 0.0))),
            B=float(np.linalg.norm(net(X) - y)),
            eta=eta,
        )

    def within(self, R: float) -> Certificate:
        """What holds within the radius R; a reach of infinity where the kernel may become singular."""
        m = self.margins.shape[1]
        share = max(np.searchsorted(row, R, side="right") for row in self.margins) / m
        lost = self.norm * np.sqrt(share)
        left = self.root - lost
        if left <= 0:
            return Certificate(R, np.inf, 0.0, 0.0, share)
        rho = 1.0 if self.eta is None else 2 - self.eta * self.norm**2 - 2 * lost / left
        factor = 1 if self.eta is None else 2
        reach = factor * self.norm * self.B / (np.sqrt(m) * left**2 * rho) if rho > 0 else np.inf
        return Certificate(R, reach, left**2, max(rho, 0.0), share)

    def certificate(self) -> Certificate:
        """The one with the least radius that closes; if none does, the one that comes closest.

        The reach does not decrease with the radius. So a radius that closes is never passed by R = 0, reach(0),
        reach(reach(0)), ..., and the sequence ends, because the share takes finitely many values.
        """
        found = self.within(0.0)
        while not found.closes and np.isfinite(found.reach):
            found = self.within(found.reach)
        if found.closes:
            return found
        tried = map(self.within, np.quantile(self.margins, np.linspace(0, 1, 400)))
        return min(tried, key=lambda c: c.reach / c.R if c.R else np.inf)


def certify(net: TwoLayer, X: ArrayLike, y: ArrayLike, eta: float | None = None) -> Certificate:
    r"""The certificate with the least radius: on this start, how fast training must be, and how far neurons can get.

    Parameters
    ----------
    net : TwoLayer
        The network at the start, with output weights -1 and +1.
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    eta : float, optional
        Step size of gradient descent; gradient flow where not given.

    Returns
    -------
    Certificate
        It need not close: see its `closes`.

    Raises
    ------
    TypeError, ValueError
        If X does not consist of unit rows, y is no vector of length n, eta is not positive, or an output weight is neither
        -1 nor 1.

    Examples
    --------
    >>> net = TwoLayer.init(10_000, 2, rng=0, antisymmetric=True)
    >>> certify(net, np.eye(2), [0.1, -0.1], eta=0.5).closes, certify(net, np.eye(2), [10, -10], eta=0.5).closes
    (True, False)
    """
    if (odd := np.flatnonzero(abs(net.a) != 1)).size:
        raise ValueError(f"net must have output weights -1 and 1, got a[{odd[0]}] = {net.a[odd[0]]}")
    return Start.of(net, X, y, eta).certificate()


def certified_width(X: ArrayLike, y: ArrayLike, delta: float, *, antisymmetric: bool = False) -> float:
    r"""Width at which the certificate closes with probability at least :math:`1-\delta` if :math:`\eta\|X\|^2\le\frac12`.

    The largest of :math:`\frac{32\|X\|^2}{\lambda_0}\log\frac{3n}\delta`, :math:`\frac{3.76}R\log\frac{3n}\delta` and
    :math:`64100\,\|X\|^6B^2/\lambda_0^4`, with :math:`R=0.0158\,\lambda_0/\|X\|^2` and
    :math:`B^2=\frac3\delta(\|y\|^2+\frac n2)`. For an antisymmetric start the first two count the independent neurons,
    half of all, and :math:`B=\|y\|`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit inputs.
    y : array_like, shape (n,)
        Labels.
    delta : float
        Allowed probability of failure, in [0, 1].
    antisymmetric : bool
        Whether the outputs start at 0.

    Returns
    -------
    int, or infinity
        Even; infinite if lambda_0 or delta is 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> certified_width(np.eye(2), [0.0, 0.0], delta=0.1, antisymmetric=True)
    3898
    """
    X = as_unit_rows(X)
    y, delta = as_vector(y, "y", length=len(X)), as_real(delta, "delta", low=0, high=1)
    n, square = len(X), np.linalg.norm(X, 2) ** 2
    (lambda_0, *_), error = spectrum(X)
    if lambda_0 <= 4 * error or delta == 0:
        return np.inf
    B2 = y @ y if antisymmetric else 3 / delta * (y @ y + n / 2)
    few = max(32 * square, 3.76 / 0.0158 * square) / lambda_0 * np.log(3 * n / delta)
    width = max(few * (2 if antisymmetric else 1), 64_100 * square**3 * B2 / lambda_0**4)
    return int(2 * np.ceil(width / 2))


@dataclass(frozen=True)
class ExplicitCertificate(Theorem):
    r"""A start with a certificate of radius R keeps its promises: rate, distance, flips and kernel, for all times.

    Parameters
    ----------
    n, d, m : int
        Size of the data set, and width.
    C : float
        Size of the labels, which are random signs times C.
    antisymmetric : bool
        Whether the outputs start at 0.
    route : {"descent", "flow"}
        Gradient descent, or gradient flow.
    edge : float
        Step size of gradient descent in units of 1/|X|^2.
    steps : int
        Number of steps of gradient descent; the flow runs as long in time.
    networks : int
        Independent starts.
    speed : float
        Factor of the promised rate; the theorem has 1.
    """

    n: int = 5
    d: int = 50
    m: int = 10_000
    C: float = 0.07
    antisymmetric: bool = True
    route: str = "descent"
    edge: float = 0.25
    steps: int = 64
    networks: int = 3
    speed: float = 1.0

    label = "thm-certificate"
    ledger_id = "P1-E"
    source = "this book"
    chapter = CHAPTER

    def __post_init__(self):
        if self.route not in ("descent", "flow"):
            raise ValueError(f"route must be 'descent' or 'flow', got {self.route!r}")

    @property
    def title(self) -> str:
        """The name of the theorem with its route."""
        return f"Explicit certificate ({self.route})"

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X, y = sphere(self.n, self.d, rng), self.C * random_signs(self.n, rng)
        nets = [TwoLayer.init(self.m, self.d, rng, antisymmetric=self.antisymmetric) for _ in range(self.networks)]
        eta = self.edge / np.linalg.norm(X, 2) ** 2
        starts = [Start.of(net, X, y, eta if self.route == "descent" else None) for net in nets]
        found = [start.certificate() for start in starts]
        times, seen, errors = zip(*(self.follow(net, X, y, eta) for net in nets), strict=True)
        worst = max(found, key=lambda c: c.reach / c.R)
        signs, B = all((abs(net.a) == 1).all() for net in nets), min(start.B for start in starts)
        actual = f"{number(worst.reach)} at R = {number(worst.R)}" if np.isfinite(worst.reach) else "none"
        return Evidence(
            title=self.title,
            quantity="rate, distance, flips or kernel as a share of what the certificate allows",
            relation="<=",
            predicted=np.ones(4 * self.networks),
            measured=np.concatenate([self.shares(c, s, eta) for c, s in zip(found, seen, strict=True)]),
            error=np.concatenate([self.shares(c, s, eta) * e for c, s, e in zip(found, seen, errors, strict=True)]) + EPS,
            hypotheses=(
                unit_inputs(X),
                Hypothesis("output weights", "a_r = ±1", "±1" if signs else "others", signs),
                Hypothesis("the residual at the start", "B > 0", f"B ≥ {number(B)}", B > EPS * self.n * np.sqrt(self.m)),
                Hypothesis("the certificate closes", "reach(R) ≤ R", actual, all(c.closes for c in found)),
            ),
            data={"starts": starts, "found": found, "times": times, "seen": seen, "eta": eta},
        )

    def follow(self, net: TwoLayer, X: NDArray, y: NDArray, eta: float) -> tuple[NDArray, dict, NDArray]:
        """Times, what was seen, and the relative errors of rate, distance, flips and kernel."""
        fine = 1 if self.route == "descent" else 4
        count, h = self.steps * fine, eta / fine
        keep = count // 8 * np.arange(1, 9)
        run = gradient_descent(net, X, y, h, count, keep=keep)
        ratio = run.loss / run.loss[0]
        rates = -np.log(ratio[1:]) / np.arange(1, count + 1) * fine
        start = net.W @ X.T >= 0
        nets = [run.network(k) for k in keep]
        seen = {
            "ratio": ratio,
            "rate": rates.min(),
            "distance": run.max_displacement.max(),
            "flips": max(((other.W @ X.T >= 0) != start).mean(axis=0).max() for other in nets),
            "least": min(run.lambda_min(k) for k in (0, *keep)),
        }
        error = EPS * self.n * np.sqrt(self.m)  # of an output, a sum of m terms
        errors = np.full(4, error)
        if self.route == "flow":
            coarse = gradient_descent(net, X, y, 2 * h, count // 2)
            slow = rates.argmin() // 2 * 2 + 1
            other = -np.log(coarse.loss[(slow + 1) // 2] / coarse.loss[0]) / (slow + 1) * fine
            errors[0] += abs(other / rates[slow] - 1)
            errors[1] += abs(coarse.max_displacement.max() / seen["distance"] - 1)
            errors[2:] += errors[1]  # gates and kernel follow the weights
        return np.arange(count + 1) / fine, seen, errors

    def promised(self, found: Certificate, eta: float) -> float:
        """The promised decay of the logarithm of the squared residual in a step, or in a time eta."""
        gain = self.speed * eta * found.least
        return 2 * gain if self.route == "flow" else -np.log1p(-min(gain * found.rho, 0.999))

    def shares(self, found: Certificate, seen: Mapping, eta: float) -> NDArray:
        """Promised over measured rate, distance over reach, flips over their share, promised over measured eigenvalue."""
        reach = found.reach if np.isfinite(found.reach) else found.R
        least = max(seen["least"], 1e-12)
        rate = self.promised(found, eta) / max(seen["rate"], 1e-12)
        # where no gate may flip, one that does is twice too many
        flips = seen["flips"] / found.share if found.share else 2 * self.m * seen["flips"]
        return np.array([rate, seen["distance"] / reach, flips, found.least / least])

    def draw(self, evidence: Evidence) -> Picture:
        starts, found, times, seen, eta = (evidence.data[k] for k in ("starts", "found", "times", "seen", "eta"))
        worst = max(range(len(found)), key=lambda k: found[k].reach / found[k].R)
        at = found[worst]
        radii = np.geomspace(3e-4, 0.3, 61)
        reach = np.array([starts[worst].within(R).reach for R in radii])
        dots = []
        for t, s in zip(times, seen, strict=True):
            pick = np.linspace(0, len(t) - 1, 17).astype(int)
            dots += evidence.dots(t[pick], np.maximum(s["ratio"][pick], 1e-6))
        t = times[worst]
        return Picture(
            Panel(
                line(radii, radii, label="$R$"),
                predicted(radii, np.where((reach >= 3e-4) & (reach <= 3), reach, np.nan), label="reach"),
                *evidence.dots([at.R], [at.reach if at.reach <= 3 else np.nan]),
                xlabel="radius $R$",
                ylabel="how far neurons can get",
                xscale="log",
                yscale="log",
                ylim=(3e-4, 3),
            ),
            Panel(
                bound(t[[0, -1]], np.exp(-self.promised(at, eta) * t[[0, -1]]), forbidden="above", label="promised"),
                *dots,
                xlabel="step $k$" if self.route == "descent" else r"time $t/\eta$",
                ylabel=r"$\|e\|^2/\|e(0)\|^2$",
                yscale="log",
                ylim=(1e-6, 3),
            ),
            name=f"fig-{self.label}-{self.route}",
            claim=evidence.claim("Where the reach is below the radius, the start certifies itself, and training obeys."),
            sentence=evidence.sentence,
        )

    def twin(self) -> ExplicitCertificate:
        return replace(self, speed=4.0)


@dataclass(frozen=True)
class CertifiedWidth(Theorem):
    r"""From an explicit width on, :math:`\|e(k)\|^2\le(1-\eta\lambda_0/2)^k\|e(0)\|^2` with probability :math:`1-\delta`.

    Parameters
    ----------
    n, d : int
        Size of the data set.
    C : float
        Size of the labels, which are random signs times C.
    antisymmetric : bool
        Whether the outputs start at 0.
    m : int, optional
        Width; where not given the required one, or 1000 if no width is enough.
    edge : float
        Step size in units of 1/|X|^2; at most 1/2.
    steps : int
        Number of steps.
    networks : int
        Independent starts.
    delta : float
        Allowed probability of failure.
    share : float
        Factor of the required width; the theorem has 1.
    """

    n: int = 3
    d: int = 50
    C: float = 0.025
    antisymmetric: bool = True
    m: int | None = None
    edge: float = 0.5
    steps: int = 80
    networks: int = 48
    delta: float = 0.1
    share: float = 1.0

    label = "cor-certified-width"
    ledger_id = "P1-E (corollary)"
    source = "this book"
    title = "The width that the certificate needs"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X, y = sphere(self.n, self.d, rng), self.C * random_signs(self.n, rng)
        (lambda_0, *_), tiny = spectrum(X)
        eta = self.edge / np.linalg.norm(X, 2) ** 2
        required = self.share * certified_width(X, y, self.delta, antisymmetric=self.antisymmetric)
        if np.isfinite(required):
            required = 2 * int(np.ceil(required / 2))
        m = self.m or (1000 if np.isinf(required) else required)
        worst = []
        for _ in range(self.networks):
            net = TwoLayer.init(m, self.d, rng, antisymmetric=self.antisymmetric)
            loss = gradient_descent(net, X, y, eta, self.steps).loss
            worst.append(np.max(loss[1:] / loss[0] / (1 - eta * lambda_0 / 2) ** np.arange(1, self.steps + 1)))
        failed = np.array(worst) > 1 + 1e-9
        share = (failed.sum() + 1) / (self.networks + 2)  # the rule of succession: no error bar is ever 0
        return Evidence(
            title=self.title,
            quantity="the share of networks that break the bound",
            relation="<=",
            predicted=self.delta,
            measured=failed.mean(),
            error=np.sqrt(share * (1 - share) / self.networks),
            hypotheses=(
                Hypothesis("the limit is positive definite", "λ₀ > 0", f"λ₀ = {number(lambda_0)}", lambda_0 > 4 * tiny),
                Hypothesis("the step size", "η‖X‖² ≤ 1/2", f"η‖X‖² = {number(self.edge)}", self.edge <= 0.5),
                Hypothesis("the width is large enough", f"m ≥ {number(required)}", f"m = {number(m)}", m >= required),
            ),
            data={"worst": np.array(worst), "m": m, "required": required, "ladder": self.ladder(X, y, eta, lambda_0, rng)},
        )

    def ladder(self, X, y, eta, lambda_0, rng) -> tuple[NDArray, NDArray]:
        """Widths 4, 8, ..., 512, and the share of 10 networks that keep the bound there."""
        widths = 2 ** np.arange(2, 10)
        kept = [seen_share(X, y, eta, lambda_0, m, rng, self.steps, 10, self.antisymmetric) for m in widths]
        return widths, np.array(kept)

    def draw(self, evidence: Evidence) -> Picture:
        worst, m, required, (widths, kept) = (evidence.data[k] for k in ("worst", "m", "required", "ladder"))
        index = np.arange(1, len(worst) + 1)
        return Picture(
            Panel(
                bound([0, len(worst) + 1], [1, 1], forbidden="above", label="bound"),
                *evidence.dots(index, np.minimum(np.sort(worst), 1e3)),
                xlabel="network, in order",
                ylabel="largest residual over bound",
                yscale="log",
                ylim=(0.3, 2e3),
            ),
            Panel(
                bound([4, max(required, 600)], [1 - self.delta] * 2, forbidden="below", label=r"$1-\delta$"),
                line([required] * 2, [-0.05, 1.1]),
                note(required, 0.3, "required"),
                measured(np.where(widths >= required, widths, np.nan), kept),
                broken(np.where(widths < required, widths, np.nan), kept),
                *evidence.dots([m], [np.mean(worst <= 1 + 1e-9)]),
                xlabel="width $m$",
                ylabel="networks that keep the bound",
                xscale="log",
                ylim=(-0.05, 1.15),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("At the certified width every network keeps the bound; much narrower ones do, too."),
            sentence=evidence.sentence,
        )

    def twin(self) -> CertifiedWidth:
        return replace(self, share=1e-4)


def seen_share(
    X: NDArray, y: NDArray, eta: float, lambda_0: float, m: int, rng: np.random.Generator | int, steps: int,
    networks: int = 10, antisymmetric: bool = False,
) -> float:
    r"""Share of random networks that keep :math:`\|e(k)\|^2\le(1-\eta\lambda_0/2)^k\|e(0)\|^2` for all k up to `steps`.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Inputs.
    y : ndarray, shape (n,)
        Labels.
    eta : float
        Step size.
    lambda_0 : float
        Smallest eigenvalue of the limit.
    m : int
        Width.
    rng : Generator or int
    steps : int
        Number of steps.
    networks : int
        Independent starts.
    antisymmetric : bool
        Whether the outputs start at 0.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> seen_share(np.eye(2), [1, -1], eta=0.5, lambda_0=0.5, m=100, rng=0, steps=50)
    1.0
    """
    rng, kept = as_generator(rng), 0
    allowed = (1 - eta * lambda_0 / 2) ** np.arange(steps + 1)
    for _ in range(networks):
        net = TwoLayer.init(m, X.shape[1], rng, antisymmetric=antisymmetric)
        loss = gradient_descent(net, X, y, eta, steps).loss
        kept += bool((loss <= allowed * loss[0] * (1 + 1e-9)).all())
    return kept / networks


def exponent(m: ArrayLike, values: ArrayLike) -> NDArray:
    r"""Least-squares exponents in the width: the slope of log values against log m.

    Parameters
    ----------
    m : array_like, shape (k,)
        Widths.
    values : array_like, shape (..., k)
        Positive.

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> exponent([100, 400], [[0.2, 0.1], [0.1, 0.1]]).round(3)
    array([-0.5,  0. ])
    """
    steps = np.log(m) - np.mean(np.log(m))
    return np.log(values) @ steps / (steps @ steps)


@dataclass(frozen=True)
class WidthExperiments(Theorem):
    r"""After a fixed number of steps the flipped gates and the largest distance fall with the width like :math:`m^{-1/2}`.

    Parameters
    ----------
    n, d : int
        Size of the data set, uniform on the sphere; labels are N(0, 1), as in the paper.
    widths : sequence of int
    networks : int
        Independent starts for each width.
    eta : float
        Step size.
    steps : int
        Number of steps; 100 in the paper.
    kappa : float
        Scale of the weights at the start; the theorem has 1.
    exponent : float
        The claimed exponent; the theorem has -1/2.
    """

    n: int = 10
    d: int = 10
    widths: Sequence[int] = (1000, 3000, 9000)
    networks: int = 10
    eta: float = 0.3
    steps: int = 100
    kappa: float = 1.0
    exponent: float = -0.5

    label = "prop-width-experiments"
    ledger_id = "P1-X1"
    source = f"{PAPER}, section 5 (the experiments); the law is this book's"
    title = "What the experiments see"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X, y = sphere(self.n, self.d, rng).astype(np.float32), rng.standard_normal(self.n)
        runs = [[self.run(m, X, y, rng) for _ in range(self.networks)] for m in self.widths]
        ends = np.array([[[run[name][-1] for run in row] for row in runs] for name in ("flips", "distance")])
        starts = np.array([[np.linalg.norm(run["residuals"][0]) for run in row] for row in runs])
        values = np.maximum(ends / starts, 1e-12).transpose(0, 2, 1)
        low, high = (exponent(self.widths[part], values[..., part]).mean(axis=1) for part in (slice(-1), slice(1, None)))
        slopes = exponent(self.widths, values)
        sines, row = np.sin(angles(X)[np.triu_indices(self.n, 1)]), abs(np.linalg.norm(X.astype(float), axis=1) - 1).max()
        return Evidence(
            title=self.title,
            quantity="the exponent in the width of the flipped gates, or of the largest distance, over the first residual",
            relation="=",
            predicted=np.full(2, self.exponent),
            measured=slopes.mean(axis=1),
            error=np.hypot(slopes.std(axis=1, ddof=1) / np.sqrt(self.networks), low - high),  # the law is asymptotic
            rival=np.full(2, -0.5 if self.exponent != -0.5 else -1.0),
            hypotheses=(
                Hypothesis("unit inputs", "norm 1", f"norm 1 up to {number(float(f'{row:.2g}'))}", bool(row < 1e-6)),
                Hypothesis("no two inputs are parallel", "smallest sine > 0", number(float(f"{sines.min():.3g}")),
                           bool(sines.min() > 1e-6)),
                Hypothesis("w_r(0) independent, N(0, I)", "scale 1", f"scale {number(self.kappa)}", self.kappa == 1),
            ),
            data={"X": X, "y": y, "runs": runs, "flips": ends[0], "distance": ends[1]},
        )

    def run(self, m: int, X: NDArray, y: NDArray, rng: np.random.Generator) -> dict[str, NDArray]:
        """One random network of width m, watched."""
        return watch(in_float32(TwoLayer.init(m, self.d, rng, kappa=self.kappa)), X, y, self.eta, self.steps)

    def draw(self, evidence: Evidence) -> Picture:
        X, y, runs = (evidence.data[k] for k in ("X", "y", "runs"))
        m, last = np.array(self.widths), runs[-1][0]
        limit, _ = flip_law(X, last["residuals"][:-1], self.eta, rng=0)
        ends = [np.sqrt(m[-1] / m) * np.mean([run[name][-1] for run in runs[-1]]) for name in ("low", "high")]
        spread = [evidence.data[name].std(axis=1, ddof=1) / np.sqrt(self.networks) for name in ("flips", "distance")]
        frozen = linearized(h_infinity(X), y, last["residuals"][0] + y, self.eta, self.steps)
        k = np.arange(0, self.steps + 1, 5)
        loss = [np.mean([run["loss"] / run["loss"][0] for run in row], axis=0)[k] for row in (runs[0], runs[-1])]
        error = np.sqrt((frozen - y) ** 2 @ np.ones(self.n))
        return Picture(
            Panel(
                predicted(k, (error[k] / error[0]) ** 2, label="frozen kernel"),
                *evidence.dots(k, loss[0], label=f"m = {m[0]:,}"),
                *evidence.dots(k, loss[1], label=f"m = {m[-1]:,}"),
                xlabel="step $k$",
                ylabel="loss over its start",
                yscale="log",
            ),
            Panel(
                predicted(m, limit[-1] / np.sqrt(m), label="law"),
                *evidence.dots(m, evidence.data["flips"].mean(axis=1), spread[0]),
                slope(m[1], 1.4 * limit[-1] / np.sqrt(m[1]), -0.5),
                xlabel="width $m$",
                ylabel="share of flipped gates",
                xscale="log",
                yscale="log",
            ),
            Panel(
                bound(m, ends[1], forbidden="above", label="upper"),
                bound(m, ends[0], forbidden="below", label="lower"),
                *evidence.dots(m, evidence.data["distance"].mean(axis=1), spread[1]),
                xlabel="width $m$",
                ylabel="largest distance",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("Flipped gates and distances fall like one over the square root of the width."),
            sentence=evidence.sentence,
        )

    def twin(self) -> WidthExperiments:
        return replace(self, exponent=-1.0)


def experiment_at(m: int, n: int = 20, eta: float = 0.3, steps: int = 100) -> Picture:
    r"""The three panels of the paper for one width: loss, flipped gates and largest distance against the step.

    Parameters
    ----------
    m : int
        Width.
    n : int
        Number of inputs, uniform on the sphere of the same dimension.
    eta : float
        Step size.
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
    >>> "flipped" in experiment_at(100, n=5, steps=20).sentence
    True
    """
    rng = np.random.default_rng(0)
    X, y = sphere(n, n, rng), rng.standard_normal(n)
    net = TwoLayer.init(m, n, rng=1)
    seen = watch(net, X, y, eta, steps)
    law = flip_law(X, seen["residuals"][:-1], eta, rng=0)[0] / np.sqrt(m)
    frozen = ((linearized(net.gram(X), y, net(X), eta, steps) - y) ** 2).sum(axis=1) / 2
    k = np.unique(np.append(np.geomspace(1, steps, 14).astype(int), steps))
    ratio, linear = seen["loss"] / seen["loss"][0], frozen / frozen[0]
    sentence = EXPERIMENT.format(
        m=f"{m:,}", steps=steps, loss=number(float(f"{ratio[-1]:.3g}")), frozen=number(float(f"{linear[-1]:.3g}")),
        flips=f"{seen['flips'][-1]:.2%}", predicted=f"{law[-1]:.2%}",
        **{name: number(float(f"{seen[name][-1]:.3g}")) for name in ("distance", "low", "high")},
    )
    return Picture(
        Panel(
            predicted(k, linear[k], label="frozen kernel"),
            measured(k, ratio[k]),
            xlabel="step $k$",
            ylabel="loss over its start",
            xscale="log",
            yscale="log",
        ),
        Panel(
            predicted(k, law[k], label="law"),
            measured(k, np.where(seen["flips"][k] > 0, seen["flips"][k], np.nan)),
            xlabel="step $k$",
            ylabel="share of flipped gates",
            xscale="log",
            yscale="log",
        ),
        Panel(
            bound(k, seen["high"][k], forbidden="above", label="upper"),
            bound(k, seen["low"][k], forbidden="below", label="lower"),
            measured(k, seen["distance"][k]),
            xlabel="step $k$",
            ylabel="largest distance",
            xscale="log",
            yscale="log",
        ),
        name="fig-experiment-at",
        claim="A wider network follows the frozen kernel longer, flips fewer gates, and moves each neuron less.",
        sentence=sentence,
    )


def full_size(table: Table) -> Picture:
    """The experiments of section 5 from a stored table: loss against the step, flipped gates and distance against the width.

    Parameters
    ----------
    table : Table
        What `lib.theorems.du_2018.experiment` wrote.

    Returns
    -------
    Picture

    Examples
    --------
    >>> from lib.sweeps import load_csv
    >>> from lib.theorems.du_2018.experiment import STORED
    >>> len(full_size(load_csv(STORED)).panels)
    3
    """
    m, steps = np.unique(table["m"]), table["step"][0]
    of = {name: table[name].reshape(len(m), -1, len(steps)) for name in table.columns if table[name].ndim == 2}
    ends = {name: values[:, :, -1] for name, values in of.items()}
    ratio, frozen = ((of[name] / of["loss"][:, :, :1]).mean(axis=1) for name in ("loss", "frozen"))
    slopes = {name: exponent(m, ends[name].T) for name in ("flips", "distance")}
    error = {name: ends[name].std(axis=1, ddof=1) / np.sqrt(ends[name].shape[1]) for name in slopes}
    dots = {name: measured(m, ends[name].mean(axis=1), error[name]) for name in slopes}
    return Picture(
        Panel(
            predicted(steps, frozen[-1], label="frozen kernel"),
            measured(steps, ratio[0], label=f"m = {m[0]:,}", role="accent"),
            measured(steps, ratio[-1], label=f"m = {m[-1]:,}"),
            xlabel="step $k$",
            ylabel="loss over its start",
            yscale="log",
        ),
        Panel(
            predicted(m, ends["law"].mean(axis=1), label="law"),
            dots["flips"],
            slope(m[1], 1.4 * ends["flips"][1].mean(), -0.5),
            xlabel="width $m$",
            ylabel="share of flipped gates",
            xscale="log",
            yscale="log",
        ),
        Panel(
            bound(m, ends["high"].mean(axis=1), forbidden="above", label="upper"),
            bound(m, ends["low"].mean(axis=1), forbidden="below", label="lower"),
            dots["distance"],
            slope(m[1], 1.4 * ends["distance"][1].mean(), -0.5),
            xlabel="width $m$",
            ylabel="largest distance",
            xscale="log",
            yscale="log",
        ),
        name="fig-full-size",
        claim="At the paper's size wider networks stay closer to the frozen kernel, flip fewer gates, and move less.",
        sentence=STORED_SENTENCE.format(
            **{name: f"{number(rate.mean(), e := rate.std(ddof=1) / np.sqrt(len(rate)))} ± {number(float(f'{e:.2g}'))}"
               for name, rate in slopes.items()}
        ),
    )


THEOREMS = (
    ExplicitCertificate(),
    ExplicitCertificate(route="flow"),
    CertifiedWidth(),
    WidthExperiments(),
)
