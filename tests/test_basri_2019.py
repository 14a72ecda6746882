"""The spectrum on the sphere by second routes: quadrature, known polynomials, circulant sums."""

import numpy as np
import pytest
from scipy.special import eval_gegenbauer, eval_legendre, roots_jacobi

from lib.data import circle
from lib.kernels import h_infinity, sphere_eigenvalues
from lib.theorems.basri_2019 import HalfCircle, SphereSpectrum, legendre


def test_legendre_polynomials_are_the_known_ones():
    t = np.linspace(-1, 1, 41)
    assert np.allclose(legendre(2, 9, t), [np.cos(k * np.arccos(t)) for k in range(10)], rtol=0, atol=1e-13)
    assert np.allclose(legendre(3, 9, t), [eval_legendre(k, t) for k in range(10)], rtol=0, atol=1e-13)
    ratio = [eval_gegenbauer(k, 1.5, t) / eval_gegenbauer(k, 1.5, 1.0) for k in range(10)]
    assert np.allclose(legendre(5, 9, t), ratio, rtol=0, atol=1e-13)


@pytest.mark.parametrize("d", [2, 3, 8])
def test_legendre_polynomials_are_orthogonal_on_the_sphere(d):
    t, weight = roots_jacobi(30, (d - 3) / 2, (d - 3) / 2)
    P = legendre(d, 8, t)
    gram = (P * weight) @ P.T
    assert np.allclose(gram, np.diag(np.diag(gram)), rtol=0, atol=1e-12 * weight.sum())


@pytest.mark.parametrize("d", [2, 3, 5])
def test_spectrum_holds_in_other_dimensions(d):
    evidence = SphereSpectrum(d=d, degrees=4).check(rng=0)
    assert evidence.holds, evidence.sentence


def test_a_bias_fills_the_gaps():
    evidence = SphereSpectrum(bias=True).check(rng=0)
    assert evidence.verdict == "outside" and "no constant coordinate" in evidence.sentence
    assert evidence.measured[3] > 10 * evidence.error[3]  # degree 3 is there


@pytest.mark.parametrize("n", [8, 31])
def test_ends_are_sums_of_eigenvalues_of_the_circle(n):
    """Aliasing: the circulant eigenvalue q collects the mu_k with k/2 = q modulo n."""
    k = np.arange(0, 2_000_000, 2)
    mu = sphere_eigenvalues(2, k)
    sums = n * (np.bincount(k // 2 % n, mu, minlength=n) + np.bincount(-k // 2 % n, mu, minlength=n))
    sums[0] -= n * mu[0]  # degree 0 is one function, not two
    tail = 2 * n / (np.pi**2 * k[-1])  # sum of 1/(pi k)^2 beyond the last degree, twice
    assert np.allclose(np.sort(sums)[[0, 2]], HalfCircle.ends(n), rtol=0, atol=tail)


def test_even_part_is_circulant():
    X = circle(10)
    E = h_infinity(X) - X @ X.T / 4
    assert np.allclose(E, [np.roll(E[0], i) for i in range(10)], rtol=0, atol=1e-15)
    assert np.allclose(np.linalg.eigvalsh(E)[[0, 2]], HalfCircle.ends(10), rtol=0, atol=1e-14)


def test_limit_is_one_quarter_with_an_error_of_second_order():
    n = np.array([16, 32, 64, 128])
    evidence = HalfCircle(sizes=n).check(rng=0)
    slopes = np.diff(np.log(evidence.measured - 0.25)) / np.log(2)
    assert abs(slopes + 2).max() < 0.15 and abs(slopes[-1] + 2) < abs(slopes[0] + 2)


def test_shifted_input_is_outside_and_parallel_at_the_end():
    assert HalfCircle(sizes=(8,), shift=0.5).check(rng=0).verdict == "outside"
    evidence = HalfCircle(sizes=(8,), shift=1.0).check(rng=0)
    assert abs(evidence.measured[0]) < 1e-12


def test_two_inputs_are_outside():
    evidence = HalfCircle(sizes=(2,)).check(rng=0)
    assert evidence.verdict == "outside" and evidence.measured == pytest.approx(1)  # n lambda_0 = 2/2, not near 1/4
