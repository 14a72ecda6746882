"""Zhang et al. 2017: n neurons fit any n labels, and gradient descent on a wide network fits random ones like true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import corrupted_labels, digits, random_signs, sphere
from lib.dynamics import gradient_descent
from lib.figures import Panel, Picture, bound, line, measured, predicted
from lib.networks import TwoLayer
from lib.theorems.theorem import Evidence, Hypothesis, Theorem, number
from lib.validation import as_count, as_generator, as_inputs, as_real, as_vector

CHAPTER = "motivation"
PAPER = "Zhang et al. 2017"
EPS = np.finfo(float).eps
LAYERS = {"output layer": ("a",), "first layer": ("W",), "both layers": ("W", "a")}

FILM = (
    "{P} weights, {n} images, {flipped} labels wrong: after {steps} steps {train} of the training labels are missed, "
    "and {test} of {unseen} new images get the wrong digit."
)


def with_bias(X: ArrayLike) -> NDArray:
    r"""The inputs with a last coordinate 1, so that a neuron on :math:`(x, 1)` has a bias.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs.

    Returns
    -------
    ndarray, shape (n, d + 1)

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite real matrix.

    Examples
    --------
    >>> with_bias([[2, 3]])
    array([[2., 3., 1.]])
    """
    X = as_inputs(X, nonzero=False)
    return np.column_stack([X, np.ones(len(X), X.dtype)])


def interpolant(X: ArrayLike, y: ArrayLike, rng: np.random.Generator | int) -> TwoLayer:
    r"""The network of n neurons :math:`\sum_j c_j\,\sigma(v^\top x - b_j)` with the value :math:`y_i` at :math:`x_i`.

    All neurons share one random direction v. With :math:`z_i = v^\top x_i` in ascending order, the biases are
    :math:`b_j = z_{j-1}`, and :math:`c_j` is the change of slope of the broken line through the points
    :math:`(z_i, y_i)`, which has 2n + d numbers: v, b and c.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Distinct inputs.
    y : array_like, shape (n,)
        Labels.
    rng : numpy Generator or int
        Source of randomness or seed, for the direction.

    Returns
    -------
    TwoLayer
        A network on inputs with a bias coordinate, `with_bias(X)`.

    Raises
    ------
    TypeError, ValueError
        If `X` or `y` is not finite and real, their lengths differ, or two rows of X coincide.

    References
    ----------
    Zhang et al. 2017, Theorem 1; the choice of the biases, which makes the weights explicit, is this book's.

    Examples
    --------
    >>> net = interpolant([[0.0], [1.0], [2.0]], [3.0, -1.0, 5.0], rng=0)
    >>> net(with_bias([[0.0], [1.0], [2.0]])).round(9)
    array([ 3., -1.,  5.])
    """
    X, rng = as_inputs(X, nonzero=False), as_generator(rng)
    n, d = X.shape
    y, v = as_vector(y, "y", length=n), rng.standard_normal(d)
    z = (X * v).sum(axis=1)  # row by row, so that equal rows get equal numbers
    order = np.argsort(z, kind="stable")
    z, y = z[order], y[order]
    if (ties := np.flatnonzero(np.diff(z) <= 0)).size:
        i, j = sorted(order[ties[0] : ties[0] + 2].tolist())
        raise ValueError(f"X must have distinct rows, got rows {i} and {j} with the same projection")
    b = np.concatenate([[z[0] - 1], z[:-1]])
    slopes = np.diff(y, prepend=0) / (z - b)
    c = np.diff(slopes, prepend=0)
    return TwoLayer(np.column_stack([np.tile(v, (n, 1)), -b]), np.sqrt(n) * c)


def rounding(net: TwoLayer, X: ArrayLike) -> NDArray:
    r"""Bound of the rounding errors in the outputs of a network.

    Inner products of length d err by at most d units of rounding of the sum of their absolute terms, and sums over the
    m neurons by m units; `EPS` is two units, which leaves room for the rounding of the weights themselves.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> bool(rounding(TwoLayer(W=[[1.0]], a=[1.0]), [[1.0]])[0] < 1e-14)
    True
    """
    m, d = net.W.shape
    terms = (d + 1) * (abs(np.asarray(X)) @ abs(net.W).T) + (m + 2) * np.maximum(np.asarray(X) @ net.W.T, 0)
    return EPS * (terms @ abs(net.a)) / np.sqrt(m)


def loss_floor(X: ArrayLike, y: ArrayLike) -> float:
    r"""The least loss of any function on the data, :math:`L_* = \frac12\sum_i (y_i - \bar y_{g(i)})^2`.

    Equal inputs get equal outputs, so the best output on a group g of equal inputs is the mean of its labels.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs, some of them equal.
    y : array_like, shape (n,)
        Labels.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If `X` or `y` is not finite and real, or their lengths differ.

    Examples
    --------
    >>> loss_floor([[1.0], [1.0], [2.0]], [-1, 1, 1])
    1.0
    """
    X = as_inputs(X, nonzero=False)
    y = as_vector(y, "y", length=len(X))
    _, group = np.unique(X, axis=0, return_inverse=True)
    group = group.ravel()
    mean = np.bincount(group, y) / np.bincount(group)
    return float(((y - mean[group]) ** 2).sum() / 2)


@dataclass(frozen=True)
class RandomLabelsAreFitted(Theorem):
    r""":math:`L_*\le L(k)\le L_*+(1-\eta\mu)^{2k}(L(0)-L_*)` for all labels, when the output layer is trained.

    Parameters
    ----------
    n, d, m : int
        Number of distinct inputs on the sphere, their dimension, and the width.
    pairs : sequence of int
        Numbers of inputs that occur a second time with the opposite label.
    networks : int
        Networks for each number of pairs and each kind of labels.
    steps : int
        Steps of gradient descent.
    layers : {"output layer", "first layer", "both layers"}
        What is trained; the upper bound needs the output layer alone.
    cost : float
        What a contradictory pair adds to the least loss; the theorem has 1.
    """

    n: int = 30
    d: int = 20
    m: int = 200
    pairs: Sequence[int] = (0, 1, 2, 4)
    networks: int = 2
    steps: int = 300
    layers: str = "output layer"
    cost: float = 1.0

    label = "thm-random-labels"
    ledger_id = "P1-X2a"
    source = f"this book, for the observation of {PAPER}"
    title = "Random labels are fitted, contradictions are not"
    chapter = CHAPTER

    def __post_init__(self):
        if self.layers not in LAYERS:
            raise ValueError(f"layers must be one of {', '.join(LAYERS)}, got {self.layers!r}")
        if max(as_count(pairs, "pairs", minimum=0) for pairs in self.pairs) > as_count(self.n, "n"):
            raise ValueError(f"pairs must be at most n = {self.n}, got {self.pairs!r}")

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        steps = as_count(self.steps, "steps", minimum=10)
        at = np.unique(np.geomspace(10, steps, 4).astype(int))
        distinct = sphere(self.n, self.d, rng)
        runs, least, rates = [], np.inf, []
        for pairs in self.pairs:
            X = np.vstack([distinct, distinct[:pairs]])
            for _ in range(as_count(self.networks, "networks")):
                net = TwoLayer.init(self.m, self.d, rng)  # true and random labels meet the same network
                mu, eta, speed = self.rate(net, X)
                for kind, y in ("true", np.sign(distinct[:, 0])), ("random", random_signs(self.n, rng)):
                    y = np.concatenate([y, -y[:pairs]])
                    loss = gradient_descent(net, X, y, eta, steps, train=LAYERS[self.layers]).loss
                    floor = self.cost * loss_floor(X, y)
                    high = floor + (1 - speed) ** (2 * np.arange(steps + 1)) * (loss[0] - floor)
                    runs.append((kind, pairs, floor, high, loss))
                least, rates = min(least, mu), [*rates, eta * np.linalg.eigvalsh(net.output_gram(X))[-1]]
        return Evidence(
            title=self.title,
            quantity="the loss after training",
            relation="between",
            predicted=(
                np.repeat([floor for _, _, floor, _, _ in runs], len(at)),
                np.concatenate([high[at] for *_, high, _ in runs]),
            ),
            measured=np.concatenate([loss[at] for *_, loss in runs]),
            error=np.repeat([self.n * EPS * loss[0] for *_, loss in runs], len(at)),
            hypotheses=(
                Hypothesis("only the output layer is trained", "output layer", self.layers, self.layers == "output layer"),
                Hypothesis(
                    "features of distinct inputs are independent", "μ > 0", f"μ = {number(max(least, 0))}", bool(least > 0)
                ),
                Hypothesis(
                    "small steps", "η λmax(G) ≤ 1", f"η λmax(G) = {number(max(rates))}", bool(max(rates) <= 1 + 1e-9)
                ),
            ),
            data={"runs": runs},
        )

    def rate(self, net: TwoLayer, X: NDArray) -> tuple[float, float, float]:
        """The eigenvalue mu (0 up to rounding counts as 0), the step size eta, and their product."""
        rows, count = np.unique(X, axis=0, return_counts=True)
        weight = np.sqrt(count)
        G = net.output_gram(rows) * np.outer(weight, weight)
        values = np.linalg.eigvalsh(G)
        total = sum((net.gram(X), net.output_gram(X))[layer == "a"] for layer in LAYERS[self.layers])
        eta = 1 / np.linalg.eigvalsh(total)[-1]
        mu = values[0] if values[0] > len(rows) * EPS * values[-1] else 0.0
        return float(mu), float(eta), float(min(mu * eta, 1.0))

    def draw(self, evidence: Evidence) -> Picture:
        runs = evidence.data["runs"]
        k = np.unique(np.geomspace(1, self.steps, 24).astype(int))
        first = {kind: next(run for run in runs if run[0] == kind) for kind in ("true", "random")}
        high = max((run[3] for run in first.values()), key=lambda high: high[-1])
        pairs = np.array([run[1] for run in runs])
        final = np.array([run[4][-1] for run in runs])
        top = np.array([run[3][-1] for run in runs])
        some = np.unique(pairs)
        return Picture(
            Panel(
                bound(k, high[k], forbidden="above", label="promise"),
                line(k, first["true"][4][k], role="accent", label="true labels"),
                *evidence.dots(k, first["random"][4][k], label="random labels"),
                xlabel="step $k$",
                ylabel="loss $L(k)$",
                xscale="log",
                yscale="log",
                ylim=(1e-3, 100),
            ),
            Panel(
                bound(some, [max(top[pairs == p]) for p in some], forbidden="above", label="promise"),
                bound(some, [min(run[2] for run in runs if run[1] == p) for p in some], forbidden="below", label="least"),
                *evidence.dots(pairs, final, label="measured"),
                xlabel="contradictory pairs",
                ylabel=f"loss after {self.steps} steps",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("Random labels are fitted like true ones; each contradictory pair costs a loss of one."),
            sentence=evidence.sentence,
        )

    def twin(self) -> RandomLabelsAreFitted:
        return replace(self, cost=2.0)


@dataclass(frozen=True)
class Capacity(Theorem):
    r""":math:`\sum_{j=1}^n c_j\,\sigma(v^\top x_i-b_j)=y_i` for any n distinct inputs and any labels: 2n + d numbers.

    Parameters
    ----------
    sizes : sequence of int
        Numbers n of inputs.
    d : int
        Dimension of the inputs, which are Gaussian.
    repeats : int
        Number of inputs that occur a second time with the opposite label; the theorem needs 0.
    spare : int
        How many of the n neurons are left out; the theorem has 0.
    """

    sizes: Sequence[int] = (20, 100, 500)
    d: int = 10
    repeats: int = 0
    spare: int = 0

    label = "thm-capacity"
    ledger_id = "P1-X2b"
    source = f"{PAPER}, Theorem 1"
    title = "Any labels are fitted by 2n + d numbers"
    chapter = CHAPTER

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        rng = as_generator(rng)
        runs = [self.build(as_count(n, "sizes", minimum=2 * self.repeats + self.spare + 1), rng) for n in self.sizes]
        outputs, labels, errors = (np.concatenate([run[key] for run in runs]) for key in ("outputs", "y", "error"))
        return Evidence(
            title=self.title,
            quantity="the output on an input",
            relation="=",
            predicted=labels,
            measured=outputs,
            error=errors,
            rival=-labels,  # the wrong class
            hypotheses=(
                Hypothesis("the inputs are distinct", "no repeats", f"{self.repeats} repeated", self.repeats == 0),
                Hypothesis(
                    "v tells the distinct inputs apart",
                    "smallest gap > 0",
                    f"smallest gap {number(min(run['gap'] for run in runs))}",
                    bool(min(run["gap"] for run in runs) > 0),
                ),
            ),
            data={"runs": runs},
        )

    def build(self, n: int, rng: np.random.Generator) -> dict:
        """A network on n Gaussian inputs with random labels, and what it does there."""
        X, y = rng.standard_normal((n, self.d)), random_signs(n, rng)
        X[n - self.repeats :], y[n - self.repeats :] = X[: self.repeats], -y[: self.repeats]
        distinct = slice(n - self.repeats)
        full = interpolant(X[distinct], y[distinct], rng)
        kept = len(full.a) - self.spare
        net = TwoLayer(full.W[:kept], full.a[:kept] * np.sqrt(kept / len(full.a)))
        z = (X * full.W[0, :-1]).sum(axis=1)
        c = net.a / np.sqrt(kept)
        error, outputs = rounding(net, with_bias(X)), net(with_bias(X))
        gap = float(np.diff(np.sort(z[distinct])).min(initial=np.inf))
        return {"n": n, "y": y, "z": z, "outputs": outputs, "error": error, "gap": gap, "c": abs(c).max()}

    def draw(self, evidence: Evidence) -> Picture:
        runs = evidence.data["runs"]
        small, n = runs[0], np.array([run["n"] for run in runs])
        order = np.argsort(small["z"])
        z = small["z"][order]
        left = [z[0] - 1.5, z[0] - 1]
        return Picture(
            Panel(
                predicted(np.r_[left, z], np.r_[0, 0, small["outputs"][order]], label="network"),
                *evidence.dots(small["z"], small["y"]),
                xlabel=r"position $v^\top x$",
                ylabel="output and label",
            ),
            Panel(
                *evidence.dots(n, [run["c"] for run in runs], label=r"largest $|c_j|$"),
                xlabel="number of inputs $n$",
                ylabel="largest output weight",
                xscale="log",
                yscale="log",
            ),
            name=f"fig-{self.label}",
            claim=evidence.claim("A broken line along one direction meets all labels, at the price of large weights."),
            sentence=evidence.sentence,
        )

    def twin(self) -> Capacity:
        return replace(self, spare=1)


def digits_training(portion: float = 0.0, n: int = 200, m: int = 300, steps: int = 1000) -> Picture:
    """Training a wide network on digits, a portion of whose labels is replaced by coins: loss and errors, step by step.

    Parameters
    ----------
    portion : float
        Between 0, the true labels, and 1, labels that know nothing of the images.
    n, m, steps : int
        Number of images, width, and steps of gradient descent.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If `portion` is no number from 0 to 1, `n` or `m` no whole number at least 1, or `steps` none at least 2.

    Examples
    --------
    >>> digits_training(0.5, n=10, m=20, steps=10).sentence.split(", ")[0]
    '15,680 weights'
    """
    portion = as_real(portion, "portion", low=0, high=1)
    n, m, steps = as_count(n, "n"), as_count(m, "m"), as_count(steps, "steps", minimum=2)
    X, y = digits(n=n + 500, rng=0)
    X = X.astype(np.float32)
    given = corrupted_labels(y[:n], portion, rng=1)
    net = TwoLayer.init(m, X.shape[1], rng=2)
    net = TwoLayer(net.W.astype(np.float32), net.a)
    k = np.unique(np.geomspace(1, steps, 11).astype(int))
    eta = 1.5 / np.linalg.eigvalsh(net.gram(X[:n]))[-1]
    run = gradient_descent(net, X[:n], given.astype(np.float32), float(eta), steps, keep=k)
    wrong = np.array([np.sign(run.network(int(step))(X)) != np.r_[given, y[n:]] for step in k])
    train, test = wrong[:, :n].mean(axis=1), wrong[:, n:].mean(axis=1)
    return Picture(
        Panel(
            measured(k, 2 * run.loss[k] / n, label="on training labels"),
            xlabel="step $k$",
            ylabel="mean squared error",
            xscale="log",
            yscale="log",
            ylim=(1e-5, 3),
        ),
        Panel(
            measured(k, train, label="training labels"),
            measured(k, test, label="new images", role="accent"),
            line([1, steps], [0.5, 0.5], label="coin"),
            xlabel="step $k$",
            ylabel="share of wrong signs",
            xscale="log",
            ylim=(-0.03, 0.7),
        ),
        name="fig-digits-training",
        claim=f"A wide network learns any labels of {n} digits; what it then knows of new images depends on the labels.",
        sentence=FILM.format(
            P=f"{net.W.size:,}",
            n=n,
            flipped=np.count_nonzero(given != y[:n]),
            steps=f"{steps:,}",
            train=f"{train[-1]:.1%}",
            test=f"{test[-1]:.1%}",
            unseen=len(X) - n,
        ),
    )


THEOREMS = (RandomLabelsAreFitted(), Capacity())
