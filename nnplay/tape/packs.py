"""Builds the packs of kernels that lie in the package: `python -m nnplay.tape.packs`, or `make packs`.

Without a word it builds those of the best level that this machine can run, `--all` those of every level that travels in
a wheel. What is there already and of today's sources is kept. One build runs at a time: another waits for it, or with
`--background` leaves it to the first and makes way for other programs. A build ends when its folder is taken away.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from nnplay.errors import NnplayError
from nnplay.kernels.compile import processor
from nnplay.kernels.cuda import module
from nnplay.kernels.packs import building, lookup
from nnplay.system import processors
from nnplay.system.ctrl_c import INTERRUPTED, CtrlC
from nnplay.tape.every_kernel import every_kernel
from nnplay.tape.machines.cuda_table import usual_kernels
from nnplay.text import counted

#: The levels whose packs a wheel brings along. Below them there is no fused multiply-add.
LEVELS: Final = ("x86-64-v3", "x86-64-v4")
DTYPES: Final = ("float32", "float64")
_BEHIND_ALL_OTHERS: Final = 19


def main(words: list[str]) -> int:
    """Builds what is missing; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m nnplay.tape.packs", description="Compile kernels into packs")
    parser.add_argument("--all", action="store_true", help=f"for {' and '.join(LEVELS)}, whatever this machine can run")
    parser.add_argument("--background", action="store_true", help="print nothing, and give way to other programs")
    parser.add_argument("--folder", type=Path, default=lookup.FOLDER, help="output folder (default: the package)")
    options = parser.parse_args(words)
    if options.background:
        os.nice(_BEHIND_ALL_OTHERS)
    reached = [level for level in LEVELS if level in processor.possible_levels()]
    levels = LEVELS if options.all and processor.possible_levels() else reached[-1:]
    options.folder.mkdir(exist_ok=True)
    with _alone(options.folder, waits=not options.background) as lock:
        if lock is not None:
            building.sweep(options.folder)
            _build(levels, options.folder, lock, silent=options.background)
            if options.all:
                _build_for_cards(options.folder)
    return 0


def _build(levels: Sequence[str], folder: Path, lock: int, *, silent: bool) -> None:
    kernels, began = every_kernel(), time.monotonic()
    back = "\r" if sys.stdout.isatty() else ""

    def progress(done: int, total: int) -> None:
        if os.fstat(lock).st_nlink == 0:
            raise SystemExit(1)  # `make clean`
        if back and not silent:
            print(f"{back}compiling kernels {done}/{total}, once", end="", flush=True)
        if done == total and not silent:
            print(f"{back}{counted(total, 'kernel')} compiled in {time.monotonic() - began:.0f} s")

    wanted = [(level, dtype) for level in levels for dtype in DTYPES]
    cores = processors.cores()
    building.build(kernels, wanted, folder, processes=max(1, cores // 2) if silent else cores, progress=progress)


def _build_for_cards(folder: Path) -> None:
    """The rows of dense networks, with products in TF32 and without, which then need a card's driver alone."""
    if not module.can_compile():
        print("no rows for graphics cards are compiled: pip install 'nnplay[gpu]' brings what that needs")
        return
    began = time.monotonic()
    if building.build_for_cards([usual_kernels(), usual_kernels(tf32=True)], folder):
        print(f"rows for graphics cards compiled in {time.monotonic() - began:.0f} s")


@contextlib.contextmanager
def _alone(folder: Path, *, waits: bool) -> Iterator[int | None]:
    """The open file whose lock says that a build runs; None where another one has it, unless that is waited for."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor if _locked(descriptor, waits) else None
    finally:
        os.close(descriptor)


def _locked(descriptor: int, waits: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    with CtrlC():
        try:
            sys.exit(main(sys.argv[1:]))
        except (NnplayError, OSError) as error:
            sys.exit(f"nnplay.tape.packs: {error}")
        except KeyboardInterrupt:
            print("nnplay.tape.packs: stopped", file=sys.stderr)
            sys.exit(INTERRUPTED)
