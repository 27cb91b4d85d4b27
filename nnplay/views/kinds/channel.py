"""One channel of a layer at full size: its map of an example, and the patches of images that it answers to most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.network.network import PlannedLayer
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape, one_class_per_row
from nnplay.views.images import as_image
from nnplay.views.layer_places import mapped_layers, name_layers
from nnplay.views.output_names import name_outputs
from nnplay.views.receptive_field import receptive_field
from nnplay.views.rows import count_rows, describe_rows, shown_part
from nnplay.views.view import Asked, Output, View

Floats = NDArray[np.float32]
_MOST_PATCHES: Final = 12
#: Numbers of a layer that are held at once while the rows are gone through.
_AT_ONCE: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Patch:
    """Part of an image that a channel answers to.

    Attributes:
        image: the part, (h, w) or (h, w, 3); brightness as in the whole image, whose ends are `low` and `high`.
        row: of the validation rows.
        label: the row's class; empty where it has none of its own.
        value: the channel's answer there.
        place: row and column of the middle of the part, in the whole image.
    """

    image: Floats
    row: int
    label: str
    value: float
    place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Channel(Output):
    """One channel.

    Attributes:
        number, of: which one of how many.
        name: what it stands for, in the last layer; else empty.
        best: the image that it answers to most, (h, w) or (h, w, 3), and its map there, (h, w).
        patches: what it answers to, the largest answer first, at most one of each row.
        low, high: the darkest and the brightest value of the images.
        field: height and width of what one number of the map can see.
        rows: among which rows the patches were found, in words.
    """

    number: int
    of: int
    best: tuple[Floats, Floats]
    patches: tuple[Patch, ...]
    low: float
    high: float
    field: tuple[int, int]
    rows: str
    name: str = ""


def suits(trainer: Trainer) -> bool:
    """Images, and a layer that gives maps of them."""
    return bool(_layers(trainer))


def _layers(trainer: Trainer) -> tuple[PlannedLayer, ...]:
    if len(trainer.split.feature_shape) != 3 or not image_shape(trainer)[0]:
        return ()
    return tuple(planned for planned in mapped_layers(trainer) if len(planned.plan.output) == 3)


def make_channel(trainer: Trainer, asked: Asked) -> Channel:
    """Forward passes of the rows that are shown; for each the largest number of the channel's map and its place."""
    planned, channel = _layers(trainer)[asked.place], asked.item
    part, count = shown_part(trainer), count_rows(trainer)
    peaks, places, best = _find_peaks(trainer, planned, channel, part.x[:count])
    order = np.argsort(-peaks, kind="stable")[:_MOST_PATCHES]
    shape, field = image_shape(trainer), receptive_field(trainer.plan, planned.path)
    tall, broad = planned.plan.output[:2]
    names = trainer.split.class_names if one_class_per_row(trainer) else ()
    patches = []
    for row in order.tolist():
        at = int(places[row]) // broad, int(places[row]) % broad
        middle = int((at[0] + 0.5) * shape[0] / tall), int((at[1] + 0.5) * shape[1] / broad)
        image = _cut(as_image(part.x[row], shape), middle, field)
        patches.append(Patch(image, row, names[int(part.y[row])] if names else "", float(peaks[row]), middle))
    seen = part.x[order]
    image = as_image(part.x[order[0]], shape)
    ends = float(seen.min()), float(seen.max())
    outputs = name_outputs(trainer) if planned.output == trainer.plan.output else ()
    name, of = outputs[channel] if outputs else "", planned.plan.output[-1]
    return Channel(channel, of, (image, best), tuple(patches), *ends, field, describe_rows(trainer), name)


def _find_peaks(trainer: Trainer, planned: PlannedLayer, channel: int, x: Floats) -> tuple[Floats, Floats, Floats]:
    """For each row the largest number of a channel, and where it is; and the whole map of the largest of all."""
    name = f"eval.{planned.path}.output"
    rows = max(1, _AT_ONCE // int(np.prod(planned.plan.output)))
    peaks, places, best = [], [], np.zeros((1, 1), np.float32)
    highest = -np.inf
    for start in range(0, len(x), rows):
        maps = trainer.forward(x[start : start + rows], [name])[name][..., channel]
        flat = np.nan_to_num(maps.reshape(len(maps), -1))
        peaks.append(flat.max(axis=1))
        places.append(flat.argmax(axis=1))
        if peaks[-1].max() > highest:
            highest, best = float(peaks[-1].max()), maps[int(peaks[-1].argmax())].astype(np.float32)
    return np.concatenate(peaks), np.concatenate(places), best


def _cut(image: Floats, middle: tuple[int, int], size: tuple[int, int]) -> Floats:
    """The part of an image around a place; at a border it is moved inside."""
    tops = [
        min(max(0, at - long // 2), whole - long) for at, long, whole in zip(middle, size, image.shape[:2], strict=True)
    ]
    return image[tops[0] : tops[0] + size[0], tops[1] : tops[1] + size[1]]


CHANNEL = View(
    "channel",
    Channel,
    suits,
    make_channel,
    item="channel",
    places=lambda trainer: name_layers(_layers(trainer)),
    place="layer",
    count=lambda trainer, place: _layers(trainer)[place].plan.output[-1],
    order=5,
    about="One channel of a layer at full size, with the patches of images that it responds to most.",
    group="inside",
)
