"""The rows of a Jacobian: one way back for each output, in which every parameter's gradient is kept apart by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.records.operation import Operation, Use
from nnplay.records.whole_rule import WholeRule
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import full_name

if TYPE_CHECKING:
    from nnplay.tape.stage_pass import TapePass
    from nnplay.tape.stage_rows import StageRows

#: Outputs whose ways back a tape may have.
MOST_OUTPUTS: Final = 16


def gradient_rows(planned: PlannedLayer) -> dict[str, Operation]:
    """The row of a layer that gives the gradient of each of its parameters, by the parameter's own name."""
    found: dict[str, Operation] = {}
    for use in planned.plan.backward:
        for name in use.operation.writes:
            own = use.names.get(name, name).removeprefix("d")
            if own in planned.parameters:
                found[own] = use.operation
    return found


def without_jacobian(plan: NetworkPlan) -> PlannedLayer | None:
    """The first layer with trained parameters whose gradients cannot be kept apart by row; None if there is none."""
    for planned in plan.layers:
        if planned.frozen or not planned.parameters:
            continue
        rows = gradient_rows(planned)
        flat = len(planned.plan.output) == 1
        if not flat or any(name not in rows or rows[name].by_row is None for name in planned.parameters):
            return planned
    return None


def write(
    rows: StageRows, rule: WholeRule, run: TapePass, slots: Mapping[str, Slot], columns: Mapping[str, int]
) -> None:
    """Appends the ways back of a stage.

    Args:
        slots: `jacobian`, `gram` and whatever else the rule's `outer` rows read and write.
        columns: the first column of each trained parameter, by name.
    """
    output = rows.stage.named["output"]
    count = output.size(1)
    for k in range(count):
        integers = {"output": k, "outputs": count}
        deltas = rows.declare_deltas(run, mark=f"output {k}" if k else "")
        assert rule.seed is not None
        names = {"prediction": output, "dprediction": deltas[id(output)]}
        rows.emit(Use(rule.seed.operation, integers), "backward", "", names)
        _way_back(rows, run, deltas, slots["jacobian"], columns)
        named = {**slots, "output": output, "target": rows.stage.named["target"]}
        for use in rule.outer:
            rows.emit(Use(use.operation, {**integers, **use.integers}, use.cost), "backward", "", named)


def _way_back(
    rows: StageRows, run: TapePass, deltas: Mapping[int, Slot], jacobian: Slot, columns: Mapping[str, int]
) -> None:
    """One way back from where the seed stands: rows that lead on, and the Jacobian's columns of each layer."""
    for network in reversed(rows.objective.forward):
        values = run.values[network]
        for planned in reversed(rows.tape.networks[network].layers):
            delta = deltas.get(id(values[planned.output]))
            if delta is None:
                continue
            path = full_name(network, planned.path)
            names = rows.backward_names(run, network, planned, deltas)
            operations = gradient_rows(planned)
            for own, full in planned.parameters.items():
                by_row = operations[own].by_row if own in operations else None
                if full_name(network, full) in columns and by_row is not None:
                    first = {"first": columns[full_name(network, full)]}
                    rows.emit(Use(by_row, first), "backward", path, {**names, "jacobian": jacobian})
            without = {name: slot for name, slot in names.items() if slot.region != "gradients"}
            for use in rows.wanted(planned.plan.backward, without):
                rows.emit(use, "backward", path, without)
