"""Saved runs to be opened: those saved lately and those that autosave holds, or a typed path."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from nnplay.run.saving.recent import Recent
from nnplay.tui.draw import number_text
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.shelf import Shelf


def saved_runs(known: Sequence[Recent], take: Callable[[str], None]) -> Shelf:
    """The runs that can be opened, for the picker; `take` is given the path of one."""
    choices = [
        Choice(item.path, item.name + (" (recovered)" if item.recovered else ""), note=note(item)) for item in known
    ]
    lead = "saved runs, newest first; or type a path" if known else "nothing saved yet; type a path"
    return Shelf("open", lead, choices, take, free=True)


def note(item: Recent) -> str:
    """A run in one line: data, network, epoch, loss, age; or what is wrong with it."""
    if item.problem:
        return f"damaged: {item.problem}"
    loss = f"batch loss {number_text.loss(item.loss).strip()}" if math.isfinite(item.loss) else ""
    parts = [item.data, item.network, item.trained, loss, f"{number_text.duration(item.age)} ago"]
    return " · ".join(part for part in parts if part)
