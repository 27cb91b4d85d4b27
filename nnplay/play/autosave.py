"""Autosave: a thread that keeps the run's latest moment in the user's state folder, never over a saved session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from nnplay import session
from nnplay.errors import NnplayError
from nnplay.saved_run import SavedRun, write

#: Seconds between autosaves of a training run, and after an edit.
TRAINING_EVERY: Final = 30.0
EDIT_WITHIN: Final = 2.0
_LOOK_EVERY: Final = 0.5


class Autosave:
    """Saves in the background.

    Args:
        take: a copy of the present moment, or None when there is nothing to save.
        progress: the present step and the number of edits; autosave is due when they changed.
    """

    def __init__(self, take: Callable[[], SavedRun | None], progress: Callable[[], tuple[int, int]]) -> None:
        self._take, self._progress = take, progress
        self._place: tuple[Path, session.Lock] | None = None
        self._saved = progress()
        self._saved_at = time.monotonic()
        self._saving = threading.Lock()
        self._ended = threading.Event()
        self.problem = ""
        self._thread = threading.Thread(target=self._work, name="nnplay-autosave", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path | None:
        """Where the run is kept, once it has been."""
        return self._place[0] if self._place else None

    def settled(self) -> None:
        """The present moment is safe elsewhere (it was saved or opened): nothing is due until it changes."""
        self._saved, self._saved_at = self._progress(), time.monotonic()

    def now(self) -> str:
        """Saves at once; returns the folder, or an empty text if there was nothing to save.

        Raises:
            NnplayError: the disk refused.
        """
        with self._saving:
            saved = self._take()
            if saved is None:
                return ""
            seen = self._progress()
            if self._place is None:
                self._place = session.new_autosave()
            path, lock = self._place
            write(path, saved, lock)
            self._saved, self._saved_at, self.problem = seen, time.monotonic(), ""
            return str(path)

    def end(self, *, keep: bool) -> None:
        """Stops; what was kept stays for the next start to offer, or is discarded."""
        self._ended.set()
        self._thread.join(2.0)
        if self._place is not None:
            path, lock = self._place
            if keep:
                lock.release()
            else:
                session.discard(path, lock)
            self._place = None

    def _work(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            if not self._due():
                continue
            try:
                self.now()
            except NnplayError as error:
                self.problem = error.message
                self._saved_at = time.monotonic()

    def _due(self) -> bool:
        step, edits = self._progress()
        waited = time.monotonic() - self._saved_at
        if edits != self._saved[1]:
            return waited >= EDIT_WITHIN
        return step != self._saved[0] and waited >= TRAINING_EVERY
