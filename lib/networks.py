"""Finite width: the two-layer ReLU network and its empirical Gram matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.validation import as_count, as_generator, as_inputs, as_positive, as_vector, within_budget

BLOCK_BYTES = 2**24  # pre-activations (inputs x neurons) are formed in blocks of at most this size


@dataclass(frozen=True, eq=False)
class TwoLayer:
    r"""The network :math:`f(x) = \frac1{\sqrt m} \sum_{r=1}^m a_r\, \sigma(w_r^\top x)` with ReLU activation.

    Parameters
    ----------
    W : array_like, shape (m, d)
        First layer, one neuron a row.
    a : array_like, shape (m,)
        Output weights, each -1 or +1.

    Raises
    ------
    TypeError, ValueError
        If `W` is no finite real matrix or `a` no vector of m signs.

    References
    ----------
    Du et al. 2018, section 3; Arora et al. 2019, section 3.

    Examples
    --------
    >>> net = TwoLayer(W=[[1, 0], [0, 1], [1, 1], [0, -1]], a=[1, -1, 1, 1])
    >>> net([[3, 4]])
    array([3.])
    """

    W: NDArray
    a: NDArray

    def __post_init__(self) -> None:
        W = as_inputs(self.W, "W", nonzero=False)
        a = as_vector(self.a, "a", length=len(W)).astype(W.dtype)
        if (np.abs(a) != 1).any():
            row = int((np.abs(a) != 1).argmax())
            raise ValueError(f"a must hold -1 and +1 only, got {a[row]} at index {row}")
        object.__setattr__(self, "W", W)
        object.__setattr__(self, "a", a)

    @classmethod
    def init(cls, m: int, d: int, rng: np.random.Generator | int, kappa: float = 1.0) -> "TwoLayer":
        r"""Random network: :math:`w_r \sim N(0, \kappa^2 I_d)` and :math:`a_r` uniform on -1 and +1, all independent.

        Parameters
        ----------
        m, d : int
            Width and input dimension, at least 1.
        rng : numpy Generator or int
            Source of randomness or seed.
        kappa : float
            Initialisation scale, positive; 1 in Du et al. 2018.

        Returns
        -------
        TwoLayer
            A network in float64.

        Raises
        ------
        TypeError, ValueError
            If a size is no whole number at least 1, `kappa` is not positive, `rng` is missing, or W is beyond the
            memory budget.

        Examples
        --------
        >>> TwoLayer.init(m=1000, d=3, rng=0).W.shape
        (1000, 3)
        """
        m, d, kappa, rng = as_count(m, "m"), as_count(d, "d"), as_positive(kappa, "kappa"), as_generator(rng)
        within_budget(8 * m * d, f"W of shape ({m}, {d})")
        W = rng.standard_normal((m, d))
        W *= kappa
        return cls(W, rng.choice([-1.0, 1.0], m))

    def __call__(self, X: ArrayLike) -> NDArray:
        r"""Outputs :math:`f(x_i)`, formed in blocks of neurons.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs; zero rows are allowed.

        Returns
        -------
        ndarray, shape (n,)
            Outputs.

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with d columns, or the outputs are beyond the floating point range.

        Examples
        --------
        >>> TwoLayer(W=[[2]], a=[1])([[1], [-1]])
        array([2., 0.])
        """
        X = self._as_inputs(X)
        total = np.zeros(len(X), X.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            for block in self._blocks(len(X)):
                pre = X @ self.W[block].T
                total += np.maximum(pre, 0, out=pre) @ self.a[block]
        return _refuse_overflow(total / np.sqrt(total.dtype.type(len(self.W))), "outputs")

    def gram(self, X: ArrayLike) -> NDArray:
        r"""Gram matrix of the first layer.

        :math:`H_{ij} = \frac{x_i^\top x_j}{m} \sum_{r=1}^m 1\{w_r^\top x_i \ge 0,\ w_r^\top x_j \ge 0\}`, the factor
        :math:`a_r^2` being 1. At width infinity, for Gaussian W, it is :func:`lib.kernels.h_infinity`.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs; zero rows are allowed.

        Returns
        -------
        ndarray, shape (n, n)
            Symmetric, positive semidefinite.

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with d columns, or the result is beyond the memory budget or the floating
            point range.

        References
        ----------
        Du et al. 2018, section 3.

        Examples
        --------
        >>> TwoLayer(W=[[1, 0], [0, 1]], a=[1, -1]).gram([[1, 1], [1, -1]])
        array([[2., 0.],
               [0., 1.]])
        """
        X = self._as_inputs(X)
        n = len(X)
        within_budget(8 * n * n, f"a Gram matrix of {n} inputs")
        both_active = np.zeros((n, n))
        for block in self._blocks(n):
            with np.errstate(over="ignore", invalid="ignore"):  # refused below: the longest row overflows there, too
                pre = X @ self.W[block].T
            active = np.greater_equal(pre, 0, out=np.empty(pre.shape, np.float32))
            both_active += active @ active.T  # counts: exact in float32 below 2**24 neurons a block
        both_active /= len(self.W)
        with np.errstate(over="ignore", invalid="ignore"):
            both_active *= _refuse_overflow(X @ X.T, "inner products")
        return both_active.astype(X.dtype, copy=False)

    def _as_inputs(self, X: ArrayLike) -> NDArray:
        X = as_inputs(X, dim=self.W.shape[1], nonzero=False)
        return X.astype(np.result_type(X, self.W), copy=False)

    def _blocks(self, n: int) -> list[slice]:
        size = max(1, BLOCK_BYTES // (8 * n))
        return [slice(start, start + size) for start in range(0, len(self.W), size)]


def _refuse_overflow(result: NDArray, what: str) -> NDArray:
    if not np.isfinite(result).all():
        raise ValueError(f"X has rows so long that their {what} overflow {result.dtype}; scale them down")
    return result
