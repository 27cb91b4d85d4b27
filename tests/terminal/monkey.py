"""Keys, lines, clicks, pastes and resizes drawn from a seed, for the real program on a pseudo-terminal."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from typing import Final

from tests.terminal.emulator import Terminal

_KEYS: Final = (
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\r",
    "\x1b",
    "\t",
    "\x1b[Z",
    "\x7f",
    ".",
    ",",
    ">",
    "<",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[H",
    "\x1b[F",
)
_MORE: Final = (" ", "\x10", "\x01", "\x05", "\x0b", "\x1b[3~")
_LETTERS: Final = "abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789:/?+-[]{}().,;'\"\\=*%$#@!~`|&^_é→😀"
_LINES: Final = (
    "linear 8",
    "set lr 1000",
    "set lr nan",
    "set split 0/50/50",
    "set batch all",
    "set batch 0",
    "set optimizer sgd",
    "set loss mse",
    "set noise 0.5",
    "set epochs 3",
    "layers linear 4, tanh",
    "layers linear 8, sum[linear 8 | identity], linear 2",
    "layers ",
    "data digits",
    "data nothing.csv",
    "data sine",
    "data spiral",
    "preset moons",
    "run 3 epochs",
    "goto step 5",
    "goto step 99999999999",
    "save x",
    "open x",
    "open " + "y" * 5000,
    "rewind",
    "undo",
    "redo",
    "theme",
    "inspect",
)
_PASTES: Final = ("hello\nworld", "x" * 5000, "\x1b[31m", "1e5")
_WIDTHS, _HEIGHTS = (1, 20, 60, 80, 120, 240), (1, 5, 20, 24, 40, 80)


class Monkey:
    """Drives playgrounds that `open_one` starts, for so many strokes; keeps what ended badly in `faults`."""

    def __init__(self, seed: int, open_one: Callable[[], Terminal]) -> None:
        self._random = random.Random(seed)
        self._open = open_one
        self.faults: list[str] = []

    def run(self, strokes: int) -> Terminal:
        """All strokes; the last playground, still open."""
        terminal = self._started()
        typed: list[str] = []
        for _ in range(strokes):
            typed.append(self._stroke(terminal))
            for _ in range(self._random.choice((1, 1, 1, 3))):
                terminal.read(0.03)
            terminal.raw = terminal.raw[-200_000:]
            if terminal.process.poll() is not None:
                self._ended(terminal, typed)
                terminal, typed = self._started(), []
        return terminal

    def _started(self) -> Terminal:
        terminal = self._open()
        terminal.until(lambda: "1 Data" in terminal.text, 120)
        return terminal

    def _ended(self, terminal: Terminal, typed: list[str]) -> None:
        for _ in range(20):
            terminal.read(0.02)
        status = terminal.process.returncode
        if status or not terminal.restored:
            self.faults.append(f"status {status}, restored {terminal.restored}, after {typed[-25:]}\n{terminal.text}")

    def _stroke(self, terminal: Terminal) -> str:
        pick = self._random.random()
        if pick < 0.02:
            width, height = self._random.choice(_WIDTHS), self._random.choice(_HEIGHTS)
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                terminal.resize(width, height)
            return f"{width}×{height}"
        keys = self._keys(pick, terminal)
        terminal.press(keys)
        if keys == "\x1b":
            time.sleep(0.15)  # or it would be taken for alt with what follows
        return keys

    def _keys(self, pick: float, terminal: Terminal) -> str:
        choose = self._random.choice
        if pick < 0.5:
            return choose((*_KEYS, *_MORE))
        if pick < 0.85:
            return choose(_LETTERS)
        if pick < 0.92:
            return f":{choose(_LINES)}\r"
        if pick < 0.97:
            x, y = self._random.randint(1, terminal.screen.columns), self._random.randint(1, terminal.screen.lines)
            button = choose((0, 0, 0, 2, 64, 65))
            return f"\x1b[<{button};{x};{y}M" + (f"\x1b[<{button};{x};{y}m" if button < 64 else "")
        if pick < 0.985:
            return f"\x1b[200~{choose(_PASTES)}\x1b[201~"
        return choose("123456iq")
