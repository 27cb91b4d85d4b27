"""How one update divides: what this batch's gradient, the movement kept from before, and weight decay each gave.

The optimizer's own definition of one element is worked out again with each of these switched off. What a part gave is
the mean of what it adds, over all orders of switching the parts on (Shapley, 1953), so that the parts always add up to
the whole; for an update that is a sum, such as that of SGD, they are its terms.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.inspector.inspector import Inspector
from nnplay.inspector.operand_copies import frame_of
from nnplay.inspector.players import optimizer_of

Array = NDArray[Any]
_DECAY: Final = "weight_decay"
_PARTS: Final = ("gradient", "kept", "decay")
#: What an update reads besides its own state.
_GIVEN: Final = frozenset({"optimizer", "gradients", "parameters"})


@dataclass(frozen=True, slots=True)
class UpdateShares:
    """What moved one parameter.

    Attributes:
        slope: its gradient as the update read it.
        gradient, kept, decay: what each part of the update gave.
        keeps: the optimizer keeps a movement from step to step.
        scales: it divides by a size of its own for each parameter.
    """

    slope: float
    gradient: float
    kept: float
    decay: float
    keeps: bool
    scales: bool


def divide_update(inspector: Inspector, number: int, parameter: str, index: tuple[int, ...]) -> UpdateShares:
    """The parts of what an update row does to one element of a parameter."""
    return _Update(inspector, number, parameter, index).divide()


class _Update:
    def __init__(self, inspector: Inspector, number: int, parameter: str, index: tuple[int, ...]) -> None:
        self.inspector, self.number, self.parameter, self.index = inspector, number, parameter, index
        frame = frame_of(inspector, number, parameter, (parameter,))
        self.reads = {**frame.reads, **frame.before}
        self.state = [name for name in frame.row.operation.reads if name not in _GIVEN]
        names = [field.name for field in optimizer_of(inspector, number).record.fields]
        self.decay = names.index(_DECAY) if _DECAY in names else -1

    def divide(self) -> UpdateShares:
        self.kept = self.find_kept()
        moved = {
            frozenset(on): self.move(frozenset(on))
            for count in range(len(_PARTS) + 1)
            for on in itertools.combinations(_PARTS, count)
        }
        given = dict.fromkeys(_PARTS, 0.0)
        orders = list(itertools.permutations(_PARTS))
        for order in orders:
            for place, part in enumerate(order):
                before, after = frozenset(order[:place]), frozenset(order[: place + 1])
                given[part] += (moved[after] - moved[before]) / len(orders)
        slope = float(self.reads["gradients"][self.index])
        return UpdateShares(slope, **given, keeps=bool(self.kept), scales=len(self.kept) < len(self.state))

    def find_kept(self) -> list[str]:
        """State that moves a parameter by itself: without it, and without gradient and decay, nothing moves."""
        alone = self.without(_PARTS[0], "decay")
        if self.change(alone) == 0.0:
            return []
        return [name for name in self.state if self.change({**alone, name: np.zeros_like(alone[name])}) == 0.0]

    def move(self, on: frozenset[str]) -> float:
        return self.change(self.without(*(part for part in _PARTS if part not in on)))

    def without(self, *parts: str) -> dict[str, Array]:
        """What the row reads, with some parts switched off."""
        reads = dict(self.reads)
        off = [*(["gradients"] if "gradient" in parts else []), *(self.kept if "kept" in parts else [])]
        for name in off:
            reads[name] = np.zeros_like(reads[name])
        if "decay" in parts and self.decay >= 0:
            reads["optimizer"] = reads["optimizer"].copy()
            reads["optimizer"][self.decay] = 0.0
        return reads

    def change(self, reads: dict[str, Array]) -> float:
        """How far the row moves the element."""
        written = reads["parameters"]
        term = self.inspector.work_out_element(self.number, self.index, reads, written, self.parameter)
        return term.value - float(written[self.index])
