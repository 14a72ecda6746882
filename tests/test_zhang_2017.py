"""Fitting any labels, by second routes: linear interpolation, least squares, eigenvalues that know nothing of copies."""

import numpy as np
import pytest

from lib.data import random_signs, sphere
from lib.dynamics import gradient_descent
from lib.networks import TwoLayer
from lib.theorems.zhang_2017 import (
    Capacity,
    RandomLabelsAreFitted,
    digits_training,
    interpolant,
    loss_floor,
    rounding,
    with_bias,
)


def test_interpolant_is_the_broken_line_between_the_inputs_too():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    net = interpolant(X, y, rng=1)
    v = net.W[0, :-1]
    assert net.W.shape == (40, 4) and (net.W[:, :-1] == v).all()  # n neurons, one direction
    order = np.argsort(X @ v)
    others = (X[1:] + X[:-1]) / 2
    assert np.allclose(net(with_bias(others)), np.interp(others @ v, (X @ v)[order], y[order]), rtol=0, atol=1e-8)


def test_any_biases_between_the_neighbours_will_do():
    rng = np.random.default_rng(2)
    z, y = np.sort(rng.standard_normal(15)), random_signs(15, rng)
    b = np.concatenate([[z[0] - 1], (z[1:] + z[:-1]) / 2])
    A = np.maximum(z[:, None] - b, 0)
    assert np.linalg.matrix_rank(A) == 15 and np.allclose(A, np.tril(A))
    assert np.allclose(A @ np.linalg.solve(A, y), y)


def test_inputs_that_coincide_are_refused_by_name():
    with pytest.raises(ValueError, match="rows 0 and 2"):
        interpolant([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]], [1, 1, -1], rng=0)


@pytest.mark.parametrize("n", [20, 200])
def test_rounding_bounds_the_error_against_longer_numbers(n):
    rng = np.random.default_rng(n)
    X, y = rng.standard_normal((n, 6)), random_signs(n, rng)
    net = interpolant(X, y, rng)
    long = with_bias(X).astype(np.longdouble)
    exact = np.maximum(long @ net.W.T.astype(np.longdouble), 0) @ net.a.astype(np.longdouble) / np.sqrt(np.longdouble(n))
    assert (abs(net(with_bias(X)) - exact) <= rounding(net, with_bias(X))).all()
    assert (abs(net(with_bias(X)) - y) <= 4 * rounding(net, with_bias(X))).all()


def test_a_neuron_less_misses_a_label_and_repeats_are_outside():
    assert Capacity(sizes=(30,), spare=1).check(rng=0).verdict == "fails"
    evidence = Capacity(sizes=(30,), repeats=3).check(rng=0)
    assert evidence.verdict == "outside"
    assert np.count_nonzero(abs(evidence.measured - evidence.predicted) > 1) == 3  # one of each two labels is missed


def test_least_loss_is_that_of_least_squares_on_memberships():
    rng = np.random.default_rng(3)
    group = np.r_[np.arange(5), rng.integers(0, 5, size=15)]
    X, y = rng.standard_normal((5, 2))[group], rng.standard_normal(20)
    B = np.eye(5)[group]
    residual = y - B @ np.linalg.lstsq(B, y, rcond=None)[0]
    assert loss_floor(X, y) == pytest.approx((residual**2).sum() / 2)


def test_recursion_on_all_inputs_gives_the_same_loss_and_the_same_rate():
    theorem, rng = RandomLabelsAreFitted(n=12, d=4, m=100), np.random.default_rng(4)
    X = sphere(12, 4, rng)
    X = np.vstack([X, X[:3], X[:1]])
    y, net = rng.standard_normal(16), TwoLayer.init(100, 4, rng)
    mu, eta, speed = theorem.rate(net, X)
    features = np.maximum(X @ net.W.T, 0) / 10
    values, vectors = np.linalg.eigh(features @ features.T)
    assert mu == pytest.approx(values[4]) and eta == pytest.approx(1 / values[-1])  # four copies, four zeros
    run = gradient_descent(net, X, y, eta, 50, train=("a",))
    q, k = vectors.T @ (net(X) - y), np.arange(51)[:, None]
    loss = ((1 - eta * values) ** (2 * k) * q**2).sum(axis=1) / 2
    assert np.allclose(run.loss, loss)
    assert (run.loss <= loss_floor(X, y) + (1 - speed) ** (2 * k[:, 0]) * (loss[0] - loss_floor(X, y)) + 1e-12).all()


@pytest.mark.parametrize(("setting", "name"), [({"layers": "first layer"}, "output layer"), ({"m": 10}, "μ > 0")])
def test_broken_hypotheses_are_named(setting, name):
    evidence = RandomLabelsAreFitted(networks=1, steps=50, **setting).check(rng=0)
    assert evidence.verdict == "outside" and name in evidence.sentence


@pytest.mark.parametrize(
    ("setting", "words"),
    [({"layers": "all"}, "layers must be"), ({"pairs": (99,)}, "pairs must be"), ({"pairs": (0, -1)}, "pairs must be")],
)
def test_wrong_settings_are_refused(setting, words):
    with pytest.raises(ValueError, match=words):
        RandomLabelsAreFitted(**setting)


def test_film_counts_weights_and_wrong_labels():
    assert "31,360 weights, 20 images, 0 labels wrong" in digits_training(0.0, n=20, m=40, steps=5).sentence
    with pytest.raises(ValueError, match="portion"):
        digits_training(1.5)
