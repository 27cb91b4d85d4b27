"""What the units of a recurrent layer, or of any layer with steps, hold at each step of one example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_symbols
from nnplay.views.layer_places import kept_over_time, layers_over_time, name_layers
from nnplay.views.rows import shown_part
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.float32]
#: What PyTorch's letters stand for, gates first.
_WORDS: Final = {
    "i": "input gate",
    "f": "forget gate",
    "o": "output gate",
    "r": "reset gate",
    "z": "update gate",
    "g": "candidate",
    "n": "candidate",
    "c": "cell",
    "h": "state",
    "m": "projected state",
}
#: Those that open from 0 to 1.
_GATES: Final = frozenset("iforz")


@dataclass(frozen=True, slots=True)
class Block:
    """Some numbers of each unit.

    Attributes:
        name: the letter and what it stands for.
        values: (units, steps).
        opens: whether they go from 0, closed, to 1, open; else they have signs.
    """

    name: str
    values: Floats
    opens: bool


@dataclass(frozen=True, slots=True)
class States(Output):
    """What a layer holds over the steps of one example; `steps` says what stands at each, or its number."""

    blocks: tuple[Block, ...]
    steps: tuple[str, ...]


def suits(trainer: Trainer) -> bool:
    """Some layer has steps."""
    return bool(layers_over_time(trainer))


def make_states(trainer: Trainer, asked: Asked) -> States:
    """One forward pass of one example."""
    planned = layers_over_time(trainer)[asked.place]
    x = shown_part(trainer).x[asked.item : asked.item + 1]
    blocks = _kept(trainer, planned, x) or (_output(trainer, planned, x),)
    count = blocks[0].values.shape[1]
    symbols = name_symbols(x[0], trainer.split.train) if has_symbols(trainer) else ()
    return States(blocks, symbols if len(symbols) == count else tuple(map(str, range(count))))


def place_of(trainer: Trainer, path: str) -> int | None:
    """The number of the place of a layer; None where it has no steps."""
    paths = [planned.path for planned in layers_over_time(trainer)]
    return paths.index(path) if path in paths else None


def find_slot(trainer: Trainer, path: str, number: int, unit: int, units: int) -> tuple[str, int]:
    """Where one of the units of a layer's block is kept: the slot's name, and which number of a step it is there."""
    planned = next(each for each in layers_over_time(trainer) if each.path == path)
    kept = list({name: (slot, block, blocks) for name, slot, block, blocks in kept_over_time(planned)}.values())
    if not kept:
        return f"{path}.output", unit
    direction, at = divmod(number, len(kept))
    slot, block, blocks = kept[at]
    return f"{path}.{slot}", (direction * blocks + block) * units + unit


def _output(trainer: Trainer, planned: PlannedLayer, x: NDArray[Any]) -> Block:
    name = f"eval.{planned.path}.output"
    return Block("output", trainer.forward(x, [name])[name][0].T.astype(np.float32), opens=False)


def _kept(trainer: Trainer, planned: PlannedLayer, x: NDArray[Any]) -> tuple[Block, ...]:
    """Gates and states of the uppermost of a layer's stacked ones, direction by direction."""
    kept = {
        name: (slot, block, blocks) for name, slot, block, blocks in kept_over_time(planned)
    }  # the last of each name: the uppermost
    slots = {slot: f"eval.{planned.path}.{slot}" for slot, _, _ in kept.values()}
    found = trainer.forward(x, list(slots.values())) if slots else {}
    directions = 1 + bool(planned.layer.values.get("bidirectional", False))
    return tuple(
        Block(_name(name, d, directions), _part(found[slots[slot]][0], d, directions, block, blocks), name in _GATES)
        for d in range(directions)
        for name, (slot, block, blocks) in kept.items()
    )


def _name(letter: str, direction: int, directions: int) -> str:
    way = "" if directions == 1 else (" forwards", " backwards")[direction]
    return f"{letter} {_WORDS.get(letter, '')}".rstrip() + way


def _part(values: NDArray[Any], direction: int, directions: int, block: int, blocks: int) -> Floats:
    """(units, steps) of one block of one direction, of numbers (steps, directions · blocks · units)."""
    steps = len(values)
    return np.ascontiguousarray(values.reshape(steps, directions, blocks, -1)[:, direction, block].T, np.float32)


STATES = View(
    "states over time",
    States,
    suits,
    make_states,
    item="example",
    places=lambda trainer: name_layers(layers_over_time(trainer)),
    place="layer",
    opens_layers=True,
    order=3,
    about="What the units of a layer hold at each step of one example; of recurrent layers the gates too.",
    group="inside",
)
