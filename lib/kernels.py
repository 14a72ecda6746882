"""Infinite width: the limits of the two-layer Gram matrices, in closed form, and their spectrum on the sphere.

Everything rests on the angle between two inputs. A Gaussian neuron is active on both with probability (pi - angle)/(2 pi),
so near antiparallel inputs it is the *opening* pi - angle that must be exact; it is computed as the angle of (-x, z).
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import beta

from lib.parallel import on_all_cores
from lib.validation import as_array, as_count, as_inputs, within_budget

TILE = 256  # side of the square tiles: 512 kB, so that a tile stays in the cache from its first to its last operation
NEAR = 0.99  # above this |cosine|, arccos would lose more than two digits of the angle
ORDINARY = 200  # entries below 2**200 and above 2**-200 are squared without further thought
CHUNK = 2**16  # entries of the arrays of nearly parallel pairs that are treated at once


def angles(X: ArrayLike, Z: ArrayLike | None = None) -> NDArray:
    r"""Angles between inputs, in :math:`[0, \pi]`, exact to rounding also near 0 and :math:`\pi`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs of any nonzero norm.
    Z : array_like, shape (n', d), optional
        More inputs; `X` itself if omitted.

    Returns
    -------
    ndarray, shape (n, n')
        Angle of row i of `X` and row j of `Z`; symmetric with zero diagonal if `Z` is omitted.

    Raises
    ------
    TypeError, ValueError
        If an input is no finite real matrix without zero rows, the columns differ, or the result is beyond the budget.

    Examples
    --------
    >>> angles([[1, 0], [1, 1e-12]])
    array([[0.e+00, 1.e-12],
           [1.e-12, 0.e+00]])
    """
    return _pairwise(X, Z, lambda cosine, angle: angle, sign=1)


def h_infinity(X: ArrayLike, Z: ArrayLike | None = None) -> NDArray:
    r"""Limit of the first-layer Gram matrix at infinite width.

    With :math:`w \sim N(0, I_d)` and :math:`\theta` the angle of x and z, this is
    :math:`E[x^\top z\, 1\{w^\top x \ge 0, w^\top z \ge 0\}] = x^\top z\, (\pi - \theta)/(2\pi)`.
    Exact to rounding for nearly parallel and nearly antiparallel inputs; the diagonal is :math:`\|x\|^2/2`.
    float32 inputs are computed in float64 and rounded once.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs of any nonzero norm.
    Z : array_like, shape (n', d), optional
        More inputs; `X` itself if omitted.

    Returns
    -------
    ndarray, shape (n, n')
        Symmetric and positive semidefinite if `Z` is omitted.

    Raises
    ------
    TypeError, ValueError
        If an input is no finite real matrix without zero rows, the columns differ, the result is beyond the memory
        budget, or a value is beyond the floating point range.

    References
    ----------
    Du et al. 2018, Assumption 3.1 and Theorem 3.1.

    Examples
    --------
    >>> h_infinity([[1, 0], [0, 1], [1, 1]]).round(4)
    array([[0.5  , 0.   , 0.375],
           [0.   , 0.5  , 0.375],
           [0.375, 0.375, 1.   ]])
    """
    return two_layer_ntk(X, Z, train=("W",))


def two_layer_ntk(X: ArrayLike, Z: ArrayLike | None = None, train: Iterable[str] = ("W",)) -> NDArray:
    r"""Limit of the neural tangent kernel of the two-layer ReLU network when the layers in `train` are trained.

    Training the first layer, 'W', contributes :func:`h_infinity`; training the output weights, 'a', contributes
    :math:`E[\sigma(w^\top x) \sigma(w^\top z)] = \|x\|\|z\| (\sin\theta + (\pi - \theta)\cos\theta)/(2\pi)`.
    The network is scaled by :math:`1/\sqrt m`, with :math:`w \sim N(0, I_d)` and :math:`a = \pm 1`.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs of any nonzero norm.
    Z : array_like, shape (n', d), optional
        More inputs; `X` itself if omitted.
    train : iterable of str
        The trained layers, 'W', 'a' or both.

    Returns
    -------
    ndarray, shape (n, n')
        Symmetric and positive semidefinite if `Z` is omitted.

    Raises
    ------
    TypeError, ValueError
        As :func:`h_infinity`, or if `train` names no layer or another one.

    References
    ----------
    Du et al. 2018, section 3 and Theorem 3.3.

    Examples
    --------
    >>> two_layer_ntk([[1, 0], [0, 1]], train=("W", "a")).round(4)
    array([[1.    , 0.1592],
           [0.1592, 1.    ]])
    """
    try:
        layers = frozenset((train,) if isinstance(train, str) else train)
    except TypeError:
        raise TypeError(f"train must be a collection of layer names, got {train!r}") from None
    if not layers or not layers <= {"W", "a"}:
        raise ValueError(f"train must name the layers 'W', 'a' or both, got {train!r}")

    def entry(cosine: NDArray, opening: NDArray) -> NDArray:
        """-2 pi times the kernel of unit inputs x and z; `cosine` is that of (-x, z)."""
        value = cosine * opening
        if "a" in layers:
            value *= len(layers)
            value -= np.sin(opening)
        return value

    return _pairwise(X, Z, entry, sign=-1, factor=-1 / (2 * np.pi), diagonal=len(layers) / 2)


def spectrum(X: ArrayLike) -> tuple[NDArray, float]:
    r"""Eigenvalues of :math:`H^\infty` in ascending order, and the rounding error that each may carry.

    Parameters
    ----------
    X : array_like, shape (n, d)
        Inputs.

    Returns
    -------
    eigenvalues : ndarray, shape (n,)
    error : float
        :math:`n\,\epsilon\,\|H^\infty\|_2`: a few units in the last place of every entry, and the same from LAPACK.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite real matrix without zero rows, or the kernel is beyond the memory budget.

    Examples
    --------
    >>> spectrum(np.eye(2))[0]
    array([0.5, 0.5])
    """
    eigenvalues = np.linalg.eigvalsh(h_infinity(X))
    return eigenvalues, len(eigenvalues) * np.finfo(float).eps * float(abs(eigenvalues).max())


def pair_eigenvalue(theta: ArrayLike) -> NDArray:
    r"""Smallest eigenvalue of H-infinity on two unit inputs at angle `theta`, exact to rounding for tiny angles.

    It is :math:`\frac12 - |\cos\theta|\,\frac{\pi - \theta}{2\pi}`, for acute angles equal to
    :math:`\sin^2\frac\theta2 + \frac{\theta\cos\theta}{2\pi}`, where nothing cancels.

    Parameters
    ----------
    theta : array_like
        Angles in :math:`[0, \pi]`.

    Returns
    -------
    ndarray
        Same shape as `theta`, values in [0, 1/2].

    Raises
    ------
    TypeError, ValueError
        If some angle is no real number in :math:`[0, \pi]`.

    Examples
    --------
    >>> float(pair_eigenvalue(np.pi / 3).round(12))
    0.333333333333
    """
    theta = as_array(theta, "theta")
    if ((theta < 0) | (theta > np.asarray(np.pi, theta.dtype))).any():
        raise ValueError(f"theta must lie in [0, pi], got {theta.min()} to {theta.max()}")
    cosine = np.cos(theta)
    acute = np.sin(theta / 2) ** 2 + theta * cosine / (2 * np.pi)
    obtuse = 0.5 + cosine * (np.asarray(np.pi, theta.dtype) - theta) / (2 * np.pi)
    return np.where(cosine > 0, acute, obtuse)[()]


def harmonic_dimension(d: int, k: int) -> int:
    r"""Dimension :math:`N(d, k) = \binom{k+d-1}{k} - \binom{k+d-3}{k-2}` of the harmonics of degree k on the sphere in R^d.

    Parameters
    ----------
    d : int
        Dimension of the inputs, at least 2.
    k : int
        Degree, at least 0.

    Returns
    -------
    int
        Multiplicity of the eigenvalue that belongs to degree `k`.

    Raises
    ------
    TypeError, ValueError
        If `d` is no whole number at least 2 or `k` none at least 0.

    Examples
    --------
    >>> [harmonic_dimension(3, k) for k in range(4)]
    [1, 3, 5, 7]
    """
    d, k = as_count(d, "d", minimum=2), as_count(k, "k", minimum=0)
    return math.comb(k + d - 1, k) - (math.comb(k + d - 3, k - 2) if k >= 2 else 0)


def sphere_eigenvalues(d: int, degrees: ArrayLike) -> NDArray:
    r"""Eigenvalues of H-infinity as an operator on functions on the unit sphere with the uniform law.

    Harmonics of degree k are eigenfunctions, with eigenvalue
    :math:`\mu_k = \frac{k}{2k+d-2}\alpha_{k-1}^2 + \frac{k+d-2}{2k+d-2}\alpha_{k+1}^2`, where
    :math:`\alpha_0 = \frac12`, :math:`|\alpha_k| = \frac1{2\pi} B(\frac k2, \frac d2)` for odd k and
    :math:`\alpha_k = 0` for even :math:`k \ge 2`. So :math:`\mu_k = 0` exactly for odd :math:`k \ge 3`.

    Parameters
    ----------
    d : int
        Dimension of the inputs, at least 2.
    degrees : array_like of int
        Degrees k, at least 0.

    Returns
    -------
    ndarray
        Same shape as `degrees`.

    Raises
    ------
    TypeError, ValueError
        If `d` is no whole number at least 2 or some degree is none at least 0.

    Examples
    --------
    >>> sphere_eigenvalues(3, [0, 1, 2, 3]).round(6)
    array([0.0625  , 0.083333, 0.027344, 0.      ])
    """
    d = as_count(d, "d", minimum=2)
    k = as_array(degrees, "degrees").astype(np.float64)
    if ((k < 0) | (k != np.floor(k))).any():
        raise ValueError(f"degrees must be whole numbers at least 0, got {degrees!r}")
    below = np.divide(k, 2 * k + d - 2, out=np.zeros_like(k), where=k > 0)  # for d = 2, k = 0 this reads 0/0: weight 0
    return (below * _step_coefficient(d, k - 1) ** 2 + (1 - below) * _step_coefficient(d, k + 1) ** 2)[()]


def _step_coefficient(d: int, k: NDArray) -> NDArray:
    """Size of the degree-k coefficient of the step 1{t >= 0} on the sphere (0 for k = -1, which has weight 0)."""
    odd = k % 2 == 1
    size = beta(np.where(odd & (k > 0), k, 1) / 2, d / 2) / (2 * np.pi)
    return np.where(odd & (k > 0), size, np.where(k == 0, 0.5, 0.0))


class _Rows(NamedTuple):
    """Inputs x = scaled * 2**exponent; rows of ordinary size have exponent 0, other rows no entry far from 1."""

    scaled: NDArray
    exponent: NDArray
    square: NDArray  # of the norm of `scaled`
    unit: NDArray


def _rows(X: NDArray) -> _Rows:
    scaled = X.astype(np.float64, copy=False)
    exponent = np.frexp(np.maximum(scaled.max(axis=1), -scaled.min(axis=1)))[1]
    exponent = np.where(np.abs(exponent) < ORDINARY, 0, np.maximum(exponent, -1000))
    if exponent.any():
        scaled = scaled * np.ldexp(1.0, -exponent)[:, None]  # exact: powers of two
    square = np.einsum("ij,ij->i", scaled, scaled)
    return _Rows(scaled, exponent, square, scaled / np.sqrt(square)[:, None])


def _pairwise(
    X: ArrayLike,
    Z: ArrayLike | None,
    entry: Callable[[NDArray, NDArray], NDArray],
    *,
    sign: int,
    factor: float | None = None,
    diagonal: float = 0.0,
) -> NDArray:
    """Matrix of entry(cosine, angle) over the pairs (sign * x_i, z_j), times factor * |x_i||z_j| if there is a factor.

    If Z is None, only the tiles of the upper triangle are computed, and mirrored; the diagonal is diagonal * |x_i|^2.
    """
    X = as_inputs(X)
    Z = None if Z is None else as_inputs(Z, "Z", dim=X.shape[1])
    n, columns = len(X), len(X if Z is None else Z)
    dtype = X.dtype if Z is None else np.result_type(X, Z)
    within_budget(n * columns * dtype.itemsize, f"a kernel matrix of shape ({n}, {columns})")
    left = _rows(X)
    right = left if Z is None else _rows(Z)
    out = np.empty((n, columns), dtype)

    @np.errstate(over="ignore")  # looked for at the end; each thread has a state of its own
    def fill(i: int) -> None:
        """The tiles of the rows from i on; for one matrix those above the diagonal, mirrored while they are in cache."""
        rows, first = slice(i, i + TILE), (i if Z is None else 0)
        band = (sign * left.unit[rows]) @ right.unit[first:].T
        for j in range(first, columns, TILE):
            cols = slice(j, j + TILE)
            cosine = band[:, j - first : j - first + TILE]
            on_diagonal = Z is None and i == j
            if on_diagonal:
                np.fill_diagonal(cosine, 0)  # no nearly parallel pairs: replaced at the end
            tile = entry(cosine, _angle(cosine, left.scaled[rows], sign * right.scaled[cols]))
            if factor is not None:
                tile = _times_norms(tile, factor, left, rows, right, cols)
            if on_diagonal:
                tile = np.triu(tile) + np.triu(tile).T
            np.add(tile, 0.0, out=out[rows, cols], casting="same_kind")  # -0.0 becomes 0.0
            if Z is None and not on_diagonal:
                out[cols, rows] = out[rows, cols].T

    on_all_cores(fill, range(0, n, TILE))
    if Z is None:
        with np.errstate(over="ignore"):
            np.fill_diagonal(out, np.ldexp(diagonal * left.square, 2 * left.exponent))
    if factor is not None:
        _refuse_lost_range(out, left, right)
    return out


def _angle(cosine: NDArray, x: NDArray, z: NDArray) -> NDArray:
    """Angles of all pairs of rows of x and z, given their rounded cosines, which are corrected where they are near 1."""
    if -NEAR < cosine.min() and cosine.max() < NEAR:
        return np.arccos(cosine)
    i, j = np.nonzero(np.abs(cosine) > NEAR)
    near = np.empty(len(i))
    step = max(1, CHUNK // x.shape[1])
    for start in range(0, len(i), step):
        part = slice(start, start + step)
        near[part] = _angle_of_near_pairs(x[i[part]], z[j[part]])
    cosine[i, j] = np.cos(near)
    angle = np.arccos(cosine)
    angle[i, j] = near
    return angle


def _angle_of_near_pairs(x: NDArray, z: NDArray) -> NDArray:
    """Angle of row p of x and row p of z from the part of z that is orthogonal to x.

    z - c x loses all its digits if c x is rounded first, so its rounding error is carried along; what the rounding of c
    leaves parallel to x is small enough to be projected out once more.
    """
    square = np.einsum("ij,ij->i", x, x)
    c = np.einsum("ij,ij->i", x, z) / square
    product = c[:, None] * x
    w = (z - product) - _rounding_error(c[:, None], x, product)
    w -= (np.einsum("ij,ij->i", x, w) / square)[:, None] * x
    return np.arctan2(np.linalg.norm(w, axis=1), c * np.sqrt(square))


def _rounding_error(a: NDArray, b: NDArray, product: NDArray) -> NDArray:
    """The exact difference a * b - product of float64 numbers (Dekker 1971)."""
    a_high, b_high = _leading_half(a), _leading_half(b)
    a_low, b_low = a - a_high, b - b_high
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _leading_half(a: NDArray) -> NDArray:
    """The leading 26 bits of float64 numbers."""
    shifted = (2.0**27 + 1) * a
    return shifted - (shifted - a)


def _times_norms(tile: NDArray, factor: float, left: _Rows, rows: slice, right: _Rows, cols: slice) -> NDArray:
    """The tile times factor * |x_i||z_j|; the exponents come last: nothing overflows unless the product does."""
    tile *= factor * np.sqrt(left.square[rows])[:, None]
    tile *= np.sqrt(right.square[cols])
    if left.exponent.any() or right.exponent.any():
        tile = np.ldexp(tile, left.exponent[rows, None] + right.exponent[cols])
    return tile


def _refuse_lost_range(out: NDArray, left: _Rows, right: _Rows) -> None:
    """Infinite entries, and entries that are 0 though |x||z|/2 is not, would pass for a kernel."""
    sizes = [np.log2(side.square) / 2 + side.exponent for side in (left, right)]
    limits = np.finfo(out.dtype)
    if sum(size.min() for size in sizes) - 1 < limits.minexp:
        raise ValueError(f"X has rows so short that their kernel underflows {out.dtype}; normalise them")
    if sum(size.max() for size in sizes) + 1 >= limits.maxexp and not np.isfinite(out).all():
        raise ValueError(f"X has rows so long that their kernel overflows {out.dtype}; normalise them")
