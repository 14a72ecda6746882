"""Double descent by second routes: integrals, Wishart means, numpy's own least squares, test examples that are drawn."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, invwishart

from lib.theorems.hastie_2019 import (
    FEATURES,
    DoubleDescent,
    GrowingModel,
    descent_film,
    least_norm,
    ridge_errors,
    rotated_data,
    variance_factor,
)


@pytest.mark.parametrize(("n", "p"), [(10, 3), (10, 8), (10, 12), (7, 40)])
def test_variance_is_an_integral_over_a_chi_square_law(n, p):
    small, k = min(n, p), abs(n - p) + 1
    integral = quad(lambda t: chi2.pdf(t, k) / t, 0, np.inf)[0]
    assert variance_factor(n, p) == pytest.approx(small * integral, rel=1e-6)


def test_variance_is_the_mean_of_an_inverse_wishart_matrix():
    assert variance_factor(12, 5) == pytest.approx(np.trace(invwishart(df=12, scale=np.eye(5)).mean()))


def test_three_sizes_have_no_mean():
    assert np.isinf(variance_factor(10, [9, 10, 11])).all() and np.isfinite(variance_factor(10, [8, 12])).all()


@pytest.mark.parametrize(("n", "p"), [(8, 5), (5, 5), (5, 8)])
def test_least_norm_is_the_solution_of_numpy(n, p):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, n, p)), rng.standard_normal((6, n))
    expected = [np.linalg.lstsq(A, b, rcond=None)[0] for A, b in zip(X, y, strict=True)]
    assert np.allclose(least_norm(X, y), expected)


@pytest.mark.parametrize("gamma", [0.25, 0.8, 1.5, 4.0])
def test_risk_tends_to_the_limit_of_the_paper(gamma):
    n, r, sigma = 100_000, 1.3, 0.6
    limit = sigma**2 * gamma / (1 - gamma) if gamma < 1 else r**2 * (1 - 1 / gamma) + sigma**2 / (gamma - 1)
    assert DoubleDescent(n=n, r=r, sigma=sigma).risk(gamma * n) == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize(("p", "penalty"), [(20, 0.0), (20, 1.0), (60, 0.01), (40, 0.3), (60, 0.0)])
def test_ridge_errors_are_those_of_the_normal_equations(p, penalty):
    sigma, rng = 0.5, np.random.default_rng(p)
    X, noise = rng.standard_normal((60, 40, p)), rng.standard_normal((60, 1, 40))[:, 0]
    y = X[:, :, 0] + sigma * noise  # beta is the first unit vector
    for A, b, error in zip(X[:5], y, ridge_errors(p, sigma, penalty), strict=False):
        if penalty:
            found = np.linalg.solve(A.T @ A + penalty * sigma**2 * p * np.eye(p), A.T @ b)
        else:
            found = np.linalg.lstsq(A, b, rcond=None)[0]
        assert error == pytest.approx(((found - np.eye(p)[0]) ** 2).sum())


def test_best_penalty_is_the_best_of_many():
    risks = [np.mean([ridge_errors(p, 0.5, t).mean() for p in (35, 40, 48)]) for t in (0.01, 0.1, 1.0, 10.0, 100.0)]
    assert np.argmin(risks) == 2


def test_growing_model_agrees_with_examples_that_are_drawn():
    theorem, rng = GrowingModel(n=12, D=8, sizes=(4,), decay=0.5, sigma=0.3), np.random.default_rng(1)
    X, new = rng.standard_normal((4000, 12, 8)), rng.standard_normal((4000, 8))
    y = X @ theorem.beta + 0.3 * rng.standard_normal((4000, 12))
    found = np.einsum("kpn,kn->kp", np.linalg.pinv(X[:, :, :4]), y)
    errors = (new @ theorem.beta + 0.3 * rng.standard_normal(4000) - (new[:, :4] * found).sum(axis=1)) ** 2
    assert abs(errors.mean() - theorem.risk(4)) < 4 * errors.std() / np.sqrt(4000)


def test_growing_model_with_all_features_is_double_descent():
    assert GrowingModel(sigma=0.5).risk(400) == pytest.approx(0.25 + DoubleDescent(sigma=0.5).risk(400))


@pytest.mark.parametrize("theorem", [DoubleDescent, GrowingModel])
@pytest.mark.parametrize(("setting", "word"), [({"correlation": 0.3}, "independent"), ({"sizes": (20, 42)}, "variance")])
def test_broken_hypotheses_are_named(theorem, setting, word):
    evidence = theorem(data_sets=20, **setting).check(rng=0)
    assert evidence.verdict == "outside" and word in evidence.sentence


def test_error_bars_are_as_wide_as_the_scatter():
    theorem = DoubleDescent(n=10, sizes=(3, 30), data_sets=200)
    z = np.array([(e.measured - e.predicted) / e.error for e in (theorem.check(rng=seed) for seed in range(60))])
    spread = np.sqrt((z**2).mean(axis=0))
    assert ((0.7 < spread) & (spread < 1.35)).all() and abs(z.mean(axis=0)).max() < 0.55


def test_film_knows_its_features():
    assert len(FEATURES) == len(set(FEATURES)) and rotated_data(4)[0].shape == (60, 4)
    with pytest.raises(ValueError, match="p must be one of"):
        descent_film(5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: variance_factor(10, [3, -1]), "p must be at least 0"),
        (lambda: descent_film(40, penalty=-1.0), "penalty must lie"),
        (lambda: DoubleDescent(correlation=1.0), "correlation must lie"),
        (lambda: GrowingModel(correlation=1.0), "correlation must lie"),
    ],
)
def test_nonsense_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()
