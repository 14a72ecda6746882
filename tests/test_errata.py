"""The errata: every entry is complete, and every measurement tells the corrected formula from the other one."""

import re
from pathlib import Path

import jupytext
import numpy as np
import pytest

from lib.data import sphere
from lib.dynamics import gradient_flow
from lib.figures import Picture
from lib.kernels import h_infinity
from lib.networks import TwoLayer
from lib.theorems import errata
from lib.theorems.errata import ERRATA, Comparison, Says

CHAPTER = (Path(__file__).resolve().parents[1] / "book" / "errata.md").read_text(encoding="utf-8")
ENTRIES = {
    number: (label, title, body)
    for label, number, title, body in re.findall(
        r"(?ms)^\((err-[\w-]+)\)=\n### (E-\d+)\. ([^\n]+)\n(.*?)(?=^\(err-|^## )", CHAPTER
    )
}
FIELDS = "Says", "Seen", "Write instead", "Cell"
WORDING = "E-21", "E-25"  # headings and particles: nothing to compute


def test_every_entry_of_the_list_is_there_in_order():
    assert list(ENTRIES) == [f"E-{k}" for k in range(1, 31)]
    labels = [label for label, _, _ in ENTRIES.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_has_its_four_fields_in_order(entry):
    _, _, body = ENTRIES[entry]
    assert re.findall(r"(?m)^\*\*([\w ]+)\.\*\* ", body) == list(FIELDS)
    for text in re.split(r"(?m)^\*\*[\w ]+\.\*\* ", body)[1:]:
        assert text.strip(), "an empty field"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry not in WORDING])
def test_entry_has_a_cell_that_asserts_or_compares(entry):
    _, _, body = ENTRIES[entry]
    code = "\n".join(re.findall(r"(?s)```\{code-cell\} ipython3\n(.*?)```", body))
    assert "assert" in code or ".compare(rng=" in code


def test_every_measured_entry_stands_in_its_section():
    for erratum in ERRATA:
        label, title, body = ENTRIES[erratum.ledger_id]
        assert (label, title) == (erratum.label, erratum.title)
        name = next(key for key, value in vars(errata).items() if value is erratum)
        assert f"errata.{name}.compare(rng=0)" in body


def test_cells_are_narrow():
    for cell in jupytext.reads(CHAPTER, fmt="md:myst").cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if "caption:" not in line]
            assert max(map(len, lines)) <= 88, max(lines, key=len)


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: e.ledger_id)
class TestEveryMeasurement:
    def test_holds_for_the_corrected_formula_and_fails_for_the_other(self, erratum):
        for seed in range(4):
            made = erratum.compare(rng=seed)
            assert made.evidence.verdict == "holds", f"seed {seed}: {made.evidence.sentence}"
            assert made.against.verdict == "fails", f"seed {seed}: {made.against.sentence}"

    def test_same_seed_same_numbers(self, erratum):
        first, again = erratum.check(rng=0), erratum.check(rng=np.random.default_rng(0))
        assert np.array_equal(first.measured, again.measured)

    def test_needs_a_seed(self, erratum):
        with pytest.raises(TypeError, match="rng"):
            erratum.check(rng=None)

    def test_prints_both_readings(self, erratum):
        table = erratum.compare(rng=0)._repr_markdown_()
        assert "**holds**" in table and "fails" in table and f"| {erratum.reading} |" in table
        assert not re.search(r"(?<!\\)\|.*\|.*\|.*\|.*\|", erratum.reading)


def test_comparison_names_the_case_that_decides():
    made = Comparison("t", "the value", [1.0, 2.0], 0.1, Says([1.0, 2.3]), Says([3.0, 4.0]))
    assert made.texts()[:2] == ("2.3", "4") and "tightest of 2 cases" in made._repr_markdown_()


def test_the_floor_binds_every_first_layer():
    """E-2: no first layer at all brings the loss below the floor if output weights are positive."""
    X, y = errata.problem(0)
    rng = np.random.default_rng(1)
    for scale in 0.01, 1.0, 100.0:
        net = TwoLayer(scale * rng.standard_normal((50, 10)), rng.uniform(size=50))
        assert ((net(X) - y) ** 2).sum() / 2 >= (y[y < 0] ** 2).sum() / 2


def test_deep_kernel_is_the_jacobian_times_itself():
    """E-13: the three terms against differences of the output in all weights of a small network."""
    X, m = sphere(3, 2, rng=0), 3
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((m, 2)), rng.standard_normal((m, m)), rng.standard_normal(m)

    def output(flat):
        W_1, W_2, a = flat[: 2 * m].reshape(m, 2), flat[2 * m : -m].reshape(m, m), flat[-m:]
        c = np.sqrt(2 / m)
        return c * np.maximum(c * np.maximum(X @ W_1.T, 0) @ W_2.T, 0) @ a

    flat, h = np.concatenate([w.ravel() for w in weights]), 1e-6
    J = np.array([(output(flat + h * step) - output(flat - h * step)) / (2 * h) for step in np.eye(len(flat))]).T
    assert np.allclose(J @ J.T, errata.deep_kernel(X, m, rng=1), atol=1e-6)


def test_deep_limit_of_one_layer_is_the_sum_of_both_two_layer_kernels():
    X = sphere(5, 4, rng=2)
    theta = np.arccos(np.clip(X @ X.T, -1, 1))
    outputs = (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / np.pi
    assert np.allclose(errata.deep_limit(X, layers=1), 2 * h_infinity(X) + outputs, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_picture_of_the_law_says_whether_there_is_a_floor(share):
    picture = errata.some_minus(share, m=100, steps=100)
    assert isinstance(picture, Picture)
    assert ("the floor is" in picture.sentence) == (share == 0)


@pytest.mark.parametrize(("share", "words"), [(1.0, "leave some"), (1.5, "share must lie"), (-0.1, "share must lie")])
def test_a_share_without_positive_weights_is_refused(share, words):
    with pytest.raises(ValueError, match=words):
        errata.some_minus(share, m=20, steps=10)


def test_a_layer_without_a_velocity_rests():
    net, X = TwoLayer.init(30, 4, rng=0), sphere(3, 4, rng=1)
    a = np.random.default_rng(2).standard_normal(30)
    derivative, error = errata.difference(net, X, {"a": a})
    assert np.allclose(derivative, TwoLayer(net.W, a)(X), rtol=0, atol=4 * error.max())


def test_error_bar_of_the_flow_covers_what_a_finer_flow_changes():
    """E-17: the same flow, with a tenth of the error allowed in a step."""
    rng = np.random.default_rng(0)
    X, y = errata.problem(rng)
    loss = gradient_flow(TwoLayer.init(errata.WIDTH, errata.D, rng), X, y, [0.0, 2.0, 5.0, 10.0], rtol=1e-4).loss
    made = errata.CORE_EQUATION.check(rng=0)
    assert (abs(made.measured - loss[1:] / loss[0]) < made.error).all()
