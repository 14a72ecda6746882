"""The classical bound by second routes: patterns that are counted, thresholds that are tried one by one."""

from itertools import product
from math import comb, exp, log

import numpy as np
import pytest

from lib.theorems.vapnik_1971 import NOISE, VacuousBound, sauer, threshold_deviation, uniform_bound


@pytest.mark.parametrize(("n", "D"), list(product((10, 57, 300), (1, 2, 5, 10))))
def test_sauer_bounds_the_sum_of_binomials(n, D):
    exact = log(sum(comb(n, i) for i in range(D + 1)))
    assert exact <= sauer(n, D) + 1e-12 and sauer(n, D) <= n * log(2) + 1e-12


def test_sauer_never_exceeds_all_patterns():
    assert np.allclose(sauer(50, [50, 80, 1e6]), 50 * log(2))


def test_bound_spends_exactly_the_probability():
    n, growth, delta = 300, 601, 0.01
    epsilon = float(uniform_bound(n, log(growth), delta))
    assert 4 * growth * exp(-n * epsilon**2 / 8) == pytest.approx(delta)


@pytest.mark.parametrize("delta", [0, 1.5, -1])
def test_probability_must_be_one(delta):
    with pytest.raises(ValueError, match="delta"):
        uniform_bound(10, 1, delta)


def test_nonsense_dimension_is_refused():
    with pytest.raises(ValueError, match="D must be positive"):
        sauer(10, 0)


def test_there_must_be_examples_and_patterns():
    for bound in uniform_bound, sauer:
        with pytest.raises(ValueError, match="n must be positive"):
            bound([10, 0], 1)
    with pytest.raises(ValueError, match="log_growth must be at least 0"):
        uniform_bound(10, -1)


def test_thresholds_have_one_pattern_more_than_points():
    x = np.random.default_rng(0).uniform(size=12)
    patterns = {tuple(x <= t) for t in np.linspace(-1, 2, 10_001)}
    assert len(patterns) == 13


@pytest.mark.parametrize("shift", [0.0, 0.4, 1.0])
def test_deviation_of_thresholds_is_the_largest_on_a_fine_grid(shift):
    rng = np.random.default_rng(7)
    x = rng.uniform(size=30)
    y = np.where(rng.uniform(size=30) < NOISE, -1.0, 1.0)
    t = np.linspace(-0.5, 2.5, 60_001)[:, None]
    R_n = np.mean(np.where(x <= t, 1, -1) != y, axis=1)
    z = (np.arange(4000) + 0.5) / 4000 + shift  # the test law, by a midpoint rule
    clean = np.array([np.mean((z <= s) != (z <= 1)) for s in t[::50, 0]])
    R = np.interp(t[:, 0], t[::50, 0], NOISE + (1 - 2 * NOISE) * clean)
    assert threshold_deviation(x, y, shift) == pytest.approx(abs(R - R_n).max(), abs=2e-3)


def test_opposite_networks_are_wrong_on_all_that_was_not_drawn():
    theorem, rng = VacuousBound(n=40), np.random.default_rng(5)
    deviations = np.array([theorem.opposite(40, 80, rng) for _ in range(100)])
    assert (deviations >= 1 - 40 / 80).all() and np.allclose(80 * deviations, np.rint(80 * deviations))
    mean, error = (1 - 1 / 80) ** 40, deviations.std(ddof=1) / 10
    assert abs(deviations.mean() - mean) < 4 * error


def test_another_law_breaks_the_bound_for_large_samples_first():
    evidence = VacuousBound(ratios=(1,), samples=4, shift=0.7).check(rng=0)
    above = (evidence.measured > evidence.predicted[1]).reshape(-1, 4)
    assert evidence.verdict == "outside" and "shift 0" in evidence.sentence
    assert not above[1].any() and above[-1].all()  # 200 examples, 2,000 examples
