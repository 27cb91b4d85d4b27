"""What a step costs on a graphics card at the least, by preset: `python benchmarks/cuda_model.py [--tf32] [PRESET …]`.

Arithmetic from the tables that a card walks; no card is needed, and nothing is measured. The floor is what bandwidth
and multiply-adds of the data sheet allow, or the longest chain of multiply-adds of a thread, and a microsecond
(assumed) for each meeting of all blocks. The last columns are the same where blocks carry their own samples through
the network; bold where that is clearly less, which networks that are too large for one block then choose. With `--tf32`
products are by tensor cores, where that is worth it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.tape.machines.cuda_cost import H200, choose_schedule, cost_of_step
from nnplay.tape.machines.cuda_lines import Launch
from nnplay.tape.machines.cuda_table import lacking


def main(words: Sequence[str]) -> None:
    """Prints a row of the table for each preset, or for those asked for: all blocks of an H200."""
    tf32 = "--tf32" in words
    asked, grid = [word for word in words if word != "--tf32"], Launch(512, H200.processors, tf32=tf32)
    print(
        "| preset | rows | meetings | MB | million multiply-adds | floor, µs | of which meetings | groups of samples |",
        end="",
    )
    print(" meetings | floor, µs |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in asked or preset_records():
        machine: Any = load_preset(name).config.trainer().machine
        if lacking(machine.tape):
            continue
        cost = cost_of_step(machine.tape, machine.full_table, grid)
        floor, meeting = cost.floor(H200), cost.meetings * H200.meeting
        figures = (cost.rows, cost.meetings, f"{cost.nbytes / 1e6:.3g}", f"{cost.multiply_adds / 1e6:.3g}")
        chosen, best = choose_schedule(machine.tape, machine.full_table, grid.threads, tf32)
        cut = cost_of_step(machine.tape, machine.full_table, replace(grid, groups=best))
        mark = "**" if chosen == "samples" else ""
        print("|", name, "|", " | ".join(map(str, figures)), f"| {floor * 1e6:.3g} | {meeting / floor:.0%} ", end="")
        print(f"| {best} | {cut.meetings} | {mark}{cut.floor(H200) * 1e6:.3g}{mark} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
