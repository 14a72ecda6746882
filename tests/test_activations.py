"""ReLU and its Gaussian duals, against quadrature and Monte Carlo."""

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from lib.activations import relu

ANGLES = [0.0, 0.1, 1.0, np.pi / 3, np.pi / 2, 2.0, 3.0]


def conditional(u, angle, derivative):
    """E[sigma(v) | u] or E[sigma'(v) | u]: given u, v is normal with mean u cos(angle) and deviation sin(angle)."""
    mean, deviation = u * np.cos(angle), np.sin(angle)
    if deviation < 1e-15:
        return float(mean >= 0) if derivative else max(mean, 0.0)
    if derivative:
        return norm.cdf(mean / deviation)
    return mean * norm.cdf(mean / deviation) + deviation * norm.pdf(mean / deviation)


@pytest.mark.parametrize("angle", ANGLES)
def test_duals_are_gaussian_means_by_quadrature(angle):
    # both integrands live on u >= 0; the error that quad claims is below 1e-10
    value = quad(lambda u: norm.pdf(u) * u * conditional(u, angle, False), 0, 12, epsabs=1e-11)[0]
    slope = quad(lambda u: norm.pdf(u) * conditional(u, angle, True), 0, 12, epsabs=1e-11)[0]
    assert abs(relu.dual(angle) - value) < 1e-10
    assert abs(relu.derivative_dual(angle) - slope) < 1e-10


@pytest.mark.parametrize("angle", ANGLES)
def test_duals_are_gaussian_means_by_monte_carlo(angle):
    rng = np.random.default_rng(0)
    u, g = rng.standard_normal((2, 200_000))
    v = np.cos(angle) * u + np.sin(angle) * g
    for function, dual in ((relu, relu.dual), (relu.derivative, relu.derivative_dual)):
        products = function(u) * function(v)
        error = products.std() / np.sqrt(len(products))
        assert abs(products.mean() - dual(angle)) < 4 * error


def test_duals_against_fifty_digits():
    with mpmath.workdps(50):
        for angle in np.linspace(0, np.pi, 201):
            t = mpmath.mpf(float(angle))
            value = (mpmath.sin(t) + (mpmath.pi - t) * mpmath.cos(t)) / (2 * mpmath.pi)
            # three roundings of numbers up to pi, divided by 2 pi
            assert abs(relu.dual(angle) - value) < 3e-16
            assert abs(relu.derivative_dual(angle) - (mpmath.pi - t) / (2 * mpmath.pi)) < 2e-16


def test_relu_and_its_derivative_follow_the_convention_at_zero():
    z = np.array([-2.0, -0.0, 0.0, 5e-324, 3.0])
    assert relu(z).tolist() == [0, 0, 0, 5e-324, 3]
    assert relu.derivative(z).tolist() == [0, 1, 1, 1, 1]
    assert relu(np.float32([1, -1])).dtype == relu.derivative(np.float32([1, -1])).dtype == np.float32


def test_duals_vanish_at_pi_and_are_half_at_zero():
    assert relu.dual(np.pi) == 0 == relu.derivative_dual(np.pi)
    assert relu.dual(0.0) == 0.5 == relu.derivative_dual(0.0)
    assert relu.dual(np.float32(np.pi)) == 0
    assert relu.dual(np.float32([1.0])).dtype == relu.derivative_dual(np.float32([1.0])).dtype == np.float32


@pytest.mark.parametrize("angle", [-1e-9, np.pi + 1e-9, 180.0])
def test_an_angle_outside_the_half_turn_is_refused(angle):
    for dual in (relu.dual, relu.derivative_dual):
        with pytest.raises(ValueError, match=r"angle must lie in \[0, pi\]"):
            dual([1.0, angle])
