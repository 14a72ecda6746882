"""The setting by second routes, and what breaks when a hypothesis does."""

from dataclasses import replace

import numpy as np
import pytest

from lib.data import random_signs, sphere
from lib.explore import Exploration
from lib.networks import TwoLayer
from lib.theorems.du_2018.setting import (
    FILM,
    GradientFormula,
    NeuronStep,
    StartOutputs,
    first_flip,
    neurons_film,
    one_neuron,
)

X, y = sphere(12, 5, rng=0), random_signs(12, rng=1)


def gates(W):
    return X @ W.T >= 0


def test_first_flip_is_the_first():
    rng = np.random.default_rng(0)
    for _ in range(20):
        W, V = rng.standard_normal((2, 30, 5))
        s = first_flip(W, V, X)
        for sign in (-1, 1):
            assert (gates(W) == gates(W + 0.999999 * sign * s * V)).all()
        assert any((gates(W) != gates(W + 1.000001 * sign * s * V)).any() for sign in (-1, 1))


def test_first_flip_of_a_move_along_the_kinks():
    assert first_flip(np.eye(2), [[0.0, 0.0], [0.0, 0.0]], np.eye(2)) == np.inf
    assert first_flip([[0.0, 1.0]], [[1.0, 0.0]], [[1.0, 0.0]]) == 0


def test_gradient_formula_by_complex_step():
    """With frozen gates the loss is a polynomial in W, so the complex step knows the slope without a difference."""
    rng, net = np.random.default_rng(2), TwoLayer.init(50, 5, rng=3)
    V, gate = rng.standard_normal(net.W.shape), gates(net.W)
    pre = X @ (net.W + 1e-30j * V).T
    loss = 0.5 * (((gate * pre) @ net.a / np.sqrt(50) - y) ** 2).sum()
    assert loss.imag / 1e-30 == pytest.approx((net.gradient(X, y)["W"] * V).sum(), rel=1e-12)


def test_a_difference_across_kinks_is_outside_and_wrong():
    evidence = GradientFormula(reach=1000).check(rng=0)
    assert evidence.verdict == "outside" and "no gate flips" in evidence.sentence
    assert (abs(evidence.measured - evidence.predicted) > 100 * evidence.error).all()


def test_large_output_weights_break_the_bound_on_a_step():
    evidence = NeuronStep(widths=(50, 200), output=3.0).check(rng=0)
    assert evidence.verdict == "outside" and "signs" in evidence.sentence
    assert (evidence.measured > evidence.predicted).any()


def test_flips_of_a_step_are_near_kinks():
    evidence = NeuronStep(widths=(50, 200)).check(rng=0)
    assert (evidence.data["flips"] <= evidence.data["allowed"]).all() and evidence.data["flips"].min() > 0


def test_outputs_at_the_start_need_signs_and_the_root():
    same = StartOutputs(signs=False).check(rng=0)
    m = np.array(StartOutputs().widths)
    assert same.verdict == "outside"
    assert abs(same.measured - 0.5 - (m - 1) / (2 * np.pi)).max() < 4 * same.error.max()
    mean_field = StartOutputs(exponent=1.0).check(rng=0)
    assert mean_field.verdict == "outside" and np.allclose(mean_field.measured, 0.5 / m, rtol=0.3)


def test_outputs_by_whole_networks():
    squares = np.array([TwoLayer.init(64, 5, rng=seed)(X[:1])[0] for seed in range(800)]) ** 2
    assert abs(squares.mean() - 0.5) < 4 * squares.std() / np.sqrt(800)


@pytest.mark.parametrize(
    ("draw", "grids"),
    [
        (neurons_film, {"m": [10, 40, 160, 640, 2560], "step": list(FILM)}),
        (one_neuron, {"a": [-1, 1, 3], "direction": [0.0, 1.0, 4.0, 6.2]}),
    ],
)
def test_films_keep_their_layers(draw, grids):
    film = Exploration(draw, "film", None, grids)
    assert film.data(film._states()[1])["columns"] > 0
    assert len({picture.sentence for picture in film.frames}) > len(film.frames) / 2


def test_hollow_marker_where_the_lemma_is_silent():
    for a, filled in (1.0, True), (3.0, False):
        dot, hollow = one_neuron(1.0, a).panels[1].layers[-2:]
        assert np.isfinite(dot.x).all() == filled and np.isfinite(hollow.x).all() == (not filled)


def test_nobody_changes_the_network():
    net = TwoLayer.init(20, 5, rng=0)
    before = replace(net, W=net.W.copy())
    first_flip(net.W, net.W, X)
    assert np.array_equal(before.W, net.W)


@pytest.mark.parametrize("reach", [0, -5])
def test_a_difference_without_a_length_is_refused(reach):
    with pytest.raises(ValueError, match="reach must be positive"):
        GradientFormula(reach=reach).check(rng=0)


def test_two_widths_make_a_picture():
    theorem = NeuronStep(widths=(50, 200), networks=3)
    assert len(theorem.draw(theorem.check(rng=0)).panels) == 2
