"""A race: several optimizers from the same weights with the same rows, each with a trainer of its own."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import DivergedError
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.training.trainer import Trainer

Floats = NDArray[np.float64]
#: Who takes part, with settings that suit most surfaces.
RUNNERS: Final = (
    ("sgd", "sgd lr=0.001"),
    ("momentum", "sgd lr=0.0005 momentum=0.9"),
    ("rmsprop", "rmsprop lr=0.02"),
    ("adam", "adam lr=0.05"),
    ("l-bfgs", "lbfgs"),
    ("conjugate gradient", "conjugate_gradient"),
)
#: Steps that each takes at the most, and in one turn.
STEPS: Final = 400
TURN: Final = 25
_made: WeakKeyDictionary[Trainer, Race] = WeakKeyDictionary()


class Race:
    """The path of every runner so far; one whose loss became infinite goes no further."""

    def __init__(self, trainer: Trainer) -> None:
        settings = trainer.settings.changed(
            batch_size="all", dtype="float64", threads=1, accumulate=1, average="none", use_average=False, groups="",
            l1=0.0, l2=0.0, clip_norm=0.0, clip_value=0.0, frozen="", schedule=None, validate_every=0,
        )  # fmt: skip
        self._runners = [
            (
                name,
                Trainer(
                    trainer.network, trainer.split, trainer.loss, text, settings=settings, machine=CpuMachine.begin
                ),
            )
            for name, text in RUNNERS
        ]
        self._paths: dict[str, list[Floats]] = {name: [_place(runner)] for name, runner in self._runners}

    def turn(self) -> bool:
        """Lets every runner that can take some steps; returns whether any did."""
        went = False
        for name, runner in self._runners:
            if runner.machine.compiling is not None:
                continue
            for _ in range(min(TURN, STEPS + 1 - len(self._paths[name]))):
                try:
                    runner.advance(1)
                except DivergedError:
                    break
                self._paths[name].append(_place(runner))
                went = True
        return went

    @property
    def compiling(self) -> bool:
        """Whether kernels of a runner are still being compiled."""
        return any(runner.machine.compiling is not None for _, runner in self._runners)

    def paths(self) -> list[tuple[str, Floats]]:
        """Name of each runner, and its weights (k, M) after every step so far."""
        return [(name, np.array(places)) for name, places in self._paths.items()]


def _place(runner: Trainer) -> Floats:
    return np.concatenate([np.asarray(values, np.float64).ravel() for values in runner.parameters().values()])


def race_of(trainer: Trainer) -> Race:
    """The race beside a run, made when it is first looked at."""
    if trainer not in _made:
        _made[trainer] = Race(trainer)
    return _made[trainer]
