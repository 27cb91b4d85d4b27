"""Breakpoints: conditions at which a run stops, so that its step can be looked at row by row."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from nnplay.errors import DivergedError, InputError
from nnplay.inspector.inspector import Inspector
from nnplay.text import percent

Kind = Literal["row", "step", "loss rises", "not finite", "dead relu"]
#: What the user may choose, with words for the list.
KINDS: Final[dict[Kind, str]] = {
    "row": "the marked row, in the next step",
    "step": "a step's number",
    "loss rises": "the mean loss of recent batches is above that of the batches before",
    "not finite": "the loss is not finite",
    "dead relu": "over half the units of a ReLU layer output 0 for the whole batch",
}
_MOST_BATCHES: Final = 50
_DEAD: Final = 0.5


@dataclass(slots=True)
class Breakpoint:
    """A condition; `turn` runs on until it holds or the time is over.

    Attributes:
        row, step: the row's number, or that of the step to stop before.
    """

    kind: Kind
    row: int = 0
    step: int = 0
    losses: deque[float] = field(default_factory=deque)

    @property
    def words(self) -> str:
        """What is waited for."""
        return f"step {self.step:,}" if self.kind == "step" else KINDS[self.kind].partition(":")[0]

    def turn(self, inspector: Inspector, end: float) -> str:
        """Runs on; returns what was found, or nothing when the time is over.

        Args:
            end: on the clock of `time.perf_counter`.

        Raises:
            DivergedError: the loss is not finite and something else is waited for.
            InputError: the condition can never hold.
        """
        if self.kind == "row":
            ahead = inspector.at < self.row
            if not ahead:
                inspector.finish()
            inspector.to(min(self.row, len(inspector.rows) - 1))
            return f"row {inspector.at} of step {inspector.trainer.step + 1:,}"
        self._refuse(inspector)
        while time.perf_counter() < end:
            if found := self._one(inspector):
                return found
        return ""

    def _refuse(self, inspector: Inspector) -> None:
        trainer = inspector.trainer
        if self.kind == "step" and trainer.step >= self.step:
            raise InputError(f"step {self.step:,} has already been taken", hint="go back first")
        if self.kind == "dead relu" and not _relus(inspector):
            raise InputError("the network has no ReLU layer", where="breakpoint")

    def _one(self, inspector: Inspector) -> str:
        """One step; the end of the step in which the condition holds."""
        trainer = inspector.trainer
        if self.kind == "step" and trainer.step + 1 >= self.step:
            return f"step {trainer.step + 1:,}"
        try:
            inspector.finish()
        except DivergedError:
            inspector.begin()
            if self.kind == "not finite":
                return f"the loss of step {trainer.step + 1:,}, the next one, is not finite"
            raise
        if self.kind == "dead relu":
            return _dead(inspector)
        loss = float(trainer.machine.view(trainer.machine.tape.named["loss"])[0])
        return self._rises(loss, trainer.batches, trainer.step) if self.kind == "loss rises" else ""

    def _rises(self, loss: float, batches: int, step: int) -> str:
        """Whether the mean loss of the last batches (an epoch, at most 50) is above that of those before."""
        count = min(_MOST_BATCHES, max(1, batches))
        self.losses.append(loss)
        if len(self.losses) < 2 * count:
            return ""
        while len(self.losses) > 2 * count:
            self.losses.popleft()
        values = list(self.losses)
        before, now = math.fsum(values[:count]) / count, math.fsum(values[count:]) / count
        return f"the loss rose from {before:.4g} to {now:.4g} by step {step:,}" if now > before else ""


def _relus(inspector: Inspector) -> list[str]:
    return [path for path, planned in inspector.machine.tape.layers.items() if planned.layer.record.traits.rectifies]


def _dead(inspector: Inspector) -> str:
    """The first ReLU layer that is mostly dead in the batch that was just used."""
    machine = inspector.machine
    for path in _relus(inspector):
        values = machine.view(machine.tape.layout.find(f"{path}.output"), inspector.n)
        dead = float(np.mean(~values.reshape(-1, values.shape[-1]).any(axis=0)))
        if dead > _DEAD:
            return f"{percent(dead)} of the units of layer {path} were 0 for the whole batch of the previous step"
    return ""
