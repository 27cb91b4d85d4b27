"""How fast a training step of convolutional networks is, beside PyTorch: `python benchmarks/networks.py [rounds]`.

Each measurement is a process of its own, several rounds in turn, so that a noisy machine disturbs all alike; the table
shows medians and the ratio to the best of PyTorch's threads and memory formats. The second table holds the kernels of
one convolution against a matrix product of NumPy on one thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax_training import jax_seconds
from peers import seconds_a_step
from results import machine, write_section
from twins import jax_loss, jax_network, torch_loss, torch_network

from nnplay.network.network import Network, NetworkPlan
from nnplay.network.notation import show_layers
from nnplay.presets.catalogue import load_preset

RATE = 0.001


@dataclass(frozen=True)
class Case:
    """One network in nnplay's notation, its input, batch size and the ratio to reach."""

    name: str
    layers: str
    shape: tuple[int, int, int]
    batch: int
    goal: float
    loss: str = "cross_entropy"
    classes: int = 10

    def plan(self) -> NetworkPlan:
        """The network worked out for its input."""
        return Network(self.layers).plan(self.shape)


def preset(name: str, goal: float) -> Case:
    """The network, batch, loss and picture size of a preset."""
    config = load_preset(name).config
    classes = Network(config.layers).plan(PICTURE).output_shape[-1]
    loss = config.loss.record.name if config.loss else "cross_entropy"
    layers, batch = show_layers(config.layers), config.training["batch_size"]
    return Case(f"preset {name}, batch {batch}", layers, PICTURE, batch, goal, loss, classes)


PICTURE = (32, 32, 3)
SMALL = "conv2d 8 same, relu, max_pool2d, conv2d 16 same, relu, max_pool2d, flatten, linear 10"
NORMED = (
    "conv2d 32 same, batch_norm, relu, conv2d 32 same, batch_norm, relu, max_pool2d, "
    "conv2d 64 same, batch_norm, relu, max_pool2d, flatten, linear 10"
)
CASES = (
    Case("CNN 28×28×1, batch 64", SMALL, (28, 28, 1), 64, 1.8),
    Case("CNN 8×8×1, batch 32", SMALL, (8, 8, 1), 32, 5.0),
    Case("conv-BN-ReLU 32×32×3, batch 64", NORMED, PICTURE, 64, 1.5),
    preset("mini_resnet", 1.5),
    preset("mini_inception", 1.5),
    preset("unet_shapes", 1.5),
)
RUNS = (
    *(("nnplay", 1, ""), ("nnplay", 2, "")),
    *(("torch", n, f) for n in (1, 2) for f in ("first", "last")),
    ("jax", 0, ""),
)
#: What the step consists of; written below the table.
LIMITS = (
    "On one thread, three quarters of the conv-BN-ReLU network's step are convolutions, forward and both backwards, "
    "at or above the rate of NumPy's large product. The others move tensors of 8.4 MB, four times the second-level "
    "cache: one core reads 20 GB/s and copies 8.7 GB/s here, so each such row costs about 1.2 ms. Rows that only hand "
    "on what the next one reads are joined (docs/decisions/2026-11-21-joined-rows.md), which made this network and "
    "the U-Net 1.15 to 1.2 times as fast. Tried before: handing blocks of one to four pictures from row to row while "
    "they are in the cache, which gained nothing beyond the noise (what is paid for are the writes); stores that "
    "bypass the caches make a lone copy 20 % faster.",
)
KERNELS = ("forward", "gradient of the weights", "gradient of the input")


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Random pictures and labels, channels last; a few batches."""
    generator = np.random.default_rng(0)
    count = case.batch * 4
    labels = (count, *case.shape[:2]) if case.loss == "dice" else (count,)
    return generator.standard_normal((count, *case.shape)).astype(np.float32), generator.integers(
        0, case.classes, labels
    )


def nnplay(case: Case, threads: int, layout: str) -> float:
    """The compiled loop, through the public trainer."""
    import nnplay as nn

    trainer = nn.Trainer(
        nn.Network(case.layers),
        nn.Dataset(*data(case)),
        loss=case.loss,
        optimizer=nn.Adam(lr=RATE),
        batch_size=case.batch,
        threads=threads,
    )
    return seconds_a_step(lambda count: trainer.run(steps=count) and None)


def torch(case: Case, threads: int, layout: str) -> float:
    """Eager PyTorch with its fused optimizer, channels first or last in memory."""
    import torch

    torch.set_num_threads(threads)
    x, y = (torch.from_numpy(part) for part in data(case))
    x = x.permute(0, 3, 1, 2)
    form = torch.channels_last if layout == "last" else torch.contiguous_format
    x, net = x.contiguous(memory_format=form), torch_network(case.plan()).to(memory_format=form)
    loss_of = torch_loss(case.loss)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    batches = len(x) // case.batch

    def steps(count: int) -> None:
        for step in range(count):
            if step % batches == 0:
                order = torch.randperm(len(x))
            rows = order[step % batches * case.batch :][: case.batch]
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(x[rows]), y[rows]).backward()
            optimizer.step()

    return seconds_a_step(steps)


def jax(case: Case, threads: int, layout: str) -> float:
    """JAX with the loop over the batches of an epoch compiled too; XLA's own pool of threads decides."""
    import jax.numpy as jnp

    x, y = (jnp.asarray(part) for part in data(case))
    weights, answer = jax_network(case.plan())
    loss_of = jax_loss(case.loss)

    def of_batch(weights: Any, x: Any, y: Any) -> Any:
        return loss_of(answer(weights, x), y)

    # Few repeats: convolutions backwards take XLA half a second here.
    return jax_seconds(of_batch, weights, x, y, batch=case.batch, rate=RATE, repeats=3)


def kernel_rates() -> dict[str, float]:
    """GFLOP/s on one thread: a 3×3 convolution 32→32 at 32×32, batch 64, and NumPy's product of two 1024² matrices.

    Both are timed by the processor time that they take, which other work on the machine does not lengthen.
    """
    import nnplay as nn
    from nnplay.inspector.inspector import Inspector

    case = Case("", "conv2d 32 same bias=no, conv2d 32 same bias=no", (32, 32, 32), 64, 0.0)
    x, _ = data(case)
    trainer = nn.Trainer(nn.Network(case.layers), nn.Dataset(x, x), loss="mse", batch_size=64, threads=1)
    inspector = Inspector(trainer)
    operations = 2 * 64 * 32 * 32 * 9 * 32 * 32
    wanted = dict(zip(("x∗w", "gradients of weight and bias, partial sums", "spread by w"), KERNELS, strict=True))
    rates: dict[str, float] = {}
    for number, row in enumerate(inspector.rows):
        name = wanted.get(row.operation.name)
        inspector.machine.run_table(inspector.table, number + 1, number)
        if name is not None and name not in rates:
            seconds = seconds_a_step(_again(inspector, number), clock=time.process_time)
            rates[name] = operations / seconds / 1e9
    a = np.random.default_rng(0).standard_normal((1024, 1024)).astype(np.float32)
    seconds = seconds_a_step(lambda count: [a @ a for _ in range(count)] and None, clock=time.process_time)
    rates["NumPy, 1024³"] = 2 * 1024**3 / seconds / 1e9
    return rates


def _again(inspector: Any, number: int) -> Callable[[int], None]:
    def steps(count: int) -> None:
        for _ in range(count):
            inspector.machine.run_table(inspector.table, number + 1, number)

    return steps


def measure_apart(*words: str) -> Any:
    """What a fresh process finds, or None where the peer is not installed."""
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if words[0] == "kernels" else {}
    command = [sys.executable, __file__, *words]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | single)
    if outcome.returncode != 0:
        if "ModuleNotFoundError" not in outcome.stderr:
            print(outcome.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return json.loads(outcome.stdout.strip().splitlines()[-1])


def main(rounds: int) -> None:
    """Measures every case and prints, and writes down, the tables."""
    lines = [
        "| network, Adam | nnplay ms (1 / 2 threads) | PyTorch ms, channels first (1 / 2) | channels last (1 / 2) "
        "| JAX ms | vs the best of them (goal) |",
        "|---|---|---|---|---|---|",
    ]
    for number, case in enumerate(CASES):
        samples: dict[tuple[str, int, str], list[float]] = {run: [] for run in RUNS}
        for _ in range(rounds):
            for run in RUNS:
                seconds = measure_apart(run[0], str(number), str(run[1]), run[2])
                if seconds is not None:
                    samples[run].append(seconds * 1e3)
        lines.append(_row(case, {run: statistics.median(times) for run, times in samples.items() if times}))
        print(lines[-1], flush=True)
    found = [rates for _ in range(rounds) if (rates := measure_apart("kernels")) is not None]
    rates = {name: statistics.median(one[name] for one in found) for name in found[0]}
    product = rates["NumPy, 1024³"]
    lines += ["", "| kernel, one thread | GFLOP/s | of NumPy's product (goal 80 %) |", "|---|---|---|"]
    lines += [f"| {name} | {rate:.0f} | {rate / product:.0%} |" for name, rate in rates.items()]
    print("\n".join(lines[-6:]))
    load = f"Load averages at the end: {', '.join(f'{part:.1f}' for part in os.getloadavg())}."
    command = "Command: `python benchmarks/networks.py`"
    write_section("Convolutional networks", [machine(), "", *lines, "", *LIMITS, "", load, "", command])


def _row(case: Case, found: dict[tuple[str, int, str], float]) -> str:
    def shown(peer: str, layout: str, threads: tuple[int, ...] = (1, 2)) -> str:
        return " / ".join(f"{found[run]:.3f}" if (run := (peer, n, layout)) in found else "–" for n in threads)

    own = min((time for (name, *_), time in found.items() if name == "nnplay"), default=float("nan"))
    best = min((time for (name, *_), time in found.items() if name != "nnplay"), default=float("nan"))
    return (
        f"| {case.name} | {shown('nnplay', '')} | {shown('torch', 'first')} | {shown('torch', 'last')} "
        f"| {shown('jax', '', (0,))} | **{best / own:.2f}×** (≥ {case.goal}×) |"
    )


PEERS = {"nnplay": nnplay, "torch": torch, "jax": jax}

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in PEERS:
        print(json.dumps(PEERS[sys.argv[1]](CASES[int(sys.argv[2])], int(sys.argv[3]), sys.argv[4])))
    elif len(sys.argv) > 1 and sys.argv[1] == "kernels":
        print(json.dumps(kernel_rates()))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
