"""Which units do nothing: dead ones behind a ReLU, saturated ones behind a sigmoid or tanh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.text import counted
from nnplay.training.curves.unit_activity import can_fail, fails, saturates, share_of_rows
from nnplay.training.trainer import Trainer
from nnplay.views.layer_names import name_layer
from nnplay.views.rows import count_rows, describe_rows, shown_part
from nnplay.views.view import Asked, Output, View

#: Rows that are looked at, and cases of one unit (rows and places of a picture).
_MOST_ROWS: Final = 256
_MOST_CASES: Final = 4_096


@dataclass(frozen=True, slots=True)
class SilentUnits(Output):
    """Dead and saturated units, layer by layer.

    Attributes:
        layers: names of the activation layers.
        words: what its failing units are called, by layer: "dead" or "saturated".
        failing: the share of such units, by layer.
        chosen: which layer's units are shown one by one.
        units: for each unit of that layer, for which share of the rows it is off or saturated (units,).
        counts: how many of its units that are, in words.
        rows: which rows were looked at.
    """

    layers: tuple[str, ...]
    words: tuple[str, ...]
    failing: tuple[float, ...]
    chosen: int
    units: NDArray[np.float64]
    counts: str
    rows: str


def suits(trainer: Trainer) -> bool:
    """Some layer has units that can be dead or saturated."""
    return bool(_layers(trainer))


def name_activations(trainer: Trainer) -> tuple[str, ...]:
    """Those layers, in the order of the forward pass."""
    return tuple(name_layer(planned) for planned in _layers(trainer))


def make_silent_units(trainer: Trainer, asked: Asked) -> SilentUnits:
    """What every unit gives for the shown rows, in evaluation mode; all axes before the last are cases of a unit."""
    layers, count = _layers(trainer), min(_MOST_ROWS, count_rows(trainer))
    outputs = trainer.forward(shown_part(trainer).x[:count], [f"eval.{planned.path}.output" for planned in layers])
    shares = []
    for planned, output in zip(layers, outputs.values(), strict=True):
        cases = output.reshape(-1, output.shape[-1])
        shares.append(share_of_rows(planned, cases[:: max(1, len(cases) // _MOST_CASES)]))
    failing = tuple(float(fails(one, share).mean()) for one, share in zip(layers, shares, strict=True))
    words = tuple("saturated" if saturates(planned) else "dead" for planned in layers)
    chosen = asked.place % len(layers)
    bad = int(fails(layers[chosen], shares[chosen]).sum())
    counts = f"{bad:,} of {counted(len(shares[chosen]), 'unit')} {words[chosen]}"
    seen = describe_rows(trainer, count)
    return SilentUnits(name_activations(trainer), words, failing, chosen, shares[chosen], counts, seen)


def _layers(trainer: Trainer) -> list[PlannedLayer]:
    """Hidden activation layers; the network's answer may well stand at a bound."""
    return [planned for planned in trainer.plan.layers if can_fail(planned) and planned.output != trainer.plan.output]


SILENT_UNITS = View(
    "dead and saturated",
    SilentUnits,
    suits,
    make_silent_units,
    about="Which units are off for every row, or stand at a bound for nearly all: no gradient passes through those.",
    group="gradients",
    places=name_activations,
    place="layer",
    order=3,
)
