"""The chapters read as data: every registered theorem lives through its seven beats, in order, and the house rules hold."""

import re
from pathlib import Path

import jupytext
import pytest

from lib.theorems import registry

BOOK = Path(__file__).resolve().parents[1] / "book"
PAGES = sorted(path for path in BOOK.rglob("*.md") if "_ext" not in path.parts)
STATEMENTS = "theorem|lemma|proposition|corollary"
THEOREMS = list({theorem.label: theorem for theorem in registry()}.values())
BEATS = "statement", "proof", "derivation", "simulation", "picture", "try-it", "exercise"


def cells(text):
    """(tags, metadata, source) of the code cells of a page, in order."""
    for cell in jupytext.reads(text, fmt="md:myst").cells:
        if cell.cell_type == "code":
            yield set(cell.metadata.get("tags", [])), cell.metadata, cell.source


def section(label):
    """The part of a chapter between the second-level headings around a statement's label."""
    for path in PAGES:
        for part in re.split(r"(?m)^(?=## )", path.read_text(encoding="utf-8")):
            if re.search(rf"(?m)^:label: {label}$", part):
                return path, part
    pytest.fail(f"no page states {label}")


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.label)
def test_seven_beats_in_order(theorem):
    path, part = section(theorem.label)
    assert path == BOOK / f"{theorem.chapter}.md"
    name = theorem.label.split("-", 1)[1]
    patterns = {
        "statement": rf":::\{{prf:(?:{STATEMENTS})\}}[^\n]*\n:label: {theorem.label}\n",
        "proof": r"::::\{dropdown\} Proof[^\n]*\n:::\{prf:proof\}",
        "derivation": r"tags: \[derivation",
        "simulation": r"tags: \[simulation",
        "picture": r"tags: \[picture",
        "try-it": r"tags: \[try-it",
        "exercise": rf":label: ex-{name}-",
    }
    places = {beat: match.start() if (match := re.search(patterns[beat], part)) else None for beat in BEATS}
    assert None not in places.values(), f"{theorem.label} lacks {[beat for beat in BEATS if places[beat] is None]}"
    assert sorted(places, key=places.get) == list(BEATS)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda t: t.label)
def test_beats_do_what_they_say(theorem):
    _, part = section(theorem.label)
    found = {tag: source for tags, _, source in cells(part) for tag in tags}
    assert "assert" in found["derivation"]
    assert ".check(rng=" in found["simulation"] and type(theorem).__name__ in found["simulation"]
    assert ".draw(" in found["picture"]
    assert "explore(" in found["try-it"] and "Guess first" in part
    name = theorem.label.split("-", 1)[1]
    for kind in "hand", "code", "break":
        label = f"ex-{name}-{kind}"
        assert f":label: {label}\n" in part, f"no exercise {label}"
        assert re.search(rf":::\{{solution-start\}} {label}\n:class: dropdown\n", part), f"no solution of {label}"
    solution = re.search(rf"solution-start\}} ex-{name}-code\n(.*?)solution-end", part, re.S)[1]
    assert "{code-cell}" in solution and "assert" in solution, "the solution in code is not executed or asserts nothing"


def test_pictures_have_captions():
    for path in PAGES:
        for tags, metadata, _ in cells(path.read_text(encoding="utf-8")):
            if "picture" in tags:
                assert metadata["mystnb"]["figure"]["caption"].rstrip().endswith("."), path


def test_every_statement_is_proved_in_place():
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        statements = re.findall(rf"\{{prf:(?:{STATEMENTS})\}}", text)
        assert len(re.findall(r"\{prf:proof\}", text)) >= len(statements), path


def test_cells_are_short_and_imports_come_first():
    for path in PAGES:
        for k, (_, _, source) in enumerate(cells(path.read_text(encoding="utf-8"))):
            lines = [line for line in source.splitlines() if line.strip()]
            assert len(lines) <= 15, f"{path.name}, cell {k + 1}: {len(lines)} lines"
            assert k == 0 or not re.search(r"(?m)^(?:import|from) ", source), f"{path.name}, cell {k + 1} imports"


def test_randomness_is_passed_in():
    for path in PAGES:
        for _, _, source in cells(path.read_text(encoding="utf-8")):
            assert not re.search(r"np\.random\.(?!default_rng|Generator)|default_rng\(\)", source), path
