"""The built pages as readers meet them: every page is loaded once in a browser and asked many questions."""

import base64
import gzip
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import axe_playwright_python
import numpy as np
import pytest

from tests.conftest import SITE, Visit, missing

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FILES = [path for path in sorted(SITE.rglob("*.html")) if "_static" not in path.parts]
PAGES = [path.relative_to(SITE).as_posix() for path in FILES if path.name not in ("index.html", "genindex.html")]
MOVING = [page for page in PAGES if '<div class="explore"' in (SITE / page).read_text(encoding="utf-8")]
SHOWPIECE = "book/two-layer/h-infinity.html"
# Formulas and code are thousands of elements in a few colours: one of each colour on each ground stands for all of them.
RUN_AXE = """async () => {
    const grounds = new Map(), met = new Set();
    const ground = node => {
        if (node && !grounds.has(node)) {
            const colour = getComputedStyle(node).backgroundColor;
            grounds.set(node, colour === "rgba(0, 0, 0, 0)" ? ground(node.parentElement) : colour);
        }
        return grounds.get(node);
    };
    const first = node => {
        const key = `${node.localName} ${getComputedStyle(node).color} ${ground(node)}`;
        return node.checkVisibility() && !met.has(key) && met.add(key);
    };
    const simple = [...document.querySelectorAll("mjx-container")].map(node => {
        return [node, first(node) ? "<span style='display: block; line-height: 1.5'>formula</span>" : ""];
    });
    for (const node of document.querySelectorAll("pre")) {
        const parts = [...node.querySelectorAll("span")].map(first), copy = node.cloneNode(true);
        copy.querySelectorAll("span").forEach((part, k) => parts[k] || part.replaceWith(...part.childNodes));
        simple.push([node, copy.innerHTML]);
    }
    const whole = simple.map(([node]) => [...node.childNodes]);
    for (const [node, html] of simple) node.innerHTML = html;
    const { violations } = await axe.run(document, {resultTypes: ["violations"]});
    simple.forEach(([node], k) => node.replaceChildren(...whole[k]));
    return violations;
}"""
LOOKS = [(width, theme) for width in (320, 1280) for theme in ("light", "dark")]
SETTLED = 500  # ms; the theme looks for scrolling regions 300 ms after a change of size


@pytest.fixture(scope="module", params=PAGES or [None])
def visit(request, browser, site):
    """One page, loaded once for all tests that ask for it."""
    visit = Visit(browser, f"{site}/{request.param}", viewport={"width": 1280, "height": 800})
    yield visit
    visit.close()


def test_loads_without_errors_and_without_other_hosts(visit):
    assert visit.errors == []
    assert visit.foreign == []


def test_formulas_are_typeset(visit):
    found = visit.page.evaluate(r"""() => {
        const text = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
        const raw = [];
        while (text.nextNode()) {
            const {data, parentElement} = text.currentNode;
            const unset = /\$[^$]+\$|\\[()[\]]|\\[a-zA-Z]{2,}/.test(data);
            if (unset && !parentElement.closest("mjx-container, pre, code, script, style")) raw.push(data);
        }
        return {
            raw,
            written: document.querySelectorAll(".math").length,
            typeset: document.querySelectorAll(".math mjx-container").length,
            faulty: [...document.querySelectorAll("mjx-merror, mjx-mtext[style*='red']")].map(node => node.textContent),
        };
    }""")
    assert found["typeset"] == found["written"]
    assert found["faulty"] == []
    assert found["raw"] == []


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_is_accessible_and_does_not_scroll_sideways(visit, width, theme):
    visit.look(width, theme)
    visit.page.wait_for_timeout(SETTLED)
    assert visit.page.evaluate("""() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll("article *")].filter(node => node.getBoundingClientRect().right > innerWidth + 1)
            .map(node => node.outerHTML.slice(0, 120))""") == []
    if not visit.page.evaluate("() => 'axe' in window"):
        visit.page.evaluate(AXE)
    violations = visit.page.evaluate(RUN_AXE)
    assert [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ] == []


@pytest.mark.parametrize("width", [320, 1280])
def test_formulas_and_tables_are_stops_of_the_tab_key_if_and_only_if_they_scroll(visit, width):
    visit.look(width, "light")
    visit.page.wait_for_timeout(SETTLED)
    assert visit.page.evaluate("""() => [...document.querySelectorAll("article mjx-container, article table")]
        .filter(node => node.checkVisibility() && (node.scrollWidth > node.clientWidth) !== (node.tabIndex === 0))
        .filter(node => node.matches("table, [display='true']") || node.tabIndex === 0)
        .map(node => node.outerHTML.slice(0, 120))""") == []


def test_folded_proofs_and_solutions_open_for_print_and_close_afterwards(visit):
    page = visit.page
    visit.look(1280, "light")
    states = """() => [...document.querySelectorAll("main details, main .toggle")].map(
        node => node.matches("details") ? node.open : !node.classList.contains("toggle-hidden"))"""
    unseen = """() => [...document.querySelectorAll("main details > *, main .toggle, main .toggle > *")]
        .filter(node => !node.matches("summary, script, style, button") && !node.checkVisibility())
        .map(node => node.outerHTML.slice(0, 120))"""
    before = page.evaluate(states)
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(unseen) == []
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.evaluate(states) == before


def test_is_light(visit):
    """Compressed, at most 1.8 MB at the first visit, and 600 kB afterwards, when the browser has what all pages share."""
    files = {SITE / unquote(path).lstrip("/") for path in visit.loaded}
    sizes = {path: len(gzip.compress(path.read_bytes())) for path in files if path.is_file()}
    assert sum(sizes.values()) <= 1_800_000, sizes
    assert sum(size for path, size in sizes.items() if "_static" not in path.parts) <= 600_000, sizes


@pytest.mark.parametrize("page", [page for page in PAGES if page != "search.html"] or [None])
def test_reads_without_script(browser, site, page):
    visit = Visit(browser, java_script_enabled=False)
    visit.page.goto(f"{site}/{page}")
    assert visit.page.locator("article h1").is_visible()
    for k in range(visit.page.locator(".explore").count()):
        figure = Figure(visit.page, k)
        assert figure.root.locator("svg:visible").count()
        assert not figure.root.locator("[data-grid]").first.is_visible()
        figure.shows_what_is_shipped()
    visit.close()


# Figures that move


class Figure:
    """Figure number ``k`` of a page, and what the page ships for each of its states."""

    def __init__(self, page, k):
        self.page, self.k, self.root = page, k, page.locator(".explore").nth(k)
        self.name = self.root.get_attribute("id")
        self.data = json.loads(self.root.locator("script").text_content())
        self.grids, words = self.data["grids"], np.frombuffer(base64.b64decode(self.data["frames"]), "<i2")
        count, shapes = np.prod([len(grid["keys"]) for grid in self.grids]), len(self.data["shapes"])
        columns = self.data["columns"]
        start = columns + 2 * shapes * count
        self.rows = words[columns:start].view("<u2").reshape(count, shapes, 2)
        self.columns = np.split(words[start:], np.cumsum(words[:columns])[:-1])
        self.pictures, self.sentences = set(), set()

    def look(self):
        """What is seen now; the values of the controls as places in their grids."""
        return self.root.evaluate("""(root, grids) => {
            const inputs = [...root.querySelectorAll("[data-grid]")];
            const place = (input, j) => input.type === "range" ? Number(input.value)
                : input.type === "checkbox" ? grids[j].keys.indexOf(input.checked ? "yes" : "no") : input.selectedIndex;
            return {
                values: inputs.map(place),
                spoken: inputs.map(input => input.getAttribute("aria-valuetext")),
                shown: inputs.map(input => input.parentNode.querySelector(".explore-value")?.textContent),
                sentence: root.querySelector(".explore-sentence").textContent,
                shapes: [...root.querySelectorAll("[data-k]")].map(node => ({
                    key: node.dataset.k, d: node.getAttribute("d"), hidden: node.getAttribute("visibility") === "hidden",
                    transform: node.getAttribute("transform"), box: node.closest("svg").dataset.box.split(" ").map(Number),
                })),
            };
        }""", self.grids)

    def shows_what_is_shipped(self):
        """Read-outs, sentence and the places of all moving shapes are those of the state that the controls show."""
        now, frame = self.look(), 0
        for grid, value, spoken, shown in zip(self.grids, now["values"], now["spoken"], now["shown"], strict=True):
            frame = frame * len(grid["keys"]) + value
            assert {spoken, shown} <= {None, grid["texts"][value]}
        assert now["sentence"] == " ".join(words[frame if len(words) > 1 else 0] for words in self.data["sentence"])
        for shape, pair in zip(self.data["shapes"], self.rows[frame], strict=True):
            u, v = (np.where(c == -32768, np.nan, c / 4000) for c in (self.columns[pair[0]], self.columns[pair[1]]))
            drawn = [node for node in now["shapes"] if node["key"] == shape["key"]]
            assert drawn
            for node in drawn:
                left, top, width, height = node["box"]
                places = np.column_stack([left + width * u, top + height * (1 - v)])
                places = places[np.isfinite(places).all(axis=1)]
                if shape["kind"] == "text":
                    assert node["hidden"] == (len(places) == 0)
                else:
                    d = [[float(x), float(y)] for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", node["d"])]
                    np.testing.assert_allclose(np.reshape(d, (-1, 2)), places, atol=0.11)
        self.pictures.add(json.dumps(now["shapes"]))
        self.sentences.add(now["sentence"])

    def drag(self, control):
        """Take the thumb of a slider by the mouse and pull it over the whole track."""
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        y, mouse = box["y"] + box["height"] / 2, self.page.mouse
        mouse.move(box["x"] + 0.2 * box["width"], y)
        mouse.down()
        for share in (0.4, 0.7, 1.0):
            mouse.move(box["x"] + share * box["width"], y)
            self.shows_what_is_shipped()
        mouse.up()

    def keys(self, control, *names):
        control.focus()
        for name in names:
            self.page.keyboard.press(name)
            self.shows_what_is_shipped()

    def addresses(self):
        """A test of addresses: whether one holds the state that is seen now."""
        now = zip(self.grids, self.look()["values"], strict=True)
        state = "&".join(f"{grid['name']}={grid['keys'][value]}" for grid, value in now)
        return lambda url: unquote(url).endswith(f"#{self.name}?{state}")

    def button(self, name):
        return self.root.locator(f"[data-do='{name}']")

    def moves(self, action, *arguments):
        """Whether an action goes through states with different pictures and different sentences."""
        self.pictures, self.sentences = set(), set()
        self.shows_what_is_shipped()
        action(self, *arguments)
        return len(self.pictures) > 1 and len(self.sentences) > 1


@pytest.fixture(scope="module", params=MOVING or [None])
def moving(request, browser, site):
    if request.param is None:
        missing("no page with a figure that moves")
    visit = Visit(browser, f"{site}/{request.param}", viewport={"width": 1280, "height": 800})
    yield visit
    visit.close()


def figures(visit):
    return [Figure(visit.page, k) for k in range(visit.page.locator(".explore").count())]


def choose_all(figure, control):
    """Every entry of a menu in turn; the native list itself opens outside the page."""
    for index in range(control.locator("option").count()):
        control.select_option(index=index)
        figure.shows_what_is_shipped()


def click(figure, control):
    control.click()
    figure.shows_what_is_shipped()


BY_MOUSE = {"range": Figure.drag, "checkbox": click, "select": choose_all}
BY_KEYS = {
    "range": ("Home", "ArrowRight", "ArrowUp", "End", "ArrowLeft", "ArrowDown"),
    "checkbox": ("Space", "Space"),
    "select": ("Home", "ArrowDown", "End"),
}


def test_every_control_moves_picture_and_sentence_by_mouse_and_by_keyboard(moving):
    idle = []
    for figure in figures(moving):
        for grid in figure.grids:
            control = figure.root.locator(f"[data-grid='{grid['name']}']")
            kind = control.get_attribute("type") or "select"
            for way, action, arguments in (("mouse", BY_MOUSE[kind], ()), ("keys", Figure.keys, BY_KEYS[kind])):
                if not figure.moves(action, control, *arguments):
                    idle.append(f"{way} on {grid['name']} of {figure.name}")
                click(figure, figure.button("reset"))
                assert figure.look()["values"] == [grid["start"] for grid in figure.grids]
    assert idle == []
    assert moving.errors == []


def test_films_play_pause_and_step(moving):
    page = moving.page
    for figure in filter(lambda figure: figure.data["play"], figures(moving)):
        play, back, forward = map(figure.button, ("play", "back", "forward"))
        figure.button("reset").click()
        page.emulate_media(reduced_motion="no-preference")
        play.click()
        page.wait_for_timeout(900)
        assert play.text_content() == "Pause"
        play.click()
        assert play.text_content() == "Play"
        paused = figure.look()
        assert figure.moves(click, back)
        assert figure.moves(click, forward)
        assert figure.look()["sentence"] == paused["sentence"]
        figure.button("reset").click()
        page.emulate_media(reduced_motion="reduce")
        assert figure.moves(click, play), "one press, one step"
        still = figure.look()
        page.wait_for_timeout(900)
        assert figure.look() == still


def test_the_address_holds_the_state(moving, browser):
    page, seen = moving.page, {}
    for figure in figures(moving):
        figure.keys(figure.root.locator("[data-grid]").first, "Home", "End", "Space")
        page.wait_for_url(figure.addresses())
        seen[page.url] = figure.look()["values"]
        click(figure, figure.button("reset"))
    page.wait_for_url(figure.addresses())
    follow = """address => new Promise(done => {
        addEventListener("hashchange", () => done(), {once: true});
        location.assign(address);
    })"""
    for (address, values), figure in zip(seen.items(), figures(moving), strict=True):
        page.evaluate(follow, address)
        assert figure.look()["values"] == values
        figure.shows_what_is_shipped()
    again = Visit(browser, address)
    assert Figure(again.page, figure.k).look()["values"] == values
    again.close()


def test_controls_are_large_and_a_step_shows_within_50_ms(moving):
    moving.look(320, "light")
    assert moving.page.evaluate("""() => [...document.querySelectorAll(".explore :is(input, select, button)")]
        .filter(node => node.offsetWidth < 24 || node.offsetHeight < 24).map(node => node.outerHTML)""") == []
    moving.look(1280, "light")
    times = moving.page.evaluate("""async () => {
        const times = {};
        for (const slider of document.querySelectorAll(".explore [type='range']")) {
            times[slider.id] = [];
            for (let k = 0; k < 8; k++) {
                const start = performance.now();
                slider.value = k % (Number(slider.max) + 1);
                slider.dispatchEvent(new Event("input", {bubbles: true}));
                document.documentElement.getBoundingClientRect();
                times[slider.id].push(performance.now() - start);
                await new Promise(requestAnimationFrame);
            }
        }
        return times;
    }""")
    assert {name: taken for name, taken in times.items() if np.median(taken) > 50} == {}


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_showpiece_moves_without_network_by_keyboard_alone(browser, site, width, theme):
    if SHOWPIECE not in MOVING:
        pytest.fail(f"{SHOWPIECE} has no figure that moves")
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": theme, "offline": True}
    visit = Visit(browser, (SITE / SHOWPIECE).as_uri(), **options)
    assert visit.page.evaluate("() => document.documentElement.dataset.theme") == theme
    figure = Figure(visit.page, 0)
    figure.root.evaluate("root => { location.hash = root.id; }")  # the tab key goes on from here
    visit.page.keyboard.press("Tab")
    name = visit.page.evaluate("() => document.activeElement.dataset.grid")
    assert name == figure.grids[0]["name"]
    picture = figure.root.locator(".picture")
    before = picture.screenshot()
    control = figure.root.locator(f"[data-grid='{name}']")
    assert figure.moves(Figure.keys, control, "Home", "ArrowRight", "ArrowRight")
    assert picture.screenshot() != before
    assert picture.bounding_box()["width"] <= width
    assert visit.errors == [] and visit.foreign == []
    visit.close()


# The site as a whole


class Links(HTMLParser):
    """Ids of a page and the addresses that it asks for."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.targets = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {value for key, value in attributes.items() if key == "id" or (tag == "a" and key == "name")}
        self.targets += [value for key, value in attributes.items() if key in ("href", "src", "poster") and value]
        self.targets += re.findall(r"url=(\S+)", attributes.get("content") or "") if tag == "meta" else []


@cache
def links(path):
    return Links(path.read_text(encoding="utf-8"))


def broken(path, target):
    """Why a target named in a file leads nowhere inside the site; None if it leads somewhere or to another site."""
    address, fragment = urldefrag(target)
    if urlsplit(address).scheme or address.startswith("//"):
        return None
    file = path if not address else Path(unquote(urlsplit(urljoin(path.as_uri(), address)).path))
    if not file.is_relative_to(SITE) or not file.is_file():
        return "no such file"
    fragment = unquote(fragment).partition("?")[0]
    if fragment in ("", "top") or file.suffix != ".html" or fragment in links(file).ids:
        return None
    return "no such place on the page"


@pytest.mark.parametrize("path", FILES or [None], ids=lambda path: path and path.relative_to(SITE).as_posix())
def test_internal_links_lead_somewhere(site, path):
    assert {target: why for target in links(path).targets if (why := broken(path, target))} == {}


def test_style_sheets_name_files_that_exist(site):
    sheets = {SITE / urlsplit(urljoin(path.as_uri(), target)).path for path in FILES for target in links(path).targets}
    for sheet in (path for path in sheets if path.suffix == ".css"):
        named = re.findall(r"url\(\s*[\"']?([^)\"'#]+)", sheet.read_text(encoding="utf-8"))
        assert {name: why for name in named if (why := broken(sheet, name))} == {}


def test_the_address_of_the_site_leads_to_the_first_page(browser, site):
    visit = Visit(browser)
    visit.page.goto(f"{site}/")
    visit.page.wait_for_url(f"{site}/book/intro.html")
    assert visit.errors == []
    visit.close()


def test_search_finds_a_phrase_of_the_text(browser, site):
    visit = Visit(browser, f"{site}/search.html?q=positive+definite")
    hit = visit.page.locator(f"#search-results a[href^='{SHOWPIECE}']").first
    hit.wait_for(timeout=10_000)
    assert visit.errors == [] and visit.foreign == []
    hit.click()
    visit.page.wait_for_url(f"**/{SHOWPIECE}*", wait_until="commit")
    visit.close()
