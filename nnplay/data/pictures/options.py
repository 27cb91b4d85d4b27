"""What can be said of how images become numbers: size, how others are made to fit, grey or colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from nnplay.errors import InputError
from nnplay.fields import choice, fill, integers

Fit = Literal["crop", "pad", "stretch"]

#: Endings of the files that are read as images.
ENDINGS: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".ppm", ".pgm", ".pbm", ".pnm")
#: The same formats as sentences name them.
FORMATS_TEXT: Final = "PNG, JPEG, GIF, BMP, WebP and PPM"
#: What can be said of images, wherever they come from.
PICTURE_FIELDS: Final = (
    integers(
        "size",
        "auto",
        "pixels of every image, one number or height x width; auto: as most of them have, at most 64 a side",
        high=4096,
        choices=("auto",),
    ),
    choice(
        "fit",
        "crop",
        "how images of another shape are made to fit: borders cut off, borders added, or pulled",
        ("crop", "pad", "stretch"),
    ),
    choice("colours", "auto", "three channels or one; auto: colour if any image has some", ("auto", "colour", "grey")),
)


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How images become numbers.

    Attributes:
        size: height and width in pixels; None follows the images.
        fit: what is done with images of another shape.
        colours: None follows the images, else whether there are three channels.
    """

    size: tuple[int, int] | None = None
    fit: Fit = "crop"
    colours: bool | None = None


def picture_options(values: Mapping[str, Any], where: str) -> PictureOptions:
    """The options out of the values that were given.

    Raises:
        InputError: a value that its field refuses.
    """
    names = {field.name for field in PICTURE_FIELDS}
    given = {name: value for name, value in values.items() if name in names and value not in ("", None)}
    found = fill(PICTURE_FIELDS, given, where)
    size = found["size"]
    if isinstance(size, tuple) and len(size) != 2:
        raise InputError(f"{len(size)} numbers for 2 sides", where=f"{where}, size", hint="write 32, or 24x32")
    pair = None if size == "auto" else (size, size) if isinstance(size, int) else (size[0], size[1])
    colours = {"auto": None, "colour": True, "grey": False}[found["colours"]]
    return PictureOptions(pair, found["fit"], colours)
