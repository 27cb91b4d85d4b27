"""The line at the top: what is trained, the three counters, the numbers that matter."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nnplay.config import RunConfig
from nnplay.run.snapshot import Snapshot
from nnplay.text import clean
from nnplay.training import numbers
from nnplay.training.players.players import Players
from nnplay.tui.draw import number_text
from nnplay.tui.forms.entry import data_title
from nnplay.tui.widgets.cells import Cells, Row, Run, joined, row_width

_DROPPED = ("seconds", "name", "unsaved", "unit", "device", "batch", "accuracy", "epoch")
"""What goes where there is no room, the least useful first; data, network, state, step, losses and speed stay.

In a game the loss of real rows says less than that of the other player, so it goes before that; and the name of the
network, without its sizes, leaves room for the other parts."""
_DROPPED_LAST = (
    *("failed", "held", "per second", "speed", "kept", "title"),
    *("spaces", "valid", "past", "step", "read only", "train"),
)
"""What goes behind the end of the title, on a very narrow screen: a number that is cut would be another number."""
_LEAST_TITLE, _MOST_TITLE = 8, 40
"""Columns of the names of data and network; the data stand alone where both find no room."""


class HeaderLine(Cells):
    """Numbers of fixed width; parts that find no room are left out, the least useful first, then the title is cut."""

    DEFAULT_CSS = "HeaderLine { height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="header")
        self._snapshot: Snapshot | None = None
        self._data = self._title = self._without_sizes = ""
        self._unsaved, self._read_only = False, False
        self._validates = True
        self._players = Players()

    def set_up(self, settings: RunConfig, sizes: str, network: str = "") -> None:
        """Name data set and network: by its sizes, and in a run with several by its name."""
        self._data = clean(data_title(settings.data.source), _MOST_TITLE)
        self._without_sizes = self._short_title(network) if network else ""
        self._title = self._short_title(f"{network} {sizes}" if network else sizes) or self._without_sizes or self._data
        self._validates = settings.split.validation > 0
        self._players = settings.players
        self.redraw()

    def _short_title(self, network: str) -> str:
        """Data and network, if there is room for both; else nothing."""
        whole = f"{self._data} › {clean(network, 2 * _MOST_TITLE)}"
        return whole if len(whole) <= _MOST_TITLE else ""

    def show(self, snapshot: Snapshot) -> None:
        """Draw these numbers."""
        self._snapshot = snapshot
        self.redraw()

    @property
    def marks(self) -> tuple[bool, bool]:
        """Whether the run is marked as unsaved, and as read-only."""
        return self._unsaved, self._read_only

    def mark(self, unsaved: bool, read_only: bool) -> None:
        """Mark the run as unsaved, or as one that somebody else has open."""
        if (unsaved, read_only) != self.marks:
            self._unsaved, self._read_only = unsaved, read_only
            self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        if self._snapshot is None:
            return ()
        parts = self._parts(self._snapshot)
        real_rows = ("valid",) if self._players.target is not None and self._snapshot.player_losses else ()
        first = ("sizes", *(name for name in _DROPPED if name != "name"), "name") if self._without_sizes else _DROPPED
        for dropped in (*first, *real_rows, "end of title", "players", *_DROPPED_LAST):
            row = joined([run for runs in parts.values() for run in runs])
            excess = row_width(row) - (len(row[-1][0]) - len(row[-1][0].rstrip()) if row else 0) - width
            if excess <= 0:
                break
            if dropped == "sizes":
                parts["title"] = [(f"{self._without_sizes} ", self.look.ink("text"))]
            if dropped == "end of title":
                room = max(_LEAST_TITLE, row_width(tuple(parts["title"])) - excess)
                parts["title"] = [(f"{clean(self._data, room - 1)} ", self.look.ink("text"))]
            if dropped == "spaces":
                parts["step"] = self._counter("step", f"{self._snapshot.step:,} ")
            parts.pop(dropped, None)
        return [joined([run for runs in parts.values() for run in runs])]

    def _parts(self, now: Snapshot) -> dict[str, list[Run]]:
        look, dim = self.look, self.look.ink("dim")
        bar: Run = (look.pick("┃ ", "| "), look.ink("faint"))
        mark = look.pick("▶", ">") if now.running else look.pick("‖", "=")
        digits = len(str(now.batches))
        epoch, batch = numbers.last_taken(now.epoch, now.batch, now.batches)
        return {
            "name": [(" nnplay ", look.ink("accent", bold=True))],
            "title": [(f"{self._title} ", look.ink("text"))],
            "read only": [("read only ", look.ink("warning", bold=True))] if self._read_only else [],
            "mark": [(look.pick("●", "*"), look.ink("warning"))] if self._unsaved else [],
            "unsaved": [(" unsaved ", dim)] if self._unsaved else [],
            "state": [(f" {mark} ", look.ink("accent", bold=True))],
            "epoch": self._counter("epoch", f"{epoch:<5,} "),
            "batch": self._counter("batch", f"{batch:>{digits}}/{now.batches} "),
            "step": self._counter("step", f"{now.step:<8,} "),
            "past": self._past(now),
            "kept": self._kept(now),
            "held": [(f"{clean(', '.join(now.held), 44)} ", look.ink("warning"))] if now.held else [],
            "train": [bar, *self._training_loss(now)],
            "players": self._player_losses(now),
            "valid": self._loss("validation_loss", now.validation_loss, _epochs_scored(now)),
            "accuracy": self._accuracy(now),
            "speed": [bar, (number_text.short(now.steps_per_second), look.ink("text"))],
            "unit": [(" steps", dim)],
            "per second": [("/s", dim)],
            "failed" if now.device.startswith("cpu") else "device": self._device(now),
            "seconds": [(f"  {number_text.duration(now.seconds)}", dim)],
        }

    def _device(self, now: Snapshot) -> list[Run]:
        """What trains, where it is not the processor as usual."""
        if not now.device:
            return []
        return [(f" {clean(now.device, 20)}", self.look.ink("warning" if now.device.startswith("cpu") else "strong"))]

    def _training_loss(self, now: Snapshot) -> list[Run]:
        """The mean of the last epoch, or before there is one the loss of the last batch."""
        since = now.step - now.scored_since
        if math.isnan(now.train_loss) and not _epochs_scored(now):
            return self._loss("loss", now.batch_loss, since)
        return self._loss("train_loss", now.train_loss, since)

    def _player_losses(self, now: Snapshot) -> list[Run]:
        """The newest loss of the objective that plays against the run's own; the curves have those of several."""
        if len(now.player_losses) != 1:
            return []
        ((name, value),) = now.player_losses.items()
        return self._counter(clean(name, 16), f"{'–'.rjust(6) if math.isnan(value) else number_text.loss(value, 6)} ")

    def _accuracy(self, now: Snapshot) -> list[Run]:
        value = now.metrics.get("validation_accuracy", math.nan)
        of_game = self._players.target is not None  # how many real rows pass for real says nothing about a game
        if not math.isfinite(value) or of_game:
            return []
        dim = self.look.ink("dim")
        shown = number_text.percent(value, 8)
        return [(numbers.short("validation_accuracy"), dim), (shown, self.look.ink("strong")), (" ", dim)]

    def _loss(self, name: str, value: float, since: int) -> list[Run]:
        """A loss with its name, or a dash while there cannot be one yet, or ever: where no rows are held out."""
        held_out = name != "validation_loss" or self._validates
        text = "–".rjust(6) if (since == 0 or not held_out) and math.isnan(value) else number_text.loss(value, 6)
        return self._counter(self._players.call_number(name, short=True), f"{text} ")

    def _past(self, now: Snapshot) -> list[Run]:
        """How far the user has gone back in time."""
        if now.running or now.step >= now.latest:
            return []
        return [(f"of {now.latest:,} ", self.look.ink("warning"))]

    def _kept(self, now: Snapshot) -> list[Run]:
        """Which epoch's weights are in place, where those of the best one came back at the end."""
        behind = now.step - now.kept_step
        if now.running or behind <= 0 or not now.kept_step:
            return []
        best = now.epoch - (behind - now.batch) // max(1, now.batches)
        return [(f"weights of epoch {best:,} ", self.look.ink("warning"))]

    def _counter(self, name: str, value: str) -> list[Run]:
        return [(f"{name} ", self.look.ink("dim")), (value, self.look.ink("strong"))]


def _epochs_scored(now: Snapshot) -> int:
    """Epochs that have ended with the network that is there."""
    return now.epoch - now.scored_since // max(1, now.batches)
