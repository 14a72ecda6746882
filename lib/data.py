"""Inputs: points on the sphere and on the circle, and real handwritten digits. Labels: random, and partly random."""

import hashlib
import io
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.validation import as_count, as_generator, as_real, as_vector, within_budget

DIGITS_FILE = Path(__file__).parent / "assets" / "mnist01.npz"
DIGITS_SHA256 = "8985bbfa462907b1fe6acb1993ddf6c9537ddbafc6de3b60d7f5fec243a4ca1e"


def sphere(n: int, d: int, rng: np.random.Generator | int) -> NDArray:
    r"""Independent inputs, uniform on the unit sphere of :math:`R^d`.

    A standard Gaussian vector is invariant under rotations, so its direction is uniform. For d = 1 the sphere is
    :math:`\{-1, +1\}`.

    Parameters
    ----------
    n, d : int
        Number of inputs and their dimension, at least 1.
    rng : numpy Generator or int
        Source of randomness or seed.

    Returns
    -------
    ndarray, shape (n, d)
        Unit rows.

    Raises
    ------
    TypeError, ValueError
        If `n` or `d` is no whole number at least 1, or `rng` is missing.

    Examples
    --------
    >>> X = sphere(3, 5, rng=0)
    >>> np.linalg.norm(X, axis=1).round(12)
    array([1., 1., 1.])
    """
    n, d = as_count(n, "n"), as_count(d, "d")
    within_budget(8 * n * d, f"sphere(n={n}, d={d})")
    X = as_generator(rng).standard_normal((n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X


def circle(n: int) -> NDArray:
    r"""Equally spaced inputs :math:`(\cos(\pi i/n), \sin(\pi i/n))`, i = 0, ..., n - 1, on the upper half circle.

    Half a circle, so that no two inputs are parallel or antiparallel; neighbours are at angle :math:`\pi/n`.

    Parameters
    ----------
    n : int
        Number of inputs, at least 1.

    Returns
    -------
    ndarray, shape (n, 2)
        Unit rows.

    Raises
    ------
    TypeError, ValueError
        If `n` is no whole number at least 1.

    Examples
    --------
    >>> circle(2).round(12)
    array([[1., 0.],
           [0., 1.]])
    """
    n = as_count(n, "n")
    within_budget(16 * n, f"circle(n={n})")
    angle = np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


def digits(
    classes: tuple[int, int] = (0, 1), n: int | None = None, rng: np.random.Generator | int | None = None
) -> tuple[NDArray, NDArray]:
    r"""Handwritten digits of two classes (MNIST), each image scaled to norm 1, with labels -1 and +1.

    Parameters
    ----------
    classes : pair of int
        The classes labelled -1 and +1; only 0 and 1 are shipped.
    n : int, optional
        Size of a uniformly random subset, drawn without replacement and in random order; all 2,128 images in the
        order of the file if neither `n` nor `rng` is given.
    rng : numpy Generator or int, optional
        Source of randomness or seed, needed for a subset.

    Returns
    -------
    X : ndarray, shape (n, 784)
        Unit rows.
    y : ndarray, shape (n,)
        -1 for ``classes[0]``, +1 for ``classes[1]``.

    Raises
    ------
    TypeError, ValueError
        If other classes are asked for, `n` is no whole number from 1 to 2,128, or `n` comes without `rng`.
    RuntimeError
        If the data file is not the one that was shipped.

    References
    ----------
    Arora et al. 2019, section 4, train on two classes of MNIST in this form. Data: see ``lib/assets/README.md``.

    Examples
    --------
    >>> X, y = digits(n=100, rng=0)
    >>> X.shape, sorted(set(y.tolist()))
    ((100, 784), [-1.0, 1.0])
    """
    if not isinstance(classes, tuple | list) or len(classes) != 2:
        raise TypeError(f"classes must be a pair of digits, got {classes!r}")
    pair = tuple(as_count(c, "classes", minimum=0) for c in classes)
    if sorted(pair) != [0, 1]:
        raise ValueError(f"classes must be (0, 1) or (1, 0), the only digits that are shipped, got {classes!r}")
    images, labels = _stored_digits()
    chosen = np.arange(len(labels))
    if n is not None:
        n = as_count(n, "n")
        if n > len(labels):
            raise ValueError(f"n must be at most {len(labels)}, the number of images, got {n}")
        if rng is None:
            raise ValueError(f"rng must be a numpy Generator or an integer seed to draw n={n} images, got None")
    if rng is not None:
        chosen = as_generator(rng).permutation(chosen)[:n]
    X = images[chosen].reshape(len(chosen), -1).astype(np.float64)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X, np.where(labels[chosen] == pair[1], 1.0, -1.0)


def random_signs(n: int, rng: np.random.Generator | int) -> NDArray:
    r"""Labels that know nothing of the inputs: independent, -1 and +1 with probability 1/2 each.

    Parameters
    ----------
    n : int
        Number of labels, at least 1.
    rng : numpy Generator or int
        Source of randomness or seed.

    Returns
    -------
    ndarray, shape (n,)
        Labels -1 and +1.

    Raises
    ------
    TypeError, ValueError
        If `n` is no whole number at least 1, or `rng` is missing.

    Examples
    --------
    >>> sorted(set(random_signs(100, rng=0).tolist()))
    [-1.0, 1.0]
    """
    n = as_count(n, "n")
    within_budget(8 * n, f"random_signs(n={n})")
    return as_generator(rng).choice([-1.0, 1.0], n)


def corrupted_labels(y: ArrayLike, portion: float, rng: np.random.Generator | int) -> NDArray:
    r"""The labels `y`, of which a portion, chosen at random, is replaced by fair coins -1 and +1.

    The number of replaced labels is `portion` times n, rounded to a whole number; about half of them change.

    Parameters
    ----------
    y : array_like, shape (n,)
        True labels; not modified.
    portion : float
        Between 0 (the true labels) and 1 (:func:`random_signs`).
    rng : numpy Generator or int
        Source of randomness or seed.

    Returns
    -------
    ndarray, shape (n,)
        New labels.

    Raises
    ------
    TypeError, ValueError
        If `y` is no finite real vector, `portion` no number from 0 to 1, or `rng` is missing.

    References
    ----------
    Zhang et al. 2017, section 2, and Arora et al. 2019, section 4, train on labels corrupted in this way.

    Examples
    --------
    >>> corrupted_labels([-1, 1, 1], portion=0, rng=0)
    array([-1.,  1.,  1.])
    """
    y, portion, rng = as_vector(y, "y").copy(), as_real(portion, "portion", low=0, high=1), as_generator(rng)
    replaced = rng.permutation(len(y))[: round(portion * len(y))]
    y[replaced] = rng.choice([-1.0, 1.0], len(replaced))
    return y


@cache
def _stored_digits() -> tuple[NDArray, NDArray]:
    content = DIGITS_FILE.read_bytes()
    if hashlib.sha256(content).hexdigest() != DIGITS_SHA256:
        raise RuntimeError(f"{DIGITS_FILE.name} is not the file that was shipped: its SHA-256 differs; restore it")
    with np.load(io.BytesIO(content)) as arrays:
        return arrays["images"], arrays["labels"]
