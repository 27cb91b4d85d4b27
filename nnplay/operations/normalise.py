"""What normalising layers share: their definitions, the element of each, and plans without scale and shift.

Mean and deviation are worked out from distances, so they are right for numbers far from 0 too. As a mean of 1e5 would
lose the digits that matter when it is stored, `rest` keeps what rounding took from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import Field, flag
from nnplay.records.layer import Plan
from nnplay.records.operation import Use
from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]


def affine_field(help: str = "learn a scale and a shift for each channel") -> Field:
    """The field that leaves out what is learned."""
    return flag("affine", True, help)


def without_scale(plan: Plan) -> Plan:
    """`plan`, with constant ones and zeros (C) in place of its parameters weight and bias (C), or weight alone."""
    (C,) = plan.parameters["weight"].shape
    constants = {"ones": ((C,), 1.0)} | ({"zeros": ((C,), 0.0)} if "bias" in plan.parameters else {})
    evaluate = None if plan.evaluate is None else tuple(map(_constant, plan.evaluate))
    back = None if plan.evaluate_backward is None else tuple(map(_constant, plan.evaluate_backward))
    return replace(
        plan,
        parameters={},
        buffers={**plan.buffers, **constants},
        forward=tuple(map(_constant, plan.forward)),
        evaluate=evaluate,
        evaluate_backward=back,
        backward=tuple(_constant(use) for use in plan.backward if use.names.get("y") not in ("dweight", "dbias")),
    )


def _constant(use: Use) -> Use:
    """The row with `ones` for the weight and `zeros` for the bias."""
    reads = use.operation.reads
    other = {name: one for name, one in (("weight", "ones"), ("bias", "zeros")) if name in reads}
    return replace(use, names={**use.names, **other})


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
