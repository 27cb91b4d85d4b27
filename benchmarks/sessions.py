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
from results import machine, write_section

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


def real_run(root: Path) -> list[str]:
    """A run with 12 MB of state (half a million weights with Adam, and the last good state) and its past."""
    from nnplay.run.saving import saved_run
    from nnplay.run.saving.session import Session
    from nnplay.timeline import saved as saved_timeline
    from nnplay.timeline.timeline import Timeline

    run = {"data": {"name": "spiral"}, "layers": "linear 810, tanh, linear 610, tanh, linear 2", "optimizer": "adam"}
    with Session.new(None, run) as made:
        timeline = Timeline(made.trainer)
        for _ in range(50):
            made.trainer.run(steps=2)
            timeline.note_progress()

        def capture_run() -> saved_run.SavedRun:
            kept = saved_timeline.capture_timeline(timeline, lambda segment: made.config)
            return saved_run.capture(made.config, made.trainer, {}, kept)

        saved = capture_run()
        assert saved.past is not None
        megabytes = sum(tensor.nbytes for tensor in saved.tensors.values()) / 1e6
        past_megabytes = sum(tensor.nbytes for tensor in saved_timeline.to_tensors(saved.past).values()) / 1e6
        pause = median_ms(capture_run, 21)
        folder = root / "real.nnplay"
        save_ms = median_ms(lambda: saved_run.write(folder, saved), 15)
    what = f"saving a run's {megabytes:.1f} MB of state and {past_megabytes:.1f} MB of its past, synced"
    return [
        "| what | median ms | goal |",
        "|---|---|---|",
        f"| {what} | {save_ms:.1f} | ≤ 150 |",
        f"| pause of the training for the copy of it | {pause:.1f} | ≤ 50 |",
        "",
        "Command: `python benchmarks/sessions.py`",
    ]


def main() -> None:
    """Prints one line per size, and writes the figures of a real run into RESULTS.md."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as root:
        lines = real_run(Path(root))
    print("\n".join(lines))
    write_section("Saving a session", [machine(), "", *lines])
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
