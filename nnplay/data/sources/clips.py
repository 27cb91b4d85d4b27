"""Clips of your own: a folder that holds a folder for each class."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.folders.classes import list_classes
from nnplay.data.folders.each import try_each
from nnplay.data.folders.examples import damage_notes
from nnplay.data.folders.listing import is_folder_of
from nnplay.data.pictures.gather import as_inputs, refuse_too_many
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.data.record import SourceRecord
from nnplay.data.video.decode import decode_clip, libraries_needed
from nnplay.data.video.options import ENDINGS, VIDEO_FIELDS, video_options
from nnplay.system.paths import expanded

_NOUN: Final = "clip"


def read(path: str, values: Mapping[str, Any]) -> Dataset:
    """Clips as strips (frames·height, width, 3 or 1) from 0 to 1, and their classes."""
    where = place_of(path)
    options = video_options(values, where)
    examples = list_classes(expanded(path), ENDINGS, _NOUN, where)
    libraries_needed(where)
    height, width = options.size
    refuse_too_many((len(examples.files), options.frames * height, width, 3 if options.colour else 1), where, _NOUN)
    found, damaged = try_each(examples.files, lambda file: decode_clip(file, options), "clips")
    notes = damage_notes(damaged, len(examples.files), _NOUN, where)
    rows = np.array([row for row, clip in enumerate(found) if clip is not None], np.int64)
    clips = np.stack([clip for clip in found if clip is not None])
    strips = as_inputs(clips).reshape(len(clips), options.frames * height, width, -1)
    return examples.select(rows).dataset(strips, table_name(path), notes, frames=options.frames)


CLIPS = SourceRecord(
    name="clips",
    title="a folder of clips",
    label="folders of clips",
    about="Clips in a folder for each class: a few frames of each, evenly over its time, one below the other.",
    endings=(),
    fields=VIDEO_FIELDS,
    read=read,
    claims=partial(is_folder_of, endings=ENDINGS),
)
