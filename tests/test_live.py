"""One figure in a real JupyterLab: a kernel, a browser, a keyboard."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CELL = """
from lib.explore import Grid, explore
from lib.figures import Panel, Picture, predicted

calls = []

def draw(a, double):
    calls.append(a)
    if a == 60:
        raise ValueError("sixty is too much")
    end = a * (1 + double)
    sentence = f"It ends at {end}, drawing {len(calls)}."
    return Picture(Panel(predicted([0, 1], [0, end])), name="a", claim="A line.", sentence=sentence)

explore(draw, name="line", a=Grid(range(61), "end"), double=[False, True])
"""


def notebook(path):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": CELL.strip()}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    empty = dict(cell, id="b", source="")
    document = {"cells": [cell, empty], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))


@pytest.fixture
def lab(tmp_path):
    """Address of a JupyterLab with one notebook, all of whose files are in a temporary folder."""
    notebook(tmp_path / "figure.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
              "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = {k: v for k, v in os.environ.items() if k != "BOOK_STATIC"} | {p: str(tmp_path / p) for p in places}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               "--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={tmp_path}",
               "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with open(tmp_path / "log", "w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(150):
                try:
                    urllib.request.urlopen(f"{url}/api", timeout=2)
                    break
                except urllib.error.URLError:
                    assert server.poll() is None, (tmp_path / "log").read_text()
                    time.sleep(0.2)
            yield f"{url}/lab/tree/figure.ipynb"
        finally:
            server.terminate()


def test_arrow_keys_recompute_the_figure_in_jupyterlab(browser, lab):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    try:
        page.goto(lab)
        page.get_by_text("| Idle").wait_for()
        prompt = page.locator(".jp-InputPrompt").first
        prompt.wait_for()
        for _ in range(20):  # JupyterLab drops what is run before its kernel is connected
            page.locator(".jp-Cell .cm-content").first.click()
            page.keyboard.press("Control+Enter")
            page.wait_for_timeout(500)
            if prompt.inner_text().strip() != "[ ]:":
                break
        sentence, slider = page.locator(".explore-sentence"), page.locator(".noUi-handle")

        def wait(text):
            page.locator(".explore-sentence", has_text=text).wait_for()

        wait("It ends at 0, drawing 1.")
        assert page.locator(".explore svg.wide").is_visible()
        first = page.locator(".explore svg.wide").inner_html()

        slider.focus()
        page.keyboard.press("ArrowRight")
        wait("It ends at 1,")
        page.keyboard.press("ArrowUp")
        wait("It ends at 2,")
        assert page.locator(".explore svg.wide").inner_html() != first
        assert slider.evaluate("node => node === document.activeElement")

        for key, end in (("ArrowRight", 42), ("ArrowLeft", 2), ("ArrowRight", 42)):
            page.wait_for_timeout(1500)
            before = int(re.search(r"drawing (\d+)", sentence.inner_text())[1])
            start = time.monotonic()
            for i in range(1, 41):
                page.keyboard.press(key)
                page.wait_for_timeout(max(0, 1000 * (start + 0.05 * i - time.monotonic())))
            wait(f"It ends at {end},")
            drawn = int(re.search(r"drawing (\d+)", sentence.inner_text())[1]) - before
            if drawn <= 3:
                break  # else once more: on a loaded machine the forty moves come in gusts
        assert drawn <= 3

        page.get_by_label("double").check()
        wait(f"It ends at {2 * end},")
        slider.focus()
        page.keyboard.press("End")
        page.locator(".explore-error", has_text="ValueError: sixty is too much").wait_for()
        page.get_by_role("button", name="Reset").click()
        wait("It ends at 0,")
    finally:
        page.close()
