"""How shapes on axes become SVG: matplotlib draws axes and text, the shapes are single paths in units of the axes box.

Because a shape knows its place in the box only (0 to 1), the same numbers serve the wide and the narrow drawing of a panel,
the first frame and all later ones, and the script that moves figures needs to know no axis.
"""
import io
import re
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

ROLES = {  # light and dark; figures.css repeats them, tests/test_figures.py measures them
    "measured": ("#1d4fd7", "#a9d4ff"),
    "predicted": ("#9c6400", "#f0b23c"),
    "bound": ("#951a1a", "#ff6a5c"),
    "broken": ("#7d2a9e", "#ea58d8"),
    "accent": ("#0c7d5b", "#63e0ae"),
    "neutral": ("#50545f", "#98a1b0"),
}
SIZES = {1: [(560, 330), (330, 280)], 2: [(345, 285)], 3: [(236, 240)]}  # the second size of a single panel is for phones
STEP = 4000  # quantisation: steps to the side of an axes box, below a tenth of a pixel
GAP = -32768  # the quantised NaN
FONT = {"font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 14.5, "axes.unicode_minus": True,
        "svg.fonttype": "path", "path.simplify": False}
# Second cue beside the colour: how a line of each role is stroked, and the form of its dots.
BEADS = (0.01, 5.5)
DASHES = {"measured": BEADS, "bound": (6, 3.5), "accent": (9, 3, 1.5, 3), "broken": (1.5, 3)}


@dataclass(frozen=True, eq=False)
class Shape:
    """A layer, or a part of it, as it is drawn: places in units of the axes box, and how they are painted."""

    kind: str  # "line" (NaN breaks it), "area" (closed), "dots" or "text"
    role: str
    u: np.ndarray
    v: np.ndarray
    width: float = 0  # of the stroke
    dashes: tuple = ()
    opacity: float = 0  # of the filling
    radius: float = 0
    text: str = ""
    offset: tuple = (8, 0)


def quantise(unit):
    """Places as 16-bit integers, `STEP` to the axes box; far outside they stop at eight boxes, NaN becomes `GAP`.

    Parameters
    ----------
    unit : ndarray
        Places in units of the axes box.

    Returns
    -------
    ndarray
        Same shape, little-endian int16.

    Examples
    --------
    >>> quantise(np.array([0.0, 0.5, np.nan])).tolist()
    [0, 2000, -32768]
    """
    steps = np.clip(np.nan_to_num(unit, nan=0, posinf=9, neginf=-9) * STEP, GAP + 1, -GAP - 1)
    return np.where(np.isnan(unit), GAP, np.rint(steps)).astype("<i2")


def _tick(value, _=None):
    mantissa, _, power = f"{value:.6g}".replace("-", "\N{MINUS SIGN}").partition("e")
    power = power.replace("+", "").replace("\N{MINUS SIGN}", "-")
    times = "" if mantissa == "1" else rf"{mantissa}\times "
    return f"${times}10^{{{int(power)}}}$" if power else mantissa


def _figure(width, height):
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)  # 72 dots per inch: a point is a pixel of the SVG
    FigureCanvasAgg(figure)
    return figure


def _ticks(axis, scale, limits, length):
    formatter = FuncFormatter(_tick)
    if scale == "linear":
        axis.set_major_locator(MaxNLocator(nbins=max(2, length // 48), steps=[1, 2, 5, 10]))
    else:
        whole = np.ptp(np.log10(limits)) > 2  # enough powers of ten to mark nothing else
        axis.set_major_locator(LogLocator(subs=(1,) if whole else (1, 2, 5), numticks=max(3, length // 45)))
        if whole and (limits[0] < 1e-3 or limits[1] >= 1e4):
            formatter = FuncFormatter(lambda value, _: f"$10^{{{round(np.log10(value))}}}$")
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())


def _axes(figure, panel, limits, states, area, key=None):
    """Axes and texts of a panel in the `area` (left, width, height) of a figure; the box as left, top, width, height.

    A label gets the room that it needs in any of the `states`.
    """
    start, width, height = area
    ax = figure.add_axes((0, 0, 1, 1), xscale=panel.xscale, yscale=panel.yscale, xlim=limits[0], ylim=limits[1])
    ax.patch.set_visible(False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[:].set_linewidth(0.7)
    ax.tick_params(length=3.5, width=0.7, pad=4)
    place = lambda left, bottom, w, h: ax.set_position(  # noqa: E731
        ((start + left) / figure.bbox.width, bottom / height, w / figure.bbox.width, h / height))
    place(50, 40, width - 60, height - 60)
    left, bottom, right, top = 6, 6, 12, 8
    draw = figure.canvas.get_renderer()
    if panel.axes:
        _ticks(ax.xaxis, panel.xscale, limits[0], width - 60)
        _ticks(ax.yaxis, panel.yscale, limits[1], height - 60)
        ax.set_xlabel(panel.xlabel, labelpad=3)
        inner = ax.get_window_extent(draw)
        x, y = ax.xaxis.get_tightbbox(draw), ax.yaxis.get_tightbbox(draw)
        left, bottom = inner.x0 - y.x0 + 3, inner.y0 - x.y0 + 3
        top += 24 * bool(panel.ylabel)
        ax.annotate(panel.ylabel, (0, 1), (3 - left, 10), "axes fraction", "offset points", va="bottom")
    else:
        ax.set_axis_off()
    w = width - left - right
    for i, shape in enumerate(states[0]):
        if shape.kind != "text":
            continue
        dx, dy = shape.offset
        at = np.nan_to_num([shape.u[0], shape.v[0]], nan=0.5)
        text = ax.annotate(shape.text, at, (dx, dy), "axes fraction", "offset points", color=ROLES[shape.role][0],
                           ha="left" if dx else "center", va="center", gid=key and f"{key}{i}", linespacing=1.05)
        reach = max((state[i].u[0] for state in states if np.isfinite(state[i].u[0])), default=0)
        if dx and reach > 0:
            w = min(w, (width - left - text.get_window_extent(draw).width - dx - 2) / reach)
    w, h = max(w, 0.3 * width), height - bottom - top
    if panel.equal:
        ratio = np.ptp(limits[1]) / np.ptp(limits[0])
        w, h = min(w, h / ratio), min(h, w * ratio)
        left, bottom = max(left, (width - w) / 2), max(bottom, height - top - h)
    left, w, h = round(left, 1), round(w, 1), round(h, 1)
    place(left, bottom, w, h)
    return ax, (left, round(height - bottom - h, 1), w, h)


def marker(shape):
    """Outline of a dot, to be drawn from its centre.

    Parameters
    ----------
    shape : Shape
        Of the kind "dots"; its radius and role decide.

    Returns
    -------
    str
        Relative path commands.

    Examples
    --------
    >>> marker(Shape("dots", "accent", np.zeros(1), np.zeros(1), radius=2))
    'm0-2.5l2.5 2.5l-2.5 2.5l-2.5-2.5z'
    """
    r = shape.radius
    if shape.role == "accent":
        r = round(1.25 * r, 1)
        return f"m0-{r}l{r} {r}l-{r} {r}l-{r}-{r}z"
    return f"m-{r} 0a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0-{2 * r} 0z"


def path(shape, box):
    """The `d` of a shape in an axes box; explore.js does the same with the same integers.

    Parameters
    ----------
    shape : Shape
        Any but a text.
    box : tuple
        Left, top, width and height of the axes box in pixels.

    Returns
    -------
    str
        Path commands.

    Examples
    --------
    >>> path(Shape("line", "neutral", np.array([0.0, 1.0]), np.array([0.0, 0.5])), (10, 20, 100, 200))
    'M10.0 220.0L110.0 120.0'
    """
    left, top, width, height = box
    result, pen = [], ""
    for u, v in zip(quantise(shape.u).tolist(), quantise(shape.v).tolist(), strict=True):
        if GAP in (u, v):
            pen = ""
            continue
        x, y = left + width * u / STEP, top + height * (1 - v / STEP)
        pen = "L" if pen and shape.kind != "dots" else "M"
        result.append(f"{pen}{x:.1f} {y:.1f}{marker(shape) if shape.kind == 'dots' else ''}")
    return "".join(result) + "Z" * (shape.kind == "area" and bool(result))


def _path_svg(shape, box, key):
    colour = f"var(--fig-{shape.role},{ROLES[shape.role][0]})"
    style = f"fill:{colour};fill-opacity:{shape.opacity:g}" if shape.opacity else "fill:none"
    if shape.width:
        style += f";stroke:{colour};stroke-width:{shape.width:g}"
    if shape.dashes:
        style += f";stroke-dasharray:{' '.join(f'{dash:g}' for dash in shape.dashes)}"
    if shape.dashes == BEADS:
        style += ";stroke-linecap:round"
    return f'<path data-k="{key}" style="{style}" d="{path(shape, box)}"/>'


def _paint(ax, shape):
    """The same by matplotlib, for files."""
    colour, points, frame = ROLES[shape.role][0], np.column_stack([shape.u, shape.v]), {"transform": ax.transAxes}
    if shape.kind == "dots":
        ax.plot(*points.T, "D" if shape.role == "accent" else "o", ms=2 * shape.radius, mec=colour, mew=shape.width,
                mfc=colour if shape.opacity else "none", clip_on=False, **frame)
    elif shape.kind == "line":
        dashes = (0, tuple(dash / shape.width for dash in shape.dashes)) if shape.dashes else "-"
        cap = "round" if shape.dashes == BEADS else "butt"
        ax.plot(*points.T, color=colour, lw=shape.width, ls=dashes, dash_capstyle=cap, **frame)
    elif shape.kind == "area" and len(points):
        ax.add_patch(PathPatch(Outline(points), lw=shape.width, ec=colour if shape.width else "none",
                               fc=(colour, shape.opacity), **frame))


def save(path, panels, limits, shapes, name):
    """Write panels, side by side in the colours of the light page, as an SVG or PNG file.

    Parameters
    ----------
    path : Path
        Ends in .svg or .png.
    panels : sequence of Panel
        As in a picture.
    limits : list of tuple
        For each panel ((left, right), (bottom, top)).
    shapes : list of list of Shape
        For each panel its shapes.
    name : str
        Makes the file reproducible.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from lib.figures import Panel, Picture, predicted
    >>> picture = Picture(Panel(predicted([0, 1], [0, 1])), name="a", claim="A.")
    >>> with TemporaryDirectory() as folder:
    ...     picture.save(Path(folder) / "a.svg")
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['a.csv', 'a.svg']
    """
    width, height = SIZES[len(panels)][0]
    figure = _figure(width * len(panels), height)
    with matplotlib.rc_context(FONT | {"svg.hashsalt": name}):
        for p, panel in enumerate(panels):
            ax, _ = _axes(figure, panel, limits[p], [shapes[p]], (p * width, width, height))
            for shape in shapes[p]:
                _paint(ax, shape)
        figure.savefig(path, dpi=200, metadata={"Date": None} if path.suffix == ".svg" else None)


def picture_svg(panels, limits, states, name):
    """Panels as SVG in the first of the `states`, with room for the texts of all; a single panel once more, for phones.

    The outlines of letters stand in an SVG of their own, since all panels share them.

    Parameters
    ----------
    panels : sequence of Panel
        As in a picture.
    limits : list of tuple
        For each panel ((left, right), (bottom, top)).
    states : list of list of list of Shape
        For each state and panel its shapes.
    name : str
        Begins all ids.

    Returns
    -------
    str
        SVG elements.

    Examples
    --------
    >>> from lib.figures import Panel, Picture, predicted
    >>> Picture(Panel(predicted([0, 1], [0, 1])), name="a", claim="A.").html().count("<svg")
    3
    """
    glyphs, result = {}, []
    for narrow, size in enumerate(SIZES[len(panels)]):
        for p, panel in enumerate(panels):
            result.append(_panel_svg(panel, limits[p], [state[p] for state in states], size, p, bool(narrow), name, glyphs))
    sprite = f'<svg width="0" height="0" style="position:absolute"><defs>{"".join(glyphs.values())}</defs></svg>'
    return sprite + "".join(result)


def _panel_svg(panel, limits, states, size, p, narrow, name, glyphs):
    figure, buffer, clip = _figure(*size), io.StringIO(), f"{name}-{'narrow' if narrow else 'wide'}-{p}"
    with matplotlib.rc_context(FONT | {"svg.hashsalt": name}):
        ax, (left, top, width, height) = _axes(figure, panel, limits, states, (0, *size), key=f"k{p}-")
        ax.add_patch(Rectangle((0, 0), 0, 0, gid="layers", zorder=2))  # a place in the drawing order, for our own paths
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<!--.*?-->", "", svg[svg.index('<g id="axes_1">'):svg.rindex("</g>")], flags=re.S)
    svg = re.sub(r"\s*\n\s*", "", svg.replace(" \n", " "))
    for key, glyph in re.findall(r'<path id="([^"]+)" ([^>]*>)', svg):
        glyphs[key] = _themed(f'<path id="{name}-{key}" {glyph}')
    svg = re.sub(r"<defs>.*?</defs>", "", svg)
    svg = re.sub(r'<g id="(?!k\d|layers)[^"]*">', "<g>", svg).replace('<g id="k', '<g data-k="')
    svg = _themed(svg.replace('xlink:href="#', f'href="#{name}-'))
    for i, shape in enumerate(states[0]):
        if shape.kind == "text" and not np.isfinite(shape.u[0] + shape.v[0]):
            svg = svg.replace(f'data-k="{p}-{i}"', f'data-k="{p}-{i}" visibility="hidden"')
    paths = "".join(_path_svg(shape, (left, top, width, height), f"{p}-{i}")
                    for i, shape in enumerate(states[0]) if shape.kind != "text")
    clipped = (f'<clipPath id="{clip}"><rect x="{left - 6:.1f}" y="{top - 6:.1f}" width="{width + 12:.1f}" '
               f'height="{height + 12:.1f}"/></clipPath><g clip-path="url(#{clip})">{paths}</g>')
    svg = re.sub(r'<g id="layers">.*?</g>', lambda _: clipped, svg)
    w, h = size
    return (f'<svg class="{"narrow" if narrow else "wide"}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" '
            f'data-box="{left} {top} {width} {height}" fill="currentColor" stroke-linejoin="round" '
            f'style="{"display:none;" * narrow}flex:1 1 {0.78 * w:.0f}px;max-width:{max(w, 330)}px;min-width:0;'
            f'overflow:visible">{svg}</svg>')


def _themed(svg):
    """Black becomes the colour of the text, the colours of the roles become those of the page's theme."""
    for role, (light, _) in ROLES.items():
        svg = svg.replace(f": {light}", f": var(--fig-{role},{light})")
    return svg.replace("#000000", "currentColor")
