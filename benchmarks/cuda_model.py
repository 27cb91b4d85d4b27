"""What a step of each preset costs on a graphics card at the least: `python benchmarks/cuda_model.py`.

Arithmetic from the tables that a card walks; no card is needed, and nothing is measured. The floor is what bandwidth
and multiply-adds of the data sheet allow, and a microsecond (assumed) for each meeting of all blocks.
"""

from __future__ import annotations

from typing import Any

from nnplay.presets.catalogue import load_preset, preset_records
from nnplay.tape.machines.cuda_cost import H200, cost_of_step
from nnplay.tape.machines.cuda_table import lacking

#: Threads of all blocks of an H200.
THREADS = 132 * 512


def main() -> None:
    """Prints a row of the table for each preset."""
    print("| preset | rows | meetings | MB | million multiply-adds | floor, µs | of which meetings |")
    print("|---|---|---|---|---|---|---|")
    for name in preset_records():
        machine: Any = load_preset(name).config.trainer().machine
        if lacking(machine.tape):
            continue
        cost = cost_of_step(machine.tape, machine.full_table, THREADS)
        floor, meeting = cost.floor(H200), cost.meetings * H200.meeting
        figures = (cost.rows, cost.meetings, f"{cost.nbytes / 1e6:.3g}", f"{cost.multiply_adds / 1e6:.3g}")
        print("|", name, "|", " | ".join(map(str, figures)), f"| {floor * 1e6:.3g} | {meeting / floor:.0%} |")


if __name__ == "__main__":
    main()
