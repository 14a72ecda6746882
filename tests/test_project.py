"""What stands around the chapters is complete and true: notation, references, commands, citation, tone."""

import inspect
import pkgutil
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_file

import lib

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
PAGES = {
    path.relative_to(BOOK).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
    for path in BOOK.rglob("*.md")
    if "assets" not in path.parts
}
NOTATION = yaml.safe_load((BOOK / "notation.yml").read_text(encoding="utf-8"))
REFERENCES = parse_file(BOOK / "references.bib", bib_format="bibtex").entries
FIELDS = "group", "symbol", "meaning", "shape", "code", "page", "defined"
LABEL = re.compile(r"^:label: (\S+)|^\(([\w-]+)\)=|^\$\$ \(([\w-]+)\)", re.M)


def labels(page):
    return {label for groups in LABEL.findall(PAGES[page]) for label in groups if label}


def public(module):
    """Functions, classes and methods that a module of lib defines and offers."""
    for name, thing in vars(module).items():
        if not name.startswith("_") and callable(thing) and getattr(thing, "__module__", "") == module.__name__:
            yield thing
            if inspect.isclass(thing):
                yield from (f for key, f in inspect.getmembers(thing, callable) if not key.startswith("_"))


def documented_arguments():
    """Names of the arguments of everything public in lib; the fields of a dataclass are arguments, too."""
    names = set()
    for info in pkgutil.walk_packages(lib.__path__, "lib."):
        for thing in public(import_module(info.name)):
            try:
                names |= set(inspect.signature(thing).parameters)
            except ValueError:  # a built-in without a signature
                continue
    return names


def exists(dotted):
    """Whether a dotted name leads to something in lib."""
    parts = dotted.split(".")
    for k in range(len(parts), 0, -1):
        try:
            thing = import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for name in parts[k:]:
            thing = getattr(thing, name, None)
        return thing is not None
    return False


@pytest.mark.parametrize("entry", NOTATION, ids=lambda e: e["symbol"])
def test_notation_entry_is_complete_and_leads_to_its_definition(entry):
    assert tuple(entry) == FIELDS
    assert all(isinstance(value, str) for value in entry.values())
    assert entry["symbol"] and entry["meaning"] and "$" not in entry["symbol"]
    assert not any("|" in value for value in entry.values()), "a bar would end the cell of the table"
    assert all(value.count("$") % 2 == 0 for value in entry.values())
    assert entry["defined"] in labels(entry["page"])


def test_notation_names_code_that_exists():
    arguments = documented_arguments()
    for entry in NOTATION:
        name = entry["code"].split("[")[0]
        assert not name or name in arguments or (name.startswith("lib.") and exists(name)), entry


def test_notation_has_no_symbol_twice_and_groups_stand_together():
    symbols = [entry["symbol"] for entry in NOTATION]
    groups = [entry["group"] for entry in NOTATION]
    assert len(symbols) == len(set(symbols))
    assert groups == sorted(groups, key=groups.index)


def test_every_citation_is_in_the_references():
    for page, text in PAGES.items():
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text):
            assert {key.strip() for key in keys.split(",")} <= set(REFERENCES), page


def test_references_lists_every_source_with_its_use():
    assert re.search(r"^:::\{bibliography\}\n:all:\n:::$", PAGES["references"], re.M)
    assert all(entry.fields.get("note") for entry in REFERENCES.values())


def test_every_author_year_and_title_is_given():
    for key, entry in REFERENCES.items():
        assert entry.persons.get("author") and {"title", "year"} <= set(entry.fields), key


def test_citation_has_the_version_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == version
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_commands_and_files_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"^make (\w+)|`make (\w+)", readme, re.M))
    assert {a or b for a, b in named} == targets
    files = re.findall(r"\]\(([\w.-]+)\)|FILE=([\w./-]+)|-r ([\w.]+)|^\| `([\w./]+)`", readme, re.M)
    assert all((ROOT / name).exists() for groups in files for name in groups if name)


def test_chapters_of_the_contents_exist_and_are_on_the_map():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"].removeprefix("book/") for part in contents["parts"] for chapter in part["chapters"]]
    assert set(files) <= set(PAGES)
    assert all(f"]({name}.md)" in PAGES["intro"] for name in files)


@pytest.mark.parametrize("page", PAGES)
def test_text_promises_nothing_and_calls_nothing_easy(page):
    prose = PAGES[page]
    for words in (
        r"TODO|FIXME|XXX|coming soon|under construction|(?:is|are|yet|still|more) to come",
        r"clearly|obvious|obviously|trivially|straightforward|straightforwardly|of course",
        r"well[- ]known|easy to (?:see|check|verify)",
    ):
        found = re.search(rf"\b(?:{words})\b", prose, re.I)
        assert not found, f"{page}.md: {found.group()!r}"
