"""What losses of normal distributions share: of twice as many outputs as targets, means and logarithms of variances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.records.operation import Shape
from nnplay.records.worked import Named, Term, as_term

Array = NDArray[Any]


def costs_shape(loss: str, outputs: Shape) -> Shape:
    """The shape (T,) of one row's costs, for outputs (2T,).

    Raises:
        InputError: outputs for each place, or an odd number of them.
    """
    if len(outputs) != 1:
        hint = "end the network with flatten and linear"
        raise InputError("needs one row of outputs, not one for each place", where=loss, hint=hint)
    if outputs[0] % 2:
        hint = f"end the network with linear {outputs[0] + 1}"
        raise InputError("needs two outputs for each target: mean and log variance", where=loss, hint=hint)
    return (outputs[0] // 2,)


def halves(prediction: Array, target: Array) -> tuple[Array, Array, Array]:
    """Means, log variances and targets, (N, T) each, from outputs (N, 2T) and targets of any shape."""
    count = prediction.shape[1] // 2
    return prediction[:, :count], prediction[:, count:], target.reshape(-1, count)


def halves_at(at: tuple[int, int], prediction: Named, target: Named) -> tuple[Term, Term, Term]:
    """Mean, log variance and target number k of row n, for `at` = (n, k)."""
    (n, k), count = at, prediction.shape[1] // 2
    return prediction[n, k], prediction[n, count + k], Named("t", target.array.reshape(-1, count))[n, k]


def slope_element(slopes: Callable[[Term, Term, Term], tuple[Term, Term]]) -> Callable[..., Term]:
    """One number of the gradient, worked out.

    Args:
        slopes: of mean, log variance and target: the slopes of the cost by the first two.
    """

    def element(at: Any, prediction: Named, target: Named, factors: Named, divisor: Named) -> Term:
        if divisor.array[0] == 0:
            return as_term(0.0)
        half, k = divmod(at[1], prediction.shape[1] // 2)
        return slopes(*halves_at((at[0], k), prediction, target))[half] * factors[at[0], k] / divisor[0]

    return element
