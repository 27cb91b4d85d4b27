"""How a run is watched: one living line on a terminal, a few plain lines elsewhere, nothing for scripts."""

from __future__ import annotations

import math
import os
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from nnplay.memory_budget import size_text
from nnplay.text import counted, figure, percent

if TYPE_CHECKING:
    from nnplay.training.trainer import Trainer

_FRAME: Final = 0.1  # seconds between drawings
_BAR: Final = 20
_SHOWN: Final = ("loss", "train_loss", "validation_loss", "validation_accuracy")
#: Plain lines of a run, about.
LINES: Final = 10


class Watcher(Protocol):
    """Told how far a run has come."""

    def compiling(self, done: int, total: int, name: str) -> None:
        """A kernel was compiled."""

    def reading(self, done: int, total: int, what: str) -> None:
        """So many of the bytes, rows or columns of the data were read."""

    def downloading(self, done: int, total: int, name: str) -> None:
        """So many bytes of a data set are here."""

    def show_progress(self, trainer: Trainer, epochs: int) -> None:
        """Some steps were taken; `epochs` is where the run ends."""

    def milestone(self, trainer: Trainer, epochs: int) -> None:
        """One of the run's regular stops."""

    def show_trials(self, done: int, total: int, words: str) -> None:
        """So many trials of a sweep are done, of those that were asked for so far."""

    def close(self) -> None:
        """Leaves the cursor at the beginning of an empty line."""


def watcher(silent: bool, stream: TextIO | None = None) -> Watcher:
    """The watcher that suits standard output."""
    out = sys.stdout if stream is None else stream
    if silent:
        return Silent()
    return Live(out) if is_terminal(out) else Plain(out)


def is_terminal(stream: TextIO) -> bool:
    """Whether a line on `stream` can be drawn over."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "")


def milestones(epochs: int) -> list[int]:
    """Epochs at which plain lines are printed; the last one always."""
    every = max(1, epochs // LINES)
    return [*range(every, epochs, every), epochs]


class Silent:
    """For scripts: says nothing."""

    def compiling(self, done: int, total: int, name: str) -> None:
        """Nothing."""

    def reading(self, done: int, total: int, what: str) -> None:
        """Nothing."""

    def downloading(self, done: int, total: int, name: str) -> None:
        """Nothing."""

    def show_progress(self, trainer: Trainer, epochs: int) -> None:
        """Nothing."""

    def milestone(self, trainer: Trainer, epochs: int) -> None:
        """Nothing."""

    def show_trials(self, done: int, total: int, words: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Plain(Silent):
    """For files and pipes: about ten lines a run, without control characters."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._tenths = 0

    def compiling(self, done: int, total: int, name: str) -> None:
        """One line at the end."""
        if done == total:
            from nnplay.kernels.compile import library

            kept = " (only this once; they are kept)" if library.kept() else ""
            print(f"compiled {counted(total, 'kernel')}{kept}", file=self.stream, flush=True)

    def milestone(self, trainer: Trainer, epochs: int) -> None:
        """Epoch and losses."""
        print(f"epoch {trainer.epoch:,}/{epochs:,}  {losses(trainer)}", file=self.stream, flush=True)

    def downloading(self, done: int, total: int, name: str) -> None:
        """A line for each tenth of the bytes."""
        self._print_tenths(done, total, f"{name}  {size_text(done)} of {size_text(total)}")

    def show_trials(self, done: int, total: int, words: str) -> None:
        """A line for each tenth of the trials."""
        self._print_tenths(done, total, f"trial {done:,}/{total:,}  {words}")

    def _print_tenths(self, done: int, total: int, line: str) -> None:
        tenths = done * LINES // max(1, total)
        if tenths > self._tenths:
            self._tenths = tenths
            print(line, file=self.stream, flush=True)


class Live(Silent):
    """For terminals: one line, drawn over at most ten times a second."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.drawn = -1.0
        self.shown = self.gone = False
        self.full, self.rest = ("━", "─") if _can_say("━─", stream) else ("#", "-")

    def compiling(self, done: int, total: int, name: str) -> None:
        """A bar of kernels."""
        short = name.removeprefix("nnplay.")
        self._draw(f"compiling kernels {self._bar(done / total)} {done}/{total}  {short}", now=done == total)

    def reading(self, done: int, total: int, what: str) -> None:
        """A bar of what was read."""
        share = done / max(1, total)
        self._draw(f"reading {what} {self._bar(share)} {percent(share, 0)}")

    def downloading(self, done: int, total: int, name: str) -> None:
        """A bar of bytes."""
        share = done / max(1, total)
        self._draw(f"{name} {self._bar(share)} {size_text(done)} of {size_text(total)}", now=done == total)

    def show_progress(self, trainer: Trainer, epochs: int) -> None:
        """A bar of epochs, speed, time to go and losses."""
        if time.monotonic() - self.drawn < _FRAME:
            return
        whole = max(1, epochs * trainer.batches)
        rate = trainer.step / max(trainer.seconds, 1e-9)
        left = max(0, whole - trainer.step) / max(rate, 1e-9)
        parts = (
            f"epoch {trainer.epoch:,}/{epochs:,} {self._bar(trainer.step / whole)}",
            f"{_rate(rate)} steps/s",
            f"{_clock(left)} left",
            losses(trainer, short=True),
        )
        self._draw("  ".join(parts))

    def show_trials(self, done: int, total: int, words: str) -> None:
        """A bar of trials."""
        self._draw(f"trial {done:,}/{total:,} {self._bar(done / max(1, total))}  {words}")

    def close(self) -> None:
        """Takes the line away."""
        if self.shown:
            self._write("\r\x1b[K")
            self.shown = False

    def _write(self, text: str) -> None:
        """Sends text; a terminal that is gone ends the run as its hang-up signal does, perhaps later or never."""
        if self.gone:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            self.gone = True
            os.kill(os.getpid(), signal.SIGHUP)

    def _bar(self, share: float) -> str:
        count = round(min(1.0, share) * _BAR)
        return self.full * count + self.rest * (_BAR - count)

    def _draw(self, line: str, now: bool = False) -> None:
        time_now = time.monotonic()
        if not now and time_now - self.drawn < _FRAME:
            return
        self.drawn = time_now
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r\x1b[K{line[:width]}")
        self.shown = True


def losses(trainer: Trainer, short: bool = False) -> str:
    """The newest losses, and the validation accuracy where there is one; of a game what it has come to."""
    history, players = trainer.history, trainer.players
    newest = {name: float(history[name].last[-1]) for name in _SHOWN if name in history}
    if "train_loss" in newest:
        del newest["loss"]
    if players.target is not None:
        newest.pop("validation_accuracy", None)
    shown = [f"{players.call_number(name, short=short)} {_number(name, value)}" for name, value in newest.items()]
    shown += [f"{item.name} {figure(_newest(trainer, item.name), 4)}" for item in players.updates]
    return "  ".join(shown)


def _newest(trainer: Trainer, objective: str) -> float:
    """The newest loss of an objective beside the run's own; NaN where there is none yet."""
    name = f"{objective}_loss"
    return float(trainer.history[name].last[-1]) if name in trainer.history else math.nan


def _number(name: str, value: float) -> str:
    return percent(value, 1) if name == "validation_accuracy" else figure(value, 4)


def _can_say(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _rate(rate: float) -> str:
    return f"{rate / 1000:,.0f} k" if rate >= 10_000 else f"{rate:,.0f}"


def _clock(seconds: float) -> str:
    whole = int(seconds + 0.999)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
