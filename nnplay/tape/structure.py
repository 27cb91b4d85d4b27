"""What a checkpoint belongs to: the layers and tensors of a tape, and how those of two tapes differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.records.operation import Shape
from nnplay.tape.memory_layout import STATE, aligned
from nnplay.tape.tape import Tape
from nnplay.text import counted

#: Differences that are named one by one.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Structure:
    """Names and shapes of what a run learns.

    Attributes:
        layers: path and kind of each layer, in the order of the forward pass.
        tensors: name and shape of each tensor of the state, in the order in which they lie in its vector.
    """

    layers: tuple[tuple[str, str], ...]
    tensors: tuple[tuple[str, Shape], ...]

    @staticmethod
    def of(tape: Tape) -> Structure:
        """That of a tape."""
        slots = [slot for region in STATE for slot in tape.layout.slots[region]]
        return Structure(
            tuple((path, planned.layer.record.name) for path, planned in tape.layers.items()),
            tuple((slot.name, slot.at(1)) for slot in slots),
        )

    def views(self, vector: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The tensors in a state's vector by name."""
        found: dict[str, NDArray[Any]] = {}
        begin = 0
        for name, shape in self.tensors:
            size = math.prod(shape)
            found[name] = vector[begin : begin + size].reshape(shape)
            begin += aligned(size)
        return found

    def difference(self, there: Structure) -> str:
        """In which layers and tensors `there`, a checkpoint's, differs from this one; empty if it fits."""
        if self == there:
            return ""
        found = [
            *_differing("layer ", dict(self.layers), dict(there.layers)),
            *_differing("", dict(self.tensors), dict(there.tensors)),
        ]
        more = f"; and {counted(len(found) - _NAMED, 'more difference')}" if len(found) > _NAMED else ""
        return "; ".join(found[:_NAMED]) + more if found else "its tensors are in a different order"


def _differing(kind: str, here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*there, *here)):
        if here.get(name) != there.get(name):
            yield f"{kind}'{name}' is {there.get(name, 'missing')} in the state, {here.get(name, 'missing')} here"
