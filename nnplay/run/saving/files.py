"""Saving, opening and recovering the run behind the screen."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nnplay import session
from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.errors import InputError, NnplayError
from nnplay.run.mailbox import NoAnswerError, Question
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.runs.run_list import RunList
from nnplay.run.saving import saved_run
from nnplay.run.saving.autosave import Autosave, Progress
from nnplay.run.saving.opened_run import Arrival, notes_of, settings_of
from nnplay.run.saving.recent import remember
from nnplay.run.saving.run_copies import RunCopies
from nnplay.run.saving.save_session import Place, free_name, save_again, save_as
from nnplay.run.training_thread import TrainingThread
from nnplay.run.undo import Edits
from nnplay.system.paths import shown, user_path, whole_path, with_ending
from nnplay.tape.machines.device import begin_machine
from nnplay.timeline.timeline import Timeline

_KEPT: Final = "the run before was not saved; :recovered brings it back"
#: Where a run stood that was never safe.
_NEVER: Final[Progress] = (-1, ())
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
        self._origin: tuple[str, int] | None = None
        self._clean: Progress = _progress(None, run.changes)
        self._clean_timeline: weakref.ref[Timeline] | None = None
        self._turn = threading.RLock()
        provenance.complete = self._complete
        self._copies = RunCopies(self._worker, provenance)
        self.autosave = Autosave(self._copies.latest, self._progress, self._worker.show_message)

    # -- saving ----------------------------------------------------------------------------------------------------

    def save(self, path: str) -> str:
        """Saves as a session (the present one without a path); returns what was done.

        Raises:
            NnplayError: another session is there, the disk refused, or another process holds it; nothing is lost.
        """
        with self._turn:
            target, changes, since = self._target(path), self._run.changes, time.monotonic()
            captured = self._provenance.capture()
            if captured is None:
                raise NnplayError("there is nothing to save yet", where="save")
            saved = replace(captured.saved, origin=None)
            place = self._saved_at(target, saved)
            self._stand_at(place)
            self.read_only = ""
            progress = (int(saved.progress["step"]), (*changes, captured.serial))
            self._mark_clean(progress, captured.timeline)
            self._settle(lambda: self.autosave.mark_saved(progress, since))
        remember(place.path)
        note = f"; {place.note}" if place.note else ""
        return f"saved to {shown(place.path)} at step {saved.progress['step']:,}{note}{self._looked_at()}"

    def _stand_at(self, place: Place) -> None:
        """From now on the run is saved there."""
        self.path, self._generation = str(place.path), place.generation
        self._lock = place.lock if place.lock.held else None
        self._origin = None if self._lock is None else (self.path, self._generation)

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

    def _mark_clean(self, progress: Progress, timeline: Timeline | None) -> None:
        """Notes that the run is safe as it stood there."""
        self._clean, self._clean_timeline = progress, None if timeline is None else weakref.ref(timeline)

    def rescue(self) -> str:
        """Stops training and saves what there is into the recovery folder, from any thread; returns where."""
        try:
            self._worker.pause()
            return self.autosave.now(self._copies.newest) if self.unsaved() else ""
        except NnplayError as error:
            return error.message

    def rescue_progress(self) -> int:
        """Another number whenever the rescue has come further: by bytes, by steps to the newest one, or within a step.

        A training thread that computes is on its way to the end of a step, or copies a large state.
        """
        computed = self._worker.spent if self.autosave.takes else 0
        return self.autosave.copy.moved + self._copies.steps + computed

    def stop(self, *, keep: bool = False) -> None:
        """Ends the worker; `keep` leaves the autosave for the next start to offer."""
        if keep:
            self.rescue()  # a signal's own rescue may not have begun yet; when it has, this waits for it
        self._worker.stop(_IN_HASTE if keep else _PATIENTLY)
        self.autosave.end(keep=keep)
        if self._turn.acquire(blocking=False):  # a save that is still on its way needs its lock, which ends with it
            self._release()
            self._turn.release()

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
        with self._turn:
            own = self._lock if self._lock is not None and self._lock.stands_at(target) else None
            lock = own or (session.take_lock(target) if target.is_dir() else None)
            try:
                opened = saved_run.read(target, machine=begin_machine)
                refused = (opened.read_only and "it was written by a newer version of nnplay") or (
                    lock.reason if lock is not None else ""
                )
                writable = lock is not None and lock.held and not opened.read_only
                generation = session.summarize(target).generation if writable else 0
                kept = self._exchange(opened, goes_over=own is not None)
            except BaseException:
                if lock is not None and lock is not self._lock:
                    lock.release()
                raise
            if lock is not None and writable:
                self._stand_at(Place(target, lock, generation))
            elif lock is not None:
                lock.release()
            self.read_only = refused
        remember(target)
        notes = [*notes_of(opened), *([f"read-only: {refused}; s saves under another name"] if refused else [])]
        return "; ".join([*notes, f"opened {shown(target)} at step {opened.trainer.step:,}", *kept])

    def resume(self, path: str) -> str:
        """Goes on with a run that autosave holds; from now on it is this run's autosave.

        Raises:
            InputError: it is in use or damaged, or the present run cannot be kept; that run is untouched.
        """
        target = whole_path(path)
        with self._turn:
            lock = session.take_lock(target)
            try:
                session.refuse_unheld(lock, str(target))
                opened = saved_run.read(target, machine=begin_machine)
                origin = session.summarize(target).record.get("origin")
                kept = self._exchange(opened, saved=False, recovered=(target, lock))
            except BaseException:
                if self.autosave.path != target:  # there it has taken the lock over
                    lock.release()
                raise
            place = f"; s saves it to {Path(self.path).name}" if self._belongs_to(origin) else ""
        return "; ".join([f"resumed at step {opened.trainer.step:,}; not saved yet{place}", *notes_of(opened), *kept])

    def _belongs_to(self, origin: Any) -> bool:
        """Whether the run goes on from a session that nobody has saved to or opened since; then it is that one's."""
        if not isinstance(origin, Mapping):
            return False
        path, lock = Path(str(origin.get("path", ""))), None
        with contextlib.suppress(InputError):  # gone, or not to be trusted: the run gets a name when it is saved
            lock = session.take_lock(path)
            if lock.held and session.summarize(path).generation == origin.get("generation"):
                self._stand_at(Place(path, lock, int(origin["generation"])))
                return True
        if lock is not None:
            lock.release()
        return False

    def open_copy(self, path: str) -> str:
        """Opens a run that autosave holds and leaves it there; returns what there is to say about it.

        Raises:
            InputError: it is damaged, or the present run cannot be kept; that run is untouched.
        """
        with self._turn:
            opened = saved_run.read(user_path(path), machine=begin_machine)
            kept = self._exchange(opened, saved=False)
        words = f"opened a copy at step {opened.trainer.step:,}; not saved yet"
        return "; ".join([words, *notes_of(opened), *kept])

    def discard(self, path: str) -> str:
        """Deletes a run that autosave holds; returns what was done.

        Raises:
            InputError: not one of those, or in use.
        """
        session.discard(user_path(path))
        return "discarded"

    # -- inside ----------------------------------------------------------------------------------------------------

    def _exchange(
        self,
        opened: saved_run.OpenedRun,
        *,
        saved: bool = True,
        recovered: tuple[Path, session.Lock] | None = None,
        goes_over: bool = False,
    ) -> list[str]:
        """Keeps the present run, and has the one that was read in its place; returns what there is to say about that.

        Args:
            saved: whether the other run is safe as it stands.
            recovered: the copy that autosave held of it, which is this run's own from now on.
            goes_over: the session that is open is held on, for that run.

        Raises:
            InputError: the present run cannot be kept, or the other one cannot come.
        """
        chosen, timeline, kept = settings_of(opened), self._worker.timeline, list[str]()
        try:
            with self._leave_present() as kept:
                if goes_over:
                    self._lock = self._origin = None
                arrival = self._put_opened(opened, *chosen)
            self._settle_opened(arrival, saved=saved, recovered=recovered)
        except NoAnswerError:  # it may still come
            raise
        except BaseException:
            if kept and self._worker.timeline is timeline:
                self.autosave.return_to_kept()
            raise
        return kept

    @contextlib.contextmanager
    def _leave_present(self) -> Iterator[list[str]]:
        """Keeps what is not saved of the present run in the recovery folder; within the block nothing of it changes.

        Yields:
            What there is to say about that.

        Raises:
            InputError: it cannot be kept.
        """
        while True:
            before, where = self._progress(), self.rescue()
            if where and where != str(self.autosave.path):
                raise InputError(f"the present run cannot be kept: {where}", hint="save it first with s")
            with self._run.lock:
                safe = before == self._progress() or not self.unsaved()
                if self.autosave.leave_kept() if where else safe:
                    yield [_KEPT] if where else []
                    return
            # it was trained on, or edited, after it was kept: once more

    def _put_opened(self, opened: saved_run.OpenedRun, config: RunConfig, view: Mapping[str, Any]) -> Question[Arrival]:
        """Has the run that was read take the place of the present one; nobody edits either meanwhile.

        Where it cannot, the present one is as it was, but without a session and without edits to take back.
        """
        before = self._run.config, self._run.split, self._run.view, self._run.in_force
        self._release()
        self.path = self.read_only = ""
        self._run.edit_epoch += 1
        self._run.view = view
        self._run.choose(config, opened.trainer.split)
        self._undo.forget()
        changes = self._run.changes  # what is changed before the run is there is not safe
        make = self._provenance.track(lambda: opened.trainer, config, at_once=True)

        def install(run: TrainingThread) -> Arrival:
            self._run.put_in_force(config)
            try:
                run.replace_run(make)
            except BaseException:
                self._stay(*before)
                raise
            self._provenance.give_past(run, opened.past, config)
            self._runs.adopt(opened.others, opened.labels)
            return Arrival(_progress(run.timeline, changes), run.timeline, time.monotonic())

        return self._worker.put_question(self._run.count_change(install))

    def _stay(self, config: RunConfig, split: Split, view: Mapping[str, Any], in_force: RunConfig) -> None:
        """In the training thread: the run that was chosen did not come."""
        with self._run.lock:
            self._run.edit_epoch += 1
            self._run.view = view
            self._run.choose(config, split)
        self._run.put_in_force(in_force)

    def _settle_opened(
        self, arrival: Question[Arrival], *, saved: bool, recovered: tuple[Path, session.Lock] | None
    ) -> None:
        """Waits until the run that was read is there; arguments as in `_exchange`."""
        progress, timeline, since = arrival.wait()
        self._mark_clean(*((progress, timeline) if saved else (_NEVER, None)))
        if recovered is not None:
            self._settle(lambda: self.autosave.take_over(*recovered, progress, since))
        else:
            self._settle(lambda: self.autosave.mark_saved(progress, since))

    def _settle(self, settle: Callable[[], object]) -> None:
        try:
            settle()
        except InputError as error:
            self._worker.say(f"the autosave could not be deleted: {error.message}")

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = self._origin = None

    def _progress(self) -> Progress:
        return _progress(self._worker.timeline, self._run.changes)

    def keep_edit(self, run: TrainingThread) -> None:
        """Before the run leaves its newest step: an edit that is not kept yet must not wait until it is back there."""
        if self.autosave.edited:
            self.autosave.hold(self._provenance.capture_from(run, lean=True))

    def _complete(self, saved: saved_run.SavedRun) -> saved_run.SavedRun:
        """A copy with the other runs of the session, and for autosave the place to which the run is saved.

        So a recovered run finds its session again.
        """
        others, labels = self._runs.capture(), self._runs.capture_labels()
        return replace(saved, others=others, labels=labels, origin=self._origin)


def _progress(timeline: Timeline | None, changes: tuple[int, int]) -> Progress:
    if timeline is None:
        return 0, (*changes, 0)
    return max(timeline.trainer.step, timeline.latest), (*changes, timeline.serial)
