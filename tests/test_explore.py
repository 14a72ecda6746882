"""Figures that move: the page shows the numbers that were computed; Jupyter computes them anew, and not too often."""

import base64
import json
import re

import ipywidgets
import numpy as np
import pytest

import lib.explore as module
from lib.drawing import STEP, quantise
from lib.explore import BUDGET, Exploration, Grid, Throttle, explore
from lib.figures import STYLE, Panel, Picture, band, bound, line, measured, note, predicted
from tests.conftest import Visit

X = np.linspace(1, 100, 40)
THETA = [0.25, 0.5, 0.52, 1.0]
M = [2**k for k in range(4, 9)]
SCRIPT = STYLE.with_name("explore.js")


def draw(theta, m, parallel=False, data="circle"):
    """Two series, a band, dots with error bars, a bound, a moving note; the number of dots changes with m."""
    dots = np.geomspace(1, 100, m // 16)
    return Picture(
        Panel(
            predicted(X, X**-theta, label="theory"),
            band(X, 0.9 * X**-theta, 1.1 * X**-theta),
            measured(dots, dots**-theta, 0.05, label="measured"),
            measured([10], [10**-theta * (0.5 if parallel else 1)], role="accent"),
            bound(X, 0 * X + 0.02, "below"),
            note(10, 10**-theta, "here"),
            xscale="log", yscale="log", xlabel="time $t$", ylabel="error",
        ),
        Panel(line([0, np.cos(theta), np.nan, 0, 1], [0, np.sin(theta), np.nan, 0, 0]), equal=True, axes=False),
        name="drawn", claim="The error falls.", sentence=f"At {theta} with {m} units on the {data} it is {100**-theta:.4f}.",
    )


def exploration(play=None, name="fig", **grids):
    grids = {"theta": Grid(THETA, "angle θ", "rad"), "m": Grid(M, start=32), **grids}
    return Exploration(draw, name, play, grids)


@pytest.fixture(scope="module")
def still():
    return exploration(play="theta", parallel=[False, True], data=["circle", "digits"])


def shipped(html):
    """Data of the script, with its columns: ``frames[number][key]`` is (u, v)."""
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', html, re.S)[1])
    words = np.frombuffer(base64.b64decode(data["frames"]), "<i2")
    lengths, rest = words[: data["columns"]], words[data["columns"] :]
    count = int(np.prod([len(grid["keys"]) for grid in data["grids"]]))
    table = rest[: 2 * count * len(data["shapes"])].astype("<u2").reshape(count, len(data["shapes"]), 2)
    columns = np.split(rest[table.size :], np.cumsum(lengths)[:-1])
    return data, [{shape["key"]: (columns[a], columns[b]) for shape, (a, b) in zip(data["shapes"], row, strict=True)}
                  for row in table]


def test_frames_carry_the_computed_numbers(still):
    data, frames = shipped(still._repr_html_())
    assert len(frames) == len(still.frames) == 4 * 5 * 2 * 2
    extents = module.common_extents(still.frames)
    for number in (0, 1, 37, 79):
        shapes = still.frames[number].shapes(extents)
        for key, (u, v) in frames[number].items():
            p, i = map(int, key.split("-"))
            assert (u == quantise(shapes[p][i].u)).all() and (v == quantise(shapes[p][i].v)).all()
    assert [grid["keys"] for grid in data["grids"]][2:] == [["no", "yes"], ["circle", "digits"]]


def test_numbers_come_back_through_the_axes(still):
    data, frames = shipped(still._repr_html_())
    (_, ylim), _ = module.common_extents(still.frames)
    key = next(s["key"] for s in data["shapes"] if s["kind"] == "line" and len(frames[0][s["key"]][0]) == 40)
    for number in (0, 79):
        v = frames[number][key][1] / STEP
        found = np.log10(ylim[0]) + v * np.ptp(np.log10(ylim))
        expected = -THETA[number // 20] * np.log10(X)
        assert np.abs(found - expected).max() <= 0.5 / STEP * np.ptp(np.log10(ylim)) + 1e-9


def test_what_does_not_change_is_not_shipped():
    html = exploration()._repr_html_()
    data, frames = shipped(html)
    keys = {shape["key"] for shape in data["shapes"]}
    shapes = exploration().frames[0].shapes()
    shading = next(i for i, s in enumerate(shapes[0]) if s.kind == "area" and s.role == "bound")
    assert f"0-{shading}" not in keys
    columns = {u.tobytes() for frame in frames for pair in frame.values() for u in pair}
    assert data["columns"] == len(columns)


def test_first_frame_is_in_the_page_and_names_its_numbers():
    html = exploration()._repr_html_()
    first = exploration().value(m=32)
    assert first.sentence == "At 0.25 with 32 units on the circle it is 0.3162."
    assert f'<p class="explore-sentence">{first.sentence}</p>' in html
    assert re.search(r'role="img" aria-label="The error falls\. theory: 40 points', html)
    assert re.search(r'class="explore-controls"[^>]* hidden>', html)
    assert 'aria-valuetext="0.25 rad"' in html and "angle θ</label>" in html
    assert html == exploration()._repr_html_()


def test_sentence_of_its_own_when_the_picture_has_none():
    e = Exploration(lambda a: Picture(Panel(predicted([0, 1], [0, a])), name="a", claim="A."), "a", None,
                    {"a": Grid([1, 2], "slope", "m/s")})
    assert e.value(a=2).sentence == "slope: 2 m/s."


def test_grids_of_every_kind():
    for values, texts, keys in (
        (range(1000, 3000, 1000), ["1,000", "2,000"], ["1000", "2000"]),
        (np.array([0.5, -1.25]), ["0.5", "−1.25"], ["0.5", "-1.25"]),
        (np.array([False, True]), ["no", "yes"], ["no", "yes"]),
        (np.array(["a", "b"]), ["a", "b"], ["a", "b"]),
        ([1.0000000001, 1.0], ["1", "1"], ["1.0000000001", "1.0"]),
    ):
        control = module.Control("g", values)
        assert (control.texts, control.keys) == (texts, keys)
    for bad in ([], [1], [1, 1], [1, "a"], [None, 1]):
        with pytest.raises(ValueError, match="g must be"):
            module.Control("g", bad)
    with pytest.raises(ValueError, match="start of g"):
        module.Control("g", Grid([1, 2], start=3))


def test_faults_are_named_at_build():
    def picture(*layers, **options):
        return Picture(Panel(*layers, **options), name="a", claim="A.")

    def fault(function, match):
        with pytest.raises((ValueError, TypeError, ZeroDivisionError), match=match) as caught:
            Exploration(function, "fig", None, {"a": [0, 1]})._repr_html_()
        return str(caught.value) + "".join(getattr(caught.value, "__notes__", []))

    assert "a=1" in fault(lambda a: picture(*[predicted([0, 1], [0, 1])] * (1 + a)), "layers must keep")
    assert "'a is 1'" in fault(lambda a: picture(note(0, 0, f"a is {a}")), "belongs in the sentence")
    assert "a=1" in fault(lambda a: picture(predicted([0, 1], [0, 1]), xscale=("linear", "log")[a]), "panels must keep")
    assert "fig at {'a': 0}" in fault(lambda a: picture(predicted([0, 1], [0, 1 / a])), "division")
    fault(lambda a: "text", "draw must return a Picture, got str")
    with pytest.raises(ValueError, match="play must be one of a"):
        Exploration(draw, "fig", "b", {"a": [0, 1]})
    with pytest.raises(ValueError, match="grid of numbers"):
        Exploration(draw, "fig", "a", {"a": [False, True]})
    with pytest.raises(ValueError, match="at least one grid"):
        Exploration(draw, "fig", None, {})


def test_too_heavy_figures_are_refused_with_their_weight():
    def heavy(k):
        rng = np.random.default_rng(k)
        return Picture(Panel(measured(rng.random(200), rng.random(200))), name="a", claim="A.")

    with pytest.raises(ValueError, match=r"the 200 frames of heavy weigh \d+,\d{3} bytes, a figure may weigh 120,000"):
        Exploration(heavy, "heavy", None, {"k": range(200)})._repr_html_()


def test_weight_of_a_usual_figure():
    def curve(theta, k):
        return Picture(Panel(predicted(X, np.sin(theta * X) + k)), name="a", claim="A.", sentence=f"At {theta:.2f}, {k}.")

    e = Exploration(curve, "usual", None, {"theta": np.linspace(0, 1, 76), "k": range(5)})
    assert len(re.search(r"<script.*</script>", e._repr_html_(), re.S)[0]) < BUDGET / 2
    assert SCRIPT.stat().st_size < 7000


def test_environment_chooses_the_world(monkeypatch):
    grids = {"name": "fig", "theta": THETA, "m": M}
    monkeypatch.setenv("BOOK_STATIC", "1")
    assert isinstance(explore(draw, **grids), Exploration)
    monkeypatch.delenv("BOOK_STATIC")
    assert isinstance(explore(draw, **grids), ipywidgets.VBox)


# Jupyter, without a kernel: every move is computed at once.
def widgets(box, kind):
    return [w for w in box.children if isinstance(w, kind)]


def test_live_figure_follows_its_controls():
    box = exploration(play="theta", parallel=[False, True], data=["circle", "digits"]).live()
    show, said = widgets(box, ipywidgets.HTML)
    slider, m = widgets(box, ipywidgets.SelectionSlider)
    assert said.value == '<p class="explore-sentence">At 0.25 with 32 units on the circle it is 0.3162.</p>'
    assert "--fig-measured" in show.value and "<svg" in show.value
    before = show.value
    slider.index = 3
    assert "At 1.0 with 32" in said.value and show.value != before
    widgets(box, ipywidgets.Dropdown)[0].index = 1
    assert "digits" in said.value
    widgets(box, ipywidgets.Checkbox)[0].value = True
    buttons = {b.description: b for b in widgets(box, ipywidgets.HBox)[0].children if isinstance(b, ipywidgets.Button)}
    buttons["Back"].click()
    assert slider.index == 2
    buttons["Forward"].click()
    buttons["Forward"].click()
    assert slider.index == 3
    buttons["Reset"].click()
    assert "At 0.25 with 32 units on the circle" in said.value and m.index == 1


def test_live_axes_grow_but_do_not_shrink():
    def steep(a):
        return Picture(Panel(predicted([0, 1], [0, a])), name="a", claim="A.")

    box = Exploration(steep, "a", None, {"a": [1, 9]}).live()
    slider, show = widgets(box, ipywidgets.SelectionSlider)[0], widgets(box, ipywidgets.HTML)[0]
    paths = []
    for index in (1, 0):
        slider.index = index
        paths.append(re.search(r'data-k="0-0"[^>]* d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)"', show.value).groups())
    (bottom, top), (same, lower) = ([float(y) for y in path] for path in paths)
    assert same == bottom and bottom - lower == pytest.approx((bottom - top) / 9, abs=0.2)


def test_live_errors_are_shown_and_pass_away():
    def wrong(a):
        if a == 2:
            raise ValueError("no <two>")
        return Picture(Panel(predicted([0, 1], [0, a])), name="a", claim="A.", sentence="Fine.")

    box = Exploration(wrong, "a", None, {"a": [1, 2]}).live()
    show, said = widgets(box, ipywidgets.HTML)
    slider = widgets(box, ipywidgets.SelectionSlider)[0]
    slider.index = 1
    assert "ValueError: no &lt;two&gt;" in show.value and "a&#x27;: 2" in show.value and "Fine" not in said.value
    slider.index = 0
    assert "<svg" in show.value and "Fine" in said.value


class Loop:
    """A loop with a clock that moves when it is told to."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def time(self):
        return self.now

    def call_later(self, wait, function, *args):
        loop, entry = self, (self.now + wait, function, args)

        class Handle:
            def cancel(self):
                loop.calls.remove(entry)

        self.calls.append(entry)
        return Handle()

    def run_to(self, then):
        while due := [c for c in self.calls if c[0] <= then + 1e-9]:
            first = min(due, key=lambda c: c[0])
            self.calls.remove(first)
            self.now = max(self.now, first[0])
            first[1](*first[2])
        self.now = max(self.now, then)


def play(times, cost=0.0):
    """Values computed, and when, if the value `time` is set at each of the `times`."""
    loop, computed, value = Loop(), [], []

    def compute():
        loop.now += cost
        computed.append((loop.now, value[-1]))

    throttle = Throttle(compute, loop)
    for time in times:
        loop.run_to(time)
        value.append(time)
        throttle()
    loop.run_to(times[-1] + 5)
    return computed


@pytest.mark.parametrize("cost", [0, 0.03, 0.3])
def test_forty_moves_in_two_seconds_are_three_computations(cost):
    times = np.linspace(0, 2, 40)
    computed = play(times, cost)
    assert len(computed) <= 3
    assert computed[0][1] == 0 and computed[-1][1] == 2


def test_slow_moves_are_answered_at_once():
    assert [value for _, value in play([0, 1, 2])] == [0, 1, 2]
    assert [time for time, _ in play([0, 1, 2])] == [0, 1, 2]


def test_two_quick_moves_end_with_the_second():
    assert play([0, 0.05]) == [(0, 0), (pytest.approx(0.25), 0.05)]


# The page, in a browser, from a file
@pytest.fixture(scope="module")
def page_file(tmp_path_factory, still):
    folder = tmp_path_factory.mktemp("page")
    (folder / "explore.js").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    other = exploration(name="other", theta=THETA)
    (folder / "page.html").write_text(
        f'<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8"><title>Test</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE.read_text(encoding="utf-8")}</style>'
        f'<script src="explore.js" defer></script><body>{still._repr_html_()}<div style="height:3000px"></div>'
        f"{other._repr_html_()}", encoding="utf-8")
    return (folder / "page.html").as_uri()


@pytest.fixture
def page(browser, page_file):
    visit = Visit(browser, page_file)
    yield visit.page
    assert visit.errors == []
    assert visit.foreign == []
    visit.close()


def shown(page, name="fig"):
    """What a reader sees: sentence, read-outs, and the `d` of every path in order."""
    return page.evaluate("""name => {
        const root = document.getElementById(name);
        return [root.querySelector(".explore-sentence").textContent,
                [...root.querySelectorAll(".explore-value")].map(e => e.textContent),
                [...root.querySelectorAll("path[data-k]")].map(e => e.getAttribute("d"))];
    }""", name)


def expect(page, still, **state):
    """The page shows the numbers that were computed for this state, to a tenth of a pixel."""
    sentence, values, paths = shown(page)
    picture, (extents, states) = still.value(**state), still._states()
    assert sentence == picture.sentence
    html = picture.html(extents, [picture.shapes(extents), *states])
    again = re.findall(r'<path data-k="[^>]* d="([^"]*)"', html)
    assert len(paths) == len(again) == 8
    for pair in zip(paths, again, strict=True):
        found, expected = (np.array(re.findall(r"-?[\d.]+", d), float) for d in pair)
        assert np.abs(found - expected).max() < 0.11
    return values


def test_arrow_keys_move_the_figure(page, still):
    slider = page.get_by_label("angle θ").first
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert expect(page, still, theta=0.52, m=32) == ["0.52 rad", "32"]
    assert slider.get_attribute("aria-valuetext") == "0.52 rad"
    page.keyboard.press("End")
    assert expect(page, still, theta=1.0, m=32)[0] == "1 rad"
    assert page.locator("#fig .picture").get_attribute("aria-label").endswith(still.value(theta=1.0, m=32).sentence)


def test_mouse_switch_and_menu_move_the_figure(page, still):
    box = page.get_by_label("angle θ").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(page, still, theta=1.0)
    page.get_by_label("parallel").check()
    page.get_by_label("data").select_option("digits")
    expect(page, still, theta=1.0, parallel=True, data="digits")
    page.locator("#fig").get_by_role("button", name="Reset").click()
    expect(page, still)
    assert not page.get_by_label("parallel").is_checked()


def test_targets_are_large_enough(page):
    for control in page.locator(".explore input, .explore select, .explore button").all():
        box = control.bounding_box()
        assert box["height"] >= 24 and box["width"] >= 24


def test_announcements_come_once_a_second(page):
    page.get_by_label("angle θ").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    said = page.locator("#fig output")
    assert said.get_attribute("aria-live") == "polite" and said.text_content() == ""
    page.wait_for_timeout(1200)
    assert said.text_content() == shown(page)[0]


def test_address_holds_the_state(page, page_file, still, browser):
    page.get_by_label("angle θ").first.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(500)
    assert page.url.endswith("#fig?theta=1&m=32&parallel=no&data=circle")
    visit = Visit(browser, page_file + "#other?theta=0.50&m=64")
    assert "At 0.5 with 64" in shown(visit.page, "other")[0]
    assert visit.page.evaluate("scrollY") > 1000
    visit.page.evaluate("location.hash = '#fig?theta=0.52&data=digits'")
    visit.page.wait_for_function("document.querySelector('#fig .explore-sentence').textContent.includes('0.52')")
    expect(visit.page, still, theta=0.52, data="digits")
    assert visit.errors == []
    visit.close()


@pytest.mark.parametrize(
    "fragment", ["fig?theta=7", "fig?m=", "fig?theta", "fig?%E0%A4%A", "nothing?theta=0.5", "fig??&&==", "a%20b"]
)
def test_bad_fragments_are_ignored(browser, page_file, still, fragment):
    visit = Visit(browser, f"{page_file}#{fragment}")
    expect(visit.page, still)
    assert visit.errors == []
    visit.close()


def test_film_runs_pauses_and_steps(browser, page_file):
    page = browser.new_page()
    page.goto(page_file)
    button = {name: page.locator("#fig").get_by_role("button", name=name) for name in ("Play", "Pause", "Back", "Forward")}
    assert shown(page)[1][0] == "0.25 rad"
    button["Play"].click()
    page.wait_for_function("document.querySelector('#fig .explore-value').textContent === '0.5 rad'")
    button["Pause"].click()
    stopped = shown(page)
    page.wait_for_timeout(600)
    assert shown(page) == stopped
    button["Play"].click()
    page.wait_for_function("document.querySelector('#fig .explore-value').textContent === '1 rad'")
    button["Back"].click()
    assert shown(page)[1][0] == "0.52 rad"
    button["Forward"].click()
    button["Forward"].click()
    assert shown(page)[1][0] == "1 rad"
    page.close()


def test_reduced_motion_makes_play_a_step(page):
    button = page.locator("#fig").get_by_role("button", name="Play")
    assert "reduced motion" in button.get_attribute("title")
    button.click()
    page.wait_for_timeout(700)
    assert shown(page)[1][0] == "0.5 rad"


def test_a_step_is_quick(page):
    took = page.evaluate("""() => {
        const input = document.querySelector("#fig input"), times = [];
        for (let i = 0; i < 40; i++) {
            input.value = i % 4;
            const t = performance.now();
            input.dispatchEvent(new Event("input"));
            document.body.getBoundingClientRect();
            times.push(performance.now() - t);
        }
        return times.sort((a, b) => a - b)[20];
    }""")
    assert took < 50


def test_without_script_the_first_frame_stands_and_no_control_shows(browser, page_file, still):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file)
    assert page.locator("#fig .explore-sentence").inner_text() == still.value().sentence
    assert not page.locator("#fig .explore-controls").is_visible()
    assert page.locator("#fig svg.wide").first.is_visible()
    context.close()


def test_phone_stacks_the_panels_and_print_hides_the_controls(page):
    page.set_viewport_size({"width": 320, "height": 700})
    tops = [panel.bounding_box() for panel in page.locator("#fig svg.wide").all()]
    assert tops[1]["y"] >= tops[0]["y"] + tops[0]["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Reset").first.is_visible()
    assert page.locator("#fig .explore-sentence").is_visible()
