"""Autosave: a thread that keeps a copy of the run in the user's state folder, never over a saved session."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from nnplay import session
from nnplay.errors import InputError, NnplayError
from nnplay.run.saving.recovery_copy import RecoveryCopy
from nnplay.run.saving.saved_run import SavedRun

#: The newest step of a run, and numbers of which one is another after each edit.
Progress = tuple[int, tuple[int, ...]]
#: Seconds between autosaves of a training run; `NNPLAY_AUTOSAVE_SECONDS` names another number.
TRAINING_EVERY: Final = 30.0
#: Seconds between an edit and its autosave, at the most; the look, the copy and the disk take their share of two.
EDIT_WITHIN: Final = 1.0
#: A slow disk gets this many times the rest that one save took.
_REST: Final = 2.0
_LOOK_EVERY: Final = 0.5
#: Seconds that the step on which a large network is, and the copy of its state behind it, may take on a busy machine.
COPIED_WITHIN: Final = 60.0


def training_every() -> float:
    """Seconds between autosaves of a training run, from 0.1 s to an hour."""
    try:
        wanted = float(os.environ.get("NNPLAY_AUTOSAVE_SECONDS", TRAINING_EVERY))
    except ValueError:
        return TRAINING_EVERY
    return min(max(wanted, 0.1), 3600.0) if wanted == wanted else TRAINING_EVERY


def pause_between(every: float, took: float) -> float:
    """Seconds from the taking of one copy to that of the next, where writing one took so many.

    The newest copy on the disk is never older than `every`, unless the disk would get no rest: one that takes more
    than a quarter of that comes less often.
    """
    return max(every - took, (1.0 + _REST) * took)


class Autosave:
    """Saves in the background.

    Args:
        take: a copy of the present step, or None when there is nothing to save.
        progress: the present step and the numbers of edits; autosave is due when they changed.
        tell: called once when the disk begins to refuse, and once when it takes the run again.
    """

    def __init__(
        self,
        take: Callable[[], SavedRun | None],
        progress: Callable[[], Progress],
        tell: Callable[[str], None] = lambda words: None,
    ) -> None:
        self._take, self._progress, self._tell = take, progress, tell
        self.copy = RecoveryCopy()
        self._every = training_every()
        self._saved = progress()
        self._saved_at, self._took, self._copied_at = time.monotonic(), 0.0, -math.inf
        self._saving = threading.Lock()
        self._taking_since = 0.0
        self._held: tuple[Progress, SavedRun] | None = None
        self._left: Path | None = None
        self._ended = threading.Event()
        self.problem = ""
        self._thread = threading.Thread(target=self._work, name="nnplay-autosave", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path | None:
        """Where the run is kept, once it has been."""
        return self.copy.path

    @property
    def edited(self) -> bool:
        """Whether an edit was made since the last save."""
        return self._progress()[1] != self._saved[1]

    def hold(self, saved: SavedRun | None) -> None:
        """Holds a copy of the present step, to be saved when it is due: the run is about to leave that step."""
        self._held = None if saved is None else (self._progress(), saved)

    def mark_saved(self, progress: Progress, since: float) -> None:
        """A step of the run is safe elsewhere (it was saved or opened): nothing is due until it changes.

        Args:
            progress: of that step. A copy of one that came after it stays.
            since: when the clock stood so, that step was not taken from the run yet.

        Raises:
            InputError: what is not needed any more could not be deleted.
        """
        with self._saving:
            if self._copied_at > since and self._saved != progress and self.path is not None:
                return
            self._saved, self._saved_at = progress, since
            self.copy.discard()

    def leave_kept(self) -> bool:
        """Another run takes the place of the present one, whose copy stays as it is, to be recovered.

        It does not wait: whoever asks may hold what a save on its way waits for.

        Returns:
            False where the copy is not of the run as it stands, or is being made anew; it is still this run's then.
        """
        if not self._saving.acquire(blocking=False):
            return False
        try:
            is_current = self.path is not None and self._progress() == self._saved
            self._left = self.path if is_current else None
            if is_current:
                self.copy.release()
            return is_current
        finally:
            self._saving.release()

    def return_to_kept(self) -> None:
        """The other run did not come, so that the copy is this run's again; a second one would be of the same run."""
        with self._saving:
            path, self._left = self._left, None
            if path is None or self.path is not None:
                return
            with contextlib.suppress(InputError):  # somebody deleted it
                lock = session.take_lock(path)
                if lock.held:
                    self.copy.adopt(path, lock)

    def take_over(self, path: Path, lock: session.Lock, progress: Progress, since: float) -> None:
        """The present run goes on from a copy that another one had left: from now on that is its own.

        Args:
            progress, since: of the step that the copy holds; see `mark_saved`.

        Raises:
            InputError: the copy in its place could not be deleted.
        """
        with self._saving:
            self._saved, self._saved_at = progress, since
            try:
                self.copy.discard()
            finally:
                self.copy.adopt(path, lock)

    def now(self, take: Callable[[], SavedRun | None] | None = None) -> str:
        """Saves at once, unless nothing has changed since; returns the folder, or "" if there is nothing to save.

        Args:
            take: a copy of the newest step, from wherever the run is; by default what autosave takes.

        Raises:
            NnplayError: the disk refused, or the training thread is busy.
        """
        with self._saving:
            seen = self._progress()
            if self.path is not None and seen == self._saved:
                return str(self.path)
            began, held = time.monotonic(), self._held
            saved = held[1] if held is not None and held[0] == seen else self._take_copy(take or self._take)
            if saved is None:
                return ""
            path = self.copy.save(saved)
            self._saved, self._saved_at, self._copied_at = seen, began, began
            self._took = time.monotonic() - began
            if self._held is held:
                self._held = None
            return str(path)

    @property
    def takes(self) -> bool:
        """Whether it waits for a copy of the present step, and not for longer yet than one may take."""
        return self._taking_since > 0 and time.monotonic() - self._taking_since < COPIED_WITHIN

    def _take_copy(self, take: Callable[[], SavedRun | None]) -> SavedRun | None:
        self._taking_since = time.monotonic()
        try:
            return take()
        finally:
            self._taking_since = 0.0

    def end(self, *, keep: bool) -> None:
        """Stops; what was kept stays for the next start to offer, or is discarded."""
        self._ended.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(2.0)
        self.copy.end(keep=keep)

    def _work(self) -> None:
        while not self._ended.wait(min(_LOOK_EVERY, self._every / 2)):
            if self._due():
                self._try()

    def _try(self) -> None:
        """A refusal is said once and tried again later: training goes on."""
        try:
            self.now()
        except NnplayError as error:
            self._note_refusal(error.message)
        except Exception as error:  # a fault of the program must not end autosave unseen
            self._note_refusal(f"internal error: {type(error).__name__}: {error}")
        else:
            if self.problem:
                self._tell("autosave works again")
            self.problem = ""

    def _note_refusal(self, reason: str) -> None:
        sys.dont_write_bytecode = True  # on a full disk Python 3.11 keeps half a .pyc, and the next start trusts it
        if not self.problem:
            self._tell(f"autosave failed, training continues: {reason}")
        self.problem, self._saved_at = reason, time.monotonic()

    def _due(self) -> bool:
        step, edits = self._progress()
        waited = time.monotonic() - self._saved_at
        if (edits != self._saved[1] or self.copy.lost) and not self.problem:
            return waited >= EDIT_WITHIN + self._took
        every = max(self._every - _LOOK_EVERY, self._every / 2)
        return (step, edits) != self._saved and waited >= pause_between(every, self._took)


class Unattended:
    """The recovery copy of a run that trains without a screen: `look` is called between steps, often.

    Leaving the `with` block without an error discards the copy; an error keeps the last step for `nnplay recover`. That
    nobody reads the output any more (`| head`) is no error where the run would not have been saved.

    Args:
        take: a copy of the present step.
        tell: called once when the disk refuses, and where a run is kept that ended with an error.
        saves: whether the run is saved at its end.
    """

    def __init__(self, take: Callable[[], SavedRun], tell: Callable[[str], None], *, saves: bool = False) -> None:
        self._take, self._tell, self._saves = take, tell, saves
        self.copy = RecoveryCopy()
        self._every = training_every()
        self._saved_at, self._took, self._refused = time.monotonic(), 0.0, False
        self._wanted = False

    def look(self) -> None:
        """Saves if it is time to; a disk that refuses is told of once, and training goes on."""
        began = time.monotonic()
        if began - self._saved_at < pause_between(self._every, self._took):
            return
        try:
            self.copy.save(self._take())
        except NnplayError as error:
            if not self._refused:
                self._tell(f"autosave failed, training continues: {error.message}")
            self._refused = True
        self._saved_at, self._took = began, time.monotonic() - began

    def keep(self) -> Path:
        """Saves now; the copy stays for `nnplay recover`.

        Raises:
            InputError: the disk refused.
        """
        path = self.copy.save(self._take())
        self._wanted = True
        return path

    def __enter__(self) -> Unattended:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        unread = isinstance(error, BrokenPipeError) and not self._saves
        if (kind is None or unread) and not self._wanted:
            self.copy.discard()
            return
        if isinstance(error, Exception) and not self._wanted:
            try:
                path = self.keep()
                self._tell(f"the run was kept in {path}; nnplay recover lists it")
            except (NnplayError, OSError) as problem:
                self._tell(f"the run could not be kept: {problem}")
        self.copy.release()
