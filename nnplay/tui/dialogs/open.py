"""The dialog that opens a saved run: those saved lately and those that autosave holds, or a typed path."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nnplay.run.saving.recent import Recent
from nnplay.text import counted
from nnplay.tui.dialogs.choose import Choose
from nnplay.tui.draw import number_text


class ChooseSavedRun(Choose):
    """Answers the path of a session, or nothing."""

    def __init__(self, known: Sequence[Recent], lead: str = "") -> None:
        usual = "saved runs, the newest first; or type a path" if known else "nothing was saved so far; type a path"
        lead = lead or usual
        super().__init__(
            "open", lead, [item.path for item in known], notes=[note(item) for item in known], free=True,
            shown=[item.name + (" (recovered)" if item.recovered else "") for item in known],
        )  # fmt: skip


def note(item: Recent) -> str:
    """A run in one line: data, network, epoch, loss, age; or what is wrong with it."""
    if item.problem:
        return f"damaged: {item.problem}"
    loss = f"batch loss {number_text.loss(item.loss).strip()}" if math.isfinite(item.loss) else ""
    parts = [item.data, item.network, counted(item.epoch, "epoch"), loss, f"{number_text.duration(item.age)} ago"]
    return " · ".join(part for part in parts if part)
