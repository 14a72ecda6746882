"""The results of Du et al. 2018 by second routes, and what breaks when a hypothesis does."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import dblquad

from lib.data import digits, sphere
from lib.kernels import angles, h_infinity, pair_eigenvalue
from lib.networks import TwoLayer
from lib.theorems.du_2018.limit import (
    ClosedForm,
    Concentration,
    ExactCriterion,
    MeanSquareDeviation,
    PositiveDefiniteLimit,
    Separation,
    random_data_sets,
    rotating_pair,
    smallest_angles,
    two_inputs,
)


@pytest.mark.parametrize("theta", [0.3, 1.2, 2.6])
def test_closed_form_is_the_gaussian_integral(theta):
    def integrand(radius, phi, power):
        x, z = np.cos(phi), np.cos(phi - theta)
        seen = (x >= 0) & (z >= 0)
        return seen * radius * np.exp(-(radius**2) / 2) / (2 * np.pi) * ((radius**2 * x * z) if power else np.cos(theta))

    start, end = theta - np.pi / 2, np.pi / 2
    exact = [dblquad(integrand, start, end, 0, 12, args=(power,), epsabs=1e-10)[0] for power in (0, 1)]
    assert np.allclose(ClosedForm().limit(np.array(theta)), exact, rtol=0, atol=1e-9)


def test_closed_form_needs_mean_zero():
    evidence = ClosedForm(mean=1.0).check(rng=0)
    assert evidence.verdict == "outside" and "mean 0" in evidence.sentence
    # and it does matter: without the hypothesis the promise is broken by far
    assert abs(evidence.measured - evidence.predicted).max() > 20 * evidence.error.max()


def test_smallest_angles_see_antiparallel_inputs():
    theta, phi = smallest_angles(np.array([[1.0, 0], [0, 1], [-1, 0]]))
    assert theta == pytest.approx(np.pi / 2, abs=1e-15) and phi == 0


def test_parallel_inputs_are_outside_and_singular():
    X = sphere(5, 4, rng=0)
    evidence = PositiveDefiniteLimit(X=np.vstack([X, 2 * X[0]])).check(rng=0)
    assert evidence.verdict == "outside" and "no two inputs are parallel" in evidence.sentence
    assert abs(evidence.measured[0]) < 4 * evidence.error[0]


@pytest.mark.parametrize("d", [2, 3, 5])
def test_null_vectors_come_from_dependent_representatives(d):
    x = sphere(d + 1, d, rng=d)
    c = np.linalg.svd(x.T)[2][-1]  # sum_i c_i x_i = 0
    null = np.concatenate([c, -c])  # opposite coefficients on each antipodal pair
    assert np.linalg.norm(h_infinity(np.vstack([x, -x])) @ null) < 1e-14
    assert np.linalg.eigvalsh(h_infinity(np.vstack([x[:d], -x[:d]])))[0] > 1e-6


def test_repeated_inputs_add_to_the_null_space():
    evidence = ExactCriterion(dims=(3,), pairs=(0, 5), repeats=2).check(rng=0)
    assert evidence.holds and evidence.measured.tolist() == [2, 4]


def test_two_inputs_meet_their_cap():
    for gap in (1e-6, 1e-3, 0.5):
        evidence = Separation(sets=3, n=2, d=4, gap=gap).check(rng=0)
        assert evidence.holds
        assert evidence.measured == pytest.approx(pair_eigenvalue(gap), abs=4 * evidence.error.max())


def test_separation_on_real_digits():
    X, _ = digits(n=200, rng=0)
    theta, phi = smallest_angles(X)
    least = np.linalg.eigvalsh(h_infinity(X))[0]
    assert phi / (26 * np.sqrt(np.log(400))) <= least <= pair_eigenvalue(theta)


def test_variances_of_the_closed_form_are_those_of_the_draws():
    theta = np.array([0.2, 1.0, 2.0])
    w = np.random.default_rng(0).standard_normal((400_000, 2))
    z = w @ np.array([np.cos(theta), np.sin(theta)])
    gates = np.cos(theta) * ((w[:, :1] >= 0) & (z >= 0))
    outputs = np.maximum(w[:, :1], 0) * np.maximum(z, 0)
    for exact, seen in zip(ClosedForm().variances(theta), (gates, outputs), strict=True):
        fourth = ((seen - seen.mean(axis=0)) ** 4).mean(axis=0)
        assert np.all(abs(seen.var(axis=0) - exact) < 4 * np.sqrt(fourth / len(w)))


def test_coplanar_pairs_cost_as_soon_as_their_plane_is_full():
    evidence = ExactCriterion(dims=(5,), pairs=(2, 3), plane=2, repeats=1).check(rng=0)
    assert evidence.holds and evidence.measured.tolist() == [1, 2]


@pytest.mark.parametrize("n", [1, 2])
def test_a_single_input_is_outside(n):
    evidence = Separation(sets=3, n=n, d=4).check(rng=0)
    assert evidence.verdict == ("outside" if n == 1 else "holds")


def test_parallel_inputs_have_no_required_width():
    evidence = Concentration(d=1, n=5).check(rng=0)
    assert evidence.verdict == "outside" and "λ₀ > 0" in evidence.sentence


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"route": "Hoeffding"}, "route"), ({"delta": 0.0}, "delta"), ({"delta": 5}, "delta"), ({"networks": 1}, "networks")],
)
def test_bad_settings_are_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        Concentration(**fields)


def test_the_sixty_four_vertices_refute_a_constant_without_n():
    """A tiny cube on the sphere: lambda_0 / phi falls below the 1/(4 pi) of the half circle, so 1/(4 pi) is no theorem."""
    corners = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1).T
    X = np.hstack([5e-4 * corners, np.ones((64, 1))])
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    _, phi = smallest_angles(X)
    assert np.linalg.eigvalsh(h_infinity(X))[0] < phi / (4 * np.pi)


def test_planted_pairs_have_their_angle():
    for X in random_data_sets(5, 0, n=7, d=3, gap=1e-4):
        assert angles(X)[0, 1] == pytest.approx(1e-4, rel=1e-10)


def test_mean_square_deviation_by_binomial_counts():
    """Entry (i, j) of m H(0) / x_i.x_j counts the neurons that see both: binomial with success (pi - theta) / 2 pi."""
    X, m = sphere(6, 3, rng=0), 64
    p = (np.pi - angles(X)) / (2 * np.pi)
    counts = np.array([TwoLayer.init(m, 3, rng=seed).gram(X) for seed in range(400)]) * m / (X @ X.T)
    z = (counts.mean(axis=0) - m * p) / np.sqrt(stats.binom.var(m, p) / 400)
    assert abs(z).max() < 4.5  # the largest of 21 standard normal values, one in 7,000 times above


def test_mean_square_deviation_with_many_networks():
    evidence = MeanSquareDeviation(widths=(50, 500), networks=1500).check(rng=5)
    assert evidence.holds and max(evidence.error / evidence.predicted) < 0.02, evidence.sentence


def test_other_weights_have_another_limit():
    evidence = MeanSquareDeviation(d=2, gaussian=False).check(rng=0)
    assert evidence.verdict == "outside"
    assert evidence.measured[-1] > 10 * evidence.predicted[-1]  # the deviation no longer shrinks with the width


def test_narrow_networks_are_outside_and_some_fail():
    evidence = Concentration(m=8, route="chernoff").check(rng=0)
    assert evidence.verdict == "outside" and "m ≥" in evidence.sentence and "m = 8" in evidence.sentence
    assert evidence.measured > 0.5


def test_required_widths_are_those_of_the_text():
    X = sphere(20, 20, rng=0)
    lambda_0, norm = np.linalg.eigvalsh(h_infinity(X))[0], np.linalg.norm(X, 2)
    hoeffding = 8 * 400 / lambda_0**2 * np.log(420 / 0.1)
    chernoff = 32 * norm**2 / lambda_0 * np.log(20 / 0.1)
    assert Concentration(n=20).required_width(X) == int(np.ceil(hoeffding))
    assert Concentration(n=20, route="chernoff").required_width(X) == int(np.ceil(chernoff))


def test_showpiece_tells_parallel_inputs():
    least = np.sin(0.25) ** 2 + 0.5 * np.cos(0.5) / (2 * np.pi)
    assert "coincide" in two_inputs(0.0).sentence and f"{least:.4g}" in two_inputs(0.5).sentence
    with pytest.raises(ValueError, match="theta"):
        two_inputs(4.0)


def test_rotating_pair_loses_its_eigenvalue():
    assert "outside" in rotating_pair(0.0).sentence and "claim holds" in rotating_pair(0.3).sentence
