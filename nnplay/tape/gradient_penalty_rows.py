"""The rows of a gradient penalty, which needs the derivative of a derivative.

The slope g of an answer at the network's input costs (|g| − wanted)². With v, what the cost grows by with g, its
derivative by a weight is that of v·g, and v·g is how the answer changes where the input moves along v. So v goes
forward through the network as a small change does. A layer's change in front of it times the slope behind it is the
gradient of its weight:

    slopes    1 → … → g       each layer's backward row, with no loss in front
    changes   v → … →         each layer's forward row without its bias, or its backward row where it treats every
                              number alike
    gradient of a weight      its usual backward row, of change and slope

That is all where slopes do not change nearby. A curve's slope does: a weight also decides where on the curve a row
stands. What moves its input is f″(x)·change·slope, and that goes back to all weights in front, as a loss does:

    curvature … ← f″(x)·change·slope      a row for each curve, then each layer's backward rows, with its gradients

Values that several branches read have the sum of what comes back from each. All of it is exact; layers that are neither
linear nor treat every number alike (`Traits.change`, `Plan.curvature`) are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Final

import numpy as np

from nnplay.errors import InputError
from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.operations.step import gradient_penalty as operations
from nnplay.operations.step import silence, sum_losses
from nnplay.records.operation import BATCH, Use
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import GradientPenalty, Term, full_name
from nnplay.tape.stage_pass import TapePass

if TYPE_CHECKING:
    from nnplay.tape.stage_rows import StageRows

#: How a change of the input goes through a layer.
LINEAR: Final = "linear"
PIECES: Final = "pieces"
CURVED: Final = "curved"


@dataclass(slots=True)
class PenaltyPass:
    """A pass through the networks of a penalty.

    Attributes:
        run: the pass forward.
        slopes: of each value's slot, the slot of the answers' slope at it.
        named: slots of the lengths of the slopes, of the length that they are to have, and of the penalty's factor.
    """

    run: TapePass
    slopes: dict[int, Slot] = field(default_factory=dict)
    named: dict[str, Slot] = field(default_factory=dict)


def check(penalty: GradientPenalty, networks: Mapping[str, NetworkPlan]) -> None:
    """Refuses networks whose slope a penalty cannot lower.

    Raises:
        InputError: it names the layer and what could be in its place.
    """
    output = networks[penalty.forward[-1]].output_shape
    if prod(output) != 1:
        what = f"a gradient penalty needs one answer for each row, not {prod(output)}"
        raise InputError(what, where=penalty.name, hint="end the network with linear 1")
    for network in penalty.forward:
        for planned in networks[network].layers:
            name = planned.layer.record.name
            if not _change_kind(planned) or planned.layer.values.get("padded"):
                hint = (
                    "use linear or convolutional layers and activations such as leaky_relu or tanh, and no batch_norm"
                )
                raise InputError(f"no gradient penalty goes through {name}", where=penalty.name, hint=hint)


def _change_kind(planned: PlannedLayer) -> str:
    return CURVED if planned.plan.curvature else planned.layer.record.traits.change


def forward(rows: StageRows, penalty: GradientPenalty, passes: list[TapePass]) -> PenaltyPass:
    """The rows up to the penalty: points, the networks' answers there, slopes, their lengths, and what they cost."""
    check(penalty, rows.tape.networks)
    first = passes[0]
    real = first.values[first.term.forward[0]][0]
    value = real
    if penalty.between:
        made = next(run for run in passes if run.term.name == penalty.between)
        other = made.values[penalty.forward[0]][0]
        value = rows.layout.add("activations", rows.name(penalty.name, "between"), real.shape)
        integers = {"stream": rows.streams[penalty.name, "between"], "width": real.size(1)}
        named = {"real": real, "made": other, "between": value}
        rows.emit(Use(operations.MIX, integers), "forward", "", named)
    run = TapePass(Term(penalty.name, penalty.forward, rows.objective.loss), rows.name(penalty.name), "activations")
    found = PenaltyPass(run)
    given = value
    for network in penalty.forward:
        value = rows.forward_network(run, network, value)
    _slopes(rows, found, value)
    slope, width = found.slopes[id(given)], given.size(1)
    found.named["length"] = rows.layout.add("activations", rows.name(penalty.name, "length"), (BATCH,))
    loss = rows.note(run, "loss", rows.layout.add("activations", rows.name(penalty.name, "loss"), (1,)))
    for name, number in (("wanted", penalty.norm), ("factor", penalty.factor)):
        slot = rows.layout.add("settings", rows.name(penalty.name, "loss", "constant", name), (1,))
        rows.stage.constants[full_name(penalty.name, name)] = slot, np.array([number])
        found.named[name] = slot
    named = {"slope": slope, "loss": loss, **found.named}
    rows.emit(Use(operations.MEASURE, {"width": width}), "loss", "", named)
    rows.emit(Use(operations.PENALISE), "loss", "", named)
    return found


def add_loss(rows: StageRows, found: PenaltyPass, total: Slot) -> None:
    """The row that adds the penalty to the sum of losses."""
    named = {"loss": rows.noted(found.run, "loss"), "factor": found.named["factor"], "total": total}
    rows.emit(Use(sum_losses.ADD_LOSS), "loss", "", named)


def _slopes(rows: StageRows, found: PenaltyPass, answer: Slot) -> None:
    """The way back from the answers to the input, through which no parameter gets a gradient."""
    run = found.run
    add, mark = rows.layout.add, run.mark
    found.slopes[id(answer)] = add("activations", f"{mark}.slope of the answer", answer.shape)
    rows.emit(Use(operations.BEGIN), "loss", "", {"dprediction": found.slopes[id(answer)]})
    for network in reversed(run.term.forward):
        values = run.values[network]
        for planned in reversed(rows.tape.networks[network].layers):
            path = full_name(network, planned.path)
            slope = found.slopes[id(values[planned.output])]
            rows.silence(silence.MASK_GRADIENT, "loss", path, slope)
            before = []
            for given in (values[value] for value in planned.inputs):
                if id(given) not in found.slopes:
                    found.slopes[id(given)] = add("activations", f"{mark}.slope at {path}.input", given.shape)
                    rows.sums.add(id(found.slopes[id(given)]))
                before.append(found.slopes[id(given)])
            names = {**rows.layer_names(run, network, planned), "dy": slope, "dx": before[0]}
            names |= {f"dx{k}": slot for k, slot in enumerate(before)}
            for use in rows.wanted(planned.plan.backward, names, {id(slot) for slot in before}):
                rows.emit(use, "loss", path, names)


def backward(rows: StageRows, found: PenaltyPass) -> None:
    """The changes that the penalty asks for go forward; on their way every trained parameter gets its gradient."""
    run = found.run
    networks = [(name, rows.tape.networks[name]) for name in run.term.forward]
    given = run.values[networks[0][0]][0]
    change = rows.layout.add("scratch", f"{run.mark}.change of the input", given.shape)
    named = {"slope": found.slopes[id(given)], "change": change, **found.named}
    rows.emit(Use(operations.PULL, {"width": given.size(1)}), "backward", "", named)
    layers = [(network, planned) for network, plan in networks for planned in plan.layers]
    curvature_deltas = _declare_curvature_deltas(rows, run, layers)
    needed = [
        number
        for number, (network, planned) in enumerate(layers)
        if _gradients(rows, network, planned)
        or (planned.plan.curvature and id(_values(run, network, planned)[0]) in curvature_deltas)
    ]
    changes = {id(given): change}
    for network, planned in layers[: max(needed, default=-1) + 1]:
        _change(rows, found, network, planned, changes)
        _emit_curvature(rows, found, network, planned, changes, curvature_deltas)
    for network, _ in reversed(networks):
        rows.backward_network(run, network, curvature_deltas)


def _values(run: TapePass, network: str, planned: PlannedLayer) -> list[Slot]:
    """The slots that a layer reads."""
    return [run.values[network][value] for value in planned.inputs]


def _declare_curvature_deltas(
    rows: StageRows, run: TapePass, layers: Sequence[tuple[str, PlannedLayer]]
) -> dict[int, Slot]:
    """A slot for what moves each value that has a trained parameter in front and a curve behind it, by its own slot."""
    ahead: set[int] = set()
    for network, planned in reversed(layers):
        values = _values(run, network, planned)
        if planned.plan.curvature or id(run.values[network][planned.output]) in ahead:
            ahead |= {id(value) for value in values}
    return rows.declare_deltas(run, mark="by curvature", among=ahead)


def _gradients(rows: StageRows, network: str, planned: PlannedLayer) -> dict[str, Slot]:
    """The slots of the gradients of a layer's weights: a bias does not change a slope."""
    known = rows.stage.gradients
    full = {name: full_name(network, own) for name, own in planned.parameters.items() if name != "bias"}
    return {f"d{name}": known[own] for name, own in full.items() if own in known}


def _change(rows: StageRows, found: PenaltyPass, network: str, planned: PlannedLayer, changes: dict[int, Slot]) -> None:
    """The rows of one layer: how its output changes, and the gradients of its weights."""
    run, path, plan = found.run, full_name(network, planned.path), planned.plan
    output = run.values[network][planned.output]
    changed = rows.layout.add("scratch", f"{run.mark}.change of {path}.output", output.shape)
    given = [changes[id(value)] for value in _values(run, network, planned)]
    names = rows.layer_names(run, network, planned)
    if _change_kind(planned) != LINEAR:
        names |= {"dy": given[0], "dx": changed}
        for use in rows.wanted(plan.backward, names, {id(changed)}):
            rows.emit(use, "backward", path, names)
    else:
        names |= {"x": given[0], "y": changed} | {f"x{k}": slot for k, slot in enumerate(given)}
        for name, shape in (*plan.saved.items(), *plan.scratch.items()):
            names[name] = rows.layout.add("scratch", f"{run.mark}.change.{path}.{name}", shape)
        if "bias" in planned.parameters:
            shape = plan.parameters["bias"].shape
            names["bias"] = rows.layout.add("settings", f"{run.mark}.{path}.no bias", shape)
            rows.stage.constants[f"{run.mark}.{path}.no bias"] = names["bias"], np.zeros(shape)
        for use in plan.forward if plan.evaluate is None else plan.evaluate:
            rows.emit(use, "backward", path, names)
        gradients = {**names, "dy": found.slopes[id(output)], **_gradients(rows, network, planned)}
        for use in rows.wanted(plan.backward, gradients):
            rows.emit(use, "backward", path, gradients)
    rows.silence(silence.SILENCE, "backward", path, changed)
    changes[id(output)] = changed


def _emit_curvature(
    rows: StageRows,
    found: PenaltyPass,
    network: str,
    planned: PlannedLayer,
    changes: Mapping[int, Slot],
    curvature_deltas: Mapping[int, Slot],
) -> None:
    """The rows of a curve that move its input: its slope there is another one."""
    given, output = _values(found.run, network, planned)[0], found.run.values[network][planned.output]
    if id(given) in curvature_deltas:
        own = {"change": changes[id(given)], "dy": found.slopes[id(output)], "dx": curvature_deltas[id(given)]}
        names = rows.layer_names(found.run, network, planned) | own
        for use in planned.plan.curvature:
            rows.emit(use, "backward", full_name(network, planned.path), names)
