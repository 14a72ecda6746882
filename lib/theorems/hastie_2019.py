"""Hastie et al. 2019: the error of least-norm regression falls, explodes where it begins to interpolate, and falls again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.figures import Panel, Picture, broken, line, measured, predicted, stems
from lib.parallel import one_blas_thread
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.validation import as_array, as_count, as_generator, as_positive, as_real

CHAPTER = "motivation"
PAPER = "Hastie et al. 2019"
BEYOND = 1e12  # stands for an infinite prediction where a finite one is needed
STRONGEST = 0.99  # correlation of features; equal ones have no full rank
FEATURES = (4, 8, 12, 16, 20, 24, 28, 32, 35, 37, 39, 40, 41, 43, 45, 48, 54, 60, 70, 80, 100, 130, 170, 240)

FILM = (
    "{p} features for {n} examples, noise {sigma}: the mean squared error of the coefficients is {risk}, "
    "the median {median}; the smallest singular value is {least}."
)

CLAIMS = {
    True: "The test error peaks where it begins to interpolate, and the second descent ends below the first.",
    False: "The test error peaks where it begins to interpolate, and the first descent reaches lower than the second.",
}


def variance_factor(n: int, p: ArrayLike, lost: int = 1) -> NDArray:
    r"""Mean of :math:`\mathrm{tr}(X^+X^{+\top})` for Gaussian X: :math:`p/(n-p-1)` or :math:`n/(p-n-1)`, else infinite.

    Parameters
    ----------
    n : int
        Number of examples, the rows of X.
    p : array_like
        Numbers of features, the columns of X, at least 0.
    lost : int
        The 1 in both denominators, for a check with a wrong one.

    Returns
    -------
    ndarray

    Raises
    ------
    TypeError, ValueError
        If `n` is no whole number at least 1, or `p` is not finite, real and at least 0.

    Examples
    --------
    >>> variance_factor(10, [4, 10, 21]).tolist()
    [0.8, inf, 1.0]
    """
    n, p = as_count(n, "n"), as_array(p, "p")
    if (p < 0).any():
        raise ValueError(f"p must be at least 0, got {p.min()}")
    small, gap = np.minimum(n, p), abs(n - p) - lost
    return np.where(gap > 0, small / np.where(gap > 0, gap, 1), np.inf)


def least_norm(X: NDArray, y: NDArray) -> NDArray:
    r"""Least-norm solutions :math:`X^+y` of many least-squares problems at once, for X of full rank.

    Parameters
    ----------
    X : ndarray, shape (problems, n, p)
    y : ndarray, shape (problems, n)

    Returns
    -------
    ndarray, shape (problems, p)

    Examples
    --------
    >>> least_norm(np.array([[[3.0, 4.0]]]), np.array([[5.0]]))
    array([[0.6, 0.8]])
    """
    T = X.swapaxes(1, 2)
    with one_blas_thread():  # many small products: threads would wait for each other
        if X.shape[2] <= X.shape[1]:
            return np.linalg.solve(T @ X, T @ y[..., None])[..., 0]
        return (T @ np.linalg.solve(X @ T, y[..., None]))[..., 0]


def regressors(problems: int, n: int, p: int, correlation: float, rng: np.random.Generator) -> NDArray:
    """Gaussian features of variance 1, any two of them with the same correlation.

    Parameters
    ----------
    problems, n, p : int
        Number of data sets, of examples and of features.
    correlation : float
        Between 0, independent features, and 1, equal ones.
    rng : Generator

    Returns
    -------
    ndarray, shape (problems, n, p)

    Examples
    --------
    >>> regressors(2, 3, 4, 0.0, np.random.default_rng(0)).shape
    (2, 3, 4)
    """
    X = rng.standard_normal((problems, n, p))
    if correlation:
        X = np.sqrt(1 - correlation) * X + np.sqrt(correlation) * rng.standard_normal((problems, n, 1))
    return X


def squared_error(delta: NDArray, correlation: float) -> NDArray:
    r"""Mean of :math:`(x^\top\delta)^2` over features x with unit variances and a common correlation.

    Parameters
    ----------
    delta : ndarray, shape (..., p)
        Errors of the coefficients.
    correlation : float

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> float(squared_error(np.array([1.0, 1.0]), 0.5))
    3.0
    """
    return (1 - correlation) * (delta**2).sum(axis=-1) + correlation * delta.sum(axis=-1) ** 2


@dataclass(frozen=True)
class DoubleDescent(Theorem):
    r"""Risk :math:`\sigma^2\frac p{n-p-1}` for p <= n - 2 and :math:`r^2(1-\frac np)+\sigma^2\frac n{p-n-1}` for p >= n + 2.

    Parameters
    ----------
    n : int
        Number of examples.
    sizes : sequence of int
        Numbers p of features.
    r, sigma : float
        Norm of the true coefficients and size of the noise.
    data_sets : int
        Data sets for each p.
    correlation : float
        Common correlation of the features, at most `STRONGEST`; the theorem needs 0.
    lost : int
        The degree of freedom in both denominators; the theorem has 1.
    """

    n: int = 40
    sizes: Sequence[int] = (5, 10, 20, 30, 50, 60, 80, 120, 200)
    r: float = 1.0
    sigma: float = 0.5
    data_sets: int = 1000
    correlation: float = 0.0
    lost: int = 1

    label = "thm-double-descent"
    ledger_id = "P1-X2d"
    source = f"{PAPER} for large n and p; the form for every n and p is proved here"
    title = "Double descent"
    chapter = CHAPTER

    def __post_init__(self):
        as_positive(self.sigma, "sigma")
        as_real(self.correlation, "correlation", low=0, high=STRONGEST)
        as_count(self.data_sets, "data_sets", minimum=2)

    def risk(self, p: ArrayLike) -> NDArray:
        """The exact risk with p features."""
        p = np.asarray(p, dtype=float)
        return self.r**2 * np.maximum(1 - self.n / p, 0) + self.sigma**2 * variance_factor(self.n, p, self.lost)

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, p = as_generator(rng), np.array([as_count(size, "sizes") for size in self.sizes])
        errors = np.array([self.errors(size, rng) for size in p])
        return _evidence(self, "the risk of the least-norm solution", p, errors)

    def errors(self, p: int, rng: np.random.Generator) -> NDArray:
        """Squared error of the least-norm solution on each data set, the true coefficients being of equal size."""
        beta = np.full(p, self.r / np.sqrt(p))
        found = []
        for start in range(0, self.data_sets, 200):
            X = regressors(min(200, self.data_sets - start), self.n, p, self.correlation, rng)
            y = X @ beta + self.sigma * rng.standard_normal(X.shape[:2])
            found.append(squared_error(least_norm(X, y) - beta, self.correlation))
        return np.concatenate(found)

    def draw(self, evidence: Evidence) -> Picture:
        p = evidence.data["p"]
        return Picture(
            risk_panel(self.n, self.risk, evidence, p, "risk"),
            Panel(
                line(p / self.n, np.ones(len(p)), role="predicted", label="exact"),
                *evidence.dots(p / self.n, evidence.measured / evidence.predicted, evidence.error / evidence.predicted),
                xlabel="features per example $p/n$",
                ylabel="measured / predicted",
                xscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("The risk explodes where features are as many as examples, and falls again beyond."),
            sentence=evidence.sentence,
        )

    def twin(self) -> DoubleDescent:
        return replace(self, lost=0)


@dataclass(frozen=True)
class GrowingModel(Theorem):
    r"""Test error with the first p of D features: the unused ones act as noise of variance :math:`\|\beta_{>p}\|^2`.

    Parameters
    ----------
    n, D : int
        Number of examples and of all features.
    sizes : sequence of int
        Numbers p of features that are used.
    r, sigma : float
        Norm of the true coefficients and size of the noise.
    decay : float
        Coefficient j is proportional to :math:`j^{-\mathrm{decay}}`; 0 spreads the signal evenly.
    data_sets : int
        Data sets; all p share them.
    correlation : float
        Common correlation of the features, at most `STRONGEST`; the theorem needs 0.
    unused : bool
        Whether the unused features count as noise, as they do in the theorem.
    """

    n: int = 40
    D: int = 400
    sizes: Sequence[int] = (5, 10, 20, 30, 50, 60, 80, 120, 200, 400)
    r: float = 1.0
    sigma: float = 0.2
    decay: float = 0.0
    data_sets: int = 200
    correlation: float = 0.0
    unused: bool = True

    label = "thm-growing-model"
    ledger_id = "P1-X2d"
    source = "Belkin, Hsu, Xu 2020, for a fixed order of the features"
    title = "Double descent of a growing model"
    chapter = CHAPTER

    def __post_init__(self):
        as_positive(self.sigma, "sigma")
        as_real(self.correlation, "correlation", low=0, high=STRONGEST)
        as_count(self.data_sets, "data_sets", minimum=2)
        if max(self.sizes) > as_count(self.D, "D"):
            raise ValueError(f"sizes must be at most D = {self.D}, got {self.sizes!r}")

    @property
    def beta(self) -> NDArray:
        """The true coefficients."""
        beta = np.arange(1.0, self.D + 1) ** -self.decay
        return self.r * beta / np.linalg.norm(beta)

    def risk(self, p: ArrayLike) -> NDArray:
        """The exact test error with the first p features."""
        p = np.asarray(p, dtype=float)
        used = np.concatenate([[0], np.cumsum(self.beta**2)])[p.astype(int)]
        noise = self.sigma**2 + (self.r**2 - used if self.unused else 0)
        return used * np.maximum(1 - self.n / p, 0) + noise * (1 + variance_factor(self.n, p))

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, p = as_generator(rng), np.array([as_count(size, "sizes") for size in self.sizes])
        beta, errors = self.beta, []
        for start in range(0, self.data_sets, 100):
            X = regressors(min(100, self.data_sets - start), self.n, self.D, self.correlation, rng)
            y = X @ beta + self.sigma * rng.standard_normal(X.shape[:2])
            found = [np.pad(least_norm(X[:, :, :size], y), ((0, 0), (0, self.D - size))) for size in p]
            errors.append([squared_error(b - beta, self.correlation) + self.sigma**2 for b in found])
        errors = np.concatenate(errors, axis=1)
        return _evidence(self, "the test error with the first p features", p, errors)

    def draw(self, evidence: Evidence) -> Picture:
        p, j = evidence.data["p"], np.arange(1, self.D + 1)
        nothing = self.r**2 + self.sigma**2
        before, after = np.arange(1, min(self.n - 1, self.D + 1)), np.arange(min(self.n + 2, self.D), self.D + 1)
        return Picture(
            risk_panel(
                self.n,
                self.risk,
                evidence,
                p,
                "test error",
                line([1 / self.n, self.D / self.n], [nothing, nothing], label="no feature"),
            ),
            Panel(
                line(j / self.n, 1 - np.cumsum(self.beta**2) / self.r**2, role="predicted", label="unused signal"),
                xlabel="features per example $p/n$",
                ylabel="share of the signal that is not used",
                xscale="log",
                ylim=(-0.05, 1.05),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(CLAIMS[bool(self.risk(after).min() < self.risk(before).min())]),
            sentence=evidence.sentence,
        )

    def twin(self) -> GrowingModel:
        return replace(self, unused=False)


def _evidence(theorem: DoubleDescent | GrowingModel, quantity: str, p: NDArray, errors: NDArray) -> Evidence:
    """Exact risk and mean of the errors, shape (sizes, data sets), with what both theorems need."""
    predicted = np.minimum(theorem.risk(p), BEYOND)
    near, correlation = int(abs(p - theorem.n).min()), theorem.correlation
    return Evidence(
        title=theorem.title,
        quantity=quantity,
        relation="=",
        predicted=predicted,
        measured=errors.mean(axis=1),
        error=errors.std(axis=1, ddof=1) / np.sqrt(errors.shape[1]),
        rival=2 * predicted,  # a forgotten factor 2
        hypotheses=(
            Hypothesis("independent features", "correlation 0", f"correlation {number(correlation)}", correlation == 0),
            Hypothesis("the error has a variance", "p differs from n by 4 or more", f"by {near} or more", near >= 4),
        ),
        data={"p": p},
    )


def risk_panel(n: int, risk, evidence: Evidence, p: NDArray, name: str, *more) -> Panel:
    """Measured and exact risk against p/n, both axes logarithmic.

    Parameters
    ----------
    n : int
        Number of examples.
    risk : callable
        Exact risk as a function of p.
    evidence : Evidence
        Measurements at `p`.
    p : ndarray
        Numbers of features.
    name : str
        Label of the vertical axis.
    *more : Layer
        Further layers.

    Returns
    -------
    Panel

    Examples
    --------
    >>> theorem = DoubleDescent(sizes=(5, 10), data_sets=50)
    >>> risk_panel(40, theorem.risk, theorem.check(rng=0), np.array([5, 10]), "risk").ylabel
    'risk'
    """
    fine = np.unique(np.rint(np.geomspace(min(p.min(), 4), p.max(), 160)))
    values = risk(fine)
    values[~np.isfinite(values)] = np.nan
    return Panel(
        predicted(fine / n, values, label="exact"),
        *evidence.dots(p / n, evidence.measured, evidence.error, label="measured"),
        *more,
        xlabel="features per example $p/n$",
        ylabel=name,
        xscale="log",
        yscale="log",
    )


@cache
def rotated_data(p: int, n: int = 40, data_sets: int = 60) -> tuple[NDArray, NDArray, NDArray]:
    r"""Gaussian data along their singular vectors: singular values, :math:`V^\top\beta`, :math:`U^\top\varepsilon`.

    The norm of beta and the size of the noise are 1; any other noise and any ridge penalty follow by scaling.

    Parameters
    ----------
    p, n : int
        Number of features and of examples.
    data_sets : int

    Returns
    -------
    s, signal, noise : ndarray, shape (data_sets, min(n, p))

    Examples
    --------
    >>> rotated_data(3, n=5, data_sets=2)[0].shape
    (2, 3)
    """
    rng = np.random.default_rng(p)
    with one_blas_thread():
        U, s, Vt = np.linalg.svd(rng.standard_normal((data_sets, n, p)), full_matrices=False)
    return s, Vt[:, :, 0], (rng.standard_normal((data_sets, 1, n)) @ U)[:, 0]


def ridge_errors(p: int, sigma: float, penalty: float, n: int = 40) -> NDArray:
    r"""Squared errors of :math:`(X^\top X+\lambda I)^{-1}X^\top y`, least norm for :math:`\lambda=0`, on the rotated data.

    Parameters
    ----------
    p : int
        Number of features.
    sigma : float
        Size of the noise; the true coefficients have norm 1.
    penalty : float
        In units of the best one, :math:`\lambda=\sigma^2p`.
    n : int
        Number of examples.

    Returns
    -------
    ndarray, shape (data_sets,)

    Examples
    --------
    >>> bool(ridge_errors(40, 0.5, 1.0).mean() < ridge_errors(40, 0.5, 0.0).mean())
    True
    """
    s, signal, noise = rotated_data(p, n)
    found = s * (s * signal + sigma * noise) / (s**2 + penalty * sigma**2 * p)
    return (found**2).sum(axis=1) - 2 * (found * signal).sum(axis=1) + 1


def descent_film(p: int = 40, sigma: float = 0.5, penalty: float = 0.0, n: int = 40) -> Picture:
    """Double descent with the noise and the ridge penalty at choice: all errors, the one at p, and the spectrum behind it.

    Parameters
    ----------
    p : int
        Number of features that is looked at, one of `FEATURES`.
    sigma : float
        Size of the noise; the true coefficients have norm 1.
    penalty : float
        Ridge penalty in units of the best one; 0 gives the least-norm solution, the only one the theorem speaks of.
    n : int
        Number of examples.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `p` is none of `FEATURES`, `sigma` not positive, or `penalty` below 0.

    Examples
    --------
    >>> "40 features for 40 examples" in descent_film(40).sentence
    True
    """
    if p not in FEATURES:
        raise ValueError(f"p must be one of {FEATURES}, got {p!r}")
    penalty = as_real(penalty, "penalty", low=0)
    sizes, theorem = np.array(FEATURES), DoubleDescent(n=n, sigma=as_positive(sigma, "sigma"))
    errors = np.array([ridge_errors(size, sigma, penalty, n) for size in FEATURES])
    middle, exact = np.median(errors, axis=1), theorem.risk(sizes)
    exact[~np.isfinite(exact)] = np.nan
    off, at = np.full(len(sizes), np.nan), FEATURES.index(p)
    s = rotated_data(p, n)[0][0]
    return Picture(
        Panel(
            predicted(sizes / n, exact, label="exact mean, no penalty"),
            measured(sizes / n, off if penalty else middle, label="median"),
            broken(sizes / n, middle if penalty else off, label="with penalty"),
            measured([p / n], [middle[at]], role="accent"),
            xlabel="features per example $p/n$",
            ylabel="squared error of the coefficients",
            xscale="log",
            yscale="log",
            ylim=(0.01, 100),
        ),
        Panel(
            stems(np.arange(1, n + 1), np.pad(s / np.sqrt(p), (0, n - len(s)), constant_values=np.nan)),
            xlabel="index $i$",
            ylabel=r"singular value $s_i/\sqrt{p}$",
            ylim=(0, 5),
        ),
        name="fig-descent-film",
        claim="Where features are as many as examples a singular value is almost 0, and least squares divides by it.",
        sentence=FILM.format(
            p=p,
            n=n,
            sigma=number(sigma),
            risk=f"{errors[at].mean():.3g}",
            median=f"{middle[at]:.3g}",
            least=f"{s[-1]:.3g}",
        ),
    )


THEOREMS = (DoubleDescent(), GrowingModel())
