"""The rows of a stage behind its last gradient: penalties, the gradient's length, clipping, and the update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nnplay.operations.step import gradient_norm, silence
from nnplay.records.operation import Operation
from nnplay.tape.machines.shares import shares
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import full_name
from nnplay.tape.tape import Row, Stage

if TYPE_CHECKING:
    from nnplay.tape.assembler import Assembly


class UpdateRows:
    """Writes the update of one stage: `declare` before the layout is closed, `rows` after it.

    Attributes:
        kept: copies of parameters of which some stay as they are, by name.
        state: slots of the optimizer's state by its name and the parameter's.
        flags: slots of the finite flags of each network.
    """

    def __init__(self, assembly: Assembly, stage: Stage) -> None:
        self.stage, self.trained = stage, assembly.trained
        self.tape, self.spec, self.layout = assembly.tape, assembly.spec, assembly.tape.layout
        self.kept: dict[str, Slot] = {}
        self.state: dict[str, dict[str, Slot]] = {}
        self.flags: dict[str, Slot] = {}

    def name(self, *parts: str) -> str:
        """A name with the stage's in front."""
        return full_name(self.stage.objective.name, *parts)

    def parts_of(self, names: Sequence[str]) -> int:
        """Into how many parts a row over these parameters is cut."""
        return shares(8 * sum(self.tape.parameters[name].size(1) + 15 for name in names))

    def declare(self) -> None:
        """Declares what the update needs, before the layout is closed."""
        add, gradients, parameters = self.layout.add, self.stage.gradients, self.tape.parameters
        for path in dict.fromkeys(part.path for part in self.spec.frozen):
            for full in self.trained_of(path):
                self.kept[full] = add("scratch", f"{self.name(full)}.kept", parameters[full].shape)
        for name in self.stage.objective.optimizer.record.slots:
            self.state[name] = {
                full: add("optimizer_state", f"{self.name(full)}.{name}", parameters[full].shape) for full in gradients
            }
        named = self.stage.named
        named["optimizer"] = self.tape.named[self.name("optimizer")]
        named["partial"] = add("scratch", self.name("partial"), (self.parts_of(list(gradients)),))
        named["norm"] = add("scratch", self.name("norm"), (1,))
        for network in self.stage.objective.trains:
            parts = self.parts_of(self.trained[network])
            self.flags[network] = add("scratch", self.name(network, "finite_flags"), (parts,))

    def rows(self) -> tuple[list[Row], list[Row]]:
        """Rows that finish the gradient, and rows that change parameters: an update for each network it trains."""
        stage, spec, (first, *others) = self.stage, self.spec, self.stage.objective.trains
        spans = {network: self.close_spans(network) for network in (first, *others)}
        stage.named |= spans[first]
        if others:  # the length of the gradient is that of all of it
            stage.named["gradients"] = self.layout.span(self.name("gradients"), "gradients", stage.gradients.values())
        flags = [self.flags[network] for network in spans]
        stage.named["finite_flags"] = flags[0] if not others else self.layout.span(self.name("flags"), "scratch", flags)
        before, update = [], []
        for network, span in spans.items():
            if span["weights"].size(1):
                own = {**span, "gradients": span["weight gradients"]}
                before += [self.row(operation, own, (), self.flags[network].size(1)) for operation in spec.penalties]
        named, parts = stage.named, stage.named["partial"].size(1)
        before.append(self.row(gradient_norm.PARTIAL, named, (parts,), parts))
        before.append(self.row(gradient_norm.FINISH, named, (), 1))
        update += [self.row(operation, named, (), parts) for operation in spec.clips]
        update += [self.keep(full) for full in self.kept]
        operation = self.stage.objective.optimizer.record.operation
        for network, span in spans.items():
            update.append(self.row(operation, span, (self.stage.objective.every,), self.flags[network].size(1)))
        for part in spec.frozen:
            update += [self.put_back(full, part.path, part.unit) for full in self.trained_of(part.path)]
        return before, update

    def close_spans(self, network: str) -> dict[str, Slot]:
        """One vector each over what the update of a network reads and writes, by the names of the operations."""
        layout, tape = self.layout, self.tape
        trained = self.trained[network]
        decayed = [name for name in trained if tape.planned[name][0].decays]
        label = "" if network == self.stage.objective.trains[0] else network

        def span(name: str, region: str, slots: Sequence[Slot]) -> Slot:
            return layout.span(self.name(label, name), region, slots)

        gradients = [self.stage.gradients[name] for name in trained]
        found = {
            "parameters": span("parameters", "parameters", [tape.parameters[name] for name in trained]),
            "weights": span("weights", "parameters", [tape.parameters[name] for name in decayed]),
            "gradients": span("gradients", "gradients", gradients),
            "weight gradients": span("weight gradients", "gradients", gradients[: len(decayed)]),
        }
        for name in self.stage.objective.optimizer.record.slots:
            found[name] = span(name, "optimizer_state", [self.state[name][full] for full in trained])
        return found | {"finite_flags": self.flags[network]}

    def trained_of(self, path: str) -> list[str]:
        """The trained parameters of a layer."""
        return [full for full in self.stage.gradients if full.rpartition(".")[0] == path]

    def keep(self, full: str) -> Row:
        slots = (self.tape.parameters[full],), (self.kept[full],)
        return Row(silence.KEEP, "update", full.rpartition(".")[0], *slots, (), (False,))

    def put_back(self, full: str, path: str, unit: int) -> Row:
        own = self.tape.parameters[full]
        return Row(silence.PUT_BACK, "update", path, (self.kept[full], own), (own,), (unit,), (False,))

    def row(self, operation: Operation, slots: Mapping[str, Slot], integers: tuple[int, ...], parts: int) -> Row:
        """A row of the update, whose operands are in these slots, or in those of the stage and the run."""
        found = {**self.tape.named, **self.stage.named, **slots}
        reads, writes = (tuple(found[name] for name in wanted) for wanted in (operation.reads, operation.writes))
        return Row(operation, "update", "", reads, writes, integers, (False,) * len(writes), parts)
