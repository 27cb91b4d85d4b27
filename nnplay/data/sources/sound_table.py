"""A table of sounds: in each row the path of one, and what is to be learned of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.data.dataset import Dataset
from nnplay.data.folders.path_table import PATH_FIELDS, lists_files, read_path_table
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.data.sound.gather import read_sounds
from nnplay.data.sound.options import ENDINGS, SOUND_FIELDS, sound_options


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Mel spectra (time, bands), or waves (time, 1), and their classes, or quantities."""
    where = place_of(path)
    options = sound_options(values, where)
    return read_sounds(read_path_table(path, values, ENDINGS, "sound"), options, table_name(path), where)


def claims(path: str) -> bool:
    """A table that names sounds which are there."""
    return lists_files(path, ENDINGS)


SOUND_TABLE = SourceRecord(
    name="sound_table",
    title="a table of sounds",
    label="tables of sounds",
    about="A CSV table that names a sound in each row, from its folder on, and says what is to be learned of it.",
    endings=(),
    fields=(*PATH_FIELDS, *SOUND_FIELDS),
    read=read,
    claims=claims,
)
