"""Keys, lines, layers typed letter by letter, clicks, pastes and resizes, drawn from a seed, for the real program.

By hand, half an hour with ten seeds: `make monkey`, or `python -m tests.terminal.monkey --seeds 7 --minutes 3`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.terminal.emulator import Terminal
from tests.terminal.fork_server import ForkServer

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


_VERBS: Final = (
    "set",
    "set",
    "layers",
    "layers",
    "data",
    "run",
    "goto",
    "preset",
    "save",
    "open",
    "branch",
    "quit",
    "help",
)
_WORDS: Final = (
    *("lr", "rate", "batch", "split", "seed", "l1", "clip_norm", "noise", "samples", "optimizer", "loss", "schedule"),
    *("target", "encoding", "features", "stop", "epochs", "steps", "step", "epoch", "adam", "sgd", "xor", "circle"),
    *("0", "1", "-1", "3", "0.5", "1e-3", "1e999", "nan", "²", "③", "٣", "9" * 5000, "1,000", "50/25/25", "all", "off"),
    *(
        ".",
        "..",
        "/",
        "~",
        "~nobody",
        "foo\\",
        "it's",
        '"',
        "a=b",
        "=",
        "-",
        "x y",
        "é",
        "→",
        "\x7f",
        "[",
        "]",
        "|",
        ",",
    ),
    *(
        "sum",
        "concat",
        "sequential",
        "linear",
        "linear 4",
        "tanh",
        "dropout 0.5",
        "conv2d 4 k3",
        "name=a",
        "frozen",
        "#",
    ),
)
_LAYERS: Final = (
    *("sum", "concat", "sequential", "sum[identity | linear 8, relu]", "concat[linear 3 | linear 5, tanh]"),
    *("sequential[linear 4, relu]", "sum[identity | concat[linear 1 | linear 1]]", "linear 6 frozen", "batch_norm"),
    *(
        "tanh",
        "dropout 0.2",
        "sum[",
        "sum[]]",
        "concat[|",
        "linear ²",
        "linear name=a",
        "sum[linear 2 | linear 3]",
        "softmax",
    ),
)
_STARTS: Final = (("--no-tour",), ("--ascii",), ("--ascii", "--light", "--no-tour"), ("--slow",))
_PULSE: Final = 40
"""Strokes after which the program must show that it is alive."""
_PATIENCE: Final = 240.0
"""Seconds that it has for it on a busy machine."""

Open = Callable[..., Terminal]


def opener(folder: Path, opened: list[Terminal], server: ForkServer | None = None) -> Open:
    """Starts `nnplay` in a folder, which is its home too; the kernels stay where they are: making them takes long.

    Args:
        folder: with a server it must be the working folder.
        server: forks each start, which is quicker.
    """
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    names = {"HOME": "", "XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data"}
    home = {name: str(folder / part) for name, part in names.items()}
    kept = {"NNPLAY_CACHE_DIR": os.environ["NNPLAY_CACHE_DIR"]} if "NNPLAY_CACHE_DIR" in os.environ else {}

    def open_one(*options: str) -> Terminal:
        program = ["-m", "nnplay", *options]
        opened.append(
            Terminal(program, 120, 40, {**home, **kept, "XDG_CACHE_HOME": cache}, folder=folder, server=server)
        )
        return opened[-1]

    return open_one


class Monkey:
    """Drives playgrounds that `open_one` starts, for so many strokes; keeps what ended or hung in `faults`."""

    def __init__(self, seed: int, open_one: Open) -> None:
        self._random = random.Random(seed)
        self._open = open_one
        self.faults: list[str] = []
        self.strokes = 0

    def run(self, strokes: int, until: float = float("inf")) -> Terminal:
        """All strokes, or as many as there are before a moment of the clock; the last playground, still open."""
        terminal = self._started()
        typed: list[str] = []
        for number in range(1, strokes + 1):
            if time.monotonic() > until:
                break
            self.strokes = number
            typed.append(self._stroke(terminal))
            for _ in range(self._random.choice((1, 1, 1, 3))):
                terminal.read(0.03)
            terminal.raw = terminal.raw[-200_000:]
            if terminal.process.poll() is None and number % _PULSE == 0 and not self._is_alive(terminal):
                self.faults.append(f"hangs after {typed[-60:]}\n{terminal.text}")
                terminal.close()
            if terminal.process.poll() is not None:
                self._ended(terminal, typed)
                terminal, typed = self._started(), []
        return terminal

    def _started(self) -> Terminal:
        terminal = self._open(*self._random.choice(_STARTS))
        terminal.until(lambda: "1 Data" in terminal.text, _PATIENCE)
        return terminal

    def _is_alive(self, terminal: Terminal) -> bool:
        """Whether it draws anew when the terminal gets another size, or has ended meanwhile."""
        end = time.monotonic() + _PATIENCE
        for size in ((100, 30), (120, 40)):
            while terminal.reads(0.05):  # what is still on its way
                if time.monotonic() > end:
                    return True  # it draws without a pause
            with contextlib.suppress(ProcessLookupError):
                terminal.resize(*size)
            while not terminal.reads(0.05) and terminal.process.poll() is None:
                if time.monotonic() > end:
                    return False
        return True

    def _ended(self, terminal: Terminal, typed: list[str]) -> None:
        if terminal.hung_up:
            return
        for _ in range(20):
            terminal.read(0.02)
        status = terminal.process.returncode
        if status or not terminal.restored:
            self.faults.append(f"status {status}, restored {terminal.restored}, after {typed[-60:]}\n{terminal.text}")

    def _stroke(self, terminal: Terminal) -> str:
        pick = self._random.random()
        if pick < 0.02:
            width, height = self._random.choice(_WIDTHS), self._random.choice(_HEIGHTS)
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                terminal.resize(width, height)
            return f"{width}×{height}"
        if pick < 0.05:
            return self._letters(terminal)
        keys = self._keys(pick, terminal)
        terminal.press(keys)
        if keys == "\x1b":
            time.sleep(0.15)  # or it would be taken for alt with what follows
        return keys

    def _letters(self, terminal: Terminal) -> str:
        """A layer, or a network behind `:layers`, typed letter by letter."""
        opening = self._random.choice(("a", ":"))
        text = self._random.choice(_LAYERS)
        if opening == ":":
            text = f"layers {text}, {self._random.choice(_LAYERS)}"
        for letter in (opening, *text, self._random.choice(("\r", "\r", "\x1b"))):
            if terminal.process.poll() is None:
                terminal.press(letter)
                terminal.read(0.01)
        return f"{opening}{text}"

    def _line(self) -> str:
        """One of the lines that mean something, or words of them in any order."""
        choose = self._random.choice
        if self._random.random() < 0.4:
            return choose(_LINES)
        return " ".join((choose(_VERBS), *(choose(_WORDS) for _ in range(self._random.choice((0, 1, 2, 2, 3, 5))))))

    def _keys(self, pick: float, terminal: Terminal) -> str:
        choose = self._random.choice
        if pick < 0.5:
            return choose((*_KEYS, *_MORE))
        if pick < 0.82:
            return choose(_LETTERS)
        if pick < 0.92:
            return f":{self._line()}\r"
        if pick < 0.97:
            x, y = self._random.randint(1, terminal.screen.columns), self._random.randint(1, terminal.screen.lines)
            button = choose((0, 0, 0, 2, 64, 65))
            return f"\x1b[<{button};{x};{y}M" + (f"\x1b[<{button};{x};{y}m" if button < 64 else "")
        if pick < 0.985:
            return f"\x1b[200~{choose((*_PASTES, self._line()))}\x1b[201~"
        return choose("123456iq")


def reports(folder: Path) -> list[str]:
    """What the program itself calls an error that it did not expect."""
    return [path.read_text() for path in folder.rglob("error-*.txt")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs some seeds, each for its share of the time; prints what they found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(1, 11))
    parser.add_argument("--minutes", type=float, default=30.0, help="for all seeds together")
    options = parser.parse_args(arguments)
    found = 0
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
            opened: list[Terminal] = []
            monkey = Monkey(seed, opener(Path(name), opened))
            stack.callback(lambda opened=opened: [terminal.close() for terminal in opened])
            monkey.run(10**9, time.monotonic() + 60 * options.minutes / len(options.seeds))
            faults = [*monkey.faults, *reports(Path(name))]
            print(f"seed {seed}: {monkey.strokes:,} strokes, {len(opened)} starts, {len(faults)} faults", flush=True)
            print("\n".join(faults), end="\n" if faults else "", flush=True)
            found += len(faults)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
