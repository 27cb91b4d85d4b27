"""A session's folder on disk: private files, written anew under a temporary name, synced, then renamed.

All names are looked up relative to the opened folder and never follow a symbolic link, so a folder that is swapped or
a planted link cannot redirect a read or a write.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from nnplay.errors import InputError
from nnplay.text import clean

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK: Final = 2**24
#: Bytes after which a file that is being written is synced: a disk that is slow is seen to go on, and not left with all
#: of a large state at the end.
_SYNC_EVERY: Final = 2**25
TEMPORARY_PREFIX: Final = ".new-"


class Damaged(InputError):
    """A saved file is not what was written; the save before it may still be good."""


class TooLarge(InputError):
    """A file has more bytes than may be read."""


class FileOperations:
    """The system calls that read or change files, one method each, so that tests can record and fail them."""

    def mkdir(self, path: Path) -> None:
        """Make a folder that only its owner may enter."""
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)

    def open(self, name: str, flags: int, folder: int) -> int:
        """Open `name` in the opened folder; new files are 0600."""
        return os.open(name, flags, 0o600, dir_fd=folder)

    def fchmod(self, file: int, mode: int) -> None:
        """Set a file's mode whatever the umask made of it."""
        os.fchmod(file, mode)

    def write(self, file: int, data: memoryview) -> int:
        """Write some of `data`; how many bytes were taken."""
        return os.write(file, data)

    def read(self, file: int, count: int) -> bytes:
        """Read up to `count` bytes."""
        return os.read(file, count)

    def truncate(self, file: int) -> None:
        """Cut a file to nothing."""
        os.ftruncate(file, 0)

    def fsync(self, file: int) -> None:
        """Wait until a file or folder is on the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close a file."""
        os.close(file)

    def rename(self, old: str, new: str, folder: int) -> None:
        """Put `old` in the place of `new`, both in the opened folder."""
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)

    def unlink(self, name: str, folder: int) -> None:
        """Delete a file of the opened folder."""
        os.unlink(name, dir_fd=folder)


OPERATIONS: Final = FileOperations()


class Folder:
    """An opened folder that belongs to the user (or root) and that nobody else may write to.

    Args:
        ours: whether it must be; one that only receives a file, such as `/tmp`, need not.
        moved: called with counts of bytes that have been read or written, so that others see a long save go on.

    Raises:
        InputError: no such folder, not a folder, another user's, or writable for group or others.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        operations: FileOperations = OPERATIONS,
        *,
        ours: bool = True,
        moved: Callable[[int], object] = lambda count: None,
    ) -> None:
        self.path = Path(path)
        self.where = clean(str(self.path))
        self.operations, self.moved = operations, moved
        try:
            self.fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise unusable(error, self.where) from None
        try:
            if ours:
                self._check_owner()
        except InputError:
            os.close(self.fd)
            raise

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def _check_owner(self) -> None:
        status = os.fstat(self.fd)
        if status.st_uid not in (os.geteuid(), 0):
            hint = "copy it to a folder of your own first"
            raise InputError(f"the folder belongs to another user (uid {status.st_uid})", where=self.where, hint=hint)
        if status.st_mode & 0o022:
            hint = f"run: chmod go-w '{self.where}'"
            raise InputError(
                "other users can write to this folder, so its files are not trusted", where=self.where, hint=hint
            )

    def names(self) -> list[str]:
        """The names in the folder, sorted."""
        return sorted(os.listdir(self.fd))

    def identity(self) -> tuple[int, int]:
        """Device and inode: the same for two openings of one folder."""
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino

    def modified(self, name: str) -> float:
        """When `name` was last written, in seconds since 1970."""
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False).st_mtime

    def stamp(self, name: str) -> tuple[int, ...]:
        """The same numbers as before where nobody has written to `name` since; none where it is gone."""
        try:
            status = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except OSError:
            return ()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def digest(self, name: str, limit: int) -> str:
        """The SHA-256 of a regular file, which is never in memory as a whole; raises what `read` does."""
        hashed = hashlib.sha256()
        for chunk in self._chunks(name, limit):
            hashed.update(chunk)
        return hashed.hexdigest()

    def read(self, name: str, limit: int) -> bytes:
        """The whole of a regular file.

        Raises:
            FileNotFoundError: there is none.
            Damaged: it changed while being read.
            InputError: it is not a regular file, is a link, or has more than `limit` bytes.
        """
        return b"".join(self._chunks(name, limit))

    def _chunks(self, name: str, limit: int) -> Iterator[bytes]:
        try:
            file = self.operations.open(name, _READ, self.fd)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise InputError(f"{clean(name)} is not a regular file", where=self.where) from None
            raise
        try:
            for chunk in _chunks(self.operations, file, f"{self.where}/{clean(name)}", limit):
                self.moved(len(chunk))
                yield chunk
        finally:
            self.operations.close(file)

    def write(self, name: str, data: bytes | Sequence[memoryview]) -> str:
        """Put `data` in the place of `name`, wholly or not at all; on return it is on the disk. Its SHA-256.

        Raises:
            OSError: whatever failed; a failed sync is never tried again on the same file.
        """
        temporary = f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        try:
            digest = self._write_new(temporary, [memoryview(data)] if isinstance(data, bytes) else data)
            self.operations.rename(temporary, name, self.fd)
        except OSError:
            # The reason that is raised is the first one; a left-over temporary file is removed by the next save.
            with contextlib.suppress(OSError):
                self.operations.unlink(temporary, self.fd)
            raise
        self.operations.fsync(self.fd)
        return digest

    def remove(self, name: str) -> None:
        """Delete a file."""
        self.operations.unlink(name, self.fd)

    def _write_new(self, name: str, pieces: Sequence[memoryview]) -> str:
        hashed, unsynced = hashlib.sha256(), 0
        file = self.operations.open(name, _CREATE, self.fd)
        try:
            self.operations.fchmod(file, 0o600)
            for left in pieces:
                while left:
                    count = self.operations.write(file, left[:_CHUNK])
                    hashed.update(left[:count])
                    left, unsynced = left[count:], unsynced + count
                    if unsynced >= _SYNC_EVERY:
                        self.operations.fsync(file)
                        unsynced = 0
                    self.moved(count)
            self.operations.fsync(file)
        finally:
            self.operations.close(file)
        return hashed.hexdigest()


def sha256(pieces: Sequence[memoryview], moved: Callable[[int], object]) -> str:
    """The SHA-256 of bytes in memory; `moved` as in `Folder`."""
    hashed = hashlib.sha256()
    for left in pieces:
        while left:
            hashed.update(left[:_CHUNK])
            moved(len(left[:_CHUNK]))
            left = left[_CHUNK:]
    return hashed.hexdigest()


def make_folder(path: Path, operations: FileOperations = OPERATIONS) -> None:
    """Make a private folder (0700) whose name survives a power cut; an existing one is left as it is."""
    try:
        operations.mkdir(path)
    except FileExistsError:
        return
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        operations.fsync(parent)
    finally:
        operations.close(parent)


def read_file(path: Path, limit: int) -> bytes:
    """The whole of a regular file that the user named (links are followed).

    Raises:
        InputError: there is none, it cannot be read, is no regular file, or has more than `limit` bytes.
    """
    with open_file(path, limit) as file:
        return _read_all(OPERATIONS, file.fileno(), clean(str(path)), limit)


@contextlib.contextmanager
def open_file(path: Path, limit: int) -> Iterator[BinaryIO]:
    """A regular file that the user named (links are followed), to be read inside the block.

    Raises:
        InputError: there is none, it cannot be read, is no regular file, or has more than `limit` bytes.
    """
    where = clean(str(path))
    try:
        number = os.open(path, _READ & ~os.O_NOFOLLOW)
    except (OSError, ValueError) as error:
        raise unusable(error, where) from None
    with refusals(where), os.fdopen(number, "rb") as file:
        _check_regular(number, where, limit)
        yield file


def unusable(error: OSError | ValueError, where: str) -> InputError:
    """The operating system's refusal as one sentence about the place."""
    reason = (error.strerror if isinstance(error, OSError) else str(error)) or str(error)
    return InputError(reason[:1].lower() + reason[1:], where=where)


@contextlib.contextmanager
def refusals(where: str) -> Iterator[None]:
    """Turns the operating system's refusals inside the block into one `InputError` about `where`."""
    try:
        yield
    except OSError as error:
        raise unusable(error, where) from None


def _check_regular(file: int, where: str, limit: int) -> int:
    """The size of a file that may be read."""
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("not a regular file", where=where)
    if status.st_size > limit:
        raise TooLarge(f"{status.st_size:,} bytes are more than the {limit:,} allowed", where=where)
    return status.st_size


def _read_all(operations: FileOperations, file: int, where: str, limit: int) -> bytes:
    return b"".join(_chunks(operations, file, where, limit))


def _chunks(operations: FileOperations, file: int, where: str, limit: int) -> Iterator[bytes]:
    expected = _check_regular(file, where, limit)
    size = 0
    while size <= expected and (chunk := operations.read(file, min(_CHUNK, expected + 1 - size))):
        yield chunk
        size += len(chunk)
    if size != expected:
        raise Damaged("changed while it was being read", where=where)
