"""The experiments of section 5 of Du et al. 2018 at their own size, n = d = 1000.

Stored in ``lib/assets/du_2018_section5.csv``, which is made again, from a clone of the book, by ::

    python -m lib.theorems.du_2018.experiment

It takes about ten minutes on one core and 400 MB of memory. Finished networks are kept in the folder
``section5-runs``; a run that was interrupted, even by a power cut, goes on from there when the command is given again.
Sizes, labels and the number of steps are the paper's; widths, step size and seeds are this book's.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import sphere
from lib.dynamics import gradient_descent, linearized
from lib.networks import TwoLayer
from lib.sweeps import sweep
from lib.validation import as_count, as_generator, as_inputs, as_positive, as_unit_rows

COMMAND = "python -m lib.theorems.du_2018.experiment"
STORED = Path(__file__).parents[2] / "assets" / "du_2018_section5.csv"
WIDTHS = 500, 1000, 2000, 4000, 8000
SEEDS = 0, 1, 2, 3, 4, 5, 6, 7
STEPS = 0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90, 100


def flip_law(
    X: ArrayLike, residuals: ArrayLike, eta: float, rng: np.random.Generator | int, draws: int = 200
) -> tuple[NDArray, NDArray]:
    r"""The limit of :math:`\sqrt m` times the share of flipped gates at each step, with standard errors.

    A gate on :math:`x_i` can flip only if :math:`g:=\sqrt m\,w_r^\top x_i` is bounded. Then all other gates of the neuron
    stay, and g moves by :math:`-\eta a_r\big(\sum_{j\ne i}K_{ij}e_j\,1\{w^\top x_j\ge0\}+e_i\,1\{g\ge0\}\big)` a step.
    The limit is the mean over random neurons on the boundary of :math:`x_i` and over i of the length of the set of all g
    that have the other sign at step k, divided by :math:`\sqrt{2\pi}`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Unit inputs, no two parallel.
    residuals : array_like, shape (k, n)
        e(0), ..., e(k-1), for at least one step.
    eta : float
        Step size.
    rng : Generator or int
    draws : int
        Random neurons on the boundary of each input, at least 2.

    Returns
    -------
    limit, error : ndarray, shape (k + 1,)

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> limit, _ = flip_law([[1.0]], [[1.0]], eta=1.0, rng=0)  # flipped where 0 <= g < 1 and a = 1, so half of a unit
    >>> (limit * np.sqrt(2 * np.pi)).round(1)
    array([0. , 0.5])
    """
    X, eta, rng = as_unit_rows(X).astype(float), as_positive(eta, "eta"), as_generator(rng)
    moves = eta * as_inputs(residuals, "residuals", dim=len(X), nonzero=False).astype(float)
    draws = as_count(draws, "draws", minimum=2)
    K, points = X @ X.T, 20
    lengths = np.zeros((len(moves) + 1, len(X), draws))
    for i, x in enumerate(X):
        w = rng.standard_normal((draws, X.shape[1]))
        gates = ((w - np.outer(w @ x, x)) @ X.T >= 0) * K[i]
        gates[:, i] = 0
        others, own = gates @ moves.T, moves[:, i]
        edge = abs(np.cumsum(others, axis=1)).max(axis=1) + abs(own).sum()  # nothing flips farther out
        start = edge[:, None] * (np.arange(-points, points) + 0.5) / points
        g, a = start.copy(), rng.choice([-1.0, 1.0], (draws, 1))
        for k in range(len(moves)):
            g -= a * (others[:, k : k + 1] + own[k] * (g >= 0))
            lengths[k + 1, i] = ((g >= 0) != (start >= 0)).mean(axis=1) * 2 * edge
    each = lengths.mean(axis=1) / np.sqrt(2 * np.pi)
    return each.mean(axis=1), each.std(axis=1, ddof=1) / np.sqrt(draws)


def watch(net: TwoLayer, X: NDArray, y: NDArray, eta: float, steps: int) -> dict[str, NDArray]:
    r"""The three quantities of the paper's experiments at every step, and the bounds between which the third must lie.

    Parameters
    ----------
    net : TwoLayer
        The network at the start, with output weights -1 and +1.
    X : array_like, shape (n, d)
        Inputs.
    y : array_like, shape (n,)
        Labels.
    eta : float
        Step size.
    steps : int
        Number of steps.

    Returns
    -------
    dict
        ``loss``, ``flips`` (share of the gates that differ from the start), ``distance`` (of the farthest neuron from its
        start), and its bounds ``low`` and ``high``, each of shape (steps + 1,); ``residuals``, of shape (steps + 1, n).

    Examples
    --------
    >>> seen = watch(TwoLayer.init(500, 3, rng=0), np.eye(3), [1, -1, 1], eta=0.3, steps=20)
    >>> bool((seen["low"] <= seen["distance"]).all() and (seen["distance"] <= seen["high"]).all())
    True
    """
    run = gradient_descent(net, X, y, eta, steps, outputs=True)
    u, norm, root = run.outputs.astype(float), np.linalg.norm(X, 2), np.sqrt(len(net.W))
    residuals = u - np.asarray(y, dtype=float)
    way = np.append(0, np.cumsum(np.linalg.norm(residuals[:-1], axis=1)))
    return {
        "loss": run.loss.astype(float),
        "flips": run.flipped_fraction.astype(float),
        "distance": run.max_displacement.astype(float),
        "low": np.linalg.norm(u - u[0], axis=1) / (norm * root),
        "high": eta * norm / root * way,
        "residuals": residuals,
    }


def in_float32(net: TwoLayer) -> TwoLayer:
    """The same network in single precision.

    Parameters
    ----------
    net : TwoLayer

    Returns
    -------
    TwoLayer

    Examples
    --------
    >>> in_float32(TwoLayer(W=[[1.0]], a=[1])).W.dtype
    dtype('float32')
    """
    return TwoLayer(net.W.astype(np.float32), net.a)


def section_5(m: int, n: int, eta: float, *, rng: np.random.Generator | int) -> dict[str, NDArray]:
    """What the experiments see of one random network with d = n, in single precision, at `STEPS`.

    Inputs and labels do not depend on the width and the network.

    Parameters
    ----------
    m : int
        Width.
    n : int
        Number of inputs and their dimension.
    eta : float
        Step size.
    rng : Generator or int
        Of the network.

    Returns
    -------
    dict
        ``step``, ``loss``, ``flips``, ``distance``, ``low`` and ``high`` as in `watch`; ``frozen``, the loss if the kernel
        stayed as it is at the start; ``law``, what `flip_law` predicts for the flips. Five digits each.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> seen = section_5(m=200, n=4, eta=0.3, rng=0)
    >>> bool(seen["low"][-1] <= seen["distance"][-1] <= seen["high"][-1])
    True
    """
    rng, shared = as_generator(rng), np.random.default_rng(0)
    X, y = sphere(n, n, shared).astype(np.float32), shared.standard_normal(n).astype(np.float32)
    net, steps = in_float32(TwoLayer.init(m, n, rng)), np.array(STEPS)
    seen = watch(net, X, y, eta, STEPS[-1])
    frozen = linearized(net.gram(X).astype(float), y, net(X), eta, STEPS[-1]) - y
    seen |= {
        "frozen": (frozen**2).sum(axis=1) / 2,
        "law": flip_law(X, seen["residuals"][:-1], eta, rng, draws=20)[0] / np.sqrt(m),
    }
    names = "loss", "flips", "distance", "low", "high", "frozen", "law"
    rounded = {name: np.array([float(f"{value:.5g}") for value in seen[name][steps]]) for name in names}
    return {"step": steps, **rounded}


def _main() -> None:
    """Run what is missing, and write the table."""
    parser = ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="section5-runs", help="folder of finished networks (%(default)s)")
    parser.add_argument("--csv", default=STORED, help="the table (%(default)s)")
    parser.add_argument("--workers", type=int, help="processes (all cores)")
    parser.add_argument("--n", type=int, default=1000, help="number of inputs and dimension (%(default)s)")
    given = parser.parse_args()
    grid = {"n": [given.n], "eta": [0.3], "m": WIDTHS}
    table = sweep(section_5, grid, seeds=SEEDS, units={"m": "neurons", "n": "inputs"}, path=given.runs,
                  workers=given.workers, progress=True)
    if table.interrupted:
        raise SystemExit(f"interrupted; to go on: {COMMAND}")
    table.save_csv(given.csv)


if __name__ == "__main__":
    _main()
