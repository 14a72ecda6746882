"""The build: every fault is fatal each time, only what changed is run, chapters run side by side, two builds agree."""

import ast
import filecmp
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
BUILD = "jupyter-book build -W -n --keep-going ."
CHAPTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# {title}

{prose}

```{{code-cell}} ipython3
import os, time
start = time.time()
{code}
with open(os.environ["BOOK_TEST_RUNS"], "a") as runs:
    print("{name}", start, time.time(), file=runs)
```
"""


class Book:
    """A small book in ``root`` that is built by the project's own configuration, extension and command."""

    def __init__(self, root):
        self.root, self.runs = root, root / "runs.txt"
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        del config["bibtex_bibfiles"]
        self.write("_config.yml", yaml.safe_dump(config))
        for folder in config["sphinx"]["config"]["html_static_path"]:
            (root / folder).mkdir(parents=True)
        for name in ("book.css", "figures.css", "explore.js", "book.js"):
            self.write(f"book/assets/{name}", "")
        shutil.copytree(ROOT / "book" / "_ext", root / "book" / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
        self.write("lib/__init__.py", "")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def chapter(self, name, code="pass", prose="Some words."):
        self.write(f"book/{name}.md", CHAPTER.format(title=name.title(), prose=prose, code=code, name=name))

    def contents(self, root, *chapters):
        toc = {"format": "jb-book", "root": f"book/{root}", "chapters": [{"file": f"book/{name}"} for name in chapters]}
        self.write("_toc.yml", yaml.safe_dump(toc))

    def build(self):
        """Run the command; afterwards `code`, `output` and `stamps` (chapter, start, end of each run) describe it."""
        self.runs.unlink(missing_ok=True)
        python = ":".join([str(self.root), *os.environ.get("PYTHONPATH", "").split(":")]).strip(":")
        env = os.environ | {"BOOK_TEST_RUNS": str(self.runs), "PYTHONPATH": python, "PYTHONDONTWRITEBYTECODE": "1"}
        program, *arguments = shlex.split(BUILD)
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=120)
        self.code, self.output = done.returncode, done.stdout + done.stderr
        lines = self.runs.read_text().split("\n") if self.runs.exists() else []
        self.stamps = [(name, float(start), float(end)) for name, start, end in map(str.split, filter(None, lines))]
        return self

    def expect_success(self):
        assert self.code == 0, self.output[-3000:]
        return self

    @property
    def ran(self):
        return sorted(name for name, _, _ in self.stamps)

    def page(self, name):
        return (self.root / "_build" / "html" / "book" / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Three chapters and four modules: `first` reaches lib.inner through lib.outer, `second` reads a file beside it."""
    book = Book(tmp_path_factory.mktemp("book"))
    book.write("lib/inner.py", "VALUE = 'inner-1'\n")
    book.write("lib/outer.py", "from lib.inner import VALUE\n")
    book.write("lib/other.py", "VALUE = 'other-1'\n")
    book.write("lib/lonely.py", "VALUE = 1\n")
    book.write("book/numbers.txt", "numbers-1")
    book.chapter("first", "from lib.outer import VALUE\ntime.sleep(2)\nprint(VALUE)")
    book.chapter("second", "from lib import other\ntime.sleep(2)\nprint(other.VALUE, open('numbers.txt').read())")
    book.chapter("third", "print('no module')")
    book.contents("first", "second", "third")
    book.build().expect_success()
    book.first_stamps, book.first_output = book.stamps, book.output
    book.copy = shutil.copytree(book.root / "_build" / "html", book.root.with_name("first-build"))
    return book


def test_chapters_run_side_by_side(book):
    if (os.cpu_count() or 1) < 2:
        pytest.skip("this machine has one core")
    spans = {name: (start, end) for name, start, end in book.first_stamps}
    assert sorted(spans) == ["first", "second", "third"]
    assert max(spans["first"][0], spans["second"][0]) < min(spans["first"][1], spans["second"][1])


def test_one_line_of_progress_a_chapter(book):
    lines = re.findall(r"^\[(\d)/3\] book/(\w+)\.md: ran in [\d.]+ s$", book.first_output, re.MULTILINE)
    assert [k for k, _ in lines] == ["1", "2", "3"]
    assert sorted(name for _, name in lines) == ["first", "second", "third"]


def test_nothing_changed_runs_nothing(book):
    book.build().expect_success()
    assert book.ran == []


def test_prose_and_a_module_that_nobody_imports_run_nothing(book):
    text = (book.root / "book/first.md").read_text()
    book.write("book/first.md", text.replace("Some words.", "Other words."))
    book.write("lib/lonely.py", "VALUE = 2\n")
    book.build().expect_success()
    assert book.ran == []
    assert "Other words." in book.page("first")
    book.write("book/first.md", text)


@pytest.mark.parametrize(
    ("path", "chapters"),
    [("lib/inner.py", ["first"]), ("lib/other.py", ["second"]), ("book/numbers.txt", ["second"])],
)
def test_a_change_runs_exactly_the_chapters_that_it_reaches(book, path, chapters):
    text = (book.root / path).read_text()
    book.write(path, text.replace("-1", "-2"))
    book.build().expect_success()
    assert book.ran == chapters
    new = Path(path).stem + "-2"
    assert [name for name in ("first", "second", "third") if new in book.page(name)] == chapters
    book.write(path, text)


def test_two_clean_builds_are_byte_identical(book):
    shutil.rmtree(book.root / "_build")
    book.build().expect_success()
    assert differing(book.copy, book.root / "_build" / "html") == []


def differing(one, two):
    names = {p.relative_to(root) for root in (one, two) for p in root.rglob("*") if p.is_file()}
    return sorted(str(n) for n in names if not filecmp.cmp(one / n, two / n, shallow=False))


FAULTS = {
    "a cell that raises": ({"code": "1 / 0"}, "ZeroDivisionError"),
    "a warning": ({"prose": "```{no-such-directive}\n```"}, "no-such-directive"),
    "a broken reference": ({"prose": "See {ref}`nowhere`."}, "nowhere"),
    "output on stderr": ({"code": "import sys; print('careful', file=sys.stderr)"}, "stderr"),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("faulty"))
    book.chapter("cover")
    book.chapter("only")
    book.contents("cover", "only")
    return book.build().expect_success()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_also_when_the_command_is_given_again(faulty, fault):
    cause, word = FAULTS[fault]
    faulty.chapter("only", **cause)
    for _ in range(2):
        faulty.build()
        assert faulty.code != 0
        assert re.search(r"only\.md.*(WARNING|ERROR)", faulty.output)
        assert word in faulty.output


def test_after_repair_the_build_passes(faulty):
    faulty.chapter("only")
    faulty.build().expect_success()


def entries():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [toc["root"]]
    todo = [*toc.get("parts", []), *toc.get("chapters", [])]
    while todo:
        entry = todo.pop(0)
        files += [entry["file"]] if "file" in entry else []
        todo += [*entry.get("chapters", []), *entry.get("sections", [])]
    return files


@pytest.mark.parametrize("entry", entries())
def test_every_page_of_the_contents_exists_and_is_not_empty(entry):
    assert (ROOT / f"{entry}.md").is_file()
    built = ROOT / "_build" / "html" / f"{entry}.html"
    if not built.is_file():
        pytest.skip("the book is not built")
    article = re.search(r"<article.*?</article>", built.read_text(encoding="utf-8"), re.DOTALL).group()
    assert len(re.sub(r"<[^>]+>", " ", article).split()) > 60


def test_every_chapter_is_in_the_contents_and_has_the_head_that_the_cache_stamps():
    chapters = {p: p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "book").rglob("*.md")}
    chapters = {p: name for p, name in chapters.items() if not name.startswith(("book/_", "book/assets/"))}
    assert set(chapters.values()) == set(entries())
    for path in chapters:
        text = path.read_text(encoding="utf-8")
        assert "{code-cell}" not in text or "\nkernelspec:\n" in text, path


def test_the_makefile_builds_strictly_and_explains_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"/{BUILD}\n" in makefile
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split()
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    told = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    assert sorted(re.findall(r"^  make (\w+) +\S", told, re.MULTILINE)) == sorted(targets)


def test_the_scoreboard_depends_on_every_theorem_and_a_chapter_only_on_its_own():
    """The registry imports its modules by name, which a reader of imports cannot see; relative imports count, too."""
    spec = importlib.util.spec_from_file_location("book_local", ROOT / "book" / "_ext" / "book_local.py")
    book_local = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(book_local)

    def reached(code):
        return {path.relative_to(ROOT / "lib").as_posix() for path in book_local.lib_files(ast.parse(code))}

    scoreboard = reached("from lib.theorems import registry")
    assert {"theorems/du_2018/limit.py", "theorems/basri_2019.py", "networks.py", "kernels.py"} <= scoreboard
    chapter = reached("from lib.theorems.du_2018 import limit")
    assert "theorems/du_2018/limit.py" in chapter and "theorems/basri_2019.py" not in chapter
    assert "drawing.py" in reached("from lib.explore import explore")
