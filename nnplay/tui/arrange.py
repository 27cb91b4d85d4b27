"""Which panes are on the screen at a size: three columns, or pages of one column, or one pane at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["wide", "pages", "single"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "left": ("data", "training"),
    "middle": ("network", "layers"),
    "right": ("output", "curves", "health"),
}
PANES = tuple(pane for panes in COLUMNS.values() for pane in panes)
HEADINGS: dict[str, tuple[str, str]] = {
    "data": ("1", "Data"),
    "network": ("2", "Network"),
    "training": ("3", "Training"),
    "output": ("4", "Output"),
    "curves": ("5", "Curves"),
    "health": ("6", "Health"),
    "layers": ("", "Layers"),
}
"""The key that leads to a pane ("" for none), and its title; in the order of the keys."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The panes to show, by column, and how much help there is room for."""

    mode: Mode
    columns: tuple[str, ...]
    panes: tuple[str, ...]


def column_of(pane: str) -> str:
    """The column that a pane belongs to."""
    return next(column for column, panes in COLUMNS.items() if pane in panes)


def mode_for(width: int, height: int) -> Mode:
    """Three columns from 110×32; from 72×20 a page of panes; below that a single pane."""
    if width >= 110 and height >= 32:
        return "wide"
    return "pages" if width >= 72 and height >= 20 else "single"


def arrange(width: int, height: int, current: str, *, full: bool = False) -> Arrangement:
    """What a screen of this size shows while `current` is the pane that the user is at.

    Args:
        current: one of `PANES`.
        full: the user asked for this pane alone.
    """
    mode: Mode = "single" if full else mode_for(width, height)
    if mode == "wide":
        return Arrangement(mode, tuple(COLUMNS), PANES)
    column = column_of(current)
    if mode == "pages":
        return Arrangement(mode, (column,), COLUMNS[column])
    return Arrangement(mode, (column,), (current,))


def tab_names(width: int) -> list[tuple[str, str]]:
    """Panes with the texts of the strip that names them, in `width` columns; one column lies between two texts."""
    named = [(pane, number, title) for pane, (number, title) in HEADINGS.items() if number]
    if width >= 66:
        return [(pane, f" {number} {title} ") for pane, number, title in named]
    letters = min(4, max(0, width // len(named) - 4))
    return [(pane, f" {number} {title[:letters]}".rstrip()) for pane, number, title in named]
