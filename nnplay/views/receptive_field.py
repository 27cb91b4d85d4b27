"""How much of the input one number of a layer's maps can see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nnplay.network.network import NetworkPlan
from nnplay.records.operation import Shape

Size = tuple[int, int]


def receptive_field(plan: NetworkPlan, path: str) -> Size:
    """Height and width of the patch of the input that a number of the layer at `path` is worked out from.

    Borders are not counted: near one, part of the patch lies outside. Where branches meet, the larger patch counts;
    a layer that looks at everything, such as attention over an image laid flat, sees the whole input.
    """
    whole = _plane(plan.values[0])
    seen: dict[int, tuple[float, float]] = {0: (1.0, 1.0)}
    for planned in plan.layers:
        shape = plan.values[planned.output]
        before = [seen.get(value, whole) for value in planned.inputs]
        if len(shape) != 3 or any(len(plan.values[value]) != 3 for value in planned.inputs):
            seen[planned.output] = whole
        else:
            source = _plane(plan.values[planned.inputs[0]])
            seen[planned.output] = (
                _grown(0, before, planned.layer.values, whole, source, _plane(shape)),
                _grown(1, before, planned.layer.values, whole, source, _plane(shape)),
            )
        if planned.path == path:
            return int(seen[planned.output][0]), int(seen[planned.output][1])
    raise KeyError(path)


def _plane(shape: Shape) -> Size:
    return (shape[0], shape[1]) if len(shape) == 3 else (1, 1)


def _grown(
    axis: int, before: list[tuple[float, float]], values: Mapping[str, Any], whole: Size, source: Size, target: Size
) -> float:
    """The patch along one axis: that of the inputs, and a step of theirs more for each number of the window but one."""
    kernel = _along(values.get("kernel", 1), axis)
    window = (kernel - 1) * _along(values.get("dilation", 1), axis) + 1
    if "kernel" not in values:
        window = max(1, math.ceil(source[axis] / target[axis]))
    step = whole[axis] / source[axis]
    return min(whole[axis], max(size[axis] for size in before) + (window - 1) * step)


def _along(value: Any, axis: int) -> int:
    return int(value[axis] if isinstance(value, tuple | list) else value)
