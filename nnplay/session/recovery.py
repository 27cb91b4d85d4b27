"""Where autosaves live: private folders in the user's state directory, never over a session that the user saved."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.session import document
from nnplay.session.files import Folder, make_folder, refusals
from nnplay.session.generation import PREVIOUS, RECORD
from nnplay.session.limits import RECORD_BYTES, RECOVERED
from nnplay.session.lock import LOCK, Lock, in_use, lock_folder, refuse_unheld
from nnplay.session.record import Record
from nnplay.session.store import SUFFIX, is_ours, load
from nnplay.system.paths import whole
from nnplay.text import clean

_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}\.nnplay")


@dataclass(frozen=True, slots=True)
class Summary:
    """What can be said of a session without reading its state.

    Attributes:
        record: as saved; empty when `problem` says why it cannot be read.
        saved: when, in seconds since 1970.
        problem: why the last save cannot be read; the one before it may still be.
        in_use: another nnplay has it open.
    """

    path: Path
    record: Record
    generation: int
    saved: float
    problem: str = ""
    in_use: bool = False

    @property
    def age(self) -> float:
        """Seconds since the save; never negative, even when the clock was put back."""
        return max(0.0, time.time() - self.saved)

    def number(self, key: str) -> float | None:
        """A number of the record's top ("epoch", "step", "loss"), if it has one of that name."""
        value: Any = self.record.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def recovery_folder() -> Path:
    """The folder of all autosaves (0700), made if need be.

    Raises:
        InputError: there is no home to make it in, or somebody else may write to it.
    """
    return _private(_root())


def state_folder() -> Path:
    """The folder for what the program keeps of its own (0700), made if need be.

    Raises:
        InputError: there is no home to make it in, or somebody else may write to it.
    """
    return _private(_root().parent)


def is_autosave(path: Path) -> bool:
    """Whether that is the place of an autosave rather than of a session that the user saved."""
    return bool(_ID.fullmatch(path.name)) and whole(path).parent == _root()


def _root() -> Path:
    from platformdirs import user_state_path

    return user_state_path("nnplay", appauthor=False) / "recovery"


def _private(folder: Path) -> Path:
    where = clean(str(folder))
    with refusals(where):
        for part in (*reversed(folder.parents), folder):
            if not part.is_dir():
                make_folder(part)
    with Folder(folder):
        return folder


def new_autosave() -> tuple[Path, Lock]:
    """A new empty folder for the autosaves of one run, already held for writing.

    Raises:
        InputError: it cannot be made; training can go on without it, but the user must be told.
    """
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}{SUFFIX}"
    path = recovery_folder() / name
    with refusals(clean(str(path))):
        make_folder(path)
    with Folder(path) as folder:
        lock = lock_folder(folder)
        refuse_unheld(lock, folder.where)
        return path, lock


def summarize(path: str | os.PathLike[str]) -> Summary:
    """A session folder's last record, read without its state: for lists. A packed session, or a text, is read whole.

    Raises:
        InputError: no folder or file, not one to be trusted, or without a session.
    """
    path = Path(path)
    if path.suffix.lower() in (".zip", ".toml") and not path.is_dir():
        loaded = load(path)
        return Summary(path, loaded.record, loaded.generation, os.stat(path).st_mtime)
    with Folder(path) as folder, refusals(folder.where):
        names = folder.names()
        name = next((name for name in (RECORD, PREVIOUS) if name in names), None)
        if name is None:
            raise InputError(f"this is not a session: it has no {RECORD}", where=folder.where)
        saved = folder.modified(name)
        held = in_use(folder)
        try:
            found = document.read(folder.read(name, RECORD_BYTES), f"{folder.where}/{name}")
        except InputError as error:
            return Summary(folder.path, {}, 0, saved, error.message, held)
        return Summary(folder.path, found.record, found.generation, saved, "", held)


def autosaves(most: int | None = RECOVERED) -> list[Summary]:
    """What ended runs have left to recover, the newest first; those of running ones are marked `in_use`.

    Args:
        most: so many are read, of those that were saved last; None for all of them.

    Raises:
        InputError: see `recovery_folder`.
    """
    found: list[Summary] = []
    for path in _list_saved_folders()[:most]:
        # One that is being discarded elsewhere has nothing to offer.
        with contextlib.suppress(InputError):
            found.append(summarize(path))
    return sorted(found, key=lambda summary: -summary.saved)


def older_autosaves() -> int:
    """How many are kept beside those that `autosaves` lists.

    Raises:
        InputError: see `recovery_folder`.
    """
    return len(_list_saved_folders()[RECOVERED:])


def _list_saved_folders() -> list[Path]:
    """Folders of autosaves with a save in them, the one that was saved to last first."""
    root, saved = recovery_folder(), {}
    for name in os.listdir(root):
        for record in (PREVIOUS, RECORD) if _ID.fullmatch(name) else ():
            with contextlib.suppress(OSError):  # a run that has not saved yet, or one that is being discarded
                saved[root / name] = os.lstat(root / name / record).st_mtime
    return sorted(saved, key=lambda path: (saved[path], path.name), reverse=True)


def discard(path: str | os.PathLike[str], lock: Lock | None = None) -> None:
    """Deletes one autosave for good; only a folder that `recovery_folder` holds and nobody else has open.

    Raises:
        InputError: not an autosave, in use, or it cannot be deleted.
    """
    path = Path(path)
    where = clean(str(path))
    if not is_autosave(path):
        raise InputError("not an autosave, so it is left alone", where=where)
    with refusals(where), Folder(path) as folder:
        with lock if lock is not None else lock_folder(folder) as held:
            refuse_unheld(held, where)
            for name in folder.names():
                if is_ours(name) and name != LOCK:
                    folder.remove(name)
        os.rmdir(path)
