"""Bringing the files of a data set here: from the first server that has them, whole and checked, or not at all.

What was received stays when the connection breaks or the user stops, and the next try goes on from there.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from nnplay.data.download.remote_file import RemoteFile, fetched_folder, total_size
from nnplay.errors import InputError
from nnplay.memory_budget import size_text
from nnplay.system.private_folder import make_private, weakness
from nnplay.text import clean

#: Told `(bytes done, bytes in all, name of the file)`; what it raises ends the download.
Progress = Callable[[int, int, str], None]

_PIECE: Final = 1 << 16
#: Seconds without a byte after which a server counts as dead.
_PATIENCE: Final = 30.0
#: A connection that breaks is taken up again so many times, as long as something came.
_TRIES: Final = 5
_UNFINISHED: Final = ".part"


class _Failed(Exception):
    """Why one server did not give the file."""


def fetch_files(dataset: str, files: Sequence[RemoteFile], alike: str, progress: Progress) -> Path:
    """Brings all files of a data set that are not here yet; returns their folder.

    Args:
        alike: a built-in set for those who have no network.

    Raises:
        InputError: no server has one of them, or it cannot be kept.
    """
    before, total = 0, total_size(files)
    try:
        folder = make_private(fetched_folder(dataset))
        if weak := weakness(folder):
            raise InputError(f"cannot be kept safely: {weak}", where=dataset)
        for file in files:

            def tell(done: int, name: str = file.name, before: int = before) -> None:
                progress(before + done, total, name)

            if not _is_whole(folder / file.name, file):
                _fetch_file(dataset, file, folder, alike, tell)
            before += file.size
            progress(before, total, file.name)
    except OSError as error:
        raise InputError(f"cannot be kept: {clean((error.strerror or str(error)).lower())}", where=dataset) from None
    return folder


def _fetch_file(dataset: str, file: RemoteFile, folder: Path, alike: str, tell: Callable[[int], None]) -> None:
    failures = []
    path = folder / (file.name + _UNFINISHED)
    with _unfinished(path, dataset) as part:
        if _is_whole(folder / file.name, file):  # another nnplay has brought it meanwhile
            with suppress(OSError):
                os.unlink(path)
            return
        for url in _places(dataset, file):
            try:
                _receive(url, file, part, tell)
            except _Failed as failure:
                failures.append(f"{_host(url)}: {failure}")
                continue
            part.flush()
            os.fsync(part.fileno())
            os.replace(path, folder / file.name)
            return
    hint = "try again later" + (f"; '{alike}' is built in and similar: nnplay train {alike}" if alike else "")
    what = f"{file.name} cannot be downloaded ({'; '.join(failures)})"
    raise InputError(what, where=dataset, hint=hint)


def _places(dataset: str, file: RemoteFile) -> list[str]:
    """Where the file may be: on the user's own mirror first, if there is one."""
    own = os.environ.get("NNPLAY_MIRROR", "").rstrip("/")
    return ([f"{own}/{dataset}/{file.name}"] if own else []) + list(file.urls)


@contextmanager
def _unfinished(path: Path, dataset: str) -> Iterator[IO[bytes]]:
    """What was received so far, open for more, and locked against another nnplay."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("is just being fetched by another nnplay", where=dataset, hint="wait for it") from None
        yield part


def _receive(url: str, file: RemoteFile, part: IO[bytes], tell: Callable[[int], None]) -> None:
    """Fills `part` up to the whole file from one server.

    Raises:
        _Failed: it did not give the file; what it gave of it stays.
    """
    resumed = part.seek(0, os.SEEK_END) > 0
    for _ in range(_TRIES):
        done = part.seek(0, os.SEEK_END)
        if done > file.size:
            done = part.truncate(part.seek(0))
        if done < file.size:
            _receive_rest(url, file, part, done, tell)
        received = part.seek(0, os.SEEK_END)
        if received == file.size:
            break
        if received <= done:
            raise _Failed(f"the connection broke after {size_text(received)} of {size_text(file.size)}")
    else:
        raise _Failed("the connection broke again and again")
    if _digest(part) != file.sha256:
        part.truncate(part.seek(0))
        if not resumed:
            raise _Failed("what it sent is another file (its SHA-256 differs)")
        _receive(url, file, part, tell)  # what an earlier try left may be to blame


def _receive_rest(url: str, file: RemoteFile, part: IO[bytes], done: int, tell: Callable[[int], None]) -> None:
    headers = {"User-Agent": "nnplay", "Accept-Encoding": "identity"}
    if done:
        headers["Range"] = f"bytes={done}-"
    try:
        with _opener().open(urllib.request.Request(url, headers=headers), timeout=_PATIENCE) as answer:
            goes_on = answer.status == 206 and str(answer.headers.get("Content-Range")).startswith(f"bytes {done}-")
            if not goes_on:  # the whole file again
                done = part.truncate(part.seek(0))
            while piece := answer.read(_PIECE):
                done += len(piece)
                if done > file.size:
                    part.truncate(part.seek(0))
                    raise _Failed("what it sends is another, larger file")
                part.write(piece)
                tell(done)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # it has no more than what is here
            part.truncate(part.seek(0))
        raise _Failed(f"it answers {error.code} {clean(error.reason, 40)}") from None
    except urllib.error.URLError as error:
        reason = error.reason
        raise _Failed(clean(getattr(reason, "strerror", None) or str(reason), 80)) from None
    except http.client.IncompleteRead:
        return  # what came is written; the rest is asked for
    except (TimeoutError, ConnectionError, http.client.HTTPException, ValueError) as error:
        if part.tell() <= 0:
            raise _Failed(clean(str(error) or type(error).__name__, 80)) from None


def _opener() -> urllib.request.OpenerDirector:
    """Opens web addresses and follows redirects to web addresses; nothing else, such as files of this machine."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _is_whole(path: Path, file: RemoteFile) -> bool:
    try:
        with path.open("rb") as found:
            return os.fstat(found.fileno()).st_size == file.size and _digest(found) == file.sha256
    except OSError:
        return False


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    hashed = hashlib.sha256()
    while piece := file.read(_PIECE):
        hashed.update(piece)
    return hashed.hexdigest()


def _host(url: str) -> str:
    return clean(url.partition("://")[2].partition("/")[0], 60)
