"""Trains trials one after another, with as much as possible kept from one to the next."""

from __future__ import annotations

import functools
import itertools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.config.new_run import check_new_run
from nnplay.data.split import Split
from nnplay.errors import DivergedError, InputError
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.training.live_settings import LIVE_SETTINGS
from nnplay.training.scores.evaluation import Part
from nnplay.training.settings import DECLARED
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer
from nnplay.training.whole_run import train_to_end

Shape = tuple[tuple[str, Any], ...]

#: Trainers that are kept, each for networks of another shape or with other rows.
KEPT: Final = 8
#: Trials whose initial weights are drawn together, and numbers that these may take.
_AHEAD: Final = 256
_DRAWN: Final = 1 << 17
#: Points of a trial's curve.
CURVE_POINTS: Final = 32
#: Seconds of one call into the loop.
_CALL_SECONDS: Final = 0.25

#: Attributes of the live settings of training by what files call them.
_ATTRIBUTES: Final = {DECLARED[name].table_field.name: name for name in LIVE_SETTINGS}


class TrialTrainer:
    """Trains the trials of one sweep, in one thread.

    A trial that differs from an earlier one in its seed and in live settings only gets its trainer: nothing is built,
    checked or compiled again, and its numbers are the same as with one of its own.

    Args:
        sweep: what is tried.
        split: the data of its run, shared with other trainers.
    """

    def __init__(self, sweep: Sweep, split: Split) -> None:
        self._sweep, self._split = sweep, split
        self._trainers: OrderedDict[Shape, tuple[RunConfig, Trainer]] = OrderedDict()
        self._live = {axis.name for axis in sweep.axes if is_live(sweep, axis.name)}
        self._drawn: tuple[Shape, dict[int, NDArray[Any]]] = (), {}

    def train_all(self, trials: Sequence[Trial], stop: Callable[[], bool] = lambda: False) -> list[Outcome]:
        """What comes of some trials, in their order; of fewer of them where `stop` said so.

        The initial weights of those that share a trainer are drawn together.
        """
        found = (self.train(trial, stop, trials[place : place + _AHEAD]) for place, trial in enumerate(trials))
        return [outcome for outcome in found if outcome]

    def train(
        self, trial: Trial, stop: Callable[[], bool] = lambda: False, ahead: Sequence[Trial] = ()
    ) -> Outcome | None:
        """What comes of a trial; None where `stop` said so before its end.

        Args:
            ahead: trials that come next, itself first.
        """
        try:
            run, trainer = self._prepare(trial, ahead or (trial,))
        except InputError as error:
            return Outcome(trial, "refused", reason=error.message)
        before, curve = trainer.seconds, list[tuple[int, float]]()
        epochs = trial.epochs or int(trial.settings.get("epochs", run.epochs))
        stops = (run if epochs == run.epochs else replace(run, epochs=epochs)).stop_conditions()
        try:
            reason = _train(trainer, stops, curve, stop)
        except DivergedError as error:
            return Outcome(trial, "diverged", {}, trainer.step, thinned(curve), error.what, trainer.seconds - before)
        if reason is None:
            return None
        scores = self._scores(trainer)
        return Outcome(trial, "done", scores, trainer.step, thinned(curve), reason, trainer.seconds - before)

    def _prepare(self, trial: Trial, ahead: Sequence[Trial]) -> tuple[RunConfig, Trainer]:
        """The run of a trial but for its live settings, and a trainer at its step 0."""
        shape = self._shape(trial)
        if shape in self._trainers:
            self._trainers.move_to_end(shape)
            run, trainer = self._trainers[shape]
            seed = _seed(trial, run)
            if self._drawn[0] != shape or seed not in self._drawn[1]:
                self._draw(shape, run, trainer, ahead)
            trainer.restart(seed, self._drawn[1][seed], **self._live_values(trial))
            return run, trainer
        run = self._sweep.run_of(trial.settings)
        split = run.load() if self._sweep.moves_data else self._split
        check_new_run(run, split)
        trainer = replace(run, training={**run.training, "threads": 1}).trainer(split=split)
        self._trainers[shape] = run, trainer
        if len(self._trainers) > KEPT:
            self._trainers.popitem(last=False)
        return run, trainer

    def _shape(self, trial: Trial) -> Shape:
        """What a trial shares with all those that can have its trainer."""
        return tuple(item for item in trial.settings.items() if item[0] not in self._live)

    def _draw(self, shape: Shape, run: RunConfig, trainer: Trainer, ahead: Sequence[Trial]) -> None:
        """Draws initial weights for the next trials with one trainer, as many as are worth it."""
        most = max(1, _DRAWN // max(1, trainer.machine.state().size))
        alike = (trial for trial in itertools.islice(ahead, most) if self._shape(trial) == shape)
        seeds = list(dict.fromkeys(_seed(trial, run) for trial in alike))
        self._drawn = shape, dict(zip(seeds, trainer.initial_states(seeds), strict=True))

    def _live_values(self, trial: Trial) -> dict[str, Any]:
        """The live settings of a trial as `Trainer.set` takes them."""
        parts = ((name.partition("."), value) for name, value in trial.settings.items() if name in self._live)
        return {_ATTRIBUTES.get(key, key): value for (_, dot, key), value in parts if dot}

    def _scores(self, trainer: Trainer) -> dict[str, float]:
        part: Part = "train" if trainer.split.validation is None else "validation"
        wanted = {objective.name for objective in self._sweep.objectives} - {"seconds", "parameters"}
        scores = trainer.quick_scores(part)
        if wanted - set(scores):
            scores = trainer.evaluate(part)
        return {**scores, "parameters": float(trainer.plan.parameter_count)}


def _seed(trial: Trial, run: RunConfig) -> int:
    return int(trial.settings.get("seed", run.seed))


def _train(trainer: Trainer, stops: Stops, curve: list[tuple[int, float]], stop: Callable[[], bool]) -> str | None:
    """Trains to the end; returns why it ended early, as a sentence, or None where it was stopped."""
    epochs = stops.epochs
    if stops.only_epochs:
        last, column = trainer.steps_to(epochs), 1 if trainer.split.validation is None else 2
        while trainer.step < last:
            if stop():
                return None
            trainer.advance(last - trainer.step, seconds=_CALL_SECONDS, record=False)
            ended = trainer.machine.finished_epochs
            curve += zip(map(int, ended[:, 0].tolist()), ended[:, column].tolist(), strict=True)
        return ""
    end = train_to_end(trainer, stops, epochs, after=lambda _: stop())
    curve += _recorded(trainer)
    return None if end.broken_off else end.reason


def is_live(sweep: Sweep, name: str) -> bool:
    """Whether a setting can change without another trainer."""
    section, _, key = name.partition(".")
    if section == "optimizer" and key:
        chosen = sweep.run.optimizer.record
        return all(axis.name != "optimizer" for axis in sweep.axes) and any(
            field.name == key and field.live for field in chosen.fields
        )
    return name in ("seed", "epochs") or (section == "training" and key in _ATTRIBUTES)


def _recorded(trainer: Trainer) -> list[tuple[int, float]]:
    """Epochs and validation loss of a run that kept its curves."""
    if "validation_loss" not in trainer.history:
        return []
    found = trainer.history["validation_loss"]
    epochs = (int(step) // trainer.batches for step in found.steps)
    return [(epoch, float(loss)) for epoch, loss in zip(epochs, found.last, strict=True)]


def thinned(curve: Sequence[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Some of the points, evenly, the last one always."""
    if len(curve) <= CURVE_POINTS:
        return tuple(curve)
    return tuple(curve[place] for place in _places(len(curve)))


@functools.cache
def _places(count: int) -> tuple[int, ...]:
    """The places of the points that are kept of a curve of so many."""
    step = count / CURVE_POINTS
    return tuple(min(count - 1, round((number + 1) * step) - 1) for number in range(CURVE_POINTS))
