"""The certificate by second routes, the certified width, the law of the flipped gates, and the stored experiments."""

import subprocess
import sys

import numpy as np
import pytest

from lib.data import random_signs, sphere
from lib.dynamics import gradient_descent
from lib.kernels import h_infinity
from lib.networks import TwoLayer
from lib.sweeps import load_csv
from lib.theorems.du_2018.certificate import (
    CertifiedWidth,
    ExplicitCertificate,
    Start,
    WidthExperiments,
    certified_width,
    certify,
    experiment_at,
    exponent,
    full_size,
)
from lib.theorems.du_2018.experiment import SEEDS, STEPS, STORED, WIDTHS, flip_law, in_float32, section_5, watch

X, SIGNS = sphere(5, 50, rng=0), random_signs(5, 1)
SIZE = np.linalg.norm(X, 2) ** 2
NET = TwoLayer.init(10_000, 50, rng=2, antisymmetric=True)


@pytest.mark.parametrize("eta", [None, 0.25 / SIZE])
def test_least_radius_is_that_of_a_search_over_all_margins(eta):
    found = certify(NET, X, 0.07 * SIGNS, eta)
    start = Start.of(NET, X, 0.07 * SIGNS, eta)
    assert found.closes and found.reach == pytest.approx(found.R)
    radii = np.append(np.geomspace(1e-5, 1, 3000), found.R)
    closing = [R for R in radii if start.within(R).closes]
    assert min(closing) == found.R
    assert np.all(np.diff([start.within(R).reach for R in np.geomspace(1e-5, 0.01, 50)]) >= 0)


def test_certificate_by_hand():
    y, R, eta = 0.05 * SIGNS, 0.01, 0.25 / SIZE
    b = np.sqrt(SIZE * (abs(NET.W @ X.T) <= R).mean(axis=0).max())
    least = (np.sqrt(np.linalg.eigvalsh(NET.gram(X))[0]) - b) ** 2
    rho = 2 - 0.25 - 2 * b / np.sqrt(least)
    found = Start.of(NET, X, y, eta).within(R)
    assert (found.least, found.rho) == pytest.approx((least, rho))
    B = np.linalg.norm(NET(X) - y)
    assert found.reach == pytest.approx(2 * np.sqrt(SIZE) * B / (100 * least * rho))
    assert Start.of(NET, X, y).within(R).reach == pytest.approx(np.sqrt(SIZE) * B / (100 * least))


def test_larger_labels_lose_the_certificate_and_still_train():
    found = certify(NET, X, 0.7 * SIGNS, 0.25 / SIZE)
    loss = gradient_descent(NET, X, 0.7 * SIGNS, 0.25 / SIZE, 150).loss
    assert not found.closes and loss[-1] < 1e-6 * loss[0]


@pytest.mark.parametrize("eta", [None, 0.1])
def test_start_that_an_input_is_hidden_from_has_none(eta):
    W = TwoLayer.init(100, 5, rng=0).W.copy()
    W[:, 0] = -abs(W[:, 0])
    found = certify(TwoLayer(W, random_signs(100, 1)), np.eye(5), np.ones(5), eta)
    assert not found.closes and found.least == 0


def test_step_that_is_too_large_has_none():
    assert not certify(NET, X, 1e-6 * SIGNS, 2 / SIZE).closes
    assert certify(NET, X, 1e-6 * SIGNS, 1.8 / SIZE).closes


@pytest.mark.parametrize(
    "net, y, eta, message",
    [
        (TwoLayer(NET.W[:2], [1.0, 2.0]), SIGNS, None, r"a\[1\] = 2"),
        (NET, SIGNS[:3], None, "y"),
        (NET, SIGNS, -1.0, "eta"),
    ],
)
def test_bad_input_is_named(net, y, eta, message):
    with pytest.raises((TypeError, ValueError), match=message):
        certify(net, X, y, eta)
    with pytest.raises(ValueError, match="norm"):
        certify(NET, 2 * X, SIGNS)


def test_certified_width_is_the_largest_of_its_three_conditions():
    lam, delta = np.linalg.eigvalsh(h_infinity(X))[0], 0.1
    R, log = 0.0158 * lam / SIZE, np.log(15 / delta)
    for C, antisymmetric in (0.001, True), (1.0, True), (1.0, False):
        y = C * SIGNS
        B2 = y @ y if antisymmetric else 3 / delta * (y @ y + 2.5)
        few = (1 + antisymmetric) * max(32 * SIZE / lam * log, 3.76 / R * log)
        expected = max(few, 64_100 * SIZE**3 * B2 / lam**4)
        got = certified_width(X, y, delta, antisymmetric=antisymmetric)
        assert expected <= got <= expected + 2 and got % 2 == 0


@pytest.mark.parametrize("seed", range(5))
def test_certified_width_is_certified(seed):
    y = 0.025 * SIGNS
    net = TwoLayer.init(certified_width(X, y, 0.1, antisymmetric=True), 50, rng=seed, antisymmetric=True)
    found = certify(net, X, y, 0.5 / SIZE)
    assert found.closes and found.least * found.rho >= np.linalg.eigvalsh(h_infinity(X))[0] / 2
    assert found.R <= 0.0158 * np.linalg.eigvalsh(h_infinity(X))[0] / SIZE


# ---------------------------------------------------------------- the experiments


def test_law_after_one_step_is_its_formula():
    Z, e = sphere(4, 6, rng=0), np.array([1.0, -0.5, 0.3, 2.0])
    total, rng = 0, np.random.default_rng(1)
    for i, x in enumerate(Z):
        w = rng.standard_normal((40_000, 6)) @ (np.eye(6) - np.outer(x, x))
        s = (w @ np.delete(Z, i, 0).T >= 0) @ np.delete((Z @ x) * e, i)
        total += 0.3 / 2 * (abs(s + e[i]) + abs(s)).mean() / (4 * np.sqrt(2 * np.pi))
    law, error = flip_law(Z, [e], 0.3, rng=2, draws=2000)
    assert abs(law[1] - total) < 4 * error[1] + 0.002 * total


def test_law_is_homogeneous_in_the_residuals():
    Z, e = sphere(4, 6, rng=0), np.random.default_rng(3).standard_normal((5, 4))
    one, three = (flip_law(Z, c * e, 0.3, rng=2, draws=50)[0] for c in (1, 3))
    assert np.allclose(three, 3 * one)


def test_wide_networks_follow_the_law():
    Z, y = sphere(6, 20, rng=0), random_signs(6, 1)
    runs = [watch(TwoLayer.init(100_000, 20, rng=seed, antisymmetric=True), Z, y, 0.3, 10) for seed in range(3)]
    flips = np.mean([run["flips"] for run in runs], axis=0)[1:] * np.sqrt(100_000)
    law = flip_law(Z, runs[0]["residuals"][:-1], 0.3, rng=0, draws=1000)[0][1:]
    assert np.allclose(flips, law, rtol=0.1)  # about 2000 neurons flip


def test_distances_lie_between_their_bounds_at_every_step():
    for eta in 0.1, 0.5:
        seen = watch(TwoLayer.init(50, 50, rng=3), X, SIGNS, eta, 60)
        assert (seen["low"] <= seen["distance"] * (1 + 1e-9)).all()
        assert (seen["distance"] <= seen["high"] * (1 + 1e-9)).all()


def test_exponent_of_a_power():
    assert exponent([10, 100, 1000], np.array([10.0, 100, 1000]) ** -0.7) == pytest.approx(-0.7)


def test_single_precision_is_enough_for_the_experiments():
    net = TwoLayer.init(500, 50, rng=3)
    double = watch(net, X, SIGNS, 0.3, 50)
    single = watch(in_float32(net), X.astype(np.float32), SIGNS, 0.3, 50)
    for name in "loss", "distance":
        assert np.allclose(single[name][:40], double[name][:40], rtol=1e-3)


# ---------------------------------------------------------------- the stored table


def test_stored_table_is_whole_and_small():
    table = load_csv(STORED)
    assert STORED.stat().st_size < 100_000 and not table.interrupted and table.date
    assert len(table) == len(WIDTHS) * len(SEEDS)
    assert set(table["m"]) == set(WIDTHS) and set(table["n"]) == {1000}
    assert (table["step"] == np.array(STEPS)).all()
    assert (table["low"] <= table["distance"] * 1.001).all() and (table["distance"] <= table["high"] * 1.001).all()


def test_stored_table_says_what_the_chapter_says():
    table = load_csv(STORED)
    for name in "flips", "distance":
        slopes = exponent(WIDTHS, table[name][:, -1].reshape(len(WIDTHS), -1).T)
        assert abs(slopes.mean() + 0.5) < 0.03
    assert len(full_size(table).panels) == 3


def test_command_goes_on_where_it_was_and_writes_the_same_table(tmp_path):
    command = [sys.executable, "-m", "lib.theorems.du_2018.experiment", "--n", "4", "--workers", "1"]
    for name in "first", "second":
        paths = ["--runs", str(tmp_path / "runs"), "--csv", str(tmp_path / f"{name}.csv")]
        done = subprocess.run([*command, *paths], capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()
    assert len(list((tmp_path / "runs").glob("*.json"))) == len(WIDTHS) * len(SEEDS)


def test_one_network_is_reproducible():
    one, two = (section_5(m=100, n=6, eta=0.3, rng=5) for _ in range(2))
    assert all((one[name] == two[name]).all() for name in one)


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "theorem, verdict",
    [
        (ExplicitCertificate(C=0.7, networks=1), "outside"),
        (ExplicitCertificate(C=0.7, networks=1, route="flow"), "outside"),
        (ExplicitCertificate(antisymmetric=False, networks=1), "outside"),
        (ExplicitCertificate(n=3, m=4000, C=0.02, networks=1), "holds"),
        (CertifiedWidth(m=100), "outside"),
        (CertifiedWidth(edge=1.0), "outside"),
        (WidthExperiments(kappa=0.3), "outside"),
    ],
)
def test_verdicts(theorem, verdict):
    evidence = theorem.check(rng=0)
    assert evidence.verdict == verdict, evidence.sentence
    assert theorem.draw(evidence).sentence == evidence.sentence


def test_picture_of_one_width_says_what_it_shows():
    assert "100 steps" in experiment_at(200, n=10).sentence


def test_few_networks_cannot_tell_a_small_share_of_failures():
    evidence = CertifiedWidth(networks=24).check(rng=0)
    assert evidence.measured == 0 and evidence.verdict == "cannot tell"


def test_parallel_inputs_and_no_residual_are_outside():
    assert certified_width([[1.0], [1.0]], [1.0, -1.0], 0.1) == certified_width([[1.0]], [1.0], 0.0) == np.inf
    none = ExplicitCertificate(C=0.0, networks=1)
    for theorem, name in (CertifiedWidth(d=1), "positive definite"), (none, "the residual"):
        evidence = theorem.check(rng=0)
        assert evidence.verdict == "outside" and name in " ".join(h.name for h in evidence.broken)


def test_nonsense_is_refused_by_name():
    with pytest.raises(ValueError, match="route must be"):
        ExplicitCertificate(route="gd")
    with pytest.raises(ValueError, match="residuals must have 5 columns"):
        flip_law(X, [[1.0, 2.0]], 0.1, rng=0)
    with pytest.raises(ValueError, match="draws must be at least 2"):
        flip_law(X, [SIGNS], 0.1, rng=0, draws=1)
