"""The rows of one stage up to its last gradient: forward through its networks, the loss, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnplay import rng
from nnplay.network.network import PlannedLayer
from nnplay.operations.step import gather, silence
from nnplay.records.loss import LossPlan
from nnplay.records.operation import BATCH, Operation, Use
from nnplay.tape import jacobian_rows
from nnplay.tape.machines.shares import MOVE, shares
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import Objective, full_name
from nnplay.tape.tape import Row, Stage

if TYPE_CHECKING:
    from nnplay.tape.assembler import Assembly
    from nnplay.tape.whole_rows import WholeRows


@dataclass(slots=True)
class TapePass:
    """One pass forward: for training, or for an evaluation.

    Attributes:
        mark: stands in front of the names of its slots.
        region: where its values lie.
        values: slots of the values of each network, by the network's name.
        saved: slots that layers keep for the way back, by path and name.
    """

    mark: str
    region: str
    values: dict[str, list[Slot]] = field(default_factory=dict)
    saved: dict[str, Slot] = field(default_factory=dict)

    @property
    def evaluates(self) -> bool:
        return self.region == "evaluation"


class StageRows:
    """Declares a stage's slots and writes its rows, all but those of the update.

    Attributes:
        stage: what it becomes.
        rows: of a training step, up to the last gradient.
        whole: the rows of an optimizer that looks at all parameters at once, whose slots are declared.
    """

    def __init__(self, assembly: Assembly, objective: Objective) -> None:
        self.assembly, self.objective = assembly, objective
        self.whole: WholeRows | None = None
        self.tape, self.spec, self.layout = assembly.tape, assembly.spec, assembly.tape.layout
        self.stage = Stage(objective)
        self.rows: list[Row] = []
        self.begun: set[int] = set()
        self.streams: dict[str, int] = {}
        for network in objective.forward:
            for planned in self.tape.networks[network].layers:
                self.streams[full_name(network, planned.path)] = rng.LAYER + assembly.layer_count
                assembly.layer_count += 1

    def run(self) -> None:
        """Writes the rows of a training step, and those of an evaluation."""
        for network in self.objective.trains:
            for full in self.assembly.trained[network]:
                slot = self.layout.add("gradients", f"d{self.name(full)}", self.tape.parameters[full].shape)
                self.stage.gradients[full] = slot
        if self.whole is not None:
            self.whole.declare()
        loss = self.objective.loss
        shape = self.tape.networks[self.objective.forward[-1]].output_shape
        plan = loss.plan(shape, weighted=bool(self.objective.weight))
        for name, array in (plan.constants or {}).items():
            slot = self.layout.add("settings", self.name("loss", "constant", name), array.shape)
            self.stage.constants[name] = (slot, array)
        training = TapePass(self.name(""), "activations")
        self.forward(training)
        names = self.score(plan, training)
        if self.whole is not None and self.whole.rule.seed is not None:
            jacobian_rows.write(self, self.whole.rule, training, self.whole.slots, self.whole.columns)
        else:
            self.backward(plan, training, names)
        train, self.rows = self.rows, []
        evaluation = TapePass(full_name("eval", self.objective.name), "evaluation")
        self.forward(evaluation)
        self.score(plan, evaluation)
        self.stage.evaluation, self.rows = self.rows, train

    def name(self, *parts: str) -> str:
        """A name with the stage's in front."""
        return full_name(self.objective.name, *parts)

    def note(self, run: TapePass, name: str, slot: Slot) -> Slot:
        """Gives a slot a name that says what it is for."""
        self.stage.named[f"eval.{name}" if run.evaluates else name] = slot
        return slot

    # -- forward, loss, backward -----------------------------------------------------------------------------------

    def forward(self, run: TapePass) -> None:
        objective, add = self.objective, self.layout.add
        batch = "evaluation" if run.evaluates else "batch"
        arrays = {"input": objective.input, "target": objective.target}
        slots = {
            name: self.note(run, name, add(batch, full_name(run.mark, name), (BATCH, *self.tape.arrays[array])))
            for name, array in arrays.items()
        }
        self.rows.append(Row(gather.GATHER, "data", "", (), tuple(slots.values()), (0, 0, 0, 0), (False, False)))
        if objective.weight:
            slot = self.note(run, "weight", add(batch, full_name(run.mark, "weight"), (BATCH,)))
            self.rows.append(Row(gather.GATHER_WEIGHTS, "data", "", (), (slot,), (0, 0, 0), (False,)))
        value = slots["input"]
        for network in objective.forward:
            value = self.forward_network(run, network, value)
        self.note(run, "output", value)

    def forward_network(self, run: TapePass, network: str, given: Slot) -> Slot:
        """The rows of one network, fed that value; returns its answer."""
        plan = self.tape.networks[network]
        values = run.values[network] = [given]
        for planned in plan.layers:
            name = full_name(run.mark, network, planned.path, "output")
            values.append(self.layout.add(run.region, name, (BATCH, *planned.plan.output)))
        for planned in plan.layers:
            path = full_name(network, planned.path)
            self.declare_saved(run, path, planned)
            uses = planned.plan.forward
            if run.evaluates and planned.plan.evaluate is not None:
                uses = planned.plan.evaluate
            names = self.layer_names(run, network, planned)
            for use in uses:
                self.emit(use, "forward", path, names)
            self.silence(silence.SILENCE, "forward", path, values[planned.output])
        return values[plan.output]

    def declare_saved(self, run: TapePass, path: str, planned: PlannedLayer) -> None:
        scratch = run.region if run.evaluates else "scratch"
        for region, declared in ((run.region, planned.plan.saved), (scratch, planned.plan.scratch)):
            for name, shape in declared.items():
                slot = self.layout.add(region, full_name(run.mark, path, name), shape)
                run.saved[f"{path}.{name}"] = slot

    def layer_names(self, run: TapePass, network: str, planned: PlannedLayer) -> dict[str, Slot]:
        """The slots of a layer by the names of its record; gradients are not among them."""
        path, values = full_name(network, planned.path), run.values[network]
        target = self.stage.named["eval.target" if run.evaluates else "target"]
        names = {"x": values[planned.inputs[0]], "y": values[planned.output], "target": target}
        names |= {f"x{k}": values[value] for k, value in enumerate(planned.inputs)}
        names |= {name: self.tape.parameters[full_name(network, full)] for name, full in planned.parameters.items()}
        names |= {name: self.assembly.buffers[f"{path}.{name}"] for name in planned.plan.buffers}
        names |= {name: run.saved[f"{path}.{name}"] for name in (*planned.plan.saved, *planned.plan.scratch)}
        live = [item.name for item in planned.layer.record.fields if item.live]
        return names | {name: self.assembly.settings[f"{path}.{name}"] for name in live}

    def score(self, plan: LossPlan, run: TapePass) -> dict[str, Slot]:
        """The rows of the loss, and in an evaluation those that count right answers; returns the loss's slots."""
        mark = "eval." if run.evaluates else ""
        named, add = self.stage.named, self.layout.add
        names = {"prediction": named[f"{mark}output"], "target": named[f"{mark}target"]}
        live = [item.name for item in self.objective.loss.record.fields if item.live]
        names |= {name: self.assembly.settings[self.name("loss", name)] for name in live}
        names |= {name: slot for name, (slot, _) in self.stage.constants.items()}
        if self.objective.weight:
            names["weight"] = named[f"{mark}weight"]
        for name, shape in (plan.saved or {}).items():
            names[name] = add(run.region, full_name(run.mark, "loss", name), shape)
        names["loss"] = self.note(run, "loss", add(run.region, full_name(run.mark, "loss"), (1,)))
        if run.evaluates:
            names |= {
                name: add("tallies", full_name(run.mark, "loss", name), shape)
                for name, shape in (plan.tallies or {}).items()
            }
        for use in (plan.evaluate or plan.forward) if run.evaluates else plan.forward:
            self.emit(use, "loss", "", names)
        if run.evaluates:
            names["score"] = self.note(run, "score", add(run.region, full_name(run.mark, "score"), (1,)))
            if plan.score is not None:
                self.emit(plan.score, "loss", "", names)
            elif self.spec.score is not None:
                self.emit(Use(self.spec.score), "loss", "", names)
        return names

    def backward(self, plan: LossPlan, run: TapePass, loss_names: dict[str, Slot]) -> None:
        deltas = self.declare_deltas(run)
        output = self.stage.named["output"]
        if id(output) in deltas:
            names = loss_names | {"dprediction": deltas[id(output)]}
            for use in plan.backward:
                self.emit(use, "backward", "", names)
        for network in reversed(self.objective.forward):
            values = run.values[network]
            for planned in reversed(self.tape.networks[network].layers):
                delta = deltas.get(id(values[planned.output]))
                if delta is None:
                    continue  # nothing in front of it is trained: even rows between its own values would read nothing
                path = full_name(network, planned.path)
                self.silence(silence.MASK_GRADIENT, "backward", path, delta)
                names = self.backward_names(run, network, planned, deltas)
                for use in self.wanted(planned.plan.backward, names):
                    self.emit(use, "backward", path, names)

    @staticmethod
    def wanted(uses: Sequence[Use], names: Mapping[str, Slot]) -> list[Use]:
        """Those rows of a backward pass that lead to a gradient that is needed; `names` lacks the others."""
        kept: list[Use] = []
        read: set[str] = set()
        for use in reversed(uses):
            operation = use.operation
            reads = [use.names.get(name, name) for name in operation.reads]
            writes = [use.names.get(name, name) for name in operation.writes]
            leads = any(
                names[name].region in ("deltas", "gradients") or name in read for name in writes if name in names
            )
            if leads and all(name in names for name in (*reads, *writes)):
                kept.append(use)
                read |= set(reads)
        return kept[::-1]

    def declare_deltas(self, run: TapePass, mark: str = "") -> dict[int, Slot]:
        """A gradient slot for every value that a trained parameter stands in front of, by the value's slot.

        Args:
            mark: stands behind the names, where there are several ways back.
        """
        needed: dict[int, tuple[str, Slot]] = {}
        if self.objective.to_input:
            given = self.stage.named["input"]
            needed[id(given)] = "input", given
        for network in self.objective.forward:
            values = run.values[network]
            for planned in self.tape.networks[network].layers:
                path = full_name(network, planned.path)
                trains = any(full_name(network, full) in self.stage.gradients for full in planned.parameters.values())
                if trains or any(id(values[value]) in needed for value in planned.inputs):
                    needed[id(values[planned.output])] = f"{path}.output", values[planned.output]
        return {
            key: self.layout.add("deltas", f"d{self.name(name)} {mark}".strip(), slot.shape)
            for key, (name, slot) in needed.items()
        }

    def backward_names(
        self, run: TapePass, network: str, planned: PlannedLayer, deltas: Mapping[int, Slot]
    ) -> dict[str, Slot]:
        values = run.values[network]
        given = [deltas.get(id(values[value])) for value in planned.inputs]
        names = self.layer_names(run, network, planned)
        names |= {f"dx{k}": slot for k, slot in enumerate(given) if slot is not None}
        if given[0] is not None:
            names["dx"] = given[0]
        names["dy"] = deltas[id(values[planned.output])]
        gradients = self.stage.gradients
        own = {name: full_name(network, full) for name, full in planned.parameters.items()}
        return names | {f"d{name}": gradients[full] for name, full in own.items() if full in gradients}

    def silence(self, operation: Operation, phase: str, path: str, slot: Slot) -> None:
        """Rows that put 0 in place of what the silent units of a layer say, or of the gradient that reaches them."""
        for part in self.spec.silent:
            if part.path == path:
                parts = shares(slot.size(self.layout.capacity(slot.region)))
                self.rows.append(Row(operation, phase, path, (slot,), (slot,), (part.unit,), (False,), parts))

    def emit(self, use: Use, phase: str, path: str, names: Mapping[str, Slot]) -> None:
        """Appends a row."""
        operation = use.operation
        wanted = [use.names.get(name, name) for name in (*operation.reads, *operation.writes)]
        slots = [names[name] for name in wanted]
        reads, writes = tuple(slots[: len(operation.reads)]), tuple(slots[len(operation.reads) :])
        adds = tuple(slot.region in ("deltas", "gradients") and id(slot) in self.begun for slot in writes)
        self.begun |= {id(slot) for slot in writes}
        capacity = self.layout.capacity(writes[0].region)
        # what a row does not say itself: the layer's stream of random numbers, and the rows of a full batch
        given = {"stream": self.streams.get(path, 0), "batch": self.layout.batch, **use.integers}
        integers = tuple(int(given[name]) for name in operation.integers)
        parts = shares(max(use.cost * capacity, MOVE * sum(slot.size(capacity) for slot in slots))) if use.cost else 1
        self.rows.append(Row(operation, phase, path, reads, writes, integers, adds, parts))
