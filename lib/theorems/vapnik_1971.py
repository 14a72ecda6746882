"""Vapnik and Chervonenkis 1971: a bound that holds for a whole class at once, and why it is silent for wide networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import sphere
from lib.figures import Panel, Picture, bound, line, predicted
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.theorems.zhang_2017 import interpolant, with_bias
from lib.validation import as_array, as_count, as_generator, as_real

CHAPTER = "motivation"
PAPER = "Vapnik, Chervonenkis 1971"
NOISE = 0.25  # share of flipped labels in the experiment with thresholds


def uniform_bound(n: ArrayLike, log_growth: ArrayLike, delta: float = 0.05) -> NDArray:
    r"""The classical bound :math:`\sqrt{\frac8n\log\frac{4\,\Pi(2n)}\delta}` on the distance of test and training error.

    Parameters
    ----------
    n : array_like
        Number of examples, positive.
    log_growth : array_like
        :math:`\log\Pi(2n)`, the logarithm of the number of sign patterns that the class has on 2n inputs.
    delta : float
        Probability with which the bound may fail, above 0 and at most 1.

    Returns
    -------
    ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite and real, `n` not positive, `log_growth` negative, or `delta` not in (0, 1].

    References
    ----------
    Vapnik, Chervonenkis 1971.

    Examples
    --------
    >>> round(float(uniform_bound(2000, np.log(4001))), 3)  # thresholds on a line: 2n + 1 patterns
    0.225
    """
    n, log_growth = as_array(n, "n"), as_array(log_growth, "log_growth")
    if as_real(delta, "delta", low=0, high=1) == 0:
        raise ValueError("delta must lie in (0, 1], got 0.0")
    _positive(n, "n")
    if (log_growth < 0).any():
        raise ValueError(f"log_growth must be at least 0, got {log_growth.min()}")
    return np.sqrt(8 / n * (np.log(4 / delta) + log_growth))


def sauer(n: ArrayLike, D: ArrayLike) -> NDArray:
    r"""Bound of :math:`\log\Pi(n)` for a class of VC dimension D: :math:`D\log(en/D)` if D <= n, and :math:`n\log2` always.

    Parameters
    ----------
    n : array_like
        Number of inputs, positive.
    D : array_like
        VC dimension, positive.

    Returns
    -------
    ndarray

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite and real, or not positive.

    Examples
    --------
    >>> float(sauer(10, 20) / np.log(2))
    10.0
    """
    n, D = as_array(n, "n"), as_array(D, "D")
    _positive(n, "n")
    _positive(D, "D")
    return np.where(n > D, np.minimum(D * (1 + np.log(n / D)), n * np.log(2)), n * np.log(2))


def _positive(values: NDArray, name: str) -> None:
    if (values <= 0).any():
        raise ValueError(f"{name} must be positive, got {values.min()}")


def threshold_deviation(x: NDArray, y: NDArray, shift: float = 0.0) -> float:
    r"""Largest :math:`|R(f_t)-R_n(f_t)|` over all thresholds :math:`f_t(x)=+1` if x <= t, else -1.

    R is the exact test error for x uniform on [shift, 1 + shift] and labels +1 if x <= 1, else -1, a quarter of them
    flipped; :math:`R_n` is the error on the examples.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        The examples.
    shift : float
        How far the test inputs are moved.

    Returns
    -------
    float

    Examples
    --------
    >>> threshold_deviation(np.array([0.5]), np.array([1.0]))  # the threshold 0.5 makes no error on the example
    0.5
    """
    order = np.argsort(x)
    ends = np.array([1.0, 1 + shift, 2 + shift])
    t = np.sort(np.concatenate([[-1.0], x, ends]))
    below = np.concatenate([[0], np.cumsum(y[order])])  # gain from calling the smallest k inputs +1
    R_n = (np.count_nonzero(y > 0) - below[np.searchsorted(x[order], t, side="right")]) / len(x)
    R = NOISE + (1 - 2 * NOISE) * abs(np.clip(t, shift, 1 + shift) - 1)
    return float(max(abs(R - R_n).max(), abs(R[1:] - R_n[:-1]).max()))  # R_n is constant from one t to the next


@dataclass(frozen=True)
class VacuousBound(Theorem):
    r"""The deviation of test from training error is at least :math:`1-n/N` over a class that shatters N inputs.

    It is at most :math:`\sqrt{8\log(4\Pi(2n)/\delta)/n}` over every class, with probability :math:`1-\delta`.

    Parameters
    ----------
    n : int
        Number of examples.
    ratios : sequence of int
        N / n for the networks: N distinct inputs, and networks with N neurons.
    d : int
        Dimension of the inputs.
    examples : sequence of int
        Numbers of examples for thresholds on a line, a class that shatters one input and not two.
    samples : int
        Independent samples of each kind.
    delta : float
        Probability with which the upper bound may fail for a sample.
    shift : float
        How far the test inputs of the thresholds are moved from the examples; the theorem needs 0.
    growth : bool
        Whether the growth function stands in the upper bound, as it does in the theorem.
    """

    n: int = 100
    ratios: Sequence[int] = (1, 2, 5, 10)
    d: int = 5
    examples: Sequence[int] = (200, 500, 1000, 2000)
    samples: int = 20
    delta: float = 1e-3
    shift: float = 0.0
    growth: bool = True

    label = "thm-vacuous-bound"
    ledger_id = "P1-X2c"
    source = f"{PAPER} for the upper bound; the lower bound is this book's"
    title = "Uniform bounds are true and vacuous"
    chapter = CHAPTER

    def __post_init__(self):
        as_count(self.samples, "samples", minimum=2)
        as_real(self.shift, "shift", low=0, high=1)

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, n = as_generator(rng), as_count(self.n, "n")
        N = n * np.array([as_count(ratio, "ratios") for ratio in self.ratios])
        wide = np.array([[self.opposite(n, size, rng) for _ in range(self.samples)] for size in N])
        sizes = np.array([as_count(size, "examples") for size in self.examples])
        few = np.array([[self.thresholds(size, rng) for _ in range(self.samples)] for size in sizes])
        keep = 1.0 if self.growth else 0.0
        patterns = np.r_[np.full(len(N), 2 * n * np.log(2)), np.log(2 * sizes + 1)]  # 2^(2n) at most, 2n + 1 for thresholds
        high = uniform_bound(np.r_[np.full(len(N), n), sizes], keep * patterns, self.delta)
        low = np.r_[1 - n / N, np.zeros(len(sizes))]
        deviations = np.vstack([wide, few])
        return Evidence(
            title=self.title,
            quantity="the deviation of test from training error",
            relation="between",
            predicted=(np.repeat(low, self.samples), np.repeat(high, self.samples)),
            measured=deviations.ravel(),
            error=0.0,  # errors are counted, not estimated
            hypotheses=(
                Hypothesis("tested on the law of the examples", "shift 0", f"shift {number(self.shift)}", self.shift == 0),
                Hypothesis("0 < δ < 1", "δ in (0, 1)", f"δ = {number(self.delta)}", 0 < self.delta < 1),
            ),
            data={"N": N, "sizes": sizes, "wide": wide, "few": few, "high": high},
        )

    def opposite(self, n: int, N: int, rng: np.random.Generator) -> float:
        """Deviation of a network with N neurons that is right on n examples and wrong on the rest of N inputs."""
        X = sphere(N, self.d, rng)
        y, drawn = np.sign(X[:, 0]), rng.integers(N, size=n)
        seen = np.zeros(N, bool)
        seen[drawn] = True
        wrong = interpolant(X, np.where(seen, y, -y), rng)(with_bias(X)) * y <= 0
        return wrong.mean() - wrong[drawn].mean()

    def thresholds(self, n: int, rng: np.random.Generator) -> float:
        """Largest deviation over all thresholds, on n examples whose inputs are uniform on [0, 1]."""
        x = rng.uniform(size=n)
        y = np.where(rng.uniform(size=n) < NOISE, -1.0, 1.0)
        return threshold_deviation(x, y, self.shift)

    def draw(self, evidence: Evidence) -> Picture:
        N, sizes, wide, few, high = (evidence.data[key] for key in ("N", "sizes", "wide", "few", "high"))
        error = lambda values: values.std(axis=1, ddof=1) / np.sqrt(self.samples)  # noqa: E731
        fine = np.geomspace(1, N[-1] / self.n, 40)
        many = np.geomspace(sizes[0], sizes[-1], 40)
        return Picture(
            Panel(
                bound(fine, 1 - 1 / fine, forbidden="below", label="$1-n/N$"),
                predicted(fine, (1 - 1 / (self.n * fine)) ** self.n, label="mean"),
                *evidence.dots(N / self.n, wide.mean(axis=1), error(wide), label="networks"),
                line([1, fine[-1]], [1, 1], label="no information"),
                xlabel="shattered inputs per example $N/n$",
                ylabel="deviation",
                xscale="log",
                ylim=(-0.05, 1.15),
            ),
            Panel(
                bound(sizes, high[len(N) :], forbidden="above", label="bound"),
                *evidence.dots(sizes, few.mean(axis=1), error(few), label="thresholds"),
                line(many, np.ones(len(many)), label="no information"),
                xlabel="examples $n$",
                ylabel="deviation",
                xscale="log",
                yscale="log",
                ylim=(0.01, 2),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "Networks that shatter more than they see deviate by almost 1; for thresholds the bound says something."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> VacuousBound:
        return replace(self, growth=False)


THEOREMS = (VacuousBound(),)
