"""Images with the class of every pixel: a folder of images and a folder of masks of the same names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.folders.each import try_each
from nnplay.data.folders.examples import Examples, damage_notes
from nnplay.data.pictures.decode import decode_mask, pictures_allowed, read_head
from nnplay.data.pictures.gather import gather_pictures
from nnplay.data.pictures.mask_folders import find_mask_folders, pair_masks
from nnplay.data.pictures.options import PICTURE_FIELDS, PictureOptions, picture_options
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.errors import InputError
from nnplay.system.paths import expanded
from nnplay.text import clean, counted

#: Classes of pixels; a mask that was saved as JPEG, or is no mask, has more different values.
_MOST_CLASSES: Final = 64


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Images (height, width, 3 or 1) from 0 to 1 and labels per pixel (height, width)."""
    where, folder = place_of(path), expanded(path)
    options = picture_options(values, where)
    found = find_mask_folders(folder)
    if found is None:  # it was there when the source was chosen
        raise InputError("holds no folder of images with one of masks", where=where)
    pairs, notes = pair_masks(*found, where)
    numbers = np.arange(len(pairs))  # by which the masks of images that are left are found again
    gathered = gather_pictures(Examples(tuple(picture for picture, _ in pairs), numbers, "regression"), options, where)
    pairs = [pairs[number] for number in gathered.examples.y.tolist()]
    _, height, width, _ = gathered.pixels.shape
    masks, kept, more = _gather_masks(pairs, (height, width), options, where)
    codes, labels = np.unique(masks, return_inverse=True)
    if len(codes) > _MOST_CLASSES:
        what = f"masks have {len(codes):,} different values, at most {_MOST_CLASSES} classes are told apart"
        raise InputError(what, where=where, hint="save masks as PNG, with one value for each class")
    if len(codes) == 1:
        raise InputError(f"every pixel of every mask is {_class_name(codes[0])}", where=where)
    return Dataset(
        gathered.inputs()[kept],
        labels.reshape(masks.shape).astype(np.int64),
        name=table_name(path),
        class_names=[_class_name(code) for code in codes.tolist()],
        notes=(*notes, *gathered.notes, *more, f"{counted(len(codes), 'class')} of pixels, called by their values"),
    )


def _gather_masks(
    pairs: list[tuple[Path, Path]], size: tuple[int, int], options: PictureOptions, where: str
) -> tuple[NDArray[np.int32], NDArray[np.int64], tuple[str, ...]]:
    """Values of the masks' pixels (n, height, width), which images they belong to, and notes."""

    def decode(pair: tuple[Path, Path]) -> NDArray[np.int32]:
        picture, mask = (read_head(path) for path in pair)
        if (picture.height, picture.width) != (mask.height, mask.width):
            what = f"is {mask.height}×{mask.width}, its image {picture.height}×{picture.width}"
            raise InputError(what, where=clean(pair[1].name))
        return decode_mask(pair[1], *size, options.fit)

    with pictures_allowed(where):
        masks, damaged = try_each(pairs, decode, "masks")
    notes = damage_notes(damaged, len(pairs), "mask", where)
    kept = np.array([row for row, mask in enumerate(masks) if mask is not None], np.int64)
    return np.stack([mask for mask in masks if mask is not None]), kept, notes


def _class_name(code: int) -> str:
    return str(code) if code < 1 << 16 else f"#{code:06x}"


def claims(path: str) -> bool:
    """A folder that holds images in one folder and masks in another."""
    place = Path(path).expanduser()
    return place.is_dir() and find_mask_folders(place) is not None


PICTURE_MASKS = SourceRecord(
    name="picture_masks",
    title="a folder of images and masks",
    label="images with masks",
    about="Two folders, images and masks: every pixel of an image has the class that its mask says.",
    endings=(),
    fields=PICTURE_FIELDS,
    read=read,
    claims=claims,
)
