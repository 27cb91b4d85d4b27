"""How much memory the playground holds while it trains flat out for a long time, minute by minute."""

from __future__ import annotations

import json
import time
from pathlib import Path

from ui import Note, training


def last_note(path: Path) -> Note:
    """The newest line that the program wrote."""
    note: Note = tuple(json.loads(path.read_text().splitlines()[-1]))
    return note


def watch(path: Path, minutes: float) -> list[tuple[float, int, float]]:
    """(minutes since the start, steps, resident MiB) once a minute, of a run on a pseudo-terminal."""
    line = training(path)
    found = []
    try:
        while True:
            line.chunks.clear()
            note = last_note(path)
            found.append(((time.monotonic() - line.began) / 60, note[1], note[2] / 1024))
            print(f"{found[-1][0]:.1f} min: {note[1]:,} steps, {found[-1][2]:.1f} MiB", flush=True)
            if time.monotonic() >= line.began + 60 * minutes:
                return found
            line.during(min(60.0, line.began + 60 * minutes - time.monotonic() + 0.1))
    finally:
        line.__exit__()


def growth(found: list[tuple[float, int, float]]) -> float:
    """MiB a minute by which memory grows in the second half of the time: least squares."""
    half = [(at, size) for at, _, size in found if at >= found[-1][0] / 2]
    mean = sum(at for at, _ in half) / len(half)
    across = sum((at - mean) ** 2 for at, _ in half)
    return sum((at - mean) * size for at, size in half) / across if across else 0.0


def table(found: list[tuple[float, int, float]]) -> list[str]:
    """Rows for RESULTS.md: some of the minutes, and the growth."""
    rows = ["| minute | steps | resident MiB |", "|---|---|---|"]
    every = max(1, len(found) // 10)
    for at, step, size in [*found[:-1:every], found[-1]]:
        rows.append(f"| {at:.1f} | {step:,} | {size:.1f} |")
    return [*rows, "", f"Growth in the second half: {growth(found):+.2f} MiB a minute."]
