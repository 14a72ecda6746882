"""Verdicts are decided by error bars alone, and every theorem of the registry answers the same battery of questions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.figures import Picture
from lib.theorems import basri_2019, registry
from lib.theorems.du_2018 import limit
from lib.theorems.theorem import VERDICTS, Evidence, Hypothesis, number

THEOREMS = registry()
NAMES = [theorem.title for theorem in THEOREMS]
BROKEN = Hypothesis("width", "m ≥ 4e13", "m = 4,096", False)


def evidence(relation="=", predicted=1.0, measured=1.0, error=0.1, **more):
    rival = {"rival": 2.0} if relation == "=" else {}
    return Evidence("a theorem", "the value", relation, predicted, measured, error, **(rival | more))


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (evidence(measured=1.39), "holds"),
        (evidence(measured=1.41), "fails"),
        (evidence(measured=1.0, error=0.26), "cannot tell"),
        (evidence("<=", measured=0.2), "holds"),
        (evidence("<=", measured=1.3), "holds"),
        (evidence("<=", measured=1.5), "fails"),
        (evidence("<=", measured=0.2, error=0.3), "cannot tell"),
        (evidence("<=", 0.1, 0.98, 0.027), "fails"),
        (evidence("<=", 0.1, 0.2, 0.027), "cannot tell"),
        (evidence(measured=1000.0, error=0.26), "fails"),
        (evidence("<=", 0.0, 5.0, 0.0), "fails"),
        (evidence(">", 0.0, 1.0), "holds"),
        (evidence(">", 0.0, 0.3), "cannot tell"),
        (evidence(">", 0.0, 0.0), "cannot tell"),
        (evidence(">", 0.0, -1.0), "fails"),
        (evidence("between", (0, 1), 0.5), "holds"),
        (evidence("between", (0, 1), 1.5), "fails"),
        (evidence("between", (0, 1), 0.5, 0.3), "cannot tell"),
        (evidence("between", (1, 0), 0.5, 0.0), "fails"),
        (evidence(measured=[1, 1, 3]), "fails"),
        (evidence(measured=9, hypotheses=(BROKEN,)), "outside"),
    ],
)
def test_verdict_follows_from_error_bars(made, verdict):
    assert made.verdict == verdict
    assert made.holds == (verdict == "holds")


def test_outside_names_the_hypothesis_and_by_how_much():
    sentence = evidence(measured=9, hypotheses=(BROKEN,)).sentence
    assert "outside" in sentence and "m ≥ 4e13" in sentence and "m = 4,096" in sentence and "measured as 9" in sentence


def test_sentence_reports_the_case_that_is_closest_to_breaking():
    worst_of_two = evidence(predicted=[1, 5], measured=[1.1, 5.3], rival=[2, 9])
    assert "predicted to be 5 and was measured as 5.3" in worst_of_two.sentence
    assert "measured as 0.9" in evidence("<=", measured=[0.1, 0.9, 0.2]).sentence


@given(st.floats(-5, 5), st.floats(0, 1), st.floats(-5, 5))
def test_verdict_is_one_of_four_and_in_the_sentence(measured, error, predicted):
    made = Evidence("t", "the value", "=", predicted, measured, error, rival=predicted + 1)
    words = {"holds": "claim holds", "fails": "claim FAILS", "cannot tell": "cannot tell"}
    assert made.verdict in VERDICTS and words[made.verdict] in made.sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"relation": "<"}, "relation must be one of"),
        ({"relation": "=", "rival": None}, "rival must be given"),
        ({"measured": np.nan}, "measured must be finite"),
        ({"error": [0.1, np.inf]}, "error must be finite"),
        ({"rival": np.nan}, "rival must be finite"),
        ({"measured": []}, "measured must have a case"),
        ({"error": -0.1}, "error none below 0"),
    ],
)
def test_bad_evidence_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        evidence(**arguments)


def test_numbers_are_short():
    assert [number(x) for x in (0, -1, 20_000, 0.123456, 3.2e-9)] == ["0", "−1", "20,000", "0.1235", "3.2·10⁻⁹"]


def test_digits_stop_where_the_error_begins():
    cases = [(7.10723, 0.42, "7.11"), (0.30111, 0.0021, "0.3011"), (0.3, 2.0, "0.3"), (123.456, 30, "123"), (0.0, 0.1, "0")]
    for x, error, text in cases:
        assert number(x, error) == text, (x, error)


@pytest.fixture(scope="module")
def scores():
    return {theorem: theorem.check(rng=0) for theorem in THEOREMS}


@pytest.mark.parametrize("theorem", THEOREMS, ids=NAMES)
class TestEveryTheorem:
    def test_holds_on_the_scoreboard(self, theorem, scores):
        assert scores[theorem].holds, scores[theorem].sentence

    def test_holds_for_other_seeds(self, theorem):
        for seed in (1, 2, 3):
            made = theorem.check(rng=seed)
            assert made.holds, f"seed {seed}: {made.sentence}"

    def test_twin_fails(self, theorem):
        made = theorem.twin().check(rng=0)
        assert made.verdict == "fails", made.sentence

    def test_same_seed_same_numbers(self, theorem, scores):
        again = theorem.check(rng=np.random.default_rng(0))
        assert np.array_equal(again.measured, scores[theorem].measured)

    def test_needs_a_seed(self, theorem):
        with pytest.raises(TypeError, match="rng"):
            theorem.check(rng=None)

    def test_states_its_hypotheses(self, theorem, scores):
        assert scores[theorem].hypotheses and scores[theorem].title in scores[theorem]._repr_markdown_()

    def test_draws_its_evidence(self, theorem, scores):
        picture = theorem.draw(scores[theorem])
        assert isinstance(picture, Picture)
        assert any(c.isdigit() for c in picture.alt) and len(picture.alt) >= 60


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


CALIBRATED = (
    limit.ClosedForm(draws=20_000),
    limit.MeanSquareDeviation(n=8, d=4, widths=(100, 400), networks=100),
    basri_2019.SphereSpectrum(n=60, sets=30, degrees=3),
)


@pytest.mark.parametrize("theorem", CALIBRATED, ids=lambda t: t.title)
def test_error_bars_are_as_wide_as_the_scatter(theorem):
    """Deviations in units of their error bars have root mean square 1: neither timid nor bold."""
    checks = [theorem.check(rng=seed) for seed in range(60)]
    z = np.array([(e.measured - e.predicted) / e.error for e in checks])
    assert np.all((0.7 < np.sqrt((z**2).mean(axis=0))) & (np.sqrt((z**2).mean(axis=0)) < 1.35))
    assert abs(z.mean(axis=0)).max() < 0.55  # four standard errors of a mean of sixty


def test_room_is_how_far_a_bound_exceeds_the_measurement():
    assert evidence("<=", [1.0, 1.0], [0.5, 0.1], 0.0).room == 2
    assert evidence("between", ([1, 1], [9, 9]), [4, 3], 0.0).room == 3
    assert evidence().room is None


def test_picture_of_a_broken_hypothesis_makes_no_claim():
    assert evidence(hypotheses=(BROKEN,)).claim("All is well.") != "All is well."
    assert evidence().claim("All is well.") == "All is well."
