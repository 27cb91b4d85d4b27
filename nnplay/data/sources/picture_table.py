"""A table of images: in each row the path of one, and what is to be learned of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.dataset import Dataset
from nnplay.data.folders.path_table import PATH_FIELDS, lists_files, read_path_table
from nnplay.data.pictures.gather import gather_pictures
from nnplay.data.pictures.options import ENDINGS, PICTURE_FIELDS, picture_options
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Images (height, width, 3 or 1) of numbers from 0 to 1, and their classes, or quantities."""
    where = place_of(path)
    options = picture_options(values, where)
    found = gather_pictures(read_path_table(path, values, ENDINGS, "image"), options, where)
    return found.examples.dataset(found.inputs(), table_name(path), found.notes)


def claims(path: str) -> bool:
    """A table that names images which are there."""
    return lists_files(path, ENDINGS)


PICTURE_TABLE = SourceRecord(
    name="picture_table",
    title="a table of images",
    label="tables of images",
    about="A CSV table that names an image in each row, from its folder on, and says what is to be learned of it.",
    endings=(),
    fields=(*PATH_FIELDS, *PICTURE_FIELDS),
    read=read,
    claims=claims,
)
