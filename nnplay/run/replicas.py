"""Many runs of one network at once, which differ in their seeds: on a graphics card side by side, else by threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.config.new_run import check_new_run
from nnplay.data.split import Split
from nnplay.errors import DivergedError, InputError, NnplayError
from nnplay.system import processors
from nnplay.tape.machines import device
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.cuda_machine import CudaMachine, describe_failure
from nnplay.text import counted
from nnplay.timeline.saved.engine import ENGINE, ON_CARD
from nnplay.training.learning_rate import rates, watches
from nnplay.training.state.initial_state import reset_machine
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
#: Columns of a curve: the mean training loss of an epoch, and what was evaluated at its end.
CURVES: Final = ("loss", "validation_loss", "score")
#: Seconds of one call into the loop, after which it may be stopped.
_CALL_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Replicas:
    """What many runs came to.

    Attributes:
        seeds: of initial weights and row order of each run, (runs,).
        curves: by epoch, (runs, epochs, 3): see `CURVES`; NaN after a run has diverged, and without validation rows.
        states: parameters, optimizer state and running statistics of each at the end, (runs, numbers).
        steps: of each run.
        seconds: that training took.
        where: what trained, in words: the card's name, or the processor with its threads.
        engine: what ran the steps, as a session notes it; see `timeline.saved.engine`.
    """

    seeds: NDArray[np.int64]
    curves: Array
    states: Array
    steps: int
    seconds: float
    where: str
    engine: str

    @property
    def ranked(self) -> NDArray[np.int64]:
        """Indices of the runs (runs,), the best first: by the last validation loss, or else the training loss."""
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


def train_replicas(config: RunConfig, count: int, stop: Callable[[], bool] = lambda: False) -> Replicas:
    """Trains so many runs on the same split, whose initial weights and row orders have the seeds behind the config's.

    They train on the device that was chosen, or on the processor, a thread for each core, where that cannot be.

    Args:
        config: its own seed is that of the first run, and of the split where that has none.
        count: how many runs.
        stop: asked between calls of the loop; once it says so, only runs that came to their end are returned.

    Raises:
        InputError: a schedule that watches the run, which differs from run to run.
        NnplayError: stopped before the first run came to its end.
    """
    split = config.load()
    config = config.completed(split)
    check_new_run(config, split)
    trainer = config.trainer(split=split)
    device.check_tf32(trainer.settings.dtype)
    if watches(trainer.settings.schedule):
        raise InputError(
            "a schedule that watches one run cannot serve many", where="replicas", hint="choose another one"
        )
    seeds = np.arange(config.seed, config.seed + count, dtype=np.int64)
    steps = config.epochs * trainer.batches
    lr = rates(float(trainer.optimizer.values["lr"]), trainer.settings.schedule, trainer.plateau, 0, steps)
    if device.chosen() != "cpu":
        machine = trainer.machine if isinstance(trainer.machine, CudaMachine) else _card_machine(config, split)
        if not machine.why_not:
            try:
                return _on_card(trainer, machine, seeds, np.asarray(lr), stop)
            except NnplayError as error:
                if stop():
                    raise
                machine.why_not = describe_failure(error)
        return _on_processor(config, split, seeds, stop, f" ({machine.why_not})")
    return _on_processor(config, split, seeds, stop, "")


def _card_machine(config: RunConfig, split: Split) -> CudaMachine:
    machine = config.trainer(split=split, machine=device.card_machine).machine
    assert isinstance(machine, CudaMachine)
    return machine


def _on_card(
    trainer: Trainer, machine: CudaMachine, seeds: NDArray[np.int64], lr: Array, stop: Callable[[], bool]
) -> Replicas:
    from nnplay.tape.machines.card_replicas import CardReplicas

    size = machine.tape.layout.bounds["evaluation"][0]
    memories = np.empty((len(seeds), size), np.float32)
    for memory, seed in zip(memories, seeds, strict=True):
        reset_machine(machine, int(seed), trainer.initial_states([int(seed)])[0])
        memory[:] = machine.memory[:size]
    runs = CardReplicas(machine, machine.data, memories, seeds)
    found = runs.advance(lr[None, :], stop)
    if stop():
        raise _stopped()
    first = machine.tape.layout.bounds["parameters"][0]
    states = runs.memories()[:, first : first + machine.state().size]
    lines = np.concatenate(found, axis=1)[:, :, 1:]
    return Replicas(seeds, lines, states, len(lr), runs.seconds, runs.where, ON_CARD)


def _on_processor(
    config: RunConfig, split: Split, seeds: NDArray[np.int64], stop: Callable[[], bool], why: str
) -> Replicas:
    threads = min(processors.cores(), len(seeds))
    trainers = [config.trainer(split=split, machine=CpuMachine) for _ in range(threads)]
    curves = np.full((len(seeds), config.epochs, len(CURVES)), np.nan)
    one = trainers[0].machine.state()
    states = np.zeros((len(seeds), one.size), one.dtype)
    ended = np.zeros(len(seeds), np.bool_)

    def work(thread: int) -> None:
        for run in range(thread, len(seeds), threads):
            ended[run] = _train_one(trainers[thread], int(seeds[run]), curves[run], stop)
            states[run] = trainers[thread].machine.state()
            if not ended[run]:
                return

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    if not ended.any():
        raise _stopped()
    where = f"the processor, {counted(threads, 'thread')}{why}"
    return Replicas(
        seeds[ended],
        curves[ended],
        states[ended],
        config.epochs * trainers[0].batches,
        time.perf_counter() - begun,
        where,
        ENGINE,
    )


def _stopped() -> NnplayError:
    return NnplayError("stopped before a run came to its end", where="replicas")


def _train_one(trainer: Trainer, seed: int, curve: Array, stop: Callable[[], bool]) -> bool:
    """Trains one run from its initial weights; fills its curve (epochs, 3).

    Returns:
        Whether it came to its end, which may be that it diverged.
    """
    trainer.restart(seed, trainer.initial_states([seed])[0])
    last, diverged = trainer.steps_to(len(curve)), False
    while trainer.step < last and not diverged:
        if stop():
            return False
        try:
            trainer.advance(last - trainer.step, seconds=_CALL_SECONDS, record=False)
        except DivergedError:
            diverged = True
        for line in trainer.machine.finished_epochs:
            curve[int(line[0]) - 1] = line[1:]
    return True


def run_of_seed(config: RunConfig, seed: int) -> RunConfig:
    """The run of one replica by itself: its own seed, and the split that all share."""
    shared = config.split.seed if config.split.seed >= 0 else config.seed
    return config.changed({"seed": seed, "split": {"seed": shared}})


def restore_replica(replicas: Replicas, index: int, trainer: Trainer) -> None:
    """Puts a trainer of the same run where a replica ended, with its curves by epoch; it goes on from there.

    Args:
        index: of the replica, from 0.
        trainer: made of `run_of_seed`; its state is replaced.
    """
    machine, seed = trainer.machine, int(replicas.seeds[index])
    machine.state()[...] = replicas.states[index]
    batches = trainer.batches
    machine.clock = type(machine.clock)(seed, replicas.steps, replicas.steps // batches, replicas.steps % batches)
    machine.loss_sum = 0.0
    machine.keep_last_good()
    curve = replicas.curves[index]
    ends = batches * np.arange(1, len(curve) + 1)
    for name, values in zip(trainer.epoch_curves, curve.T, strict=False):
        known = np.isfinite(values)
        trainer.history.extend(name, ends[known], values[known])
    trainer.recorded = replicas.steps
