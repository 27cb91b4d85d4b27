"""Claims about the quick emulator: whatever is sent, in whatever pieces, its screen is pyte's."""

from __future__ import annotations

import random
from typing import Final

import pyte
import pytest

from tests.terminal.quick_screen import QuickScreen, QuickStream

TEXTS: Final = ("x", "press space", "─│╭", "▀▄" * 30, "日本", "e\u0301", "\u200b", "a\x01b", "é😀é", "\u2800⣿", "\x9b")
CONTROLS: Final = (
    *"\r\n\b\t\x0f\x0e",
    "\x1b7",
    "\x1b8",
    "\x1bM",
    "\x1bD",
    "\x1b(0",
    "\x1b]0;title\x07",
    "\x1b",
    "\x1b[",
)
MODES: Final = ("?7", "?5", "?6", "4", "20", "?25", "?2026")


def sequence(rng: random.Random) -> str:
    """A control sequence with a few numbers; a mode that is set is mostly reset again."""
    numbers = ";".join(rng.choice(("", "0", "1", "3", "7", "12", "38;2;1;200;30", "48;5;99", "99999")) for _ in "123")
    kind = rng.random()
    if kind < 0.4:
        return f"\x1b[{numbers}m"
    if kind < 0.5:
        return f"\x1b[{rng.choice(MODES)}{rng.choice('hlll')}"
    return f"\x1b[{rng.randint(1, 30)}{rng.choice(('', f';{rng.randint(1, 50)}'))}{rng.choice('ABCDEFGHJKLMPX@`adefr')}"


def piece(rng: random.Random) -> str:
    """Text, or something that controls the terminal."""
    kind = rng.random()
    return rng.choice(TEXTS) if kind < 0.5 else sequence(rng) if kind < 0.9 else rng.choice(CONTROLS)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))])
def test_the_screen_is_the_one_of_pyte(seed: int) -> None:
    """Cells with their colours, the cursor, modes and the lines as text, while sizes change, too."""
    rng = random.Random(seed)
    screens = (QuickScreen(24, 8), pyte.Screen(24, 8))
    streams = (QuickStream(screens[0]), pyte.ByteStream(screens[1]))
    for number in range(300):
        data = "".join(piece(rng) for _ in range(rng.randint(1, 12))).encode()
        cut = rng.randint(0, len(data))
        size = (rng.randint(1, 12), rng.randint(1, 40)) if number % 40 == 39 else None
        seen = []
        for screen, stream in zip(screens, streams, strict=True):
            fate = [_fed(stream, part) for part in (data[:cut], data[cut:])]
            if size:
                screen.resize(*size)
            cells = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
            cursor = screen.cursor
            seen.append(
                (
                    fate,
                    cells,
                    (cursor.x, cursor.y, cursor.attrs, cursor.hidden),
                    screen.mode,
                    screen.margins,
                    screen.title,
                    _lines(screen),
                )
            )
        assert seen[0] == seen[1], data


def _fed(stream: pyte.ByteStream, data: bytes) -> str:
    """The error that some bytes are for pyte, if any."""
    try:
        stream.feed(data)
    except Exception as error:
        return repr(error)
    return ""


def _lines(screen: pyte.Screen) -> list[str] | str:
    """The screen as text, or the error that pyte makes of it."""
    try:
        return screen.display
    except (IndexError, AssertionError) as error:
        return type(error).__name__
