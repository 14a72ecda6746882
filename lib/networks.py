"""Finite width: the two-layer ReLU network and its empirical Gram matrix."""

from collections.abc import Callable
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
        First layer, one neuron a row; copied, as `a` is, so that the network does not change with the caller's arrays.
    a : array_like, shape (m,)
        Output weights; -1 and +1 in Du et al. 2018.

    Raises
    ------
    TypeError, ValueError
        If `W` is no finite real matrix or `a` no finite real vector of length m in the range of `W`'s type.

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
        with np.errstate(over="ignore"):  # refused in the next line
            a = as_vector(self.a, "a", length=len(W)).astype(W.dtype)
        object.__setattr__(self, "W", W.copy())
        object.__setattr__(self, "a", as_vector(a, "a"))

    @classmethod
    def init(
        cls, m: int, d: int, rng: np.random.Generator | int, kappa: float = 1.0, antisymmetric: bool = False
    ) -> "TwoLayer":
        r"""Random network: :math:`w_r \sim N(0, \kappa^2 I_d)` and :math:`a_r` uniform on -1 and +1, all independent.

        If antisymmetric, only the first m/2 neurons are independent; the others repeat them with opposite
        :math:`a_r`, so that all outputs are 0 (up to the rounding of their sum).

        Parameters
        ----------
        m, d : int
            Width and input dimension, at least 1.
        rng : numpy Generator or int
            Source of randomness or seed.
        kappa : float
            Initialisation scale, positive; 1 in Du et al. 2018.
        antisymmetric : bool
            Whether the second half of the neurons repeats the first with opposite output weights.

        Returns
        -------
        TwoLayer
            A network in float64.

        Raises
        ------
        TypeError, ValueError
            If a size is no whole number at least 1, `kappa` is not positive, `rng` is missing, an antisymmetric width
            is odd, or W is beyond the memory budget.

        Examples
        --------
        >>> TwoLayer.init(m=1000, d=3, rng=0).W.shape
        (1000, 3)
        >>> bool(abs(TwoLayer.init(m=1000, d=3, rng=0, antisymmetric=True)([[1, 2, 3]])[0]) < 1e-12)
        True
        """
        m, d, kappa, rng = as_count(m, "m"), as_count(d, "d"), as_positive(kappa, "kappa"), as_generator(rng)
        within_budget(8 * m * d, f"W of shape ({m}, {d})")
        if antisymmetric and m % 2:
            raise ValueError(f"m must be even for an antisymmetric network, got {m}")
        independent = m // 2 if antisymmetric else m
        W = rng.standard_normal((independent, d))
        W *= kappa
        a = rng.choice([-1.0, 1.0], independent)
        return cls(np.concatenate([W, W]), np.concatenate([a, -a])) if antisymmetric else cls(W, a)

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
                pre = self._preactivations(X, block)
                total += np.maximum(pre, 0, out=pre) @ self.a[block]
        return _refuse_overflow(total / np.sqrt(total.dtype.type(len(self.W))), "outputs")

    def gram(self, X: ArrayLike) -> NDArray:
        r"""Gram matrix of the first layer.

        :math:`H_{ij} = \frac{x_i^\top x_j}{m} \sum_{r=1}^m a_r^2\, 1\{w_r^\top x_i \ge 0,\ w_r^\top x_j \ge 0\}`. At width
        infinity, for Gaussian W and signs a, it is :func:`lib.kernels.h_infinity`.

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
        signs = bool((np.abs(self.a) == 1).all())
        dtype = np.dtype(np.float32 if signs else np.float64)  # sums of signs squared are counts, exact below 2**24

        def both_active(block: slice) -> NDArray:
            pre = self._preactivations(X, block)
            active = np.greater_equal(pre, 0, out=np.empty(pre.shape, dtype))
            if not signs:
                active *= np.abs(self.a[block])
            return active @ active.T

        with np.errstate(over="ignore", invalid="ignore"):  # refused below: the longest row overflows there, too
            H = self._mean_over_neurons(both_active, len(X))
            H *= _refuse_overflow(X @ X.T, "inner products")
            return _refuse_overflow(H.astype(X.dtype, copy=False), "entries of the Gram matrix")

    def output_gram(self, X: ArrayLike) -> NDArray:
        r"""Gram matrix of the output weights.

        :math:`G_{ij} = \frac1m \sum_{r=1}^m \sigma(w_r^\top x_i)\, \sigma(w_r^\top x_j)`; when both layers are trained by
        gradient flow, predictions move by H + G.

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
            As :meth:`gram`.

        References
        ----------
        Du et al. 2018, section 3.

        Examples
        --------
        >>> TwoLayer(W=[[1, 0], [0, 1]], a=[1, -1]).output_gram([[1, 1], [1, -1]])
        array([[1. , 0.5],
               [0.5, 0.5]])
        """
        X = self._as_inputs(X)

        def products(block: slice) -> NDArray:
            features = self._preactivations(X, block)
            np.maximum(features, 0, out=features)
            return features @ features.T

        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            G = self._mean_over_neurons(products, len(X))
            return _refuse_overflow(G.astype(X.dtype, copy=False), "features")

    def gradient(self, X: ArrayLike, y: ArrayLike) -> dict[str, NDArray]:
        r"""Gradient of the loss :math:`L = \frac12 \sum_i (f(x_i) - y_i)^2` in both layers.

        :math:`\partial L/\partial w_r = \frac{a_r}{\sqrt m} \sum_i (f(x_i) - y_i)\, 1\{w_r^\top x_i \ge 0\}\, x_i` and
        :math:`\partial L/\partial a_r = \frac1{\sqrt m} \sum_i (f(x_i) - y_i)\, \sigma(w_r^\top x_i)`.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs; zero rows are allowed.
        y : array_like, shape (n,)
            Labels.

        Returns
        -------
        dict
            ``"W"``: ndarray of shape (m, d), ``"a"``: ndarray of shape (m,).

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with d columns, `y` no finite real vector of length n, or a result is beyond
            the floating point range.

        References
        ----------
        Du et al. 2018, section 3. At a kink the gate is open, which is the convention of the paper.

        Examples
        --------
        >>> TwoLayer(W=[[2], [-1]], a=[1, 1]).gradient([[1]], [0])["W"].round(6)
        array([[1.],
               [0.]])
        """
        X = self._as_inputs(X)
        y = as_vector(y, "y", length=len(X))
        gradient_W, gradient_a = np.empty(self.W.shape, X.dtype), np.empty(len(self.W), X.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            residual = ((self(X) - y) / np.sqrt(len(self.W))).astype(X.dtype)
            for block in self._blocks(len(X)):
                pre = self._preactivations(X, block)
                gradient_a[block] = residual @ np.maximum(pre, 0)
                gradient_W[block] = ((pre >= 0) * residual[:, None]).T @ X
                gradient_W[block] *= self.a[block, None]
        return {
            "W": _refuse_overflow(gradient_W, "gradients"),
            "a": _refuse_overflow(gradient_a, "gradients"),
        }

    def jacobian(self, X: ArrayLike) -> NDArray:
        r"""Derivative of the outputs in the first layer.

        Block (i, r) is :math:`\frac{a_r}{\sqrt m} 1\{w_r^\top x_i \ge 0\}\, x_i^\top`. The gradient of the loss is
        :math:`J^\top (u - y)`, the Gram matrix :math:`J J^\top`.

        Parameters
        ----------
        X : array_like, shape (n, d)
            Inputs; zero rows are allowed.

        Returns
        -------
        ndarray, shape (n, m d)
            Row i holds the derivatives of output i in :math:`w_1, \dots, w_m`, one after the other.

        Raises
        ------
        TypeError, ValueError
            If `X` is no finite real matrix with d columns, or the result is beyond the memory budget or the floating
            point range.

        Examples
        --------
        >>> TwoLayer(W=[[1], [1], [-1], [1]], a=[1, -1, 1, 1]).jacobian([[3]])
        array([[ 1.5, -1.5,  0. ,  1.5]])
        """
        X = self._as_inputs(X)
        n, (m, d) = len(X), self.W.shape
        within_budget(n * m * d * X.dtype.itemsize, f"a Jacobian of shape ({n}, {m * d})")
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            active = (self._preactivations(X, slice(None)) >= 0) * (self.a / np.sqrt(X.dtype.type(m))).astype(X.dtype)
            J = (active[:, :, None] * X[:, None, :]).reshape(n, m * d)
        return _refuse_overflow(J, "entries of the Jacobian")

    def _preactivations(self, X: NDArray, block: slice) -> NDArray:
        """x_i . w_r; one that overflows has no sign that could be trusted, so it is refused."""
        W = self.W[block]
        pre = X @ W.T
        largest = [max(values.max(), -values.min()) for values in (X, W)]
        if not np.isfinite(X.shape[1] * largest[0] * largest[1]):
            _refuse_overflow(pre, "pre-activations")
        return pre

    def _mean_over_neurons(self, products: Callable[[slice], NDArray], n: int) -> NDArray:
        """The mean over neurons, in float64, of (n, n) matrices of which `products` sums those of a block."""
        within_budget(8 * n * n, f"a Gram matrix of {n} inputs")
        total = np.zeros((n, n))
        for block in self._blocks(n):
            total += products(block)
        total /= len(self.W)
        return total

    def _as_inputs(self, X: ArrayLike) -> NDArray:
        X = as_inputs(X, dim=self.W.shape[1], nonzero=False)
        return X.astype(np.result_type(X, self.W), copy=False)

    def _blocks(self, n: int) -> list[slice]:
        size = max(1, BLOCK_BYTES // (8 * n))
        return [slice(start, start + size) for start in range(0, len(self.W), size)]


def _refuse_overflow(result: NDArray, what: str) -> NDArray:
    if not np.isfinite(result).all():
        raise ValueError(f"X and the weights must be smaller: {what} overflow {result.dtype}; scale them down")
    return result
