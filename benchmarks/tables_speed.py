"""How long a table of text takes to become numbers beside pandas, polars and DuckDB, and how much memory that takes.

`python benchmarks/tables_speed.py` writes the section *Reading tables* of RESULTS.md; the others must be installed.
Each reads the same file in a process of its own, one after the other, and makes float32 inputs of it: numbers as they
are, words as 0/1 inputs, dates as days, gaps as means. What is compared is processor time, as a machine may be shared.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np
from results import machine, write_section

READERS: Final = ("nnplay", "pandas", "polars", "duckdb")
#: So often each reads the long table, and the wide one.
TIMES: Final = (3, 1)
#: What each reader does in its own process; it leaves inputs `x` and targets `y`.
_WORK: Final = {
    "nnplay": """
import nnplay
import nnplay.data.csv.csv_file
nnplay.read_table({"x": [1, 2, 3], "y": [0.5, 1, 2]})  # what is needed later is imported now, as by the others
def work(path):
    data = nnplay.read_file(path, missing="mean")
    return data.x, data.y
""",
    "pandas": """
import numpy as np, pandas as pd
def work(path):
    frame = pd.read_csv(path)
    y = frame.pop("target").astype("category").cat.codes.to_numpy()
    if "day" in frame:
        frame["day"] = (pd.to_datetime(frame["day"]) - pd.Timestamp("2000-01-01")).dt.days
    frame = pd.get_dummies(frame).astype(np.float32)
    return frame.fillna(frame.mean()).to_numpy(np.float32), y
""",
    "polars": """
import polars as pl
from polars import selectors as cs
def work(path):
    return encode(pl.read_csv(path, try_parse_dates=True))
def encode(frame):
    y = frame["target"].cast(pl.String).cast(pl.Categorical).to_physical().to_numpy()
    frame = frame.drop("target")
    words = frame.select(cs.string()).columns
    frame = (frame.to_dummies(words) if words else frame).with_columns(cs.temporal().to_physical())
    return frame.cast(pl.Float32).select(pl.all().fill_null(strategy="mean")).to_numpy(), y
""",
}
_WORK["duckdb"] = f"""import duckdb
duckdb.execute("SET enable_progress_bar = false")
{_WORK["polars"]}
def work(path):
    return encode(duckdb.read_csv(path, max_line_size=8_000_000).pl())
"""
#: A reader that takes more processor seconds is stopped.
MOST_SECONDS: Final = 120
_LIMIT: Final = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({MOST_SECONDS}, {MOST_SECONDS + 5}))
"""
_MEASURE: Final = """
import re, sys, time
before = time.process_time()
x, y = work(sys.argv[1])
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(time.process_time() - before, peak, x.shape[0], x.shape[1])
"""


def write_long(path: Path, rows: int) -> None:
    """A million rows of twenty columns: measures, counts, words, measures with gaps, a day, and two classes."""
    chance = np.random.default_rng(0)
    words = np.array(["red", "green", "blue", "yellow", "black"])
    columns = {f"measure{place}": chance.normal(size=rows).round(4).astype(str) for place in range(8)}
    target = np.where(columns["measure0"].astype(float) + chance.normal(size=rows) > 0, "yes", "no")
    columns |= {f"count{place}": chance.integers(0, 1000, rows).astype(str) for place in range(4)}
    columns |= {f"word{place}": words[chance.integers(0, 5, rows)] for place in range(4)}
    for place in range(2):
        columns[f"gap{place}"] = np.where(chance.random(rows) < 0.1, "", chance.normal(size=rows).round(2).astype(str))
    columns["day"] = (np.datetime64("2010-01-01") + chance.integers(0, 3000, rows)).astype(str)
    _write(path, columns | {"target": target})


def write_wide(path: Path, rows: int, width: int) -> None:
    """Two thousand rows of five thousand columns, one of fifty of them words."""
    chance = np.random.default_rng(0)
    words = np.array(["red", "green", "blue"])
    columns = {
        f"c{place}": chance.normal(size=rows).round(4).astype(str) if place % 50 else words[chance.integers(0, 3, rows)]
        for place in range(width - 1)
    }
    _write(path, columns | {"target": np.array(["no", "yes"])[chance.integers(0, 2, rows)]})


def _write(path: Path, columns: dict[str, np.ndarray]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(",".join(row) + "\n" for row in zip(*columns.values(), strict=True))


def measure(reader: str, path: Path, times: int) -> tuple[float, float, float] | None:
    """Processor seconds, the best of some; peak MiB of the process; and MiB of the inputs that were made.

    None where one of the runs was stopped.
    """
    runs = []
    for _ in range(times):
        command = [sys.executable, "-c", _LIMIT + _WORK[reader] + _MEASURE, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == -signal.SIGXCPU:
            return None
        done.check_returncode()
        runs.append(tuple(map(float, done.stdout.split())))
    seconds, peak, rows, width = min(runs)
    return seconds, peak, 4 * rows * width / 2**20


def _describe(figures: tuple[float, float, float] | None, pandas: tuple[float, float, float] | None) -> str:
    if figures is None:
        return f"stopped unfinished after {MOST_SECONDS} s | | |"
    seconds, peak, inputs = figures
    ratio = f"{seconds / pandas[0]:.2f}×" if pandas else ""
    return f"{seconds:.2f} | {ratio} | {peak:.0f} | {peak / inputs:.1f}×"


def main() -> None:
    """Measure, print, and write the section."""
    lines = [
        "`python benchmarks/tables_speed.py`. Text to float32 inputs: numbers, words as 0/1, days, gaps as means.",
        f"Processor seconds (the best of {TIMES[0]} runs, of the wide table of {TIMES[1]}) and peak memory, each",
        "reader in a process of its own. Besides that, nnplay looks for leaks, ids and codes, adds inputs for year and",
        "week of the dates, checks every number, and keeps the cells as they were written.",
        "",
        f"{machine()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in READERS[1:]),
        "",
        "| Table | Reader | Processor s | of pandas' | Peak MiB | of its inputs |",
        "|---|---|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        for title, times, write in (
            ("1,000,000 × 20", TIMES[0], lambda: write_long(path, 1_000_000)),
            ("2,000 × 5,000", TIMES[1], lambda: write_wide(path, 2_000, 5_000)),
        ):
            write()
            found = {reader: measure(reader, path, times) for reader in READERS}
            for reader, figures in found.items():
                lines.append(f"| {title} | {reader} | {_describe(figures, found['pandas'])} |")
                print(lines[-1], flush=True)
    write_section("Reading tables", lines)


if __name__ == "__main__":
    main()
