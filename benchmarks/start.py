"""How long a start takes, with kernels from packs, compiled, and kept in the cache: `python benchmarks/start.py`.

The packs are those that lie in the package (`make packs`). Whole processes are timed from outside; what a running
program does next (an edit, a gradient check) is timed within. Python finds its bytecode ready, as after `pip install`.
Beside the seconds stand those of processor time, in all threads, which other programs hardly change.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from results import installed_environment, machine, write_section

_SPIRAL = """
import time
import nnplay as nn
data = nn.load_dataset("spiral", samples=1000, noise=0.1, seed=0).split(seed=0)
def first_step(layers):
    net = nn.Network(layers)
    trainer = nn.Trainer(net, data, "cross_entropy", nn.Adam(lr=0.01), batch_size=32)
    trainer.run(steps=1)
    return trainer
trainer = first_step("linear 8, tanh, linear 2")
"""
_LENET = """
from nnplay.presets.catalogue import load_preset
load_preset("lenet").trainer().run(steps=1)
"""
_EDIT = """
began = time.perf_counter(), time.process_time()
first_step("linear 8, relu, layer_norm, linear 2")
print(time.perf_counter() - began[0], time.process_time() - began[1])
"""
_CHECK = """
began = time.perf_counter(), time.process_time()
from nnplay.inspector.gradient_check import Checker
Checker(trainer).check("0.weight")
print(time.perf_counter() - began[0], time.process_time() - began[1])
"""
_TRAIN_SPIRAL = ("train", "spiral", "--layers", "linear 8, tanh, linear 2", "--epochs", "1", "--seed", "0")
_TRAIN_DIGITS = ("train", "digits")
_IMPORTS = ("nnplay", "nnplay.training.trainer", "llvmlite.binding", "numba")
#: Compiles everything, whatever packs there are.
_NO_PACKS = {"NNPLAY_PROCESSOR": "host"}


def run(command: list[str], cache: str, more: Mapping[str, str] | None = None) -> tuple[float, float, str]:
    """Wall time, processor time and output of a command with that kernel cache."""
    environment = installed_environment() | {"NNPLAY_CACHE_DIR": cache, **(more or {})}
    began, taken = time.perf_counter(), _processor_time()
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, _processor_time() - taken, done.stdout


def _processor_time() -> float:
    """Of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(rounds: int) -> None:
    """Measures and writes the table."""
    python, program = [sys.executable, "-c"], [sys.executable, "-m", "nnplay"]
    rows: dict[str, list[tuple[float, float]]] = {}

    def take(row: str, command: list[str], cache: str, *, within: bool = False, **more: str) -> None:
        whole, processor, said = run(command, cache, more)
        seconds, processor = map(float, said.split()) if within else (whole, processor)
        rows.setdefault(row, []).append((seconds, processor))

    run([*program, *_TRAIN_DIGITS], tempfile.gettempdir())  # Python's bytecode
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            take("packs: first step of the spiral, 2-8-2 | 1.0", [*python, _SPIRAL], cache)
            take("packs: first step of LeNet | 1.5", [*python, _LENET], cache)
            take("packs: an edit, to its first step | 0.3", [*python, _SPIRAL + _EDIT], cache, within=True)
            take("packs: gradient check | 0.5", [*python, _SPIRAL + _CHECK], cache, within=True)
            take("packs: `nnplay train digits` | 1.5", [*program, *_TRAIN_DIGITS], cache)
            if os.path.exists(os.path.join(cache, "kernels")):
                raise SystemExit("the packs lack kernels: make packs")
            take("compiled: first step of the spiral | 6", [*python, _SPIRAL], cache, **_NO_PACKS)
            take("cache: the same again | –", [*python, _SPIRAL], cache, **_NO_PACKS)
            take("cache: `nnplay train spiral`, one epoch | 1.0", [*program, *_TRAIN_SPIRAL], cache, **_NO_PACKS)
    imports = {
        name: statistics.median(run([*python, f"import {name}"], tempfile.gettempdir())[1] for _ in range(5))
        for name in ("sys", *_IMPORTS)
    }
    bare = imports.pop("sys")
    lines = ["| start | median s | processor s | at most |", "|---|---|---|---|"]
    for row, taken in rows.items():
        what, _, goal = row.partition(" | ")
        seconds, processor = (statistics.median(each) for each in zip(*taken, strict=True))
        lines.append(f"| {what} | {seconds:.2f} | {processor:.2f} | {goal} |")
    for name, value in imports.items():
        lines.append(f"| `import {name}`, beyond Python's own {bare * 1000:.0f} ms | – | {value - bare:.3f} | – |")
    print("\n".join(lines))
    write_section("Start", [machine(), "", *lines, "", "Command: `python benchmarks/start.py`"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
