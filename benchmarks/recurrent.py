"""Recurrent training steps beside PyTorch and JAX: `python benchmarks/recurrent.py [rounds]`.

A step is forward, backward and Adam for one recurrent layer, its last state, a linear readout and cross-entropy. Each
peer runs in a process of its own, the peers in turn for several rounds, so that a noisy machine disturbs all alike; the
table shows medians and ratios. What is not installed is left out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jax_training import jax_seconds
from peers import seconds_a_step
from results import machine, write_section
from rounds import Run, table

BATCH, CLASSES, ROWS, RATE = 32, 10, 960, 0.001
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
RUNS = (("nnplay", 1), ("nnplay", 2), ("torch", 1), ("torch", 2), ("jax", 0))

#: Where the time of the hardest case goes; written below the table.
LIMITS = (
    "The small LSTM's step is 68 µs of work on one thread: 28 in the loop forward, 18 in the loop back, 9 in the "
    "gradient of its recurrent weights, which runs at the rate of a large product. Forward, a step of one row is some "
    "100 cycles: five exponentials or tangents on one vector of 16 units, and their divisions. Tried: one division for "
    "all four gates, and tanh(cell) kept for the way back. Together they took 3 µs off the loop and made the rows "
    "harder to read, so they are not kept. Two threads take a half of the rows each.",
)


@dataclass(frozen=True)
class Case:
    """One recurrent layer: its kind, steps and features of the sequence, units, and the goal."""

    kind: str
    steps: int
    features: int
    units: int
    goal: float

    @property
    def name(self) -> str:
        """How the table and the command line call it."""
        return f"{self.kind}-{self.steps}-{self.features}-{self.units}"


CASES = tuple(Case(kind, *sizes) for sizes in ((28, 28, 64, 1.5), (20, 2, 16, 2.5)) for kind in ("RNN", "LSTM", "GRU"))


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Random sequences with random labels."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((ROWS, case.steps, case.features)).astype(np.float32)
    return x, generator.integers(0, CLASSES, ROWS)


def nnplay(case: Case, threads: int) -> float:
    """The compiled loop, through the public trainer."""
    import nnplay as nn

    trainer = nn.Trainer(
        nn.Network([getattr(nn, case.kind)(case.units), nn.Linear(CLASSES)]),
        nn.Dataset(*data(case)),
        loss="cross_entropy",
        optimizer=nn.Adam(lr=RATE),
        batch_size=BATCH,
        threads=threads,
    )
    return seconds_a_step(lambda count: trainer.run(steps=count) and None)


def torch(case: Case, threads: int) -> float:
    """Eager PyTorch with its fused optimizer, batches sliced from one shuffled tensor."""
    import torch

    torch.set_num_threads(threads)
    x, y = (torch.from_numpy(part) for part in data(case))
    layer = getattr(torch.nn, case.kind)(case.features, case.units, batch_first=True)
    readout = torch.nn.Linear(case.units, CLASSES)
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()], lr=RATE, fused=True)
    batches = ROWS // BATCH

    def steps(count: int) -> None:
        for step in range(count):
            if step % batches == 0:
                order = torch.randperm(ROWS)
            at = step % batches * BATCH
            rows = order[at : at + BATCH]
            optimizer.zero_grad(set_to_none=True)
            states, _ = layer(x[rows])
            loss_of(readout(states[:, -1]), y[rows]).backward()
            optimizer.step()

    return seconds_a_step(steps)


def jax(case: Case, threads: int) -> float:
    """JAX with loops over time and over training steps compiled: `lax.scan` in `lax.scan` in `jit`."""
    import jax
    import jax.numpy as jnp

    del threads  # XLA's own pool decides
    x, y = (jnp.asarray(part) for part in data(case))
    width, H = GATES[case.kind] * case.units, case.units
    shapes = [(case.features, width), (H, width), (width,), (width,), (H, CLASSES), (CLASSES,)]
    keys = jax.random.split(jax.random.PRNGKey(0), len(shapes))
    weights = [
        jax.random.uniform(key, s, minval=-1, maxval=1) / np.sqrt(H) for key, s in zip(keys, shapes, strict=True)
    ]

    def cell(state, projected, w_hh, b_hh):
        h, c = state
        u = h @ w_hh + b_hh
        if case.kind == "RNN":
            return jnp.tanh(projected + u), c
        if case.kind == "LSTM":
            i, f, g, o = jnp.split(projected + u, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c
        r, z = jnp.split(jax.nn.sigmoid(projected[:, : 2 * H] + u[:, : 2 * H]), 2, axis=1)
        n = jnp.tanh(projected[:, 2 * H :] + r * u[:, 2 * H :])
        return (1 - z) * n + z * h, c

    def loss_of(weights, x, y):
        w_ih, w_hh, b_ih, b_hh, w, b = weights
        projected = jnp.swapaxes(x @ w_ih + b_ih, 0, 1)
        zeros = jnp.zeros((x.shape[0], H))
        (h, _), _ = jax.lax.scan(lambda state, t: (cell(state, t, w_hh, b_hh), None), (zeros, zeros), projected)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h @ w + b), y[:, None], axis=1))

    return jax_seconds(loss_of, weights, x, y, batch=BATCH, rate=RATE)


PEERS: dict[str, Callable[[Case, int], float]] = {"nnplay": nnplay, "torch": torch, "jax": jax}


def row(case: Case, found: Mapping[Run, float]) -> str:
    """One line of the table."""

    def shown(*runs: tuple[str, int]) -> str:
        return " / ".join(f"{found[run]:,.3f}" if run in found else "–" for run in runs)

    own = min((time for (name, _), time in found.items() if name == "nnplay"), default=float("nan"))
    best = min((time for (name, _), time in found.items() if name != "nnplay"), default=float("nan"))
    size = f"{case.kind}, {case.steps} steps of {case.features}, {case.units} units"
    return (
        f"| {size} | {shown(('nnplay', 1), ('nnplay', 2))} | {shown(('torch', 1), ('torch', 2))} "
        f"| {shown(('jax', 0))} | **{best / own:.1f}×** (≥ {case.goal:g}×) |"
    )


def main(rounds: int) -> None:
    """Measures every case and prints, and writes down, the table."""
    head = [
        f"| layer (batch {BATCH}, Adam) | nnplay ms (1 / 2 threads) | PyTorch ms (1 / 2) | JAX ms | vs best (goal) |",
        "|---|---|---|---|---|",
    ]
    lines = table([__file__, "--one"], CASES, RUNS, rounds, scale=1e3, row=row)
    load = f"Load averages at the end: {', '.join(f'{part:.1f}' for part in os.getloadavg())}."
    end = ["", *LIMITS, "", load, "", "Command: `python benchmarks/recurrent.py`"]
    write_section("Recurrent layers beside their peers", [machine(), "", *head, *lines, *end])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        chosen = next(case for case in CASES if case.name == sys.argv[3])
        print(json.dumps(PEERS[sys.argv[2]](chosen, int(sys.argv[4]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
