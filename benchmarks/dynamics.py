"""How much faster gradient descent in lib is than the textbook loop, and than the same loop compiled by JAX or PyTorch.

Run from the top of the repository, in an environment of its own:

    python -m venv ../peers && ../peers/bin/pip install -r benchmarks/requirements.txt
    ../peers/bin/python benchmarks/dynamics.py [rounds]

Peers that are not installed are left out. Everyone computes in float32 and records the loss, the largest displacement and
the flipped gates at each step, from the same start; all take turns in one process, so that whatever else the machine does
disturbs them alike. The medians of the ratios of all rounds are printed, and the ratio of the fastest rounds.
"""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from lib.data import random_signs, sphere
from lib.dynamics import gradient_descent
from lib.networks import TwoLayer

JOBS = [(1000, 1000, 10_000, 5), (100, 100, 30_000, 30)]  # n, d, m, steps

PAUSE = 0.3  # seconds, until the idle threads of the peer before have stopped spinning


def textbook(net, X, y, eta, steps):
    W, W_start, scale = net.W.copy(), net.W, np.float32(1 / np.sqrt(len(net.W)))
    gates_start = W @ X.T >= 0
    records = []
    for k in range(steps + 1):
        pre = W @ X.T
        gates = pre >= 0
        residual = scale * (net.a @ np.maximum(pre, 0)) - y
        displacement = np.linalg.norm(W - W_start, axis=1).max()
        records.append((residual @ residual / 2, displacement, (gates != gates_start).sum()))
        if k < steps:
            W -= eta * scale * net.a[:, None] * ((gates * residual) @ X)
    return np.array(records)


def compiled_by_jax(net, X, y, eta, steps):
    import jax
    import jax.numpy as jnp

    scale = np.float32(1 / np.sqrt(len(net.W)))

    @jax.jit
    def run(W_start, a, X, y):
        gates_start = W_start @ X.T >= 0

        def step(W, _):
            pre = W @ X.T
            gates = pre >= 0
            residual = scale * (a @ jnp.maximum(pre, 0)) - y
            displacement = jnp.sqrt(jnp.sum((W - W_start) ** 2, axis=1).max())
            record = jnp.stack([residual @ residual / 2, displacement, jnp.sum(gates != gates_start).astype(W.dtype)])
            return W - eta * scale * a[:, None] * (jnp.where(gates, residual, 0) @ X), record

        return jax.lax.scan(step, W_start, length=steps + 1)[1]

    arguments = [jax.device_put(values) for values in (net.W, net.a, X, y)]
    return lambda: np.asarray(run(*arguments))


def eager_in_torch(net, X, y, eta, steps):
    import torch

    scale = 1 / np.sqrt(len(net.W))
    W_start, a, X, y = (torch.from_numpy(values) for values in (net.W, net.a, X, y))

    @torch.no_grad()
    def run():
        W, records = W_start.clone(), []
        gates_start = W @ X.T >= 0
        for k in range(steps + 1):
            pre = W @ X.T
            gates = pre >= 0
            residual = scale * (a @ pre.clamp(min=0)) - y
            displacement = torch.linalg.vector_norm(W - W_start, dim=1).max()
            records.append((residual @ residual / 2, displacement, (gates != gates_start).sum()))
            if k < steps:
                W.addcmul_(a[:, None], (gates * residual) @ X, value=-eta * scale)
        return np.array(records)

    return run


def ours(net, X, y, eta, steps):
    run = gradient_descent(net, X, y, eta, steps)
    return np.column_stack([run.loss, run.max_displacement, run.flipped_fraction * len(net.W) * len(X)])


def race(label, runners, rounds):
    """Print how much longer each runner takes than the first."""
    answers = {name: runner() for name, runner in runners.items()}  # also warms up
    first = next(iter(runners))
    for name, answer in answers.items():  # float32 may decide a few gates near 0 otherwise
        assert np.allclose(answer, answers[first], rtol=2e-3, atol=2e-3 * np.abs(answer).max(axis=0)), name
    times = {name: [] for name in runners}
    for _ in range(rounds):
        for name, runner in runners.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            runner()
            times[name].append(time.perf_counter() - start)
    own = np.array(times.pop(first))
    print(f"{label}: {first} {own.min() * 1e3:.1f} ms")
    for name, other in times.items():
        low, ratio, high = np.quantile(other / own, [0.25, 0.5, 0.75])
        print(
            f"  {name} / {first} = {ratio:.2f} (quartiles {low:.2f} to {high:.2f}); "
            f"fastest rounds {min(other) / own.min():.2f}",
            flush=True,
        )


def main(rounds):
    for n, d, m, steps in JOBS:
        X, y = sphere(n, d, rng=0).astype(np.float32), random_signs(n, rng=1).astype(np.float32)
        net = TwoLayer.init(m, d, rng=2)
        net = TwoLayer(net.W.astype(np.float32), net.a)
        problem = (net, X, y, np.float32(0.2), steps)
        runners = {"lib": lambda problem=problem: ours(*problem), "textbook": lambda problem=problem: textbook(*problem)}
        for package, peer in (("jax", compiled_by_jax), ("torch", eager_in_torch)):
            if find_spec(package):
                runners[package] = peer(*problem)
        race(f"gradient descent, n={n}, d={d}, m={m}, float32, {steps} steps", runners, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
