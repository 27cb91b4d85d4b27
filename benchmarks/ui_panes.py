"""What the training keeps of its speed while all panes are open, with views that cost much."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Final

from ui import headless_speed, notes, speed, training

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
    rows = ["| run | view | steps/s without a screen | of that with all panes (≥ 80 %) |", "|---|---|---|---|"]
    for preset, views in CASES.items():
        options = ["--run", json.dumps({**load_preset(preset).config.to_dict(), "epochs": 0})]
        found: dict[str, list[float]] = {view: [] for view in views}
        alone: list[float] = []
        for _ in range(rounds):
            alone.append(headless_speed(folder, _SECONDS, options))
            for view in views:
                found[view].append(_open_speed(folder, options, view))
        base = statistics.median(alone)
        for view, speeds in found.items():
            rows.append(f"| {preset} | {view} | {base:,.0f} | {statistics.median(speeds) / base:.0%} |")
            print(rows[-1], time.strftime("%H:%M:%S"), flush=True)
    return rows


def _open_speed(folder: Path, options: list[str], view: str) -> float:
    """Steps a second with all panes open and this view in the output pane."""
    path = folder / f"open-{time.monotonic_ns()}"
    line = training(path, options=options, size=SIZE)
    try:
        line.press(f":view {view}\r".encode())
        line.during(_SETTLE)
        line.during(_SECONDS)
        return speed(notes(path)[-int(2 * _SECONDS) :])
    finally:
        line.__exit__()
