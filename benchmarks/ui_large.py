"""The playground with runs that are large for a screen: keys and event loop while they train flat out."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

from ui import key_times, notes, percentile, training

ROWS, COLUMNS = 20_000, 100


def write_table(path: Path) -> None:
    """A CSV file of 20,000 rows and 100 columns besides the target."""
    chance = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(f"c{number}" for number in range(COLUMNS)) + ",y\n")
        for _ in range(ROWS):
            row = [chance.gauss(0.0, 1.0) for _ in range(COLUMNS)]
            file.write(",".join(f"{value:.6g}" for value in row) + f",{int(sum(row[:5]) > 0)}\n")


def runs(folder: Path) -> dict[str, dict[str, Any]]:
    """The runs by what is large about them."""
    write_table(folder / "large.csv")
    return {
        "the default spiral, to compare with": {
            "data": "spiral",
            "layers": ["linear 8", "tanh", "linear 8", "tanh", "linear 2"],
        },
        "1,000 layers": {"data": "spiral", "layers": ["linear 4", "tanh"] * 499 + ["linear 4", "linear 2"]},
        "three layers of 512 units": {"data": "spiral", "layers": ["linear 512", "relu"] * 3 + ["linear 2"]},
        f"{ROWS:,} rows of {COLUMNS} columns": {
            "data": {"file": str(folder / "large.csv"), "target": "y"},
            "layers": ["linear 64", "relu", "linear 2"],
        },
    }


def measure(folder: Path, keys: int) -> list[str]:
    """Rows of a table: one run each."""
    rows = ["| run | open after | key p50 | key p95 (≤ 50 ms) | event loop late p95 (≤ 20 ms) | steps/s |"]
    rows.append("|---|---|---|---|---|---|")
    for number, (name, table) in enumerate(runs(folder).items()):
        path = folder / f"large-{number}"
        line = training(path, options=["--run", json.dumps({**table, "epochs": 0})])
        try:
            opened = next(at for at, data in line.chunks if b"press space" in data) - line.began
            line.during(4.0)
            times = [1000 * seconds for seconds in key_times(line, keys)]
            line.during(5.0)
            found = notes(path)
            late = [beat for note in found[-40:] for beat in note[3]]
            rate = (found[-1][1] - found[-20][1]) / (found[-1][0] - found[-20][0])
            cells = [name, f"{opened:.1f} s", f"{percentile(times, 0.5):.0f} ms", f"{percentile(times, 0.95):.0f} ms"]
            rows.append(f"| {' | '.join(cells)} | {percentile(late, 0.95):.0f} ms | {rate:,.0f} |")
            print(rows[-1], time.strftime("%H:%M:%S"), flush=True)
        finally:
            line.__exit__()
    return rows
