"""What the page tests share: the built book served on the loopback, one browser, pages that note every fault."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tests import browser as browsers

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"
READY = """async () => {
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
}"""


def missing(what):
    """Without CI=true a reader may lack a browser or a built book; with it, that is a fault."""
    (pytest.fail if browsers.REQUIRED else pytest.skip)(what)


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


class Visit:
    """A page in a browser window of its own: ``foreign`` requests (all refused), ``errors`` and ``loaded`` paths."""

    def __init__(self, browser, url=None, **options):
        self.context = browser.new_context(reduced_motion="reduce", **options)
        self.foreign, self.errors, self.loaded = [], [], []
        self.context.route("**/*", self.judge)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("response", lambda response: response.status >= 400 and self.errors.append(response.url))
        if url:
            self.open(url)

    def judge(self, route):
        url = urlsplit(route.request.url)
        if url.scheme in ("file", "data", "blob") or url.hostname == "127.0.0.1":
            self.loaded.append(url.path)
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def open(self, url):
        self.page.goto(url)
        self.page.evaluate(READY)

    def look(self, width, theme):
        """The page as a window of this width and a reader of this theme see it."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.evaluate("theme => Object.assign(document.documentElement.dataset, {theme, mode: theme})", theme)

    def close(self):
        self.context.close()


@pytest.fixture(scope="session")
def browser():
    path = browsers.find()
    if path is None:
        missing("no browser: `python -m tests.browser` says how one is found or installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=browsers.FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site():
    """Address of the built book."""
    if not (SITE / "index.html").is_file():
        missing("the book is not built: `make book` does it")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(SITE))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
