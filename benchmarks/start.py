"""How long a start takes: cold (empty kernel cache to first step), warm, and imports: `python benchmarks/start.py`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from results import machine, write_section

_FIRST_STEP = """
import nnplay as nn
data = nn.load_dataset("spiral", samples=1000, noise=0.1, seed=0).split(seed=0)
trainer = nn.Trainer(nn.Network("linear 8, tanh, linear 2"), data, "cross_entropy", nn.Adam(lr=0.01), batch_size=32)
trainer.run(steps=1)
"""
_TRAIN = ["train", "spiral", "--layers", "linear 8, tanh, linear 2", "--epochs", "1", "--seed", "0"]


def seconds(command: list[str], cache: str) -> float:
    """Wall time of a command with that kernel cache."""
    began = time.perf_counter()
    subprocess.run(command, env=os.environ | {"NNPLAY_CACHE_DIR": cache}, check=True, capture_output=True)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Measures and writes the table."""
    python = [sys.executable, "-c"]
    cold, warm, train = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(seconds([*python, _FIRST_STEP], cache))
            warm.append(seconds([*python, _FIRST_STEP], cache))
            train.append(seconds([sys.executable, "-m", "nnplay", *_TRAIN], cache))
    imports = {
        name: statistics.median(seconds([*python, f"import {name}"], tempfile.gettempdir()) for _ in range(5))
        for name in ("sys", "nnplay", "nnplay.training.trainer", "llvmlite.binding", "numba")
    }
    bare = imports.pop("sys")
    lines = [
        "| start | median s | goal |",
        "|---|---|---|",
        f"| cold: empty kernel cache to first step, 2-8-2 on the spiral | {statistics.median(cold):.2f} | ≤ 6 |",
        f"| warm: the same again | {statistics.median(warm):.2f} | – |",
        f"| `nnplay train spiral`, warm, one epoch, whole process | {statistics.median(train):.2f} | ≤ 1.0 |",
        *(
            f"| `import {name}`, beyond Python's own {bare * 1000:.0f} ms | {value - bare:.3f} | – |"
            for name, value in imports.items()
        ),
    ]
    print("\n".join(lines))
    write_section("Start", [machine(), "", *lines, "", "Command: `python benchmarks/start.py`"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
