"""Memory cut into named places: every number of a run has a slot with a name, a region and a shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.records.operation import BATCH, Planned, Shape

#: Regions in the order in which they lie in memory; parameters, optimizer state and buffers together are the state.
REGIONS: Final = (
    "settings",
    "parameters",
    "optimizer_state",
    "buffers",
    "last_good",
    "gradients",
    "accumulated",
    "batch",
    "activations",
    "deltas",
    "scratch",
    "evaluation",
    "tallies",
)
STATE: Final = ("parameters", "optimizer_state", "buffers")
_ALIGNMENT: Final = 16


@functools.lru_cache(maxsize=1 << 14)
def _shape_and_size(planned: Planned, n: int) -> tuple[Shape, int]:
    """The shape for a batch of n rows, and how many numbers that is; asked again for each operand of each row."""
    shape = tuple(n if size == BATCH else int(size) for size in planned)
    return shape, math.prod(shape)


@dataclass(slots=True, eq=False)
class Slot:
    """A named place in memory.

    Attributes:
        name: as in views and files ("0.weight", "value 3", "probabilities").
        region: one of `REGIONS`.
        shape: with "N" where the batch stands.
        offset: in numbers from the start of memory; set when the layout is closed.
    """

    name: str
    region: str
    shape: Planned
    offset: int = -1

    def at(self, n: int) -> Shape:
        """The shape for a batch of n rows."""
        return _shape_and_size(self.shape, n)[0]

    def size(self, n: int) -> int:
        """How many numbers the slot holds for a batch of n rows."""
        return _shape_and_size(self.shape, n)[1]


@dataclass(slots=True)
class Layout:
    """All slots of a run and the place of each.

    Attributes:
        batch, evaluation: rows of a training batch, and of an evaluation batch.
        slots: by region, in order.
        spans: slots that cover a run of others (all parameters as one vector), already placed.
        views: slots of another shape in the memory of others, already placed.
        bounds: first offset and end of each region; set by `close`.
        settings: slots of numbers that may change while a network trains, by name; set by `close`.
    """

    batch: int
    evaluation: int
    slots: dict[str, list[Slot]] = field(default_factory=lambda: {region: [] for region in REGIONS})
    spans: list[Slot] = field(default_factory=list)
    views: list[Slot] = field(default_factory=list)
    bounds: dict[str, tuple[int, int]] = field(default_factory=dict)
    settings: dict[str, Slot] = field(default_factory=dict)

    def add(self, region: str, name: str, shape: Planned) -> Slot:
        """A new slot at the end of a region."""
        slot = Slot(name, region, shape)
        self.slots[region].append(slot)
        return slot

    def capacity(self, region: str) -> int:
        """The largest batch that slots of a region hold."""
        return self.evaluation if region == "evaluation" else self.batch

    def close(self) -> int:
        """Gives every slot its offset; returns the size of the whole memory."""
        offset = 0
        for region in REGIONS:
            first = offset
            for slot in self.slots[region]:
                slot.offset = offset
                offset += aligned(slot.size(self.capacity(region)))
            self.bounds[region] = (first, offset)
        self.settings = {slot.name: slot for slot in self.slots["settings"]}
        return offset

    def span(self, name: str, region: str, slots: Iterable[Slot]) -> Slot:
        """One vector over neighbouring slots of a region, padding included; empty if there are none."""
        covered = list(slots)
        first = covered[0].offset if covered else self.bounds[region][0]
        end = covered[-1].offset + aligned(covered[-1].size(self.capacity(region))) if covered else first
        slot = Slot(name, region, (end - first,), first)
        self.spans.append(slot)
        return slot

    def numbers_of(self, span: Slot) -> NDArray[np.int64]:
        """Places (k,) within a span of the numbers that belong to its slots: all but the padding between them."""
        begin, end = span.offset, span.offset + span.size(1)
        own = [slot for slot in self.slots[span.region] if begin <= slot.offset < end]
        places = [np.arange(slot.size(1), dtype=np.int64) + slot.offset - begin for slot in own]
        return np.concatenate(places) if places else np.zeros(0, np.int64)

    def all(self) -> list[Slot]:
        """Every slot, span and view."""
        return [slot for region in REGIONS for slot in self.slots[region]] + self.spans + self.views

    def find(self, name: str, region: str = "") -> Slot:
        """The slot of that name, of any region or of one.

        Raises:
            InputError: no slot has it.
        """
        for slot in self.slots[region] if region else self.all():
            if slot.name == name:
                return slot
        raise InputError(f"there is no slot '{name}'", where="memory")


def aligned(size: int) -> int:
    """`size` rounded up to whole vectors, so that each slot begins at a cache line."""
    return (size + _ALIGNMENT - 1) // _ALIGNMENT * _ALIGNMENT
