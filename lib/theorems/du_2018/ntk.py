"""Du et al. 2018, the tangent kernel: gradient flow of one and of both layers, linearisation, kernel regression.

What is sharper than the paper, or not in it, says so in its ``source``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from lib.data import random_signs, sphere
from lib.dynamics import gradient_descent
from lib.figures import Panel, Picture, bound, line, measured, predicted, slope
from lib.kernels import h_infinity
from lib.networks import TwoLayer
from lib.theorems.du_2018.setting import (
    EPS,
    FILM,
    TURN,
    first_flip,
    off_kinks,
    on_circle,
    one_piece,
    signs_only,
    train_film,
)
from lib.theorems.theorem import MINUS, Evidence, Hypothesis, Theorem, number
from lib.validation import as_count, as_generator, as_inputs, as_positive, as_real

CHAPTER = "two-layer/ntk"
PAPER = "Du et al. 2018"


def tangent_kernel(net: TwoLayer, X: NDArray, Z: NDArray, *, power: int = 2) -> NDArray:
    r"""The kernel of the first layer, :math:`\frac{x^\top z}m\sum_ra_r^2\,1\{w_r^\top x\ge0\}1\{w_r^\top z\ge0\}`.

    Parameters
    ----------
    net : TwoLayer
    X, Z : array_like, shapes (n, d) and (n', d)
        Inputs.
    power : int
        Power of the output weights: 2, or 1 for the kernel of a derivation that loses one of two factors.

    Returns
    -------
    ndarray, shape (n, n')

    Raises
    ------
    TypeError, ValueError
        If inputs are no finite real matrices with d columns.

    Examples
    --------
    >>> net = TwoLayer(W=[[1, 0], [0, 1]], a=[1, -2])
    >>> tangent_kernel(net, [[1, 1]], [[1, 1], [-1, 1]])
    array([[5., 0.]])
    """
    X, Z = as_inputs(X, dim=net.W.shape[1], nonzero=False), as_inputs(Z, "Z", dim=net.W.shape[1], nonzero=False)
    left, right = (X @ net.W.T >= 0) * net.a**power, (Z @ net.W.T >= 0).astype(float)
    return (X @ Z.T) * (left @ right.T) / len(net.W)


def loss_derivative(loss: str, u: NDArray, y: NDArray) -> NDArray:
    r"""The derivatives :math:`\ell_i'(u_i)` of a loss at the outputs.

    Parameters
    ----------
    loss : {"square", "logistic"}
        :math:`\frac12(u-y)^2` or :math:`\log(1+e^{-yu})`.
    u, y : array_like, shape (n,)
        Outputs and labels.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the loss has another name.

    Examples
    --------
    >>> loss_derivative("logistic", np.zeros(2), np.array([1.0, -1.0]))
    array([-0.5,  0.5])
    """
    if loss not in ("square", "logistic"):
        raise ValueError(f"loss must be 'square' or 'logistic', got {loss!r}")
    return u - y if loss == "square" else -y * expit(-y * u)


def random_problem(
    n: int, d: int, m: int, rng: np.random.Generator, gaussian: bool = False
) -> tuple[NDArray, NDArray, NDArray, TwoLayer]:
    """Unit inputs with random signs as labels, half as many test inputs, and a network at its random start.

    Parameters
    ----------
    n, d, m : int
        Sizes.
    rng : Generator
    gaussian : bool
        Output weights N(0, 1) instead of signs.

    Returns
    -------
    X, y, tests, net

    Examples
    --------
    >>> X, y, tests, net = random_problem(8, 3, 50, np.random.default_rng(0))
    >>> X.shape, tests.shape, len(net.a)
    ((8, 3), (4, 3), 50)
    """
    X, y, tests, net = sphere(n, d, rng), random_signs(n, rng), sphere(n // 2, d, rng), TwoLayer.init(m, d, rng)
    return X, y, tests, replace(net, a=rng.standard_normal(m)) if gaussian else net


@dataclass(frozen=True)
class KernelDynamics(Theorem):
    r"""Gradient flow on the first layer: :math:`\frac d{dt}f(x)=-\sum_ik(x,x_i)\,\ell_i'(u_i)`.

    Parameters
    ----------
    n, d, m : int
        Sizes of the data set and of the network; n/2 test inputs are watched, too.
    networks : int
        Independent data sets and networks.
    loss : {"square", "logistic"}
    gaussian : bool
        Output weights N(0, 1) instead of signs.
    reach : float
        Step of the difference in units of the distance to the first flip; below 1 the difference is a derivative.
    power : int
        Power of the output weights in the kernel, 1 or 2; the theorem has 2.
    """

    n: int = 8
    d: int = 6
    m: int = 2000
    networks: int = 20
    loss: str = "square"
    gaussian: bool = False
    reach: float = 0.5
    power: int = 2

    label = "thm-kernel-dynamics"
    ledger_id = "P1-F1(a,b)"
    source = f"{PAPER}, section 3 (square loss, data points); Jacot et al. 2018"
    title = "Predictions move by the kernel"
    chapter = CHAPTER

    def __post_init__(self):
        if self.power not in (1, 2):
            raise ValueError(f"power must be 1 or 2, got {self.power!r}")

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, rows = as_generator(rng), []
        for _ in range(as_count(self.networks, "networks")):
            X, y, tests, net = random_problem(self.n, self.d, self.m, rng, self.gaussian)
            everywhere, u = np.vstack([X, tests]), net(X)
            g = loss_derivative(self.loss, u, y)
            V = -net.gradient(X, u - g)["W"]
            h = as_positive(self.reach, "reach") * first_flip(net.W, V, everywhere)
            ahead, behind = replace(net, W=net.W + h * V), replace(net, W=net.W - h * V)
            velocity = (ahead(everywhere) - behind(everywhere)) / (2 * h)
            right, wrong = (-tangent_kernel(net, everywhere, X, power=p) @ g for p in (2, 1))
            rounding = np.full(len(velocity), EPS * np.linalg.norm(net.a) / h)  # of a sum of m terms
            rows.append((velocity, rounding, right, wrong, abs(everywhere @ net.W.T).min(axis=1)))
        velocity, rounding, right, wrong, kinks = np.concatenate(rows, axis=1)
        promised, other = (right, wrong) if self.power == 2 else (wrong, right)
        spectra = [np.linalg.eigvalsh(tangent_kernel(net, X, X, power=p)) for p in (2, 1)]
        return Evidence(
            title=self.title,
            quantity="the velocity of an output",
            relation="=",
            predicted=promised,
            measured=velocity,
            error=rounding,
            rival=other,
            hypotheses=(off_kinks(kinks.min()), one_piece(self.reach)),
            data={"right": right, "wrong": wrong, "spectra": spectra},
        )

    def draw(self, evidence: Evidence) -> Picture:
        right, index = evidence.data["right"], np.arange(1, self.n + 1)
        span = np.array([right.min(), right.max()])
        good, bad = (values[::-1] for values in evidence.data["spectra"])
        return Picture(
            Panel(
                predicted(span, span, label="equal"),
                measured(evidence.data["wrong"], evidence.measured, role="accent", label="one factor"),
                *evidence.dots(right, evidence.measured),
                xlabel="velocity by the kernel",
                ylabel="velocity seen",
            ),
            Panel(
                line([0.5, self.n + 0.5], [0, 0]),
                measured(index, good, label="two factors"),
                measured(index, bad, role="accent", label="one factor"),
                xlabel="index $i$",
                ylabel="eigenvalue on the data",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "Outputs move as the kernel with two factors of the output weights says; one factor gives noise."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> KernelDynamics:
        return replace(self, power=1)


@dataclass(frozen=True)
class JointKernelDynamics(Theorem):
    r"""Gradient flow on both layers: :math:`\dot u=-(H+G)\,g`, both matrices positive semidefinite.

    Parameters
    ----------
    n, d, m : int
        Sizes of the data set and of the network; n/2 test inputs are watched, too.
    networks : int
        Independent data sets and networks.
    loss : {"square", "logistic"}
    gaussian : bool
        Output weights N(0, 1) instead of signs.
    reach : float
        Step of the difference in units of the distance to the first flip; below 1 the difference is a derivative.
    outputs : bool
        Whether the kernel has the term of the output weights, as in the theorem.
    """

    n: int = 8
    d: int = 6
    m: int = 2000
    networks: int = 20
    loss: str = "square"
    gaussian: bool = True
    reach: float = 0.5
    outputs: bool = True

    label = "thm-joint-dynamics"
    ledger_id = "P1-F1(c,d)"
    source = f"{PAPER}, section 3 and theorem 3.3 (square loss, data points)"
    title = "Both layers: the kernels add"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, rows = as_generator(rng), []
        for _ in range(as_count(self.networks, "networks")):
            X, y, tests, net = random_problem(self.n, self.d, self.m, rng, self.gaussian)
            everywhere, u = np.vstack([X, tests]), net(X)
            g = loss_derivative(self.loss, u, y)
            gradient = net.gradient(X, u - g)
            V, b = -gradient["W"], -gradient["a"]
            h = as_positive(self.reach, "reach") * first_flip(net.W, V, everywhere)
            ahead, behind = (TwoLayer(net.W + s * V, net.a + s * b) for s in (h, -h))
            velocity = (ahead(everywhere) - behind(everywhere)) / (2 * h)
            first = -tangent_kernel(net, everywhere, X) @ g
            second = -(np.maximum(everywhere @ net.W.T, 0) @ np.maximum(X @ net.W.T, 0).T / self.m) @ g
            rounding = np.full(len(velocity), EPS * np.linalg.norm(net.a) / h)
            rows.append((velocity, rounding, first, second, abs(everywhere @ net.W.T).min(axis=1)))
        velocity, rounding, first, second, kinks = np.concatenate(rows, axis=1)
        promised, other = (first + second, first) if self.outputs else (first, first + second)
        H, G = net.gram(X), net.output_gram(X)
        return Evidence(
            title=self.title,
            quantity="the velocity of an output with both layers trained",
            relation="=",
            predicted=promised,
            measured=velocity,
            error=rounding,
            rival=other,
            hypotheses=(off_kinks(kinks.min()), one_piece(self.reach)),
            data={"both": first + second, "first": first, "spectra": [np.linalg.eigvalsh(A) for A in (H + G, H, G)]},
        )

    def draw(self, evidence: Evidence) -> Picture:
        both, index = evidence.data["both"], np.arange(1, self.n + 1)
        span = np.array([both.min(), both.max()])
        total, first, second = (values[::-1] for values in evidence.data["spectra"])
        return Picture(
            Panel(
                predicted(span, span, label="equal"),
                measured(evidence.data["first"], evidence.measured, role="accent", label="H alone"),
                *evidence.dots(both, evidence.measured),
                xlabel="velocity by the kernel",
                ylabel="velocity seen",
            ),
            Panel(
                measured(index, total, label="H + G"),
                line(index, first, label="H"),
                line(index, second, label="G", role="accent"),
                xlabel="index $i$",
                ylabel="eigenvalue on the data",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "With both layers trained, outputs move by the sum of two kernels, and each eigenvalue grows."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> JointKernelDynamics:
        return replace(self, outputs=False)


@dataclass(frozen=True)
class FlowExists(Theorem):
    r"""Gradient descent paths tend to a gradient flow, also where the gradient on a kink points off it.

    One neuron with a = 1 on the inputs 1 and -1, labels :math:`-b_1` and :math:`-b_2`: from :math:`w(0)>0` the only flow is
    :math:`(w(0)+b_1)e^{-t}-b_1` until it meets the kink, where it stays; descent is never further than
    :math:`\eta\max(b_2,\frac{w(0)+3b_1}2)` from it.

    Parameters
    ----------
    steps : sequence of float
        Step sizes; the bound needs at most 1.
    problems : int
        Random starts and labels for each step size.
    constant : float
        Factor of the bound; the proposition has 1.
    """

    steps: Sequence[float] = (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125)
    problems: int = 20
    constant: float = 1.0

    label = "prop-flow-exists"
    ledger_id = "P1-F1 (existence)"
    source = "this book"
    title = "Gradient flow exists"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        starts, b1, b2 = rng.uniform(0.5, 2, (3, self.problems))
        runs = [[self.path(eta, *p) for p in zip(starts, b1, b2, strict=True)] for eta in self.steps]
        gaps = np.array([[abs(w - exact).max() for _, w, exact in row] for row in runs])
        bounds = np.outer(self.steps, np.maximum(b2, (starts + 3 * b1) / 2))
        largest = max(self.steps)
        return Evidence(
            title=self.title,
            quantity="the distance of gradient descent from the flow through a kink",
            relation="<=",
            predicted=self.constant * bounds.ravel(),
            measured=gaps.ravel(),
            error=4 * EPS,
            hypotheses=(Hypothesis("small steps", "η ≤ 1", f"η ≤ {number(largest)}", largest <= 1),),
            data={"gaps": gaps, "bounds": bounds, "paths": [row[-1] for row in runs]},
        )

    @staticmethod
    def path(eta: float, start: float, b1: float, b2: float) -> tuple[NDArray, NDArray, NDArray]:
        """Times, gradient descent by the convention that a gate on a kink is open, and the flow, up to time 3 at least."""
        w = [start]
        for _ in range(max(10, round(3 / eta))):
            w.append(w[-1] - eta * ((w[-1] >= 0) * (max(w[-1], 0) + b1) - (w[-1] <= 0) * (max(-w[-1], 0) + b2)))
        t = eta * np.arange(len(w))
        return t, np.array(w), np.maximum((start + b1) * np.exp(-t) - b1, 0)

    def draw(self, evidence: Evidence) -> Picture:
        eta, (t, w, _) = np.array(self.steps), evidence.data["paths"][0]
        fine, _, flow = evidence.data["paths"][-1]
        gaps, bounds = evidence.data["gaps"], evidence.data["bounds"]
        return Picture(
            Panel(
                line(fine, np.zeros(len(fine))),
                predicted(fine, flow, label="flow"),
                *evidence.dots(t, w, label="descent"),
                xlabel=r"time $t=k\eta$",
                ylabel="weight $w$",
            ),
            Panel(
                bound(eta, bounds.max(axis=1), forbidden="above", label="bound"),
                *evidence.dots(eta, gaps.max(axis=1), label="largest"),
                slope(eta[-3:][0], 0.4 * gaps.max(axis=1)[-3:][0], 1),
                xlabel=r"step size $\eta$",
                ylabel="distance from the flow",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "Gradient descent chatters across the kink on which the flow rests, by less and less as steps shrink."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> FlowExists:
        return replace(self, constant=0.2)


@dataclass(frozen=True)
class Linearisation(Theorem):
    r"""In the mean, moves of at most R a neuron take the network at most :math:`\sqrt mR^2/\sqrt{2\pi}` off its tangent.

    Parameters
    ----------
    d : int
        Dimension of the input, which has norm 1.
    widths : sequence of int
    networks : int
        Independent networks for each width.
    travel : float
        R times root m.
    kappa : float
        Standard deviation of the weights at the start; the theorem needs 1.
    share : float
        Part of the neurons that pull one way, in the lower bound; the theorem has 1/2.
    """

    d: int = 4
    widths: Sequence[int] = (100, 400, 1600, 6400)
    networks: int = 40
    travel: float = 2.0
    kappa: float = 1.0
    share: float = 0.5

    label = "thm-linearisation"
    ledger_id = "P1-F1 (linearisation)"
    source = "this book"
    title = "The network and its tangent"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        m, x = np.array(self.widths), sphere(1, self.d, rng)[0]
        R = self.travel / np.sqrt(m)
        found = np.array(
            [
                [self.worst(TwoLayer.init(width, self.d, rng, kappa=self.kappa), x, radius) for _ in range(self.networks)]
                for width, radius in zip(m, R, strict=True)
            ]
        )
        net = TwoLayer.init(self.widths[1], self.d, rng, kappa=self.kappa)
        exact = np.sqrt(m) * (R * erf(R / np.sqrt(2)) - np.sqrt(2 / np.pi) * -np.expm1(-(R**2) / 2))
        return Evidence(
            title=self.title,
            quantity="the mean of the largest distance from the tangent",
            relation="between",
            predicted=(self.share * exact, np.sqrt(m) * R**2 / np.sqrt(2 * np.pi)),
            measured=found.mean(axis=1),
            error=found.std(axis=1, ddof=1) / np.sqrt(self.networks),
            hypotheses=(
                signs_only(net.a),
                Hypothesis("unit input", "norm 1", number(np.linalg.norm(x)), bool(abs(np.linalg.norm(x) - 1) < 1e-12)),
                Hypothesis("w_r(0) is N(0, I)", "κ = 1", f"κ = {number(self.kappa)}", self.kappa == 1),
            ),
            data={"along": self.along(net, x, R[1])},
        )

    @staticmethod
    def remainder(net: TwoLayer, V: NDArray, x: NDArray) -> float:
        """Output after the move V, minus output before, minus the linear term."""
        linear = ((net.W @ x >= 0) * (V @ x)) @ net.a / np.sqrt(len(V))
        return float(replace(net, W=net.W + V)([x])[0] - net([x])[0] - linear)

    def worst(self, net: TwoLayer, x: NDArray, R: float) -> float:
        """The largest remainder over all moves of at most R for each neuron: all flips of one sign of a."""
        before = net.W @ x
        flip = np.where(before >= 0, -R, R) * (abs(before) < R)
        return max(abs(self.remainder(net, np.outer(flip * (net.a == sign), x), x)) for sign in (-1, 1))

    def along(self, net: TwoLayer, x: NDArray, R: float) -> tuple[NDArray, NDArray, NDArray]:
        """Lengths s up to 2R, the remainder when every neuron moves by s towards its kink, and the bound."""
        before, s = net.W @ x, np.linspace(0, 2 * R, 33)
        V = np.outer(-np.sign(before), x)
        seen = np.array([self.remainder(net, length * V, x) for length in s])
        allowed = np.maximum(s[:, None] - abs(before), 0).sum(axis=1) / np.sqrt(len(before))
        return s, seen, allowed

    def draw(self, evidence: Evidence) -> Picture:
        m, (low, high) = np.array(self.widths), evidence.predicted
        s, seen, allowed = evidence.data["along"]
        s, seen, allowed = 2 * s / s[-1], seen / high[1], allowed / high[1]
        return Picture(
            Panel(
                bound(s, allowed, forbidden="above"),
                bound(s, -allowed, forbidden="below"),
                *evidence.dots(s, seen),
                xlabel="length of every move, $R = 1$",
                ylabel="distance, bound on the mean = 1",
            ),
            Panel(
                bound(m, high, forbidden="above", label="mean at most"),
                bound(m, low, forbidden="below", label="mean at least"),
                *evidence.dots(m, evidence.measured, evidence.error, label="worst move"),
                slope(m[-3:][0], 0.4 * low[-3:][0], -0.5),
                xlabel="width $m$",
                ylabel="distance from the tangent",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim(
                "Only neurons that cross a kink leave the tangent, and for moves of order one over root m they fade away."
            ),
            sentence=evidence.sentence,
        )

    def twin(self) -> Linearisation:
        return replace(self, share=0.75)


@dataclass(frozen=True)
class KernelRegression(Theorem):
    r"""Gradient descent on the tangent model: :math:`f_k(x)=f_0(x)+k(x)^\top H^{-1}\big(I-(I-\eta H)^k\big)(y-u(0))`.

    Parameters
    ----------
    n, m : int
        Number of inputs, equally spaced on a half circle that is turned at random, and width.
    networks : int
        Independent labels and networks.
    steps : int
        Steps of gradient descent.
    speed : float
        Step size times the largest eigenvalue of H; the theorem needs less than 2.
    linear : bool
        Train the tangent model, as in the theorem, or the network itself.
    start : bool
        Whether the prediction knows the function at the start, as in the theorem.
    """

    n: int = 6
    m: int = 1000
    networks: int = 20
    steps: int = 400
    speed: float = 1.0
    linear: bool = True
    start: bool = True

    label = "thm-kernel-regression"
    ledger_id = "P1-F1 (kernel regression)"
    source = "this book; for infinite width Jacot et al. 2018"
    title = "The tangent model learns by kernel regression"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng, rows, condition, flipped = as_generator(rng), [], 0.0, 0.0
        view = on_circle(TURN[:-1])
        for _ in range(as_count(self.networks, "networks")):
            turn = rng.uniform(0, 2 * np.pi)
            X, y = on_circle(turn + np.pi * np.arange(self.n) / self.n), random_signs(self.n, rng)
            net = TwoLayer.init(self.m, 2, rng)
            H, everywhere = net.gram(X), np.vstack([view, X])
            values, vectors = np.linalg.eigh(H)
            eta = self.speed / values[-1]
            seen, share = self.train(net, X, y, eta, everywhere)
            usable = values > self.n * EPS * values[-1]  # of the others the factor has the limit k eta
            factors = np.full(self.n, eta * self.steps)
            factors[usable] = (1 - (1 - eta * values[usable]) ** self.steps) / values[usable]
            pull = tangent_kernel(net, everywhere, X) @ vectors * factors @ vectors.T
            start, forgetful = net(everywhere) + pull @ (y - net(X)), pull @ y
            rows.append((seen, start, forgetful))
            condition = max(condition, values[-1] / values[0] if usable.all() else np.inf)
            flipped = max(flipped, share)
        seen, right, wrong = np.concatenate(rows, axis=1)
        promised, other = (right, wrong) if self.start else (wrong, right)
        return Evidence(
            title=self.title,
            quantity="the trained function at a point of the circle",
            relation="=",
            predicted=promised,
            measured=seen,
            error=EPS * (self.steps + self.n * min(condition, 1 / EPS)),  # of the steps, and of the eigenvalues of H
            rival=other,
            hypotheses=(
                Hypothesis("no gate has flipped", "none", f"{number(100 * flipped)} % in a run", flipped == 0),
                Hypothesis("small steps", "η λ_max < 2", number(self.speed), self.speed < 2),
                Hypothesis("H is invertible", "condition < ∞", number(condition), bool(np.isfinite(condition))),
            ),
            data={
                "X": X,
                "y": y,
                "seen": seen[-len(everywhere) :],
                "right": right[-len(everywhere) :],
                "turn": turn,
                "start": net(view),
            },
        )

    def train(self, net: TwoLayer, X: NDArray, y: NDArray, eta: float, view: NDArray) -> tuple[NDArray, float]:
        """The trained function at the rows of view, and the fraction of gates on view that differ from the start."""
        if not self.linear:
            after = gradient_descent(net, X, y, eta, self.steps).net
            return after(view), float(((view @ after.W.T >= 0) != (view @ net.W.T >= 0)).mean())
        J, u, move = net.jacobian(X), net(X), np.zeros(net.W.size)
        for _ in range(self.steps):
            move -= eta * (J.T @ (u + J @ move - y))
        return net(view) + net.jacobian(view) @ move, 0.0

    def draw(self, evidence: Evidence) -> Picture:
        data, angle, view = evidence.data, TURN[:-1], len(TURN) - 1
        at = np.mod(data["turn"] + np.pi * np.arange(self.n) / self.n, 2 * np.pi)
        right, seen = data["right"], data["seen"]
        return Picture(
            Panel(
                line(angle, data["start"], label="start"),
                predicted(angle, right[:view], label="kernel regression"),
                *evidence.dots(angle, seen[:view]),
                measured(at, data["y"], role="accent", label="labels"),
                xlabel="angle of the input $x$",
                ylabel="$f(x)$",
                xlim=(0, 2 * np.pi),
            ),
            Panel(
                line([0, 2 * np.pi], [0, 0]),
                *evidence.dots(angle, seen[:view] - right[:view], label="difference"),
                xlabel="angle of the input $x$",
                ylabel="trained minus predicted",
                xlim=(0, 2 * np.pi),
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("The trained tangent model is the start plus kernel regression on the error of the start."),
            sentence=evidence.sentence,
        )

    def twin(self) -> KernelRegression:
        return replace(self, start=False)


# ---------------------------------------------------------------- pictures that move

PAIR = np.array([0.4, 1.5])  # angles of two inputs


def who_moves(angle: float, m: int) -> Picture:
    """One gradient step that pulls the output up at one input of the circle: which outputs move with it.

    Parameters
    ----------
    angle : float
        Angle of the input, in degrees.
    m : int
        Width.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `angle` is no number or `m` no width.

    Examples
    --------
    >>> who_moves(90, 4096).sentence.split(",")[0]
    'For each unit of step size the output at 90 degrees moves by 0.515'
    """
    at = np.deg2rad(as_real(angle, "angle"))
    net, eta, x, view = TwoLayer.init(as_count(m, "m"), 2, 2), 0.5, on_circle([at]), on_circle(TURN)
    after = replace(net, W=net.W - eta * net.gradient(x, net(x) - [-1.0])["W"])  # residual -1: too low by one
    before, moved = net(view), after(view)
    rise, limit = (moved - before) / eta, h_infinity(view, x)[:, 0]
    here = (after(x) - net(x))[0] / eta
    aside = on_circle(at + np.pi * np.array([1, 3]) / 4)
    near, far = (after(aside) - net(aside)) / eta
    return Picture(
        Panel(
            line(TURN, before, label="before"),
            predicted(TURN, moved, label="after"),
            measured([at], after(x)),
            xlabel="angle of the input",
            ylabel="$f$",
            xlim=(0, 2 * np.pi),
        ),
        Panel(
            line([0, 2 * np.pi], [0, 0]),
            predicted(TURN, limit, label=r"$m=\infty$"),
            measured(TURN, rise, label="this network"),
            xlabel="angle of the input",
            ylabel="rise for each unit of step size",
            xlim=(0, 2 * np.pi),
            ylim=(-0.35, 0.85),
        ),
        name="fig-who-moves",
        claim="A step at one input moves the outputs at its neighbours with it, and those behind it a little the other way.",
        sentence=f"For each unit of step size the output at {number(angle)} degrees moves by {here:.3f}, "
        f"45 degrees further by {near:.3f}, and 135 degrees further by {far:.3f}.".replace("-", MINUS),
    )


def kernel_ellipse(step: int, m: int) -> Picture:
    r"""The matrix H(k) of two inputs as an ellipse that travels with the outputs: the velocities for residuals of length 1.

    Parameters
    ----------
    step : int
        A step of `setting.FILM`.
    m : int
        Width.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `step` is not in `setting.FILM` or `m` is no width.

    Examples
    --------
    >>> kernel_ellipse(0, 64).sentence
    'At step 0 the loss is 1 and the kernel has changed by 0 %.'
    """
    y = np.array([1.0, -1.0])
    run = train_film(tuple(PAIR), tuple(y), as_count(m, "m"), 0.15, True)
    H0, H, here = run.gram(0), run.gram(step), FILM.index(step)
    change = [100 * np.linalg.norm(run.gram(k) - H0, 2) / np.linalg.norm(H0, 2) for k in FILM]
    u, residuals = run.outputs[step], on_circle(TURN[::2])
    return Picture(
        Panel(
            line(*run.outputs[list(FILM)].T),
            bound(*(u + residuals @ H0).T, label="$H(0)$"),
            predicted(*(u + residuals @ H).T, label="$H(k)$"),
            measured(*u[:, None]),
            measured(*y[:, None], role="accent", label="labels"),
            xlabel="output $u_1$",
            ylabel="output $u_2$",
            xlim=(-1.0, 2.0),
            ylim=(-2.0, 1.0),
            equal=True,
        ),
        Panel(
            line(np.maximum(FILM, 0.5), change),
            measured([max(step, 0.5)], [change[here]]),
            xlabel="step $k$ (0 drawn at 1/2)",
            ylabel="change of $H(k)$ in percent",
            xscale="log",
            ylim=(-2, 100),
        ),
        name="fig-kernel-ellipse",
        claim="As the network grows wider, the ellipse of its kernel keeps its shape all the way to the labels.",
        sentence=f"At step {step} the loss is {number(run.loss[step])} and the kernel has changed by "
        f"{number(round(change[here], 1))} %.",
    )


THEOREMS = (KernelDynamics(), JointKernelDynamics(), FlowExists(), Linearisation(), KernelRegression())
