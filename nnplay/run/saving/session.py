"""A session in Python: a run with a place on disk, opened, trained, saved and resumed bit for bit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from nnplay import session
from nnplay.arguments import kind_of
from nnplay.config import RunConfig
from nnplay.config.live import live_changes, with_live
from nnplay.config.new_run import check_new_run
from nnplay.errors import InputError
from nnplay.run.saving import saved_run
from nnplay.run.saving.save_session import Place, save_again, save_as
from nnplay.system.paths import whole_path
from nnplay.tape.not_copied import NotCopied
from nnplay.timeline.change_log import find_kept_step
from nnplay.timeline.saved import SavedTimeline, append_best, append_training, begin_saved_timeline
from nnplay.timeline.saved.engine import engine_of
from nnplay.timeline.saved.kept_label import KeptLabel
from nnplay.timeline.saved.kept_run import KeptRun
from nnplay.training.players.source_check import refuse_random_and_fixed
from nnplay.training.state.saved_checkpoint import SavedCheckpoint
from nnplay.training.trainer import Trainer
from nnplay.training.whole_run import RunEnd, train_to_end

Progress = Callable[[int, int, str], None]


class Session(NotCopied):
    """A run, and the folder it is saved in.

        with nn.Session.new("spiral.nnplay", {"data": "spiral", "layers": "linear 8, tanh, linear 2"}) as session:
            session.trainer.run(epochs=20)      # or session.train(), to the end that the run has
            session.save()

    Attributes:
        config: everything that was chosen.
        trainer: the run at its current step.
        path: the session's folder, or None before the first save.
        warnings: what opening and saving found: a damaged last save, data that changed, a folder that was moved.
        read_only: another process holds the session, or a newer nnplay wrote it.
    """

    instead = "save it and open it elsewhere with Session.open, or copy its trainer"

    def __init__(self, config: RunConfig, trainer: Trainer) -> None:
        self.config, self.trainer = config.anywhere(), trainer
        self.path: Path | None = None
        self.warnings: tuple[str, ...] = ()
        self.read_only = False
        self._view: Mapping[str, Any] = {}
        self._past = begin_saved_timeline(config, trainer)
        self._others: tuple[KeptRun, ...] = ()
        self._labels: tuple[KeptLabel, ...] = ()
        self._opened: SavedCheckpoint | None = None
        self._kept = (-1, -1)
        self._lock: session.Lock | None = None
        self._generation = 0

    @classmethod
    def new(
        cls,
        path: str | os.PathLike[str] | None,
        run: RunConfig | Mapping[str, Any] | str,
        progress: Progress | None = None,
    ) -> Session:
        """A session at step 0, saved at once if it has a path.

        Args:
            path: the folder to create (spiral.nnplay); None keeps it in memory until `save(path)`.
            run: a config, a table of plain values, or the text of a TOML file.
            progress: called for kernels that are compiled first, as `(done, total, name)`.

        Raises:
            InputError: the run is not valid, or something is already at that path.
        """
        if isinstance(run, str):
            config = RunConfig.from_text(run)
        else:
            kind_of(run, (RunConfig, Mapping), "run", "session", 'give {"data": "spiral"}, or a text of TOML')
            config = run if isinstance(run, RunConfig) else RunConfig.from_dict(run)
        split = config.load()
        config = config.completed(split)
        check_new_run(config, split)
        trainer = config.trainer(progress, split)
        refuse_random_and_fixed(trainer, frozen=True)
        made = cls(config, trainer)
        if path is not None:
            if os.path.lexists(whole_path(path)):
                raise InputError(
                    "something with this name already exists", where=str(path), hint="open it, or choose another name"
                )
            made.save(path)
        return made

    @classmethod
    def open(cls, path: str | os.PathLike[str], progress: Progress | None = None) -> Session:
        """A saved session where it stopped: a folder, a packed file, or a hand-written TOML file.

        Args:
            progress: as in `new`.

        Raises:
            InputError: not a session, or not a valid one.
        """
        target = whole_path(path)
        lock = session.take_lock(target) if target.is_dir() else None  # before reading: nobody may save in between
        try:
            opened = saved_run.read(target, progress)
            found = cls(opened.config.completed(opened.trainer.split), opened.trainer)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        found.warnings, found.read_only, found._view = opened.warnings, opened.read_only, opened.view
        found._note_opened(opened.past)
        found._others, found._labels = opened.others, opened.labels
        if lock is not None:
            found.path = target
            found._hold_lock(lock, session.summarize(target).generation)
        return found

    def save(self, path: str | os.PathLike[str] | None = None) -> int:
        """Saves the current step; returns the generation. With a path, the session stays there from now on.

        Where the session's folder was renamed, deleted or replaced meanwhile, it is saved in a new one, `path` says
        which, and `warnings` say why.

        Raises:
            InputError: no path was ever given, another session is there, this one is open elsewhere, or the disk
                refused; nothing is lost.
        """
        target = whole_path(path) if path is not None else self.path
        if target is None:
            raise InputError("has no file yet", where="session", hint="save(path) creates it")
        if target == self.path and self.read_only:
            raise InputError("is open read-only", where=str(target), hint="save it under another name")
        if target == self.path and self._lock is not None:
            place = save_again(Place(target, self._lock, self._generation), self.capture())
        else:
            place = save_as(target, self.capture())
            self.close()
        self.path, self.read_only = place.path, False
        self._hold_lock(place.lock, place.generation)
        if place.note:
            self.warnings = (*self.warnings, f"saved to {place.path}: {place.note}")
        return place.generation

    def train(self, after: Callable[[Trainer], bool] | None = None, pauses: Sequence[int] = ()) -> RunEnd:
        """Trains for the run's epochs, or until one of its stop conditions holds; returns why, and the best epoch.

        Where the run keeps the best weights, as one on a file does, those are in place then.

        Args:
            after: called between calls of about 20 ms; training is broken off when it returns True.
            pauses: epochs, counted since the initial weights, at whose end `after` is called in any case.

        Raises:
            DivergedError: a number that is not finite; the last good weights are in place.
        """
        end = train_to_end(
            self.trainer,
            self.config.stop_conditions(),
            self.config.epochs,
            after=after,
            pauses=pauses,
            weights_of=self._kept_step(),
        )
        if end.best is not None and end.best.step < self.trainer.step:
            self._kept = (self.trainer.step, end.best.step)
        return end

    def capture(self) -> saved_run.SavedRun:
        """A copy of the current step, and of the history that is kept.

        Those are run again as `Trainer.run` takes them: what a program writes into weights between steps is not known.
        """
        saved = saved_run.capture(self.config, self.trainer, self._view, self._present_past())
        return replace(saved, others=self._others, labels=self._labels)

    def note_steps(self, engine: str) -> None:
        """Notes that the steps so far were run elsewhere, from the initial weights on, and then put into the trainer.

        Args:
            engine: what ran them; see `timeline.saved.engine`.
        """
        self._note_opened(None if self._past is None else self._past.run_by(engine))

    def _note_opened(self, past: SavedTimeline | None) -> None:
        """Notes what led to the step where the trainer stands, which is not the trainer's own work."""
        if self.trainer.step:
            self._past = past
            count = len(past.log.changes) if past is not None else 0
            self._opened = SavedCheckpoint.of(self.trainer.state(), change_count=count)

    def _kept_step(self) -> int:
        """The step whose weights are in place."""
        step, (kept_at, best_step) = self.trainer.step, self._kept
        if kept_at == step:
            return best_step
        at_opened = self._past is not None and self._opened is not None and self._opened.step == step
        return find_kept_step(self._past.log.changes, step) if at_opened and self._past is not None else step

    def _present_past(self) -> SavedTimeline | None:
        """None where nothing leads from the past to the present step: settings were changed, or the run was rewound."""
        trainer, opened, past = self.trainer, self._opened, self._past
        changed = live_changes(self.config, with_live(self.config, trainer.optimizer, trainer.settings))
        if past is None or changed != {}:
            return None
        if opened is None:
            past = past.run_by(engine_of(trainer.machine))
        else:
            if trainer.step < opened.step:
                return None
            past = past if trainer.step == opened.step else append_training(past, opened, trainer)
        kept_at, best_step = self._kept
        return append_best(past, self.config, trainer, best_step) if kept_at == trainer.step else past

    def pack(self, target: str | os.PathLike[str], overwrite: bool = False) -> tuple[str, ...]:
        """Writes the saved session as one file for sharing; returns warnings.

        Raises:
            InputError: it was never saved, or the file already exists.
        """
        if self.path is None:
            raise InputError("must be saved before it can be packed", where="session")
        return tuple(session.pack(self.path, target, overwrite=overwrite))

    def close(self) -> None:
        """Lets other processes write to the session; unsaved steps are not kept."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hold_lock(self, lock: session.Lock, generation: int) -> None:
        if lock.held:
            self._lock, self._generation = lock, generation
        else:
            self.read_only = True
            self.warnings = (*self.warnings, f"read-only: {lock.reason}")
