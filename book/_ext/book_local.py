"""What the book needs beyond Jupyter Book: a cache that knows lib/, chapters side by side, pages without third parties."""

import ast
import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

import jupytext
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "numpy", "scipy", "matplotlib", "sympy"
log = logging.getLogger(__name__)


def imported(tree: ast.AST, file: Path = ROOT / "chapter.py") -> Iterator[str]:
    """Dotted names that a syntax tree imports; ``from a import b`` may mean the module a.b or a name in a."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = file.parents[node.level - 1].relative_to(ROOT).parts if node.level else ()
            yield from (".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names)


def modules(name: str) -> Iterator[Path]:
    """Files of lib that importing ``name`` can run.

    Every package on the way runs its ``__init__``; a name taken from a package itself may come from any module in it.
    """
    parts = name.split(".")
    for k in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[:k])
        if base.with_suffix(".py").is_file():
            yield base.with_suffix(".py")
            return
        if (base / "__init__.py").is_file():
            yield base / "__init__.py"
        elif k > 1:
            yield from sorted(base.parent.rglob("*.py"))
            return


def lib_files(tree: ast.AST) -> set[Path]:
    """Files of lib that the imports of a syntax tree reach, and lib's data if there are any."""
    todo, files = list(imported(tree)), set()
    while todo:
        name = todo.pop()
        for path in modules(name) if name.split(".")[0] == "lib" else ():
            if path not in files:
                files.add(path)
                todo += imported(ast.parse(path.read_text(encoding="utf-8")), path)
    return files | set((ROOT / "lib" / "assets").glob("*")) if files else files


def read_files(tree: ast.AST, folder: Path) -> set[Path]:
    """Files beside a chapter that its cells name in a string."""
    names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {folder / name for name in names if re.fullmatch(r"[\w./-]+\.\w+", name) and (folder / name).is_file()}


def stamped(text: str, folder: Path) -> tuple[str, list[Path]]:
    """The chapter with a hash of all that its cells run in its kernelspec (part of the cache key), and those files."""
    if "\nkernelspec:\n" not in text:
        if "{code-cell}" in text:
            log.warning("in %s a page with code cells lacks a block 'kernelspec:' in its front matter", folder)
        return text, []
    cells = [c.source for c in jupytext.reads(text, fmt="md:myst").cells if c.cell_type == "code"]
    code = "\n".join(line for cell in cells for line in cell.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        tree = ast.parse(code)
        files = sorted(lib_files(tree) | read_files(tree, folder))
    except SyntaxError:  # the cell itself will report it; until then the chapter depends on everything
        files = sorted((ROOT / "lib").rglob("*.py"))
    key = hashlib.sha256(" ".join(f"{p}={version(p)}" for p in PACKAGES).encode())
    for path in files:
        key.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return text.replace("\nkernelspec:\n", f"\nkernelspec:\n  stamp: {key.hexdigest()}\n", 1), files


def stamp_chapter(app, docname, source):
    source[0], files = stamped(source[0], Path(app.env.doc2path(docname)).parent)
    for path in files:
        app.env.note_dependency(str(path))


def outdated(env, docnames):
    """Notebooks among ``docnames`` whose outputs are not in the cache, by path."""
    cache = get_cache(env.mystnb_config.execution_cache_path)
    for name in docnames:
        path = Path(env.doc2path(name))
        text, _ = stamped(path.read_text(encoding="utf-8"), path.parent)
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        if reader:
            notebook = reader.read(text)
            try:
                cache.match_cache_notebook(notebook)
            except KeyError:
                yield path, notebook


def side_by_side(jobs):
    """A pool for so many jobs in which each thread, with the kernels that it starts, keeps to cores of its own.

    Two kernels that both use all cores get in each other's way.
    """
    known = hasattr(os, "sched_setaffinity")  # not on macOS and Windows
    cores = sorted(os.sched_getaffinity(0)) if known else range(os.cpu_count() or 1)
    workers = max(1, min(len(cores), jobs))
    shares = SimpleQueue()
    for k in range(workers):
        shares.put(cores[k::workers])

    def settle():
        if known:
            os.sched_setaffinity(0, shares.get())

    return ThreadPoolExecutor(workers, initializer=settle)


def execute_ahead(app, env, docnames):
    """Run what is not cached on all cores; reading finds it in the cache, or runs a faulty chapter again to report it."""
    todo = dict(outdated(env, docnames))
    cache = get_cache(env.mystnb_config.execution_cache_path)

    def run(path, notebook):
        return single_nb_execution(
            notebook, cwd=str(path.parent), timeout=env.mystnb_config.execution_timeout, allow_errors=False
        )

    with side_by_side(len(todo)) as pool:
        runs = {pool.submit(run, path, notebook): path for path, notebook in todo.items()}
        for k, done in enumerate(as_completed(runs), 1):
            path, result = runs[done], done.result()
            word = "FAILED" if result.err else "ran"
            log.info(f"[{k}/{len(runs)}] {path.relative_to(ROOT)}: {word} in {result.time:.1f} s")
            if not result.err:
                bundle = CacheBundleIn(result.nb, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def drop_thebe(app, pagename, templatename, context, doctree):
    """The live-code script declares its constants twice (a script error) and names a third party."""

    def is_thebe(script):
        return "thebe" in (str(getattr(script, "filename", script)) + str(getattr(script, "attributes", ""))).lower()

    context["script_files"] = [s for s in context.get("script_files", []) if not is_thebe(s)]


def trim(app, exception):
    """The icon font makes the theme's 1.5 MB icon script superfluous; the search button's label hides its own text."""
    if exception:
        return
    label = r"(<button class=.btn search-button-field[^>]*) aria-label=.Search."
    waste = re.compile(label + r"|<script[^>]*fontawesome.js[^>]*></script>")
    for page in Path(app.outdir).rglob("*.html"):
        page.write_text(waste.sub(r"\1", page.read_text(encoding="utf-8")), encoding="utf-8")


def forget_faults(app, exception):
    """A build with warnings must not be the start of the next one, which would not read the faulty page again."""
    if exception or app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def setup(app):
    os.environ["BOOK_STATIC"] = "1"  # kernels inherit it: figures come with all their frames
    profile = ROOT / "_build" / "ipython" / "profile_default"  # not the reader's own, whose start-up files could run
    profile.mkdir(parents=True, exist_ok=True)
    profile.joinpath("ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n")  # each one warns of TCP
    os.environ["IPYTHONDIR"] = str(profile.parent)
    app.connect("source-read", stamp_chapter)
    app.connect("env-before-read-docs", execute_ahead, priority=900)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", trim)
    app.connect("build-finished", forget_faults)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
