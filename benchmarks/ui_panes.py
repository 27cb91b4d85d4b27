"""What the training keeps of its speed while all panes are open, with views that cost much."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ui import Note, drawing_share, headless_notes, notes, speed, steps_per_processor_second, training

from nnplay.presets.catalogue import load_preset

#: Columns and rows of a screen that shows all panes.
SIZE: Final = (160, 50)
#: Presets and the views that are open; the first of each is what the playground shows by itself.
CASES: Final = {
    "spiral": ("map", "projection", "gradients by layer"),
    "digits_mlp28": ("images", "layer scores", "integrated gradients"),
    "lenet": ("feature maps", "projection"),
    "echo_lstm": ("states over time", "gradient through time"),
}
_SECONDS: Final = 6.0
_SETTLE: Final = 3.0


def measure(folder: Path, rounds: int) -> list[str]:
    """Rows of a table: one for each view of each run."""
    rows = [
        "| run | view | steps/s without a screen | of that with all panes (≥ 80 %) "
        "| steps per processor second, of that without a screen | processor time of drawing |",
        "|---|---|---|---|---|---|",
    ]
    for preset, views in CASES.items():
        options = ["--run", json.dumps({**load_preset(preset).config.to_dict(), "epochs": 0})]
        found: dict[str, list[list[Note]]] = {view: [] for view in views}
        alone: list[list[Note]] = []
        for _ in range(rounds):
            alone.append(headless_notes(folder, _SECONDS, options))
            for view in views:
                found[view].append(_open_notes(folder, options, view))
        base, per_second = _median(speed, alone), _median(steps_per_processor_second, alone)
        for view, each in found.items():
            kept, efficient = _median(speed, each) / base, _median(steps_per_processor_second, each) / per_second
            drawing = _median(drawing_share, each)
            rows.append(f"| {preset} | {view} | {base:,.0f} | {kept:.0%} | {efficient:.0%} | {drawing:.0%} |")
            print(rows[-1], time.strftime("%H:%M:%S"), flush=True)
    return rows


def _median(what: Callable[[list[Note]], float], of: list[list[Note]]) -> float:
    return statistics.median(what(each) for each in of)


def _open_notes(folder: Path, options: list[str], view: str) -> list[Note]:
    """What a run with all panes open and this view in the output pane noted."""
    path = folder / f"open-{time.monotonic_ns()}"
    line = training(path, options=options, size=SIZE)
    try:
        line.press(f":view {view}\r".encode())
        line.during(_SETTLE)
        line.during(_SECONDS)
        return notes(path)[-int(2 * _SECONDS) :]
    finally:
        line.__exit__()
