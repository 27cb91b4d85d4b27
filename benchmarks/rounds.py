"""Peers measured in turn: each in a process of its own, several rounds, so that a noisy machine disturbs all alike."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

#: A peer and its number of threads.
Run = tuple[str, int]


def measure_peer(script: Sequence[str], peer: str, case: str, threads: int) -> float | None:
    """Seconds a step in a fresh process, or None where the peer is not installed.

    Args:
        script: a Python file and its first arguments; peer, case and threads come behind them.
    """
    command = [sys.executable, *script, peer, case, str(threads)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        if "ModuleNotFoundError" not in outcome.stderr:
            print(outcome.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return float(json.loads(outcome.stdout.strip().splitlines()[-1]))


def table(
    script: Sequence[str],
    cases: Iterable[Any],
    runs: Sequence[Run],
    rounds: int,
    *,
    scale: float,
    row: Callable[[Any, Mapping[Run, float]], str],
) -> list[str]:
    """One line a case, printed as soon as it is there.

    Args:
        scale: units of the table in a second.
        row: makes the line from the medians of the runs that could be measured.
    """
    lines: list[str] = []
    for case in cases:
        samples: dict[Run, list[float]] = {run: [] for run in runs}
        for _ in range(rounds):
            for run in runs:
                seconds = measure_peer(script, run[0], case.name, run[1])
                if seconds is not None:
                    samples[run].append(seconds * scale)
        lines.append(row(case, {run: statistics.median(times) for run, times in samples.items() if times}))
        print(lines[-1], flush=True)
    return lines
