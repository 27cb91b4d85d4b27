"""Reading processes that begin where the libraries are imported: that is most of what a process for a query takes.

A process imports what reads files and databases, and forks for each reading. What a process that is started for it
sees and imports is tried by tests that do not ask for this.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NoReturn

#: What is imported before it forks, as far as it is installed.
READERS: Final = tuple(
    f"nnplay.data.apart.readers.{name}" for name in ("sqlite", "duckdb", "parquet", "arrow", "excel")
)
#: Arrow is not among them: it starts a thread, which no fork would have.
LIBRARIES: Final = ("duckdb", "openpyxl")


class ReadingForks:
    """The process that forks, begun when it is first needed, and the socket to it."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def started(self, command: Sequence[str], *, env: Mapping[str, str], **same: Any) -> Any:
        """A reading process, in place of `subprocess.Popen`."""
        from tests import wishes
        from tests.terminal.fork_server import Forked

        connection = self._socket or self._begin(command, env)
        (theirs_in, ours_in), (ours_out, theirs_out), (report, told) = os.pipe(), os.pipe(), os.pipe()
        theirs = [theirs_in, theirs_out, told]
        wishes.send(connection, dict(env), theirs)
        for handle in theirs:
            os.close(handle)
        reader: Any = Forked(report)
        reader.stdin, reader.stdout = os.fdopen(ours_in, "wb", buffering=0), os.fdopen(ours_out, "rb", buffering=0)
        return reader

    def _begin(self, command: Sequence[str], env: Mapping[str, str]) -> socket.socket:
        """Starts the process with the words and variables of a reading process, but for the file that is run."""
        folders = [str(Path(__file__).resolve().parents[1]), *filter(os.path.isabs, sys.path)]
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [*command[:-1], str(Path(__file__).resolve()), str(theirs.fileno()), json.dumps(folders)],
            **{"pass_fds": [theirs.fileno()], "env": dict(env), "cwd": "/", "start_new_session": True},
            **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL),
        )
        theirs.close()
        return self._socket

    def end(self) -> None:
        """Ends the process that forks."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait()


def as_subprocess(forks: ReadingForks) -> SimpleNamespace:
    """What `nnplay.data.apart.reading` uses of `subprocess`, with forks in place of processes."""
    same = {name: getattr(subprocess, name) for name in ("PIPE", "DEVNULL", "TimeoutExpired")}
    return SimpleNamespace(**same, Popen=forks.started)


def _keep(environ: dict[str, str], handles: list[int]) -> NoReturn:
    """Forks the reading process, tells its number, waits for its end, and tells that."""
    order, answer, told = handles
    reader = os.fork()
    if reader == 0:
        with contextlib.suppress(BaseException):
            _read(environ, order, answer, told)
        os._exit(1)
    os.close(order)
    os.close(answer)
    os.write(told, reader.to_bytes(8, "little"))
    _, status = os.waitpid(reader, 0)
    os.write(told, status.to_bytes(8, "little"))
    os._exit(0)


def _read(environ: dict[str, str], order: int, answer: int, told: int) -> None:
    """What a process does that is started with these streams and variables."""
    from nnplay.data.apart import child

    os.setsid()
    os.dup2(order, 0)
    os.dup2(answer, 1)
    for handle in (order, answer, told):
        os.close(handle)
    os.environ.clear()
    os.environ.update(environ)
    child.main()


def main() -> None:
    """Forks until the tests end."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.path += json.loads(sys.argv[2])
    from tests.wishes import received

    for name in (*READERS, *LIBRARIES):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for environ, handles in received(connection, 3):
        if os.fork() == 0:
            connection.close()
            _keep(environ, handles)
        for handle in handles:
            os.close(handle)


if __name__ == "__main__":
    main()
