"""Nearest training rows: those that one layer takes for the most alike, by the distance of what it says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnplay.text import counted, figure
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, one_class_per_row
from nnplay.views.input_form import as_picture, as_shown, column_names, in_units, input_form
from nnplay.views.rows import shown_part, spread_rows
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example

Array = NDArray[Any]
_SHOWN: Final = 12
#: Training rows that are compared, numbers that a layer says of them in all, and multiply-adds that they may cost.
_MOST: Final = 2_000
_NUMBERS: Final = 4_000_000
_COST: Final = 2e8
_LEAST: Final = 64


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row: its number, its class or target, and the row itself as a picture (h, w[, 3]) or in words."""

    row: int
    label: str
    distance: float
    picture: NDArray[np.float32] | None
    words: str


@dataclass(frozen=True, slots=True)
class Neighbours(Output):
    """The training rows that are nearest to an example.

    Attributes:
        example: the example itself, at distance 0.
        found: the nearest first.
        head: what was measured.
        among: how many rows were compared, in words.
    """

    example: Neighbour
    found: tuple[Neighbour, ...]
    head: str
    among: str


#: What a layer said of the training rows at one step, by trainer.
_known: WeakKeyDictionary[Trainer, tuple[tuple[int, str, int], Array]] = WeakKeyDictionary()


def place_names(trainer: Trainer) -> tuple[str, ...]:
    """The layers by path and name, the last hidden one first, then the others and the input."""
    return tuple(name for name, _ in _layers(trainer))


def _layers(trainer: Trainer) -> list[tuple[str, str]]:
    """Name and path of what can be compared; the input's path is empty."""
    found = [(f"{each.path} {each.layer.record.name}", each.path) for each in trainer.plan.layers]
    hidden = [*found[:-1][-1:], *found[-1:], *found[:-2][::-1]]
    return [*hidden, ("input", "")]


def make_neighbours(trainer: Trainer, asked: Asked) -> Neighbours:
    """The twelve nearest in one layer, among as many training rows as are compared in a moment."""
    name, path = _layers(trainer)[asked.place]
    part, train = shown_part(trainer), trainer.split.train
    said, rows = _said_of_training(trainer, path)
    x = part.x[asked.item : asked.item + 1]
    distances = measure_distances(_say(trainer, path, x)[0], said)
    if part is train:
        distances[rows == asked.item] = np.inf  # every row is nearest to itself
    nearest = [k for k in np.argsort(distances, kind="stable")[:_SHOWN].tolist() if np.isfinite(distances[k])]
    found = tuple(_describe(trainer, train, int(rows[k]), float(distances[k])) for k in nearest)
    head = f"distance in the input, {figure_of(trainer)}" if not path else f"distance in layer {name}"
    among = counted(len(said), "training row")
    return Neighbours(_describe(trainer, part, asked.item, 0.0), found, head, f"the nearest of {among}")


def figure_of(trainer: Trainer) -> str:
    """How the input's numbers are scaled, in words."""
    kind = trainer.split.scaler.kind
    return "unscaled" if kind == "none" else f"{kind} scale"


def measure_distances(here: Array, there: Array) -> NDArray[np.float64]:
    """Euclidean distances of rows (N, …) from one (…)."""
    apart = there.reshape(len(there), -1).astype(np.float64) - here.ravel().astype(np.float64)
    return np.asarray(np.sqrt((apart**2).sum(axis=1)))


def _said_of_training(trainer: Trainer, path: str) -> tuple[Array, NDArray[np.int64]]:
    """What a layer says of training rows, and which those are; remembered while the weights stay as they are."""
    width = max(int(np.prod(value)) for value in trainer.plan.values)
    afford = int(min(_NUMBERS / width, _COST / max(1, trainer.plan.multiply_adds)))
    count = min(len(trainer.split.train), _MOST, max(_LEAST, afford))
    key = (trainer.step, path, count)
    rows, known = spread_rows(len(trainer.split.train), count), _known.get(trainer)
    if known is None or known[0] != key:
        known = key, _say(trainer, path, trainer.split.train.x[rows])
        _known[trainer] = known
    return known[1], rows


def _say(trainer: Trainer, path: str, x: Array) -> Array:
    name = f"eval.{path}.output"
    return trainer.forward(x, [name])[name] if path else x


def _describe(trainer: Trainer, part: Any, row: int, distance: float) -> Neighbour:
    x, form = part.x[row], input_form(trainer)
    if form == "picture":
        return Neighbour(row, _label(trainer, part, row), distance, as_shown(as_picture(trainer, x)), "")
    if form == "symbols":
        words = " ".join(name_symbols(x, part))
    else:
        pairs = zip(column_names(trainer), in_units(trainer, x[None])[0].tolist(), strict=True)
        words = ", ".join(f"{name} {figure(value)}" for name, value in pairs)
    return Neighbour(row, _label(trainer, part, row), distance, None, words)


def _label(trainer: Trainer, part: Any, row: int) -> str:
    if has_classes(trainer):
        return trainer.split.class_names[int(part.y[row])] if one_class_per_row(trainer) else ""
    values = trainer.split.scaler.inverse_target(part.y[row : row + 1]).ravel()
    return figure(float(values[0])) if values.size == 1 else ""


NEAREST_ROWS = View(
    "nearest training rows",
    Neighbours,
    lambda trainer: len(trainer.split.train) > 1,
    make_neighbours,
    item="example",
    places=place_names,
    place="layer",
    find_worst=find_worst_example,
    about="The training rows that a layer takes for the most alike.",
    group="why",
    order=6,
)
