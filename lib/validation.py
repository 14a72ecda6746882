"""The argument checks that everyone shares: normalise or refuse, never assume.

A wrong type (text, complex numbers, masked arrays, ...) is a TypeError, a wrong value or shape a ValueError. The message
names the argument, and the row where there is one, then what came and what is wanted.
"""

import math
import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

MEMORY_BUDGET = 2**31  # bytes: the largest array that any function here makes without being asked twice
UNIT_TOLERANCE = 1e-6  # admits unit rows that were stored in float32


def as_array(x: ArrayLike, name: str) -> NDArray:
    r"""Finite real array of any shape, in C order; float32 stays float32, every other real type becomes float64.

    Parameters
    ----------
    x : array_like
        Numbers; not modified, and not copied if it has the right type and layout already.
    name : str
        The argument's name, for the message.

    Returns
    -------
    ndarray
        The same numbers, float32 or float64, native byte order.

    Raises
    ------
    TypeError
        For anything but real numbers: bool, complex, text, objects, masked arrays, ``np.matrix``.
    ValueError
        For ragged lists, NaN and infinities, and copies beyond the memory budget.

    Examples
    --------
    >>> as_array([1, 2], "x")
    array([1., 2.])
    """
    if isinstance(x, np.ma.MaskedArray | np.matrix):
        raise TypeError(f"{name} must be a plain array, got {type(x).__name__}")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of real numbers, got {type(x).__name__}: {error}") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got {type(x).__name__} of dtype {array.dtype}")
    dtype = np.float32 if array.dtype.kind == "f" and array.dtype.itemsize == 4 else np.float64
    if array.dtype != dtype or not array.flags.c_contiguous:
        within_budget(array.size * np.dtype(dtype).itemsize, f"a copy of {name}")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, refused below
        array = np.asarray(array, dtype=dtype, order="C")
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        where = f"row {place[0]}, column {place[1]}" if array.ndim == 2 else f"index {place}"
        raise ValueError(f"{name} must be finite, got {array[place]} at {where}")
    return array


def as_inputs(X: ArrayLike, name: str = "X", *, dim: int | None = None, nonzero: bool = True) -> NDArray:
    r"""Finite real matrix of inputs, one a row.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs, n >= 1, d >= 1.
    name : str
        The argument's name, for the message.
    dim : int, optional
        The number of columns that is wanted.
    nonzero : bool
        Whether every row must have a direction.

    Returns
    -------
    ndarray, shape (n, d)
        float32 if `X` is, else float64; C order.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite real matrix, has another number of columns than `dim`, or has a zero row (if `nonzero`).

    Examples
    --------
    >>> as_inputs([[3, 4]])
    array([[3., 4.]])
    """
    array = as_array(X, name)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} must have shape (n, d) with n >= 1 and d >= 1, got shape {array.shape}")
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name} must have {dim} columns, got shape {array.shape}")
    if nonzero and not (present := array.any(axis=1)).all():
        raise ValueError(f"{name} must have no zero row (it has no direction), got zeros in row {int(present.argmin())}")
    return array


def as_unit_rows(X: ArrayLike, name: str = "X") -> NDArray:
    r"""Inputs on the unit sphere: every row has norm 1 up to :math:`10^{-6}`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs.
    name : str
        The argument's name, for the message.

    Returns
    -------
    ndarray, shape (n, d)
        The same rows, not normalised again.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite real matrix or some row is not a unit vector.

    Examples
    --------
    >>> as_unit_rows([[0.6, 0.8]])
    array([[0.6, 0.8]])
    """
    array = as_inputs(X, name, nonzero=False)
    with np.errstate(over="ignore"):  # an overflowing norm is inf, refused below
        norms = np.linalg.norm(array, axis=1)
    off = np.abs(norms - 1) > UNIT_TOLERANCE
    if off.any():
        row = int(off.argmax())
        raise ValueError(
            f"{name} must have rows of norm 1, got norm {norms[row]:.6g} in row {row}; "
            f"normalise with {name} / np.linalg.norm({name}, axis=1, keepdims=True)"
        )
    return array


def as_vector(y: ArrayLike, name: str, length: int | None = None) -> NDArray:
    r"""Finite real vector.

    Parameters
    ----------
    y : array_like, shape (n,)
        Numbers, n >= 1.
    name : str
        The argument's name, for the message.
    length : int, optional
        The length that is wanted.

    Returns
    -------
    ndarray, shape (n,)
        float32 if `y` is, else float64.

    Raises
    ------
    TypeError, ValueError
        If `y` is no finite real vector or has another length.

    Examples
    --------
    >>> as_vector([1, -1], "y", length=2)
    array([ 1., -1.])
    """
    array = as_array(y, name)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a vector with at least one entry, got shape {array.shape}")
    if length is not None and array.size != length:
        raise ValueError(f"{name} must have {length} entries, got {array.size}")
    return array


def as_count(m: int, name: str, minimum: int = 1) -> int:
    r"""A whole number from `minimum` to :math:`2^{53}`, so that it is a float, too.

    Parameters
    ----------
    m : int
        The number; a float with an integer value is accepted, a bool is not.
    name : str
        The argument's name, for the message.
    minimum : int
        The least value allowed.

    Returns
    -------
    int
        The number.

    Raises
    ------
    TypeError
        If `m` is no number.
    ValueError
        If `m` is not whole, too small or too large.

    Examples
    --------
    >>> as_count(1e3, "m")
    1000
    """
    count = _index(m, name)
    if not minimum <= count <= 2**53:
        raise ValueError(f"{name} must be at least {minimum} and at most 2**53, got {count}")
    return count


def _index(m: int, name: str) -> int:
    if isinstance(m, bool | np.bool_):
        raise TypeError(f"{name} must be a whole number, got the truth value {m!r}")
    if isinstance(m, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a whole number, got {type(m).__name__}")
    if isinstance(m, float | np.floating):
        if not float(m).is_integer():
            raise ValueError(f"{name} must be a whole number, got {m!r}")
        return int(m)
    try:
        return operator.index(m)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {m!r}") from None


def as_real(x: float, name: str, low: float | None = None, high: float | None = None) -> float:
    r"""A finite real number in the closed interval [`low`, `high`].

    Parameters
    ----------
    x : float
        The number.
    name : str
        The argument's name, for the message.
    low, high : float, optional
        The ends of the interval, both allowed.

    Returns
    -------
    float
        The number.

    Raises
    ------
    TypeError, ValueError
        If `x` is no finite real number or lies outside.

    Examples
    --------
    >>> as_real(1, "delta", low=0, high=1)
    1.0
    """
    array = as_array(x, name)
    if array.ndim:
        raise ValueError(f"{name} must be a single number, got shape {array.shape}")
    number = float(array)
    if (low is not None and number < low) or (high is not None and number > high):
        interval = f"[{-math.inf if low is None else low}, {math.inf if high is None else high}]"
        raise ValueError(f"{name} must lie in {interval}, got {number}")
    return number


def as_positive(eta: float, name: str) -> float:
    r"""A finite real number above 0.

    Parameters
    ----------
    eta : float
        The number.
    name : str
        The argument's name, for the message.

    Returns
    -------
    float
        The number.

    Raises
    ------
    TypeError, ValueError
        If `eta` is no finite real number or not positive.

    Examples
    --------
    >>> as_positive(1, "eta")
    1.0
    """
    number = as_real(eta, name)
    if number <= 0:
        raise ValueError(f"{name} must be positive, got {number}")
    return number


def as_generator(rng: np.random.Generator | int) -> np.random.Generator:
    r"""The source of randomness that the caller chose: a generator, or the one grown from a seed.

    Parameters
    ----------
    rng : numpy Generator or int
        None is refused: a result that cannot be repeated is no evidence.

    Returns
    -------
    numpy Generator
        `rng` itself if it is a generator.

    Raises
    ------
    TypeError, ValueError
        If `rng` is neither a Generator nor a whole number at least 0.

    Examples
    --------
    >>> int(as_generator(0).integers(10)) == int(as_generator(0).integers(10))
    True
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, float | np.floating | bool | np.bool_) or not hasattr(rng, "__index__"):
        raise TypeError(f"rng must be a numpy Generator or an integer seed, got {rng!r}")
    seed = _index(rng, "rng")
    if seed < 0:
        raise ValueError(f"rng must be a numpy Generator or an integer seed at least 0, got {seed}")
    return np.random.default_rng(seed)


def within_budget(nbytes: int, what: str) -> None:
    r"""Refuse an array beyond ``MEMORY_BUDGET`` before anything is allocated.

    Parameters
    ----------
    nbytes : int
        The bytes that would be needed.
    what : str
        What they are for.

    Raises
    ------
    ValueError
        If that is more than the budget.

    Examples
    --------
    >>> within_budget(10**13, "the Gram matrix")
    Traceback (most recent call last):
    ...
    ValueError: the Gram matrix needs 10,000,000,000,000 bytes, more than the budget of 2,147,483,648
    """
    if nbytes > MEMORY_BUDGET:
        raise ValueError(f"{what} needs {nbytes:,} bytes, more than the budget of {MEMORY_BUDGET:,}")
