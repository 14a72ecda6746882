"""The grammar of pictures: numbers go where they belong, colours can be told apart, text says what is drawn."""

import csv
import io
import re
from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure

from lib.drawing import GAP, ROLES, STEP, path, quantise
from lib.figures import (
    STYLE,
    Panel,
    Picture,
    band,
    bound,
    broken,
    common_extents,
    line,
    measured,
    note,
    predicted,
    region,
    slope,
    stems,
    to_unit,
)

M = 2.0 ** np.arange(4, 15)


def rates(name="rates"):
    return Picture(
        Panel(
            band(M, 0.8 * M**-0.5, 1.25 * M**-0.5),
            predicted(M, M**-0.5, label="$m^{-1/2}$"),
            measured(M, 1.05 * M**-0.5, 0.1 * M**-0.5, label="measured"),
            bound(M, 3 * M**-0.5, "above", label="bound"),
            broken(M[:3], 2 * M[:3] ** -0.5),
            slope(100, 0.5, -0.5),
            note(1000, 0.1, "a note"),
            xlabel="width $m$", ylabel=r"distance $\|H(0)-H^\infty\|_2$", xscale="log", yscale="log",
        ),
        Panel(stems([1, 2, 3], [3, 2, 1], label="spectrum"), line([0, 1, np.nan, 2, 3], [0, 1, np.nan, 2, 3]),
              region([0, 1, 1], [0, 0, 1], "accent"), measured([1, 2], [1, 1], role="accent")),
        name=name, claim="The distance falls like one over the root of the width.",
    )


# Colours. Deficiencies as linear maps of linear RGB, severity 1; distance is CIE76 in CIELAB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    low, high = sorted(linear(c) @ TO_XYZ[1] for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    t = np.clip(rgb, 0, 1) @ TO_XYZ.T / [0.95047, 1, 1.08883]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [0, 1])
def test_roles_can_be_told_apart(theme, deficiency):
    seen = {role: lab(np.array(DEFICIENCIES[deficiency]) @ linear(colours[theme])) for role, colours in ROLES.items()}
    for a, b in combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) >= 15, (a, b)


@pytest.mark.parametrize("theme, grounds", [(0, ["#ffffff"]), (1, ["#14181e", "#222832"])])
def test_colours_stand_out_even_as_text(theme, grounds):
    for role, colours in ROLES.items():
        assert min(contrast(colours[theme], ground) for ground in grounds) >= 4.5, role


def test_style_sheet_has_the_same_colours():
    light, dark = (dict(re.findall(r"--fig-(\w+): (#\w+)", block)) for block in STYLE.read_text().split("}")[:2])
    assert {role: (light[role], dark[role]) for role in ROLES} == ROLES


# Geometry
def test_numbers_lie_where_matplotlib_puts_them():
    figure = Figure(figsize=(4, 3), dpi=72)
    left, top, width, height = 40.0, 30.0, 200.0, 150.0
    ax = figure.add_axes((left / 288, 1 - (top + height) / 216, width / 288, height / 216))
    ax.set(xscale="log", xlim=(3, 3e4), ylim=(-1, 2))
    x, y = np.array([5.0, 170.0, 9000.0]), np.array([-0.5, 0.2, 1.9])
    expected = ax.transData.transform(np.column_stack([x, y])) * [1, -1] + [0, 216]
    shape = predicted(x, y)
    picture = Picture(Panel(shape, xscale="log", xlim=(3, 3e4), ylim=(-1, 2)), name="a", claim="A.")
    d = path(picture.shapes()[0][0], (left, top, width, height))
    found = np.array(re.findall(r"[ML]([\d.]+) ([\d.]+)", d), float)
    assert np.abs(found - expected).max() < 0.5 * width / STEP + 0.051


def test_quantisation_keeps_gaps_and_stops_far_outside():
    q = quantise(np.array([0.0, 0.5, np.nan, np.inf, -np.inf, 1e9]))
    assert q.dtype == np.int16
    assert q.tolist() == [0, STEP // 2, GAP, 32767, -32767, 32767]


def test_zero_lies_below_a_logarithmic_axis():
    assert to_unit(np.array([0.0]), (1, 10), "log")[0] == -np.inf


def test_nan_breaks_a_line():
    shapes = rates().shapes()[1]
    d = next(path(s, (0, 0, 100, 100)) for s in shapes if s.kind == "line" and s.role == "neutral")
    assert (d.count("M"), d.count("L")) == (2, 2)


def test_forbidden_side_is_shaded_to_the_edge():
    for side, edge in (("above", 1), ("below", 0)):
        area, curve = Picture(Panel(bound([0, 1], [0.2, 0.4], side), ylim=(0, 1)), name="a", claim="A.").shapes()[0]
        assert (area.kind, curve.kind) == ("area", "line")
        assert area.v.tolist() == [0.2, 0.4, edge, edge]


def test_slope_triangle_is_parallel_to_its_power_law():
    for exponent in (-0.5, 2):
        panel = Panel(predicted(M, M**exponent), slope(100, 100.0**exponent, exponent), xscale="log", yscale="log")
        shapes = Picture(panel, name="a", claim="A.").shapes()[0]
        triangle, curve = shapes[0], shapes[1]
        expected = np.ptp(curve.v) / np.ptp(curve.u) * np.sign(exponent)
        assert np.diff(triangle.v)[0] / np.diff(triangle.u)[0] == pytest.approx(expected)
    assert shapes[-1].text == "slope $2$"
    with pytest.raises(ValueError, match="logarithmic"):
        Panel(slope(1, 1, -1))


def test_error_bars_reach_from_end_to_end():
    bars, dots = Picture(Panel(measured([1, 2], [3, 4], [0.5, 1]), ylim=(0, 10)), name="a", claim="A.").shapes()[0]
    assert bars.v[[0, 1, 3, 4]] == pytest.approx([0.25, 0.35, 0.3, 0.5])
    assert dots.v == pytest.approx([0.3, 0.4])


def test_limits_hold_all_numbers_of_all_pictures():
    low, high = (Picture(Panel(measured([1, 2], [v, v], 0.5)), name="a", claim="A.") for v in (-3, 7))
    (xlim, ylim), = common_extents([low, high])
    assert xlim[0] < 1 and xlim[1] > 2 and ylim[0] < -3.5 and ylim[1] > 7.5
    given = Picture(Panel(measured([1], [1]), xlim=(0, 9), ylim=(-1, 1)), name="a", claim="A.")
    assert common_extents([given]) == [((0, 9), (-1, 1))]
    assert Panel(stems([1, 2], [0, 5])).extent()[1][0] == 0


def test_infinite_and_missing_numbers_do_not_spoil_the_limits():
    (low, high), _ = Panel(measured([1, np.nan, np.inf], [1, 1, 1])).extent()
    assert np.isfinite([low, high]).all() and low < 1 < high


def test_labels_at_one_place_do_not_overlap():
    x = [0, 1]
    panel = Panel(*[predicted(x, [0, 1 + 0.001 * i], label=f"curve {i}") for i in range(4)])
    heights = sorted(s.v[0] for s in Picture(panel, name="a", claim="A.").shapes()[0] if s.kind == "text")
    assert min(np.diff(heights)) > 0.074
    assert max(heights) < 1.02


def test_equal_axes_have_square_units():
    panel = Panel(line([0, 4], [0, 1]), equal=True, axes=False, xlim=(0, 4), ylim=(0, 1))
    for box in re.findall(r'data-box="([^"]+)"', Picture(panel, name="a", claim="A.").html()):
        _, _, width, height = map(float, box.split())
        assert width / height == pytest.approx(4, rel=0.01)


# The page
def test_svg_is_self_contained_themed_and_reproducible():
    page = rates().html()
    assert page == rates().html()
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"<(style|script|image|metadata)|xlink|#000000", page)
    assert "currentColor" in page
    for role in ("measured", "predicted", "bound", "broken", "accent", "neutral"):
        assert f"var(--fig-{role},{ROLES[role][0]})" in page


def test_ids_are_unique_and_every_reference_has_its_target():
    single = Picture(Panel(predicted([0, 1], [0, 1])), name="three", claim="A.")
    page = rates("one").html() + rates("two").html() + single.html()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)) <= {(i, "") for i in ids} | {("", i) for i in ids}
    assert all(i.startswith(("one-", "two-", "three-")) for i in ids)


def test_single_panel_has_a_second_drawing_for_phones():
    page = Picture(Panel(predicted([0, 1], [0, 1])), name="a", claim="A.").html()
    assert [page.count(f'class="{c}"') for c in ("wide", "narrow")] == [1, 1]
    assert 'role="img"' in page


def test_alternative_text_is_made_of_the_plotted_numbers():
    alt = rates().alt
    assert "measured: 11 points, width m from 16 to 16,400, distance |H(0)-H^infinity|_2 from 0.263 to 0.0082." in alt
    assert "spectrum: 3 points, horizontal from 1 to 3, vertical from 3 to 1." in alt
    assert "a note" not in alt
    bare = Picture(Panel(measured([1.23456], [2])), name="a", claim="One dot lies where it is said to lie.").alt
    assert bare.endswith("measured: one point, horizontal 1.23, vertical 2.") and len(bare) >= 60


def test_style_is_inlined_only_outside_the_book(monkeypatch):
    monkeypatch.delenv("BOOK_STATIC", raising=False)
    assert "<style>" in rates()._repr_html_()
    monkeypatch.setenv("BOOK_STATIC", "1")
    assert "<style>" not in rates()._repr_html_()


def test_saved_numbers_are_the_plotted_ones(tmp_path):
    for suffix in (".svg", ".png"):
        rates().save(tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").stat().st_size > 5000
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    dots = [row for row in rows if row["label"] == "measured"]
    assert [float(row["y"]) for row in dots] == (1.05 * M**-0.5).tolist()
    assert float(dots[0]["high"]) == pytest.approx(1.15 * 0.25)
    with pytest.raises(ValueError, match=r"\.svg or \.png"):
        rates().save(tmp_path / "a.pdf")


@pytest.mark.parametrize("make, message", [
    (lambda: measured([1, 2], [1, 2, 3]), "y must have the length 2 of x, got 3"),
    (lambda: measured([1, 2], [1, 2], error=[1, 2, 3]), "error must have"),
    (lambda: measured([1j], [1]), "x must be real numbers"),
    (lambda: measured([[1]], [1]), "x must be real numbers"),
    (lambda: line([1], [1], role="red"), "role must be one of measured"),
    (lambda: bound([1], [1], "left"), "forbidden must be"),
    (lambda: Panel(xscale="root"), "scale must be"),
    (lambda: Panel([1, 2]), "a Panel holds layers"),
    (lambda: Picture(name="a", claim="A."), "one to three Panels"),
    (lambda: Picture(Panel(), name="A b", claim="A."), "name must be made of"),
])
def test_wrong_arguments_are_named(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_inputs_are_not_modified_and_not_shared():
    x, y = np.arange(3.0), np.ones(3)
    picture = Picture(Panel(measured(x, y, label="a"), predicted(x, y, label="b")), name="a", claim="A.")
    y[:] = 7
    assert "from 1 to 1" in picture.alt
    picture.html()
    assert x.tolist() == [0, 1, 2]
