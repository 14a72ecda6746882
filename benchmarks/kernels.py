"""How much faster the kernels of lib are than the lines that a textbook would print.

Run from the top of the repository: ``python benchmarks/kernels.py [rounds]``. Both versions run in turn in one process,
so that whatever else the machine does disturbs them alike; the median of the ratios of all rounds is printed.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from lib.data import sphere
from lib.kernels import h_infinity
from lib.networks import TwoLayer


def textbook_h_infinity(X):
    G = X @ X.T
    return G * (np.pi - np.arccos(np.clip(G, -1, 1))) / (2 * np.pi)


def textbook_gram(X, W):
    active = (X @ W.T >= 0).astype(float)
    return (X @ X.T) * (active @ active.T) / len(W)


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def race(label, ours, textbook, rounds):
    ours(), textbook()  # warm up
    times = np.array([(seconds(ours), seconds(textbook)) for _ in range(rounds)])
    low, ratio, high = np.quantile(times[:, 1] / times[:, 0], [0.25, 0.5, 0.75])
    best = times.min(axis=0) * 1e3
    print(
        f"{label}: textbook / ours = {ratio:.2f} (quartiles {low:.2f} to {high:.2f}); "
        f"fastest round {best[1]:.1f} / {best[0]:.1f} ms = {best[1] / best[0]:.2f}"
    )


def main(rounds):
    for n, d in ((3000, 300), (1000, 100)):
        X = sphere(n, d, rng=0)
        race(f"H-infinity, n={n}, d={d}", lambda X=X: h_infinity(X), lambda X=X: textbook_h_infinity(X), rounds)
    X, net = sphere(200, 100, rng=0), TwoLayer.init(100_000, 100, rng=1)
    race("finite Gram, n=200, d=100, m=1e5", lambda: net.gram(X), lambda: textbook_gram(X, net.W), rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
