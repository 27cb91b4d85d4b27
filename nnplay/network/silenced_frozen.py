"""Silent and frozen parts of a network: "1:3 4" is unit 3 of layer 1, and the whole of layer 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nnplay.errors import InputError

#: Stands for all units of a layer.
ALL: Final = -1


@dataclass(frozen=True, slots=True)
class Hold:
    """A unit of a layer, or (`ALL`) the whole of it."""

    path: str
    unit: int = ALL

    def __str__(self) -> str:
        return self.path if self.unit == ALL else f"{self.path}:{self.unit}"

    @property
    def words(self) -> str:
        """For readers."""
        return f"layer {self.path}" if self.unit == ALL else f"unit {self.unit} of layer {self.path}"


def read(text: str) -> tuple[Hold, ...]:
    """What a text names, each once.

    Raises:
        InputError: a part of it is no layer and no unit of one.
    """
    found: dict[Hold, None] = {}
    for part in text.replace(",", " ").split():
        path, colon, unit = part.rpartition(":")
        if colon and not unit.isdecimal():
            raise InputError(
                f"'{part}' names no unit", hint="as in 1:3 for unit 3 of layer 1, or 1 for the whole layer"
            )
        found[Hold(path, int(unit)) if colon else Hold(part)] = None
    return tuple(found)


def text_of(holds: tuple[Hold, ...]) -> str:
    """The text that `read` reads."""
    return " ".join(map(str, holds))


def switched(text: str, hold: Hold) -> str:
    """The text with one more part, or without it where it was there."""
    present = read(text)
    return text_of(tuple(other for other in present if other != hold) if hold in present else (*present, hold))


def words(silent: str, frozen: str) -> tuple[str, ...]:
    """What is held, for readers."""
    return (*(f"{hold.words} silent" for hold in read(silent)), *(f"{hold.words} frozen" for hold in read(frozen)))
