"""Du et al. 2018 on the limit Gram matrix: closed form, positive definiteness, concentration at initialisation.

What is sharper than the paper, or not in it, says so in its ``source``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lib.data import sphere
from lib.figures import Panel, Picture, bound, broken, line, measured, note, predicted, region, slope, stems
from lib.kernels import angles, h_infinity, pair_eigenvalue, spectrum
from lib.networks import TwoLayer
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.validation import as_count, as_generator, as_inputs, as_real

CHAPTER = "two-layer/h-infinity"
PAPER = "Du et al. 2018"
EPS = np.finfo(float).eps

PAIR = (
    "At the angle {theta:.2f} a random neuron sees both inputs with probability {share:.3f}, "
    "the entry H₁₂ is {h}, and the smallest eigenvalue is {least}."
)
PAIR_PARALLEL = "The inputs coincide: every neuron sees both or none, and the smallest eigenvalue is 0."


def smallest_angles(X: NDArray) -> tuple[float, float]:
    r"""Smallest angle between two rows, and :math:`\phi=\min_{i\ne j}\sin\theta_{ij}`, the distance from being parallel.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs; a single one has no pairs, and the minima are :math:`\pi` and 1.

    Returns
    -------
    theta, phi : float

    Examples
    --------
    >>> theta, phi = smallest_angles([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> round(theta / np.pi, 3), phi  # a right angle; the first and the last row are antiparallel
    (0.5, 0.0)
    """
    theta = angles(X)[np.triu_indices(len(X), 1)]
    return float(theta.min(initial=np.pi)), float(np.sin(np.minimum(theta, np.pi - theta)).min(initial=1.0))


def not_parallel(phi: float) -> Hypothesis:
    """The hypothesis that no two inputs are parallel.

    Parameters
    ----------
    phi : float
        Smallest sine of an angle between two inputs; up to 8 units of rounding it counts as 0.

    Returns
    -------
    Hypothesis

    Examples
    --------
    >>> not_parallel(0.1).holds, not_parallel(1e-16).holds
    (True, False)
    """
    return Hypothesis("no two inputs are parallel", "smallest sine > 0", number(phi), bool(phi > 8 * EPS))


def unit_inputs(*data_sets: NDArray) -> Hypothesis:
    """The hypothesis that all inputs have norm 1.

    Parameters
    ----------
    *data_sets : ndarray, shapes (n, d)

    Returns
    -------
    Hypothesis

    Examples
    --------
    >>> unit_inputs(np.eye(3)).holds, unit_inputs(2 * np.eye(3)).holds
    (True, False)
    """
    off = max(float(abs(np.linalg.norm(X, axis=1) - 1).max()) for X in data_sets)
    return Hypothesis("unit inputs", "norm 1", f"norm 1 ± {number(off)}", off < 1e-12)


@dataclass(frozen=True)
class ClosedForm(Theorem):
    r""":math:`E\,x^\top z\,1[w^\top x\ge0,w^\top z\ge0]=x^\top z\,(\pi-\theta)/2\pi`, and the same for two ReLU outputs.

    Parameters
    ----------
    angles : sequence of float
        Angles between two unit inputs at which the expectations are measured.
    draws : int
        Number of Gaussian vectors w.
    mean : float
        Mean of w along the first input; the theorem needs 0.
    divisor : float
        The constant of the closed form, :math:`2\pi`.
    """

    angles: Sequence[float] = tuple(np.linspace(0.1, 3.0, 12))
    draws: int = 200_000
    mean: float = 0.0
    divisor: float = 2 * np.pi

    label = "thm-closed-form"
    ledger_id = "P1-F2"
    source = "Cho, Saul 2009 (arc-cosine kernels of orders 0 and 1)"
    title = "Closed form of the limit"
    chapter = CHAPTER

    def limit(self, theta: NDArray) -> tuple[NDArray, NDArray]:
        """The two closed forms at angle theta between unit inputs."""
        h = np.cos(theta) * (np.pi - theta) / self.divisor
        return h, (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / self.divisor

    @staticmethod
    def variances(theta: NDArray) -> tuple[NDArray, NDArray]:
        """Exact variances of one draw; the second needs the arc-cosine kernel of order 2 (Cho, Saul 2009)."""
        p, c, s = (np.pi - theta) / (2 * np.pi), np.cos(theta), np.sin(theta)
        square = (3 * s * c + (np.pi - theta) * (1 + 2 * c**2)) / (2 * np.pi)
        return c**2 * p * (1 - p), square - ((s + (np.pi - theta) * c) / (2 * np.pi)) ** 2

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        theta = np.asarray(self.angles, dtype=float)
        w = as_generator(rng).standard_normal((as_count(self.draws, "draws"), 2)) + [self.mean, 0.0]
        first, second = w[:, :1], w @ np.array([np.cos(theta), np.sin(theta)])
        both = np.count_nonzero((first >= 0) & (second >= 0), axis=0)
        outputs = np.maximum(first, 0) * np.maximum(second, 0)
        measured_h = np.cos(theta) * both / self.draws
        error_h, error_g = (np.sqrt(variance / self.draws) for variance in self.variances(theta))
        return Evidence(
            title=self.title,
            quantity="the expectation for two unit inputs",
            relation="=",
            predicted=np.concatenate(self.limit(theta)),
            measured=np.concatenate([measured_h, outputs.mean(axis=0)]),
            error=np.concatenate([error_h, error_g]),
            rival=2 * np.concatenate(self.limit(theta)),  # a forgotten factor 2
            hypotheses=(
                Hypothesis("inputs are not zero", "norm > 0", "norm 1 by construction", True),
                Hypothesis("w is Gaussian with mean 0", "mean 0", f"mean {number(self.mean)}", self.mean == 0),
            ),
            data={"theta": theta},
        )

    def draw(self, evidence: Evidence) -> Picture:
        theta, fine = evidence.data["theta"], np.linspace(0, np.pi, 121)
        names = r"$H^\infty(x,z)$", r"$G^\infty(x,z)$"
        panels = [
            Panel(
                predicted(fine, curve, label="closed form"),
                *evidence.dots(theta, value, error, label="mean over draws"),
                xlabel=r"angle $\theta$",
                ylabel=name,
                xlim=(0, np.pi),
            )
            for curve, value, error, name in zip(
                self.limit(fine), np.split(evidence.measured, 2), np.split(evidence.error, 2), names, strict=True
            )
        ]
        claim = evidence.claim("The measured expectations lie on the closed form.")
        return Picture(*panels, name=f"fig-{self.label}", claim=claim, sentence=evidence.sentence)

    def twin(self) -> ClosedForm:
        return replace(self, divisor=np.pi)


@dataclass(frozen=True)
class PositiveDefiniteLimit(Theorem):
    r""":math:`\lambda_0=\lambda_{\min}(H^\infty)>0` if no two inputs are parallel.

    Parameters
    ----------
    sets : int
        Number of random data sets of 12 inputs, a third of them with a pair at angle 1e-6 to 1.
    X : ndarray, shape (n, d), optional
        One data set to look at instead.
    floor : float
        What the smallest eigenvalue exceeds; the theorem has 0.
    """

    sets: int = 60
    X: NDArray | None = None
    floor: float = 0.0

    label = "thm-positive-definite"
    ledger_id = "P1-T3.1(a)"
    source = f"{PAPER}, Theorem 3.1"
    title = "The limit is positive definite"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        data_sets = random_data_sets(self.sets, rng, n=12) if self.X is None else [as_inputs(self.X)]
        spectra, errors = zip(*(spectrum(X) for X in data_sets), strict=True)
        phi = np.array([smallest_angles(X)[1] for X in data_sets])
        return Evidence(
            title=self.title,
            quantity="the smallest eigenvalue of H-infinity",
            relation=">",
            predicted=self.floor,
            measured=np.array([s[0] for s in spectra]),
            error=np.array(errors),
            hypotheses=(not_parallel(phi.min()),),
            data={"phi": phi, "spectra": spectra},
        )

    def draw(self, evidence: Evidence) -> Picture:
        spectra = evidence.data["spectra"]
        hardest = spectra[int(np.argmin(evidence.measured))][::-1]
        index = np.arange(1, len(spectra) + 1)
        return Picture(
            Panel(
                *evidence.dots(index, np.sort(evidence.measured), label=r"$\lambda_0$ of each data set"),
                bound(index, np.full(len(index), 4 * max(evidence.error)), forbidden="below", label="rounding"),
                xlabel="data set, in order",
                ylabel=r"smallest eigenvalue $\lambda_0$",
                yscale="log",
            ),
            Panel(
                stems(np.arange(1, len(hardest) + 1), hardest, label="the hardest data set"),
                xlabel="index $i$",
                ylabel=r"eigenvalue $\lambda_i$",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "Every data set without parallel inputs has a positive smallest eigenvalue, however close a pair comes."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> PositiveDefiniteLimit:
        return replace(self, floor=0.1)


@dataclass(frozen=True)
class ExactCriterion(Theorem):
    r"""The null space of :math:`H^\infty` has one dimension for each repeated direction and for each surplus antipodal pair.

    With p antipodal pairs whose representatives have rank r, the surplus is p - r.

    Parameters
    ----------
    dims : sequence of int
        Dimensions d of the inputs.
    pairs : sequence of int
        Numbers p of antipodal pairs, in general position, so that r = min(p, d).
    repeats : int
        Number of inputs that are positive multiples of others.
    plane : int, optional
        The antipodal pairs lie in a subspace of this dimension, so that r = min(p, plane); in none where not given.
    harmless : bool
        Whether the first r antipodal pairs cost nothing, as the proposition says.
    """

    dims: Sequence[int] = (2, 3, 4)
    pairs: Sequence[int] = tuple(range(7))
    repeats: int = 0
    plane: int | None = None
    harmless: bool = True

    label = "prop-antipodes"
    ledger_id = "P1-T3.1(b)"
    source = "this book"
    title = "Which parallel inputs matter"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        p, d = np.meshgrid(self.pairs, self.dims)
        surplus = np.maximum(p - np.minimum(d, self.plane or d), 0).ravel()
        spectra = [spectrum(self.inputs(p_, d_, rng)) for p_, d_ in zip(p.flat, d.flat, strict=True)]
        return Evidence(
            title=self.title,
            quantity="the dimension of the null space of H-infinity",
            relation="=",
            predicted=self.repeats + (surplus if self.harmless else p.ravel()),
            measured=np.array([np.count_nonzero(values < 4 * error) for values, error in spectra]),
            error=0.0,
            rival=self.repeats + surplus + (1 if self.harmless else p.max() + 1),  # another count
            hypotheses=(Hypothesis("inputs are not zero", "norm > 0", "norms in [1/2, 2]", True),),
            data={"p": p, "d": d, "spectra": [values for values, _ in spectra]},
        )

    def inputs(self, p: int, d: int, rng: np.random.Generator) -> NDArray:
        """p antipodal pairs, two single inputs, and `repeats` positive multiples, of norms between 1/2 and 2."""
        single = sphere(p + 2, d, rng)
        if self.plane and p:
            single[:p] = sphere(p, min(d, self.plane), rng) @ np.eye(min(d, self.plane), d)
        X = np.vstack([single, -single[:p], single[rng.integers(p + 2, size=self.repeats)]])
        return X * rng.uniform(0.5, 2, size=(len(X), 1))

    def draw(self, evidence: Evidence) -> Picture:
        p, d = evidence.data["p"], evidence.data["d"]
        values = np.maximum(evidence.data["spectra"][-1][::-1], 1e-18)
        found = evidence.measured.reshape(p.shape)
        layers = []
        for k in range(len(d)):
            name = f"$d={d[k, 0]}$" if len(d) > 1 else "predicted"
            layers += [predicted(p[k], evidence.predicted.reshape(p.shape)[k], label=name), measured(p[k], found[k])]
        return Picture(
            Panel(*layers, xlabel="antipodal pairs $p$", ylabel="dimension of the null space"),
            Panel(
                stems(np.arange(1, len(values) + 1), values),
                bound([0.5, len(values) + 0.5], [1e-14, 1e-14], forbidden="below", label="zero up to rounding"),
                xlabel="index $i$ (most pairs, largest $d$)",
                ylabel=r"eigenvalue $\lambda_i$",
                yscale="log",
                ylim=(1e-18, 30),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "In general position the first d antipodal pairs cost nothing; each further one costs one dimension."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> ExactCriterion:
        return replace(self, harmless=False)


@dataclass(frozen=True)
class Separation(Theorem):
    r""":math:`\phi/(26\sqrt{\log 2n})\le\lambda_0\le\frac12-\frac{\cos\theta\,(\pi-\theta)}{2\pi}` at the least angle.

    Parameters
    ----------
    sets : int
        Number of random data sets.
    n, d : int, optional
        Their sizes; random sizes below 40 and 12 where not given.
    gap : float, optional
        Angle of a planted pair; where not given, a third of the sets has one between 1e-6 and 1.
    constant : float
        The lower constant; the theorem has 1/26.
    """

    sets: int = 200
    n: int | None = None
    d: int | None = None
    gap: float | None = None
    constant: float = 1 / 26

    label = "thm-separation"
    ledger_id = "P1-T3.1(c,d,e)"
    source = "this book"
    title = "The smallest eigenvalue and the closest pair"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        sets = as_count(self.sets, "sets")
        data_sets = random_data_sets(sets, rng, n=self.n, d=self.d, gap=self.gap)
        n = np.array([len(X) for X in data_sets])
        theta, phi = np.array([smallest_angles(X) for X in data_sets]).T
        least, error = np.array([(s[0], e) for s, e in map(spectrum, data_sets)]).T
        reach = phi / np.sqrt(np.log(2 * n))
        cap = np.where(theta <= np.pi / 2, pair_eigenvalue(theta), 0.5)
        return Evidence(
            title=self.title,
            quantity="the smallest eigenvalue of H-infinity",
            relation="between",
            predicted=(self.constant * reach, cap),
            measured=least,
            error=error,
            hypotheses=(
                unit_inputs(*data_sets),
                Hypothesis("at least two inputs", "n ≥ 2", f"n ≥ {n.min()}", bool(n.min() >= 2)),
                not_parallel(phi.min()),
            ),
            data={"theta": theta, "reach": reach},
        )

    def draw(self, evidence: Evidence) -> Picture:
        theta, reach = evidence.data["theta"], evidence.data["reach"]
        fine, wide = np.geomspace(1e-7, np.pi / 2, 100), np.geomspace(1e-8, 1, 2)
        return Picture(
            Panel(
                *evidence.dots(theta, evidence.measured, label="data sets"),
                bound(fine, pair_eigenvalue(fine), forbidden="above", label="two inputs alone"),
                xlabel=r"smallest angle $\theta$",
                ylabel=r"$\lambda_0$",
                xscale="log",
                yscale="log",
            ),
            Panel(
                *evidence.dots(reach, evidence.measured, label="data sets"),
                bound(wide, self.constant * wide, forbidden="below", label="lower bound"),
                xlabel=r"separation $\phi\,/\sqrt{\log 2n}$",
                ylabel=r"$\lambda_0$",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "The closest pair caps the smallest eigenvalue, and the separation keeps it away from zero."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> Separation:
        return replace(self, constant=0.5)


@dataclass(frozen=True)
class MeanSquareDeviation(Theorem):
    r""":math:`m\,E\|H(0)-H^\infty\|_F^2=\sum_{ij}(x_i^\top x_j)^2p_{ij}(1-p_{ij})`, :math:`p_{ij}=(\pi-\theta_{ij})/2\pi`.

    Parameters
    ----------
    n, d : int
        Size of the data set, uniform on the sphere.
    widths : sequence of int
    networks : int
        Independent initialisations for each width.
    gaussian : bool
        Draw the weights from N(0, 1), as the lemma asks; otherwise they are random signs.
    worst_case : bool
        Replace each variance by its largest possible value 1/4 and each inner product by 1.
    """

    n: int = 20
    d: int = 20
    widths: Sequence[int] = (250, 500, 1000, 2000, 4000, 8000)
    networks: int = 100
    gaussian: bool = True
    worst_case: bool = False

    label = "lem-mean-square"
    ledger_id = "P1-L3.1 (second moment)"
    source = "this book"
    title = "Mean square deviation at initialisation"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X = sphere(self.n, self.d, rng)
        H, worst = h_infinity(X), self.n**2 / 4
        p = (np.pi - angles(X)) / (2 * np.pi)
        exact = float(((X @ X.T) ** 2 * p * (1 - p)).sum())
        deviations = [[self.network(m, rng).gram(X) - H for _ in range(self.networks)] for m in self.widths]
        frobenius = np.linalg.norm(deviations, axis=(2, 3))
        squares = frobenius**2 * np.array(self.widths)[:, None]
        return Evidence(
            title=self.title,
            quantity="the mean of m ‖H(0) - H-infinity‖² (Frobenius)",
            relation="=",
            predicted=np.full(len(self.widths), worst if self.worst_case else exact),
            measured=squares.mean(axis=1),
            error=squares.std(axis=1, ddof=1) / np.sqrt(self.networks),
            rival=2 * (worst if self.worst_case else exact),
            hypotheses=(
                Hypothesis("law of w_r(0)", "N(0, I)", "N(0, I)" if self.gaussian else "random signs", self.gaussian),
            ),
            data={"spectral": np.linalg.norm(deviations, ord=2, axis=(2, 3)), "frobenius": frobenius},
        )

    def network(self, m: int, rng: np.random.Generator) -> TwoLayer:
        """A network at initialisation."""
        net = TwoLayer.init(m, self.d, rng)
        return net if self.gaussian else replace(net, W=np.sign(net.W))

    def draw(self, evidence: Evidence) -> Picture:
        m, root = np.array(self.widths), np.sqrt(self.networks)
        exact = np.sqrt(evidence.predicted / m)
        layers = [predicted(m, exact, label="exact root mean square")]
        for values, name in (evidence.data["frobenius"], "Frobenius norm"), (evidence.data["spectral"], "spectral norm"):
            layers += evidence.dots(m, values.mean(axis=1), values.std(axis=1, ddof=1) / root, label=name)
        layers.append(slope(m[-3], 1.3 * exact[-3], -0.5))
        return Picture(
            Panel(*layers, xlabel="width $m$", ylabel=r"$\|H(0)-H^\infty\|$", xscale="log", yscale="log"),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "The Gram matrix at initialisation approaches its limit like one over the square root of the width."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> MeanSquareDeviation:
        return replace(self, worst_case=True)


@dataclass(frozen=True)
class Concentration(Theorem):
    r"""With probability at least :math:`1-\delta` the Gram matrix at initialisation keeps 3/4 of :math:`\lambda_0`.

    Parameters
    ----------
    n, d : int
        Size of the data set, uniform on the sphere.
    delta : float
        Allowed probability of failure.
    m : int, optional
        Width; the required one where not given.
    networks : int
        Independent initialisations.
    route : {"hoeffding", "chernoff"}
        Entrywise Hoeffding as in the paper, or matrix Chernoff.
    constant : float, optional
        Constant of the required width; where not given, the proved one: 8 (Hoeffding) or 32 (Chernoff).
    """

    n: int = 10
    d: int = 20
    delta: float = 0.1
    m: int | None = None
    networks: int = 100
    route: str = "hoeffding"
    constant: float | None = None

    label = "lem-concentration"
    ledger_id = "P1-L3.1"
    source = f"{PAPER}, Lemma 3.1; explicit constants and the Chernoff form worked out here"
    chapter = CHAPTER

    def __post_init__(self):
        if self.route not in ("hoeffding", "chernoff"):
            raise ValueError(f"route must be 'hoeffding' or 'chernoff', got {self.route!r}")
        if not 0 < self.delta < 1:
            raise ValueError(f"delta must lie in (0, 1), got {self.delta!r}")
        as_count(self.networks, "networks", minimum=2)

    @property
    def title(self) -> str:
        """The name of the lemma with its route."""
        return f"Concentration at initialisation ({self.route.capitalize()})"

    def required_width(self, X: NDArray) -> float:
        """The width from which the route guarantees the conclusion on X; infinite if lambda_0 is 0 up to rounding."""
        (lambda_0, *_), error = spectrum(X)
        if lambda_0 <= 4 * error:
            return np.inf
        n, norm = len(X), np.linalg.norm(X, 2)
        if self.route == "hoeffding":
            constant, width = 8, n**2 / lambda_0**2 * np.log(n * (n + 1) / self.delta)
        else:
            constant, width = 32, norm**2 / lambda_0 * np.log(n / self.delta)
        return float(np.ceil(width * (constant if self.constant is None else self.constant)))

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X = sphere(self.n, self.d, rng)
        H, lambda_0, required = h_infinity(X), spectrum(X)[0][0], self.required_width(X)
        m = as_count(self.m or min(required, 1000 if np.isinf(required) else required), "m")
        grams = np.array([TwoLayer.init(m, self.d, rng).gram(X) for _ in range(self.networks)])
        kept = np.linalg.eigvalsh(grams)[:, 0] / lambda_0
        failed = kept < 0.75
        if self.route == "hoeffding":
            failed |= np.linalg.norm(grams - H, ord=2, axis=(1, 2)) > lambda_0 / 4
        share = (failed.sum() + 1) / (self.networks + 2)  # the rule of succession: no error bar is ever 0
        return Evidence(
            title=self.title,
            quantity="the share of networks that fail",
            relation="<=",
            predicted=self.delta,
            measured=failed.mean(),
            error=np.sqrt(share * (1 - share) / self.networks),
            hypotheses=(
                unit_inputs(X),
                Hypothesis("w_r(0) independent, N(0, I)", "Gaussian", "Gaussian by construction", True),
                Hypothesis("the limit is positive definite", "λ₀ > 0", f"λ₀ = {number(lambda_0)}", np.isfinite(required)),
                Hypothesis("the width is large enough", f"m ≥ {number(required)}", f"m = {number(m)}", m >= required),
            ),
            data={"m": m, "kept": kept, "required": required, "worst": self.worst(X, lambda_0, rng)},
        )

    def worst(self, X: NDArray, lambda_0: float, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
        """Smallest share of lambda_0 that any of 20 networks keeps, at widths 4, 8, ..., 2048."""
        widths = 2 ** np.arange(2, 12)
        kept = [[np.linalg.eigvalsh(TwoLayer.init(m, self.d, rng).gram(X))[0] for _ in range(20)] for m in widths]
        return widths, np.min(kept, axis=1) / lambda_0

    def draw(self, evidence: Evidence) -> Picture:
        data, index = evidence.data, np.arange(1, self.networks + 1)
        (widths, worst), required = data["worst"], data["required"]
        below = widths < required
        share = r"$\lambda_{\min}(H(0))\,/\,\lambda_0$"
        span = [widths[0], max(required, widths[-1])]
        return Picture(
            Panel(
                bound([0, self.networks + 1], [0.75, 0.75], forbidden="below", label="3/4"),
                *evidence.dots(index, np.sort(data["kept"])),
                xlabel="network, in order",
                ylabel=share,
                ylim=(-0.05, 1.3),
            ),
            Panel(
                bound(span, [0.75, 0.75], forbidden="below", label="3/4"),
                line([required, required], [-0.05, 1.3]),
                note(required, 0.3, "required"),
                measured(widths[~below], worst[~below]),
                broken(widths[below], worst[below]),
                *evidence.dots([data["m"]], [data["kept"].min()]),
                xlabel="width $m$",
                ylabel=share + ", worst network",
                xscale="log",
                ylim=(-0.05, 1.3),
            ),
            name=f"fig-{self.label}-{self.route}",
            claim=evidence.claim(
                "At the required width every network keeps 3/4 of the smallest eigenvalue; much narrower ones do, too."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> Concentration:
        return replace(self, constant=1e-4)


def two_inputs(theta: float) -> Picture:
    r"""Two unit inputs at angle theta: the neurons that see both, :math:`H^\infty_{12}`, and :math:`\lambda_0`.

    Parameters
    ----------
    theta : float
        Angle in [0, pi].

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `theta` is no number in [0, pi].

    Examples
    --------
    >>> two_inputs(0.0).sentence
    'The inputs coincide: every neuron sees both or none, and the smallest eigenvalue is 0.'
    """
    theta = as_real(theta, "theta", 0, np.pi)
    at = np.array([-theta, theta]) / 2
    X = np.column_stack([np.cos(at), np.sin(at)])
    H, least = h_infinity(X), float(pair_eigenvalue(theta))
    fine, turn = np.linspace(0, np.pi, 121), np.linspace(0, 2 * np.pi, 181)
    seen = np.linspace(theta / 2 - np.pi / 2, np.pi / 2 - theta / 2, 91)
    plane = Panel(
        line(np.cos(turn), np.sin(turn)),
        region(np.append(0, np.cos(seen)), np.append(0, np.sin(seen)), role="predicted"),
        *[line([0, x], [0, z], role="measured") for x, z in X],
        measured(X[:, 0], X[:, 1]),
        *[note(1.06 * x, 1.06 * z, f"$x_{i}$") for i, (x, z) in enumerate(X, 1)],
        xlim=(-1.35, 1.35),
        ylim=(-1.35, 1.35),
        equal=True,
        axes=False,
    )
    share = (np.pi - theta) / (2 * np.pi)
    words = PAIR_PARALLEL if theta == 0 else PAIR.format(theta=theta, share=share, h=number(H[0, 1]), least=number(least))
    return Picture(
        plane,
        Panel(
            predicted(fine, np.cos(fine) * (np.pi - fine) / (2 * np.pi)),
            measured([theta], H[:1, 1]),
            xlabel=r"angle $\theta$",
            ylabel=r"$H^\infty_{12}$",
        ),
        Panel(
            predicted(fine, pair_eigenvalue(fine)),
            measured([theta], [least]),
            xlabel=r"angle $\theta$",
            ylabel=r"smallest eigenvalue $\lambda_0$",
        ),
        name="fig-two-inputs",
        claim="As two inputs come together, the neurons that tell them apart vanish, and so does the smallest eigenvalue.",
        sentence=words,
    )


def rotating_pair(theta: float, n: int = 5) -> Picture:
    """Equally spaced inputs on the circle, the second turned to angle theta from the first: inputs and spectrum.

    Parameters
    ----------
    theta : float
        Angle between the first two inputs; 0 breaks the hypothesis of `PositiveDefiniteLimit`.
    n : int
        Number of inputs.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `n` is no whole number at least 3.

    Examples
    --------
    >>> "outside the theorem" in rotating_pair(0.0).sentence
    True
    """
    at = 2 * np.pi * np.arange(as_count(n, "n", minimum=3)) / (n + 0.5)
    at[1] = theta
    X = np.column_stack([np.cos(at), np.sin(at)])
    evidence = PositiveDefiniteLimit(X=X).check(rng=0)
    values = np.maximum(evidence.data["spectra"][0], 1e-17)
    turn = np.linspace(0, 2 * np.pi, 181)
    return Picture(
        Panel(
            line(np.cos(turn), np.sin(turn)),
            *[line([0, x], [0, z]) for x, z in X],
            measured(X[2:, 0], X[2:, 1]),
            *evidence.dots(X[:2, 0], X[:2, 1]),
            xlim=(-1.2, 1.2),
            ylim=(-1.2, 1.2),
            equal=True,
            axes=False,
        ),
        Panel(
            stems(np.arange(1, n + 1), values[::-1]),
            bound([0.5, n + 0.5], [1e-15, 1e-15], forbidden="below", label="zero up to rounding"),
            xlabel="index $i$",
            ylabel=r"eigenvalue $\lambda_i$",
            yscale="log",
            ylim=(1e-18, 30),
        ),
        name="fig-rotating-pair",
        claim="The smallest eigenvalue follows the closest pair down to zero.",
        sentence=evidence.sentence,
    )


def random_data_sets(
    count: int, rng: np.random.Generator | int, *, n: int | None = None, d: int | None = None, gap: float | None = None
) -> list[NDArray]:
    """Unit inputs in general position; a pair at a small angle is planted in every set (gap given) or in a third of them.

    Parameters
    ----------
    count : int
        Number of data sets.
    rng : Generator or int
    n, d : int, optional
        Sizes; random in [2, 40) and [2, 12) where not given.
    gap : float, optional
        Angle of the planted pair; where not given, log-uniform in [1e-6, 1].

    Returns
    -------
    list of ndarray, shapes (n, d)

    Raises
    ------
    TypeError, ValueError
        If `rng` is neither a Generator nor a seed, or a size is no whole number.

    Examples
    --------
    >>> [X.shape for X in random_data_sets(2, 0, n=3, d=2)]
    [(3, 2), (3, 2)]
    """
    rng, sets = as_generator(rng), []
    for k in range(count):
        rows = rng.integers(2, 40) if n is None else as_count(n, "n")
        X = sphere(rows, rng.integers(2, 12) if d is None else as_count(d, "d"), rng)
        if rows > 1 and X.shape[1] > 1 and (gap is not None or k % 3 == 0):
            theta = 10 ** rng.uniform(-6, 0) if gap is None else gap
            across = X[1] - (X[1] @ X[0]) * X[0]
            X[1] = np.cos(theta) * X[0] + np.sin(theta) * across / np.linalg.norm(across)
        sets.append(X)
    return sets


THEOREMS = (
    ClosedForm(),
    PositiveDefiniteLimit(),
    ExactCriterion(),
    Separation(),
    MeanSquareDeviation(),
    Concentration(),
    Concentration(route="chernoff"),
)
