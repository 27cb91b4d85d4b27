"""The latest copy of one run in the user's state folder, from which `nnplay recover` brings it back."""

from __future__ import annotations

import threading
from pathlib import Path

from nnplay import session
from nnplay.errors import NnplayError
from nnplay.run.saving.saved_run import SavedRun, write


class RecoveryCopy:
    """The folder in the user's state folder that holds the latest copy of one run; made at the first save.

    Every method may be called from any thread; they take turns.

    Attributes:
        moved: bytes that were read and written for it so far: another number whenever a save has come further.
    """

    def __init__(self) -> None:
        self._place: tuple[Path, session.Lock] | None = None
        self._turn = threading.RLock()
        self._ended = False
        self.moved = 0

    @property
    def path(self) -> Path | None:
        """Where the run is kept, once it has been; None too where somebody deleted or moved that folder."""
        place = self._place
        return place[0] if place and place[1].stands_at(place[0]) else None

    @property
    def lost(self) -> bool:
        """Whether what was kept is not there any more."""
        return self._place is not None and self.path is None

    def save(self, saved: SavedRun) -> Path:
        """Keeps a copy in the place of the one before; in a new place where that is gone.

        Raises:
            InputError: the disk refused; the copy before is intact.
            NnplayError: the run has been left.
        """
        with self._turn:
            if self._ended:
                raise NnplayError("the run has been left")
            if self.path is None:
                self.release()
            self._place = self._place or session.new_autosave()
            path, lock = self._place
            write(path, saved, lock, self._count)
            return path

    def _count(self, moved: int) -> None:
        self.moved += moved

    def adopt(self, path: Path, lock: session.Lock) -> None:
        """Goes on in the folder of a run that was recovered."""
        with self._turn:
            self.release()
            self._place = (path, lock)

    def release(self) -> None:
        """Leaves what was kept for the next start to offer."""
        with self._turn:
            if self._place is not None:
                self._place[1].release()
                self._place = None

    def end(self, *, keep: bool) -> None:
        """Leaves or deletes what was kept; a save that comes too late makes nothing new."""
        with self._turn:
            self._ended = True
            if keep:
                self.release()
            else:
                self.discard()

    def discard(self) -> None:
        """Deletes what was kept: the run is safe elsewhere, or was given up.

        Raises:
            InputError: the disk refused.
        """
        with self._turn:
            if self.path is None:
                self.release()
            elif self._place is not None:
                path, lock = self._place
                self._place = None
                try:
                    session.discard(path, lock)
                finally:
                    lock.release()
