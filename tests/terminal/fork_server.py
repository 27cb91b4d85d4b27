"""Programs for pseudo-terminals that begin where all modules are imported: most of a start is the same for each.

A process imports the playground, draws it once, and forks for each program that a test asks for; another one has only
what a start imports before the first frame. What Python itself reads while it starts, and what Textual does while it
is imported, is tried with programs of their own.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from tests import wishes
from tests.child_signals import signals

#: What can be forked behind `-m`: the playground over the hand-made back end, and the command itself; `-c` runs a text.
PROGRAMS: Final = ("tests.terminal.program", "nnplay")
#: What a start imports until it has read its words.
BEFORE_TEXTUAL: Final = ("nnplay.cli", "nnplay.cli.parser", "nnplay.cli.run_flags", "nnplay.run.playground")


class Forked:
    """A program that a server has forked; what tests use of `subprocess.Popen`."""

    def __init__(self, report: int) -> None:
        self._report = os.fdopen(report, "rb", buffering=0)
        self.pid = int.from_bytes(self._report.read(8) or b"", "little")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end.

        Raises:
            subprocess.TimeoutExpired: it did not end in so many seconds.
        """
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("a forked playground", timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """Sends a signal to what still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends what still runs."""
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], seconds)[0]:
            self.returncode = os.waitstatus_to_exitcode(int.from_bytes(self._report.read(8) or b"", "little"))
            self._report.close()
        return self.returncode


class ForkServer:
    """The process that forks, and the socket to it."""

    def __init__(self, environ: Mapping[str, str], *, drawn: bool = True) -> None:
        """Starts it; without `drawn` nothing of Textual is imported where it forks."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._master, slave = pty.openpty()  # Python's streams are those of a terminal from the start
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.terminal.fork_server", str(theirs.fileno()), *(["drawn"] if drawn else [])],
            **{"stdin": slave, "stdout": slave, "stderr": slave, "pass_fds": [theirs.fileno()], "env": dict(environ)},
        )
        theirs.close()
        os.close(slave)

    def start(
        self, terminal: int, arguments: Sequence[str], environ: Mapping[str, str], ignored: Sequence[int]
    ) -> Forked:
        """Forks a program with its words on a terminal, which becomes the one of its session."""
        ours, theirs = os.pipe()
        wish = {"arguments": list(arguments), "environ": dict(environ), "ignored": list(ignored), "folder": os.getcwd()}
        wishes.send(self._socket, wish, [terminal, theirs])
        os.close(theirs)
        return Forked(ours)

    def end(self) -> None:
        """Ends the process that forks; no program is left then."""
        self._socket.close()
        self._process.wait()
        os.close(self._master)


def _serve(connection: socket.socket) -> dict[str, Any] | None:
    """Forks for each wish. Returns in each fork, as the program that was wished for; None at the end."""
    for wish, handles in wishes.received(connection, 2):
        if os.fork() == 0 and _keep(*handles):
            connection.close()
            _become(wish, handles[0])
            return dict(wish)
        for handle in handles:
            os.close(handle)
    return None


def _keep(terminal: int, report: int) -> bool:
    """Forks the program, true there; the other tells its number, waits for its end, tells that, and ends."""
    child = os.fork()
    if child == 0:
        os.close(report)
        return True
    os.close(terminal)
    os.write(report, child.to_bytes(8, "little"))
    _, status = os.waitpid(child, 0)
    os.write(report, status.to_bytes(8, "little"))
    os._exit(0)


def _become(wish: dict[str, Any], terminal: int) -> None:
    """What is true of a process that was started on that terminal."""
    os.setsid()
    for stream in range(3):
        os.dup2(terminal, stream)
    os.close(terminal)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signals({signal.Signals(number) for number in wish["ignored"]})()
    if signal.SIGINT not in wish["ignored"]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(wish["environ"])
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    time.tzset()
    os.chdir(wish["folder"])
    sys.argv = wish["arguments"][1:]


def _draw_once() -> dict[str, Callable[[], int]]:
    """Imports all of the playground and shows it once, unseen: what its first start reads is there from then on."""
    import nnplay.run.playground  # noqa: F401  # which the command imports once its words are read
    from nnplay import cli
    from tests.terminal import program

    program.show_unseen()
    return dict(zip(PROGRAMS, (program.main, cli.main), strict=True))


def _end(status: int) -> NoReturn:
    """Ends a fork as Python ends, which then takes apart a million objects that all forks share: those are left."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        status = 120  # as Python says it
    finally:
        os._exit(status)


def main() -> int:
    """Serves until the tests end; in each fork it is the program."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    for module in BEFORE_TEXTUAL:
        importlib.import_module(module)
    mains = _draw_once() if "drawn" in sys.argv else {}
    gc.collect()
    gc.freeze()
    wish = _serve(connection)
    if wish is None:
        return 0
    try:
        _end(_run(mains, *wish["arguments"][:2]))
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _end(end.code or 0)


def _run(mains: Mapping[str, Callable[[], int]], how: str, what: str) -> int:
    """The program itself; its exit status."""
    if how == "-m":
        return mains[what]()
    exec(what, {"__name__": "__main__"})  # noqa: S102 - a test's own words
    return 0


if __name__ == "__main__":
    sys.exit(main())
