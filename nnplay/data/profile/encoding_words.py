"""How a column becomes numbers, in words: the same sentence for the screen and for print."""

from __future__ import annotations

from typing import Final

from nnplay.data.columns.heavy_tails import LOGARITHM
from nnplay.data.dataset import Dataset
from nnplay.data.profile.columns import ProfiledColumn, visible
from nnplay.data.scaler import Scaler
from nnplay.detection.objects import NUMBERS
from nnplay.text import clean, counted, figure

_LISTED: Final = 6


def describe_encoding(data: Dataset, scaler: Scaler, column: ProfiledColumn) -> str:
    """As in "minus the mean 43.9, divided by the standard deviation 5.46"; statistics are of the training rows."""
    if column.role == "target":
        return _of_target(data, scaler, column)
    if data.vocabulary is not None:
        count = len(data.vocabulary.tokens)
        return f"the number of the token in a vocabulary of {count:,} {data.vocabulary.unit.replace('_', ' ')}"
    encoded = column.column
    if encoded is None:
        return _scaled(scaler, column.start)
    if encoded.kind == "left_out":
        return f"left out: {encoded.note or 'by choice'}"
    words = [clean(word, 24) for word in encoded.categories]
    note = f"{encoded.note}; " if encoded.note else ""
    if encoded.kind == "binary":
        return f"{note}1 for '{words[-1]}', 0 for '{words[0]}'"
    if encoded.kind == "ordinal":
        return f"{note}the number of the word in a list of {len(words):,}"
    if encoded.kind == "one_hot":
        return f"{note}one-hot: {counted(len(words), 'input')}, 1 for the word that is there and 0 for the others"
    if encoded.kind == "indicator":
        return "1 where the value is missing, else 0"
    return note + _of_number(scaler, column)


def _of_number(scaler: Scaler, column: ProfiledColumn) -> str:
    assert column.column is not None
    text = _scaled(scaler, column.start)
    if column.column.missing and scaler.fill is not None:
        text += f"; where it is missing, {figure(float(scaler.fill[column.start]))} (the mean)"
    more = [name.removeprefix(f"{column.column.name}: ") for name in column.column.inputs[1:]]
    marked = bool(more) and more[-1] == f"{column.column.name} missing"
    circles = [name.removesuffix(" sin") for name in more if name.endswith(" sin")]
    if LOGARITHM in more:
        text += "; and its logarithm, scaled likewise"
    if circles:
        text += f"; and its {' and '.join(circles)} as sine and cosine"
    return f"{text}; another input is 1 where it is missing" if marked else text


def _of_target(data: Dataset, scaler: Scaler, column: ProfiledColumn) -> str:
    note = f"{column.column.note}; " if column.column is not None and column.column.note else ""
    if data.task == "classification":
        what = "the number of its class" if data.y.ndim < 3 else "the number of the class of each pixel"
        if all(name == str(place) for place, name in enumerate(data.class_names)):
            return what
        listed = [f"{place} {visible(clean(name, 24))}" for place, name in enumerate(data.class_names[:_LISTED])]
        more = ", …" if len(data.class_names) > _LISTED else ""
        return f"{what}: {', '.join(listed)}{more}"
    if data.task == "detection":
        listed = [f"{place} {clean(name, 24)}" for place, name in enumerate(data.class_names[:_LISTED], 1)]
        masks = "" if data.y.shape[-1] == NUMBERS else "; and of each pixel the number of its box, or 0"
        return f"the number of its class, then left, top, right, bottom, from 0 to 1: {', '.join(listed)}{masks}"
    if not scaler.target_scale.size or (scaler.target_scale[column.start], scaler.target_offset[column.start]) == (
        1,
        0,
    ):
        return f"{note}as it is"
    offset, scale = scaler.target_offset[column.start], scaler.target_scale[column.start]
    return note + _standard(float(offset), float(scale))


def _scaled(scaler: Scaler, place: int) -> str:
    offset, scale = float(scaler.offset[place]), float(scaler.scale[place])
    if scaler.kind == "none" or (offset, scale) == (0.0, 1.0):
        return "as it is"
    if scaler.kind == "standard":
        return _standard(offset, scale)
    return f"minus the smallest, {_shown(offset)}, divided by the range, {_shown(scale)}"


def _standard(mean: float, deviation: float) -> str:
    return f"minus the mean, {_shown(mean)}, divided by the standard deviation, {_shown(deviation)}"


def _shown(value: float) -> str:
    return figure(value, 4)
