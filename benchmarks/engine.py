"""How fast a training step is, beside PyTorch, JAX and scikit-learn: `python benchmarks/engine.py [rounds]`.

Peers run one after the other in processes of their own, several rounds in turn, so that noise disturbs all alike;
the table shows medians and ratios. What is not installed is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from peers import CASES, Case
from results import machine, write_section
from rounds import Run, table

RUNS = (("nnplay", 1), ("nnplay", 2), ("torch", 1), ("torch", 2), ("jax", 0), ("sklearn", 0))
#: What holds back where a goal is missed; written below the table.
LIMITS = (
    "784-512-256-10: of 1.53 ms on one thread, 1.09 are the five matrix products, at 130 to 150 GFLOP/s, which is what "
    "NumPy's large product reaches; 0.30 are Adam, which reads 8.6 MB and writes 6.4 MB at 50 GB/s from the second and "
    "third cache; 0.06 are the gradient's norm and 0.03 the gathering of the batch. With nothing but the products the "
    "step would be 1.4 times as fast as it is. The norm cannot be found while the parameters are updated: a gradient "
    "that is not finite must leave all of them as they were.",
)


def main(rounds: int) -> None:
    """Measures every case and prints, and writes down, the table."""
    head = [
        "| net, batch, optimizer | nnplay µs (1 / 2 threads) | PyTorch µs (1 / 2) | JAX µs | scikit-learn µs "
        "| vs PyTorch (goal) | vs JAX (goal) |",
        "|---|---|---|---|---|---|---|",
    ]
    script = [str(Path(__file__).with_name("peers.py"))]
    lines = table(script, CASES, RUNS, rounds, scale=1e6, row=row)
    command = "Command: `python benchmarks/engine.py`"
    write_section("A training step beside its peers", [machine(), "", *head, *lines, "", *LIMITS, "", command])


def row(case: Case, found: Mapping[Run, float]) -> str:
    """One line of the table."""

    def best(peer: str) -> float | None:
        times = [time for (name, _), time in found.items() if name == peer]
        return min(times) if times else None

    def shown(*runs: tuple[str, int]) -> str:
        return " / ".join(f"{found[run]:,.2f}" if run in found else "–" for run in runs)

    own = best("nnplay") or float("nan")
    ratios = [
        f"**{other / own:.1f}×** (≥ {goal:g}×)" if other else "–"
        for other, goal in ((best("torch"), case.over_torch), (best("jax"), case.over_jax))
    ]
    return (
        f"| {case.name}, {case.activation}, {case.loss}, {case.batch}, {case.optimizer} "
        f"| {shown(('nnplay', 1), ('nnplay', 2))} | {shown(('torch', 1), ('torch', 2))} | {shown(('jax', 0))} "
        f"| {shown(('sklearn', 0))} | {ratios[0]} | {ratios[1]} |"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
