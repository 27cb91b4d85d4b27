"""Layers as places of a view: which of them can be seen in which way, and what they are called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import NetworkPlan, PlannedLayer
from nnplay.network.notation import show_layer
from nnplay.operations.attend import look
from nnplay.operations.attention.weights import LOOK
from nnplay.training.trainer import Trainer

Floats = NDArray[np.float32]
#: The numbers of one unit that a recurrent layer keeps for each step: its name, the slot, its block, how many blocks.
Kept = tuple[str, str, int, int]
_MOST_LETTERS: Final = 40
#: Rows whose `weights` say who looks at whom.
_LOOKS: Final = (*LOOK.values(), *(look(score, padded) for score in ("dot", "additive") for padded in (False, True)))


def name_layers(layers: Sequence[PlannedLayer]) -> tuple[str, ...]:
    """Names of places: a layer's path, and its text; of a block only what kind it is."""
    texts = [planned.layer.record.name if planned.layer.branches else show_layer(planned.layer) for planned in layers]
    return tuple(f"{planned.path} {text[:_MOST_LETTERS]}" for planned, text in zip(layers, texts, strict=True))


def mapped_layers(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    """Layers that give a map for each channel: (height, width, channels), or volumes (depth, height, width, channels).

    Layers that treat single numbers of an image without changing what is there, such as dropout, are among them.
    """
    planned = trainer.plan.layers
    return tuple(each for each in planned if len(each.plan.output) in (3, 4) and math.prod(each.plan.output[:-1]) > 1)


def layers_over_time(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    """Layers that give numbers for each of several steps, or keep them, as a recurrent layer does.

    None of a detector's: its rows are anchors and proposals.
    """
    if trainer.split.task == "detection":
        return ()
    return tuple(
        planned
        for planned in trainer.plan.layers
        if kept_over_time(planned) or (len(planned.plan.output) == 2 and planned.plan.output[0] > 1)
    )


def attending_layers(plan: NetworkPlan) -> tuple[PlannedLayer, ...]:
    """Layers whose steps look at each other or at those of another branch, all as many at as many."""
    planned = [layer for layer in plan.layers if any(use.operation in _LOOKS for use in layer.plan.forward)]
    return tuple(layer for layer in planned if _looks(layer) == _looks(planned[0]))


def _looks(layer: PlannedLayer) -> tuple[int | str, ...]:
    """How many steps look at how many."""
    return layer.plan.saved["weights"][-2:]


def kept_over_time(planned: PlannedLayer) -> tuple[Kept, ...]:
    """What the loops of a recurrent layer keep of each unit, gates first; the uppermost of stacked ones comes last."""
    found: list[Kept] = []
    for use in planned.plan.forward:
        timed = use.operation.timed
        for name, (operand, block, blocks) in (timed.unit if timed is not None else {}).items():
            slot = use.names.get(operand, operand)
            found.append((name, "output" if slot == "y" else slot, block, blocks))
    return tuple(found)


def as_maps(values: NDArray[Any]) -> Floats:
    """What a layer gives for one example, (height, width, channels), as (channels, height, width).

    Of a volume the slice in the middle of its depth is shown.
    """
    if values.ndim == 4:
        values = values[len(values) // 2]
    return np.ascontiguousarray(np.moveaxis(values, -1, 0), np.float32)
