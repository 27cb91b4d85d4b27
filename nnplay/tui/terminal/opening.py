"""What the terminal shows and how it behaves from the start of the program until the playground takes it over.

The first frame is written at once, on the alternate screen; keys that are pressed meanwhile stay in the terminal's
queue, unseen, and the playground reads them when it is ready. Meanwhile nothing is looked through for garbage: there is
none, and looking takes an eighth of the time.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import time
from types import FrameType
from typing import Any, NoReturn

from nnplay.tui.terminal import colours, first_frame
from nnplay.tui.theme.palette import DARK, LIGHT

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[0m\x1b[?1049l\x1b[?25h"
_MUTE = "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1006, 1015, 1004, 2004, 2026)) + "\x1b[<u"
"""No reports of mouse and focus, no marks around pastes, output shown at once, plain keys."""
_TAKEN_WITHIN, _CLEARED_WITHIN = 0.1, 1.5
"""Seconds that a terminal gets to take what leaves the screen, and then to be cleared for it."""
_ENDS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM", "SIGQUIT") if hasattr(signal, name))
"""Signals that end the program while the first frame stands there; Ctrl+C is Python's own."""


class Opening:
    """In a `with` block: the first frame is on the screen; at its end the terminal is as it was.

    Once the playground has the terminal (`hand_over`), restoring it is the playground's affair.

    Attributes:
        modes: the terminal's line discipline before the block, for whoever restores it; None without a POSIX terminal.
    """

    def __init__(self, *, ascii_only: bool = False, light: bool = False) -> None:
        self.modes: list[Any] | None = None
        self._ascii = ascii_only or colours.ascii_only(os.environ) or colours.has_no_boxes(sys.__stderr__)
        self._palette = LIGHT if light else DARK
        self._handlers: dict[int, Any] = {}
        self._ours = False

    def __enter__(self) -> Opening:
        gc.disable()
        if os.name == "posix":
            frame = self._frame()
            self._ours = True
            try:
                for number in _ENDS:
                    if signal.getsignal(number) is not signal.SIG_IGN:
                        self._handlers[number] = signal.signal(number, self._end)
                self._take_keys()
                self._write(_ENTER + frame)
            except BaseException:  # a signal: nobody calls `__exit__` yet
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        gc.enable()
        self.give_back()

    def give_back(self) -> None:
        """The terminal is as it was, unless the playground has it; what is written from now on stays on it."""
        if self._ours:
            self._ours = False
            self._give_keys_back()
            self._write_at_last(_LEAVE)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def hand_over(self) -> None:
        """The playground draws from now on, and restores the terminal at its end."""
        self._ours = False

    def abandon(self) -> None:
        """For an end in which nobody else can restore the terminal any more: gives it back, whoever has it."""
        if os.name == "posix":
            self._give_keys_back()
            self._write_at_last(_MUTE + _LEAVE)

    def done(self) -> None:
        """All is imported and built, and stays: the collector need not look through it again.

        A whole collection would stop screen and training for a twentieth of a second and more, each time.
        """
        gc.freeze()
        gc.enable()

    def _frame(self) -> str:
        width, height = os.get_terminal_size(_screen())
        canvas = first_frame.draw(width or 80, height or 24, ascii_only=self._ascii)
        return canvas.paint(colours.colours(os.environ), self._palette)

    def _write(self, text: str) -> None:
        data = text.encode("ascii" if self._ascii else "utf-8", "replace")
        while data:
            data = data[os.write(_screen(), data) :]

    def _write_at_last(self, text: str) -> None:
        """Writes what leaves the screen; to a terminal that takes nothing instead of all that it has not taken yet.

        What others still write to the screen goes nowhere from then on, or it would fill the room that was made.
        """
        if _has_room(_TAKEN_WITHIN):
            with contextlib.suppress(OSError):  # the terminal is gone
                self._write(text)
            return
        screen = os.dup(_screen())
        os.dup2(os.open(os.devnull, os.O_WRONLY), _screen())
        os.set_blocking(screen, False)
        end = time.monotonic() + _CLEARED_WITHIN
        while not clear_and_write(screen, text.encode("ascii")) and time.monotonic() < end:
            time.sleep(_CLEARED_WITHIN / 100)
        os.set_blocking(screen, True)  # others, such as the shell, have the same terminal open

    def _take_keys(self) -> None:
        """Keys are neither shown nor edited by the terminal; Ctrl+C still ends the program, Ctrl+Z waits."""
        import termios

        self.modes = termios.tcgetattr(sys.stdin.fileno())
        modes = termios.tcgetattr(sys.stdin.fileno())
        modes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
        modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        modes[6][termios.VSUSP] = os.fpathconf(sys.stdin.fileno(), "PC_VDISABLE").to_bytes(1, "little")
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, modes)

    def _give_keys_back(self) -> None:
        import termios

        if self.modes is not None:
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self.modes)

    def _end(self, number: int, _frame: FrameType | None) -> NoReturn:
        """Ends the program at once, as nothing was begun yet: an exception does not get through all of Python.

        One that is raised while a class is being made comes out as a RuntimeError.
        """
        for caught in self._handlers:
            signal.signal(caught, signal.SIG_IGN)  # the terminal is restored once, and nothing breaks into it
        if not self._ours:
            sys.exit(128 + number)  # the playground has the terminal, and restores it
        self.give_back()
        os._exit(128 + number)


def _screen() -> int:
    """Textual draws on standard error, and so does the first frame."""
    return (sys.__stderr__ or sys.stderr).fileno()  # the playground catches what is printed on `sys.stderr`


def clear_and_write(screen: int, data: bytes) -> bool:
    """Throws away what a terminal has not taken yet, and writes; False while a thread is in the middle of a write.

    Args:
        screen: opened so that writing never waits.
    """
    import termios

    try:
        termios.tcflush(screen, termios.TCOFLUSH)
        termios.tcflow(screen, termios.TCOOFF)
        termios.tcflow(screen, termios.TCOON)  # wakes that thread up: the rest of it is thrown away too
        os.write(screen, data)
    except BlockingIOError:
        return False
    except (OSError, termios.error):  # the terminal is gone
        return True
    return True


def _has_room(seconds: float) -> bool:
    """Whether the terminal takes bytes within that time."""
    return bool(select.select([], [_screen()], [], seconds)[1])
