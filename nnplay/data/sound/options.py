"""What can be said of how sounds become numbers: rate, length, wave or spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.fields import choice, fill, integer, number

#: Endings of the files that are read as sounds.
ENDINGS: Final = (".wav", ".wave", ".flac", ".ogg", ".oga", ".mp3")
#: What can be said of sounds, wherever they come from.
SOUND_FIELDS: Final = (
    choice("form", "spectrum", "what the network is given: mel spectrum or wave", ("spectrum", "wave")),
    integer(
        "rate",
        "auto",
        "values a second; auto: as most of them have, at most 8,000",
        low=100,
        high=192_000,
        choices=("auto",),
    ),
    number("seconds", "auto", "length; auto: that of nine of ten, at most 2", low=0.001, high=600, choices=("auto",)),
    integer("bands", 32, "bands of the spectrum, from low to high", low=4, high=256),
)


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """How sounds become numbers.

    Attributes:
        spectrum: whether they become mel spectra (time, bands), rather than waves (time, 1).
        rate: values a second; None follows the sounds.
        seconds: length; None follows the sounds.
    """

    spectrum: bool = True
    rate: int | None = None
    seconds: float | None = None
    bands: int = 32


def sound_options(values: Mapping[str, Any], where: str) -> SoundOptions:
    """The options out of the values that were given.

    Raises:
        InputError: a value that its field refuses.
    """
    names = {field.name for field in SOUND_FIELDS}
    found = fill(SOUND_FIELDS, {key: value for key, value in values.items() if key in names}, where)
    rate, seconds = (None if found[name] == "auto" else found[name] for name in ("rate", "seconds"))
    return SoundOptions(found["form"] == "spectrum", rate, seconds, found["bands"])
