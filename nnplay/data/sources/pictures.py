"""Pictures of your own: a folder with a folder for each class, or a table of paths and labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnplay.data.addresses import place_of, table_name
from nnplay.data.dataset import Dataset
from nnplay.data.folders.classes import list_classes
from nnplay.data.folders.listing import holds
from nnplay.data.folders.path_table import PATH_FIELDS, lists_files, read_path_table, refuse_missing
from nnplay.data.pictures.gather import gather_pictures
from nnplay.data.pictures.mask_folders import find_mask_folders
from nnplay.data.pictures.options import ENDINGS, PICTURE_FIELDS, picture_options
from nnplay.data.record import SourceRecord
from nnplay.system.paths import expanded


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Pictures (height, width, 3 or 1) of numbers from 0 to 1, and their classes, or quantities."""
    where = place_of(path)
    options = picture_options(values, where)
    folder = expanded(path)
    if folder.is_dir():
        examples = list_classes(folder, ENDINGS, "picture", where)
    else:
        examples = read_path_table(path, values, ENDINGS, "picture")
        refuse_missing(examples.files, where)
    found = gather_pictures(examples, options, where)
    return found.examples.dataset(found.inputs(), table_name(path), found.notes)


def claims(path: str) -> bool:
    """A folder of pictures without masks, or a table that names pictures."""
    place = Path(path).expanduser()
    if place.is_dir():
        return holds(place, ENDINGS) and find_mask_folders(place) is None
    return lists_files(path, ENDINGS)


PICTURES = SourceRecord(
    name="pictures",
    title="a folder of pictures",
    label="folders of pictures",
    about="Pictures in a folder for each class, or named with their labels in a CSV table.",
    endings=(),
    fields=(*PICTURE_FIELDS, *PATH_FIELDS),
    read=read,
    claims=claims,
)
