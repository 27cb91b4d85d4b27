"""The rows of a stage behind its last gradient: penalties, the gradient's length, clipping, and the update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from nnplay.operations.step import accumulate, average, gradient_norm, silence
from nnplay.operations.step.clip import CLAMP_WEIGHTS
from nnplay.operations.step.group_settings import GROUP_SETTINGS
from nnplay.records.operation import Operation
from nnplay.tape.machines.shares import shares
from nnplay.tape.memory_layout import Slot
from nnplay.tape.objective import full_name
from nnplay.tape.parameter_runs import ParameterRun, cut
from nnplay.tape.tape import Row, Stage

if TYPE_CHECKING:
    from nnplay.tape.assembler import Assembly


class UpdateRows:
    """Writes the update of one stage: `declare` before the layout is closed, `rows` after it.

    Attributes:
        runs: of each network, the parameters that are updated together.
        kept: copies of parameters of which some stay as they are, by name.
        state: slots of the optimizer's state by the parameter's name and its own.
        scratch: slots of what goes from row to row of a rule by tensor, by the parameter's name and its own.
        means: slots of the mean gradients of a step's batches, by the parameter's name; `mean_loss` of their loss.
        settings: slots of the settings of each group, with the learning rate of the step.
        flags: slots of the finite flags of each run.
    """

    def __init__(self, assembly: Assembly, stage: Stage) -> None:
        self.stage, self.trained = stage, assembly.trained
        self.tape, self.spec, self.layout = assembly.tape, assembly.spec, assembly.tape.layout
        self.optimizer = stage.objective.optimizer
        self.runs: dict[str, list[ParameterRun]] = {}
        self.kept: dict[str, Slot] = {}
        self.state: dict[str, dict[str, Slot]] = {}
        self.scratch: dict[str, dict[str, Slot]] = {}
        self.settings: list[Slot] = []
        self.means: dict[str, Slot] = {}
        self.mean_loss: Slot | None = None
        self.flags: dict[ParameterRun, Slot] = {}

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
        named = self.stage.named
        if limit := self.stage.objective.clamp:
            named["clamp"] = add("settings", self.name("clamp"), (1,))
            self.stage.constants["clamp"] = (named["clamp"], np.array([limit]))
        self._declare_state()
        if self.spec.accumulates:
            self.means = {
                full: add("accumulated", f"d{self.name(full)}.mean", slot.shape) for full, slot in gradients.items()
            }
            self.mean_loss = add("accumulated", self.name("mean loss"), (1,))
        if self.spec.average is not None:
            for full in gradients:
                slot = add("optimizer_state", f"{self.name(full)}.average", parameters[full].shape)
                self.tape.averages[full] = slot
            named["averaged"] = add("optimizer_state", self.name("averaged"), (1,))
        fields = (len(self.optimizer.record.fields),)
        for number in range(len(self.spec.groups)):
            self.stage.groups.append(add("settings", self.name("optimizer", f"group {number}"), fields))
            self.settings.append(add("scratch", self.name("optimizer", f"settings {number}"), fields))
        named["optimizer"] = self.tape.named[self.name("optimizer")]
        named["partial"] = add("scratch", self.name("partial"), (self.parts_of(list(gradients)),))
        named["norm"] = add("scratch", self.name("norm"), (1,))
        for network in self.stage.objective.trains:
            shapes = {full: parameters[full].at(1) for full in self.trained[network]}
            self.runs[network] = cut(shapes, self.optimizer, self.spec.groups)
            for number, run in enumerate(self.runs[network]):
                flags = self.name(network, f"finite_flags {number}" if number else "finite_flags")
                self.flags[run] = add("scratch", flags, (self.flags_of(run),))

    def _declare_state(self) -> None:
        """State slots: all of one kind are neighbours, in the order of the parameters, so that spans cover them."""
        wanted = {full: self.optimizer.state_of(self.tape.parameters[full].at(1)) for full in self.stage.gradients}
        for name in dict.fromkeys(name for state in wanted.values() for name in state):
            for full, state in wanted.items():
                if name in state:
                    slot = self.layout.add("optimizer_state", f"{self.name(full)}.{name}", state[name])
                    self.state.setdefault(full, {})[name] = slot
        for full in wanted:
            rule = self.optimizer.record.by_tensor(self.tape.parameters[full].at(1))
            for name, shape in rule.scratch.items() if rule is not None else ():
                slot = self.layout.add("scratch", f"{self.name(full)}.{name}", shape)
                self.scratch.setdefault(full, {})[name] = slot

    def flags_of(self, run: ParameterRun) -> int:
        """How many finite flags a run leaves: one for each part of its last row."""
        return self.parts_of(run.names) if run.rule is None else shares(run.rule.uses[-1].cost)

    def rows(self) -> tuple[list[Row], list[Row]]:
        """Rows that finish the gradient, and rows that change parameters: an update for each network it trains."""
        stage, spec, (first, *others) = self.stage, self.spec, self.stage.objective.trains
        spans = {network: self.close_spans(network) for network in (first, *others)}
        stage.named |= spans[first]
        if others:  # the length of the gradient is that of all of it
            stage.named["gradients"] = self.layout.span(self.name("gradients"), "gradients", stage.gradients.values())
        flags = list(self.flags.values())
        one = len(flags) == 1
        stage.named["finite_flags"] = flags[0] if one else self.layout.span(self.name("flags"), "scratch", flags)
        before, update = [], []
        for network, span in spans.items():
            if span["weights"].size(1):
                own = {**span, "gradients": span["weight gradients"]}
                parts = self.parts_of(self.trained[network])
                before += [self.row(operation, own, (), parts) for operation in spec.penalties]
        if self.mean_loss is not None:
            stage.named["mean"] = self.span("", "mean gradients", "accumulated", list(self.means.values()))
            before.insert(0, self.row(accumulate.PUT_IN_PLACE, {}, (), self.all_parts))
        named, parts = stage.named, stage.named["partial"].size(1)
        before.append(self.row(gradient_norm.PARTIAL, named, (parts,), parts))
        before.append(self.row(gradient_norm.FINISH, named, (), 1))
        update += [self.row(operation, named, (), parts) for operation in spec.clips]
        update += [self.keep(full) for full in self.kept]
        for group, settings in zip(stage.groups, self.settings, strict=True):
            update.append(self.row(GROUP_SETTINGS, {"group": group, "settings": settings}, (), 1))
        for network in spans:
            for number, run in enumerate(self.runs[network]):
                label = full_name("" if network == first else network, str(number) if number else "")
                update += self.vector_rows(run, spans[network], label) if run.rule is None else self.tensor_rows(run)
        if "clamp" in stage.named:
            update += [
                self.row(CLAMP_WEIGHTS, span, (), self.parts_of(self.trained[name])) for name, span in spans.items()
            ]
        for part in spec.frozen:
            update += [self.put_back(full, part.path, part.unit) for full in self.trained_of(part.path)]
        return before, update + self.average_rows()

    def first_rows(self) -> list[Row]:
        """Rows in front of a step: none."""
        return []

    def finish(self) -> None:
        """Nothing is left to say once the rows are written."""

    @property
    def all_parts(self) -> int:
        """Into how many parts a row over all trained parameters is cut."""
        return self.parts_of(list(self.stage.gradients))

    def mean_rows(self) -> list[Row]:
        """The rows behind a batch's last gradient that average gradients and loss over the batches of a step."""
        if self.mean_loss is None:
            return []
        named, operation = self.stage.named, accumulate.MEAN
        rows = [
            self.row(operation, {"value": named["gradients"]}, (), self.all_parts),
            self.row(operation, {"value": named["loss"], "mean": self.mean_loss}, (), 1),
        ]
        named["loss"] = self.mean_loss
        return rows

    def average_rows(self) -> list[Row]:
        """The rows that average weights, behind all that changes them."""
        if self.spec.average is None:
            return []
        (operation, every), named, rows = self.spec.average, self.stage.named, []
        for number, network in enumerate(self.stage.objective.trains):
            names, label = self.trained[network], network if number else ""
            own = {
                "parameters": self.span(label, "parameters", "parameters", [self.tape.parameters[n] for n in names]),
                "average": self.span(label, "average", "optimizer_state", [self.tape.averages[n] for n in names]),
            }
            named.setdefault("average", own["average"])
            rows.append(self.row(operation, own, (every,), self.parts_of(names)))
        return [*rows, self.row(average.COUNT, named, (every,), 1)]

    def close_spans(self, network: str) -> dict[str, Slot]:
        """One vector each over what the rows before the update of a network read and write."""
        tape, trained = self.tape, self.trained[network]
        decayed = [name for name in trained if tape.planned[name][0].decays]
        label = "" if network == self.stage.objective.trains[0] else network
        gradients = [self.stage.gradients[name] for name in trained]
        return {
            "parameters": self.span(label, "parameters", "parameters", [tape.parameters[name] for name in trained]),
            "weights": self.span(label, "weights", "parameters", [tape.parameters[name] for name in decayed]),
            "gradients": self.span(label, "gradients", "gradients", gradients),
            "weight gradients": self.span(label, "weight gradients", "gradients", gradients[: len(decayed)]),
        }

    def span(self, label: str, name: str, region: str, slots: Sequence[Slot]) -> Slot:
        """One vector over neighbouring slots."""
        return self.layout.span(self.name(label, name), region, slots)

    def vector_rows(self, run: ParameterRun, whole: Mapping[str, Slot], label: str) -> list[Row]:
        """The elementwise update of neighbouring parameters: one row, or none where there is nothing it could change.

        Args:
            whole: the spans of the network, which are those of a run that is all of it.
            label: in front of the names of the run's own spans.
        """
        if self.optimizer.record.rule is None:
            return []
        own, names = dict(whole), run.names
        if not any(names == trained for trained in self.trained.values()):
            own["parameters"] = self.span(label, "parameters", "parameters", [self.tape.parameters[n] for n in names])
            own["gradients"] = self.span(label, "gradients", "gradients", [self.stage.gradients[n] for n in names])
        for name in self.optimizer.slots:
            own[name] = self.span(label, name, "optimizer_state", [self.state[full][name] for full in names])
        own |= self._beside(run)
        operation = self.optimizer.operation
        return [self.row(operation, own, self.integers(operation), self.flags_of(run))]

    def tensor_rows(self, run: ParameterRun) -> list[Row]:
        """The update of one parameter by rows of its own."""
        (full,), uses = run.names, run.rule.uses if run.rule is not None else ()
        own = {
            "parameter": self.tape.parameters[full],
            "gradient": self.stage.gradients[full],
            **self._beside(run),
            **self.state.get(full, {}),
            **self.scratch.get(full, {}),
        }
        found: list[Row] = []
        for use in uses:
            given = self.integers(use.operation, use.integers)
            found.append(self.row(use.operation, own, given, shares(use.cost), full.rpartition(".")[0]))
        return found

    def integers(self, operation: Operation, own: Mapping[str, int] = MappingProxyType({})) -> tuple[int, ...]:
        """The integers of a row; how many steps lie between two updates is the stage's."""
        every = {"every": self.stage.objective.every, **own}
        return tuple(every[name] for name in operation.integers)

    def _beside(self, run: ParameterRun) -> dict[str, Slot]:
        """Finite flags, and the settings of a group."""
        group = {} if run.group < 0 else {"optimizer": self.settings[run.group]}
        return {"finite_flags": self.flags[run], **group}

    def trained_of(self, path: str) -> list[str]:
        """The trained parameters of a layer."""
        return [full for full in self.stage.gradients if full.rpartition(".")[0] == path]

    def keep(self, full: str) -> Row:
        slots = (self.tape.parameters[full],), (self.kept[full],)
        return Row(silence.KEEP, "update", full.rpartition(".")[0], *slots, (), (False,))

    def put_back(self, full: str, path: str, unit: int) -> Row:
        own = self.tape.parameters[full]
        return Row(silence.PUT_BACK, "update", path, (self.kept[full], own), (own,), (unit,), (False,))

    def row(
        self, operation: Operation, slots: Mapping[str, Slot], integers: tuple[int, ...], parts: int, path: str = ""
    ) -> Row:
        """A row of the update, whose operands are in these slots, or in those of the stage and the run."""
        found = {**self.tape.named, **self.stage.named, **slots}
        reads, writes = (tuple(found[name] for name in wanted) for wanted in (operation.reads, operation.writes))
        return Row(operation, "update", path, reads, writes, integers, (False,) * len(writes), parts)
