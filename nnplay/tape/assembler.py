"""Writes the tape: lays out memory and turns networks and objectives into rows, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnplay.network.network import NetworkPlan
from nnplay.network.silenced_frozen import NetworkPart
from nnplay.records.operation import Operation, Shape
from nnplay.tape.fusion import fuse
from nnplay.tape.memory_layout import STATE, Layout, Slot, aligned
from nnplay.tape.objective import Objective, check, full_name, shapes
from nnplay.tape.stage_rows import StageRows
from nnplay.tape.tape import Bounds, Row, Tape
from nnplay.tape.update_rows import UpdateRows
from nnplay.tape.whole_rows import WholeRows


@dataclass(frozen=True, slots=True)
class TapeSpec:
    """What a tape is built for, besides networks and objectives.

    Attributes:
        batch: rows of a training batch.
        evaluation: rows of an evaluation batch.
        targets: shape of one row of each array that a loss compares with, by name.
        score: counts right rows where the loss itself has no such row.
        penalties: rows that add to the gradients of the weights before the length of the gradient is measured.
        clips: rows that limit the gradient after that.
        silent, frozen: parts of the networks that are silenced, and whose weights stay as they are.
        groups: names of layers that are trained with settings of their own, group by group; one that contains others
            stands for all of them.
        average: the row that averages weights, and the batches between two changes of the average.
        accumulates: a step takes several batches, whose gradients are averaged.
        noises: arrays that are drawn at random in training, and how ("normal", "uniform").
        constants: targets that are the same number for every row.
        numbers: settings that are numbers in memory, by the names under which rows read them.
        rows: rows of data in a step, where it takes several batches; 0: those of a batch.
    """

    batch: int
    evaluation: int
    targets: Mapping[str, Shape]
    score: Operation | None = None
    penalties: tuple[Operation, ...] = ()
    clips: tuple[Operation, ...] = ()
    silent: tuple[NetworkPart, ...] = ()
    frozen: tuple[NetworkPart, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    average: tuple[Operation, int] | None = None
    accumulates: bool = False
    numbers: tuple[str, ...] = ()
    rows: int = 0
    noises: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Assembly:
    """A tape in the making, with what all its stages share.

    Attributes:
        settings: slots of the live fields of layers and losses, by name.
        buffers: slots of running statistics, by name.
        trained: names of the trained parameters of each network, weights before biases.
        layer_count: layers that have been given a stream of random numbers.
    """

    tape: Tape
    spec: TapeSpec
    settings: dict[str, Slot] = field(default_factory=dict)
    buffers: dict[str, Slot] = field(default_factory=dict)
    trained: dict[str, list[str]] = field(default_factory=dict)
    layer_count: int = 0


def build(networks: Mapping[str, NetworkPlan], objectives: Sequence[Objective], spec: TapeSpec) -> Tape:
    """Lays out memory and writes the rows of one training step and of one evaluation batch of each stage.

    Raises:
        InputError: objectives that do not fit the networks or each other.
    """
    check(objectives, networks)
    layout = Layout(spec.batch, spec.evaluation)
    made = frozenset((*spec.noises, *spec.constants))
    tape = Tape(layout, networks, shapes(objectives, networks, spec.targets), made)
    assembly = Assembly(tape, spec)
    _declare_settings(assembly, objectives)
    trains = {name for objective in objectives for name in objective.trains}
    for name, plan in networks.items():
        _declare_parameters(assembly, name, plan, name in trains)
    writers = [StageRows(assembly, objective) for objective in objectives]
    updates = [_updates(assembly, writer) for writer in writers]
    for writer, update in zip(writers, updates, strict=True):
        writer.run()
        if writer.whole is None:
            update.declare()
    state = sum(aligned(slot.size(1)) for region in STATE for slot in layout.slots[region])
    tape.named["last_good"] = layout.add("last_good", "last_good", (state,))
    tape.size = layout.close()
    for writer, update in zip(writers, updates, strict=True):
        _add_stage(tape, writer.rows, update)
    return tape


def _updates(assembly: Assembly, writer: StageRows) -> UpdateRows | WholeRows:
    """What writes the rows of a stage's update. Those of one that tries points stand in front of a step, too."""
    if writer.objective.optimizer.record.whole is None:
        return UpdateRows(assembly, writer.stage)
    writer.whole = WholeRows(assembly, writer.stage)
    return writer.whole


def _add_stage(tape: Tape, rows: Sequence[Row], update: UpdateRows | WholeRows) -> None:
    """The rows of a stage at the end of both tables, once every slot has its place."""
    stage, fused = update.stage, fuse(rows, tape.layout.batch)
    before, after = update.rows()
    means, first = update.mean_rows(), update.first_rows()
    stage.rows = _append(tape.train, [*first, *rows, *means], before, after)
    stage.fused_rows = _append(tape.fused, [*first, *fused.rows, *means], before, after)
    update.finish()
    tape.kept_in |= fused.kept_in
    tape.layout.views += fused.views
    tape.stages.append(stage)
    tape.named |= {full_name(stage.objective.name, name): slot for name, slot in stage.named.items()}


def _append(table: list[Row], batch: Sequence[Row], before: Sequence[Row], update: Sequence[Row]) -> Bounds:
    first = len(table)
    table += [*batch, *before, *update]
    return Bounds(first, first + len(batch) + len(before), len(table), first + len(batch))


def _declare_settings(assembly: Assembly, objectives: Sequence[Objective]) -> None:
    tape, add = assembly.tape, assembly.tape.layout.add
    optimizers = {full_name(item.name, "optimizer"): item.optimizer.record for item in objectives}
    tape.named |= {name: add("settings", name, (len(record.fields),)) for name, record in optimizers.items()}
    tape.named |= {name: add("settings", name, (1,)) for name in assembly.spec.numbers}
    live = {
        full_name(item.name, term.name, "loss"): term.loss.record.fields for item in objectives for term in item.passes
    }
    live |= {path: planned.layer.record.fields for path, planned in tape.layers.items()}
    for owner, fields in live.items():
        for item in fields:
            if item.live:
                name = f"{owner}.{item.name}"
                assembly.settings[name] = add("settings", name, (1,))


def _declare_parameters(assembly: Assembly, network: str, plan: NetworkPlan, trains: bool) -> None:
    """Trained weights first, then trained biases, then what is frozen: penalties and updates are one span each."""
    tape, add = assembly.tape, assembly.tape.layout.add
    every = [
        (planned.frozen or not trains, not parameter.decays, planned, name, parameter)
        for planned in plan.layers
        for name, parameter in planned.plan.parameters.items()
    ]
    every.sort(key=lambda item: item[:2])
    trained = assembly.trained.setdefault(network, [])
    for frozen, _, planned, name, parameter in every:
        full = full_name(network, planned.path, name)
        tape.parameters[full] = add("parameters", full, parameter.shape)
        tape.planned[full] = (parameter, planned.initial)
        if not frozen:
            trained.append(full)
    for planned in plan.layers:
        for name, (shape, start) in planned.plan.buffers.items():
            full = full_name(network, planned.path, name)
            tape.buffers[full] = start
            assembly.buffers[full] = add("buffers", full, shape)
