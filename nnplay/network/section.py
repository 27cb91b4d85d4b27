"""A part of a planned network, from one of its values to another, as it answers outside training."""

from __future__ import annotations

from dataclasses import replace

from nnplay.network.network import NetworkPlan, PlannedLayer


def cut_section(plan: NetworkPlan, start: int, end: int) -> NetworkPlan | None:
    """The layers that lead from one value to another, with nothing of them trained; None where other values are needed.

    Rows are those of an evaluation, and the way back is the one that goes with them. A section from value 0 to the
    network's output is the whole network.

    Args:
        start, end: numbers of values in `plan`; 0 is the network's input.
    """
    leading = _leading_to(plan, start, end)
    numbers = {start: 0}
    layers: list[PlannedLayer] = []
    for planned in plan.layers:
        if planned.output not in leading:
            continue
        if not all(value in numbers for value in planned.inputs):
            return None
        numbers[planned.output] = len(numbers)
        layers.append(_answering(planned, numbers))
    own = {planned.path for planned in layers}
    if end not in numbers or any(planned.shares and planned.shares not in own for planned in layers):
        return None
    return NetworkPlan(tuple(layers), tuple(plan.values[value] for value in numbers), numbers[end])


def _leading_to(plan: NetworkPlan, start: int, end: int) -> set[int]:
    """Values that are worked out on the way from `start` to `end`."""
    found = {end} - {start}
    for planned in reversed(plan.layers):
        if planned.output in found:
            found |= set(planned.inputs) - {start}
    return found


def _answering(planned: PlannedLayer, numbers: dict[int, int]) -> PlannedLayer:
    rows = planned.plan
    forward = rows.forward if rows.evaluate is None else rows.evaluate
    backward = rows.backward if rows.evaluate_backward is None else rows.evaluate_backward
    plan = replace(rows, forward=forward, backward=backward, evaluate=None, evaluate_backward=None)
    inputs = tuple(numbers[value] for value in planned.inputs)
    return replace(planned, plan=plan, inputs=inputs, output=numbers[planned.output], frozen=True)
