"""The losses of a run as the rules look at them: smoothed, so that one odd batch is no finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.curves.history import Curve, History
from nnplay.training.numbers import label

Floats = NDArray[np.float64]
#: Epochs from which on the means of epochs are looked at, and the most of them.
_FEW_EPOCHS: Final = 8
#: Points that a trend is taken over, and the most into which steps are gathered before that.
WINDOW: Final = 20
#: A fall that is still one, and the correlation with time below which it is steady.
_SLOWEST: Final = 0.002
_LINE: Final = -0.8
#: Rows whose mean loss tells where a run began.
_TELLING_ROWS: Final = 16
#: Batches in one value of a curve from which on its smallest one says nothing about the first.
_MANY_BATCHES: Final = 16


@dataclass(frozen=True, slots=True)
class Series:
    """Values over steps.

    Attributes:
        steps: (n,) ascending.
        values: (n,)
    """

    steps: NDArray[np.int64]
    values: Floats

    def __len__(self) -> int:
        return len(self.steps)

    def tail(self, count: int) -> Series:
        """The newest `count` values."""
        return Series(self.steps[-count:], self.values[-count:])


@dataclass(frozen=True, slots=True)
class Losses:
    """The training loss: means of epochs, or of runs of steps while there are few epochs.

    Attributes:
        all: the smoothed loss over the whole run.
        per_epoch: whether a value stands for an epoch.
        first: the loss of the initial weights, as far as the history remembers it.
        best: the smallest smoothed loss.
    """

    all: Series
    per_epoch: bool
    first: float
    best: float

    def until(self, step: int) -> Losses:
        """The losses up to a step, as the rules looked at them then."""
        kept = self.all.steps <= step
        values = self.all.values[kept]
        best = float(values.min()) if len(values) else float("nan")
        return replace(self, all=Series(self.all.steps[kept], values), best=best)

    @property
    def label(self) -> str:
        """What the newest value is called: it is that of an epoch, or a mean of batches."""
        return label("train_loss" if self.per_epoch else "loss")

    @property
    def now(self) -> float:
        """The newest value."""
        return float(self.all.values[-1]) if len(self.all) else float("nan")

    @property
    def recent(self) -> Series:
        """What a trend is taken over: the newest values."""
        return self.all.tail(WINDOW)

    @property
    def long_enough(self) -> bool:
        """Whether there is enough to speak of a trend."""
        return len(self.all) >= WINDOW

    @property
    def fall(self) -> float:
        """The share by which the newer half of the recent values lies below the older half (negative: above)."""
        values = self.recent.values
        half = len(values) // 2
        older, newer = float(values[:half].mean()), float(values[half:].mean())
        return (older - newer) / abs(older) if older else 0.0

    @property
    def span(self) -> tuple[float, float]:
        """The loss before and after the recent fall: the oldest and newest value, or the mean of each half where it is
        uneven."""
        values = self.recent.values
        half = len(values) // 2
        if self.uneven:
            return float(values[:half].mean()), float(values[half:].mean())
        return float(values[0]), float(values[-1])

    @property
    def uneven(self) -> bool:
        """Whether single values hide the recent fall: the newest one is not below the oldest."""
        values = self.recent.values
        return bool(values[-1] >= values[0])

    @property
    def steady(self) -> bool:
        """Whether the recent values fall all the time, however slowly: they nearly lie on a falling line."""
        values = self.recent.values
        if len(values) < 3 or self.fall < _SLOWEST or not values.std():
            return False
        return float(np.corrcoef(np.arange(len(values)), values)[0, 1]) < _LINE

    @property
    def window(self) -> int:
        """Steps that the recent values span."""
        steps = self.recent.steps
        return int(steps[-1] - steps[0]) if len(steps) else 0


def read_series(history: History, name: str, since: int = 0) -> Series:
    """A curve of the history after a step; empty where there is none. Values that are not finite are left out."""
    curve = history[name].since(since) if since else history[name]
    values = curve.last.astype(np.float64)
    finite = np.isfinite(values)
    return Series(curve.steps[finite], values[finite])


def smooth_losses(history: History, batch_rows: int, since: int = 0) -> Losses:
    """The smoothed training loss of a run after a step, trained in batches of so many rows."""
    epochs, steps = read_series(history, "train_loss", since), read_series(history, "loss", since)
    per_epoch = len(epochs) >= _FEW_EPOCHS
    chosen = epochs if per_epoch else _average_runs(steps)
    values = chosen.values
    best = float(values.min()) if len(values) else float("nan")
    return Losses(
        chosen, per_epoch, _find_first(history["loss"].since(since) if since else history["loss"], batch_rows), best
    )


def _find_first(curve: Curve, batch_rows: int) -> float:
    """The loss of the first batch (a high rate may have ruined the second); of some, where one has few rows.

    In a long run a value of the curve stands for many batches, over which the loss fell: the first is near the largest.
    """
    many = curve.stride >= _MANY_BATCHES
    count = 1 if many or batch_rows >= _TELLING_ROWS else _TELLING_ROWS // batch_rows
    values = (curve.maximum if many else curve.minimum)[:count]
    return float(values.mean()) if len(values) else float("nan")


def _average_runs(steps: Series) -> Series:
    """Means of `2 · WINDOW` runs of steps of equal length; fewer than 8 steps a run are too noisy to compare."""
    width = max(8, len(steps) // (2 * WINDOW))
    count = len(steps) // width
    used = steps.tail(count * width) if count else Series(steps.steps[:0], steps.values[:0])
    return Series(used.steps[width - 1 :: width], used.values.reshape(-1, width).mean(axis=1))
