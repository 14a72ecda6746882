"""Figures that move: one function of a picture, two worlds.

On the built page all pictures of the grid are computed beforehand and a small script shows the one that is asked for. In
Jupyter the same controls are ipywidgets, and the picture is computed anew.
"""
import asyncio
import base64
import html
import json
import numbers
import os
import traceback
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from lib.drawing import marker, quantise
from lib.figures import STYLE, Picture, common_extents

BUDGET = 120_000  # bytes that the frames of one figure may weigh on a page
QUIET, OFTEN = 0.2, 1.2  # live: seconds without a move, and between computations in an unbroken movement


@dataclass(frozen=True)
class Grid:
    """Values of one control: numbers (a slider), booleans (a switch) or strings (a menu), with label, unit and start."""

    values: object
    label: str | None = None
    unit: str = ""
    start: object = None


class Control:
    """A grid as the reader sees it: for each value a text with its unit and a key for the address."""

    def __init__(self, name, grid):
        grid = grid if isinstance(grid, Grid) else Grid(grid)
        values = grid.values.tolist() if isinstance(grid.values, np.ndarray) else list(grid.values)
        values = [v.item() if isinstance(v, np.generic) else v for v in values]
        kinds = {"switch": bool, "menu": str, "slider": numbers.Real}
        self.kind = next((k for k, t in kinds.items() if values and all(isinstance(v, t) for v in values)), None)
        if self.kind is None or len(set(values)) < max(2, len(values)):
            raise ValueError(f"{name} must be at least two different numbers, booleans or strings, got {values!r}")
        if grid.start is not None and grid.start not in values:
            raise ValueError(f"the start of {name} must be one of its values, got {grid.start!r}")
        self.name, self.values, self.label = name, values, grid.label or name.replace("_", " ")
        self.start = 0 if grid.start is None else values.index(grid.start)
        self.texts = [f"{self._text(v)} {grid.unit}".rstrip() for v in values]
        self.keys = [("no", "yes")[v] if v is True or v is False else str(v) for v in values]
        if self.kind == "slider":
            short = [f"{v:.6g}" for v in values]
            self.keys = short if len(set(short)) == len(values) else [repr(v) for v in values]

    @staticmethod
    def _text(value):
        if isinstance(value, bool | str):
            return {True: "yes", False: "no"}.get(value, value)
        text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
        return text.replace("-", "\N{MINUS SIGN}")

    def html(self, prefix):
        """Label, native input and, for a slider, the read-out of its value."""
        same = f'id="{prefix}-{self.name}" data-grid="{self.name}" data-lm-suppress-shortcuts="true" autocomplete="off"'
        value, label = "", html.escape(self.label)
        if self.kind == "slider":
            text = html.escape(self.texts[self.start])
            control = (f'<input type="range" min="0" max="{len(self.values) - 1}" step="1" value="{self.start}" '
                       f'aria-valuetext="{text}" {same}>')
            value = f'<span class="explore-value" aria-hidden="true">{text}</span>'
        elif self.kind == "switch":
            control = f'<input type="checkbox" role="switch" {same}{" checked" * self.values[self.start]}>'
        else:
            options = "".join(f"<option{' selected' * (i == self.start)}>{html.escape(text)}</option>"
                              for i, text in enumerate(self.texts))
            control = f"<select {same}>{options}</select>"
        return (f'<div class="explore-control explore-{self.kind}"><label for="{prefix}-{self.name}">{label}</label>'
                f"{control}{value}</div>")


class Exploration:
    """A function of a picture with its controls; what `explore` makes of its arguments."""

    def __init__(self, draw, name, play, grids):
        if not grids:
            raise ValueError("explore needs at least one grid, for example theta=[0.1, 0.2]")
        if play is not None and play not in grids:
            raise ValueError(f"play must be one of {', '.join(grids)}, got {play!r}")
        self.draw, self.name, self.play = draw, name, play
        self.controls = [Control(*item) for item in grids.items()]
        if play and next(c for c in self.controls if c.name == play).kind != "slider":
            raise ValueError(f"play must name a grid of numbers, {play} is none")

    def picture(self, indices):
        """Picture of the state in which control number j shows its value number ``indices[j]``."""
        state = {c.name: c.values[i] for c, i in zip(self.controls, indices, strict=True)}
        try:
            picture = self.draw(**state)
            if not isinstance(picture, Picture):
                raise TypeError(f"draw must return a Picture, got {type(picture).__name__}")
        except Exception as error:
            error.add_note(f"in the figure {self.name} at {state}")
            raise
        said = ", ".join(f"{c.label}: {c.texts[i]}" for c, i in zip(self.controls, indices, strict=True)) + "."
        return Picture(*picture.panels, name=self.name, claim=picture.claim, sentence=picture.sentence or said)

    @cached_property
    def frames(self):
        """All pictures, the last control moving fastest; computed once."""
        return [self.picture(indices) for indices in product(*(range(len(c.values)) for c in self.controls))]

    @property
    def start(self):
        """Number of the frame that the page shows first."""
        return int(np.ravel_multi_index([c.start for c in self.controls], [len(c.values) for c in self.controls]))

    def value(self, **state):
        """Picture of a state; controls that are not named stay at their start."""
        return self.picture([c.values.index(state[c.name]) if c.name in state else c.start for c in self.controls])

    def _states(self):
        """The axes limits that all frames share, and the shapes of every frame."""
        for number, picture in enumerate(self.frames):
            if _axes(picture) != _axes(self.frames[0]):
                raise ValueError(f"panels must keep their number, scales and axis labels in all states of {self.name}: "
                                 f"{self._where(number)} has {_axes(picture)}, the first state {_axes(self.frames[0])}")
        extents = common_extents(self.frames)
        states = [picture.shapes(extents) for picture in self.frames]
        kept = [[(s.kind, s.role, s.text) for s in panel] for panel in states[0]]
        for number, state in enumerate(states):
            if (now := [[(s.kind, s.role, s.text) for s in panel] for panel in state]) != kept:
                raise ValueError(f"layers must keep their number, kinds, labels and texts in all states of {self.name} "
                                 f"(a number that changes belongs in the sentence): {self._where(number)} draws {now}, "
                                 f"the first state {kept}")
        return extents, states

    def _where(self, number):
        indices = np.unravel_index(number, [len(c.values) for c in self.controls])
        return ", ".join(f"{c.name}={c.values[i]!r}" for c, i in zip(self.controls, indices, strict=True))

    def data(self, states):
        """What the script needs, for `json.dumps`: the moving shapes and their columns, each different column once."""
        pool, table, shapes = {}, [], []
        for p, panel in enumerate(states[self.start]):
            for i, shape in enumerate(panel):
                frames = [(quantise(state[p][i].u).tobytes(), quantise(state[p][i].v).tobytes()) for state in states]
                if len(set(frames)) > 1:
                    table.append([[pool.setdefault(column, len(pool)) for column in frame] for frame in frames])
                    shapes.append({"key": f"{p}-{i}", "kind": shape.kind})
                    if shape.kind == "dots":
                        shapes[-1]["mark"] = marker(shape)
                    if shape.kind == "text":
                        shapes[-1]["at"] = quantise(np.nan_to_num([shape.u[0], shape.v[0]], nan=0.5)).tolist()
        lengths = np.array([len(column) // 2 for column in pool], "<i2")
        rows = np.array(table, "<u2").reshape(len(shapes), len(states), 2).swapaxes(0, 1)
        blob = lengths.tobytes() + rows.tobytes() + b"".join(pool)
        words = [picture.sentence.split() for picture in self.frames]
        if len({len(w) for w in words}) > 1:
            words = [[picture.sentence] for picture in self.frames]
        sentence = [list(w) if len(set(w)) > 1 else [w[0]] for w in zip(*words, strict=True)]
        return {"grids": [{"name": c.name, "start": c.start, "keys": c.keys, "texts": c.texts} for c in self.controls],
                "play": self.play, "claim": self.frames[self.start].claim, "sentence": sentence,
                "shapes": shapes, "columns": len(pool), "frames": base64.b64encode(blob).decode()}

    @cached_property
    def _html(self):
        extents, states = self._states()
        first = self.frames[self.start]
        data = json.dumps(self.data(states), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        if (size := len(data.encode())) > BUDGET:
            raise ValueError(f"the {len(states)} frames of {self.name} weigh {size:,} bytes, a figure may weigh {BUDGET:,}: "
                             "take a coarser grid or fewer points")
        states = [states[self.start], *states]
        step = '<button type="button" data-do="{}">{}</button>'
        film = "".join(step.format(do, do.title()) for do in ("play", "back", "forward")) if self.play else ""
        return (f'<div class="explore" id="{self.name}">{first.html(extents, states, f"{first.alt} {first.sentence}")}'
                f'<div class="explore-controls" role="group" aria-label="Controls of the figure {self.name}" hidden>'
                f'{"".join(c.html(self.name) for c in self.controls)}'
                f'<div class="explore-buttons">{film}{step.format("reset", "Reset")}</div></div>'
                f'<p class="explore-sentence">{html.escape(first.sentence)}</p>'
                f'<output class="explore-announcement" aria-live="polite"></output>'
                f'<script type="application/json">{data}</script></div>')

    def _repr_html_(self):
        return self._html

    def live(self):
        """The same figure as ipywidgets; a move recomputes the picture, throttled."""
        import ipywidgets as w

        style, layout = {"description_width": "initial"}, {"width": "100%", "max_width": "560px"}
        inputs = []
        for c in self.controls:
            options = list(zip(c.texts, range(len(c.values)), strict=True))
            same = {"description": c.label, "style": style}
            inputs.append(w.Checkbox(value=c.values[c.start], indent=False, **same) if c.kind == "switch" else
                          w.Dropdown(options=options, value=c.start, **same) if c.kind == "menu" else
                          w.SelectionSlider(options=options, value=c.start, layout=layout, **same))
        show, said, known = w.HTML(), w.HTML(), []

        def compute():
            try:
                picture = self.picture([c.values.index(i.value) if c.kind == "switch" else i.value
                                        for c, i in zip(self.controls, inputs, strict=True)])
                known[:] = [common_extents([picture], known)]  # axes may grow, so that a move is not hidden by new limits
                body, sentence = picture.html(known[0]), picture.sentence
            except Exception as error:
                last = "".join(traceback.format_exception_only(error))
                body, sentence = f'<pre class="explore-error" role="alert">{html.escape(last)}</pre>', ""
            show.value = f'<style>{STYLE.read_text()}</style><div class="explore">{body}</div>'
            said.value = f'<p class="explore-sentence">{html.escape(sentence)}</p>'

        def button(text, action):
            made = w.Button(description=text, layout={"width": "auto"})
            made.on_click(lambda _: action())
            return made

        def reset():
            for c, i in zip(self.controls, inputs, strict=True):
                i.value = c.values[c.start] if c.kind == "switch" else c.start

        buttons = []
        if self.play:
            film = inputs[[c.name for c in self.controls].index(self.play)]
            last = len(film.options) - 1
            player = w.Play(value=film.index, min=0, max=last, interval=400, show_repeat=False)
            w.jslink((player, "value"), (film, "index"))
            buttons = [player, button("Back", lambda: film.set_trait("index", max(film.index - 1, 0))),
                       button("Forward", lambda: film.set_trait("index", min(film.index + 1, last)))]
        moved = Throttle(compute)
        for i in inputs:
            i.observe(lambda _: moved(), "value")
        compute()
        return w.VBox([show, *inputs, w.HBox([*buttons, button("Reset", reset)]), said])


class Throttle:
    """Calls `compute` at once after a pause; while calls keep coming, every `OFTEN` seconds, and once more at their end."""

    def __init__(self, compute, loop=None):
        self.compute, self.loop, self.timer = compute, loop, None
        self.moved = self.done = -np.inf

    def __call__(self):
        try:
            loop = self.loop or asyncio.get_running_loop()
        except RuntimeError:  # no kernel, nothing to wait with
            self.compute()
            return
        now, before = loop.time(), self.moved
        self.moved = now
        if self.timer is None and now - max(before, self.done) >= QUIET:
            self._run(loop)
            return
        if self.timer is not None:
            self.timer.cancel()
        self.timer = loop.call_later(max(0.0, min(QUIET, self.done + OFTEN - now)), self._run, loop)

    def _run(self, loop):
        self.timer = None
        self.compute()
        self.done = loop.time()


def _axes(picture):
    return [(panel.xscale, panel.yscale, panel.xlabel, panel.ylabel, panel.axes, panel.equal) for panel in picture.panels]


def explore(draw, *, name, play=None, **grids):
    """Figure with controls: `draw` takes one value of each grid and returns a Picture.

    Parameters
    ----------
    draw : callable
        ``draw(**values)`` returns a `lib.figures.Picture`; all its states have the same kinds of layers and labels.
    name : str
        Unique on its page; the state stands in the address as ``#name?theta=0.52``.
    play : str, optional
        Name of a grid of numbers that can run as a film.
    **grids : Grid or sequence
        Numbers make a slider, booleans a switch, strings a menu.

    Returns
    -------
    Exploration or ipywidgets.VBox
        With BOOK_STATIC in the environment the frames as HTML, without it live widgets.

    Examples
    --------
    >>> from lib.figures import Panel, Picture, predicted
    >>> def draw(a):
    ...     return Picture(Panel(predicted([0, 1], [0, a])), name="line", claim="A line.", sentence=f"It ends at {a}.")
    >>> Exploration(draw, "line", None, {"a": [1, 2, 3]}).value(a=2).sentence
    'It ends at 2.'
    """
    exploration = Exploration(draw, name, play, grids)
    return exploration if os.environ.get("BOOK_STATIC") else exploration.live()
