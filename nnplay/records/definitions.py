"""Runs the definitions in NumPy of a layer or loss without a machine, for curves and for questions about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import REQUIRED, fill
from nnplay.records.init_schemes import DEFAULT, first_values
from nnplay.records.layer import LayerRecord
from nnplay.records.operation import Use
from nnplay.records.record import Record

Array = NDArray[Any]


def run_definitions(
    uses: Iterable[Use], operands: Mapping[str, Array], clock: Mapping[str, int] | None = None, every: int = 1
) -> dict[str, Array]:
    """All operands after some rows that draw no random numbers, by the names of the plan.

    Args:
        operands: those that are there before the first row.
        clock, every: what rows of an optimizer read besides them.
    """
    known = dict(operands)
    for use in uses:
        operation = use.operation
        given = [known[use.names.get(name, name)] for name in operation.reads]
        integers = {name: {"every": every, **use.integers}[name] for name in operation.integers}
        more = {"clock": clock} if operation.uses_clock else {}
        results = operation.reference(*given, **integers, **more)
        results = results if isinstance(results, tuple) else (results,)
        known |= {use.names.get(n, n): np.asarray(r) for n, r in zip(operation.writes, results, strict=False)}
    return known


def default_settings(
    record: Record, given: Mapping[str, Any] = MappingProxyType({})
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The default values of a record's fields but for those given, and those that are numbers as operands (1,)."""
    values = fill(record.fields, given, record.name)
    return values, {key: np.array([value], float) for key, value in values.items() if isinstance(value, int | float)}


def apply_layer(record: LayerRecord, x: Array) -> Array:
    """What a layer with default settings, or those of its first case where it has none, gives in evaluation.

    It has one forward row.

    Args:
        x: (N, …).
    """
    needed = {item.name for item in record.fields if item.default is REQUIRED}
    values, numbers = default_settings(record, {name: record.cases[0].values[name] for name in needed})
    plan = record.plan(values, x.shape[1:])
    parameters = {name: first_values(item, DEFAULT, 0, 0) for name, item in plan.parameters.items()}
    return run_definitions(plan.evaluate or plan.forward, {"x": x, **numbers, **parameters})["y"]
