"""How long saving and loading take: `python benchmarks/sessions.py [FOLDER]` (on the disk that FOLDER is on).

Prints medians for states of 0.24, 12 and 120 MB, beside the time of writing and syncing the same bytes to one plain
file, which no save can beat: the ratio is what this program adds.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnplay.session import load, save, summarize

RECORD = {
    "epoch": 12,
    "step": 3400,
    "optimizer": {"name": "adam", "lr": 0.001},
    "layer": [{"kind": "linear", "units": 128}, {"kind": "relu"}] * 4,
}


def median_ms(action: Callable[[], object], times: int) -> float:
    """Median wall time of `times` calls, in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def plain_write(path: Path, data: bytes) -> None:
    """One file, written and synced."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def main() -> None:
    """Prints one line per size."""
    print("MB      plain file ms   save ms   ratio   load ms   summarize ms")
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as root:
        for megabytes, times in ((0.24, 21), (12.0, 15), (120.0, 5)):
            tensors = np.random.default_rng(1).standard_normal((24, int(megabytes * 1e6 / 96)), np.float32)
            state = {f"layer{number}.weight": tensor for number, tensor in enumerate(tensors)}
            folder = Path(root) / f"{megabytes}.nnplay"
            save(folder, RECORD, state)
            data = tensors.tobytes()
            plain = median_ms(lambda: plain_write(Path(root) / "plain", data), times)  # noqa: B023
            saved = median_ms(lambda: save(folder, RECORD, state), times)  # noqa: B023
            loaded = median_ms(lambda: load(folder), times)  # noqa: B023
            listed = median_ms(lambda: summarize(folder), times)  # noqa: B023
            print(f"{megabytes:<8g}{plain:13.1f} {saved:9.1f} {saved / plain:7.2f} {loaded:9.1f} {listed:14.2f}")


if __name__ == "__main__":
    main()
