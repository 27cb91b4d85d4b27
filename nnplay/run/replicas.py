"""Many runs of one network at once, which differ in their seeds: on a graphics card all beside each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.errors import InputError, NnplayError
from nnplay.system import processors
from nnplay.tape.machines import device
from nnplay.tape.machines.cuda_machine import CudaMachine
from nnplay.tape.machines.machine import MAX_STEPS
from nnplay.training.learning_rate import rates, watches
from nnplay.training.state.initial_state import reset_machine
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Columns of a curve: the mean training loss of an epoch, and what was evaluated at its end.
CURVES: Final = ("loss", "validation_loss", "score")


@dataclass(frozen=True, slots=True, eq=False)
class Replicas:
    """What many runs came to.

    Attributes:
        seeds: of initial weights and row order of each run, (runs,).
        curves: by epoch, (runs, epochs, 3): see `CURVES`; NaN from where a run has diverged, or where nothing is.
        states: parameters, optimizer state and running statistics of each at the end, (runs, numbers).
        steps: of each run.
        seconds: that training took, and what trained.
        where: see there.
    """

    seeds: NDArray[np.int64]
    curves: Array
    states: Array
    steps: int
    seconds: float
    where: str

    @property
    def ranked(self) -> NDArray[np.int64]:
        """Numbers of the runs, the best first: by the last validation loss, or the training loss without one."""
        last = self.curves[:, -1]
        column = 1 if np.isfinite(last[:, 1]).any() else 0
        return np.argsort(np.where(np.isfinite(last[:, column]), last[:, column], np.inf), kind="stable")

    def band(self, curve: str, quantiles: Sequence[float] = (0.1, 0.5, 0.9)) -> Array:
        """Quantiles over the runs of a curve at each epoch, (quantiles, epochs)."""
        values = self.curves[:, :, CURVES.index(curve)]
        there = np.isfinite(values).any(axis=0)
        found = np.full((len(quantiles), values.shape[1]), np.nan)
        found[:, there] = np.nanquantile(np.where(np.isfinite(values), values, np.nan)[:, there], quantiles, axis=0)
        return found


def train_replicas(config: RunConfig, count: int, ended: Callable[[], bool] = lambda: False) -> Replicas:
    """Trains so many runs on the same split, whose initial weights and row orders have the seeds behind the config's.

    They train on the device that was chosen, or on the processor, a thread for each core, where that cannot be.

    Raises:
        InputError: a schedule that watches the run, which differs from run to run.
    """
    split = config.load()
    config = config.completed(split)
    trainer = config.trainer(split=split)
    if watches(trainer.settings.schedule):
        raise InputError(
            "a schedule that watches one run cannot serve many", where="replicas", hint="choose another one"
        )
    seeds = np.arange(config.seed, config.seed + count, dtype=np.int64)
    steps = config.epochs * trainer.batches
    own = rates(float(trainer.optimizer.values["lr"]), trainer.settings.schedule, trainer.plateau, 0, steps)
    if device.chosen() != "cpu":
        machine = trainer.machine if isinstance(trainer.machine, CudaMachine) else _card_machine(config, split)
        if not machine.why_not:
            try:
                return _on_card(trainer, machine, seeds, np.asarray(own), ended)
            except NnplayError as error:
                machine.why_not = error.message
        return _on_processor(config, split, seeds, np.asarray(own), ended, f" ({machine.why_not})")
    return _on_processor(config, split, seeds, np.asarray(own), ended, "")


def _card_machine(config: RunConfig, split: Any) -> CudaMachine:
    machine = config.trainer(split=split, machine=CudaMachine).machine
    assert isinstance(machine, CudaMachine)
    return machine


def _on_card(
    trainer: Trainer, machine: CudaMachine, seeds: NDArray[np.int64], own: Array, ended: Callable[[], bool]
) -> Replicas:
    from nnplay.tape.machines.card_replicas import CardReplicas

    size = machine.tape.layout.bounds["evaluation"][0]
    memories = np.empty((len(seeds), size), np.float32)
    for memory, seed in zip(memories, seeds, strict=True):
        reset_machine(machine, int(seed), trainer.initial_states([int(seed)])[0])
        memory[:] = machine.memory[:size]
    runs = CardReplicas(machine, machine.data, memories, seeds)
    found = runs.advance(own[None, :], ended)
    first = machine.tape.layout.bounds["parameters"][0]
    states = runs.memories()[:, first : first + machine.state().size]
    lines = np.concatenate(found, axis=1)[:, :, 1:]
    return Replicas(seeds, lines, states, len(own), runs.seconds, runs.where)


def _on_processor(
    config: RunConfig, split: Any, seeds: NDArray[np.int64], own: Array, ended: Callable[[], bool], why: str
) -> Replicas:
    threads = min(processors.cores(), len(seeds))
    trainers = [config.trainer(split=split) for _ in range(threads)]
    epochs = config.epochs
    curves = np.full((len(seeds), epochs, len(CURVES)), np.nan)
    states = np.zeros((len(seeds), trainers[0].machine.state().size), np.float32)

    def work(thread: int) -> None:
        for run in range(thread, len(seeds), threads):
            if not ended():
                _train_one(trainers[thread], int(seeds[run]), own, curves[run])
                states[run] = trainers[thread].machine.state()

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    where = f"the processor, {threads} threads{why}"
    return Replicas(seeds, curves, states, len(own), time.perf_counter() - begun, where)


def _train_one(trainer: Trainer, seed: int, own: Array, curve: Array) -> None:
    """Trains one run from its initial weights to its end, or to where it diverges; fills its curve (epochs, 3)."""
    machine = trainer.machine
    reset_machine(machine, seed, trainer.initial_states([seed])[0])
    at = 0
    while at < len(own):
        asked = min(MAX_STEPS, len(own) - at)
        machine.rates[:asked, 0] = own[at : at + asked]
        taken = machine.advance(asked)
        lines = machine.finished_epochs
        for line in lines:
            curve[int(line[0]) - 1] = line[1:]
        at += taken
        if machine.take_fault() is not None or taken == 0:
            return


def take(replicas: Replicas, run: int, trainer: Trainer) -> None:
    """Puts the end of one run into a trainer that was made alike: it goes on from there."""
    machine, seed = trainer.machine, int(replicas.seeds[run])
    machine.state()[...] = replicas.states[run]
    batches = trainer.batches
    machine.clock = type(machine.clock)(seed, replicas.steps, replicas.steps // batches, replicas.steps % batches)
    machine.loss_sum = 0.0
    machine.keep_last_good()
