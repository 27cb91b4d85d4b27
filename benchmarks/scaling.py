"""Steps a second against width and depth, and memory against the estimate: `python benchmarks/scaling.py`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from results import machine, write_section

WIDTHS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
DEPTHS = (1, 2, 4, 8, 16, 32, 64)


def measure(width: int, depth: int) -> dict[str, float]:
    """Steps a second of a tanh network of that width and depth (batch 32, Adam), and its memory, in this process."""
    import resource

    import numpy as np

    import nnplay as nn

    rows = np.random.default_rng(0).standard_normal((1024, 2)).astype(np.float32)
    data = nn.Dataset(rows, (rows[:, 0] * rows[:, 1] > 0).astype(int))
    layers = ", ".join([f"linear {width}, tanh"] * depth + ["linear 2"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    trainer = nn.Trainer(nn.Network(layers), data, "cross_entropy", nn.Adam(lr=0.001), batch_size=32)
    trainer.run(steps=5)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rates = []
    for _ in range(5):
        began, first = time.perf_counter(), trainer.step
        while time.perf_counter() - began < 0.1:
            trainer.advance(1 << 30)
        rates.append((trainer.step - first) / (time.perf_counter() - began))
    return {
        "rate": statistics.median(rates),
        "estimate": trainer.machine.nbytes,
        "grown": after - before,
        "parameters": trainer.plan.parameter_count,
    }


def in_child(width: int, depth: int) -> dict[str, float]:
    """The same in a fresh process, so that memory is this network's alone."""
    command = [sys.executable, __file__, str(width), str(depth)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> None:
    """Measures and writes both tables."""
    lines = [
        "| hidden layers × width | parameters | steps/s | memory planned MiB | process grew MiB |",
        "|---|---|---|---|---|",
    ]
    for width, depth in [(width, 2) for width in WIDTHS] + [(16, depth) for depth in DEPTHS] + [(2048, 4)]:
        found = in_child(width, depth)
        mib = 1 << 20
        lines.append(
            f"| {depth} × {width} | {found['parameters']:,.0f} | {found['rate']:,.0f} "
            f"| {found['estimate'] / mib:.1f} | {found['grown'] / mib:.1f} |"
        )
        print(lines[-1], flush=True)
    write_section("Steps a second, and memory", [machine(), "", *lines, "", "Command: `python benchmarks/scaling.py`"])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
    else:
        main()
