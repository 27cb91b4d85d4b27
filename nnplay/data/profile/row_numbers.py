"""One row from its cells to what the network gets: as written, encoded, scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.profile.columns import ProfiledColumn
from nnplay.data.profile.profile import Profile
from nnplay.detection.objects import split_target
from nnplay.text import clean

#: Inputs of one column that are written out.
_WRITTEN: Final = 8
_LARGE: Final = 1e7


@dataclass(frozen=True, slots=True)
class CellNumbers:
    """One cell of a row.

    Attributes:
        raw: the cell as it was written.
        words: how it becomes numbers.
        encoded, given: numbers before and after scaling; no numbers where the column is left out.
        names: of those numbers.
    """

    column: ProfiledColumn
    raw: str
    words: str
    encoded: tuple[float, ...]
    given: tuple[float, ...]
    names: tuple[str, ...]


def row_numbers(profile: Profile, row: int, columns: slice = slice(None)) -> tuple[CellNumbers, ...]:
    """The columns of a row; of data that are no table only inputs with names, and the targets.

    Args:
        columns: which of them.
    """
    data, split = profile.data, profile.split
    x: NDArray[Any] = data.x[row]
    given = split.scaler.transform(data.x[row : row + 1])[0]
    found: list[CellNumbers] = []
    for column in profile.columns[columns]:
        names: tuple[str, ...]
        if column.role == "target":
            before, after, names = _target(profile, row, column), _target(profile, row, column, scaled=True), ()
        else:
            before, after = x[column.start : column.stop], given[column.start : column.stop]
            names = tuple(clean(name) for name in data.feature_names[column.start : column.stop])
        raw = profile.cells(column, row, row + 1)[0]
        words = profile.encoding(column)
        found.append(CellNumbers(column, raw, words, _floats(before), _floats(after), names))
    return tuple(found)


def _target(profile: Profile, row: int, column: ProfiledColumn, *, scaled: bool = False) -> NDArray[Any]:
    y = profile.data.y[row : row + 1]
    if profile.data.task == "classification":
        return np.ravel(y)
    if profile.data.task == "detection":
        boxes, _ = split_target(y[0])
        return np.ravel(boxes[boxes[:, 0] > 0])
    return (profile.split.scaler.transform_target(y) if scaled else y)[0, column.start : column.stop]


def _floats(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(np.asarray(values, dtype=np.float64).ravel().tolist())


def numbers_text(values: tuple[float, ...], names: tuple[str, ...] = ()) -> str:
    """Numbers in a few words: all of them, or of many zeros which one is none: "1 at 37 of 100 (colour=red)"."""
    if len(values) <= _WRITTEN:
        return " ".join(number_text(value) for value in values)
    places = [place for place, value in enumerate(values) if value]
    if len(places) == 1:
        name = f" ({names[places[0]]})" if names else ""
        return f"{number_text(values[places[0]])} at {places[0]:,} of {len(values):,}{name}"
    return " ".join(number_text(value) for value in values[:_WRITTEN]) + f" … ({len(values):,})"


def number_text(value: float) -> str:
    """One number with four digits, a whole one with all of its digits up to seven, and "missing" for none."""
    if value != value:
        return "missing"
    return f"{value:.0f}" if abs(value) < _LARGE and value == int(value) else f"{value:.4g}"
