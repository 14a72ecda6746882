"""Errata of the blog post that this book grew out of: a measurement tells each corrected formula from the printed one.

The post is about five papers; the entries that need no number (typography, references) stand in the chapter alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.activations import relu
from lib.data import sphere
from lib.dynamics import gradient_descent, gradient_flow, linearized
from lib.figures import Panel, Picture, bound, line, measured
from lib.kernels import angles, h_infinity, spectrum
from lib.networks import TwoLayer
from lib.theorems.du_2018.ntk import tangent_kernel
from lib.theorems.du_2018.setting import first_flip
from lib.theorems.theorem import Evidence, number
from lib.theorems.vapnik_1971 import sauer, uniform_bound
from lib.validation import as_count, as_generator, as_real

CHAPTER = "errata"
N, D, WIDTH = 20, 10, 1000
SIGN = {"=": "", "<=": "≤ ", ">": "> "}


@dataclass(frozen=True)
class Says:
    """What a formula says about a measured value.

    Parameters
    ----------
    value : array_like
        Its number, one for each case.
    relation : {"=", "<=", ">"}
        How the measured value should stand to it.
    """

    value: ArrayLike
    relation: str = "="


@dataclass(frozen=True, eq=False)
class Comparison:
    """One measurement beside two claims about it.

    Parameters
    ----------
    title, quantity : str
        Name of the entry, and what is measured.
    measured, error : array_like
        Measured values and their standard errors, or what rounding and finite steps leave open.
    right, post : Says
        What the corrected formula says, and what the other one says if it is taken at its word.
    reading : str
        Where the other one comes from: it is printed, or it is how a reader may fill a gap.
    """

    title: str
    quantity: str
    measured: ArrayLike
    error: ArrayLike
    right: Says
    post: Says
    reading: str = "as printed"

    def _evidence(self, claim: Says, other: Says) -> Evidence:
        return Evidence(
            title=self.title,
            quantity=self.quantity,
            relation=claim.relation,
            predicted=claim.value,
            measured=self.measured,
            error=self.error,
            rival=other.value if claim.relation == "=" else None,
        )

    @property
    def evidence(self) -> Evidence:
        """The verdict on the corrected formula."""
        return self._evidence(self.right, self.post)

    @property
    def against(self) -> Evidence:
        """The verdict on the other formula, from the same measurement."""
        return self._evidence(self.post, self.right)

    def texts(self) -> tuple[str, str, str]:
        """The corrected value, the other one and the measured one, in the case that is closest to deciding.

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> Comparison("t", "q", [1.0, 2.0], 0.1, Says([1.0, 2.1]), Says([3.0, 4.0])).texts()
        ('2.1', '4', '2 ± 0.1')
        """
        case, size = self.evidence.tightest, np.size(self.measured)
        right, post = (SIGN[s.relation] + number(np.broadcast_to(s.value, size)[case]) for s in (self.right, self.post))
        return right, post, self.evidence.measured_text

    def _repr_markdown_(self) -> str:
        right, post, value = self.texts()
        cases = np.size(self.measured)
        several = f" (the tightest of {cases} cases)" if cases > 1 else ""
        return (
            f"**{self.quantity[0].upper() + self.quantity[1:]}**{several}\n\n"
            "| | value | verdict |\n|:--|:--|:--|\n"
            f"| measured | {value} | |\n"
            f"| corrected | {right} | **{self.evidence.verdict}** |\n"
            f"| {self.reading} | {post} | {self.against.verdict} |\n"
        )


@dataclass(frozen=True)
class Erratum:
    """An entry of the errata whose two formulas a measurement can tell apart.

    Parameters
    ----------
    ledger_id : str
        Its number in the list of errata.
    label : str
        Its label in the chapter.
    title : str
        What it is about.
    measure : callable
        Takes a generator and returns a quantity, measured values, errors, what is right and what is not.
    reading : str
        Where that which is not right comes from.
    """

    ledger_id: str
    label: str
    title: str
    measure: Callable[[np.random.Generator], tuple]
    reading: str = "as printed"
    chapter = CHAPTER

    def compare(self, *, rng: np.random.Generator | int) -> Comparison:
        """The corrected and the printed formula beside one measurement.

        Parameters
        ----------
        rng : numpy Generator or int
            Source of randomness or seed.

        Returns
        -------
        Comparison

        Raises
        ------
        TypeError, ValueError
            If `rng` is missing or no seed.

        Examples
        --------
        >>> PARALLEL.compare(rng=0).against.verdict
        'fails'
        """
        return Comparison(self.title, *self.measure(as_generator(rng)), reading=self.reading)

    def check(self, *, rng: np.random.Generator | int) -> Evidence:
        """The verdict on the corrected formula.

        Parameters
        ----------
        rng : numpy Generator or int
            Source of randomness or seed.

        Returns
        -------
        Evidence

        Raises
        ------
        TypeError, ValueError
            If `rng` is missing or no seed.

        Examples
        --------
        >>> PARALLEL.check(rng=0).verdict
        'holds'
        """
        return self.compare(rng=rng).evidence


# ---------------------------------------------------------------- the common setting


def problem(rng: np.random.Generator | int, n: int = N, d: int = D) -> tuple[NDArray, NDArray]:
    """Random unit inputs, and labels of which half are -1 and half are +1.

    Parameters
    ----------
    rng : numpy Generator or int
        Source of randomness or seed.
    n, d : int
        Number of inputs, and their dimension.

    Returns
    -------
    X : ndarray, shape (n, d)
    y : ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If `rng` is missing, or `n` is no whole number at least 1.

    Examples
    --------
    >>> float(problem(0)[1].sum())
    0.0
    """
    rng = as_generator(rng)
    X = sphere(as_count(n, "n"), d, rng)
    return X, rng.permutation(np.resize([-1.0, 1.0], n))


def uniform_network(m: int, d: int, rng: np.random.Generator | int) -> TwoLayer:
    """The network as the post prints it: output weights uniform on the interval (0, 1).

    Parameters
    ----------
    m, d : int
        Width and dimension of the inputs.
    rng : numpy Generator or int
        Source of randomness or seed.

    Returns
    -------
    TwoLayer

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number at least 1, or `rng` is missing.

    Examples
    --------
    >>> bool(uniform_network(m=100, d=3, rng=0).a.min() >= 0)
    True
    """
    m, d, rng = as_count(m, "m"), as_count(d, "d"), as_generator(rng)
    return TwoLayer(rng.standard_normal((m, d)), rng.uniform(size=m))


def difference(net: TwoLayer, X: NDArray, moves: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
    """How fast the outputs on X change when the weights move, by a central difference that no gate notices.

    Parameters
    ----------
    net : TwoLayer
    X : ndarray, shape (n, d)
    moves : dict
        Velocities ``"W"`` and ``"a"``; a layer without one rests.

    Returns
    -------
    derivative, error : ndarray, shape (n,)

    Examples
    --------
    >>> derivative, error = difference(TwoLayer(W=[[1]], a=[2]), np.ones((1, 1)), {"W": np.ones((1, 1))})
    >>> derivative.round(8), bool(error[0] < 1e-6)
    (array([2.]), True)
    """
    V, b = moves.get("W", np.zeros_like(net.W)), moves.get("a", 0)
    h = min(1e-4, first_flip(net.W, V, X) / 2)
    there, back = (TwoLayer(net.W + s * V, net.a + s * b)(X) for s in (h, -h))
    return (there - back) / (2 * h), np.full(len(X), 1e-14 / h)


def descent_direction(net: TwoLayer, X: NDArray, y: NDArray, layers: str) -> dict[str, NDArray]:
    """Minus the gradient of the loss in the named layers.

    Parameters
    ----------
    net : TwoLayer
    X, y : ndarray
        Inputs and labels.
    layers : str
        "W", "a" or "Wa".

    Returns
    -------
    dict

    Examples
    --------
    >>> descent_direction(TwoLayer(W=[[1]], a=[1]), np.ones((1, 1)), np.zeros(1), "W")
    {'W': array([[-1.]])}
    """
    return {layer: -g for layer, g in net.gradient(X, y).items() if layer in layers}


# ---------------------------------------------------------------- A. what changes the mathematics


def _output_index(rng):
    x = sphere(1, D, rng)
    squares = np.array([TwoLayer.init(WIDTH, D, rng)(x)[0] ** 2 for _ in range(300)])
    one_sign = WIDTH / (2 * np.pi) + 0.5 - 1 / (2 * np.pi)  # square of the mean, plus the variance
    error = np.sqrt(0.5 / len(squares))  # the output is nearly N(0, 1/2), whose square has variance 1/2
    return "the mean square of the output at a unit input", squares.mean(), error, Says(0.5), Says(one_sign)


def _output_law(rng):
    X, y = problem(rng)
    eta, steps, net = 0.2, 800, uniform_network(WIDTH // 2, D, rng)
    run = gradient_descent(net, X, y, eta, steps)
    theorem = run.loss[0] * (1 - eta * spectrum(X)[0][0] / 2) ** steps
    floor = (y[y < 0] ** 2).sum() / 2
    quantity = f"the loss after {steps} steps with output weights from (0, 1)"
    return quantity, run.loss[-1], 1e-9, Says(floor, ">"), Says(theorem, "<=")


def _lambda_zero(rng):
    X, y = problem(rng)
    values, _ = spectrum(X)
    eta, steps = 0.3 / values[-1], 400
    loss = gradient_descent(TwoLayer.init(WIDTH, D, rng), X, y, eta, steps).loss
    least, largest = (loss[0] * (1 - eta * value / 2) ** steps for value in values[[0, -1]])
    return f"the loss after {steps} steps", loss[-1], 0.0, Says(least, "<="), Says(largest, "<=")


def _slash(rng):
    X, m, networks = sphere(N, D, rng), 400, 300
    limit = h_infinity(X)
    off = np.array([np.linalg.norm(TwoLayer.init(m, D, rng).gram(X) - limit, 2) for _ in range(networks)])
    draws = rng.choice(off, (200, networks))  # bootstrap

    def ratio(values: NDArray) -> NDArray:
        often, rarely = np.quantile(values, [0.5, 0.98], axis=-1)
        return (rarely / often) ** 2  # deviations shrink like 1/sqrt(m)

    quantity = "the width that fails with probability 0.02, over the width that fails with probability 1/2"
    return quantity, ratio(off), ratio(draws).std(), Says(1.0, ">"), Says((0.02 / 0.5) ** 3, "<=")


def _step_size(rng):
    X, y = problem(rng)
    values, _ = spectrum(X)
    eta, steps = 10 / values[-1], 20
    loss = gradient_descent(TwoLayer.init(WIDTH, D, rng), X, y, eta, steps).loss
    promised = (1 - eta * values[0] / 2) ** steps
    quantity = f"the loss after {steps} steps with a step size of 10/λmax, over the loss at the start"
    return quantity, loss[-1] / loss[0], 0.0, Says(1.0, ">"), Says(promised, "<=")


def _flow_at_new_points(rng):
    """The network, its residuals and kernel sums at new points, and how the outputs there start to move."""
    X, y = problem(rng)
    net, new = TwoLayer.init(WIDTH, D, rng), sphere(5, D, rng)
    return net, new, X, y, net(X) - y, *difference(net, new, descent_direction(net, X, y, "W"))


MOVES = "how fast the output at a new point starts to move"


def _lost_factor(rng):
    net, new, X, _, residual, speed, error = _flow_at_new_points(rng)
    right = -tangent_kernel(net, new, X) @ residual
    return MOVES, speed, error, Says(right), Says(-WIDTH * tangent_kernel(net, new, X, power=1) @ residual)


def _lost_width(rng):
    X, y = problem(rng)
    net, h = TwoLayer.init(WIDTH, D, rng), 1e-4
    gradient = net.gradient(X, y)["W"]
    place = np.argsort(abs(gradient), axis=None)[-1000::100]  # ten weights that matter

    def loss(k: int, h: float) -> float:
        W = net.W.copy()
        W.flat[k] += h
        return float(((TwoLayer(W, net.a)(X) - y) ** 2).sum() / 2)

    slope = {s: np.array([(loss(k, s) - loss(k, -s)) / (2 * s) for k in place]) for s in (h, h / 10)}
    error = abs(slope[h] - slope[h / 10]) + 1e-8
    right = gradient.flat[place]
    return "the derivative of the loss in a weight", slope[h / 10], error, Says(right), Says(np.sqrt(WIDTH) * right)


def _loss_derivative(rng):
    net, new, X, y, residual, speed, error = _flow_at_new_points(rng)
    k = tangent_kernel(net, new, X)
    wrong = -(k * (net(new)[:, None] - y)).sum(axis=1)
    return MOVES, speed, error, Says(-k @ residual), Says(wrong)


def _hypotheses(rng):
    x = sphere(1, D, rng)
    floors = []
    for factor in 1.0, 3.0:
        X, y = np.vstack([x, factor * x]), np.array([1.0, -1.0])
        floors.append(gradient_descent(TwoLayer.init(WIDTH, D, rng), X, y, 0.05, 600).loss[-1])
    quantity = "the loss at the end for two parallel inputs with opposite labels"
    return quantity, np.array(floors), 1e-6, Says([1.0, 0.8]), Says([0.0, 0.0])


def _parallel(rng):
    d, pairs = 5, np.arange(1, 9)
    null = []
    for p in pairs:
        x = sphere(p, d, rng)
        values, error = spectrum(np.vstack([x, -x]))
        null.append(np.count_nonzero(values < 4 * error))
    quantity = f"the dimension of the null space of H-infinity for antiparallel pairs in dimension {d}"
    return quantity, np.array(null), 0.0, Says(np.maximum(pairs - d, 0)), Says(pairs)


def _prediction(rng):
    n, narrow, factor, networks = 8, 200, 16, 60
    X, y = problem(rng, n=n)
    H = h_infinity(X)
    eta, steps = 1 / spectrum(X)[0][-1], 20
    errors = np.empty((2, networks))
    for k, m in enumerate((narrow, factor * narrow)):
        for j in range(networks):
            net = TwoLayer.init(m, D, rng)
            u = gradient_descent(net, X, y, eta, steps, outputs=True).outputs
            curve = np.linalg.norm(y - linearized(H, y, u[0], eta, steps), axis=1)
            errors[k, j] = abs(np.linalg.norm(y - u, axis=1) - curve).max()
    mean, scatter = errors.mean(axis=1), errors.std(axis=1, ddof=1) / np.sqrt(networks)
    ratio = mean[0] / mean[1]
    bar = ratio * np.hypot(*(scatter / mean))
    quantity = f"the factor by which the error of the predicted curve falls when the network is {factor} times as wide"
    return quantity, ratio, bar, Says(np.sqrt(factor)), Says(1.0)


def deep_kernel(X: NDArray, m: int, rng: np.random.Generator | int) -> NDArray:
    r"""Tangent kernel of a random ReLU network with two hidden layers of width m, all three layers trained.

    :math:`f(x)=a^\top h_2`, :math:`h_\ell=\sqrt{2/m}\,\sigma(W_\ell h_{\ell-1})`, :math:`h_0=x`; all weights are
    standard normal.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Inputs.
    m : int
        Width of both hidden layers.
    rng : numpy Generator or int
        Source of randomness or seed.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    TypeError, ValueError
        If `m` is no whole number at least 1, or `rng` is missing.

    Examples
    --------
    >>> bool(abs(deep_kernel(np.eye(2), 2000, rng=0)[0, 0] - 3) < 0.5)
    True
    """
    m, rng = as_count(m, "m"), as_generator(rng)
    W_1, W_2, a = rng.standard_normal((m, X.shape[1])), rng.standard_normal((m, m)), rng.standard_normal(m)
    c = np.sqrt(2 / m)
    z_1 = X @ W_1.T
    h_1 = c * np.maximum(z_1, 0)
    z_2 = h_1 @ W_2.T
    h_2 = c * np.maximum(z_2, 0)
    b_2 = c * a * (z_2 >= 0)
    b_1 = c * (b_2 @ W_2) * (z_1 >= 0)
    return h_2 @ h_2.T + (b_2 @ b_2.T) * (h_1 @ h_1.T) + (b_1 @ b_1.T) * (X @ X.T)


def deep_limit(X: NDArray, layers: int = 2) -> NDArray:
    r"""Its limit on unit inputs: :math:`\Theta_\ell=\Sigma_\ell+\Theta_{\ell-1}\circ\kappa_0(\Sigma_{\ell-1})`.

    :math:`\Sigma_\ell=\kappa_1(\Sigma_{\ell-1})` with the arc-cosine kernels, :math:`\Theta_0=\Sigma_0=XX^\top`.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Unit inputs.
    layers : int
        Number of hidden layers.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    TypeError, ValueError
        If `layers` is no whole number, or X no matrix.

    Examples
    --------
    >>> deep_limit(np.eye(2)).round(3)[0]
    array([3.   , 0.686])
    """
    theta = angles(X)
    total = np.cos(theta)
    for _ in range(as_count(layers, "layers", minimum=0)):
        sigma = 2 * relu.dual(theta)
        total = sigma + total * 2 * relu.derivative_dual(theta)
        theta = np.arccos(np.clip(sigma, -1, 1))
    return total


def _many_layers(rng):
    X, m, networks = sphere(3, D, rng), 300, 40
    each = np.array([deep_kernel(X, m, rng) for _ in range(networks)])
    pairs = np.triu_indices(3)
    one_layer = 2 * h_infinity(X)  # a sum over the neurons of the first layer only
    mean, error = each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(networks)
    quantity = "an entry of the tangent kernel with two hidden layers"
    return quantity, mean[pairs], error[pairs], Says(deep_limit(X)[pairs]), Says(one_layer[pairs])


def _no_contradiction(rng):
    n, d, eta = 100, D, 0.1
    X, X_test = sphere(n, d, rng), sphere(4000, d, rng)
    y, y_test = np.sign(X[:, 0]), np.sign(X_test[:, 0])
    net = gradient_descent(TwoLayer.init(WIDTH, d, rng), X, y, eta, 100).net
    wrong, wrong_test = np.mean(net(X) * y <= 0), net(X_test) * y_test <= 0
    bound = uniform_bound(n, sauer(2 * n, WIDTH))
    quantity = "the test error of a wide network minus its training error"
    gap, error = wrong_test.mean() - wrong, wrong_test.std() / np.sqrt(len(wrong_test))
    return quantity, gap, error, Says(bound, "<="), Says(bound, ">")


# ---------------------------------------------------------------- B. what is vague


def _both_layers(rng):
    X, y = problem(rng)
    net = TwoLayer.init(WIDTH, D, rng)
    speed, error = difference(net, X, descent_direction(net, X, y, "Wa"))
    first, second = (-K @ (net(X) - y) for K in (net.gram(X), net.output_gram(X)))
    return "how fast an output starts to move when both layers are trained", speed, error, Says(first + second), Says(first)


def _two_kernels(rng):
    X, networks = sphere(N, D, rng), 60
    H, p = h_infinity(X), relu.derivative_dual(angles(X))
    squares = np.array([((TwoLayer.init(WIDTH, D, rng).gram(X) - H) ** 2).sum() for _ in range(networks)])
    right = ((X @ X.T) ** 2 * p * (1 - p)).sum() / WIDTH
    quantity = f"the mean square of ‖H(0) − H-infinity‖ in Frobenius norm at m = {number(WIDTH)}"
    return quantity, squares.mean(), squares.std(ddof=1) / np.sqrt(networks), Says(right), Says(0.0)


def _core_equation(rng):
    X, y = problem(rng)
    net, times, rtol = TwoLayer.init(WIDTH, D, rng), np.array([0.0, 2.0, 5.0, 10.0]), 1e-3
    loss = gradient_flow(net, X, y, times, rtol=rtol).loss
    left = loss[1:] / loss[0]
    error = 2 * rtol * np.sqrt(left)  # the solver may be off by rtol times the first residual
    values, _ = spectrum(X)
    slow, fast = (np.exp(-value * times[1:]) for value in (values[0], 2 * values[-1]))
    quantity = "what is left of ‖u(t) − y‖² under gradient flow"
    return quantity, left, error, Says(slow, "<="), Says(fast, "<=")


def _flow_order(rng):
    n, end, etas, networks = 10, 2.0, 0.04 / 2.0 ** np.arange(4), 6
    X, y = problem(rng, n=n)
    orders = []
    for _ in range(networks):
        net = TwoLayer.init(300, D, rng)
        last = [gradient_descent(net, X, y, eta, round(end / eta), outputs=True).outputs[-1] for eta in etas]
        steps = [np.linalg.norm(b - a) for a, b in pairwise(last)]
        orders.append(np.log2(np.array(steps[:-1]) / steps[1:]))
    coarse, fine = np.mean(orders, axis=0)
    error = np.hypot(np.std(orders, axis=0, ddof=1)[1] / np.sqrt(networks), coarse - fine)
    return "the order in η at which gradient descent approaches gradient flow", fine, error, Says(1.0), Says(0.0)


def _accuracy(rng):
    X, y = problem(rng)
    least = spectrum(X)[0][0]
    eta, half = 0.2, 400
    loss = gradient_descent(TwoLayer.init(WIDTH, D, rng), X, y, eta, 2 * half).loss
    quantity = f"the loss after {2 * half} steps over the loss after {half}, at one width"
    promised = (1 - eta * least / 2) ** half
    return quantity, loss[-1] / loss[half], 0.0, Says(promised, "<="), Says(1.0)


def _parameters(rng):
    n, widths = 60, np.array([2, 4, 20])
    X = sphere(n, D, rng)
    ranks = np.array([np.linalg.matrix_rank(TwoLayer.init(int(m), D, rng).jacobian(X)) for m in widths])
    quantity = "how many of 60 outputs a small move of the weights can set at will"
    return quantity, ranks, 0.0, Says(np.minimum(n, D * widths)), Says(np.minimum(n, widths))


def some_minus(share: float, m: int = 500, steps: int = 1000, seed: int = 0) -> Picture:
    """Training with output weights whose sizes are uniform on (0, 1), and of which a share is negative.

    Parameters
    ----------
    share : float
        Share of negative output weights, at least 0 and so far below 1 that one stays positive; 0 is the law of the post.
    m, steps, seed : int
        Width, number of steps and seed.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError, ValueError
        If the seed is none, a size no whole number at least 1, or no output weight would be positive.

    Examples
    --------
    >>> "floor" in some_minus(0.0, m=100, steps=50).sentence
    True
    """
    rng, m, steps = as_generator(seed), as_count(m, "m"), as_count(steps, "steps")
    negative = round(as_real(share, "share", low=0, high=1) * m)
    if negative == m:
        raise ValueError(f"share must leave some output weight positive, got {share} at width {m}")
    X, y = problem(rng)
    net = uniform_network(m, D, rng)
    a = np.where(np.arange(m) < negative, -net.a, net.a)
    loss = gradient_descent(TwoLayer(net.W, a), X, y, 0.2, steps).loss
    floor = (y[y < 0] ** 2).sum() / 2
    look = np.unique(np.geomspace(1, steps, 40).astype(int))
    mixed = negative > 0
    gone, seen, edge = np.full(len(look), np.nan), np.where(loss[look] > 1e-12, loss[look], np.nan), np.full(2, floor)
    text = (
        f"{negative} of {m:,} output weights are negative; after {steps:,} steps the loss is {number(loss[-1])}, and "
        f"{'nothing forbids it to fall further' if mixed else f'the floor is {number(floor)}'}."
    )
    return Picture(
        Panel(
            measured(look, gone if mixed else seen, label="all positive"),
            measured(look, seen if mixed else gone, label="some negative", role="accent"),
            bound([1, steps], edge * (np.nan if mixed else 1), forbidden="below", label="floor"),
            line([1, steps], edge * (1 if mixed else np.nan)),
            xlabel="step $k$",
            ylabel="loss $L(k)$",
            xscale="log",
            yscale="log",
            ylim=(1e-12, 3e3),
        ),
        name="some-minus",
        claim="With output weights above 0 the loss stays above a floor; a few negative ones remove it.",
        sentence=text,
    )


OUTPUT_INDEX = Erratum(
    "E-1", "err-output-index", "The index of the output weight", _output_index, "as printed, with one sign for all neurons"
)
OUTPUT_LAW = Erratum(
    "E-2", "err-output-law", "The law of the output weights", _output_law, "the theorem for the printed law"
)
LAMBDA_ZERO = Erratum(
    "E-3", "err-lambda-zero", "Which eigenvalue", _lambda_zero, "the rate with the largest eigenvalue"
)
SLASH = Erratum("E-4", "err-slash", "The slash without brackets", _slash, "as printed, read from left to right")
STEP_SIZE = Erratum(
    "E-5", "err-step-size", "The step size is bounded from above", _step_size, "as printed, the rate for any large step"
)
LOST_FACTOR = Erratum(
    "E-6", "err-lost-factor", "The second factor of the output weight", _lost_factor, "as printed, one factor and no 1/m"
)
LOST_WIDTH = Erratum("E-7", "err-lost-width", "The factor of the width", _lost_width, "as printed, without 1/√m")
LOSS_DERIVATIVE = Erratum(
    "E-8", "err-loss-derivative", "Where the loss is differentiated", _loss_derivative, "the loss differentiated at x"
)
HYPOTHESES = Erratum("E-10", "err-hypotheses", "Hypotheses of the theorem", _hypotheses, "zero loss for all inputs")
PARALLEL = Erratum("E-11", "err-parallel", "What parallel means", _parallel, "every antiparallel pair costs one dimension")
PREDICTION = Erratum(
    "E-12", "err-prediction", "The predicted loss curve", _prediction, "contrast: width does not help the prediction"
)
MANY_LAYERS = Erratum("E-13", "err-many-layers", "More layers", _many_layers, "in the same way: one sum over neurons")
NO_CONTRADICTION = Erratum(
    "E-14", "err-no-contradiction", "Vacuous is not false", _no_contradiction, "a contradiction: the bound is broken"
)
BOTH_LAYERS = Erratum("E-15", "err-both-layers", "Training both layers", _both_layers, "the kernel of the first layer alone")
TWO_KERNELS = Erratum(
    "E-16", "err-two-kernels", "Two kernels under one name", _two_kernels, "the empirical kernel taken for its limit"
)
CORE_EQUATION = Erratum(
    "E-17", "err-core-equation", "The equation that does the work", _core_equation, "contrast: the kernel's fastest rate"
)
FLOW_ORDER = Erratum("E-18", "err-flow-order", "From steps to flow", _flow_order, "contrast: no convergence")
ACCURACY = Erratum("E-19", "err-accuracy", "What buys accuracy", _accuracy, "a floor that depends on the width")
PARAMETERS = Erratum(
    "E-20", "err-parameters", "Parameters or neurons", _parameters, "neurons counted in place of parameters"
)

ERRATA = (
    OUTPUT_INDEX,
    OUTPUT_LAW,
    LAMBDA_ZERO,
    SLASH,
    STEP_SIZE,
    LOST_FACTOR,
    LOST_WIDTH,
    LOSS_DERIVATIVE,
    HYPOTHESES,
    PARALLEL,
    PREDICTION,
    MANY_LAYERS,
    NO_CONTRADICTION,
    BOTH_LAYERS,
    TWO_KERNELS,
    CORE_EQUATION,
    FLOW_ORDER,
    ACCURACY,
    PARAMETERS,
)
