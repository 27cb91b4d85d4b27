"""Writes the tape: lays out memory and turns network, loss and optimizer into rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nnplay import rng
from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.network.silenced_frozen import NetworkPart
from nnplay.operations.step import clip, gather, gradient_norm, penalty, silence
from nnplay.records.loss import Loss, LossPlan
from nnplay.records.operation import BATCH, Operation, Shape, Use
from nnplay.records.optimizer import Optimizer
from nnplay.tape.fusion import fuse
from nnplay.tape.memory_layout import STATE, Layout, Slot, aligned
from nnplay.tape.tape import Row, Tape

#: Multiply-adds that make a share worth handing to another thread (some 8 µs of work), and the most shares of a row.
SHARE: Final = 200_000
MAX_SHARES: Final = 8
#: Multiply-adds that take as long as reading or writing one number does, once tensors are too large for the caches.
MOVE: Final = 8


@dataclass(frozen=True, slots=True)
class Options:
    """What a tape is built for, besides network, loss and optimizer.

    Attributes:
        batch: rows of a training batch.
        evaluation: rows of an evaluation batch.
        target: shape of one row's target.
        score: counts right rows where the loss itself has no such row.
        penalty, clip_norm, clip_value: whether those rows are there (their numbers can change without a new tape).
        silent, frozen: parts of the network that are held still.
    """

    batch: int
    evaluation: int
    target: Shape
    score: Operation | None = None
    penalty: bool = False
    clip_norm: bool = False
    clip_value: bool = False
    silent: tuple[NetworkPart, ...] = ()
    frozen: tuple[NetworkPart, ...] = ()


def build(network: NetworkPlan, loss: Loss, optimizer: Optimizer, options: Options) -> Tape:
    """Lays out memory and writes the rows of one training step and of one evaluation batch."""
    return _Builder(network, loss, optimizer, options).run()


def shares(cost: int) -> int:
    """Into how many parts a row of that many multiply-adds is cut."""
    return max(1, min(MAX_SHARES, cost // SHARE))


class _Builder:
    def __init__(self, network: NetworkPlan, loss: Loss, optimizer: Optimizer, options: Options) -> None:
        self.network, self.loss, self.optimizer, self.options = network, loss, optimizer, options
        self.layout = Layout(options.batch, options.evaluation)
        self.tape = Tape(self.layout, network)
        self.settings: dict[str, Slot] = {}
        self.gradients: dict[str, Slot] = {}
        self.buffers: dict[str, Slot] = {}
        self.kept: dict[str, Slot] = {}
        self.begun: set[int] = set()
        self.streams = {planned.path: rng.LAYER + position for position, planned in enumerate(network.layers)}
        self.rows: list[Row] = []

    def run(self) -> Tape:
        loss_plan = self.loss.record.plan(self.loss.values, self.network.output_shape)
        self.declare_settings()
        self.declare_parameters()
        values, saved = self.forward("activations", evaluate=False)
        loss_names = self.score(loss_plan, values, "activations", evaluate=False)
        self.backward(loss_plan, values, saved, loss_names)
        train, self.rows = self.rows, []
        values, _ = self.forward("evaluation", evaluate=True)
        self.score(loss_plan, values, "evaluation", evaluate=True)
        evaluation, self.rows = self.rows, []
        self.declare_update()
        self.tape.size = self.layout.close()
        self.close_spans()
        self.update()
        joined = fuse(train, self.options.batch)
        self.tape.train, self.tape.fused, self.tape.evaluation = train + self.rows, joined.rows + self.rows, evaluation
        self.tape.fused_update_at = len(joined.rows) + self.update_offset
        self.tape.kept_in = joined.kept_in
        return self.tape

    # -- slots -----------------------------------------------------------------------------------------------------

    def declare_settings(self) -> None:
        add = self.layout.add
        record = self.optimizer.record
        self.tape.named["optimizer"] = add("settings", "optimizer", (len(record.fields),))
        for name in ("l1", "l2", "clip_norm", "clip_value"):
            self.tape.named[name] = add("settings", name, (1,))
        for item in self.loss.record.fields:
            if item.live:
                self.settings[f"loss.{item.name}"] = add("settings", f"loss.{item.name}", (1,))
        for planned in self.network.layers:
            for item in planned.layer.record.fields:
                if item.live:
                    name = f"{planned.path}.{item.name}"
                    self.settings[name] = add("settings", name, (1,))

    def declare_parameters(self) -> None:
        """Trained weights first, then trained biases, then what is frozen: penalties and updates are one span each."""
        every = [
            (planned, name, parameter)
            for planned in self.network.layers
            for name, parameter in planned.plan.parameters.items()
        ]
        every.sort(key=lambda item: (item[0].frozen, not item[2].decays))
        for planned, name, parameter in every:
            full = f"{planned.path}.{name}"
            self.tape.parameters[full] = self.layout.add("parameters", full, parameter.shape)
            self.tape.planned[full] = (parameter, planned.initial)
            if not planned.frozen:
                self.gradients[full] = self.layout.add("gradients", f"d{full}", parameter.shape)
        for planned in self.network.layers:
            for name, (shape, start) in planned.plan.buffers.items():
                full = f"{planned.path}.{name}"
                self.tape.buffers[full] = start
                self.buffers[full] = self.layout.add("buffers", full, shape)

    # -- forward, loss, backward -----------------------------------------------------------------------------------

    def forward(self, region: str, evaluate: bool) -> tuple[list[Slot], dict[str, Slot]]:
        batch_region = "evaluation" if evaluate else "batch"
        mark = "eval." if evaluate else ""
        batch_input = self.layout.add(batch_region, f"{mark}input", (BATCH, *self.network.values[0]))
        target = self.layout.add(batch_region, f"{mark}target", (BATCH, *self.options.target))
        self.tape.named[f"{mark}input"], self.tape.named[f"{mark}target"] = batch_input, target
        self.rows.append(Row(gather.GATHER, "data", "", (), (batch_input, target), (0, 0, 0, 0), (False, False)))
        values = [batch_input]
        for planned in self.network.layers:
            values.append(self.layout.add(region, f"{mark}{planned.path}.output", (BATCH, *planned.plan.output)))
        saved: dict[str, Slot] = {}
        for planned in self.network.layers:
            names = self.forward_names(planned, values, saved, region, mark)
            uses = planned.plan.evaluate if evaluate and planned.plan.evaluate is not None else planned.plan.forward
            for use in uses:
                self.emit(use, "forward", planned.path, names)
            self.silence(silence.SILENCE, "forward", planned, values[planned.output])
        self.tape.named[f"{mark}output"] = values[self.network.output]
        return values, saved

    def forward_names(
        self, planned: PlannedLayer, values: list[Slot], saved: dict[str, Slot], region: str, mark: str
    ) -> dict[str, Slot]:
        names = {"x": values[planned.inputs[0]], "y": values[planned.output]}
        names |= {f"x{k}": values[value] for k, value in enumerate(planned.inputs)}
        names |= {name: self.tape.parameters[f"{planned.path}.{name}"] for name in planned.plan.parameters}
        names |= {name: self.buffers[f"{planned.path}.{name}"] for name in planned.plan.buffers}
        names |= {
            item.name: self.settings[f"{planned.path}.{item.name}"] for item in planned.layer.record.fields if item.live
        }
        for name, shape in planned.plan.saved.items():
            saved[f"{planned.path}.{name}"] = self.layout.add(region, f"{mark}{planned.path}.{name}", shape)
            names[name] = saved[f"{planned.path}.{name}"]
        scratch_region = region if mark else "scratch"
        for name, shape in planned.plan.scratch.items():
            key = f"{planned.path}.{name}"
            saved[key] = self.layout.add(scratch_region, f"{mark}{key}", shape)
            names[name] = saved[key]
        return names

    def score(self, plan: LossPlan, values: list[Slot], region: str, evaluate: bool) -> dict[str, Slot]:
        mark = "eval." if evaluate else ""
        names = {"prediction": values[self.network.output], "target": self.tape.named[f"{mark}target"]}
        names |= {item.name: self.settings[f"loss.{item.name}"] for item in self.loss.record.fields if item.live}
        for name, shape in (plan.saved or {}).items():
            names[name] = self.layout.add(region, f"{mark}loss.{name}", shape)
        names["loss"] = self.layout.add(region, f"{mark}loss", (1,))
        self.tape.named[f"{mark}loss"] = names["loss"]
        for use in plan.forward:
            self.emit(use, "loss", "", names)
        if evaluate:
            names["score"] = self.tape.named["eval.score"] = self.layout.add(region, "eval.score", (1,))
            if plan.score is not None:
                self.emit(plan.score, "loss", "", names)
            elif self.options.score is not None:
                self.emit(Use(self.options.score), "loss", "", names)
        return names

    def backward(self, plan: LossPlan, values: list[Slot], saved: dict[str, Slot], loss_names: dict[str, Slot]) -> None:
        deltas = self.declare_deltas()
        if self.network.output in deltas:
            names = loss_names | {"dprediction": deltas[self.network.output]}
            for use in plan.backward:
                self.emit(use, "backward", "", names)
        for planned in reversed(self.network.layers):
            if planned.output not in deltas:
                continue  # nothing in front of it is trained, so even rows between its own values would read nothing
            self.silence(silence.MASK_GRADIENT, "backward", planned, deltas[planned.output])
            names = self.backward_names(planned, values, saved, deltas)
            for use in _wanted(planned.plan.backward, names):
                self.emit(use, "backward", planned.path, names)

    def declare_deltas(self) -> dict[int, Slot]:
        """A gradient slot for every value that a trained parameter stands in front of; the others need none."""
        needed: set[int] = set()
        for planned in self.network.layers:
            trains = bool(planned.plan.parameters) and not planned.frozen
            if trains or any(value in needed for value in planned.inputs):
                needed.add(planned.output)
        return {
            value: self.layout.add("deltas", self.delta_name(value), (BATCH, *self.network.values[value]))
            for value in sorted(needed)
        }

    def delta_name(self, value: int) -> str:
        planned = next(planned for planned in self.network.layers if planned.output == value)
        return f"d{planned.path}.output"

    def backward_names(
        self, planned: PlannedLayer, values: list[Slot], saved: dict[str, Slot], deltas: Mapping[int, Slot]
    ) -> dict[str, Slot]:
        names = {"x": values[planned.inputs[0]], "y": values[planned.output]}
        names |= {f"x{k}": values[value] for k, value in enumerate(planned.inputs)}
        names |= {f"dx{k}": deltas[value] for k, value in enumerate(planned.inputs) if value in deltas}
        if planned.inputs[0] in deltas:
            names["dx"] = deltas[planned.inputs[0]]
        if planned.output in deltas:
            names["dy"] = deltas[planned.output]
        for name in planned.plan.parameters:
            full = f"{planned.path}.{name}"
            names[name] = self.tape.parameters[full]
            if full in self.gradients:
                names[f"d{name}"] = self.gradients[full]
        names |= {name: self.buffers[f"{planned.path}.{name}"] for name in planned.plan.buffers}
        names |= {name: saved[f"{planned.path}.{name}"] for name in (*planned.plan.saved, *planned.plan.scratch)}
        names |= {
            item.name: self.settings[f"{planned.path}.{item.name}"] for item in planned.layer.record.fields if item.live
        }
        return names

    def silence(self, operation: Operation, phase: str, planned: PlannedLayer, slot: Slot) -> None:
        """Rows that put 0 in place of what the silent units of a layer say, or of the gradient that reaches them."""
        for part in self.options.silent:
            if part.path == planned.path:
                parts = shares(slot.size(self.layout.capacity(slot.region)))
                self.rows.append(Row(operation, phase, planned.path, (slot,), (slot,), (part.unit,), (False,), parts))

    def emit(self, use: Use, phase: str, path: str, names: Mapping[str, Slot]) -> None:
        """Appends a row."""
        operation = use.operation
        wanted = [use.names.get(name, name) for name in (*operation.reads, *operation.writes)]
        slots = [names[name] for name in wanted]
        reads, writes = tuple(slots[: len(operation.reads)]), tuple(slots[len(operation.reads) :])
        adds = tuple(slot.region in ("deltas", "gradients") and id(slot) in self.begun for slot in writes)
        self.begun |= {id(slot) for slot in writes}
        capacity = self.layout.capacity(writes[0].region)
        given = {"stream": self.streams.get(path, 0), **use.integers}
        integers = tuple(int(given[name]) for name in operation.integers)
        parts = shares(max(use.cost * capacity, MOVE * sum(slot.size(capacity) for slot in slots))) if use.cost else 1
        self.rows.append(Row(operation, phase, path, reads, writes, integers, adds, parts))

    # -- update ----------------------------------------------------------------------------------------------------

    def declare_update(self) -> None:
        trained = sum(self.tape.parameters[name].size(1) + 15 for name in self.gradients)
        parts = shares(trained * 8)
        add = self.layout.add
        for path in dict.fromkeys(part.path for part in self.options.frozen):
            for full in self.trained_of(path):
                self.kept[full] = add("scratch", f"{full}.kept", self.tape.parameters[full].shape)
        for name in self.optimizer.record.slots:
            for full in self.gradients:
                add("optimizer_state", f"{full}.{name}", self.tape.parameters[full].shape)
        self.tape.named["partial"] = add("scratch", "partial", (parts,))
        self.tape.named["norm"] = add("scratch", "norm", (1,))
        self.tape.named["finite_flags"] = add("scratch", "finite_flags", (parts,))
        state = sum(aligned(slot.size(1)) for region in STATE for slot in self.layout.slots[region])
        self.tape.named["last_good"] = add("last_good", "last_good", (state,))

    def close_spans(self) -> None:
        layout, tape = self.layout, self.tape
        trained = [tape.parameters[name] for name in self.gradients]
        decayed = [tape.parameters[name] for name in self.gradients if tape.planned[name][0].decays]
        tape.named["parameters"] = layout.span("parameters", "parameters", trained)
        tape.named["weights"] = layout.span("weights", "parameters", decayed)
        gradients = list(self.gradients.values())
        tape.named["gradients"] = layout.span("gradients", "gradients", gradients)
        tape.named["weight gradients"] = layout.span("weight gradients", "gradients", gradients[: len(decayed)])
        for number, name in enumerate(self.optimizer.record.slots):
            count = len(self.gradients)
            tape.named[name] = layout.span(
                name, "optimizer_state", layout.slots["optimizer_state"][number * count : (number + 1) * count]
            )

    def update(self) -> None:
        named, options = self.tape.named, self.options
        parts = named["finite_flags"].size(1)
        if options.penalty and named["weights"].size(1):
            self.row(penalty.PENALTY, ("weight gradients", "weights", "l1", "l2"), ("weight gradients",), (), parts)
        self.row(gradient_norm.PARTIAL, ("gradients",), ("partial",), (parts,), parts)
        self.row(gradient_norm.FINISH, ("partial",), ("norm",), (), 1)
        self.update_offset = len(self.rows)
        if options.clip_norm:
            self.row(clip.CLIP_NORM, ("gradients", "norm", "clip_norm"), ("gradients",), (), parts)
        if options.clip_value:
            self.row(clip.CLIP_VALUE, ("gradients", "clip_value"), ("gradients",), (), parts)
        for full, kept in self.kept.items():
            own = self.tape.parameters[full]
            self.rows.append(Row(silence.KEEP, "update", _path_of(full), (own,), (kept,), (), (False,)))
        operation = self.optimizer.record.operation
        self.row(operation, operation.reads, operation.writes, (), parts)
        for part in self.options.frozen:
            for full in self.trained_of(part.path):
                own, unit = self.tape.parameters[full], (part.unit,)
                slots = (self.kept[full], own), (own,)
                self.rows.append(Row(silence.PUT_BACK, "update", part.path, *slots, unit, (False,)))

    def trained_of(self, path: str) -> list[str]:
        """The trained parameters of a layer."""
        return [full for full in self.gradients if _path_of(full) == path]

    def row(
        self, operation: Operation, reads: Sequence[str], writes: Sequence[str], integers: tuple[int, ...], parts: int
    ) -> None:
        named = self.tape.named
        slots = tuple(named[name] for name in reads), tuple(named[name] for name in writes)
        self.rows.append(Row(operation, "update", "", *slots, integers, (False,) * len(writes), parts))


def _path_of(full: str) -> str:
    return full.rpartition(".")[0]


def _wanted(uses: Sequence[Use], names: Mapping[str, Slot]) -> list[Use]:
    """Those rows of a backward pass that lead to a gradient that is needed; `names` lacks the others."""
    kept: list[Use] = []
    read: set[str] = set()
    for use in reversed(uses):
        operation = use.operation
        reads = [use.names.get(name, name) for name in operation.reads]
        writes = [use.names.get(name, name) for name in operation.writes]
        leads = any(names[name].region in ("deltas", "gradients") or name in read for name in writes if name in names)
        if leads and all(name in names for name in (*reads, *writes)):
            kept.append(use)
            read |= set(reads)
    return kept[::-1]
