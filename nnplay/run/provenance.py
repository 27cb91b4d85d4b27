"""What the trainers behind the screen were made of, and copies of where they stand, for those that keep the run."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from nnplay.config import RunConfig
from nnplay.config.live import with_live
from nnplay.data.fingerprint import fingerprint
from nnplay.data.split import Split
from nnplay.kernels.compile import library, notices
from nnplay.run import saved_run
from nnplay.run.settings import Settings
from nnplay.run.training_thread import TrainingThread
from nnplay.run.worker import Worker
from nnplay.timeline.change_log import SetWeight
from nnplay.timeline.saved import SavedTimeline, capture_timeline, restore_timeline
from nnplay.timeline.segment import Segment
from nnplay.training.trainer import Trainer

#: Seconds that a save waits for kernels that are being compiled.
_PATIENCE: Final = 300.0


class Making:
    """The trainers of a run.

    Attributes:
        compiling: kernels are being compiled: what is asked meanwhile is done when they are ready.
        view: what the screen wants to find again when the session is opened: plain TOML values.
    """

    worker: Worker
    settings: Settings
    _config: RunConfig

    def __init__(self) -> None:
        self.compiling = False
        self.view: Mapping[str, Any] = {}
        self._made_of: weakref.WeakKeyDictionary[Trainer, RunConfig] = weakref.WeakKeyDictionary()
        self._replaced: tuple[Trainer | None, RunConfig | None] | None = None
        self._still = threading.Lock()
        self._weights_to_come: list[tuple[tuple[str, tuple[int, ...]], float | None]] = []
        self._notices: list[str] = []
        notices.tell = self._notices.append

    # -- making ----------------------------------------------------------------------------------------------------

    def _compiling(self, done: int, total: int, name: str) -> None:
        """Tells how far the compiler is."""
        self.compiling = done < total
        once = ", once" if library.kept() else ""
        self.worker.show_message(f"compiling kernels{once}: {done} of {total}" if done < total else "")

    def _made(self, trainer: Trainer, config: RunConfig) -> Trainer:
        """Notes what a trainer was made of, and says what was wrong with the kernel cache, behind what is said."""
        self._made_of[trainer] = config
        said, self._notices[:] = "; ".join(self._notices), []
        self.worker.append_message(said)
        return trainer

    def _tracked(self, make: Callable[[], Trainer], config: RunConfig) -> Callable[[], Trainer]:
        """`make`, which also notes what the trainer was made of: a save in between takes both from the same run."""

        def tracked() -> Trainer:
            before = self.worker.trainer
            self._replaced = (before, None if before is None else self._made_of.get(before))
            try:
                trainer = make()
            finally:
                with self._still:
                    self._replaced = None
                if self.compiling:  # it came to no good end
                    self._compiling(0, 0, "")
            return self._made(trainer, config)

        return tracked

    def _restore_past(self, past: SavedTimeline | None, config: RunConfig) -> None:
        """Gives the run that was just installed its past."""

        def restore(run: TrainingThread) -> None:
            if past is not None and run.timeline is not None:
                restore_timeline(run.timeline, past, config, self._make_late)

        self.worker.send(restore)

    def _make_late(self, config: RunConfig, split: Split | None) -> Trainer:
        """Makes the trainer of another segment of the run, when somebody goes there."""
        try:
            trainer: Trainer = config.trainer(self._compiling, split)
        finally:
            if self.compiling:  # it came to no good end
                self._compiling(0, 0, "")
        return self._made(trainer, config)

    def segment_of(self, trainer: Trainer, changes: Mapping[str, Any]) -> Segment:
        """The segment of a run that goes on from `trainer` with another optimizer or other settings."""
        made, split = self._made_of[trainer], trainer.split
        settings = {name: value for name, value in changes.items() if name != "optimizer"}
        config = with_live(made, changes.get("optimizer", trainer.optimizer), trainer.setup)
        config = replace(config, training={**config.training, **settings})
        return Segment(None, lambda: self._make_late(config, split), config, fingerprint(split))

    # -- copies ----------------------------------------------------------------------------------------------------

    def _capture(self) -> tuple[saved_run.SavedRun | None, int]:
        """A copy of the present step, taken by the training thread; and its timeline's serial number."""

        def capture(run: TrainingThread) -> tuple[saved_run.SavedRun | None, int]:
            return self._capture_run(run), run.timeline.serial if run.timeline is not None else 0

        return self.worker.ask(capture, seconds=_PATIENCE)

    def _waiting(self) -> saved_run.SavedRun | None:
        """While another run is being made (kernels are compiled): the one before, and the edit that is on its way."""
        with self._still:
            if self._replaced is None:
                return None
            trainer, config = self._replaced
            if trainer is None or config is None:
                return saved_run.SavedRun(self._config, {}, {}, self._seen(), edited_weights=self._weights_set())
            saved = self._capture_trainer(trainer, config, lean=True)
            return replace(saved, edited=self._config, edited_weights=self._weights_set())

    def _weights_set(self) -> list[SetWeight]:
        """The weights that were set by hand, and not taken back, since the training thread has been busy."""
        values = dict(self._weights_to_come)
        return [SetWeight(*place, value) for place, value in values.items() if value is not None]

    def _capture_run(self, run: TrainingThread, *, lean: bool = False) -> saved_run.SavedRun | None:
        """A copy of the present step; a lean one leaves out of the past what is large and only saves time."""
        trainer = run.trainer
        config = None if trainer is None else self._made_of.get(trainer)
        if trainer is None or config is None:
            return None
        return self._capture_trainer(trainer, config, lean=lean)

    def _capture_trainer(self, trainer: Trainer, config: RunConfig, *, lean: bool) -> saved_run.SavedRun:
        timeline, past = self.worker.timeline, None
        if timeline is not None and timeline.trainer is trainer:
            past = capture_timeline(timeline, self._config_of, lean=lean)
        return saved_run.capture(with_live(config, trainer.optimizer, trainer.setup), trainer, self._seen(), past)

    def _config_of(self, segment: Segment) -> RunConfig | None:
        """What the trainer of a segment of the run was made of."""
        trainer = segment.trainer_if_made
        return segment.config if trainer is None else self._made_of.get(trainer)

    def _seen(self) -> dict[str, Any]:
        """What a session keeps of the screen, and the stop conditions."""
        return {**self.view, "stops": dict(self.settings.stops)}
