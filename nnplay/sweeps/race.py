"""A race: a few variants of a run that train side by side, epoch by epoch, so that they can be compared at any time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nnplay.config import RunConfig
from nnplay.config.new_run import check_new_run
from nnplay.data.real_rows import are_all_real
from nnplay.data.split import Split
from nnplay.errors import DivergedError, InputError
from nnplay.sweeps.axis import Axis, Value, parse_axis
from nnplay.sweeps.change import changed_run, check_axes, usual_settings
from nnplay.sweeps.combinations import combinations
from nnplay.sweeps.game_scores import game_caution
from nnplay.system.processors import cores
from nnplay.training.curves.history import Curve
from nnplay.training.scores.evaluation import Part
from nnplay.training.trainer import Trainer

#: Variants that can be told apart in one picture; more of them are shown as a band.
MOST_VARIANTS: Final = 8
#: Variants at the most, where only their seeds differ.
MOST_SEEDS: Final = 200
#: Seconds of one round of all variants, so that a key is answered at once.
ROUND_SECONDS: Final = 0.15
_CALL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class VariantState:
    """Where one variant of a race is.

    Attributes:
        name: what sets it apart, as in `adam, lr 0.01`.
        settings: the same as values.
        epoch, step: where it is.
        loss, accuracy: of the validation part at the end of the last epoch; not a number where there is none.
        curve: the validation loss by step.
        crossed: the epoch at which it crossed the line; 0 as long as it has not.
        parameters: numbers that its network learns.
        seconds: of training.
        fault: why it is out of the race.
    """

    name: str
    settings: Mapping[str, Value]
    epoch: int = 0
    step: int = 0
    loss: float = math.nan
    accuracy: float = math.nan
    curve: Curve | None = None
    crossed: int = 0
    parameters: int = 0
    seconds: float = 0.0
    fault: str = ""


class _Variant:
    """One variant: its trainer, which is built when the race begins, and where it is."""

    def __init__(self, name: str, settings: Mapping[str, Value], run: RunConfig | None, fault: str = "") -> None:
        self.run = run
        self.trainer: Trainer | None = None
        self.scores: list[tuple[float, float]] = []  # epoch, and the score that the line is about
        self.state = VariantState(name, settings, curve=Curve(), fault=fault)


class Race:
    """Trains some variants of a run in the background.

    Args:
        run: what all have in common; its split is dealt by its own seed, whatever seeds the variants have.
        axes: settings with their values; every combination is a variant.
        split: the data.

    Attributes:
        axes: the settings, parsed.
        has_accuracy: whether variants are compared by their validation accuracy; else by their loss.
        judge: of a game, the network that its scores are about: they say how well it tells real rows; else empty.
        line: the accuracy (a loss, where there are no classes) whose crossing decides the race; 0 draws none.

    Raises:
        InputError: too many variants, or a setting that cannot be.
    """

    def __init__(self, run: RunConfig, axes: Sequence[str], split: Split) -> None:
        complete = run.completed(split)
        check_new_run(complete, split)
        self.axes = tuple(parse_axis(axis) for axis in axes)
        check_axes(complete, self.axes)
        settings = combinations(self.axes)
        self.only_seeds = [axis.name for axis in self.axes] == ["seed"]
        refuse_too_many(self.axes, len(settings), self.only_seeds)
        self.has_accuracy = split.train.task == "classification" and split.validation is not None
        self.judge = complete.players.own if are_all_real(split.train) else ""
        self.line = 0.0
        self.epochs = complete.epochs
        self._split, self._part = split, _part_of(split)
        usual = usual_settings(complete, split)
        self._variants = [self._enter(complete, each, usual) for each in settings]
        self._lock = threading.Lock()
        self._going, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._round = 1

    @property
    def score(self) -> str:
        """What ranks the variants."""
        return "accuracy" if self.has_accuracy else "loss"

    @property
    def caution(self) -> str:
        """That its scores do not say which game is the best; empty where they rank the variants."""
        return game_caution(self.judge, self.score) if self.judge else ""

    # -- for the screen --------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether it trains."""
        return self._going.is_set() and not self.finished

    @property
    def finished(self) -> bool:
        """Whether all have come to the last epoch, or fallen out."""
        return all(state.fault or state.epoch >= self.epochs for state in self.states())

    def start(self) -> None:
        """Starts training, or continues it after a pause."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="nnplay-race", daemon=True)
            self._thread.start()
        self._going.set()

    def pause(self) -> None:
        """Stops at the end of the present call."""
        self._going.clear()

    def close(self) -> None:
        """Ends the threads."""
        self._ended.set()
        self._going.set()
        if self._thread is not None:
            self._thread.join()

    def states(self) -> list[VariantState]:
        """Where each variant is, with a copy of its curve."""
        with self._lock:
            return [
                replace(variant.state, curve=None if variant.state.curve is None else variant.state.curve.copy())
                for variant in self._variants
            ]

    def run_of(self, number: int) -> RunConfig | None:
        """The run of a variant; None where it cannot be."""
        return self._variants[number].run

    def draw_line(self, at: float) -> None:
        """Draws the line elsewhere, or away; who has crossed it by now is known at once."""
        with self._lock:
            self.line = at
            for variant in self._variants:
                variant.state = replace(variant.state, crossed=self._crossing(variant))

    def extend(self, epochs: int) -> None:
        """Makes the race longer by so many epochs."""
        self.epochs += epochs

    # -- in the background -----------------------------------------------------------------------------------------

    def _enter(self, run: RunConfig, settings: Mapping[str, Value], usual: Collection[str]) -> _Variant:
        name = ", ".join(_describe(key, value) for key, value in settings.items())
        try:
            changed = changed_run(run, settings, usual)
            check_new_run(changed, self._split)
            return _Variant(name, settings, changed)
        except InputError as error:
            return _Variant(name, settings, None, error.message)

    def _work(self) -> None:
        with ThreadPoolExecutor(min(cores(), len(self._variants)), "nnplay-racer") as pool:
            while not self._ended.is_set():
                self._going.wait()
                if self._ended.is_set():
                    return
                racing = [one for one in self._variants if not one.state.fault and one.state.epoch < self.epochs]
                if not racing:
                    self._ended.wait(0.05)
                    continue
                target = min(self.epochs, min(one.state.epoch for one in racing) + self._round)
                began = time.perf_counter()
                list(pool.map(lambda one, to=target: self._advance(one, to), racing))
                self._adapt(time.perf_counter() - began)

    def _adapt(self, spent: float) -> None:
        """Epochs of the next round, so that it takes about `ROUND_SECONDS`."""
        self._round = max(1, min(2 * self._round, int(self._round * ROUND_SECONDS / max(spent, 1e-6))))

    def _advance(self, variant: _Variant, epoch: int) -> None:
        """Trains one variant to an epoch, or until the race is paused."""
        try:
            trainer = self._build(variant)
            last = trainer.steps_to(epoch) + trainer.step
            while trainer.step < last and self._going.is_set() and not self._ended.is_set():
                trainer.advance(last - trainer.step, seconds=_CALL_SECONDS, record=False)
                self._note(variant, trainer)
        except (DivergedError, InputError) as error:
            self._put(variant, replace(variant.state, fault=error.message))

    def _build(self, variant: _Variant) -> Trainer:
        if variant.trainer is None and variant.run is not None:
            single = replace(variant.run, training={**variant.run.training, "threads": 1})
            variant.trainer = single.trainer(split=self._split)
            scores = variant.trainer.quick_scores(self._part)
            self._put(
                variant,
                replace(
                    variant.state,
                    loss=scores["loss"],
                    accuracy=scores.get("accuracy", math.nan),
                    parameters=variant.trainer.plan.parameter_count,
                ),
            )
        assert variant.trainer is not None
        return variant.trainer

    def _note(self, variant: _Variant, trainer: Trainer) -> None:
        """Takes over the epochs that ended in the last call."""
        state, column = variant.state, 1 if self._split.validation is None else 2
        ended = np.array(trainer.machine.finished_epochs, np.float64)
        state = replace(state, epoch=trainer.epoch, step=trainer.step, seconds=trainer.seconds)
        if len(ended):
            accuracy = float(ended[-1, 3]) if self.has_accuracy else math.nan
            state = replace(state, loss=float(ended[-1, column]), accuracy=accuracy)
        with self._lock:
            if len(ended) and state.curve is not None:
                state.curve.extend((ended[:, 0] * trainer.batches).astype(np.int64), ended[:, column])
                variant.scores += zip(ended[:, 0], ended[:, 3 if self.has_accuracy else column], strict=True)
            variant.state = replace(state, crossed=state.crossed or self._crossing(variant))

    def _crossing(self, variant: _Variant) -> int:
        """The first epoch at which a variant was over the line; 0 where it was not."""
        if not self.line:
            return 0
        over = (
            epoch
            for epoch, score in variant.scores
            if (score >= self.line if self.has_accuracy else score <= self.line)
        )
        return int(next(over, 0))

    def _put(self, variant: _Variant, state: VariantState) -> None:
        with self._lock:
            variant.state = state


def _describe(key: str, value: Value) -> str:
    """`adam`, or `lr 0.01`: a setting as short as it can be told."""
    if key in ("optimizer", "loss", "layers", "schedule"):
        return str(value)
    return f"{key.rpartition('.')[2]} {value}"


def refuse_too_many(axes: Sequence[Axis], count: int, only_seeds: bool) -> None:
    """Refuses more variants than one picture can show.

    Raises:
        InputError: there are more, or only one.
    """
    most = MOST_SEEDS if only_seeds else MOST_VARIANTS
    if not 2 <= count <= most:
        words = ", ".join(str(axis) for axis in axes) or "nothing"
        hint = "nnplay sweep trains thousands" if count > most else "write it as in optimizer=sgd,adam"
        raise InputError(f"a race has 2 to {most} variants, and {words} has {count:,}", where="race", hint=hint)


def rank_variants(states: Sequence[VariantState], has_accuracy: bool) -> list[int]:
    """Numbers of the variants, the best first: those over the line by epoch, the others by score."""

    def rank(number: int) -> tuple[object, ...]:
        state = states[number]
        score = -state.accuracy if has_accuracy else state.loss
        return (
            bool(state.fault),
            state.crossed or math.inf,
            math.inf if math.isnan(score) else score,
            math.inf if math.isnan(state.loss) else state.loss,
            number,
        )

    return sorted(range(len(states)), key=rank)


def band(states: Sequence[VariantState]) -> Curve | None:
    """Median of the curves of all variants, with the quartiles as its extremes, up to the last step that all have."""
    curves = [state.curve for state in states if not state.fault and state.curve is not None and len(state.curve)]
    if not curves:
        return None
    steps = min((curve.steps for curve in curves), key=len)
    values = np.array([np.interp(steps, curve.steps, curve.last) for curve in curves])
    low, middle, high = np.percentile(values, (25, 50, 75), axis=0).astype(np.float32)
    capacity = curves[0].capacity
    return Curve.from_arrays(
        {
            "first_steps": np.asarray(steps),
            "steps": np.asarray(steps),
            "minimum": low,
            "maximum": high,
            "last": middle,
            "nonfinite": np.zeros(len(steps), np.int64),
            "shape": np.array([capacity, 1, 0], np.int64),
        }
    )


def _part_of(split: Split) -> Part:
    return "train" if split.validation is None else "validation"
