"""Saving, opening and recovering the run behind the screen."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nnplay import session
from nnplay.errors import InputError, NnplayError
from nnplay.run.mailbox import NoAnswerError
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.runs.run_list import RunList
from nnplay.run.saving import saved_run
from nnplay.run.saving.autosave import COPIED_WITHIN, Autosave
from nnplay.run.saving.recent import Recent, older_recovered, recent, recovered, remember
from nnplay.run.saving.save_session import Place, free_name, save_again, save_as
from nnplay.run.training_thread import TrainingThread
from nnplay.run.undo import Edits
from nnplay.system.paths import shown, user_path, whole_path, with_ending
from nnplay.tape.machines.device import begin_machine
from nnplay.timeline.timeline import Timeline
from nnplay.training.stopping import STOP_FIELDS

_KEPT: Final = "the run before was not saved; :recovered brings it back"
#: Seconds that autosave asks a training thread that does not answer and takes no step.
_ATTEMPTS: Final = int(COPIED_WITHIN)
#: Seconds that the end waits for a training thread that compiles kernels: after a signal nothing of it is wanted.
_IN_HASTE: Final = 0.5
_PATIENTLY: Final = 5.0


class RunFiles:
    """The files of a run.

    Attributes:
        read_only: why the session that was opened cannot be saved to; empty when it can.
        path: the session that `save("")` goes to; empty when the run was never saved.
        autosave: keeps what was not saved for the next start.
    """

    def __init__(self, run: OpenRun, provenance: Provenance, undo: Edits, runs: RunList) -> None:
        self._run, self._provenance, self._undo, self._runs = run, provenance, undo, runs
        self._worker = run.worker
        self.path = ""
        self.read_only = ""
        self._lock: session.Lock | None = None
        self._generation = 0
        self._clean = (0, 0)
        self._clean_timeline: weakref.ref[Timeline] | None = None
        self.autosave = Autosave(self._latest, self._progress, self._worker.show_message)

    # -- saving ----------------------------------------------------------------------------------------------------

    def save(self, path: str) -> str:
        """Saves as a session (the present one without a path); returns what was done.

        Raises:
            NnplayError: another session is there, the disk refused, or another process holds it; nothing is lost.
        """
        target = self._target(path)
        edits = self._run.edits
        saved, serial = self._provenance.capture()
        if saved is None:
            raise NnplayError("there is nothing to save yet", where="save")
        saved = self._with_runs(saved)
        place = self._saved_at(target, saved)
        self.path, self._generation = str(place.path), place.generation
        self._lock = place.lock if place.lock.held else None
        self.read_only = ""
        self._mark_clean((int(saved.progress["step"]), edits + serial))
        self._settle()
        remember(place.path)
        note = f"; {place.note}" if place.note else ""
        return f"saved to {shown(place.path)} at step {saved.progress['step']:,}{note}{self._looked_at()}"

    def _saved_at(self, target: Path, saved: saved_run.SavedRun) -> Place:
        """Saves to the session that is open, if that is what stands or stood there, or to a new one."""
        lock = self._lock
        if lock is not None and (str(target) == self.path or lock.stands_at(target)):
            return save_again(Place(target, lock, self._generation), saved)
        place = save_as(target, saved)
        self._release()
        return place

    def _looked_at(self) -> str:
        """Which step the user looks at, where that is not the newest one, at which a session is saved."""
        timeline = self._worker.timeline
        if timeline is None or timeline.trainer.step >= timeline.latest:
            return ""
        return f", the latest; you are viewing step {timeline.trainer.step:,}"

    def _target(self, path: str) -> Path:
        if not path and self.path:
            return Path(self.path)
        if not path:
            return free_name(whole_path(f"{Path(self._run.config.data.source).stem}{session.SUFFIX}"))
        return whole_path(with_ending(path, session.SUFFIX))

    def save_target(self) -> str:
        """Where `save("")` saves to, as people write it."""
        return shown(self._target(""))

    def unsaved(self) -> bool:
        """Whether something would be lost by leaving now."""
        return self._progress() != self._clean

    def steps_unsaved(self) -> int:
        """Steps of training since the last save; all of them where another run has begun since then."""
        timeline, saved = self._worker.timeline, self._clean_timeline
        same = saved is not None and timeline is not None and saved() is timeline
        return max(0, self._progress()[0] - (max(0, self._clean[0]) if same else 0))

    def _mark_clean(self, progress: tuple[int, int]) -> None:
        """Notes that the run is safe as it stands."""
        timeline = self._worker.timeline
        self._clean, self._clean_timeline = progress, None if timeline is None else weakref.ref(timeline)

    def rescue(self) -> str:
        """Stops training and saves what there is into the recovery folder, from any thread; returns where."""
        try:
            self._worker.pause()
            if not self.unsaved():
                return ""
            timeline = self._worker.timeline
            if timeline is not None and timeline.trainer.step < timeline.latest and not self.autosave.holds():
                self._worker.go_to(timeline.latest)
            return self.autosave.now()
        except NnplayError as error:
            return error.message

    def rescue_progress(self) -> int:
        """Another number whenever the rescue has come further: by bytes, by steps to the newest one, or within a step.

        A training thread that computes is on its way to the end of a step, or copies a large state.
        """
        computed = self._worker.spent if self.autosave.takes else 0
        return self.autosave.copy.moved + self._steps() + computed

    def _steps(self) -> int:
        trainer = self._worker.trainer
        return 0 if trainer is None else trainer.step

    def stop(self, *, keep: bool = False) -> None:
        """Ends the worker; `keep` leaves the autosave for the next start to offer."""
        if keep:
            self.rescue()  # a signal's own rescue may not have begun yet; when it has, this waits for it
        self._worker.stop(_IN_HASTE if keep else _PATIENTLY)
        self.autosave.end(keep=keep)
        self._release()

    # -- opening ---------------------------------------------------------------------------------------------------

    def open(self, path: str) -> str:
        """Opens a session where it stopped; one that autosave holds is resumed. Returns what there is to say about it.

        A run that was not saved stays in the recovery folder. The session that is open may be opened once more: the
        run goes back to what was saved.

        Raises:
            InputError: not a session, a damaged one, or the present run cannot be kept; that run is untouched.
        """
        target = whole_path(path)
        if session.is_autosave(target):
            return self.resume(str(target))
        own = self._lock if self._lock is not None and self._lock.stands_at(target) else None
        lock = own or (session.take_lock(target) if target.is_dir() else None)
        try:
            opened = saved_run.read(target, machine=begin_machine)
            kept = self._keep_present()
        except BaseException:
            if lock is not None and lock is not own:
                lock.release()
            raise
        notes = _notes(opened)
        refused = (opened.read_only and "it was written by a newer version of nnplay") or (
            lock.reason if lock is not None else ""
        )
        if refused:
            notes.append(f"read-only: {refused}; s saves under another name")
        writable = lock is not None and lock.held and not opened.read_only
        if lock is not None and not writable:
            lock.release()
        if own is not None:
            self._lock = None  # it goes over to the run that was read
        self._install_opened(opened, keep=bool(kept))
        if writable:
            self.path, self._lock, self._generation = str(target), lock, session.summarize(target).generation
        self.read_only = refused
        remember(target)
        return "; ".join([*notes, f"opened {shown(target)} at step {opened.trainer.step:,}", *kept])

    def recovered(self) -> list[Recent]:
        """Runs that ended without being saved, the newest first: to `resume`, `open_copy` or `discard`."""
        return recovered()

    def older_recovered(self) -> int:
        """How many such runs are kept beside those that are listed."""
        return older_recovered()

    def resume(self, path: str) -> str:
        """Goes on with a run that autosave holds; from now on it is this run's autosave.

        Raises:
            InputError: it is in use or damaged, or the present run cannot be kept; that run is untouched.
        """
        target = whole_path(path)
        lock = session.take_lock(target)
        try:
            session.refuse_unheld(lock, str(target))
            opened = saved_run.read(target, machine=begin_machine)
            origin = session.summarize(target).record.get("origin")
            kept = self._keep_present()
        except BaseException:
            lock.release()
            raise
        self._install_opened(opened, keep=bool(kept))
        self.autosave.copy.adopt(target, lock)
        self._clean = (-1, -1)
        place = f"; s saves it to {Path(self.path).name}" if self._belongs_to(origin) else ""
        return "; ".join([f"resumed at step {opened.trainer.step:,}; not saved yet{place}", *_notes(opened), *kept])

    def _belongs_to(self, origin: Any) -> bool:
        """Whether the run goes on from a session that nobody has saved to or opened since; then it is that one's."""
        if not isinstance(origin, Mapping):
            return False
        path, lock = Path(str(origin.get("path", ""))), None
        with contextlib.suppress(InputError):  # gone, or not to be trusted: the run gets a name when it is saved
            lock = session.take_lock(path)
            if lock.held and session.summarize(path).generation == origin.get("generation"):
                self.path, self._lock, self._generation = str(path), lock, int(origin["generation"])
                return True
        if lock is not None:
            lock.release()
        return False

    def open_copy(self, path: str) -> str:
        """Opens a run that autosave holds and leaves it there; returns what there is to say about it.

        Raises:
            InputError: it is damaged, or the present run cannot be kept; that run is untouched.
        """
        opened = saved_run.read(user_path(path), machine=begin_machine)
        kept = self._keep_present()
        self._install_opened(opened, keep=bool(kept))
        self._clean = (-1, -1)
        words = f"opened a copy at step {opened.trainer.step:,}; not saved yet"
        return "; ".join([words, *_notes(opened), *kept])

    def discard(self, path: str) -> str:
        """Deletes a run that autosave holds; returns what was done.

        Raises:
            InputError: not one of those, or in use.
        """
        session.discard(user_path(path))
        return "discarded"

    def recent(self) -> list[Recent]:
        """Saved and recovered runs, newest first."""
        return recent()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _keep_present(self) -> list[str]:
        """Saves what is not saved of the present run into the recovery folder; what there is to say about that.

        Raises:
            InputError: it cannot be kept.
        """
        where = self.rescue()
        if where and where != str(self.autosave.path):
            raise InputError(f"the present run cannot be kept: {where}", hint="save it first with s")
        return [_KEPT] if where else []

    def _install_opened(self, opened: saved_run.OpenedRun, *, keep: bool) -> None:
        """The run that was read takes the place of the present one; `keep` leaves that one to be recovered."""
        if keep:
            self.autosave.leave_kept()  # an autosave that comes due from here on may be of the run that was read
        # Epochs that nobody chose are not chosen by the data here: the run has no end, and is saved as it was.
        config = replace(opened.config.completed(opened.trainer.split), epochs=opened.config.epochs)
        self._worker.pause()
        self._release()
        self.path = self.read_only = ""
        view = dict(opened.view)
        if "stops" in view:
            config = config.stopping(_known_stops(view.pop("stops")))
        self._run.edit_epoch += 1
        self._run.view = view
        self._run.choose(config, opened.trainer.split)
        self._worker.install(self._provenance.track(lambda: opened.trainer, config))
        self._provenance.give_past(opened.past, config)
        self._worker.ask(lambda worker: None, seconds=60.0)
        self._undo.forget()
        self._runs.forget()
        self._runs.adopt(opened.others, opened.labels)
        self._mark_clean(self._progress())
        self._settle()

    def _settle(self) -> None:
        try:
            self.autosave.mark_saved()
        except InputError as error:
            self._worker.say(f"the autosave could not be deleted: {error.message}")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _progress(self) -> tuple[int, int]:
        """The newest step, and a number that is another one after each edit."""
        timeline = self._worker.timeline
        if timeline is None:
            return 0, self._run.edits
        return max(timeline.trainer.step, timeline.latest), self._run.edits + timeline.serial

    def _latest(self) -> saved_run.SavedRun | None:
        """For autosave: a copy of the present step, or nothing while the user looks at the past."""

        def latest(run: TrainingThread) -> saved_run.SavedRun | None:
            timeline = run.timeline
            in_the_past = timeline is not None and timeline.trainer.step < timeline.latest
            return None if in_the_past else self._provenance.capture_from(run, lean=True)

        tries, before = _ATTEMPTS, self._steps()
        while True:
            if (waiting := self._provenance.waiting()) is not None:
                return self._with_origin(waiting)
            try:
                return self._with_origin(self._worker.ask(latest, seconds=1.0))
            except NoAnswerError:  # perhaps because it has begun to make another run: look again
                now = self._steps()
                tries, before = (tries - 1 if now == before else _ATTEMPTS), now
                if not tries:
                    raise

    def keep_edit(self, run: TrainingThread) -> None:
        """Before the run leaves its newest step: an edit that is not kept yet must not wait until it is back there."""
        if self.autosave.edited:
            self.autosave.hold(self._with_origin(self._provenance.capture_from(run, lean=True)))

    def _with_runs(self, saved: saved_run.SavedRun) -> saved_run.SavedRun:
        """With the other runs of the session, and which of them this one is."""
        return replace(saved, others=self._runs.capture(), labels=self._runs.capture_labels())

    def _with_origin(self, saved: saved_run.SavedRun | None) -> saved_run.SavedRun | None:
        """For autosave: with the session that the run is saved to, so that a recovered one finds it again."""
        saved = saved and self._with_runs(saved)
        if saved is None or not self.path or self._lock is None:
            return saved
        return replace(saved, origin=(self.path, self._generation))


def _notes(opened: saved_run.OpenedRun) -> list[str]:
    """What there is to say about a session that was opened, first of all how far its past reaches."""
    notes, step = list(opened.warnings), opened.trainer.step
    if opened.past is not None and opened.past.first:
        notes.append(f"history begins at step {opened.past.first:,}")
    if opened.past is None and step and not any(words.startswith("the saved history") for words in notes):
        notes.append(f"history begins at step {step:,}: nothing before it was saved")
    return notes


def _known_stops(saved: Any) -> dict[str, Any]:
    """The stop conditions of a session; what this version does not know or refuses is left out."""
    found: dict[str, Any] = {}
    for item in STOP_FIELDS:
        if isinstance(saved, Mapping) and item.name in saved:
            with contextlib.suppress(InputError):
                found[item.name] = item.read(saved[item.name])
    return found
