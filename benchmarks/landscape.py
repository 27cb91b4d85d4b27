"""Pictures of the loss landscape: `python benchmarks/landscape.py [rounds]`.

For each network and each way to cut: processor time of the first picture (a coarse grid, which each further picture of
the same weights makes finer), and of all of them until the grid is whole. The run has trained for some steps, so that
its path is drawn.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from functools import partial

from nnplay.system import product_threads

product_threads.keep_to_one()  # as the program does, before NumPy comes

from results import machine, write_section  # noqa: E402

from nnplay.presets.catalogue import load_preset  # noqa: E402
from nnplay.run.moments import find_ways  # noqa: E402
from nnplay.timeline.timeline import Timeline  # noqa: E402
from nnplay.training.landscape.curvature import curvature_of  # noqa: E402
from nnplay.views.kinds.landscape import make_landscape  # noqa: E402
from nnplay.views.slice_directions import SLICES  # noqa: E402
from nnplay.views.view import Asked  # noqa: E402

#: Presets, and steps that they train for.
CASES = (("spiral", 2_000), ("digits_mlp28", 400))


def main() -> None:
    """Writes the section."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    lines = [
        "| network | slice | rows | first picture, ms | its points | all points, ms |",
        "|---|---|---|---|---|---|",
    ]
    for preset, steps in CASES:
        timeline = Timeline(load_preset(preset).config.trainer())
        while timeline.trainer.step < steps:
            timeline.advance(steps - timeline.trainer.step)
        trainer = timeline.trainer
        if (compiling := curvature_of(trainer)._machine.compiling) is not None:
            compiling.wait(lambda: False)
        for place, cut in enumerate(SLICES):
            firsts, wholes = [], []
            for _ in range(rounds):
                asked = Asked(place=place, ways=partial(find_ways, timeline))
                began = time.thread_time()
                shown = make_landscape(trainer, asked)
                firsts.append(1e3 * (time.thread_time() - began))
                assert shown.grid is not None, shown.problem
                first = int(shown.grid.known.sum())
                while shown.unfinished:
                    shown = make_landscape(trainer, replace(asked, before=shown))
                wholes.append(1e3 * (time.thread_time() - began))
            grid, part = shown.grid, shown.words.split(", ")
            rows = part[-1].removesuffix(" training rows") if "rows" in part[-1] else "all"
            assert grid is not None
            lines.append(
                f"| {preset} | {cut.name} | {rows} | {statistics.median(firsts):.0f} | {first} of {grid.known.size} | "
                f"{statistics.median(wholes):.0f} |"
            )
    words = [machine(), "", "Processor time of one thread, medians.", "", *lines]
    print("\n".join(words))
    write_section("Loss landscapes", words)


if __name__ == "__main__":
    main()
