"""The activation sigma, its derivative and its Gaussian duals, in closed form.

For jointly normal u, v of variance 1 and correlation cos(angle), the dual is E[sigma(u) sigma(v)] and the dual of the
derivative is E[sigma'(u) sigma'(v)]. Duals take the angle: a cosine loses digits near 0 and pi.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.validation import as_array


@dataclass(frozen=True)
class Activation:
    """A function applied to each pre-activation, and what infinite width makes of it.

    Parameters
    ----------
    name : str
        Its name in text and pictures.
    value, slope : callable
        The function and its derivative, on arrays.
    value_dual, slope_dual : callable
        The duals of both, on arrays of angles.

    Examples
    --------
    >>> relu.name, relu([-1, 2])
    ('relu', array([0., 2.]))
    """

    name: str
    value: Callable[[NDArray], NDArray]
    slope: Callable[[NDArray], NDArray]
    value_dual: Callable[[NDArray], NDArray]
    slope_dual: Callable[[NDArray], NDArray]

    def __call__(self, z: ArrayLike) -> NDArray:
        """Value at each entry of `z`."""
        return self.value(as_array(z, "z"))

    def derivative(self, z: ArrayLike) -> NDArray:
        """Derivative at each entry of `z`; at a kink, the convention of the paper (for ReLU: 1 at 0).

        Examples
        --------
        >>> relu.derivative([-1, 0, 2])
        array([0., 1., 1.])
        """
        return self.slope(as_array(z, "z"))

    def dual(self, angle: ArrayLike) -> NDArray:
        r"""Mean :math:`E[\sigma(u) \sigma(v)]` for standard normal u, v with correlation ``cos(angle)``.

        Examples
        --------
        >>> relu.dual([0, np.pi]).round(12)
        array([0.5, 0. ])
        """
        return self.value_dual(_as_angle(angle))

    def derivative_dual(self, angle: ArrayLike) -> NDArray:
        r"""Mean :math:`E[\sigma'(u) \sigma'(v)]` for standard normal u, v with correlation ``cos(angle)``.

        Examples
        --------
        >>> relu.derivative_dual([0, np.pi / 2, np.pi])
        array([0.5 , 0.25, 0.  ])
        """
        return self.slope_dual(_as_angle(angle))


def _as_angle(angle: ArrayLike) -> NDArray:
    angle = as_array(angle, "angle")
    if ((angle < 0) | (angle > np.asarray(np.pi, angle.dtype))).any():
        raise ValueError(f"angle must lie in [0, pi], got {angle.min()} to {angle.max()}")
    return angle


def _relu_dual(angle: NDArray) -> NDArray:
    opening = np.asarray(np.pi, angle.dtype) - angle  # in this form both terms vanish exactly at angle = pi
    return (np.sin(opening) - opening * np.cos(opening)) / (2 * np.pi)


def _relu_slope_dual(angle: NDArray) -> NDArray:
    return (np.asarray(np.pi, angle.dtype) - angle) / (2 * np.pi)


relu = Activation(
    name="relu",
    value=lambda z: np.maximum(z, 0),
    slope=lambda z: (z >= 0).astype(z.dtype),
    value_dual=_relu_dual,
    slope_dual=_relu_slope_dual,
)
