"""The chapter with the showpiece, opened in JupyterLab as a reader of ``make live`` does it, with a real kernel."""

import ast
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import jupytext
import pytest

from tests.conftest import Visit

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = "two-layer/h-infinity.md"
PATIENCE = 60_000  # ms; the first import of the packages may be slow


@pytest.fixture
def lab(tmp_path):
    """Address of JupyterLab on a copy of the chapter, with the project's settings and without those of the reader."""
    (tmp_path / "book" / CHAPTER).parent.mkdir(parents=True)
    shutil.copy(ROOT / "book" / CHAPTER, tmp_path / "book" / CHAPTER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "BOOK_"))}
    env |= {"JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter"), "PYTHONPATH": str(ROOT)}
    env |= {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    command = [sys.executable, "-m", "jupyterlab", "book", "--no-browser", "--allow-root", "--IdentityProvider.token="]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    log = tmp_path / "log"
    with log.open("w") as out, subprocess.Popen(command, cwd=tmp_path, env=env, stdout=out, stderr=out) as server:
        try:
            for _ in range(120):
                try:
                    urlopen(f"http://127.0.0.1:{port}/api", timeout=2).close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text()
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/lab"
        finally:
            server.terminate()


def value_of(code):
    """Value of the last expression of some cells."""
    *body, last = ast.parse(code).body
    names = {}
    exec(compile(ast.Module(body, []), "cells", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cells", "eval"), names)


def test_a_double_click_opens_the_chapter_and_its_showpiece_is_live(browser, lab, monkeypatch):
    cells = jupytext.read(ROOT / "book" / CHAPTER).cells
    showpiece = next(k for k, cell in enumerate(cells) if "showpiece" in cell.metadata.get("tags", ()))
    visit = Visit(browser, viewport={"width": 1280, "height": 1000})
    page = visit.page
    page.set_default_timeout(PATIENCE)
    page.goto(lab)
    for name in CHAPTER.split("/"):
        page.locator(".jp-DirListing-item", has_text=name).dblclick()
    page.get_by_text("| Idle").wait_for()
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").first
    for _ in range(60):  # JupyterLab drops what is run before its kernel is connected
        if prompt.inner_text().strip() != "[ ]:":
            break
        page.locator(".jp-NotebookPanel .jp-MarkdownCell").first.click()
        for _ in range(showpiece + 1):
            page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1000)
    sentence, picture = page.locator(".explore-sentence").first, page.locator(".explore .picture").first
    sentence.wait_for()
    before, drawn = sentence.text_content(), picture.inner_html()
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr'], .explore-error").count() == 0

    handle = page.locator(".widget-slider .noUi-handle").first
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_function("before => document.querySelector('.explore-sentence').textContent !== before", arg=before)
    page.wait_for_timeout(2000)  # longer than a burst of moves is held back
    assert handle.evaluate("node => node === document.activeElement"), "JupyterLab took the arrow keys from the slider"
    assert picture.inner_html() != drawn

    monkeypatch.setenv("BOOK_STATIC", "1")
    figure = value_of("\n".join(cell.source for cell in cells[: showpiece + 1] if cell.cell_type == "code"))
    state = [control.start for control in figure.controls]
    assert before == figure.picture(state).sentence
    state[0] += 3
    assert sentence.text_content() == figure.picture(state).sentence
    visit.close()
