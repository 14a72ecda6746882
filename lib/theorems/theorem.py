"""A theorem as a value: what it needs, what it promises, what was measured, and the verdict in one sentence."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor, isinf, log10
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.figures import Layer, Picture, broken, measured

STANDARD_ERRORS = 4
"""A measured value keeps a promise up to this many of its own standard errors."""

VERDICTS = ("holds", "fails", "outside", "cannot tell")

MINUS = "\N{MINUS SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# All prose that evidence ever prints; {} fields are filled by `Evidence.sentence`.
SENTENCES = {
    "=": "{quantity} is predicted to be {predicted} and was measured as {measured}",
    "<=": "{quantity} is promised to be at most {predicted} and was measured as {measured}",
    ">": "{quantity} is promised to exceed {predicted} and was measured as {measured}",
    "between": "{quantity} is promised to lie between {low} and {high} and was measured as {measured}",
    "claim outside": "What is measured where a hypothesis of the theorem is broken, beside what the theorem would say.",
    "of several": " (the tightest of {count} cases)",
    "holds": ": the claim holds.",
    "fails": ": the claim FAILS.",
    "cannot tell": ": the error bar is wider than the claim, so this run cannot tell.",
    "outside": ": the setting is outside the theorem, which asks for {required} ({name}); here {actual}.",
}


def number(x: float, error: float = 0.0) -> str:
    """A number as a reader would write it: four significant digits, fewer if its error is known to be larger.

    Parameters
    ----------
    x : float
    error : float, optional
        Standard error; digits below its second one are not shown.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.16666666), number(1234567), number(3.2e-9), number(7.1072, 0.42), number(-3e-5, 8e-5)
    ('0.1667', '1,234,567', '3.2·10⁻⁹', '7.11', '−3·10⁻⁵')
    """
    x = float(x)
    if isinf(x):
        return "∞" if x > 0 else MINUS + "∞"
    if x == round(x) and abs(x) < 1e9 and not error:
        return f"{round(x):,}".replace("-", MINUS)
    digits = 4 if not error or not x else max(1, min(4, floor(log10(abs(x))) - floor(log10(error)) + 2))
    text, _, power = f"{x:.{digits}g}".replace("-", MINUS).partition("e")
    return f"{text}·10{str(int(power.replace(MINUS, '-'))).translate(SUPERSCRIPTS)}" if power else text


def row(*cells: str) -> str:
    """One row of a Markdown table; bars inside of a cell do not end it.

    Parameters
    ----------
    *cells : str

    Returns
    -------
    str

    Examples
    --------
    >>> row("|a| = 1", "✓")
    '| \\\\|a\\\\| = 1 | ✓ |\\n'
    """
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


@dataclass(frozen=True)
class Hypothesis:
    """One condition of a theorem with its value on a setting.

    Parameters
    ----------
    name : str
        What the condition is called in the text.
    required, actual : str
        What the theorem asks for and what the setting has.
    holds : bool
        Whether the setting meets the condition.
    """

    name: str
    required: str
    actual: str
    holds: bool


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a theorem predicts, what was measured, and the verdict.

    Parameters
    ----------
    title : str
        Name of the theorem.
    quantity : str
        What is compared, in words and symbols.
    relation : {"=", "<=", ">", "between"}
        How the measured value should stand to the predicted one.
    predicted : array_like
        One value for each case; for ``between`` a pair (lower ends, upper ends).
    measured, error : array_like
        Measured values and their standard errors (rounding errors where nothing is random), one for each case.
    rival : array_like, optional
        For ``=``: what a wrong theory would predict; the error bar must tell it from `predicted`.
    hypotheses : sequence of Hypothesis
    data : mapping
        Whatever the picture needs.
    """

    title: str
    quantity: str
    relation: str
    predicted: ArrayLike
    measured: ArrayLike
    error: ArrayLike
    rival: ArrayLike | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.relation not in ("=", "<=", ">", "between"):
            raise ValueError(f"relation must be one of '=', '<=', '>', 'between', got {self.relation!r}")
        if (self.relation == "=") != (self.rival is not None):
            raise ValueError("rival must be given for relation '=', and only there")
        for name in ("predicted", "measured", "error", "rival"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(np.asarray(value, dtype=float)).all():
                raise ValueError(f"{name} must be finite, got {value!r}")
        if np.size(self.measured) == 0 or (np.asarray(self.error) < 0).any():
            raise ValueError(f"measured must have a case and error none below 0, got {self.measured!r}, {self.error!r}")

    @property
    def _bar(self) -> NDArray:
        return STANDARD_ERRORS * np.atleast_1d(np.asarray(self.error, dtype=float))

    @property
    def _slack(self) -> NDArray:
        """How far each case is inside its promise; negative when the promise is broken beyond the error bar."""
        predicted, measured = np.asarray(self.predicted, dtype=float), np.atleast_1d(np.asarray(self.measured, dtype=float))
        if self.relation == "=":
            return self._bar - abs(measured - predicted)
        if self.relation == "<=":
            return predicted - measured + self._bar
        if self.relation == ">":
            return measured - predicted + self._bar
        low, high = predicted
        return np.minimum(measured - low, high - measured) + self._bar

    @property
    def _resolution(self) -> NDArray:
        """The smallest difference that matters; the error bar must be narrower."""
        predicted, measured = np.asarray(self.predicted, dtype=float), np.asarray(self.measured, dtype=float)
        if self.relation == "=":
            return abs(np.asarray(self.rival, dtype=float) - predicted)
        if self.relation == "<=":
            return abs(predicted)
        if self.relation == ">":  # a strict promise: equality up to rounding decides nothing
            return abs(measured - predicted)
        return abs(predicted[1] - predicted[0])

    @property
    def broken(self) -> tuple[Hypothesis, ...]:
        """The hypotheses that the setting does not meet."""
        return tuple(h for h in self.hypotheses if not h.holds)

    @property
    def verdict(self) -> str:
        """One of ``holds``, ``fails``, ``outside``, ``cannot tell``."""
        if self.broken:
            return "outside"
        if (self._slack < 0).any():  # broken by more than the error bar, however wide that is
            return "fails"
        return "cannot tell" if (self._bar >= self._resolution).any() else "holds"

    @property
    def room(self) -> float | None:
        """Factor by which a bound exceeds what was measured, in its tightest case; None where a value is predicted."""
        measured = np.asarray(self.measured, dtype=float)
        with np.errstate(divide="ignore"):
            if self.relation == "<=":
                return float(np.min(np.asarray(self.predicted) / measured))
            if self.relation == "between":
                return float(np.min(measured / np.asarray(self.predicted[0])))
        return None

    def claim(self, text: str) -> str:
        """The claim of a picture, or what the picture shows instead when a hypothesis is broken."""
        return SENTENCES["claim outside"] if self.broken else text

    @property
    def holds(self) -> bool:
        """Whether the verdict is ``holds``."""
        return self.verdict == "holds"

    @property
    def tightest(self) -> int:
        """Index of the case that is closest to breaking its promise, in units of the promise or of the error bar.

        Of equal cases it is the last, since settings are listed from the mildest to the most extreme.
        """
        unit = self._resolution if self.relation in ("<=", "between") else self._bar
        slack = self._slack / np.maximum(unit, 1e-100)
        return len(slack) - 1 - int(np.argmin(slack[::-1]))

    def dots(
        self, x: ArrayLike, y: ArrayLike, error: ArrayLike | None = None, label: str | None = None
    ) -> tuple[Layer, Layer]:
        """Measured points as filled dots if every hypothesis is met and hollow ones if not; one of the two layers is empty.

        A moving figure keeps its layers, so both are always there.
        """
        gone = [None if values is None else np.full(np.shape(values), np.nan) for values in (x, y, error)]
        met, unmet = ((x, y, error), gone) if not self.broken else (gone, (x, y, error))
        return measured(*met, label=label), broken(*unmet, label=label)

    def _case(self, values: ArrayLike) -> float:
        return float(np.broadcast_to(values, self._slack.shape)[self.tightest])

    @property
    def measured_text(self) -> str:
        """The tightest case with its error bar."""
        value, error = self._case(self.measured), self._case(self.error)
        return f"{number(value, error)} ± {number(float(f'{error:.2g}'))}" if error else number(value)

    @property
    def predicted_text(self) -> str:
        """The prediction, or the interval of it, for the tightest case."""
        if self.relation == "between":
            low, high = self.predicted
            return f"[{number(self._case(low))}, {number(self._case(high))}]"
        return {"=": "", "<=": "≤ ", ">": "> "}[self.relation] + number(self._case(self.predicted))

    @property
    def sentence(self) -> str:
        """Prediction, measurement and verdict in one sentence: figure, scoreboard, alt text and failing test share it."""
        ends = self.predicted if self.relation == "between" else (self.predicted, self.predicted)
        text = SENTENCES[self.relation].format(
            quantity=self.quantity,
            predicted=number(self._case(ends[0])),
            low=number(self._case(ends[0])),
            high=number(self._case(ends[1])),
            measured=self.measured_text,
        )
        if self._slack.size > 1:
            text += SENTENCES["of several"].format(count=self._slack.size)
        broken = self.broken[0].__dict__ if self.broken else {}
        text += SENTENCES[self.verdict].format(**broken)
        return text[0].upper() + text[1:]

    def _repr_markdown_(self) -> str:
        marks = {True: "✓ met", False: "✗ **broken**"}
        rows = "".join(row(h.name, h.required, h.actual, marks[h.holds]) for h in self.hypotheses)
        return (
            f"**{self.title}: {self.verdict}**\n\n"
            f"| hypothesis | required | here | |\n|:--|:--|:--|:--|\n{rows}\n"
            f"{self.sentence}"
        )


class Theorem(ABC):
    """A statement that can be checked; its dataclass fields are its constants and the chosen setting.

    Attributes
    ----------
    label : str
        Label of the statement in the book.
    ledger_id, source, title, chapter : str
        Identifier in the list of results, where the statement comes from, its name, and the chapter's path in ``book/``.
    """

    label: ClassVar[str]
    ledger_id: ClassVar[str]
    source: ClassVar[str]
    title: ClassVar[str]
    chapter: ClassVar[str]

    @abstractmethod
    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        """Evaluate every hypothesis, predict, and measure."""

    @abstractmethod
    def draw(self, evidence: Evidence) -> Picture:
        """The claim as a picture of the evidence."""

    @abstractmethod
    def twin(self) -> Theorem:
        """The same statement with a constant that nobody can prove: its check must fail."""

    @classmethod
    def at(cls, **fields: Any) -> Picture:
        """The picture of the theorem on one setting, measured with seed 0: what a slider shows."""
        theorem = cls(**fields)
        return theorem.draw(theorem.check(rng=0))
