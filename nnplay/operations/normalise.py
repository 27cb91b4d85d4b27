"""What normalising layers share: their definitions, the element of each, and plans without scale and shift.

Mean and deviation are worked out from distances, so they are right for numbers far from 0 too. As a mean of 1e5 would
lose the digits that matter when it is stored, `rest` keeps what rounding took from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field, flag
from nnplay.records.layer import Plan
from nnplay.records.operation import Use
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]
#: What stands in place of a parameter that is left out: the operand's name, and all of its numbers.
_CONSTANTS: Final = {"weight": ("ones", 1.0), "bias": ("zeros", 0.0)}


def affine_field(help: str = "learn a scale and a shift for each channel") -> Field:
    """The field that leaves out what is learned."""
    return flag("affine", True, help)


def bias_field() -> Field:
    """The field that leaves out the shift alone."""
    return flag("bias", True, "learn a shift beside the scale; without affine there is neither")


def without_unused(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """PyTorch's arguments for field values: it learned of `bias` late, so only those say it who leave the shift out."""
    return {name: value for name, value in values.items() if name != "bias" or not value}


def learned(plan: Plan, values: Mapping[str, Any]) -> Plan:
    """`plan` with what the fields `affine` and `bias` leave of its parameters weight and bias (C)."""
    if not values["affine"]:
        return _without(plan, "weight", "bias")
    return plan if values.get("bias", True) else _without(plan, "bias")


def _without(plan: Plan, *names: str) -> Plan:
    """`plan`, with constant ones (C) in place of its weight, or zeros in place of its bias."""
    gone = {name: _CONSTANTS[name] for name in names if name in plan.parameters}
    other = {name: constant for name, (constant, _) in gone.items()}
    evaluate = None if plan.evaluate is None else tuple(_constant(use, other) for use in plan.evaluate)
    back = None if plan.evaluate_backward is None else tuple(_constant(use, other) for use in plan.evaluate_backward)
    return replace(
        plan,
        parameters={name: one for name, one in plan.parameters.items() if name not in gone},
        buffers={
            **plan.buffers,
            **{constant: (plan.parameters[name].shape, value) for name, (constant, value) in gone.items()},
        },
        forward=tuple(_constant(use, other) for use in plan.forward),
        evaluate=evaluate,
        evaluate_backward=back,
        backward=tuple(_constant(use, other) for use in plan.backward if use.names.get("y", "")[1:] not in gone),
    )


def _constant(use: Use, other: Mapping[str, str]) -> Use:
    """The row with constants in place of what it reads of the parameters that are gone."""
    return replace(use, names={**use.names, **{name: other[name] for name in use.operation.reads if name in other}})


def rounded(mean: Array, dtype: Any) -> tuple[Array, Array]:
    """A mean that was worked out in float64, as it is stored, and what rounding took from it."""
    stored = np.asarray(mean, dtype)
    return stored, np.asarray(mean - stored, dtype)


def distance(x: Array, mean: Array, rest: Array) -> Array:
    """x - mean, where the mean is `mean` and what rounding took from it."""
    return np.asarray((x - mean) - rest)


def normalised_element(value: Term, mean: Term, rest: Term, rstd: Term, weight: Term, bias: Term) -> Term:
    """(x - mean - rest)·rstd·weight + bias."""
    return (value - mean - rest) * rstd * weight + bias


def root(value: Term) -> Term:
    """1 / √value."""
    return apply("1/√", lambda number: float(1.0 / np.sqrt(number)), value)


def mean_of(terms: list[Term]) -> Term:
    """Σ / count."""
    return total(terms) / len(terms)


def rows_of(x: Named) -> Named:
    """The array as (all leading axes, channels), under its name."""
    return Named(x.name, x.array.reshape(-1, x.shape[-1]))
