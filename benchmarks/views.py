"""How long each view takes, of networks of every kind.

`python benchmarks/views.py [--repeats 5] [--print]`: what the training thread works out for a picture, after the first
one, with room for 120 columns and 40 rows; by the clock, and in processor time of that thread alone, which other
programs hardly change.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import time
from collections.abc import Sequence
from typing import Final

from nnplay.system import product_threads

product_threads.keep_to_one()  # as the program does; it works until NumPy is imported

from results import write_section  # noqa: E402

from nnplay.config import RunConfig  # noqa: E402
from nnplay.errors import InputError  # noqa: E402
from nnplay.presets.catalogue import load_preset  # noqa: E402
from nnplay.training.landscape.curvature import curvature_of  # noqa: E402
from nnplay.training.trainer import Trainer  # noqa: E402
from nnplay.views.choosing import make_view, views_of  # noqa: E402

#: Milliseconds that a view may take.
GOAL: Final = 100.0
#: Layers of 512 numbers together, of which 1,000 rows are looked at; and more of them, of which there are 300.
WIDE: Final[dict[str, list[str]]] = {
    "502 units": ["linear 502", "linear 10"],
    "4 × 512 units": ["linear 512", "relu", "linear 512", "relu", "linear 10"],
}
PRESETS: Final = ("spiral", "lenet", "echo_lstm", "tiny_transformer", "iris")
_ROOM: Final = (120, 40)
_STEPS: Final = 5


def time_view(trainer: Trainer, view: str, repeats: int) -> tuple[float, float]:
    """Median milliseconds of a view by the clock and of this thread's processor time, after the first one."""
    clock: list[float] = []
    spent: list[float] = []
    before = None
    for _ in range(repeats + 1):
        began, had = time.perf_counter(), time.thread_time()
        surface, output, _ = make_view(trainer, view, size=(80, 60), room=_ROOM, before=before)
        clock.append(1000 * (time.perf_counter() - began))
        spent.append(1000 * (time.thread_time() - had))
        before = output or surface
    return statistics.median(clock[1:]), statistics.median(spent[1:])


def _await_kernels(trainer: Trainer) -> None:
    """Waits for what views of the curvature have compiled, so that they show what they are there for."""
    with contextlib.suppress(InputError):
        curvature = curvature_of(trainer)
        while not curvature.ready:
            time.sleep(0.1)


def measure(runs: Sequence[tuple[str, RunConfig]], repeats: int) -> list[str]:
    """A row of a table for each view of each run; what takes longest is marked."""
    rows = ["| run | view | by the clock | processor time (≤ 100 ms) |", "|---|---|---|---|"]
    for name, config in runs:
        trainer = config.trainer()
        trainer.advance(_STEPS)
        _await_kernels(trainer)
        for view in views_of(trainer):
            clock, spent = time_view(trainer, view.name, repeats)
            mark = " **over**" if spent > GOAL else ""
            rows.append(f"| {name} | {view.name} | {clock:.1f} ms | {spent:.1f} ms{mark} |")
            print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measures and writes the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="pictures of each view")
    parser.add_argument("--print", action="store_true", help="print only, without writing RESULTS.md")
    options = parser.parse_args()
    data = {"name": "digits28", "samples": 10_000, "flat": True}
    runs = [(name, RunConfig.from_dict({"data": data, "layers": layers})) for name, layers in WIDE.items()]
    runs += [(name, load_preset(name).config) for name in PRESETS]
    rows = measure(runs, options.repeats)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [f"Each view with room for {_ROOM[0]}×{_ROOM[1]}; load averages at the end: {load}.", "", *rows]
    lines += ["", "Command: `python benchmarks/views.py`"]
    if not options.print:
        write_section("Views", lines)


if __name__ == "__main__":
    main()
