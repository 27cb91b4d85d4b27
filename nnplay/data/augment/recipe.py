"""What may happen to a row when it is drawn anew, as text such as `flip, shift 0.1, rotate 15`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nnplay.errors import InputError, unknown
from nnplay.text import clean


@dataclass(frozen=True, slots=True)
class Transform:
    """One thing that may happen to a row.

    Attributes:
        usual: how much, unless said.
        most: the largest amount.
        axes: how many axes rows have, without their channels: 1 for waves, 2 for images and clips.
        about: what is done, with the unit of the amount.
    """

    name: str
    usual: float
    most: float
    axes: tuple[int, ...]
    about: str


TRANSFORMS: Final[dict[str, Transform]] = {
    transform.name: transform
    for transform in (
        Transform("flip", 0.5, 1.0, (2,), "left and right change places, for that share of the draws"),
        Transform("shift", 0.1, 1.0, (1, 2), "moved by up to that share of each side, or of its length"),
        Transform("rotate", 15.0, 180.0, (2,), "turned by up to so many degrees either way"),
        Transform("scale", 0.1, 0.9, (2,), "made larger or smaller by up to that share"),
        Transform("noise", 0.05, 10.0, (1, 2), "normal noise of that deviation, where pixels go from 0 to 1"),
        Transform("cutout", 0.3, 1.0, (1, 2), "a square of up to that share of each side is grey; of a wave, silent"),
        Transform("mixup", 0.2, 0.5, (1, 2), "mixed with another row, of which up to that share is seen"),
    )
}
#: What is written for an amount, for help.
EXAMPLE: Final = "flip, shift 0.1, rotate 15"


def can_be_drawn(row_shape: Sequence[int]) -> bool:
    """Whether rows of that shape are images, clips or waves."""
    return len(row_shape) == 3 or (len(row_shape) == 2 and row_shape[1] == 1)


def read_recipe(text: str, where: str = "augment") -> dict[str, float]:
    """The amounts by name; nothing for an empty text.

    Raises:
        InputError: an unknown name, one given twice, or an amount that is out of range.
    """
    amounts: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, *rest = part.replace("=", " ").lower().split()
        if name == "none" and not rest:
            continue
        if name not in TRANSFORMS:
            raise unknown("way to augment rows", name, TRANSFORMS, where=where)
        if name in amounts:
            raise InputError(f"'{name}' is named twice", where=where)
        amounts[name] = _amount(TRANSFORMS[name], rest, where)
    return amounts


def _amount(transform: Transform, rest: list[str], where: str) -> float:
    if not rest:
        return transform.usual
    try:
        (word,) = rest
        amount = float(word)
    except ValueError:
        amount = -1.0
    if not 0 < amount <= transform.most:
        given = clean(" ".join(rest))
        raise InputError(
            f"'{transform.name} {given}' is not above 0 and at most {transform.most:g}",
            where=where,
            hint=transform.about,
        )
    return amount


def recipe_text(amounts: dict[str, float]) -> str:
    """The text that `read_recipe` reads back."""
    return ", ".join(f"{name} {amount:g}" for name, amount in amounts.items())
