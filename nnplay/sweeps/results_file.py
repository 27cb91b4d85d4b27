"""Where the outcomes of a sweep are kept: a text file with a line for each, which a killed process cannot spoil.

The first line says which sweep it is. Lines are only ever added, each by one write; a last line that was cut off by a
crash is removed when the file is opened again, and its trial is trained once more.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from nnplay.errors import InputError, NnplayError
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome
from nnplay.system.paths import shown, user_path
from nnplay.text import clean

ENDING: Final = ".jsonl"
FORMAT: Final = 1
#: Seconds after which lines are on the disk itself at the latest.
SYNC_SECONDS: Final = 1.0
_MOST_LINE: Final = 2**20
_MOST_BYTES: Final = 2**34


class ResultsFile:
    """The outcomes of one sweep, read and added to.

    Args:
        path: of the file; created if nothing is there.
        sweep: what is tried.

    Attributes:
        outcomes: what came of each trial, by its key.

    Raises:
        InputError: the file is of another sweep, in use, not a results file, or cannot be written to.
    """

    def __init__(self, path: str | os.PathLike[str], sweep: Sweep) -> None:
        self.path = user_path(path)
        self.outcomes: dict[tuple[int, int], Outcome] = {}
        self._fd = self._open()
        try:
            self._lock()
            self._begin(sweep)
        except BaseException:
            os.close(self._fd)
            raise
        self._synced = time.monotonic()

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Writes everything to the disk and lets go of the file."""
        if self._fd >= 0:
            try:
                os.fsync(self._fd)
            finally:
                os.close(self._fd)
                self._fd = -1

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Adds what came of some trials, all of it or nothing.

        Raises:
            NnplayError: the disk refused; what was there before is still there.
        """
        new = [outcome for outcome in outcomes if outcome.trial.key not in self.outcomes]
        self._append("".join(_line(outcome.to_dict()) for outcome in new))
        self.outcomes |= {outcome.trial.key: outcome for outcome in new}
        if time.monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._fd)
            self._synced = time.monotonic()

    def _open(self) -> int:
        if self.path.suffix.lower() != ENDING:
            hint = f"give a name such as sweep{ENDING}"
            raise InputError(f"is not the name of a {ENDING} file", where=clean(str(self.path)), hint=hint)
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            where = clean(str(self.path))
            raise InputError(f"cannot be written to: {reason}", where=where, hint="choose another place") from None

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "another sweep is writing to this file", where=shown(self.path), hint="wait for it, or choose another"
            ) from None
        except OSError:  # a file system without locks: the one writer has to be trusted
            pass

    def _begin(self, sweep: Sweep) -> None:
        size = os.fstat(self._fd).st_size
        if size == 0:
            self._append(_line({"nnplay sweep": FORMAT, "digest": sweep.digest, **sweep.to_dict()}))
            return
        with open(os.dup(self._fd), "rb") as file:
            file.seek(0)
            head, whole = _read_head(file.readline(_MOST_LINE + 1), self.path), file.tell()
            if head.get("digest") != sweep.digest:
                hint = "choose another file, or leave out the options to go on with the sweep that it holds"
                raise InputError("holds the results of another sweep", where=shown(self.path), hint=hint)
            for outcome, end in _read_lines(file, self.path):
                self.outcomes[outcome.trial.key], whole = outcome, end
        if whole < size:
            os.ftruncate(self._fd, whole)

    def _append(self, text: str) -> None:
        before, data = os.fstat(self._fd).st_size, text.encode()
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            os.ftruncate(self._fd, before)
            reason = (error.strerror or str(error)).lower()
            kept = f"{len(self.outcomes):,} trials are kept; the same command continues once there is room"
            raise NnplayError(f"cannot be written to: {reason}", where=shown(self.path), hint=kept) from None


def read_results(path: str | os.PathLike[str]) -> tuple[Sweep, list[Outcome]]:
    """A sweep and what came of its trials so far, of a file that may be in use.

    Raises:
        InputError: not a results file of a version that can be read.
    """
    where = user_path(path)
    try:
        with where.open("rb") as file:
            head = _read_head(file.readline(_MOST_LINE + 1), where)
            outcomes = [outcome for outcome, _ in _read_lines(file, where)]
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=clean(str(path))) from None
    return _sweep_of(head, where), outcomes


def usual_name(source: str) -> str:
    """The file of a sweep for which nobody gave one: `spiral-sweep.jsonl`."""
    stem = Path(source).stem or "run"
    return f"{''.join(letter if letter.isalnum() or letter in '-_' else '-' for letter in stem)}-sweep{ENDING}"


def own_file(source: str, sweep: Sweep) -> Path:
    """The file of a sweep in the working folder: the usual one, with a number where that holds another sweep."""
    usual = Path(usual_name(source))
    for number in itertools.count(2):
        try:
            with usual.open("rb") as file:
                if _read_head(file.readline(_MOST_LINE + 1), usual).get("digest") == sweep.digest:
                    return usual
        except FileNotFoundError:
            return usual
        except (InputError, OSError):  # something else is called so: the next name
            pass
        usual = usual.with_name(f"{Path(usual_name(source)).stem}-{number}{ENDING}")
    raise AssertionError("numbers do not end")


def read_sweep(path: str | os.PathLike[str]) -> Sweep:
    """The sweep that a results file is of.

    Raises:
        InputError: not a results file of a version that can be read.
    """
    where = user_path(path)
    if where.exists() and not where.is_file():  # a pipe would keep its reader waiting
        raise InputError("is not a file", where=shown(where), hint=_OTHER)
    try:
        with where.open("rb") as file:
            return _sweep_of(_read_head(file.readline(_MOST_LINE + 1), where), where)
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=clean(str(path))) from None


def _sweep_of(head: dict[str, Any], path: Path) -> Sweep:
    try:
        return Sweep.from_dict(head)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError("its first line does not describe a sweep", where=shown(path), hint=_OTHER) from None


_OTHER: Final = "a results file is made by nnplay sweep"


def _line(table: dict[str, Any]) -> str:
    return json.dumps(table, separators=(",", ":")) + "\n"


def _read_head(line: bytes, path: Path) -> dict[str, Any]:
    try:
        head = json.loads(line)
        version = head["nnplay sweep"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError("is not the results file of a sweep", where=shown(path), hint=_OTHER) from None
    if version != FORMAT:
        raise InputError("was written by another version of nnplay", where=shown(path), hint="use that version")
    return dict(head)


def read_outcome(line: bytes) -> Outcome | None:
    """The outcome that a line holds; None where it holds none."""
    try:
        return Outcome.from_dict(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _read_lines(file: Any, path: Path) -> Iterator[tuple[Outcome, int]]:
    """Each outcome with the place where its line ends; stops where nothing but damage follows.

    Raises:
        InputError: a line in the middle that is no outcome.
    """
    number = 1
    while line := file.readline(_MOST_LINE + 1):
        number += 1
        outcome = read_outcome(line)
        if outcome is None:
            rest = iter(lambda: file.readline(_MOST_LINE + 1), b"")
            if not any(read_outcome(later) for later in rest):  # all that a power cut left
                return
            raise InputError(
                f"line {number:,} is not the outcome of a trial", where=shown(path), hint="remove that line"
            ) from None
        if not line.endswith(b"\n"):
            return
        yield outcome, file.tell()
