"""The rows of a set that is no table: a grid of pictures, waves with their spectra, or symbols.

What is drawn of a row follows from its shape: (h, w, channels) is a picture, or a clip where its frames are one below
the other; (steps, numbers) is a wave, or a spectrum where the wave was kept beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.corpus.vocabulary import PADDING
from nnplay.data.profile.columns import visible
from nnplay.data.profile.profile import Profile
from nnplay.text import clean
from nnplay.tui.data_browser.place import Place
from nnplay.tui.data_browser.views.data_view import DataView
from nnplay.tui.data_browser.views.wanted import areas_in, draw_wanted, has_places
from nnplay.tui.data_browser.views.waves import draw_sound, draw_wave
from nnplay.tui.outputs.pictures import draw_tiles
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit, joined

_SMALLEST_FLAT = 64
"""Inputs from which on a square number of them without names is a picture."""
_TILE = 14
"""Columns that a large picture gets; a smaller one has a column for each pixel."""
_LEAST_TILE = 8
_PLACES_TILE = 24
"""Columns of a picture whose target is drawn over it."""
_SYMBOL_ROWS = 4
_MOST = 400
"""Pictures that no screen has room for."""
_PICTURE = 3
"""Axes of a picture; rows with more are volumes, which are drawn slice by slice."""


def has_examples(profile: Profile) -> bool:
    """Whether rows are looked at one by one rather than in a table."""
    return profile.data.x.ndim > 2 or _side(profile) > 0 or _are_symbols(profile)


def _side(profile: Profile) -> int:
    """Pixels of a side, where flat rows are square pictures; else 0."""
    data = profile.data
    size = data.x.shape[1] if data.x.ndim == 2 else 0
    side = math.isqrt(size)
    unnamed = (
        data.table is None
        and data.vocabulary is None
        and (not data.feature_names or data.feature_names[:2] == ("x1", "x2"))
    )
    return side if side * side == size >= _SMALLEST_FLAT and unnamed else 0


def _are_symbols(profile: Profile) -> bool:
    data = profile.data
    whole = data.x.ndim == 2 and (data.vocabulary is not None or bool((data.x[:_SMALLEST_FLAT] % 1 == 0).all()))
    return whole and (data.vocabulary is not None or (data.task == "classification" and data.y.ndim == 2))


def draw_examples(place: Place, width: int, height: int, look: Look) -> Sequence[Row]:
    """From the row under the cursor on."""
    across, down = grid_of(place.profile, width, height)
    place.page, place.stride = across * down, across
    place.row_spots, place.column_spots = [], []
    rows = np.arange(place.row, min(len(place.profile), place.row + place.page))
    return draw_examples_of(place.profile, rows, width, height, look)


def grid_of(profile: Profile, width: int, height: int) -> tuple[int, int]:
    """Examples beside and below each other on a screen of this size."""
    if not is_picture(profile):
        return 1, max(1, height // _SYMBOL_ROWS) if _are_symbols(profile) else 1
    tall, broad = picture_of(profile, 0).shape[:2]
    most = _PLACES_TILE if has_places(profile) else _TILE
    columns = broad if _LEAST_TILE <= broad <= most else most if broad > most else broad * -(-_LEAST_TILE // broad)
    rows = max(1, -(-tall * columns // (2 * broad)))
    return max(1, width // (columns + 1)), max(1, height // (rows + 1))


def is_picture(profile: Profile) -> bool:
    """Whether each row is one."""
    return (profile.data.x.ndim == 4 or _side(profile) > 0) and profile.data.frames == 1


def draw_examples_of(
    profile: Profile,
    rows: NDArray[np.int64],
    width: int,
    height: int,
    look: Look,
    given: NDArray[Any] | None = None,
    targets: NDArray[Any] | None = None,
) -> Sequence[Row]:
    """As many of these rows as find room.

    Args:
        given, targets: their inputs and targets (B, …) where those are not the data's own, as in a batch.
    """
    data = profile.data
    values = data.x[rows[:_MOST]] if given is None else given
    if is_picture(profile):
        across, down = grid_of(profile, width, height)
        shown = rows[: min(across * down, _MOST)].tolist()
        tiles = [(_title(profile, row), picture_of(profile, row, x)) for row, x in zip(shown, values, strict=False)]
        if has_places(profile):
            wanted = data.y[shown] if targets is None else targets[: len(shown)]
            return draw_wanted(profile, tiles, wanted, width, height, look)
        return draw_tiles(tiles, width, height, look)
    if _are_symbols(profile):
        return _symbols(profile, rows.tolist(), width, height, look)
    title = ((fit(f" {_title(profile, int(rows[0]))}", width), look.ink("text")),)
    if data.frames > 1 or values[0].ndim > _PICTURE:
        name, strip = "frame", values[0].reshape(data.frames, -1, *values[0].shape[1:])
        if values[0].ndim > _PICTURE:
            name, strip = "slice", values[0].reshape(-1, *values[0].shape[-_PICTURE:])
        slices = [(f"{name} {number}", _flat(one)) for number, one in enumerate(strip[:_MOST], 1)]
        return [title, *draw_tiles(slices, width, height - 1, look)]
    if data.waves is not None and height > _SYMBOL_ROWS:
        return [title, *draw_sound(data.waves[rows[0]], np.asarray(values[0]), width, height - 1, look)]
    return [title, *draw_wave(np.asarray(values[0]), width, height - 1, look)]


def picture_of(profile: Profile, row: int, values: NDArray[Any] | None = None) -> NDArray[Any]:
    """The picture (h, w) or (h, w, 3) in a row, or in other `values` of its shape."""
    image = np.asarray(profile.data.x[row] if values is None else values)
    if image.ndim == 1:
        image = image.reshape(_side(profile), -1, 1)
    return _flat(image)


def _flat(image: NDArray[Any]) -> NDArray[Any]:
    """A picture (h, w, channels) as one that can be drawn: three channels are colours, of others the first is shown."""
    return image if image.shape[2] == 3 else image[:, :, 0]


def _title(profile: Profile, row: int) -> str:
    target = next(column for column in profile.columns if column.role == "target")
    if profile.data.task == "classification" and has_places(profile):
        return f"{row + 1:,}: {' '.join(areas_in(profile, row))}"
    short = profile.data.y[row].size <= 8 or profile.data.task == "detection"
    answer = profile.cells(target, row, row + 1)[0] if short else ""
    return f"{row + 1:,}: {answer}" if answer else f"{row + 1:,}"


def _symbols(profile: Profile, rows: Sequence[int], width: int, height: int, look: Look) -> list[Row]:
    """What goes in as symbols and as their numbers, and what is to come out."""
    target = next(column for column in profile.columns if column.role == "target")
    names = profile.tokens or tuple(visible(clean(name)) for name in profile.data.class_names)
    gap = "" if all(len(name) == 1 for name in names) else " "
    lines: list[Row] = []
    for row in rows[: max(1, height // _SYMBOL_ROWS)]:
        tokens = [int(token) for token in np.ravel(profile.data.x[row])]
        known = all(0 <= token < len(names) for token in tokens)
        word = gap.join(names[token] for token in tokens if names[token] != PADDING) if known else ""
        if profile.data.y.ndim == 2 and profile.data.task == "classification":
            classes = profile.data.class_names
            answer = gap.join(visible(clean(classes[int(token)])) for token in np.ravel(profile.data.y[row]))
        else:
            answer = profile.cells(target, row, row + 1)[0]
        numbers = " ".join(map(str, tokens))
        for label, text in ((f"{row + 1:,}", word), ("numbers", numbers), ("wanted", answer)):
            lines.append(joined([(f" {label:<9}", look.ink("dim")), (fit(text, width - 10), look.ink("text"))]))
        lines.append(())
    return lines[:height]


EXAMPLES = DataView("examples", has_examples, draw_examples, "row", "row")
