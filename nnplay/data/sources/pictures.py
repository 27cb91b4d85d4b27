"""Images of your own: a folder that holds a folder for each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.dataset import Dataset
from nnplay.data.folders.classes import list_classes
from nnplay.data.folders.listing import is_folder_of
from nnplay.data.pictures.gather import gather_pictures
from nnplay.data.pictures.mask_folders import find_mask_folders
from nnplay.data.pictures.options import ENDINGS, PICTURE_FIELDS, picture_options
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.system.paths import expanded


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Images (height, width, 3 or 1) of numbers from 0 to 1, and their classes."""
    where = place_of(path)
    options = picture_options(values, where)
    found = gather_pictures(list_classes(expanded(path), ENDINGS, "image", where), options, where)
    return found.examples.dataset(found.inputs(), table_name(path), found.notes)


def claims(path: str) -> bool:
    """A folder of images without masks."""
    return is_folder_of(path, ENDINGS) and find_mask_folders(expanded(path)) is None


PICTURES = SourceRecord(
    name="pictures",
    title="a folder of images",
    label="folders of images",
    about="Images in a folder for each class: cats/1.jpg, cats/2.jpg, dogs/1.jpg.",
    endings=(),
    fields=PICTURE_FIELDS,
    read=read,
    claims=claims,
)
