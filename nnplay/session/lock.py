"""One writer per session: a lock file held with `flock`, which says who holds it and dies with its process."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import pwd
import socket
import time
from dataclasses import dataclass
from typing import Final

from nnplay.errors import InputError
from nnplay.session.document import BlobEntry
from nnplay.session.files import OPERATIONS, FileOperations, Folder
from nnplay.session.limits import LOCK_BYTES
from nnplay.text import clean

LOCK: Final = "session.lock"

_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_WITHOUT_FLOCK: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
_ATTEMPTS: Final = 100


@dataclass(frozen=True, slots=True)
class Holder:
    """Who wrote a lock file.

    Attributes:
        user: login name of the file's owner.
        since: when it took the lock, in seconds since 1970.
    """

    pid: int
    host: str
    user: str
    since: float

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid})"

    @property
    def age(self) -> str:
        """How long ago it took the lock, in words; never negative, even when the clock was put back."""
        minutes = int(max(0.0, time.time() - self.since) // 60)
        return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"

    def alive(self) -> bool:
        """Whether that process may still run; one on another machine always may."""
        if self.host != clean(socket.gethostname()):
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except (PermissionError, OverflowError):
            return True
        return True


class Lock:
    """A session folder held for writing, or the reason why it is not.

    Attributes:
        reason: why it can only be read ("anna on sun (process 12) has had it open for 3 min"); empty when held.
        holder: who holds it instead, where known.
        written: state files that were written under this lock, each with the stamp that it had then: as long as it has
            that one it is whole, and need not be read again.
    """

    def __init__(self, folder: Folder, file: int | None, *, reason: str = "", holder: Holder | None = None) -> None:
        self._identity = folder.identity()
        self._operations = folder.operations
        self._file = file
        self._folder = os.dup(folder.fd) if file is not None else -1
        self.reason = reason
        self.holder = holder
        self.written: dict[BlobEntry, tuple[int, ...]] = {}

    @property
    def held(self) -> bool:
        """Whether this process may write to the session."""
        return self._file is not None

    def covers(self, folder: Folder) -> bool:
        """Whether this is the lock of that folder."""
        return self._identity == folder.identity()

    def stands_at(self, path: str | os.PathLike[str]) -> bool:
        """Whether the folder that is held is still the one of that name."""
        try:
            with Folder(path, ours=False) as folder:
                return self.covers(folder)
        except InputError:
            return False

    @property
    def intact(self) -> bool:
        """Whether others still see that the session is held: nobody deleted or replaced the lock file."""
        return self._file is not None and _same_file(self._folder, self._file)

    def release(self) -> None:
        """Give the session back; the lock file goes, unless it is another one's by now."""
        if self._file is None:
            return
        # The lock itself ends with the close, so a folder that became read-only meanwhile is no reason to fail.
        with contextlib.suppress(OSError):
            if self.intact:
                self._operations.unlink(LOCK, self._folder)
        with contextlib.suppress(OSError):
            self._operations.close(self._file)
        os.close(self._folder)
        self._file = None

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def take_lock(path: str | os.PathLike[str], operations: FileOperations = OPERATIONS) -> Lock:
    """Tries to hold the session folder at `path` for writing; look at `held` and `reason`.

    Raises:
        InputError: no such folder, or not one to be trusted.
    """
    with Folder(path, operations) as folder:
        return lock_folder(folder)


def lock_folder(folder: Folder) -> Lock:
    """`take_lock` for a folder that is already open."""
    for _ in range(_ATTEMPTS):
        try:
            file = folder.operations.open(LOCK, _OPEN, folder.fd)
        except OSError as error:
            return Lock(folder, None, reason=f"the folder cannot be written to ({(error.strerror or '').lower()})")
        try:
            lock = _hold(folder, file)
        except OSError as error:
            folder.operations.close(file)
            return Lock(folder, None, reason=f"it cannot be locked ({(error.strerror or '').lower()})")
        if lock is None or not lock.held:
            folder.operations.close(file)
        if lock is not None:
            return lock
    return Lock(folder, None, reason="other processes keep opening and closing it")


def in_use(folder: Folder) -> bool:
    """Whether another opening of the session holds it, found out without leaving a trace."""
    try:
        file = folder.operations.open(LOCK, _OPEN & ~os.O_CREAT, folder.fd)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = _read(file)
        return error.errno not in _WITHOUT_FLOCK or (holder is not None and holder.alive())
    finally:
        folder.operations.close(file)
    return False


def _hold(folder: Folder, file: int) -> Lock | None:
    """The lock on an opened lock file; None when its holder deleted it meanwhile, so that the next one counts."""
    holder = _read(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Lock(folder, None, reason=_reason(holder), holder=holder)
    except OSError as error:
        # Some network file systems have no flock; there the process id is all there is to go by.
        if error.errno not in _WITHOUT_FLOCK:
            raise
        if holder is not None and holder.alive() and holder.pid != os.getpid():
            return Lock(folder, None, reason=_reason(holder), holder=holder)
    if not _same_file(folder.fd, file):
        return None
    folder.operations.fchmod(file, 0o600)
    folder.operations.truncate(file)
    text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}) + "\n"
    folder.operations.write(file, memoryview(text.encode()))
    return Lock(folder, file)


def _reason(holder: Holder | None) -> str:
    return f"{holder} has had it open for {holder.age}" if holder else "another nnplay has it open"


def _same_file(folder: int, file: int) -> bool:
    """Whether the lock file of an opened folder is that opened file."""
    try:
        named = os.stat(LOCK, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    opened = os.fstat(file)
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _read(file: int) -> Holder | None:
    """Who a lock file names; None for an empty or foreign one, which tells nothing and hinders nobody."""
    data = os.pread(file, LOCK_BYTES, 0)
    try:
        table = json.loads(data)
        pid, since = int(table["pid"]), float(table["since"])
        host = clean(str(table["host"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    if pid <= 0:
        return None
    uid = os.fstat(file).st_uid
    try:
        user = clean(pwd.getpwuid(uid).pw_name)
    except KeyError:
        user = f"user {uid}"
    return Holder(pid, host, user, since)


def refuse_unheld(lock: Lock, where: str) -> None:
    """Raises the `InputError` that says why a session cannot be written to, unless the lock is held."""
    if not lock.held:
        raise InputError(lock.reason, where=where, hint="save it under another name or in another folder")
