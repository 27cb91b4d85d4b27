"""What the terminal shows and how it behaves from the start of the program until the playground takes it over.

The first frame is written at once, on the alternate screen; keys that are pressed meanwhile stay in the terminal's
queue, unseen, and the playground reads them when it is ready. Meanwhile nothing is looked through for garbage: there is
none, and looking takes an eighth of the time.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

from nnplay.tui.terminal import colours, first_frame
from nnplay.tui.theme.palette import DARK, LIGHT

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[0m\x1b[?1049l\x1b[?25h"
_MUTE = "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1006, 1015, 1004, 2004, 2026)) + "\x1b[<u"
"""No reports of mouse and focus, no marks around pastes, output shown at once, plain keys."""


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
        self._handler: Any = None
        self._ours = False

    def __enter__(self) -> Opening:
        gc.disable()
        if os.name == "posix":
            frame = self._frame()
            self._ours = True
            self._handler = signal.signal(signal.SIGTERM, _end)
            self._take_keys()
            self._write(_ENTER + frame)
        return self

    def __exit__(self, *_: object) -> None:
        gc.enable()
        self.give_back()

    def give_back(self) -> None:
        """The terminal is as it was, unless the playground has it; what is written from now on stays on it."""
        if self._ours:
            self._ours = False
            self._write(_LEAVE)
            self._give_keys_back()
            signal.signal(signal.SIGTERM, self._handler)

    def hand_over(self) -> None:
        """The playground draws from now on, and restores the terminal at its end."""
        self._ours = False

    def abandon(self) -> None:
        """For an end in which nobody else can restore the terminal any more: gives it back, whoever has it."""
        if os.name == "posix":
            self._write(_MUTE + _LEAVE)
            self._give_keys_back()

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
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self.modes)


def _screen() -> int:
    """Textual draws on standard error, and so does the first frame."""
    return (sys.__stderr__ or sys.stderr).fileno()  # the playground catches what is printed on `sys.stderr`


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
