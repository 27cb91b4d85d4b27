"""What can be said of how clips become numbers: how many frames, their size, grey or colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.data.pictures.options import Fit
from nnplay.errors import InputError
from nnplay.fields import choice, fill, integer, integers

#: Endings of the files that are read as clips.
ENDINGS: Final = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg")
#: What can be said of clips.
VIDEO_FIELDS: Final = (
    integer("frames", 8, "images of each clip, evenly over its time", low=2, high=256),
    integers("size", 32, "pixels of every frame, one number or height x width", low=2, high=512),
    choice("fit", "crop", "how frames of another shape are made to fit", ("crop", "pad", "stretch")),
    choice("colours", "grey", "three channels or one", ("grey", "colour")),
)


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """How clips become numbers; `size` is height and width."""

    frames: int
    size: tuple[int, int]
    fit: Fit
    colour: bool


def video_options(values: Mapping[str, Any], where: str) -> VideoOptions:
    """The options out of the values that were given.

    Raises:
        InputError: a value that its field refuses.
    """
    names = {field.name for field in VIDEO_FIELDS}
    found = fill(VIDEO_FIELDS, {key: value for key, value in values.items() if key in names}, where)
    size = found["size"]
    if isinstance(size, tuple) and len(size) != 2:
        raise InputError(f"{len(size)} numbers for 2 sides", where=f"{where}, size", hint="write 32, or 24x32")
    pair = (size, size) if isinstance(size, int) else (size[0], size[1])
    return VideoOptions(found["frames"], pair, found["fit"], found["colours"] == "colour")
