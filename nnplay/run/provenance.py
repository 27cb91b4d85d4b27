"""What the trainers behind the screen were made of, and copies of where they stand, for those that keep the run."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from nnplay.config import RunConfig
from nnplay.config.live import with_live
from nnplay.data.fingerprint import fingerprint
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.kernels.compile import notices
from nnplay.records.optimizer import Optimizer
from nnplay.run.open_run import OpenRun
from nnplay.run.saving import saved_run
from nnplay.run.training_thread import TrainingThread
from nnplay.tape.machines.device import begin_machine
from nnplay.timeline.change_log import SetWeight
from nnplay.timeline.saved import SavedTimeline, capture_timeline, restore_timeline
from nnplay.timeline.segment import Segment
from nnplay.timeline.timeline import Timeline
from nnplay.training.settings import TrainingSettings
from nnplay.training.trainer import Trainer

#: Seconds that a save waits for a training thread that is busy.
_PATIENCE: Final = 300.0


class Captured(NamedTuple):
    """A copy of a run's newest step, and of which timeline it is, with the serial number that had then."""

    saved: saved_run.SavedRun
    timeline: Timeline | None
    serial: int


class Provenance:
    """The trainers of a run. None of them waits for kernels: until those are compiled, it answers by definitions.

    Attributes:
        complete: adds to each copy of the run what else a session keeps, between the same two steps; set by those who
            save.
    """

    def __init__(self, run: OpenRun) -> None:
        self._run, self._worker = run, run.worker
        self._made_of: weakref.WeakKeyDictionary[Trainer, RunConfig] = weakref.WeakKeyDictionary()
        self._replaced: tuple[Trainer | None, RunConfig | None, saved_run.SavedRun | None] | None = None
        self._still = threading.Lock()
        self._weights_to_come: list[tuple[tuple[str, tuple[int, ...]], float | None]] = []
        self._notices: list[str] = []
        self.complete: Callable[[saved_run.SavedRun], saved_run.SavedRun] = lambda saved: saved
        notices.tell = self._take_notice

    # -- making ----------------------------------------------------------------------------------------------------

    @property
    def compiling(self) -> str:
        """How far the kernels are that the run waits for, in words; empty when it has them all."""
        trainer = self._worker.trainer
        compilation = None if trainer is None else trainer.machine.awaited
        return "" if compilation is None else compilation.words

    def trainer_of(self, config: RunConfig, split: Split | None) -> Trainer:
        """The trainer of a run at step 0; missing kernels are compiled in the background."""
        trainer: Trainer = config.trainer(split=split, machine=begin_machine)
        return trainer

    def _note_origin(self, trainer: Trainer, config: RunConfig) -> Trainer:
        """Notes what a trainer was made of, and says what was wrong with the kernel cache, behind what is said."""
        self._made_of[trainer] = config
        self._say_notices()
        return trainer

    def _take_notice(self, sentence: str) -> None:
        """Takes what is wrong with the kernel cache or a card: from the training thread, or from one that compiles."""
        self._notices.append(sentence)
        self._worker.send(lambda run: self._say_notices(), anywhere=True)

    def _say_notices(self) -> None:
        while self._notices:  # the thread that compiles may add one meanwhile
            self._worker.append_message(self._notices.pop(0))

    def track(self, make: Callable[[], Trainer], config: RunConfig, *, at_once: bool = False) -> Callable[[], Trainer]:
        """`make`, which also notes what the trainer was made of: a save in between takes both from the same run.

        Args:
            at_once: it takes no time, so that there is no such save.
        """

        def make_and_note() -> Trainer:
            newest = None if at_once else self._newest_of_past()
            before = self._worker.trainer
            self._replaced = (before, None if before is None else self._made_of.get(before), newest)
            try:
                trainer = make()
            finally:
                with self._still:
                    self._replaced = None
            return self._note_origin(trainer, config)

        return make_and_note

    def _newest_of_past(self) -> saved_run.SavedRun | None:
        """In the training thread: a copy of the newest step of a run that stands in its past; None where it does not.

        While another run is made from there, it is all that knows of the later steps.
        """
        timeline = self._worker.timeline
        if timeline is None or timeline.trainer.step >= timeline.latest:
            return None
        step = timeline.trainer.step
        try:
            with contextlib.suppress(InputError):  # data of then that cannot be read any more
                timeline.go_to(timeline.latest)
            trainer = timeline.trainer
            config = self._made_of.get(trainer)
            if config is None or trainer.step < timeline.latest:
                return None
            return self._copy_of(trainer, config, self._run.in_force, lean=True)
        finally:
            if timeline.trainer.step != step:  # else nothing led there, and the run stands where it stood
                timeline.go_to(step)

    def make_first(self, config: RunConfig, split: Split) -> Callable[[], Trainer]:
        """What makes a run at its beginning."""
        return self.track(lambda: self.trainer_of(config, split), config)

    def config_at(self, trainer: Trainer, optimizer: Optimizer, settings: TrainingSettings) -> RunConfig | None:
        """What a trainer was made of, with the values that are in force in place of those."""
        made = self._made_of.get(trainer)
        return None if made is None else with_live(made, optimizer, settings)

    def give_past(self, run: TrainingThread, past: SavedTimeline | None, config: RunConfig) -> None:
        """Gives the run that was just installed its past."""
        if past is not None and run.timeline is not None:
            restore_timeline(run.timeline, past, config, self.make_late)

    def make_late(self, config: RunConfig, split: Split | None) -> Trainer:
        """The trainer of another segment of the run, made when somebody goes there."""
        return self._note_origin(self.trainer_of(config, split), config)

    def segment_of(self, trainer: Trainer, changes: Mapping[str, Any]) -> Segment:
        """The segment of a run that goes on from `trainer` with another optimizer or other settings."""
        made, split = self._made_of[trainer], trainer.split
        settings = {name: value for name, value in changes.items() if name != "optimizer"}
        config = with_live(made, changes.get("optimizer", trainer.optimizer), trainer.settings)
        config = replace(config, training={**config.training, **settings})
        return Segment(None, lambda: self.make_late(config, split), config, fingerprint(split))

    # -- copies ----------------------------------------------------------------------------------------------------

    def capture(self) -> Captured | None:
        """A copy of the newest step, taken by the training thread; None where there is no run."""

        def capture(run: TrainingThread) -> Captured | None:
            timeline = run.timeline
            if timeline is None or timeline.trainer.step >= timeline.latest:
                return take(run)
            step = timeline.trainer.step
            timeline.go_to(timeline.latest)
            try:
                return take(run)
            finally:
                timeline.go_to(step)  # the user goes on looking at the past

        def take(run: TrainingThread) -> Captured | None:
            saved, timeline = self.capture_from(run), run.timeline
            return None if saved is None else Captured(saved, timeline, 0 if timeline is None else timeline.serial)

        return self._worker.ask(capture, seconds=_PATIENCE)

    def waiting(self) -> saved_run.SavedRun | None:
        """While another run is being made: the one before, and the edit that is on its way."""
        with self._still:
            if self._replaced is None:
                return None
            trainer, config, newest = self._replaced
            chosen = self._run.config
            if trainer is None or config is None:
                weights = self._weights_set()
                return self.complete(
                    saved_run.SavedRun(chosen, {}, {}, self._view_table(chosen), edited_weights=weights)
                )
            saved = newest or self._copy_of(trainer, config, chosen, lean=True)
            return replace(saved, edited=chosen, edited_weights=self._weights_set())

    def weight_asked(self, place: tuple[str, tuple[int, ...]], value: float | None) -> None:
        """A weight is to be set by hand as soon as the training thread comes to it; None takes that back."""
        with self._still:
            self._weights_to_come.append((place, value))

    def weight_done(self) -> None:
        """The training thread has come to the oldest of them."""
        with self._still:
            self._weights_to_come.pop(0)

    def _weights_set(self) -> list[SetWeight]:
        """The weights that were set by hand, and not taken back, since the training thread has been busy."""
        values = dict(self._weights_to_come)
        return [SetWeight(*place, value) for place, value in values.items() if value is not None]

    def capture_from(self, run: TrainingThread, *, lean: bool = False) -> saved_run.SavedRun | None:
        """A copy of the present step; a lean one leaves out of the past what is large and only saves time."""
        trainer = run.trainer
        config = None if trainer is None else self._made_of.get(trainer)
        if trainer is None or config is None:
            return None
        return self._copy_of(trainer, config, self._run.in_force, lean=lean)

    def _copy_of(self, trainer: Trainer, config: RunConfig, chosen: RunConfig, *, lean: bool) -> saved_run.SavedRun:
        timeline, past = self._worker.timeline, None
        if timeline is not None and timeline.trainer is trainer:
            past = capture_timeline(timeline, self.config_of, lean=lean)
        # Stop conditions make no other trainer: those that are on now may be younger than this one.
        now = replace(with_live(config, trainer.optimizer, trainer.settings), epochs=chosen.epochs)
        return self.complete(saved_run.capture(now, trainer, self._view_table(chosen), past))

    def config_of(self, segment: Segment) -> RunConfig | None:
        """What the trainer of a segment of the run was made of."""
        return self._made_of.get(segment.trainer_if_made) if segment.trainer_if_made is not None else segment.config

    def _view_table(self, chosen: RunConfig) -> dict[str, Any]:
        """What a session keeps of the screen, and the stop conditions."""
        return {**self._run.view, "stops": chosen.stops}
