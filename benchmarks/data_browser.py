"""The data browser over a table of a million rows: how long it takes to open, from a key to its row, and what it keeps.

`python benchmarks/data_browser.py [rows]` writes such a table and prints one line for each figure.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ui import Line, percentile

NUMBERS, WORDS = 14, 4
KEYS = 60


def write_table(path: Path, rows: int) -> None:
    """A CSV file of 20 columns: numbers, words, a number for each row, and what is learned."""
    chance = np.random.default_rng(0)
    names = [f"n{place}" for place in range(NUMBERS)] + [f"w{place}" for place in range(WORDS)] + ["id", "y"]
    words = np.array(["red", "green", "blue", "white", "black"])
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(names) + "\n")
        for begin in range(0, rows, 20_000):
            count = min(20_000, rows - begin)
            numbers = chance.normal(size=(count, NUMBERS)).round(3)
            chosen = words[chance.integers(0, len(words), (count, WORDS))]
            for place in range(count):
                cells = [*map(str, numbers[place].tolist()), *chosen[place], str(begin + place + 1)]
                file.write(",".join(cells) + f",{int(numbers[place, 0] > 0)}\n")


def key_times(line: Line, rows: int) -> list[float]:
    """Seconds from a key to the bytes that have the number of the row that it leads to."""
    chance = random.Random(0)
    row, times = 1, []
    moves = {b"j": 1, b"k": -1}
    for number in range(KEYS):
        line.during(0.1 + 0.2 * chance.random())
        key = [b"j", b"j", b"k", b"\x1b[F", b"k", b"\x1b[H", b"j"][number % 7]
        row = rows if key == b"\x1b[F" else 1 if key == b"\x1b[H" else row + moves[key]
        line.press(key)
        times.append(line.until(f"{row:,}".encode()))
    return times


def resident(line: Line) -> float:
    """MiB that the program has in memory."""
    pages = int(Path(f"/proc/{line.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write_table(path, rows)
        with Line(["-m", "nnplay", "--data", str(path), "--target", "y"]) as line:
            print(f"{rows:,} rows of {NUMBERS + WORDS + 2} columns, {path.stat().st_size / 2**20:.0f} MiB")
            line.until(b"press space", 900.0)
            print(f"playground open after {time.monotonic() - line.began:.1f} s, {resident(line):.0f} MiB")
            line.during(3.0)
            line.press(b"b")
            print(f"browser open after {line.until(b'distinct', 60.0):.2f} s")
            times = [1000 * seconds for seconds in key_times(line, rows)]
            print(f"key to row while columns are counted: p50 {percentile(times, 0.5):.0f} ms", end=", ")
            print(f"p95 {percentile(times, 0.95):.0f} ms")
            line.during(20.0)
            line.press(b"\x1b[H")
            line.during(1.0)
            times = [1000 * seconds for seconds in key_times(line, rows)]
            print(f"key to row: p50 {percentile(times, 0.5):.0f} ms, p95 {percentile(times, 0.95):.0f} ms", end=", ")
            print(f"{resident(line):.0f} MiB")


if __name__ == "__main__":
    main()
