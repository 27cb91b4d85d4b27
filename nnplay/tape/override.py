"""Overrides: numbers put in place of what a row has written, for "what if" within one step or while they last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Override:
    """A part of a slot that is given other numbers each time a row has written the slot.

    Attributes:
        slot: by name ("input", "0.output", "0.weight").
        at: index of the part; may hold slices and an ellipsis.
        value: what is put there; None keeps what stood there when the step began.
        words: for the reader of the change log ("input[0,1] = 3").
        lasts: also in the steps that follow.
    """

    slot: str
    at: tuple[Any, ...]
    value: float | None
    words: str
    lasts: bool = False
