"""A terminal emulator around a child process: pyte draws what it sends, and answers its questions."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from tests.child_signals import signals
from tests.terminal.fork_server import Forked, ForkServer
from tests.terminal.quick_screen import QuickScreen, QuickStream

PATIENCE = 240.0
"""Seconds that something may take on a machine that is busy and has no kernels yet; what comes is not waited for."""
_MOST_AT_ONCE = 1 << 16
"""Bytes that are drawn before somebody looks: a frame comes in many pieces."""
BEGIN_PASTE, END_PASTE = "\x1b[200~", "\x1b[201~"


class _AnsweringScreen(QuickScreen):
    """Sends the answers to cursor-position queries back to the child."""

    answer: Callable[[bytes], object] = staticmethod(lambda data: None)

    def write_process_input(self, data: str) -> None:
        self.answer(data.encode())

    def report_device_status(self, mode: int = 0, **more: object) -> None:
        if not more.get("private"):
            super().report_device_status(mode)


def _taking_terminal(begin: Callable[[], None]) -> Callable[[], None]:
    """For the child: stdin is its terminal, and signals count as `begin` says."""

    def take() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        begin()

    return take


class Terminal:
    """One child on a pseudo-terminal of a given size: Python with these arguments, or a fork of a server with them."""

    def __init__(
        self,
        arguments: Sequence[str],
        columns: int,
        rows: int,
        environ: Mapping[str, str],
        *,
        answers: bool = True,
        ignored: Collection[signal.Signals] = (),
        folder: Path | None = None,
        server: ForkServer | None = None,
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.raw = b""
        self._text: str | None = None
        self._open = True
        self.screen = _AnsweringScreen(columns, rows)
        if answers:
            self.screen.answer = lambda data: os.write(self.master, data)
        self._stream = QuickStream(self.screen)
        self._size(columns, rows)
        self.modes = termios.tcgetattr(self.slave)
        base = {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV") if key in os.environ}
        environ = {**base, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environ}
        self.process: subprocess.Popen[bytes] | Forked
        if server is not None:
            self.process = server.start(self.slave, arguments, environ, ignored)
            return
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environ,
            start_new_session=True,
            preexec_fn=_taking_terminal(signals(ignored)),
            cwd=folder,
        )

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as a window manager would give it."""
        self.screen.resize(rows, columns)
        self._text = None
        self._size(columns, rows)
        os.killpg(self.process.pid, signal.SIGWINCH)

    def read(self, wait: float = 0.05) -> None:
        """Draw what the child has sent."""
        self.reads(wait)

    def reads(self, wait: float) -> bool:
        """Draw what the child has sent; whether there was anything."""
        data = b""
        while len(data) < _MOST_AT_ONCE and select.select([self.master], [], [], 0 if data else wait)[0]:
            try:
                data += os.read(self.master, 1 << 16)
            except OSError:
                break
        if data:
            self.feed(data)
        return bool(data)

    def feed(self, data: bytes) -> None:
        """Draw these bytes."""
        self.raw += data
        self._stream.feed(data)
        self._text = None

    def until(self, happened: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Draw until something is true; the screen is shown when it never is."""
        end = time.monotonic() + seconds
        while not happened():
            self.read()
            assert time.monotonic() < end, f"never happened; the screen is:\n{self.text}"

    def shows(self, text: str) -> None:
        """Draw until `text` is on the screen, on one line or broken into several."""
        self.until(lambda: text in self.text or text in self.words)

    @property
    def text(self) -> str:
        """The screen as text."""
        if self._text is None:  # pyte measures every character of it
            self._text = "\n".join(self.screen.display)
        return self._text

    @property
    def words(self) -> str:
        """The same with one blank between words, as of a sentence that takes several lines of the whole width."""
        return " ".join(self.text.split())

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def paste(self, text: str) -> None:
        """Paste; the terminal's own answers wait until the paste is through, or they would be a part of it."""
        held: list[bytes] = []
        answer, self.screen.answer = self.screen.answer, held.append
        for start in range(0, len(text), 4096):
            self.press(f"{'' if start else BEGIN_PASTE}{text[start : start + 4096]}")
            self.read(0.001)
        self.press(END_PASTE)
        self.screen.answer = answer
        for data in held:
            answer(data)

    def finish(self, seconds: float = PATIENCE) -> int:
        """Draw until the child has ended; returns its exit status."""
        self.until(lambda: self.process.poll() is not None, seconds)
        for _ in range(5):
            self.read(0.02)
        return int(self.process.returncode)

    @property
    def restored(self) -> bool:
        """Whether the normal screen, the cursor and the line discipline are back, and the mouse is off."""
        last = {mode: max(self.raw.rfind(b"\x1b[?%dh" % mode), -1) for mode in (1049, 1000, 1003)}
        off = all(self.raw.rfind(b"\x1b[?%dl" % mode) >= place for mode, place in last.items())
        cursor = self.raw.rfind(b"\x1b[?25h") >= self.raw.rfind(b"\x1b[?25l")
        return off and cursor and self.cooked

    def until_full(self) -> None:
        """Reads nothing until the child cannot write any more."""
        end = time.monotonic() + PATIENCE
        while select.select([], [self.slave], [], 0)[1]:
            assert time.monotonic() < end, "the terminal always had room"
            time.sleep(0.02)

    @property
    def cooked(self) -> bool:
        """Whether the line discipline is the one of before."""
        return termios.tcgetattr(self.slave)[:4] == self.modes[:4]

    def close(self) -> None:
        """End the child if it still lives, and free the terminal."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal is gone."""
        return not self._open

    def hang_up(self) -> None:
        """The terminal is gone, as when its window is closed."""
        if self._open:
            self._open = False
            os.close(self.slave)
            os.close(self.master)
