"""How fast a large step is while others use the machine too, beside JAX: `python benchmarks/busy.py [rounds]`.

All peers are started first, each in a process of its own; then each in turn trains for a moment, with none, one and
two busy loops beside it, several rounds, so that whatever else disturbs the machine disturbs all alike.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from peers import CASES, PEERS, Case, Steps
from results import machine, write_section

RUNS = (("nnplay", 1), ("nnplay", 2), ("jax", 0))
LOOPS = (0, 1, 2)
#: Seconds that one peer trains at a time.
MOMENT = 1.5
BUSY = "while True: pass"

#: What holds back where a goal is missed; written below the table.
LIMITS = (
    "The virtual machine's processors take up to twice as long from one minute to the next, and so do two threads that "
    "write what the other one reads: within two hours, the large step without loops came out at 0.76, 0.93, 1.03, 1.20 "
    "and 1.35 times JAX's speed. Its products run at 80 to 87 GFLOP/s on one thread, as NumPy's do. Beside two busy "
    "loops a thread that always works gets half a core; JAX's threads take turns, and so get two shares "
    "(docs/decisions/2026-11-28-threads-on-a-shared-machine.md). Finding out how many threads pay costs a few calls of "
    "20 ms each time that the number of busy loops changes, here every few seconds."
)


def serve(steps: Steps) -> None:
    """Trains for a moment whenever a line is read, and writes the seconds of a step."""
    steps.train(1)
    count, spent = 1, 0.0
    while spent < MOMENT / 16:
        count = 2 * count
        began = time.perf_counter()
        steps.train(count)
        spent = time.perf_counter() - began
    count = max(1, round(count * MOMENT / 16 / spent))
    print("ready", flush=True)
    for _ in sys.stdin:
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < MOMENT:
            steps.train(count)
            done += count
        print((time.perf_counter() - began) / done / steps.each, flush=True)


class Peer:
    """A process that trains when it is asked to."""

    def __init__(self, case: Case, name: str, threads: int) -> None:
        command = [sys.executable, __file__, "serve", name, case.name, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.here = self._line() == "ready"

    def seconds(self) -> float:
        """Seconds of a step, now."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._line())

    def close(self) -> None:
        """Ends it."""
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that only use a processor."""
    loops = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    time.sleep(0.1)
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


def measure(case: Case, rounds: int) -> dict[tuple[str, int, int], float]:
    """Median seconds of a step by peer, threads and busy loops; a peer that is not installed is left out."""
    peers = {run: peer for run in RUNS if (peer := Peer(case, *run)).here}
    found: dict[tuple[str, int, int], list[float]] = {}
    for _ in range(rounds):
        for loops in LOOPS:
            with busy_loops(loops):
                for run, peer in peers.items():
                    found.setdefault((*run, loops), []).append(peer.seconds())
    for peer in peers.values():
        peer.close()
    return {key: statistics.median(times) for key, times in found.items()}


def main(rounds: int) -> None:
    """Measures the large networks and prints, and writes down, the table."""
    lines = [
        "| net | busy loops | nnplay ms, 1 thread | 2 threads | JAX ms | 2 threads vs 1 | vs JAX |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for case in CASES[2:]:
        found = measure(case, rounds)
        for loops in LOOPS:
            lines.append(row(case, loops, found))
            print(lines[-1], flush=True)
    load = f"Load averages at the end: {', '.join(f'{part:.1f}' for part in os.getloadavg())}."
    command = "Command: `python benchmarks/busy.py`"
    write_section("Beside busy loops", [machine(), "", *lines, "", LIMITS, "", load, "", command])


def row(case: Case, loops: int, found: dict[tuple[str, int, int], float]) -> str:
    """One line of the table."""
    one, two = (found["nnplay", threads, loops] for threads in (1, 2))
    jax = found.get(("jax", 0, loops))
    beside = f"{jax * 1e3:.2f}" if jax else "–", f"**{jax / two:.2f}×**" if jax else "–"
    return (
        f"| {case.name} | {loops} | {one * 1e3:.2f} | {two * 1e3:.2f} | {beside[0]} | {one / two:.2f}× | {beside[1]} |"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(PEERS[sys.argv[2]](next(case for case in CASES if case.name == sys.argv[3]), int(sys.argv[4])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
