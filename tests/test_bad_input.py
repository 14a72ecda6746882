"""Every public numerical function meets every kind of input: it answers rightly or refuses by name.

A kind is a maker of fresh values and, if it can be read as finite real numbers, those numbers as clean float64. `truth` of a
function is the answer on clean numbers by another route; where it raises, or a kind is not clean, only a ValueError or
TypeError will do. Warnings count as failures, and no input may be changed.
"""

import datetime
import decimal
import fractions
import tempfile
import warnings

import numpy as np
import pytest
from scipy import sparse, special

from lib.activations import relu
from lib.data import circle, corrupted_labels, digits, random_signs, sphere
from lib.dynamics import gradient_descent, gradient_flow, linearized, linearized_flow
from lib.kernels import angles, h_infinity, harmonic_dimension, pair_eigenvalue, sphere_eigenvalues, two_layer_ntk
from lib.networks import TwoLayer
from lib.validation import (
    as_array,
    as_count,
    as_generator,
    as_inputs,
    as_positive,
    as_real,
    as_unit_rows,
    as_vector,
)

BASE = np.array([[0.6, 0.8], [1.0, 0.0], [-0.28, 0.96]])
VECTOR = np.array([1.0, -1.0, 1.0])


class Subclass(np.ndarray):
    pass


class Frame:
    """Numbers behind ``__array__``, as in a table of a data library."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def memory_map(values):
    mapped = np.memmap(tempfile.TemporaryFile(), dtype=values.dtype, mode="w+", shape=values.shape)
    mapped[:] = values
    return mapped


def read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


def matrix(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.matrix(values)


def array_kinds(base, extra):
    """Kinds of input made from `base` (finite, float64), as name -> (maker, clean numbers or None)."""
    whole = np.rint(base)
    spread = np.zeros((*(2 * s for s in base.shape),))
    spread[tuple(slice(None, None, 2) for _ in base.shape)] = base
    flip = tuple(slice(None, None, -1) for _ in base.shape)
    bad = [base.copy() for _ in range(4)]
    for values, entry in zip(bad, (np.nan, np.inf, -np.inf, -np.nan), strict=True):
        values[-1, ...] = entry
    right = {
        "float64": lambda: base.copy(),
        "list": lambda: base.tolist(),
        "tuple": lambda: tuple(base.tolist()),
        "list of arrays": lambda: list(base),
        "float32": lambda: base.astype(np.float32),
        "float16": lambda: base.astype(np.float16),
        "longdouble": lambda: base.astype(np.longdouble),
        "int8": lambda: whole.astype(np.int8),
        "int64": lambda: whole.astype(np.int64),
        "uint8": lambda: np.abs(whole).astype(np.uint8),
        "list of ints": lambda: whole.astype(int).tolist(),
        "big endian": lambda: base.astype(">f8"),
        "big endian float32": lambda: base.astype(">f4"),
        "fortran order": lambda: np.asfortranarray(base),
        "strided": lambda: spread[tuple(slice(None, None, 2) for _ in base.shape)],
        "negative strides": lambda: base[flip].copy()[flip],
        "read only": lambda: read_only(base),
        "subclass": lambda: base.copy().view(Subclass),
        "memory map": lambda: memory_map(base),
        "table": lambda: Frame(base),
        "negative zero": lambda: np.where(base == 0, -0.0, base),
    }
    wrong = {
        "nan": lambda: bad[0],
        "inf": lambda: bad[1],
        "minus inf": lambda: bad[2],
        "negative nan": lambda: bad[3],
        "long double beyond float64": lambda: base.astype(np.longdouble) * np.longdouble("1e4000"),
        "bool": lambda: base > 0,
        "complex": lambda: base + 0j,
        "object": lambda: base.astype(object),
        "None inside": lambda: [*base.tolist()[:-1], None],
        "text": lambda: base.astype(str),
        "one text": lambda: "1.0",
        "bytes": lambda: b"1.0",
        "masked": lambda: np.ma.array(base),
        "matrix": lambda: matrix(base),
        "sparse": lambda: sparse.csr_array(np.atleast_2d(base)),
        "None": lambda: None,
        "dict": lambda: {0: base},
        "set": lambda: {1.0, 2.0},
        "generator": lambda: (row for row in base),
        "ragged": lambda: [[1.0], [1.0, 2.0]],
        "dates": lambda: base.astype("datetime64[s]"),
        "durations": lambda: base.astype("timedelta64[s]"),
        "records": lambda: np.zeros(3, [("x", float), ("y", float)]),
        "function": lambda: np.sin,
        "fractions": lambda: [[fractions.Fraction(1, 2)] * 2],
        "petabytes": lambda: np.broadcast_to(np.float64(1), (2**30, 2**20)),
    }
    kinds = {name: (make, np.array(make(), dtype=float, subok=False)) for name, make in right.items()}
    kinds |= {name: (make, None) for name, make in wrong.items()}
    kinds |= {name: ((lambda value=value: np.array(value)), np.array(value, float)) for name, value in extra.items()}
    return kinds


MATRICES = array_kinds(
    BASE,
    {
        "one row": BASE[:1],
        "equal rows": BASE[[0, 0, 1]],
        "opposite rows": np.vstack([BASE, -BASE]),
        "rows of other norms": [[3.0, 4.0], [0.0, 1e-3]],
        "short rows": 1e-200 * BASE,
        "long rows": 1e200 * BASE,
        "subnormal rows": [[5e-324, 0.0], [0.0, 1e-320]],
        "largest rows": [[1.7e308, 1.7e308]],
        "nearly parallel rows": [[1.0, 0.0], [1.0, 1e-12], [-1.0, 1e-12]],
        "zero row": [[1.0, 0.0], [0.0, 0.0]],
        "no rows": np.zeros((0, 2)),
        "no columns": np.zeros((3, 0)),
        "one column": [[1.0], [-2.0]],
        "three columns": np.ones((3, 3)),
        "one axis": [1.0, 2.0],
        "three axes": np.ones((2, 2, 2)),
        "no axis": 1.0,
        "many equal rows": np.ones((300, 2)),
    },
)
VECTORS = array_kinds(
    VECTOR,
    {
        "one entry": [1.0],
        "zeros": np.zeros(3),
        "empty": [],
        "two axes": np.ones((3, 3)),
        "column": [[1.0], [-1.0], [1.0]],
        "no axis": 1.0,
        "tiny": [5e-324, 0.0, 1e-300],
        "large": [1e200, -1e200, 1e308],
        "angles": [0.0, 1.0, np.pi],
        "small angles": [1e-300, 1e-12, 1e-7],
        "whole numbers": [0.0, 1.0, 2.0, 7.0],
        "degrees": [0.0, 180.0],
        "fourteen": np.ones(14),
    },
)

NET_W, NET_A = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -0.7]]), np.array([1.0, -1.0, 1.0])
NET = TwoLayer(NET_W, NET_A)


def refuse_unless(condition):
    if not condition:
        raise ValueError("truth: not allowed")


def plain(x, shape=None):
    if shape is not None:
        refuse_unless(x.ndim == len(shape) and x.size)
        refuse_unless(all(wanted in (None, given) for wanted, given in zip(shape, x.shape, strict=True)))
    return x


def true_unit_rows(x):
    with np.errstate(over="ignore"):
        refuse_unless(np.allclose(np.linalg.norm(plain(x, (None, None)), axis=1), 1, rtol=0, atol=1e-6))
    return x


def true_angles(x, z=None, columns=None):
    """Kahan's formula on normalised rows; x and z are of one norm here where it matters."""
    x = plain(x, (None, columns))
    z = x if z is None else z
    refuse_unless(x.any(axis=1).all())
    u, v = [rows / np.abs(rows).max(axis=1, keepdims=True) for rows in (x, z)]
    u, v = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (u, v)]
    minus, plus = [np.linalg.norm(u[:, None] + s * v, axis=2) for s in (-1, 1)]
    return 2 * np.arctan2(minus, plus)


def true_kernel(x, z=None, columns=None, both=False):
    theta = true_angles(x, z, columns)
    z = x if z is None else z
    a, b = [np.linalg.norm(rows.astype(np.longdouble), axis=1) for rows in (x, z)]  # of wider range
    value = np.cos(theta) * (np.pi - theta)
    if both:
        value = 2 * value + np.sin(theta)
    value = a[:, None] * value * b / (2 * np.pi)
    refuse_unless((0.5 * a[:, None] * b > 1e-307).all() and np.abs(value).max() < np.finfo(float).max)
    return value.astype(float)


@np.errstate(over="ignore", invalid="ignore")
def true_outputs(x):
    outputs = np.maximum(plain(x, (None, 2)) @ NET_W.T, 0) @ NET_A / np.sqrt(3)
    refuse_unless(np.isfinite(outputs).all())
    return outputs


@np.errstate(over="ignore", invalid="ignore")
def true_gram(x):
    active = (plain(x, (None, 2)) @ NET_W.T >= 0).astype(float)
    inner = x @ x.T
    refuse_unless(np.isfinite(inner).all())
    return inner * (active @ active.T) / 3


@np.errstate(over="ignore", invalid="ignore")
def true_output_gram(x):
    features = np.maximum(plain(x, (None, 2)) @ NET_W.T, 0)
    refuse_unless(np.isfinite(features @ features.T).all())
    return features @ features.T / 3


@np.errstate(over="ignore", invalid="ignore")
def true_jacobian(x):
    rows = [[a * (w @ z >= 0) * z for w, a in zip(NET_W, NET_A, strict=True)] for z in plain(x, (None, 2))]
    refuse_unless(np.isfinite(x @ NET_W.T).all())
    return np.array(rows).reshape(len(x), -1) / np.sqrt(3)


@np.errstate(over="ignore", invalid="ignore")
def true_gradient(x, y, layer):
    residual = true_outputs(x) - y
    pre = x @ NET_W.T
    parts = {
        "W": NET_A[:, None] * ((pre >= 0) * residual[:, None]).T @ x / np.sqrt(3),
        "a": np.maximum(pre, 0).T @ residual / np.sqrt(3),
    }
    refuse_unless(all(np.isfinite(part).all() for part in parts.values()))
    return parts[layer]


@np.errstate(over="ignore", invalid="ignore")
def true_residuals(x, y):
    """Of the first three steps of gradient descent in the first layer with eta = 0.1."""
    W, residuals = NET_W, []
    for _ in range(3):
        pre = plain(x, (None, 2)) @ W.T
        residuals.append(np.maximum(pre, 0) @ NET_A / np.sqrt(3) - y)
        W = W - 0.1 / np.sqrt(3) * NET_A[:, None] * (((pre >= 0) * residuals[-1][:, None]).T @ x)
    refuse_unless(np.isfinite(np.sum(np.square(residuals), axis=1)).all())
    return np.array(residuals)


@np.errstate(over="ignore", invalid="ignore")
def true_linearized(H, y, u0):
    refuse_unless(H.shape == (3, 3) and np.array_equal(H, H.T) and y.shape == u0.shape == (3,))
    u1 = u0 - 0.1 * H @ (u0 - y)
    rows = np.array([u0, u1, u1 - 0.1 * H @ (u1 - y)])
    refuse_unless(np.isfinite(rows).all())
    return rows


def true_times(times):
    refuse_unless(plain(times, (None,))[0] >= 0 and (np.diff(times) > 0).all())
    return times


def true_dual(angle, both):
    refuse_unless(((angle >= 0) & (angle <= np.pi)).all())
    opening = np.pi - angle
    return (np.sin(angle) + opening * np.cos(angle) if both else opening) / (2 * np.pi)


def true_pair(theta):
    return 0.5 - np.abs(np.cos(theta)) * true_dual(theta, both=False)


def true_spectrum(k):
    """Funk-Hecke on the sphere in R^3, where the density of t is 1/2 and the harmonics are Legendre polynomials."""
    refuse_unless(((k >= 0) & (k == np.rint(k))).all())
    nodes, weights = np.polynomial.legendre.leggauss(300)
    phi = np.pi * (nodes + 1) / 2
    zonal = special.eval_legendre(k[..., None], np.cos(phi))
    return zonal @ (weights * np.pi / 2 * np.sin(phi) / 2 * np.cos(phi) * (np.pi - phi) / (2 * np.pi))


def true_start(x):
    true_residuals(x, signs_for(x))  # the loss must be finite, too
    return true_outputs(x)


def true_decay(times):
    refuse_unless((plain(times, (None,)) >= 0).all())
    return np.exp(-np.outer(times, [1.0, 0.5, 0.0]))


def signs_for(W):
    """As many signs as `W` has rows, as far as that can be told without trusting it."""
    W = W.values if isinstance(W, Frame) else W
    rows = len(W) if isinstance(W, list | tuple | np.ndarray) and getattr(W, "ndim", 1) else 3
    return np.ones(min(rows, 1000))


def descent(X, y):
    return gradient_descent(NET, X, y, 0.1, 2, outputs=True).outputs - np.asarray(y, float)


MATRIX_FUNCTIONS = {
    "as_array": (lambda x: as_array(x, "X"), plain),
    "as_inputs": (as_inputs, lambda x: (true_angles(x), x)[1]),
    "as_inputs, zeros allowed": (lambda x: as_inputs(x, dim=2, nonzero=False), lambda x: plain(x, (None, 2))),
    "as_unit_rows": (as_unit_rows, true_unit_rows),
    "angles": (angles, true_angles),
    "angles, second": (lambda x: angles(BASE, x).T, lambda x: true_angles(x, BASE, 2)),
    "h_infinity": (h_infinity, true_kernel),
    "h_infinity, second": (lambda x: h_infinity(BASE, x).T, lambda x: true_kernel(x, BASE, 2)),
    "two_layer_ntk": (lambda x: two_layer_ntk(x, train=("W", "a")), lambda x: true_kernel(x, both=True)),
    "TwoLayer": (lambda W: TwoLayer(W, signs_for(W)).W, lambda W: plain(W, (None, None))),
    "TwoLayer outputs": (NET, true_outputs),
    "TwoLayer.gram": (NET.gram, true_gram),
    "TwoLayer.output_gram": (NET.output_gram, true_output_gram),
    "TwoLayer.jacobian": (NET.jacobian, true_jacobian),
    "TwoLayer.gradient, W": (
        lambda X: NET.gradient(X, signs_for(X))["W"],
        lambda x: true_gradient(x, signs_for(x), "W"),
    ),
    "TwoLayer.gradient, a": (
        lambda X: NET.gradient(X, signs_for(X))["a"],
        lambda x: true_gradient(x, signs_for(x), "a"),
    ),
    "gradient_descent": (lambda X: descent(X, signs_for(X)), lambda x: true_residuals(x, signs_for(x))),
    "gradient_flow": (lambda X: gradient_flow(NET, X, signs_for(X), [0]).outputs[0], true_start),
    "linearized": (
        lambda H: linearized(H, np.ones(3), 0, 0.1, 2),
        lambda H: true_linearized(H, np.ones(3), np.zeros(3)),
    ),
}
VECTOR_FUNCTIONS = {
    "as_vector": (lambda y: as_vector(y, "y"), lambda y: plain(y, (None,))),
    "as_vector, length": (lambda y: as_vector(y, "y", length=3), lambda y: plain(y, (3,))),
    "TwoLayer, a": (lambda a: TwoLayer(NET_W, a).a, lambda a: plain(a, (3,))),
    "TwoLayer.gradient, y": (
        lambda y: NET.gradient(BASE, y)["W"],
        lambda y: true_gradient(BASE, plain(y, (3,)), "W"),
    ),
    "gradient_descent, y": (lambda y: descent(BASE, y), lambda y: true_residuals(BASE, plain(y, (3,)))),
    "gradient_flow, y": (
        lambda y: gradient_flow(NET, BASE, y, [0]).loss,
        lambda y: (true_residuals(BASE, plain(y, (3,)))[:1] ** 2).sum(axis=1) / 2,
    ),
    "gradient_flow, times": (lambda times: gradient_flow(NET, BASE, np.ones(3), times).times, true_times),
    "linearized, y": (
        lambda y: linearized(BASE @ BASE.T, y, np.ones(3), 0.1, 2),
        lambda y: true_linearized(BASE @ BASE.T, y, np.ones(3)),
    ),
    "linearized, u0": (
        lambda u0: linearized(BASE @ BASE.T, np.ones(3), u0, 0.1, 2),
        lambda u0: true_linearized(BASE @ BASE.T, np.ones(3), u0),
    ),
    "linearized_flow, times": (
        lambda times: linearized_flow(np.diag([1.0, 0.5, 0.0]), np.zeros(3), np.ones(3), times),
        true_decay,
    ),
    "corrupted_labels": (lambda y: corrupted_labels(y, 0, rng=0), lambda y: plain(y, (None,))),
    "relu": (relu, lambda z: np.maximum(z, 0)),
    "relu.derivative": (relu.derivative, lambda z: np.where(z >= 0, 1.0, 0.0)),
    "relu.dual": (relu.dual, lambda t: true_dual(t, both=True)),
    "relu.derivative_dual": (relu.derivative_dual, lambda t: true_dual(t, both=False)),
    "pair_eigenvalue": (pair_eigenvalue, true_pair),
    "sphere_eigenvalues": (lambda k: sphere_eigenvalues(3, k), true_spectrum),
}


def fingerprint(value):
    if isinstance(value, np.ndarray) and value is not np.ma.masked:
        small = value if value.size < 10**6 else value[:1, :1]
        return type(value), value.dtype, value.shape, value.strides, small.tobytes(), value.flags.writeable
    return repr(value) if isinstance(value, list | tuple | dict | set | str | bytes) else None


def outcome(call, make):
    """What the call returns, or the ValueError or TypeError that it raises; anything else is a failure of the test."""
    value = make()
    before = fingerprint(value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = call(value)
        except (ValueError, TypeError) as error:
            result = error
            assert len(str(error)) > 20, "an error without a message that helps"
    assert fingerprint(value) == before, "the input was changed"
    return result


def check(call, truth, make, clean, floor):
    result = outcome(call, make)
    try:
        expected = None if clean is None else truth(clean.copy())
    except ValueError:
        expected = None
    if expected is None:
        assert isinstance(result, Exception), f"should have been refused, got {result!r}"
        assert any(word in str(result) for word in (" must ", " needs ", "normalise", "scale them down"))
        return
    assert not isinstance(result, Exception), result
    assert np.shape(result) == np.shape(expected) and np.isfinite(result).all()
    # a few roundings, in the truth too, of numbers as large as the largest entry; float32 rounds to 6e-8
    size = max(floor, np.abs(expected).max(initial=0))
    tolerance = 2e-7 if np.asarray(result).dtype == np.float32 else 1e-14
    assert np.abs(np.asarray(result, float) - expected).max(initial=0) <= tolerance * size


@pytest.mark.parametrize("function", MATRIX_FUNCTIONS)
@pytest.mark.parametrize("kind", MATRICES)
def test_matrices(function, kind):
    if kind == "None" and function.endswith("second"):
        return  # no second argument: nothing to refuse
    check(*MATRIX_FUNCTIONS[function], *MATRICES[kind], floor=0)


@pytest.mark.parametrize("function", VECTOR_FUNCTIONS)
@pytest.mark.parametrize("kind", VECTORS)
def test_vectors(function, kind):
    check(*VECTOR_FUNCTIONS[function], *VECTORS[kind], floor=1)


# ---------------------------------------------------------------- single numbers

WHOLE = {
    "int": 3,
    "int8": np.int8(3),
    "uint64": np.uint64(3),
    "array without axis": np.array(3),
    "float": 3.0,
    "float16": np.float16(3),
    "float32": np.float32(3),
    "longdouble": np.longdouble(3),
}
REAL = {"half": 2.5, "float32 half": np.float32(2.5), "tiny": 1e-320, "negative half": -0.5, "vast": 1e300}
OUTSIDE = {"zero": 0, "negative zero": -0.0, "negative": -1, "beyond 2**53": 10**18, "beyond int64": 10**30}
NO_NUMBER = {
    "True": True,
    "numpy True": np.True_,
    "None": None,
    "text": "3",
    "bytes": b"3",
    "complex": 3 + 0j,
    "list": [3],
    "tuple": (3,),
    "array of one": np.array([3]),
    "matrix of one": np.array([[3.0]]),
    "dict": {},
    "set": {3},
    "nan": np.nan,
    "inf": np.inf,
    "minus inf": -np.inf,
    "float32 nan": np.float32(np.nan),
    "object": object(),
    "type": int,
    "function": len,
    "range": range(3),
    "slice": slice(3),
    "ellipsis": ...,
    "date": datetime.date(2026, 1, 1),
    "numpy date": np.datetime64("2026-01-01"),
    "masked": np.ma.masked,
    "masked array": np.ma.array(3),
    "decimal": decimal.Decimal(3),
    "fraction": fractions.Fraction(3),
    "generator": np.random.default_rng(0),
    "empty": [],
    "not implemented": NotImplemented,
}
RUN = gradient_descent(NET, BASE, np.ones(3), 0.1, 4, keep=[3])
COUNTS = {
    "as_count": lambda m: as_count(m, "m"),
    "circle": circle,
    "sphere, n": lambda n: sphere(n, 2, rng=0),
    "sphere, d": lambda d: sphere(2, d, rng=0),
    "random_signs": lambda n: random_signs(n, rng=0),
    "gradient_descent, steps": lambda steps: gradient_descent(NET, BASE, np.ones(3), 0.1, steps).loss,
    "gradient_descent, keep": lambda k: gradient_descent(NET, BASE, np.ones(3), 0.1, 4, keep=[k]).steps,
    "network": lambda k: RUN.network(k).W,
    "gram of a step": lambda k: RUN.gram(k),
    "linearized, steps": lambda steps: linearized(np.eye(3), np.ones(3), 0, 0.1, steps),
    "digits, n": lambda n: digits(n=n, rng=0)[0],
    "init, m": lambda m: TwoLayer.init(m, 2, rng=0).W,
    "init, d": lambda d: TwoLayer.init(2, d, rng=0).W,
    "harmonic_dimension, d": lambda d: harmonic_dimension(d, 2),
    "harmonic_dimension, k": lambda k: harmonic_dimension(3, k),
    "sphere_eigenvalues, d": lambda d: sphere_eigenvalues(d, 2),
}
FROM_ZERO = {
    "harmonic_dimension, k",
    "gradient_descent, steps",
    "gradient_descent, keep",
    "network",
    "gram of a step",
    "linearized, steps",
}
REALS = {
    "as_real": lambda x: as_real(x, "x"),
    "as_positive": lambda eta: as_positive(eta, "eta"),
    "gradient_descent, eta": lambda eta: gradient_descent(NET, BASE, np.ones(3), eta, 0).loss,
    "linearized, eta": lambda eta: linearized(np.zeros((1, 1)), [1.0], 0, eta, 2),
    "init, kappa": lambda kappa: TwoLayer.init(2, 2, rng=0, kappa=kappa).W,
}
SEEDS = {
    "as_generator": lambda rng: as_generator(rng).standard_normal(3),
    "sphere, rng": lambda rng: sphere(2, 3, rng),
    "random_signs, rng": lambda rng: random_signs(9, rng),
    "corrupted_labels, rng": lambda rng: corrupted_labels(np.zeros(9), 0.5, rng),
    "digits, rng": lambda rng: digits(n=3, rng=rng)[0],
    "init, rng": lambda rng: TwoLayer.init(2, 2, rng).W,
}


def refused(call, value):
    result = outcome(call, lambda: value)
    assert isinstance(result, Exception), f"should have been refused, got {result!r}"
    assert " must " in str(result) or " needs " in str(result)


@pytest.mark.parametrize("function", COUNTS)
@pytest.mark.parametrize("kind", [*WHOLE, *REAL, *OUTSIDE, *NO_NUMBER])
def test_counts(function, kind):
    call = COUNTS[function]
    if kind in WHOLE:
        assert np.array_equal(outcome(call, lambda: WHOLE[kind]), call(3))
    elif kind in ("zero", "negative zero") and function in FROM_ZERO:
        assert np.array_equal(outcome(call, lambda: OUTSIDE[kind]), call(0))
    elif kind == "None" and function == "digits, n":
        assert len(call(None)) == 2128  # all of them
    else:
        refused(call, (REAL | OUTSIDE | NO_NUMBER)[kind])


@pytest.mark.parametrize("function", REALS)
@pytest.mark.parametrize("kind", [*WHOLE, *REAL, *OUTSIDE, *NO_NUMBER])
def test_reals(function, kind):
    call, value = REALS[function], (WHOLE | REAL | OUTSIDE | NO_NUMBER)[kind]
    if kind in NO_NUMBER or (kind == "beyond int64") or (function != "as_real" and value <= 0):
        refused(call, value)
    else:
        assert np.array_equal(outcome(call, lambda: value), call(float(value)))


@pytest.mark.parametrize("function", SEEDS)
@pytest.mark.parametrize("kind", [*WHOLE, *REAL, *OUTSIDE, *NO_NUMBER])
def test_seeds(function, kind):
    call, value = SEEDS[function], (WHOLE | REAL | OUTSIDE | NO_NUMBER)[kind]
    if kind == "generator":
        assert np.array_equal(call(np.random.default_rng(0)), call(0))
    elif (type(value) is int and value >= 0) or kind in ("int8", "uint64", "array without axis"):
        assert np.array_equal(outcome(call, lambda: value), call(int(value)))
    else:
        refused(call, value)
