"""Du et al. 2018, the setting: the gradient, what a step does to a neuron, the outputs at the start.

What is sharper than the paper, or not in it, says so in its ``source``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lib.data import random_signs, sphere
from lib.dynamics import Trajectory, gradient_descent
from lib.figures import Panel, Picture, bound, broken, line, measured, predicted, region, slope
from lib.networks import TwoLayer
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.validation import as_count, as_generator, as_positive, as_real

CHAPTER = "two-layer/setting"
PAPER = "Du et al. 2018"
EPS = np.finfo(float).eps
TURN = np.linspace(0, 2 * np.pi, 73)


def on_circle(angle: NDArray) -> NDArray:
    r"""The unit vectors :math:`(\cos\psi,\sin\psi)`.

    Parameters
    ----------
    angle : array_like, shape (n,)
        Angles in radians.

    Returns
    -------
    ndarray, shape (n, 2)

    Examples
    --------
    >>> on_circle([0.0])
    array([[1., 0.]])
    """
    return np.column_stack([np.cos(angle), np.sin(angle)])


def first_flip(W: NDArray, V: NDArray, X: NDArray) -> float:
    r"""The smallest :math:`s>0` at which a gate of W + sV or of W - sV can differ from that of W, for the inputs X.

    Along the line the pre-activation of neuron r on input i is :math:`w_r^\top x_i+s\,v_r^\top x_i`.

    Parameters
    ----------
    W, V : array_like, shape (m, d)
        Weights and direction.
    X : array_like, shape (n, d)
        Inputs.

    Returns
    -------
    float
        0 if some neuron that moves sits on a kink, infinity if no pre-activation moves.

    Examples
    --------
    >>> first_flip([[3.0, 0.0]], [[1.5, 7.0]], [[1.0, 0.0]])
    2.0
    """
    at, speed = abs(np.asarray(X) @ np.transpose(W)), abs(np.asarray(X) @ np.transpose(V))
    return float(np.divide(at, speed, out=np.full_like(at, np.inf), where=speed > 0).min())


def one_piece(reach: float) -> Hypothesis:
    """The hypothesis that a difference is taken within one linear piece, where it is a derivative.

    Parameters
    ----------
    reach : float
        Step of the difference, in units of the distance to the first flip of a gate.

    Returns
    -------
    Hypothesis

    Examples
    --------
    >>> one_piece(0.5).holds, one_piece(20).holds
    (True, False)
    """
    return Hypothesis("no gate flips within the difference", "step / first flip < 1", number(reach), bool(reach < 1))


def off_kinks(distance: float) -> Hypothesis:
    r"""The hypothesis that no neuron sits on a kink.

    Parameters
    ----------
    distance : float
        Smallest :math:`|w_r^\top x_i|`.

    Returns
    -------
    Hypothesis

    Examples
    --------
    >>> off_kinks(0.0).holds
    False
    """
    return Hypothesis("no neuron sits on a kink", "all w·x ≠ 0", f"nearest {number(distance)}", bool(distance > 0))


def signs_only(a: NDArray) -> Hypothesis:
    """The hypothesis that all output weights are -1 or +1.

    Parameters
    ----------
    a : array_like, shape (m,)
        Output weights.

    Returns
    -------
    Hypothesis

    Examples
    --------
    >>> signs_only([1.0, -1.0]).holds, signs_only([1.0, -3.0]).holds
    (True, False)
    """
    a = abs(np.asarray(a, dtype=float))
    sizes = number(a.max()) if a.min() == a.max() else f"{number(a.min())} to {number(a.max())}"
    return Hypothesis("output weights are signs", "size 1", f"size {sizes}", bool((a == 1).all()))


def half_squared(u: NDArray, y: NDArray) -> float:
    r"""The loss :math:`\frac12\|u-y\|^2`.

    Parameters
    ----------
    u, y : array_like, shape (n,)
        Outputs and labels.

    Returns
    -------
    float

    Examples
    --------
    >>> half_squared([3.0, 0.0], [0.0, 4.0])
    12.5
    """
    e = np.asarray(u) - np.asarray(y)
    return float(e @ e) / 2


# ---------------------------------------------------------------- the setting


@dataclass(frozen=True)
class GradientFormula(Theorem):
    r""":math:`\nabla L=J^\top e` with the blocks :math:`\frac{a_r}{\sqrt m}1\{w_r^\top x_i\ge0\}\,x_i^\top` of J.

    The central difference of L along a direction is exact as long as no gate flips: there L is a quadratic function.

    Parameters
    ----------
    n, d, m : int
        Sizes of the data set and of the network.
    networks : int
        Independent data sets, networks and directions.
    reach : float
        Step of the difference in units of the distance to the first flip; the theorem needs less than 1.
    mean : bool
        Predict the gradient of the mean of the squared errors instead of their sum.
    """

    n: int = 20
    d: int = 10
    m: int = 500
    networks: int = 20
    reach: float = 0.5
    mean: bool = False

    label = "prop-gradient"
    ledger_id = "P1-D (gradient)"
    source = f"{PAPER}, section 1; the Jacobian form and the exact difference are this book's"
    title = "The gradient"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, results = as_generator(rng), []
        for _ in range(as_count(self.networks, "networks")):
            X, y, net = sphere(self.n, self.d, rng), random_signs(self.n, rng), TwoLayer.init(self.m, self.d, rng)
            V = rng.standard_normal(net.W.shape)
            V /= np.linalg.norm(V)
            flip = first_flip(net.W, V, X)
            slope_ = float((net.gradient(X, y)["W"] * V).sum()) / (self.n if self.mean else 1)
            h = as_positive(self.reach, "reach") * flip
            # rounding of a loss: each output is a sum of m terms, each carries half a unit in the last place
            rounding = EPS * np.linalg.norm(net(X) - y) * np.sqrt(self.n * self.m)
            results.append((slope_, self.difference(net, V, X, y, h), rounding / h, abs(X @ net.W.T).min(), flip))
        slopes, differences, errors, kinks, flips = np.array(results).T
        return Evidence(
            title=self.title,
            quantity="the slope of the loss in a random direction",
            relation="=",
            predicted=slopes,
            measured=differences,
            error=errors,
            rival=slopes * self.n if self.mean else slopes / self.n,
            hypotheses=(off_kinks(kinks.min()), one_piece(self.reach)),
            data={"last": self.by_step(net, V, X, y), "flip": flips[-1]},
        )

    @staticmethod
    def difference(net: TwoLayer, V: NDArray, X: NDArray, y: NDArray, h: float) -> float:
        """Central difference of the loss with step h in the direction V."""
        ahead, behind = replace(net, W=net.W + h * V), replace(net, W=net.W - h * V)
        return (half_squared(ahead(X), y) - half_squared(behind(X), y)) / (2 * h)

    def by_step(self, net: TwoLayer, V: NDArray, X: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
        """Steps from 1e-5 to 10, and the relative error of the central difference with each of them."""
        steps, exact = np.geomspace(1e-5, 10, 31), (net.gradient(X, y)["W"] * V).sum()
        found = np.array([self.difference(net, V, X, y, h) for h in steps])
        return steps, np.maximum(abs(found / exact - 1), 1e-16)

    def draw(self, evidence: Evidence) -> Picture:
        span = np.array([evidence.predicted.min(), evidence.predicted.max()])
        (steps, errors), flip = evidence.data["last"], evidence.data["flip"]
        near, far = np.where(steps < flip, errors, np.nan), np.where(steps < flip, np.nan, errors)
        return Picture(
            Panel(
                predicted(span, span, label="equal"),
                *evidence.dots(evidence.predicted, evidence.measured, evidence.error),
                xlabel="slope by the formula",
                ylabel="central difference",
            ),
            Panel(
                measured(steps, near, label="no flip"),
                broken(steps, far, label="some gate flips"),
                line([flip, flip], [1e-16, 10]),
                xlabel="step of the difference",
                ylabel="relative error",
                xscale="log",
                yscale="log",
                ylim=(1e-16, 10),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "Central differences of the loss agree with the formula to rounding until the first gate flips."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> GradientFormula:
        return replace(self, mean=True)


@dataclass(frozen=True)
class NeuronStep(Theorem):
    r"""A step of size :math:`\eta` moves a neuron by at most :math:`\eta\|X\|\|e\|/\sqrt m`.

    Parameters
    ----------
    n, d : int
        Size of the data set, uniform on the sphere.
    widths : sequence of int
    networks : int
        Independent networks for each width.
    eta : float
        Step size.
    output : float
        Absolute value of the output weights; the lemma needs 1.
    constant : float
        Factor of the bound; the lemma has 1.
    """

    n: int = 20
    d: int = 20
    widths: Sequence[int] = (50, 200, 800, 3200)
    networks: int = 20
    eta: float = 1.0
    output: float = 1.0
    constant: float = 1.0

    label = "lem-neuron-step"
    ledger_id = "P1-D (bound)"
    source = f"{PAPER}, sections 3 and 4, with the square root of n in place of the norm of X; the norm is this book's"
    title = "One step moves no neuron far"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        X, y = sphere(self.n, self.d, rng), random_signs(self.n, rng)
        size, moves, promises, flips, allowed = np.linalg.norm(X, 2), [], [], [], []
        for m in self.widths:
            for _ in range(self.networks):
                net = TwoLayer.init(m, self.d, rng)
                net = replace(net, a=self.output * net.a)
                step = as_positive(self.eta, "eta") * net.gradient(X, y)["W"]
                reach = self.constant * self.eta * size * np.linalg.norm(net(X) - y) / np.sqrt(m)
                before, after = net.W @ X.T, (net.W - step) @ X.T
                moves.append(np.linalg.norm(step, axis=1).max())
                promises.append(reach)
                flips.append(((before >= 0) != (after >= 0)).mean())
                allowed.append((abs(before) <= reach).mean())
        shape = len(self.widths), self.networks
        return Evidence(
            title=self.title,
            quantity="the largest move of a neuron in one step",
            relation="<=",
            predicted=np.array(promises),
            measured=np.array(moves),
            error=EPS * np.array(promises),
            hypotheses=(signs_only(net.a),),
            data={
                name: np.reshape(values, shape)
                for name, values in (("moves", moves), ("promises", promises), ("flips", flips), ("allowed", allowed))
            }
            | {"paper": np.sqrt(self.n) / size},
        )

    def draw(self, evidence: Evidence) -> Picture:
        data, m = evidence.data, np.array(self.widths)
        spread = {k: v.std(axis=1, ddof=1) / np.sqrt(self.networks) for k, v in data.items() if k != "paper"}
        mean = {k: v.mean(axis=1) for k, v in data.items() if k != "paper"}
        return Picture(
            Panel(
                bound(m, data["paper"] * mean["promises"], label=r"with $\sqrt{n}$"),
                bound(m, mean["promises"], forbidden="above", label=r"with $\|X\|$"),
                *evidence.dots(m, mean["moves"], spread["moves"], label="largest move"),
                slope(m[-3:][0], 0.25 * mean["moves"][-3:][0], -0.5),
                xlabel="width $m$",
                ylabel="move of a neuron",
                xscale="log",
                yscale="log",
            ),
            Panel(
                bound(m, mean["allowed"], forbidden="above", label="near a kink"),
                *evidence.dots(m, mean["flips"], spread["flips"], label="flipped"),
                slope(m[-3:][0], 0.25 * mean["flips"][-3:][0], -0.5),
                xlabel="width $m$",
                ylabel="fraction of the gates",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "The largest move of a neuron in one step and the share of gates that flip fall nearly like one over root m."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> NeuronStep:
        return replace(self, constant=0.25)


@dataclass(frozen=True)
class StartOutputs(Theorem):
    r"""At the random start :math:`E f(x)^2=\frac12\|x\|^2`, whatever the width.

    Parameters
    ----------
    d : int
        Dimension; the input has norm 1.
    widths : sequence of int
    networks : int
        Independent networks for each width.
    exponent : float
        The sum over neurons is divided by m to this power; the proposition needs 1/2.
    signs : bool
        Whether output weights are fair signs, as the proposition asks; otherwise all are +1.
    value : float
        The mean square of the output of a unit input; the proposition has 1/2.
    """

    d: int = 5
    widths: Sequence[int] = (16, 64, 256, 1024, 4096)
    networks: int = 400
    exponent: float = 0.5
    signs: bool = True
    value: float = 0.5

    label = "prop-start"
    ledger_id = "P1-D (start)"
    source = "this book; for the sum over inputs see the proof of theorem 3.2 in Du et al. 2018"
    title = "Outputs at the start"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        x = sphere(1, self.d, rng)[0]
        mean, error, movable = np.array([self.squares(m, x, rng) for m in self.widths]).T
        return Evidence(
            title=self.title,
            quantity="the mean square of the output at a unit input",
            relation="=",
            predicted=np.full(len(self.widths), self.value),
            measured=mean,
            error=error,
            rival=0.5 / np.array(self.widths),  # the scale 1/m
            hypotheses=(
                Hypothesis("the sum is divided by root m", "exponent 1/2", number(self.exponent), self.exponent == 0.5),
                Hypothesis("output weights are fair signs", "mean 0", f"mean {0 if self.signs else 1}", self.signs),
            ),
            data={"move": movable},
        )

    def squares(self, m: int, x: NDArray, rng: np.random.Generator) -> tuple[float, float, float]:
        """Mean square output with its standard error, and the mean squared norm of the gradient of the output."""
        scale, squares, gradients = m ** (0.5 - self.exponent), [], []
        for _ in range(self.networks):
            net = TwoLayer.init(m, self.d, rng)
            if not self.signs:
                net = replace(net, a=abs(net.a))
            squares.append((scale * net(x[None])[0]) ** 2)
            gradients.append(scale**2 * (net.W @ x >= 0).mean())  # each gate adds |x|^2 / m, and |x| = 1
        return np.mean(squares), np.std(squares, ddof=1) / np.sqrt(self.networks), np.mean(gradients)

    def draw(self, evidence: Evidence) -> Picture:
        m = np.array(self.widths)
        scale = {"xlabel": "width $m$", "xscale": "log", "yscale": "log"}
        half, seen = np.full(len(m), 0.5), np.concatenate([evidence.measured, evidence.data["move"]])
        scale["ylim"] = float(min(0.1, 0.8 * seen.min())), float(max(2.0, 1.25 * seen.max()))
        return Picture(
            Panel(
                predicted(m, evidence.predicted, label="any width"),
                *evidence.dots(m, evidence.measured, evidence.error),
                ylabel="mean square of $f(x)$",
                **scale,
            ),
            Panel(
                predicted(m, half, label="any width"),
                *evidence.dots(m, evidence.data["move"]),
                ylabel=r"squared gradient of $f(x)$",
                **scale,
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("Divided by root m, the output and its gradient keep their size at every width."),
            sentence=evidence.sentence,
        )

    def twin(self) -> StartOutputs:
        return replace(self, value=0.25)


# ---------------------------------------------------------------- pictures that move

FILM = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)
FIVE = np.pi * np.array([0.05, 0.3, 0.55, 0.8, 1.25])  # angles of five inputs, no two of them parallel
LABELS = np.array([1.0, -1.0, 1.0, 1.0, -1.0])


@cache
def train_film(angles: tuple[float, ...], labels: tuple[float, ...], m: int, eta: float, antisymmetric: bool) -> Trajectory:
    """Gradient descent on inputs of the circle from the random network with seed 1, kept at the steps of `FILM`.

    Parameters
    ----------
    angles, labels : tuple of float
        Angles of the inputs in radians, and their labels.
    m : int
        Width.
    eta : float
        Step size.
    antisymmetric : bool
        Whether the outputs start at zero.

    Returns
    -------
    Trajectory

    Raises
    ------
    TypeError, ValueError, DivergenceError
        As :func:`lib.dynamics.gradient_descent`.

    Examples
    --------
    >>> train_film((0.0, 2.0), (1.0, -1.0), 16, 0.5, False).steps
    192
    """
    X, net = on_circle(np.array(angles)), TwoLayer.init(m, 2, 1, antisymmetric=antisymmetric)
    return gradient_descent(net, X, np.array(labels), eta, FILM[-1], keep=FILM, outputs=True)


def neurons_film(step: int, m: int) -> Picture:
    """Training as a film in the plane: up to forty neurons between the kinks of five inputs, and the function learned.

    Parameters
    ----------
    step : int
        A step of `FILM`.
    m : int
        Width.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `step` is not in `FILM` or `m` is no width.

    Examples
    --------
    >>> neurons_film(0, 16).sentence
    'Step 0: none of the 80 gates has flipped, no neuron has moved by more than 0, and the loss is 2.434.'
    """
    run, X = train_film(tuple(FIVE), tuple(LABELS), as_count(m, "m"), 0.6, False), on_circle(FIVE)
    start, now = run.start.W[:40], run.network(step).W[:40]
    flipped = ((start @ X.T >= 0) != (now @ X.T >= 0)).any(axis=1)[:, None]
    same, other = np.where(flipped, np.nan, now), np.where(flipped, now, np.nan)
    paths = np.stack([start, now, np.full_like(now, np.nan)], axis=1).reshape(-1, 2)
    across = 6 * X[:, ::-1] * [-1, 1]  # beyond the corners
    kinks = np.stack([across, -across, np.full_like(X, np.nan)], axis=1).reshape(-1, 2)
    count = round(run.flipped_fraction[step] * m * len(X))
    words = (
        f"Step {step}: {number(count) if count else 'none'} of the {number(m * len(X))} gates "
        f"{'have' if count > 1 else 'has'} flipped, no neuron has moved by more than {number(run.max_displacement[step])}, "
        f"and the loss is {number(run.loss[step])}."
    )
    return Picture(
        Panel(
            line(*kinks.T),
            line(*paths.T, role="predicted"),
            measured(*same.T),
            measured(*other.T, role="accent"),
            xlim=(-4, 4),
            ylim=(-4, 4),
            xlabel="first weight",
            ylabel="second weight",
            equal=True,
        ),
        Panel(
            line(TURN, run.start(on_circle(TURN)), label="start"),
            predicted(TURN, run.network(step)(on_circle(TURN)), label="network"),
            measured(FIVE, LABELS, label="labels"),
            xlabel="angle of the input $x$",
            ylabel="$f(x)$",
            xlim=(0, 2 * np.pi),
            ylim=(-3, 3),
        ),
        name="fig-neurons-film",
        claim="The wider the network, the less its neurons move while the labels are learned, "
        "and the smaller the share of gates that flip.",
        sentence=words,
    )


def one_neuron(direction: float, a: float = 1.0) -> Picture:
    """One neuron as a half plane of active inputs, and the step that gradient descent makes with it.

    Parameters
    ----------
    direction : float
        Angle of the weight vector, which has norm 1.
    a : float
        Output weight; -1 and +1 are the hypothesis of `NeuronStep`.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If an argument is no number.

    Examples
    --------
    >>> one_neuron(4.7).sentence.split(";")[0]
    'At 4.7 rad a neuron with output weight 1 is active on 1 of 5 inputs'
    """
    direction, a = as_real(direction, "direction"), as_real(a, "a")
    X, e = on_circle(FIVE), np.array([1.0, -0.5, 0.75, -1.0, 0.5])
    w = on_circle([direction])[0]
    fine, met = np.linspace(0, 2 * np.pi, 181), abs(a) == 1
    steps = -a * ((on_circle(fine) @ X.T >= 0) * e) @ X
    step = -a * ((w @ X.T >= 0) * e) @ X
    size, most = np.linalg.norm(step), np.linalg.norm(X, 2) * np.linalg.norm(e)
    arc, nowhere = direction + np.linspace(-np.pi / 2, np.pi / 2, 61), [np.nan]
    return Picture(
        Panel(
            line(np.cos(TURN), np.sin(TURN)),
            region(np.cos(arc), np.sin(arc), role="predicted"),
            line([0, w[0]], [0, w[1]], role="predicted"),
            predicted([w[0], w[0] + step[0]], [w[1], w[1] + step[1]]),
            measured(*X[e > 0].T),
            measured(*X[e < 0].T, role="accent"),
            xlim=(-2.4, 2.4),
            ylim=(-2.4, 2.4),
            equal=True,
            axes=False,
        ),
        Panel(
            bound([0, 2 * np.pi], [most, most], forbidden="above", label=r"$\|X\|\|e\|$"),
            predicted(fine, np.linalg.norm(steps, axis=1)),
            measured([direction] if met else nowhere, [size] if met else nowhere),
            broken(nowhere if met else [direction], nowhere if met else [size]),
            xlabel="direction of the neuron",
            ylabel=r"length of $a_r X^\top D_r e$",
            xlim=(0, 2 * np.pi),
            ylim=(0, 1.5 * most),
        ),
        name="fig-one-neuron",
        claim="A neuron sees the inputs in its half plane and adds up their residuals, and its step jumps as inputs enter.",
        sentence=f"At {number(direction)} rad a neuron with output weight {number(a)} is active on "
        f"{int((X @ w >= 0).sum())} of 5 inputs; its step has length {number(size)}, "
        f"and the lemma {'allows' if met else 'for signs would allow'} {number(most)}.",
    )


THEOREMS = (GradientFormula(), NeuronStep(), StartOutputs())
