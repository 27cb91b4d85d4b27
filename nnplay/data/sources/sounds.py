"""Sounds of your own: a folder that holds a folder for each class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nnplay.data.dataset import Dataset
from nnplay.data.folders.classes import list_classes
from nnplay.data.folders.listing import is_folder_of
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.data.sound.gather import read_sounds
from nnplay.data.sound.options import ENDINGS, SOUND_FIELDS, sound_options
from nnplay.system.paths import expanded


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Mel spectra (time, bands), or waves (time, 1), and their classes."""
    where = place_of(path)
    options = sound_options(values, where)
    return read_sounds(list_classes(expanded(path), ENDINGS, "sound", where), options, table_name(path), where)


SOUNDS = SourceRecord(
    name="sounds",
    title="a folder of sounds",
    label="folders of sounds",
    about="Sounds in a folder for each class: yes/1.wav, yes/2.wav, no/1.wav.",
    endings=(),
    fields=SOUND_FIELDS,
    read=read,
    claims=partial(is_folder_of, endings=ENDINGS),
)
