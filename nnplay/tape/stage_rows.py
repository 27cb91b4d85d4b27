"""The rows of one stage up to its last gradient: forward through its networks, the loss, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

import numpy as np

from nnplay import rng
from nnplay.errors import InputError
from nnplay.network.network import PlannedLayer
from nnplay.operations.step import draw, gather, silence, sum_losses
from nnplay.records.loss import LossPlan
from nnplay.records.operation import BATCH, Operation, Use
from nnplay.tape import gradient_penalty_rows, jacobian_rows
from nnplay.tape.machines.shares import MOVE, shares
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import Objective, Term, full_name
from nnplay.tape.stage_pass import TapePass
from nnplay.tape.tape import Row, Stage

if TYPE_CHECKING:
    from nnplay.tape.assembler import Assembly
    from nnplay.tape.gradient_penalty_rows import PenaltyPass
    from nnplay.tape.whole_rows import WholeRows


class StageRows:
    """Declares a stage's slots and writes its rows, all but those of the update.

    Attributes:
        stage: what it becomes.
        rows: of a training step, up to the last gradient.
        begun: slots that a row has written.
        sums: slots that later rows add to, besides deltas and gradients.
        whole: the rows of an optimizer that looks at all parameters at once, whose slots are declared.
    """

    def __init__(self, assembly: Assembly, objective: Objective) -> None:
        self.assembly, self.objective = assembly, objective
        self.whole: WholeRows | None = None
        self.tape, self.spec, self.layout = assembly.tape, assembly.spec, assembly.tape.layout
        self.stage = Stage(objective)
        self.rows: list[Row] = []
        self.begun: set[int] = set()
        self.sums: set[int] = set()
        self.streams: dict[tuple[str, str], int] = {}
        for term in objective.passes:
            for network in term.forward:
                for planned in self.tape.networks[network].layers:
                    self.streams[term.name, full_name(network, planned.path)] = self.next_stream()
        for term in objective.passes:
            if term.input in self.spec.noises and not term.at:
                self.streams[term.name, "noise"] = self.next_stream()
        for penalty in objective.penalties:
            self.streams[penalty.name, "between"] = self.next_stream()
            for network in penalty.forward:
                for planned in self.tape.networks[network].layers:
                    self.streams[penalty.name, full_name(network, planned.path)] = self.next_stream()

    def next_stream(self) -> int:
        """A stream of random numbers that nothing else in the run has."""
        self.assembly.layer_count += 1
        return rng.LAYER + self.assembly.layer_count - 1

    def run(self) -> None:
        """Writes the rows of a training step, and those of an evaluation."""
        for network in self.objective.trains:
            for full in self.assembly.trained[network]:
                slot = self.layout.add("gradients", f"d{self.name(full)}", self.tape.parameters[full].shape)
                self.stage.gradients[full] = slot
        if self.whole is not None:
            self.whole.declare()
        terms = self.objective.passes
        plans = [self.plan_loss(term) for term in terms]
        passes = [TapePass(term, self.name(term.name), "activations") for term in terms]
        for run in passes:
            self.gather(run)
        for run in passes:
            self.forward(run, passes[0])
        names = [self.score(plan, run) for plan, run in zip(plans, passes, strict=True)]
        penalties = [gradient_penalty_rows.forward(self, one, passes) for one in self.objective.penalties]
        self.sum_losses(passes, names, penalties)
        if self.whole is not None and self.whole.rule.seed is not None:
            jacobian_rows.write(self, self.whole.rule, passes[0], self.whole.slots, self.whole.columns)
        else:
            self.backward(plans, passes, names)
            for found in penalties:
                gradient_penalty_rows.backward(self, found)
        train, self.rows = self.rows, []
        evaluation = TapePass(terms[0], full_name("eval", self.objective.name), "evaluation")
        self.gather(evaluation)
        self.forward(evaluation, evaluation)
        self.score(plans[0], evaluation)
        self.stage.evaluation, self.rows = self.rows, train

    def plan_loss(self, term: Term) -> LossPlan:
        """The rows of a loss of the objective; its constants get their places."""
        if term.at and not term.forward:
            shape = self.tape.layers[term.at].plan.output
        else:
            shape = self.tape.networks[term.forward[-1]].output_shape
        plan = term.loss.plan(shape, weighted=self.weighs(term))
        constants = dict(plan.constants or {})
        if self.objective.adds_losses:
            constants["factor"] = np.array([term.factor])
        for name, array in constants.items():
            slot = self.layout.add("settings", self.name(term.name, "loss", "constant", name), array.shape)
            self.stage.constants[full_name(term.name, name)] = (slot, array)
        return plan

    def weighs(self, term: Term) -> bool:
        """Whether rows have weights of their own in a loss."""
        return bool(self.objective.weight) and term.own

    def name(self, *parts: str) -> str:
        """A name with the stage's in front."""
        return full_name(self.objective.name, *parts)

    def note(self, run: TapePass, name: str, slot: Slot) -> Slot:
        """Gives a slot a name that says what it is for."""
        full = full_name(run.term.name, name)
        self.stage.named[f"eval.{full}" if run.evaluates else full] = slot
        return slot

    def noted(self, run: TapePass, name: str) -> Slot:
        """The slot that was given that name."""
        full = full_name(run.term.name, name)
        return self.stage.named[f"eval.{full}" if run.evaluates else full]

    # -- data, forward, loss, backward -----------------------------------------------------------------------------

    def gather(self, run: TapePass) -> None:
        """The rows that put the batch of a pass in place: copied out of the data, or made."""
        term, spec = run.term, self.spec
        batch = "evaluation" if run.evaluates else "batch"
        arrays = {"target": term.target} if term.at else {"input": term.input, "target": term.target}
        if term.teacher:
            self.gather_for_teacher(run, batch)
            return
        slots = {
            name: self.note(
                run, name, self.layout.add(batch, full_name(run.mark, name), (BATCH, *self.tape.arrays[array]))
            )
            for name, array in arrays.items()
        }
        draws = term.input in spec.noises and not run.evaluates
        fills = term.target in spec.constants
        if not (term.at or draws or fills):
            self.add_source(run, gather.GATHER, tuple(slots.values()), {"x": term.input, "y": term.target})
        else:
            if draws and not term.at:
                operation = draw.NOISES[spec.noises[term.input]][0]
                self.add_source(run, operation, (slots["input"],), {}, (self.streams[term.name, "noise"],))
            elif not term.at:
                self.add_source(run, gather.GATHER_INPUT, (slots["input"],), {"x": term.input})
            if fills:
                value = round(spec.constants[term.target] * draw.MILLIONTHS)
                self.add_source(run, draw.FILL, (slots["target"],), {}, (value,))
            else:
                self.add_source(run, gather.GATHER_TARGET, (slots["target"],), {"y": term.target})
        if self.weighs(term):
            slot = self.note(run, "weight", self.layout.add(batch, full_name(run.mark, "weight"), (BATCH,)))
            self.add_source(run, gather.GATHER_WEIGHTS, (slot,), {"weights": self.objective.weight})

    def gather_for_teacher(self, run: TapePass, batch: str) -> None:
        """The rows of a pass that a network teaches: its input, and what the teacher is asked."""
        asked = self.layout.add(batch, full_name(run.mark, "asked"), (BATCH, *self.tape.arrays["input"]))
        self.add_source(run, gather.GATHER_INPUT, (self.note(run, "asked", asked),), {"x": "input"})
        if run.term.at or run.term.input == "input":
            self.note(run, "input", asked)
            return
        term = run.term
        slot = self.layout.add(batch, full_name(run.mark, "input"), (BATCH, *self.tape.arrays[term.input]))
        self.note(run, "input", slot)
        if term.input in self.spec.noises and not run.evaluates:
            operation, stream = draw.NOISES[self.spec.noises[term.input]][0], self.streams[term.name, "noise"]
            self.add_source(run, operation, (slot,), {}, (stream,))
        else:
            self.add_source(run, gather.GATHER_INPUT, (slot,), {"x": term.input})

    def ask_teacher(self, run: TapePass) -> None:
        """The rows of the network whose answer is the target of a pass, as outside training."""
        name, term = run.term.teacher, run.term
        other = TapePass(term, full_name(run.mark, "teacher"), run.region, settled=True)
        self.note(run, "target", self.forward_network(other, name, self.noted(run, "asked")))

    def add_source(
        self,
        run: TapePass,
        operation: Operation,
        slots: tuple[Slot, ...],
        arrays: Mapping[str, str],
        integers: tuple[int, ...] = (),
    ) -> None:
        """Appends a data row, with the arrays that it gathers; addresses follow when there are data."""
        given = integers or (0,) * len(operation.integers)
        self.rows.append(Row(operation, "data", "", (), slots, given, (False,) * len(slots)))
        (self.stage.eval_sources if run.evaluates else self.stage.sources).append(arrays)

    def forward(self, run: TapePass, first: TapePass) -> None:
        """The rows of the networks of a pass, which begins with its input or within the first pass."""
        if run.term.teacher:
            self.ask_teacher(run)
        value = self.value_at(first, run.term.at) if run.term.at else self.noted(run, "input")
        for network in run.term.forward:
            value = self.forward_network(run, network, value)
        self.note(run, "output", value)

    def value_at(self, run: TapePass, path: str) -> Slot:
        """The slot of the output of a layer in a pass."""
        for network in run.term.forward:
            for planned in self.tape.networks[network].layers:
                if full_name(network, planned.path) == path:
                    return run.values[network][planned.output]
        raise InputError(f"there is no layer {path} on its way", where=self.objective.name)

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
            if (run.evaluates or run.settled) and planned.plan.evaluate is not None:
                uses = planned.plan.evaluate
            names = self.layer_names(run, network, planned)
            for use in uses:
                self.emit(use, "forward", path, names, run.term.name)
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
        add, term = self.layout.add, run.term
        names = {"prediction": self.noted(run, "output"), "target": self.noted(run, "target")}
        live = [item.name for item in term.loss.record.fields if item.live]
        names |= {name: self.assembly.settings[self.name(term.name, "loss", name)] for name in live}
        constants = ((name.rpartition(".")[::2], slot) for name, (slot, _) in self.stage.constants.items())
        names |= {name: slot for (owner, name), slot in constants if owner == term.name}
        if self.weighs(term):
            names["weight"] = self.noted(run, "weight")
        for name, shape in (plan.saved or {}).items():
            names[name] = add(run.region, full_name(run.mark, "loss", name), shape)
        own = "own loss" if self.objective.adds_losses and not (term.name or run.evaluates) else "loss"
        names["loss"] = self.note(run, own, add(run.region, full_name(run.mark, own), (1,)))
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

    def sum_losses(
        self, passes: Sequence[TapePass], names: Sequence[dict[str, Slot]], penalties: Sequence[PenaltyPass]
    ) -> None:
        """The rows that add the losses of all passes, and gradient penalties."""
        if not self.objective.adds_losses:
            return
        total = self.note(passes[0], "loss", self.layout.add("activations", self.name("loss"), (1,)))
        for number, slots in enumerate(names):
            operation = sum_losses.ADD_LOSS if number else sum_losses.SCALE_LOSS
            self.emit(Use(operation), "loss", "", {**slots, "total": total})
        for found in penalties:
            gradient_penalty_rows.add_loss(self, found, total)

    def backward(self, plans: Sequence[LossPlan], passes: Sequence[TapePass], names: Sequence[dict[str, Slot]]) -> None:
        """The way back through all passes, the objective's own last: the others may end within it."""
        deltas: dict[int, Slot] = {}
        for run in passes:
            self.declare_deltas(run, deltas)
        for plan, run, slots in reversed(list(zip(plans, passes, names, strict=True))):
            self.backward_loss(plan, run, slots, deltas)
            for network in reversed(run.term.forward):
                self.backward_network(run, network, deltas)

    def backward_loss(self, plan: LossPlan, run: TapePass, names: dict[str, Slot], deltas: Mapping[int, Slot]) -> None:
        output = self.noted(run, "output")
        if id(output) not in deltas:
            return
        delta = deltas[id(output)]
        if not self.objective.adds_losses:
            own = delta
        else:
            own = self.layout.add("scratch", f"d{full_name(run.mark, 'output')} of the loss", output.shape)
        for use in plan.backward:
            self.emit(use, "backward", "", names | {"dprediction": own})
        if own is not delta:
            self.emit(Use(sum_losses.SCALE_GRADIENT), "backward", "", {**names, "gradient": own, "dprediction": delta})

    def backward_network(self, run: TapePass, network: str, deltas: Mapping[int, Slot]) -> None:
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
    def wanted(uses: Sequence[Use], names: Mapping[str, Slot], needed: Set[int] = frozenset()) -> list[Use]:
        """Those rows of a backward pass that lead to a gradient that is needed; `names` lacks the others.

        Args:
            needed: what is needed besides deltas and gradients, as the `id` of its slot.
        """
        kept: list[Use] = []
        read: set[str] = set()
        for use in reversed(uses):
            operation = use.operation
            reads = [use.names.get(name, name) for name in operation.reads]
            writes = [use.names.get(name, name) for name in operation.writes]
            leads = any(
                names[name].region in ("deltas", "gradients") or name in read or id(names[name]) in needed
                for name in writes
                if name in names
            )
            if leads and all(name in names for name in (*reads, *writes)):
                kept.append(use)
                read |= set(reads)
        return kept[::-1]

    def declare_deltas(
        self, run: TapePass, deltas: dict[int, Slot] | None = None, mark: str = "", among: Set[int] | None = None
    ) -> dict[int, Slot]:
        """A gradient slot for every value that a trained parameter stands in front of, by the value's slot.

        Args:
            deltas: those of other passes, to which these are added.
            mark: stands behind the names, where there are several ways back.
            among: the values that may have one, as the `id` of their slots; None: all of them.
        """
        deltas = {} if deltas is None else deltas
        needed: dict[int, tuple[str, Slot]] = {}
        if self.objective.to_input and not run.term.name:
            given = self.noted(run, "input")
            needed[id(given)] = "input", given
        for network in run.term.forward:
            values = run.values[network]
            for planned in self.tape.networks[network].layers:
                path = full_name(network, planned.path)
                trains = any(full_name(network, full) in self.stage.gradients for full in planned.parameters.values())
                if trains or any(id(values[value]) in (needed.keys() | deltas.keys()) for value in planned.inputs):
                    needed[id(values[planned.output])] = f"{path}.output", values[planned.output]
        for key, (name, slot) in needed.items():
            if among is None or key in among:
                deltas[key] = self.layout.add("deltas", f"d{full_name(run.mark, name)} {mark}".strip(), slot.shape)
        return deltas

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

    def emit(self, use: Use, phase: str, path: str, names: Mapping[str, Slot], term: str = "") -> None:
        """Appends a row, of a pass that is for the loss called `term`."""
        operation = use.operation
        wanted = [use.names.get(name, name) for name in (*operation.reads, *operation.writes)]
        slots = [names[name] for name in wanted]
        reads, writes = tuple(slots[: len(operation.reads)]), tuple(slots[len(operation.reads) :])
        summed = [slot.region in ("deltas", "gradients") or id(slot) in self.sums for slot in writes]
        adds = tuple(sums and id(slot) in self.begun for sums, slot in zip(summed, writes, strict=True))
        self.begun |= {id(slot) for slot in writes}
        capacity = self.layout.capacity(writes[0].region)
        # what a row does not say itself: the layer's stream of random numbers, and the rows of a full batch
        given = {"stream": self.streams.get((term, path), 0), "batch": self.layout.batch, **use.integers}
        integers = tuple(int(given[name]) for name in operation.integers)
        parts = shares(max(use.cost * capacity, MOVE * sum(slot.size(capacity) for slot in slots))) if use.cost else 1
        self.rows.append(Row(operation, phase, path, reads, writes, integers, adds, parts))
