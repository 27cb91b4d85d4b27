"""Training on a graphics card, beside PyTorch and JAX on the same one: `python benchmarks/cuda.py [--all]`.

One prepared script of a few minutes. It shows that a card's numbers are a processor's and the same in every run, times
each workload, and with `--all` runs the peers and compute-sanitizer, too. Every time was measured in this one run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnplay.kernels.cuda import driver
from nnplay.presets.catalogue import load_preset
from nnplay.run.replicas import train_replicas
from nnplay.tape.machines import device
from nnplay.tape.machines.cuda_cost import H200, cost_of_step
from nnplay.tape.machines.cuda_lines import Launch
from nnplay.tape.machines.cuda_machine import CudaMachine

HERE: Final = Path(__file__).parent
#: Network-steps of the many tiny networks.
REPLICAS: Final = 4096
#: Presets of middling size, whose rows are short: what the schedule "samples" is for.
MIDDLING: Final = ("digits_mlp28", "lenet", "sounds_cnn1d", "adding_lstm", "tiny_transformer")
CNN: Final = "reshape 28x28x1, conv2d 8 same, relu, max_pool2d, conv2d 16 same, relu, max_pool2d, flatten, linear 10"


def workload(name: str) -> Any:
    """The run of a workload."""
    if name == "tiny":
        table = {
            "layers": "linear 8, tanh, linear 8, tanh, linear 1",
            "training": {"batch_size": 32},
            "optimizer": {"name": "sgd", "lr": 0.05},
        }
        return load_preset("regression_plane").changed(**table).config
    layers = "linear 512, relu, linear 256, relu, linear 10" if name == "mlp" else CNN
    table = {"layers": layers, "training": {"batch_size": 64}, "optimizer": {"name": "adam", "lr": 0.001}}
    return load_preset("digits_mlp28").changed(**table).config


class Block(CudaMachine):
    """All rows by one block."""

    schedule = "block"


class Grid(CudaMachine):
    """All rows by all blocks."""

    schedule = "grid"


class Samples(CudaMachine):
    """Blocks carry their own samples through the network."""

    schedule = "samples"


class Tensor(Grid):
    """All rows by all blocks, products in TF32 by tensor cores."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more, tf32=True)


def say(text: str) -> None:
    """One line of the result, at once."""
    print(text, flush=True)


def compare(name: str, config: Any, kind: type[CudaMachine]) -> None:
    """How far a card's state is from a processor's after a step and after twenty, and whether it is the same again."""
    split = config.load()
    cpu, card, again = (config.trainer(split=split, **more) for more in ({}, {"machine": kind}, {"machine": kind}))
    errors = []
    for steps in (1, 19):
        for trainer in (cpu, card, again):
            trainer.run(steps=steps)
        here, there = cpu.machine.state(), card.machine.state()
        errors.append(float(np.abs(here - there).max() / np.abs(here).max()))
    if card.machine.why_not:
        say(f"{name}: not on the card: {card.machine.why_not}")
        return
    same = np.array_equal(card.machine.state().view(np.int32), again.machine.state().view(np.int32))
    found = card.machine._run
    attributes = f"{found.advance_function.attribute(4)} registers, {found.advance_function.attribute(3)} bytes local"
    say(
        f"{name}, {kind.__name__}: relative difference to the processor {errors[0]:.1e} after 1 step, {errors[1]:.1e} "
        f"after 20; the same bits again: {same}; {attributes}; {found.shared} bytes shared"
    )


def measure(name: str, config: Any, kind: type[CudaMachine], threads: int = 0) -> float:
    """Seconds a step, of launches of about 40 ms, without what is sent before and fetched behind them."""
    from nnplay.tape.machines import card_run

    trainer = config.trainer(machine=kind)
    usual = card_run.BLOCK_THREADS, card_run.GRID_THREADS
    if threads:
        card_run.BLOCK_THREADS = card_run.GRID_THREADS = threads
    try:
        trainer.run(steps=200)
    finally:
        card_run.BLOCK_THREADS, card_run.GRID_THREADS = usual
    machine = trainer.machine
    if machine.why_not:
        say(f"{name}: not on the card: {machine.why_not}")
        return float("nan")
    steps = max(1, min(10_000, machine.steps_a_launch))
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        machine._run._launch(machine, 0, steps, 0)
        times.append((time.perf_counter() - begun) / steps)
    found, run = float(np.median(times)), machine._run
    launch = Launch(run.threads, run.blocks, run.groups, machine.tf32)
    cost = cost_of_step(machine.tape, machine.full_table, launch)
    least = f"at least {cost.floor(H200) * 1e6:.2f} by the model of all of an H200, {cost.meetings} meetings of all"
    say(f"{name}, {kind.__name__}, {run.blocks} × {run.threads} threads: {found * 1e6:.2f} µs a step ({least})")
    return found


def profile(name: str, config: Any, kind: type[CudaMachine] = Grid) -> None:
    """What each row of a step costs by all blocks: the time of the first k rows, less that of the first k − 1."""
    trainer = config.trainer(machine=kind)
    trainer.run(steps=20)
    machine = trainer.machine
    if machine.why_not:
        return
    run = machine._run
    function = run.function("table")
    table, starts = machine.full_table, run.starts

    def seconds(count: int) -> float:
        times = []
        for _ in range(25):
            begun = time.perf_counter()
            function.launch(run.blocks, run.threads, 0, run.on_card.address, count, together=True)
            times.append(time.perf_counter() - begun)
        return float(np.median(times))

    before, lines = seconds(0), []
    for number, row in enumerate(table.rows):
        after = seconds(int(starts[number + 1]))
        lines.append(f"{(after - before) * 1e6:.1f} {row.path or row.phase} {row.operation.name}")
        before = after
    say(f"{name}, {kind.__name__}, µs by row: " + "; ".join(lines))


def measure_many() -> None:
    """Steps a second of many tiny networks at once."""
    device.choose("cuda")
    config = workload("tiny").changed({"epochs": 60})
    from nnplay.tape.machines import card_replicas

    for count, threads in ((1024, 32), (REPLICAS, 32), (REPLICAS, 64)):
        card_replicas.THREADS = threads  # type: ignore[misc]
        found = train_replicas(config, count)
        rate = count * found.steps / found.seconds
        say(f"{count:,} × tiny: {rate / 1e6:.1f} M network-steps a second ({found.where})")
    device.choose("cpu")


def peers() -> None:
    """What PyTorch and JAX need, each in a process of its own."""
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    workloads = (("torch", ("tiny", "mlp", "cnn", "mlp tf32", "cnn tf32")), ("jax", ("tiny", "mlp", "mlp tf32")))
    for peer, names in workloads:
        for name in names:
            command = [sys.executable, str(HERE / "cuda_peers.py"), peer, *name.split()]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100, check=False)
            try:
                found = json.loads(done.stdout.strip().splitlines()[-1])
            except (IndexError, ValueError):
                say(f"{peer} {name}: failed: {done.stderr.strip()[-300:]}")
                continue
            for how, seconds in found.items():
                say(f"{peer}, {how}, {name}: {seconds * 1e6:.2f} µs a step")


def sanitize() -> None:
    """compute-sanitizer over a few steps of a small network."""
    program = shutil.which("compute-sanitizer")
    if program is None:
        say("compute-sanitizer is not installed")
        return
    for tool in ("memcheck", "racecheck"):
        command = [program, "--tool", tool, sys.executable, __file__, "--steps"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        say(f"{tool}: {(done.stdout + done.stderr).strip().splitlines()[-1]}")


def main(words: list[str]) -> None:
    """Measures and prints."""
    if "--steps" in words:
        for name, kind in (("spiral", Block), ("spiral", Grid), ("digits_mlp28", Tensor)):
            load_preset(name).config.trainer(machine=kind).run(steps=5)
        return
    say(f"{driver.card()}")
    compared = [("tiny", Block), ("tiny", Grid), ("mlp", Grid), ("cnn", Grid), ("cnn", Samples)]
    for name, kind in (*compared, ("mlp", Tensor), ("cnn", Tensor)):
        compare(name, workload(name), kind)
    for kind in (Grid, Tensor):
        compare("lenet", load_preset("lenet").config, kind)
    for name in MIDDLING:
        compare(name, load_preset(name).config, Samples)
    for threads in (32, 64, 128, 256):
        measure("tiny", workload("tiny"), Block, threads)
    for name in ("mlp", "cnn"):
        for threads in (256, 512):
            measure(name, workload(name), Grid, threads)
    for name, config in ((name, load_preset(name).config) for name in MIDDLING):
        for kind in (Grid, Samples):
            measure(name, config, kind)
    for kind in (Grid, Samples):
        measure("cnn", workload("cnn"), kind)
    for name in ("mlp", "cnn"):
        measure(name, workload(name), Tensor)
    for name in ("lenet", "mini_resnet"):
        for kind in (Grid, Tensor):
            measure(name, load_preset(name).config, kind)
    measure_many()
    for name in ("mlp", "cnn"):
        for kind in (Grid, Tensor):
            profile(name, workload(name), kind)
    if "--all" in words:
        tests = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "cuda",
            "-p",
            "no:xdist",
            "-o",
            "addopts=",
            str(HERE.parent / "tests/jit"),
        ]
        done = subprocess.run(tests, capture_output=True, text=True, timeout=120, check=False)
        say(f"tests: {done.stdout.strip().splitlines()[-1]}")
        sanitize()
        peers()


if __name__ == "__main__":
    main(sys.argv[1:])
