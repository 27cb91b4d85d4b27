"""Columns that another process reads out of a file or database: within limits, and ended when nobody wants them."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from nnplay.data.apart import child
from nnplay.data.apart.wire import Received, column_of
from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.csv.advice import advice
from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.memory_budget import memory_budget, size_text
from nnplay.text import clean

#: The columns are held by that process, by this one, and by the data set that is made of them.
GROWTH: Final = 4
_PIECE: Final = 1 << 20
_LOOK_EVERY: Final = 0.1
"""Seconds between two looks at whether somebody still wants the rows."""
_STARTING: Final = 20
_ENDING: Final = 2
"""Seconds besides, for starting and connecting, and in which an engine may see that its time is over."""
_GRACE: Final = 3.0
"""Seconds in which a query that is given up may be ended on its server."""
_ALONE: Final = ("-P", "-s", "-S")
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
#: Variables that a reading process is not given: they say what Python or a library loads.
_FORBIDDEN: Final = ("PYTHON", "LD_", "DYLD_")


class _Clock:
    """Until when the process may take: it says itself when the query begins, and what comes then is on its way."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds + _STARTING

    def hear(self, message: Mapping[str, Any]) -> None:
        """Takes what the process says."""
        if "begun" in message:
            self._deadline = time.monotonic() + self._seconds + _ENDING
        elif "column" in message:
            self._deadline = math.inf

    def check(self, where: str) -> None:
        """Refuses to wait any longer."""
        if time.monotonic() > self._deadline:
            raise self.refusal(where)

    def refusal(self, where: str) -> InputError:
        """What is said when the time is over."""
        hint = f"ask for less, or use {advice('max_seconds', 10 * self._seconds)}"
        return InputError(f"the query took longer than {self._seconds} s", where=where, hint=hint)


def read_apart(module: str, order: Mapping[str, Any], *, where: str, seconds: int, memory: int = 0) -> NamedColumns:
    """What `read_rows(order, out)` of `module` sends, called in a process of its own.

    Args:
        where: what messages call the source.
        seconds: it may take no longer, once it has begun.
        memory: bytes of all columns; a share of what is free unless given.

    Raises:
        InputError: the module refused, or did not come to an end within its limits.
    """
    limit = memory or memory_budget() // GROWTH
    received = Received(limit)
    names: list[str] = []
    columns: list[Any] = []
    lines: Any = None
    end: dict[str, Any] | None = None
    with _started(module, order, limit, seconds) as process:
        clock = _Clock(seconds)
        for piece in _pieces(process, clock, where):
            for message, body in _understood(received, piece, where, limit):
                clock.hear(message)
                if "say" in message:
                    report(*message["say"])
                elif "numbers" in message:
                    lines = column_of(message, body).values
                elif "kind" in message:
                    names.append(str(message["column"]))
                    columns.append(column_of(message, body).for_table)
                elif "begun" in message:
                    continue
                elif "end" in message:
                    end = message
                elif "late" in message:
                    raise clock.refusal(where)
                else:
                    raise _refused(message, where, limit)
        process.wait()
        if end is None or not received.whole:
            raise _ended(process.returncode, where, limit)
    notes = tuple(clean(note, 600) for note in end.get("notes", ()))
    return NamedColumns(tuple(names), columns, lines=lines, notes=notes)


def _understood(received: Received, piece: bytes, where: str, limit: int) -> list[tuple[dict[str, Any], bytes]]:
    try:
        return received.take(piece)
    except MemoryError:
        raise _too_large(where, limit) from None
    except ValueError:  # what a reader says of one column fits into a megabyte
        raise InputError("cannot be read: the name of a column is too long", where=where) from None


@contextlib.contextmanager
def _started(module: str, order: Mapping[str, Any], memory: int, seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process; leaving the block ends it.

    It is in a session of its own: a Ctrl+C in the terminal is for the program. Its standard input closes when it is no
    longer wanted, also should the program be killed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FORBIDDEN)}
    package = str(Path(os.path.abspath(__file__)).parents[3])
    folders = [package, *(entry for entry in sys.path if os.path.isabs(entry) and entry != package)]
    flags = ["-B"] if sys.dont_write_bytecode else []
    process = subprocess.Popen(
        [sys.executable, *_ALONE, *flags, os.path.abspath(child.__file__)],
        env=environment | _ONE_THREAD,
        cwd="/",
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    text = {"folders": folders, "module": module, "order": dict(order), "memory": memory, "seconds": 4 * seconds + 60}
    try:
        with contextlib.suppress(BrokenPipeError):  # it has ended: its status says why
            process.stdin.write(json.dumps(text).encode() + b"\n")
        yield process
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _pieces(process: subprocess.Popen[bytes], clock: _Clock, where: str) -> Iterator[bytes]:
    """What the process writes, until it closes its stream; whoever listens to the progress may end it meanwhile."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while True:
            if ready.select(_LOOK_EVERY):
                piece = os.read(process.stdout.fileno(), _PIECE)
                if not piece:
                    return
                yield piece
            else:
                report(0, 0, "rows")
            clock.check(where)


def _refused(message: Mapping[str, Any], where: str, limit: int) -> InputError:
    if message.get("memory"):
        return _too_large(where, limit)
    place = f"column '{clean(message['column'])}'" if message.get("column") else str(message.get("place", ""))
    hint = str(message.get("hint", ""))
    return InputError(str(message.get("error", "")), where=f"{where}, {place}" if place else where, hint=hint)


def _ended(status: int, where: str, limit: int) -> InputError:
    if status == -signal.SIGKILL:
        return _too_large(where, limit)
    if status < 0:
        what = f"cannot be read: its reader was ended by {signal.Signals(-status).name}"
        return InputError(what, where=where, hint="the file is damaged, or was made to do harm")
    return InputError("cannot be read: its reader ended early", where=where, hint="is the file damaged?")


def _too_large(where: str, limit: int) -> InputError:
    return InputError(
        f"needs more than {size_text(limit)} of memory", where=where, hint="ask for fewer rows or columns"
    )
