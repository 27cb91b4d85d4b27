"""How many instructions a step takes on a graphics card, by row: `python -m tests.virtual_card PRESET [THREADS]`.

By the thread that takes most, where one block has so many; as PTX has them, of which machine code makes one or several.
And about how many cycles an H200 takes for the step (`pace.py`).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnplay.kernels.cuda import driver
from nnplay.presets.catalogue import load_preset
from nnplay.tape.machines import card_run
from nnplay.tape.machines.cuda_machine import CudaMachine
from tests.virtual_card.driver import VirtualCard


class _Block(CudaMachine):
    """One block for the whole run."""

    schedule = "block"


def main(preset: str, threads: int) -> None:
    """Prints a line for each row of a step, and for the step."""
    with tempfile.TemporaryDirectory() as folder:
        card: Any = VirtualCard(Path(folder), timed=True)
        driver._library = lambda: card
        card_run.BLOCK_THREADS = threads  # type: ignore[misc]
        trainer = load_preset(preset).config.trainer(machine=_Block)
        trainer.run(steps=1)
        machine = trainer.machine
        if machine.why_not:
            raise SystemExit(machine.why_not)
        for words, count in _rows(card, machine):
            print(f"{count:8,}  {words}")
        count, cycles = _step(card, machine)
        print(f"{count:8,}  a step, {threads} threads; about {cycles:,} cycles")


def _rows(card: VirtualCard, machine: Any) -> Sequence[tuple[str, int]]:
    """Each row, and what the first rows take with it, less what they take without."""
    run, table = machine._run, machine.full_table
    function = run.function("table")
    before, found = 0, []
    for number, row in enumerate(table.rows):
        function.launch(1, run.threads, 0, run.on_card.address, int(run.starts[number + 1]), together=False)
        found.append((f"{row.path or row.phase} {row.operation.name}", card.most - before))
        before = card.most
    return found


def _step(card: VirtualCard, machine: Any) -> tuple[int, int]:
    """What two steps take more than one: instructions and cycles."""
    found = []
    for steps in (1, 2):
        machine._run._launch(machine, 0, steps, 0)
        found.append((card.most, card.cycles))
    [(count, cycles), (more, longer)] = found
    return more - count, longer - cycles


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else card_run.BLOCK_THREADS)
