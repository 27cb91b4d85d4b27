"""Pictures with boxes around objects, and their pixels: a folder of images with a JSON file as COCO has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.coco.annotations import Annotated, Annotations, read_annotations
from nnplay.data.coco.files import find_annotations, find_picture, leads_outside
from nnplay.data.coco.shapes import read_mask
from nnplay.data.dataset import Dataset
from nnplay.data.folders.examples import Examples
from nnplay.data.pictures.gather import gather_pictures
from nnplay.data.pictures.options import PictureOptions
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.detection.objects import join_target
from nnplay.errors import InputError
from nnplay.fields import choice, fill, flag, integer
from nnplay.system.paths import expanded
from nnplay.text import clean, counted

#: Objects of one picture.
_MOST_OBJECTS: Final = 16
_FIELDS: Final = (
    integer("size", 64, "pixels of each side; images are pulled to a square, boxes with them", low=16, high=512),
    choice("colours", "auto", "three channels or one; auto: colour if any image has some", ("auto", "colour", "grey")),
    flag("masks", False, "the pixels of each object too, not only its box"),
)


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Images (size, size, 3 or 1) from 0 to 1 and targets as `nnplay.detection.objects` describes them."""
    where = place_of(path)
    given = fill(_FIELDS, {name: value for name, value in values.items() if value not in ("", None)}, where)
    file = find_annotations(path)
    if file is None:
        raise InputError("is not a COCO file", where=where, hint="it is JSON with images, annotations and categories")
    found = read_annotations(file, where if expanded(path) == file else f"{where}, {clean(file.name)}")
    pictures = [find_picture(file, name) for name, _ in found.files]
    kept = np.array([row for row, picture in enumerate(pictures) if picture is not None], np.int64)
    lost = [found.files[row][0] for row, picture in enumerate(pictures) if picture is None]
    if not len(kept):
        what = f"none of its {counted(len(pictures), 'image')} is there, such as '{clean(lost[0])}'"
        raise InputError(what, where=where, hint="put the images beside the file, or into a folder called images")
    notes = _lost_notes(lost)
    files = tuple(picture for picture in pictures if picture is not None)
    colours = {"auto": None, "colour": True, "grey": False}[given["colours"]]
    size = int(given["size"])
    options = PictureOptions((size, size), "stretch", colours)
    gathered = gather_pictures(Examples(files, kept, "regression"), options, where)
    rows = [int(row) for row in gathered.examples.y]
    for row, true in zip(rows, gathered.sizes, strict=True):
        _refuse_other_shape(found.files[row], true, f"{where}, images[{row}]")
    target, more = _make_targets(found, rows, size if given["masks"] else 0, where)
    return Dataset(
        gathered.inputs(),
        target,
        name=table_name(path),
        task="detection",
        class_names=found.class_names,
        notes=(*found.notes, *notes, *gathered.notes, *more),
    )


def _lost_notes(lost: list[str]) -> list[str]:
    """What is said of pictures that were not read."""
    away = [name for name in lost if leads_outside(name)]
    missing = [name for name in lost if not leads_outside(name)]
    return [
        f"{counted(len(names), 'image')} {why}, so left out: '{clean(names[0])}'"
        for names, why in ((away, "outside of the folder"), (missing, "not found"))
        if names
    ]


def _refuse_other_shape(said: tuple[str, tuple[int, int]], true: tuple[int, int], where: str) -> None:
    """Boxes are in pixels of the size that the file says, so the picture may be smaller or larger, but no other shape.

    Raises:
        InputError: it has another shape.
    """
    name, (height, width) = said
    if abs(height * true[1] / width - true[0]) > 1 and abs(width * true[0] / height - true[1]) > 1:
        what = f"says {width}×{height} pixels, '{clean(name)}' has {true[1]}×{true[0]}"
        raise InputError(what, where=where, hint="boxes would lie elsewhere: give the size that they were drawn in")


def _make_targets(
    found: Annotations, rows: list[int], size: int, where: str
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The targets of some pictures, with maps of that size, or without where it is 0; and notes."""
    most = max(1, min(_MOST_OBJECTS, max(len(found.objects[row]) for row in rows)))
    boxes = np.zeros((len(rows), most, 5), np.float32)
    maps = np.zeros((len(rows), size, size), np.uint8) if size else None
    crowded = hidden = 0
    bare: list[int] = []
    for place, row in enumerate(rows):
        items = sorted(found.objects[row], key=lambda item: -_area(item))
        if maps is not None:
            bare += [item.number for item in items if item.segmentation is None]
            items = [item for item in items if item.segmentation is not None]
        crowded += max(0, len(items) - most)
        items = items[:most]
        if maps is not None:
            seen = _draw(items, found.files[row][1], maps[place], where)
            hidden += len(items) - len(seen)
            items = seen
        for k, item in enumerate(items):
            boxes[place, k] = (item.label + 1, *item.box)
    notes = []
    if bare and not boxes.any():
        raise InputError("no object has a segmentation", where=where, hint="read it without masks")
    if bare:
        first = f"annotations[{min(bare)}]{', …' if len(bare) > 1 else ''}"
        notes.append(f"{counted(len(bare), 'object')} without a segmentation left out: {first}")
    if crowded:
        notes.append(f"{counted(crowded, 'object')} left out: of each picture the {most} largest are kept")
    if hidden:
        notes.append(f"{counted(hidden, 'object')} left out: no pixel of it is seen at {size}×{size}")
    return join_target(boxes, maps), tuple(notes)


def _area(item: Annotated) -> float:
    left, top, right, bottom = item.box
    return (right - left) * (bottom - top)


def _draw(items: list[Annotated], picture: tuple[int, int], numbers: NDArray[np.uint8], where: str) -> list[Annotated]:
    """Numbers the pixels of objects, small ones over large ones; returns those of which some are seen."""
    size = len(numbers)
    drawn = np.zeros((size, size), np.int64)
    for k, item in enumerate(items, 1):
        drawn[read_mask(item.segmentation, picture, size, f"{where}, annotations[{item.number}]")] = k
    there = [k for k in range(1, len(items) + 1) if (drawn == k).any()]
    for number, k in enumerate(there, 1):
        numbers[drawn == k] = number
    return [items[k - 1] for k in there]


def claims(path: str) -> bool:
    """A folder with a COCO file, or that file."""
    place = Path(path).expanduser()
    if place.suffix.lower() != ".json" and not place.is_dir():
        return False
    try:
        return find_annotations(path) is not None
    except InputError:
        return True  # several files: reading says so


COCO = SourceRecord(
    name="coco",
    title="a COCO file of boxes and masks",
    label="COCO",
    about="Images and a JSON file with boxes around objects, their classes, and if asked their pixels.",
    endings=(),
    fields=_FIELDS,
    read=read,
    claims=claims,
)
