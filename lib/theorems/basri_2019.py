"""The spectrum of the limit Gram matrix on the sphere: Basri et al. 2019 on the circle, this book in other dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lib.data import circle, sphere
from lib.figures import Panel, Picture, bound, predicted, slope, stems
from lib.kernels import h_infinity, harmonic_dimension, spectrum, sphere_eigenvalues
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.validation import as_count, as_generator

CHAPTER = "two-layer/h-infinity"
PAPER = "Basri et al. 2019"


def legendre(d: int, degrees: int, t: NDArray) -> NDArray:
    r"""Legendre polynomials :math:`P_0,\dots,P_k` of dimension d at t, by :math:`(k+d-2)P_{k+1}=(2k+d-2)\,tP_k-kP_{k-1}`.

    Parameters
    ----------
    d : int
        Dimension, at least 2; d = 2 gives cosines of multiples of the angle.
    degrees : int
        Largest degree k.
    t : ndarray
        Points in [-1, 1].

    Returns
    -------
    ndarray, shape (degrees + 1, *t.shape)

    Raises
    ------
    TypeError, ValueError
        If `degrees` is no whole number at least 0.

    Examples
    --------
    >>> legendre(3, 2, np.array(0.5)).tolist()
    [1.0, 0.5, -0.125]
    """
    P = [np.ones_like(t), t]
    degrees = as_count(degrees, "degrees", minimum=0)
    for k in range(1, degrees):
        P.append(((2 * k + d - 2) * t * P[k] - k * P[k - 1]) / (k + d - 2))
    return np.array(P[: degrees + 1])


@dataclass(frozen=True)
class SphereSpectrum(Theorem):
    r"""On the uniform sphere :math:`H^\infty` acts on harmonics of degree k as :math:`\mu_k`; it vanishes for odd k >= 3.

    Parameters
    ----------
    d : int
        Dimension of the inputs.
    degrees : int
        Largest degree that is measured.
    n, sets : int
        Points in a data set, and number of data sets.
    bias : bool
        Append a constant coordinate to the inputs (and divide by the square root of 2): outside the theorem.
    gaps : bool
        Whether odd degrees from 3 on are missing, as the theorem says.
    """

    d: int = 3
    degrees: int = 6
    n: int = 200
    sets: int = 40
    bias: bool = False
    gaps: bool = True

    label = "thm-sphere-spectrum"
    ledger_id = "P6-S1"
    source = f"{PAPER} for d = 2; this book for every d"
    title = "Spectrum on the sphere"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        degrees = np.arange(self.degrees + 1)
        mu = sphere_eigenvalues(self.d, degrees)
        between = np.sqrt(np.append(0, mu[:-1]) * sphere_eigenvalues(self.d, degrees + 1))
        missing = (degrees % 2 == 1) & (degrees >= 3)
        filled = np.where(missing, between, mu)
        rows, pairs = [], np.triu_indices(self.n, 1)
        for _ in range(self.sets):
            X = sphere(self.n, self.d, rng)
            H = h_infinity(np.hstack([X, np.ones((self.n, 1))]) / np.sqrt(2) if self.bias else X)
            rows.append((legendre(self.d, self.degrees, (X @ X.T)[pairs]) * H[pairs]).mean(axis=1))
        return Evidence(
            title=self.title,
            quantity="the mean of H-infinity times P_k over pairs of inputs",
            relation="=",
            predicted=mu if self.gaps else filled,
            measured=np.mean(rows, axis=0),
            error=np.std(rows, axis=0, ddof=1) / np.sqrt(self.sets),
            rival=np.where(missing, filled if self.gaps else 0, 2 * mu),  # no gaps; a forgotten factor 2
            hypotheses=(
                Hypothesis("inputs uniform on the sphere", "uniform", "uniform by construction", True),
                Hypothesis("no bias", "no constant coordinate", "one" if self.bias else "none", not self.bias),
            ),
            data={"degrees": degrees, "gram": np.linalg.eigvalsh(H)[::-1] / self.n},
        )

    def draw(self, evidence: Evidence) -> Picture:
        degrees, gram = evidence.data["degrees"], evidence.data["gram"]
        mu, floor = sphere_eigenvalues(self.d, degrees), 1e-6
        steps = np.repeat(mu[mu > 0], [harmonic_dimension(self.d, int(k)) for k in degrees[mu > 0]])
        steps = np.sort(steps)[::-1][: self.n]
        return Picture(
            Panel(
                stems(degrees, np.maximum(mu, floor), role="predicted", label=r"$\mu_k$"),
                *evidence.dots(degrees, np.maximum(evidence.measured, floor), evidence.error, label="mean over pairs"),
                xlabel="degree $k$",
                ylabel=r"eigenvalue $\mu_k$",
                yscale="log",
                ylim=(floor / 2, 1),
            ),
            Panel(
                predicted(np.arange(1, len(steps) + 1), steps, label="predicted"),
                *evidence.dots(np.arange(1, len(gram) + 1), np.maximum(gram, floor), label="one data set"),
                xlabel="index $i$",
                ylabel="eigenvalue divided by $n$",
                xscale="log",
                yscale="log",
                ylim=(floor / 2, 1),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "The eigenvalues come in groups, one for each degree, and the odd degrees from three on are missing."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> SphereSpectrum:
        return replace(self, gaps=False)


@dataclass(frozen=True)
class HalfCircle(Theorem):
    r"""For n equally spaced inputs on the half circle :math:`\lambda_0` lies between two circulant eigenvalues, near 1/(4n).

    Parameters
    ----------
    sizes : sequence of int
        Numbers n of inputs, at least 3.
    shift : float
        Moves the first input towards the second by this share of their distance; the proposition asks for 0.
    factor : float
        Multiplies both ends of the promise; the proposition has 1.
    """

    sizes: Sequence[int] = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
    shift: float = 0.0
    factor: float = 1.0

    label = "prop-half-circle"
    ledger_id = "P6-R3"
    source = "this book"
    title = "Equally spaced inputs on the half circle"
    chapter = CHAPTER

    @staticmethod
    def ends(n: int) -> tuple[float, float]:
        """The smallest and the third smallest eigenvalue of the even part, a circulant matrix."""
        t = np.cos(np.pi * np.arange(n) / n)
        eigenvalues = np.sort(np.fft.fft(t * np.arcsin(t) / (2 * np.pi)).real)
        return float(eigenvalues[0]), float(eigenvalues[min(2, n - 1)])

    def inputs(self, n: int) -> NDArray:
        """n equally spaced inputs, the first one shifted."""
        X, turn = circle(n), self.shift * np.pi / n
        X[0] = np.cos(turn), np.sin(turn)
        return X

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        n = np.array([as_count(size, "sizes") for size in self.sizes])
        as_generator(rng)  # nothing is random here
        spectra = [spectrum(self.inputs(size)) for size in self.sizes]
        return Evidence(
            title=self.title,
            quantity="the product of n and the smallest eigenvalue of H-infinity",
            relation="between",
            predicted=self.factor * n * np.transpose([self.ends(size) for size in self.sizes]),
            measured=n * [values[0] for values, _ in spectra],
            error=n * [error for _, error in spectra],
            hypotheses=(
                Hypothesis("at least three inputs", "n ≥ 3", f"n ≥ {number(n.min())}", bool(n.min() >= 3)),
                Hypothesis("equally spaced", "shift 0", f"shift {number(self.shift)}", self.shift == 0),
            ),
            data={"n": n},
        )

    def draw(self, evidence: Evidence) -> Picture:
        n, (low, high) = evidence.data["n"], evidence.predicted

        def panel(height, *more, ylabel):
            return Panel(
                *evidence.dots(n, height(evidence.measured), label="measured"),
                bound(n, height(high), forbidden="above", label="third"),
                bound(n, height(low), forbidden="below", label="first"),
                *more,
                xlabel="number of inputs $n$",
                ylabel=ylabel,
                xscale="log",
                yscale="log",
            )

        middle = len(n) // 2
        return Picture(
            panel(lambda y: y, ylabel=r"$n\,\lambda_0$"),
            panel(
                lambda y: abs(y - 0.25),
                slope(n[middle], 2 * (high[middle] - 0.25), -2),
                ylabel=r"$|n\,\lambda_0-\frac{1}{4}|$",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "On the half circle n times the smallest eigenvalue tends to 1/4, with an error like 1/n²."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> HalfCircle:
        return replace(self, factor=2.0)


THEOREMS = (SphereSpectrum(), HalfCircle())
