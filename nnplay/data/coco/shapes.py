"""The pixels of an object as COCO writes them down: polygons, or runs of equal pixels column by column."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.text import clean

Mask = NDArray[np.bool_]
#: Pixels of a mask, and corners of all its polygons.
_MOST_PIXELS: Final = 1 << 26
_MOST_CORNERS: Final = 100_000
#: What helps wherever pixels are wrong: the box is still there.
_WITHOUT: Final = "read the folder without masks"


def read_mask(segmentation: Any, picture: tuple[int, int], size: int, where: str) -> Mask:
    """The mask (size, size) of a segmentation of a picture of that height and width.

    Raises:
        InputError: it is no polygon and no runs, or belongs to a picture of another size.
    """
    if isinstance(segmentation, list):
        return fill_polygons(segmentation, picture, size, where)
    if isinstance(segmentation, dict):
        whole = read_runs(segmentation, picture, where)
        rows, columns = ((np.arange(size) + 0.5) * side / size for side in picture)
        return np.asarray(whole[np.ix_(rows.astype(np.int64), columns.astype(np.int64))])
    hint = f"write a list of polygons, or {_WITHOUT}"
    raise InputError("its segmentation is neither polygons nor runs", where=where, hint=hint)


def fill_polygons(polygons: list[Any], picture: tuple[int, int], size: int, where: str) -> Mask:
    """Pixels whose middle lies within one of the polygons [x1, y1, x2, y2, …], in pixels of the picture."""
    middle = np.arange(size) + 0.5
    made = np.zeros((size, size), np.bool_)
    for polygon in polygons:
        corners = _corners(polygon, where) * size / np.array([picture[1], picture[0]])
        inside = np.zeros((size, size), np.bool_)
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if ay != by:
                crosses = (middle >= min(ay, by)) & (middle < max(ay, by))
                at = ax + (middle - ay) / (by - ay) * (bx - ax)
                inside ^= crosses[:, None] & (middle[None, :] > at[:, None])
        made |= inside
    return made


def _corners(polygon: Any, where: str) -> NDArray[np.float64]:
    numbers = polygon if isinstance(polygon, list) else []
    if not 6 <= len(numbers) <= _MOST_CORNERS or len(numbers) % 2:
        hint = f"write them one after the other, or {_WITHOUT}"
        raise InputError("a polygon needs three or more pairs of x and y", where=where, hint=hint)
    wrong = [number for number in numbers if type(number) not in (int, float) or not abs(number) < 1e9]
    if wrong:
        what = f"its polygon has '{clean(str(wrong[0]), 40)}', which cannot be a place in a picture"
        raise InputError(what, where=where, hint=f"write numbers of pixels, or {_WITHOUT}")
    return np.array(numbers, np.float64).reshape(-1, 2)


def read_runs(runs: dict[str, Any], picture: tuple[int, int], where: str) -> Mask:
    """The mask (height, width) of runs of 0 and 1 in turn, column by column, as numbers or as COCO packs them.

    Raises:
        InputError: they are no such runs, or do not fill the picture.
    """
    size, counts = runs.get("size"), runs.get("counts")
    if size != list(picture) or picture[0] * picture[1] > _MOST_PIXELS:
        what = f"its runs are of size {clean(str(size), 40)}, its picture is {list(picture)}"
        raise InputError(what, where=where, hint=f"make them for this picture, or {_WITHOUT}")
    lengths = unpack_runs(counts) if isinstance(counts, str) else counts
    if not isinstance(lengths, list) or not all(type(length) is int and length >= 0 for length in lengths):
        hint = f"write counts of pixels, or text as pycocotools packs them, or {_WITHOUT}"
        raise InputError("its runs are no list of counts", where=where, hint=hint)
    if sum(lengths) != picture[0] * picture[1]:
        what = f"its runs have {sum(lengths):,} pixels, its picture has {picture[0] * picture[1]:,}"
        raise InputError(what, where=where, hint=f"make them for this picture, or {_WITHOUT}")
    values = np.repeat(np.arange(len(lengths)) % 2, lengths)
    return np.asarray(values.reshape(picture[1], picture[0]).T == 1)


def unpack_runs(text: str) -> list[int]:
    """Lengths out of COCO's packed form: six bits a character, low ones first, from the third on as differences."""
    lengths: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more and at < len(text) and shift < 60:
            code = ord(text[at]) - 48
            value |= (code & 0x1F) << shift
            more, at, shift = bool(code & 0x20), at + 1, shift + 5
            if not more and code & 0x10:
                value |= -1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
    return lengths
