"""The grammar of pictures: what is measured, predicted, bounded or broken looks the same on every page.

Layers are values, a panel holds layers, a picture holds panels. How they are drawn is `lib.drawing`'s business.
"""
import csv
import html
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np

from lib import drawing
from lib.drawing import BEADS, DASHES, ROLES, SIZES, Shape

STYLE = Path(__file__).parent / "static" / "figures.css"


@dataclass(frozen=True, eq=False)
class Layer:
    """One set of numbers and how it is to be read; made by `measured`, `predicted`, ..., not by hand."""

    kind: str
    role: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    label: str | None = None
    detail: object = None


def _numbers(values, name, like=None):
    array = np.atleast_1d(np.asarray(values))
    if array.dtype.kind not in "iuf" or array.ndim != 1:
        raise ValueError(f"{name} must be real numbers in one row, got dtype {array.dtype}, shape {array.shape}")
    if like is not None and array.shape != like.shape:
        if array.size != 1:
            raise ValueError(f"{name} must have the length {like.size} of x, got {array.size}")
        array = np.full(like.shape, array[0])
    return array.astype(float)


def _layer(kind, role, x, y, label=None, error=None, low=None, high=None, detail=None):
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, got {role!r}")
    x = _numbers(x, "x")
    y = _numbers(y, "y", x)
    if error is not None:
        error = _numbers(error, "error", x)
        low, high = y - error, y + error
    elif low is not None:
        low, high = _numbers(low, "low", x), _numbers(high, "high", x)
    return Layer(kind, role, x, y, low, high, label, detail)


def measured(x, y, error=None, label=None, *, role="measured"):
    """Dots, with error bars if there is an `error`: this was measured. ``role="accent"`` for a second series.

    Parameters
    ----------
    x, y : array_like
        Numbers of the same length; NaN is left out.
    error : array_like, optional
        Length of the bar on each side.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.
    role : str
        A key of `lib.drawing.ROLES`.

    Returns
    -------
    Layer

    Examples
    --------
    >>> measured([1, 2], [3.0, 4.0], error=0.5).low.tolist()
    [2.5, 3.5]
    """
    return _layer("dots", role, x, y, label, error)


def predicted(x, y, label=None, *, role="predicted"):
    """Solid line: this is what the theory says.

    Parameters
    ----------
    x, y : array_like
        Numbers of the same length; NaN breaks the line.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.
    role : str
        A key of `lib.drawing.ROLES`.

    Returns
    -------
    Layer

    Examples
    --------
    >>> predicted([0, 1], [0, 2]).role
    'predicted'
    """
    return _layer("line", role, x, y, label, detail=1.9)


def bound(x, y, forbidden=None, label=None, *, role="bound"):
    """Dashed line that nothing may cross; `forbidden` ("above", "below") shades the side that is ruled out.

    Parameters
    ----------
    x, y : array_like
        Numbers of the same length; NaN breaks the line.
    forbidden : str, optional
        The side that is ruled out, "above" or "below".
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.
    role : str
        A key of `lib.drawing.ROLES`.

    Returns
    -------
    Layer

    Raises
    ------
    ValueError
        If `forbidden` is something else.

    Examples
    --------
    >>> bound([0, 1], [2, 2], "above").detail
    'above'
    """
    if forbidden not in ("above", "below", None):
        raise ValueError(f'forbidden must be "above", "below" or None, got {forbidden!r}')
    return _layer("bound", role, x, y, label, detail=forbidden)


def broken(x, y, error=None, label=None):
    """Hollow dots: measured where a hypothesis of the theorem does not hold.

    Parameters
    ----------
    x, y : array_like
        Numbers of the same length; NaN is left out.
    error : array_like, optional
        Length of the bar on each side.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.

    Returns
    -------
    Layer

    Examples
    --------
    >>> broken([1], [2]).role
    'broken'
    """
    return _layer("dots", "broken", x, y, label, error)


def band(x, low, high, label=None, *, role="predicted"):
    """Translucent area from `low` to `high`: where the theory expects the measurements.

    Parameters
    ----------
    x : array_like
        Numbers.
    low, high : array_like
        Lower and upper edge, of the length of `x`.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.
    role : str
        A key of `lib.drawing.ROLES`.

    Returns
    -------
    Layer

    Examples
    --------
    >>> band([0, 1], [1, 2], [3, 4]).high.tolist()
    [3.0, 4.0]
    """
    low = np.asarray(low)
    return _layer("band", role, x, low, label, low=low, high=high)


def slope(x, y, exponent, label=None):
    """Triangle whose long side begins at the point (x, y) and has the slope `exponent` on logarithmic axes.

    Parameters
    ----------
    x, y : float
        Where the long side begins.
    exponent : float
        Slope on the logarithmic axes.
    label : str, optional
        Replaces "slope" and the exponent as a fraction.

    Returns
    -------
    Layer

    Examples
    --------
    >>> slope(100, 0.1, -0.5).label
    'slope $-1/2$'
    """
    label = label or f"slope ${Fraction(float(exponent)).limit_denominator(12)}$"
    return _layer("slope", "neutral", x, y, label, detail=float(exponent))


def stems(x, y, role="measured", label=None):
    """Bars that stand on the axis, as for a spectrum.

    Parameters
    ----------
    x, y : array_like
        Numbers of the same length; NaN is left out.
    role : str
        A key of `lib.drawing.ROLES`.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.

    Returns
    -------
    Layer

    Examples
    --------
    >>> stems([1, 2], [3, 1]).kind
    'stems'
    """
    return _layer("stems", role, x, y, label)


def line(x, y, role="neutral", label=None):
    """Thin helper line; NaN breaks it. A line of role "measured" is a string of beads.

    Parameters
    ----------
    x, y : array_like
        Numbers of the same length; NaN breaks the line.
    role : str
        A key of `lib.drawing.ROLES`.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.

    Returns
    -------
    Layer

    Examples
    --------
    >>> line([0, 1], [0, 1]).role
    'neutral'
    """
    return _layer("line", role, x, y, label, detail=1.1)


def region(x, y, role, label=None):
    """Translucent polygon with the corners (x, y).

    Parameters
    ----------
    x, y : array_like
        Corners, in order.
    role : str
        A key of `lib.drawing.ROLES`.
    label : str, optional
        Written beside the layer; may hold TeX between dollar signs.

    Returns
    -------
    Layer

    Examples
    --------
    >>> region([0, 1, 1], [0, 0, 1], "accent").kind
    'region'
    """
    return _layer("region", role, x, y, label)


def note(x, y, text, role="neutral"):
    """A text at the point (x, y).

    Parameters
    ----------
    x, y : float
        The point.
    text : str
        May hold TeX between dollar signs; the same in all states of a moving figure.
    role : str
        A key of `lib.drawing.ROLES`.

    Returns
    -------
    Layer

    Examples
    --------
    >>> note(0, 1, "$x_1$").label
    '$x_1$'
    """
    return _layer("note", role, x, y, text)


class Panel:
    """One set of axes with its layers; limits that are not given are taken from the layers.

    Scales are "linear" or "log"; `equal` gives both axes the same unit of length; ``axes=False`` hides them.
    """

    def __init__(self, *layers, xlabel="", ylabel="", xscale="linear", yscale="linear", xlim=None, ylim=None,
                 equal=False, axes=True):
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"a Panel holds layers such as measured(x, y), got {type(layer).__name__}")
        for scale in (xscale, yscale):
            if scale not in ("linear", "log"):
                raise ValueError(f'a scale must be "linear" or "log", got {scale!r}')
        if (xscale, yscale) != ("log", "log") and any(layer.kind == "slope" for layer in layers):
            raise ValueError("slope needs two logarithmic axes")
        self.layers, self.xlabel, self.ylabel = layers, xlabel, ylabel
        self.xscale, self.yscale, self.xlim, self.ylim = xscale, yscale, xlim, ylim
        self.equal, self.axes = equal, axes

    def extent(self):
        """Limits ((left, right), (bottom, top)): the given ones, else those of the finite numbers with a margin."""
        return (self.xlim or _extent([y.x for y in self.layers], self.xscale, 0.03),
                self.ylim or _extent([a for y in self.layers for a in (y.y, y.low, y.high) if a is not None], self.yscale,
                                     0.06, [y.kind for y in self.layers]))


def _extent(arrays, scale, margin, kinds=()):
    values = np.concatenate([np.zeros(0), *arrays, [0.0] * (scale == "linear" and "stems" in kinds)])
    values = values[np.isfinite(values) & ((values > 0) | (scale == "linear"))]
    if scale == "log":
        values = np.log10(values)
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    low, high = low - margin * (high - low) * (not (low == 0 and "stems" in kinds)), high + margin * (high - low)
    return (float(10**low), float(10**high)) if scale == "log" else (float(low), float(high))


def common_extents(pictures, known=()):
    """Limits for each panel that hold the panels of all `pictures` and the limits already `known`.

    Parameters
    ----------
    pictures : sequence of Picture
        Pictures with the same number of panels.
    known : sequence
        Results of earlier calls.

    Returns
    -------
    list of tuple
        For each panel ((left, right), (bottom, top)).

    Examples
    --------
    >>> panels = [Panel(predicted([0, 1], [0, 1]), xlim=(0, right), ylim=(0, 1)) for right in (1, 3)]
    >>> common_extents([Picture(panel, name="a", claim="A.") for panel in panels])
    [((0, 3), (0, 1))]
    """
    every = [[panel.extent() for panel in picture.panels] for picture in pictures]
    return [tuple((min(low), max(high)) for low, high in (zip(*axis, strict=True) for axis in zip(*panel, strict=True)))
            for panel in zip(*every, *known, strict=True)]


def to_unit(values, limits, scale):
    """Place of data on an axis, 0 at its beginning and 1 at its end; zero on a logarithmic axis lies at minus infinity.

    Parameters
    ----------
    values : ndarray
        Numbers on the axis.
    limits : tuple
        Its beginning and end.
    scale : str
        "linear" or "log".

    Returns
    -------
    ndarray
        Same shape as `values`.

    Examples
    --------
    >>> to_unit(np.array([1.0, 10.0, 1000.0]), (10, 1000), "log").tolist()
    [-0.5, 0.0, 1.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values, (low, high) = (np.log10(values), np.log10(limits)) if scale == "log" else (values, limits)
    return (values - low) / (high - low)


def _dots(role, u, v):
    radius = 3.2 if len(u) <= 60 else 2.4 if len(u) <= 300 else 1.6
    return Shape("dots", role, u, v, width=1.5 * (role == "broken"), opacity=role != "broken", radius=radius)


def _shapes(layer, x, y):
    """Shapes of a layer; `x` and `y` take its numbers to the axes box."""
    kind, role, u, v = layer.kind, layer.role, x(layer.x), y(layer.y)
    low, high = (v, v) if layer.low is None else (y(layer.low), y(layer.high))
    inner = np.isfinite(u) & ~np.isnan(low) & ~np.isnan(high)
    around = lambda below, above: (np.r_[u[inner], u[inner][::-1]], np.r_[below[inner], above[inner][::-1]])  # noqa: E731
    if kind == "band":
        yield Shape("area", role, *around(low, high), opacity=0.2)
    elif kind == "region":
        yield Shape("area", role, u[inner], v[inner], opacity=0.16)
    elif kind == "bound":
        if layer.detail:
            yield Shape("area", role, *around(v, np.full_like(v, layer.detail == "above")), opacity=0.1)
        yield Shape("line", role, u, v, width=1.7, dashes=DASHES["bound"])
    elif kind == "line":
        dashes = DASHES.get(role, ())
        yield Shape("line", role, u, v, width=3.2 if dashes == BEADS else layer.detail, dashes=dashes)
    elif kind == "slope":
        rise = layer.detail * 0.15 * np.ptp(y(np.array([1.0, 10.0]))) / np.ptp(x(np.array([1.0, 10.0])))
        yield Shape("area", role, np.r_[u, u + 0.15, u + 0.15], np.r_[v, v + rise, v], width=1.1)
        yield Shape("text", role, u + 0.075, v + 0, text=layer.label, offset=(0, 10 if rise < 0 else -10))
    elif kind == "note":
        yield Shape("text", role, u, v + 0, text=layer.label, offset=(6, 8))
    else:
        if kind == "stems":
            low, high = np.broadcast_to(np.maximum(y(np.zeros(1)), 0), v.shape), v
        if kind == "stems" or layer.low is not None:
            yield Shape("line", role, *(np.column_stack([*ends, np.full_like(u, np.nan)]).ravel()
                                        for ends in ((u, u), (low, high))), width=1.3)
        yield _dots(role, u, v)


def _label(layer, x, y):
    """Label at the right end of a curve, at a single dot, or above the highest of stems, wherever that is in the box."""
    u = x(layer.x)
    v = y(layer.y) if layer.low is None else (y(layer.low) + y(layer.high)) / 2
    inside, stem = np.flatnonzero((np.abs(u - 0.5) <= 0.51) & (np.abs(v - 0.5) <= 0.51)), layer.kind == "stems"
    if inside.size:
        at = inside[[np.argmax((v if stem else u)[inside])]]
        u, v = (np.ones(1) if u[at] > 0.88 and len(u) > 1 and not stem else u[at]), v[at]  # ends of curves stand in line
    else:
        u, v = np.full((2, 1), np.nan)
    words = re.findall(r"(?:[^\s$]|\$[^$]*\$)+", layer.label)
    lines = [words[0]]
    for word in words[1:]:
        lines[-1:] = [f"{lines[-1]} {word}"] if len(_plain(lines[-1] + word)) < 16 or stem else [lines[-1], word]
    return Shape("text", layer.role, u, v, text="\n".join(lines), offset=(6, 11) if stem else (6, 0))


def _spread(texts, size):
    """Move texts that would overlap up and down, symmetrically, in a drawing of this `size`."""
    letter, line = 7 / (size[0] - 100), 17 / (size[1] - 70)  # in units of the axes box, about
    texts = [t for t in texts if abs(t.u[0] - 0.5) <= 0.51 and abs(t.v[0] - 0.5) <= 0.51]
    rows = {id(t): _plain(t.text).split("\n") for t in texts}
    half = {key: line * len(lines) / 2 for key, lines in rows.items()}
    wide = {key: letter * max(map(len, lines)) for key, lines in rows.items()}
    for _ in range(40):
        for a, b in combinations(sorted(texts, key=lambda t: t.v[0]), 2):
            overlap = half[id(a)] + half[id(b)] - (b.v[0] - a.v[0])
            if overlap > 1e-4 and -wide[id(b)] < b.u[0] - a.u[0] < wide[id(a)]:
                a.v[0] -= overlap / 2
                b.v[0] += overlap / 2
        for t in texts:
            t.v[0] = np.clip(t.v[0], half[id(t)] - 0.02, 1.02 - half[id(t)])


def _plain(text):
    """Text without the marks of TeX, to be read aloud."""
    for mark, word in ((r"(?<=\w)\\(?=\w)", r" \\"), (r"\\infty", "infinity"), (r"\\[lr]Vert|\\\|", "|"), (r"\\[,;: ]", " "),
                       (r"\\(mathrm|operatorname|text|mathbf|left|right)\b|[${}\\]", "")):
        text = re.sub(mark, word, text)
    return text.strip()


def _say(value):
    value = float(f"{value:.3g}") + 0.0
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:g}"


class Picture:
    r"""Panels side by side that make one claim.

    Parameters
    ----------
    *panels : Panel
        One, two or three.
    name : str
        Unique on its page, letters, digits and hyphens; it begins every id in the SVG.
    claim : str
        What the picture shows, as a sentence.
    sentence : str, optional
        The numbers of this state, as a sentence; the read-out of a moving figure.

    Examples
    --------
    >>> Picture(Panel(measured([1, 2, 3], [3, 2, 1], label="error")), name="fall", claim="The error falls.").alt
    'The error falls. error: 3 points, horizontal from 1 to 3, vertical from 3 to 1.'
    """

    def __init__(self, *panels, name, claim, sentence=None):
        if len(panels) not in SIZES or not all(isinstance(panel, Panel) for panel in panels):
            raise ValueError(f"a Picture holds one to three Panels, got {[type(panel).__name__ for panel in panels]}")
        if not re.fullmatch("[a-z][a-z0-9-]*", str(name)):
            raise ValueError(f"name must be made of small letters, digits and hyphens, got {name!r}")
        self.panels, self.name, self.claim, self.sentence = panels, name, claim, sentence

    @property
    def alt(self):
        """The claim and the plotted numbers in words."""
        parts = [self.claim.strip()]
        for panel in self.panels:
            data = [layer for layer in panel.layers if layer.kind not in ("note", "slope")]
            names = [_plain(panel.xlabel) or "horizontal", _plain(panel.ylabel) or "vertical"]
            for layer in ([layer for layer in data if layer.label] or
                          [layer for layer in data if layer.role != "neutral" and layer.kind != "region"] or data):
                ok = np.isfinite(layer.x) & np.isfinite(layer.y)
                x, y, who = layer.x[ok], layer.y[ok], _plain(layer.label or layer.role)
                if len(x) == 1:
                    parts.append(f"{who}: one point, {names[0]} {_say(x[0])}, {names[1]} {_say(y[0])}.")
                elif len(x):
                    parts.append(f"{who}: {len(x)} points, {names[0]} from {_say(x.min())} to {_say(x.max())}, "
                                 f"{names[1]} from {_say(y[0])} to {_say(y[-1])}.")
        return " ".join(parts)

    def shapes(self, extents=None):
        """For each panel the list of shapes, with places in units of the axes box."""
        result = []
        for panel, (xlim, ylim) in zip(self.panels, extents or common_extents([self]), strict=True):
            x, y = (lambda a, t=t, s=s: to_unit(a, t, s) for t, s in ((xlim, panel.xscale), (ylim, panel.yscale)))
            shapes = [shape for layer in panel.layers for shape in _shapes(layer, x, y)]
            shapes += [_label(layer, x, y) for layer in panel.layers if layer.label and layer.kind not in ("note", "slope")]
            _spread([shape for shape in shapes if shape.kind == "text"], SIZES[len(self.panels)][-1])
            result.append(sorted(shapes, key=lambda shape: ("area", "line", "dots", "text").index(shape.kind)))
        return result

    def html(self, extents=None, states=None, alt=None):
        """The picture as an element of a page; `states` are the shapes of all its states, for which room is kept."""
        extents = extents or common_extents([self])
        svg = drawing.picture_svg(self.panels, extents, states or [self.shapes(extents)], self.name)
        return (f'<div class="picture" role="img" aria-label="{html.escape(alt or self.alt)}" style="display:flex;'
                f'flex-wrap:wrap;justify-content:center;gap:0.5rem 1rem">{svg}</div>')

    def _repr_html_(self):
        return ("" if os.environ.get("BOOK_STATIC") else f"<style>{STYLE.read_text()}</style>") + self.html()

    def save(self, path):
        """Write the picture (.svg or .png) and, beside it, the plotted numbers (.csv)."""
        path = Path(path)
        if path.suffix not in (".svg", ".png"):
            raise ValueError(f"path must end in .svg or .png, got {path.name!r}")
        drawing.save(path, self.panels, common_extents([self]), self.shapes(), self.name)
        with open(path.with_suffix(".csv"), "w", newline="", encoding="utf-8") as file:
            write = csv.writer(file).writerow
            write(["panel", "layer", "kind", "label", "x", "y", "low", "high"])
            for p, panel in enumerate(self.panels):
                for i, layer in enumerate(panel.layers):
                    ends = [] if layer.low is None else [layer.low, layer.high]
                    for numbers in zip(*(a.tolist() for a in (layer.x, layer.y, *ends)), strict=True):
                        write([p, i, f"{layer.role} {layer.kind}", layer.label or "", *numbers])

