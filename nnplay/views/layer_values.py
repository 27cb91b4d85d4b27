"""What each layer makes of the shown rows, as one matrix (rows, numbers) for every kind of layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.operations.copy import copy
from nnplay.text import counted
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_symbols
from nnplay.views.rows import afford_rows, describe_rows, shown_part

Floats = NDArray[np.float32]
#: Layers that are shown together at the most, and numbers that stand for one row in one of them.
MOST_LAYERS: Final = 12
MOST_NUMBERS: Final = 512
#: How many rows are looked at together where all shown layers have up to so many numbers, and beyond that: what is
#: made of them is to take no more than a tenth of a second.
_ROWS: Final = ((512, 1_000), (3_072, 300))
_LEAST: Final = 200
#: Fewer validation rows than that say little by themselves; with training rows they become so many.
_FEW, _TOPPED_UP = 100, 200
#: What the network's input is called among the layers.
INPUT: Final = "input"


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows that all layers are shown.

    Attributes:
        x, y: inputs and targets, (N, …).
        words: which rows those are.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    words: str


@dataclass(frozen=True, slots=True)
class LayerValues:
    """What a layer, or the input, makes of rows.

    Attributes:
        name: "3 linear", or "input".
        values: (N, D); zeros where some of them are not finite.
        units: numbers that the layer really gives for a row.
    """

    name: str
    values: Floats
    units: int
    finite: bool = True


def shown_layers(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    """The layers that change something when the network answers: of many those of the trunk, evenly spread."""
    telling = [planned for planned in trainer.plan.layers if not _passes_on(planned)]
    depth = max((planned.path.count(".") for planned in telling), default=0)
    while len(telling) > MOST_LAYERS and depth > 0:
        depth -= 1
        telling = [planned for planned in telling if planned.path.count(".") <= depth]
    if len(telling) <= MOST_LAYERS:
        return tuple(telling)
    return tuple(telling[k] for k in np.linspace(0, len(telling) - 1, MOST_LAYERS).round().astype(int))


def name_layers(trainer: Trainer) -> tuple[str, ...]:
    """The input, where it is made of quantities, and those layers."""
    names = tuple(f"{planned.path} {planned.layer.record.name}" for planned in shown_layers(trainer))
    return (INPUT, *names) if _has_quantities(trainer) else names


def compared_rows(trainer: Trainer) -> Compared:
    """The shown rows that are looked at in every layer; of a small validation part with training rows behind them."""
    part, most = shown_part(trainer), _count_most(trainer)
    count, train = min(len(part), most), trainer.split.train
    more = min(_TOPPED_UP - count, len(train), most - count) if count < _FEW and part is not train else 0
    if more <= 0:
        return Compared(part.x[:count], part.y[:count], describe_rows(trainer, count))
    words = f"{count:,} validation and {counted(more, 'training row')}"
    return Compared(np.concatenate([part.x, train.x[:more]]), np.concatenate([part.y, train.y[:more]]), words)


def _count_most(trainer: Trainer) -> int:
    numbers = sum(min(MOST_NUMBERS, int(np.prod(planned.plan.output))) for planned in shown_layers(trainer))
    return min(afford_rows(trainer), next((rows for most, rows in _ROWS if numbers <= most), _LEAST))


def read_layers(trainer: Trainer, x: NDArray[Any]) -> tuple[LayerValues, ...]:
    """What the input and each shown layer make of inputs x (N, …), in the order of `name_layers`."""
    layers = shown_layers(trainer)
    slots = [f"eval.{planned.path}.output" for planned in layers]
    found = trainer.forward(x, slots)
    targets = shown_part(trainer).y
    steps = targets.shape[1] if trainer.split.task == "classification" and targets.ndim == 2 else 0
    every = [x] if _has_quantities(trainer) else []
    every += [found[slot] for slot in slots]
    return tuple(_as_values(name, one, steps) for name, one in zip(name_layers(trainer), every, strict=True))


def _has_quantities(trainer: Trainer) -> bool:
    """Whether inputs are not the numbers of symbols, which say nothing by their size."""
    return len(trainer.split.feature_shape) > 1 or not has_symbols(trainer)


def _passes_on(planned: PlannedLayer) -> bool:
    """Whether a layer only hands its input on, perhaps in another shape, when the network answers."""
    uses = planned.plan.evaluate or planned.plan.forward
    return len(planned.inputs) == 1 and all(use.operation.kernel is copy for use in uses)


def _as_values(name: str, values: NDArray[Any], steps: int) -> LayerValues:
    units = int(np.prod(values.shape[1:]))
    if steps and values.ndim == 3 and values.shape[1] == steps:
        values = values[:, -1]
    matrix = as_matrix(values)
    finite = bool(np.isfinite(matrix).all())
    return LayerValues(name, matrix if finite else np.zeros_like(matrix), units, finite)


def as_matrix(values: NDArray[Any], most: int = MOST_NUMBERS) -> Floats:
    """Values (N, …, C) as (N, D) with D of at most `most`.

    Steps and places are averaged in blocks of neighbours, no larger than they have to be; where the channels alone are
    too many, every so many are left out.
    """
    values = np.asarray(values, np.float32)
    values = values.reshape(len(values), 1) if values.ndim == 1 else values
    sizes = list(values.shape[1:-1])
    while max(sizes, default=1) > 1 and int(np.prod(sizes)) * values.shape[-1] > most:
        sizes[int(np.argmax(sizes))] = -(-max(sizes) // 2)
    for axis, size in enumerate(sizes, start=1):
        values = _average(values, axis, size)
    return values.reshape(len(values), -1)[:, :: -(-values[0].size // most)] if len(values) else values


def _average(values: Floats, axis: int, size: int) -> Floats:
    """Blocks of neighbours along an axis as their means, `size` of them."""
    whole = values.shape[axis]
    if size == whole:
        return values
    starts = np.arange(size) * whole // size
    counts = np.diff(starts, append=whole).reshape([-1 if k == axis else 1 for k in range(values.ndim)])
    return np.asarray(np.add.reduceat(values, starts, axis=axis) / counts, np.float32)
