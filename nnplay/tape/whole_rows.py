"""The rows of an optimizer that looks at all parameters at once: the trial in front of a step, and what judges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnplay.errors import InputError
from nnplay.operations.step import accumulate, gradient_norm
from nnplay.records.operation import Use
from nnplay.records.whole_rule import WholeRule, WholeSizes
from nnplay.tape.machines.shares import shares
from nnplay.tape.memory_layout import Slot, aligned
from nnplay.tape.objective import full_name
from nnplay.tape.tape import Row, Stage

if TYPE_CHECKING:
    from nnplay.tape.assembler import Assembly


class WholeRows:
    """Writes those rows of one stage: `declare` before its way back is written, `rows` once every slot has a place.

    Attributes:
        rule: what they are.
        slots: their own slots, by the rule's names.
        columns: the first number of each trained parameter among all of them, by name.
    """

    def __init__(self, assembly: Assembly, stage: Stage) -> None:
        self.stage, self.tape, self.spec = stage, assembly.tape, assembly.spec
        self.layout, self.optimizer = assembly.tape.layout, stage.objective.optimizer
        (network, *others) = stage.objective.trains
        if others or stage.objective.name:
            name = self.optimizer.record.name
            hint = "give each objective an optimizer such as adam"
            raise InputError(f"{name} trains one network for one loss", where=stage.objective.name, hint=hint)
        self.names = assembly.trained[network]
        shapes = {name: self.tape.parameters[name].size(1) for name in self.names}
        self.columns, places, before, offset = {}, [np.zeros(0, np.int64)], 0, 0
        for name, size in shapes.items():
            self.columns[name] = before
            places.append(np.arange(size, dtype=np.int64) + offset)
            before, offset = before + size, offset + aligned(size)
        outputs = self.tape.networks[stage.objective.forward[-1]].output_shape
        rows = assembly.spec.rows or assembly.spec.batch
        sizes = WholeSizes(offset, np.concatenate(places), int(np.prod(outputs)), rows)
        assert self.optimizer.record.whole is not None
        self.rule: WholeRule = self.optimizer.record.whole(sizes, self.optimizer.values)
        self.slots: dict[str, Slot] = {}
        self.mean_loss: Slot | None = None

    def name(self, *parts: str) -> str:
        """A name with the stage's in front."""
        return full_name(self.stage.objective.name, *parts)

    def declare(self) -> None:
        """Declares the slots, before the layout is closed."""
        add, rule, stage = self.layout.add, self.rule, self.stage
        regions = {"optimizer_state": rule.slots, "accumulated": rule.gathered, "scratch": rule.scratch}
        for region, shapes in regions.items():
            for name, shape in shapes.items():
                self.slots[name] = add(region, self.name("search", name), tuple(shape))
        for name, numbers in rule.constants.items():
            self.slots[name] = add("settings", self.name("search", name), numbers.shape)
            stage.constants[f"search.{name}"] = (self.slots[name], numbers)
        self.slots["accepted"] = add("scratch", self.name("accepted loss"), (1,))
        self.slots["finite_flags"] = add("scratch", self.name("finite_flags"), (1,))
        self.slots["partial"] = add("scratch", self.name("partial"), (1,))
        self.slots["norm"] = add("scratch", self.name("norm"), (1,))
        if self.spec.accumulates:
            self.mean_loss = add("accumulated", self.name("mean loss"), (1,))
            if rule.seed is None:
                for full, slot in stage.gradients.items():
                    self.slots[f"d{full}.mean"] = add("accumulated", f"d{self.name(full)}.mean", slot.shape)
        stage.named |= {name: self.slots[name] for name in ("finite_flags", "partial", "norm")}
        stage.named["optimizer"] = self.tape.named[self.name("optimizer")]
        stage.named["search"] = self.slots["search"]

    def close_spans(self) -> None:
        """One vector each over parameters and gradients, and over the means of gradients."""
        stage, tape = self.stage, self.tape
        decayed = [name for name in self.names if tape.planned[name][0].decays]
        spans = {
            "parameters": ("parameters", [tape.parameters[name] for name in self.names]),
            "weights": ("parameters", [tape.parameters[name] for name in decayed]),
            "gradients": ("gradients", [stage.gradients[name] for name in self.names]),
        }
        for name, (region, slots) in spans.items():
            stage.named[name] = self.layout.span(self.name(name), region, slots)
        means = [slot for name, slot in self.slots.items() if name.endswith(".mean")]
        if means:
            self.slots["mean"] = self.layout.span(self.name("mean gradients"), "accumulated", means)

    def first_rows(self) -> list[Row]:
        """The row that puts the trial into the parameters."""
        return [self._row(self.rule.trial, "trial")]

    def mean_rows(self) -> list[Row]:
        """The rows behind each block's last gradient that average over the blocks of a step."""
        if self.mean_loss is None:
            return []
        named = self.stage.named
        found = [self._row(Use(accumulate.MEAN), "update", value=named["loss"], mean=self.mean_loss)]
        if "mean" in self.slots:
            found.insert(0, self._row(Use(accumulate.MEAN), "update", value=named["gradients"]))
        return found

    def rows(self) -> tuple[list[Row], list[Row]]:
        """Rows that judge the trial, and rows that choose the next one."""
        self.close_spans()
        loss = self.stage.named["loss"] if self.mean_loss is None else self.mean_loss
        before = [self._row(Use(accumulate.PUT_IN_PLACE), "update")] if "mean" in self.slots else []
        before += [self._row(use, "update", loss=loss) for use in self.rule.judge]
        before.append(self._row(Use(gradient_norm.PARTIAL, {"parts": 1}), "update"))
        before.append(self._row(Use(gradient_norm.FINISH), "update"))
        update = [self._row(use, "update") for use in self.rule.update]
        return before, update

    def finish(self) -> None:
        """Says which slots hold what a step came to: the loss of the accepted point."""
        self.stage.named["trial loss"] = self.stage.named["loss"] if self.mean_loss is None else self.mean_loss
        self.stage.named["loss"] = self.slots["accepted"]

    def _row(self, use: Use, phase: str, **more: Slot) -> Row:
        operation = use.operation
        found: Mapping[str, Slot] = {**self.tape.named, **self.stage.named, **self.slots, **more}
        reads, writes = (self._found(found, names) for names in (operation.reads, operation.writes))
        integers = tuple(int(use.integers[name]) for name in operation.integers)
        return Row(operation, phase, "", reads, writes, integers, (False,) * len(writes), shares(use.cost))

    @staticmethod
    def _found(slots: Mapping[str, Slot], names: Sequence[str]) -> tuple[Slot, ...]:
        return tuple(slots[name] for name in names)
