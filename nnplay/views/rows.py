"""Which rows are shown: those of the validation part, no more than can be worked out in a moment."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.split import Split
from nnplay.text import counted
from nnplay.training.trainer import Trainer

Array = NDArray[Any]
MOST_ROWS: Final = 2_000
_LEAST_ROWS: Final = 32
#: Multiply-adds that one picture may cost: some hundredths of a second, during which the training waits.
_COST: Final = 3e8
#: Numbers of training rows that are looked at to see where inputs lie.
_SEEN: Final = 400_000


def shown_part(trainer: Trainer) -> Dataset:
    """The validation rows, or the training rows where there are none."""
    return trainer.split.validation or trainer.split.train


def name_part(trainer: Trainer, held_out: bool) -> str:
    """Whose rows are scored: "validation", or "test" if those are asked for; "training" where there are no others."""
    if held_out and trainer.split.test is not None:
        return "test"
    return "training" if trainer.split.validation is None else "validation"


def count_rows(trainer: Trainer) -> int:
    """How many of them are looked at together."""
    return min(len(shown_part(trainer)), MOST_ROWS, afford_rows(trainer))


def afford_rows(trainer: Trainer) -> int:
    """How many rows the network can answer in a moment."""
    return max(_LEAST_ROWS, int(_COST / max(1, trainer.plan.multiply_adds)))


def spread_rows(total: int, count: int) -> NDArray[np.int64]:
    """Numbers of so many rows out of all, evenly spread: the first ones may be of a few classes only."""
    return np.unique(np.linspace(0, total - 1, max(1, min(total, count))).round().astype(np.int64))


def seen_inputs(trainer: Trainer) -> Array:
    """Training rows that say where inputs lie: evenly spread, and fewer where they are large."""
    x = trainer.split.train.x
    return x[spread_rows(len(x), min(MOST_ROWS, max(_LEAST_ROWS, _SEEN // x[0].size)))]


def count_drawn(split: Split) -> int:
    """How many training rows there are besides those that were drawn from them."""
    return len(split.train) // (1 + (split.augmentation.copies if split.augmentation else 0))


def describe_rows(trainer: Trainer, count: int | None = None) -> str:
    """Which rows those are: "150 validation rows", or of the first ones "765 of 1,000 validation rows".

    Args:
        count: how many of them, where fewer are looked at than could be.
    """
    part = shown_part(trainer)
    count = count_rows(trainer) if count is None else count
    every = counted(len(part), f"{'training' if trainer.split.validation is None else 'validation'} row")
    return every if count == len(part) else f"{count:,} of {every}"


def predict_rows(trainer: Trainer) -> tuple[Array, Array, Array]:
    """Inputs, targets and the network's answers of those rows."""
    part, count = shown_part(trainer), count_rows(trainer)
    x, y = part.x[:count], part.y[:count]
    return x, y, trainer.answers(x)


def decide_classes(trainer: Trainer, answers: Array) -> NDArray[np.int64]:
    """Class labels for answers; for runs with classes only."""
    if trainer.form.decide is None:
        raise ValueError("this run has no classes")
    return trainer.form.decide(answers)


def raw_inputs(trainer: Trainer, part: Dataset) -> Array:
    """Inputs of a part of the data before scaling and derived features."""
    if part.raw is not None:
        return np.asarray(part.raw)
    return trainer.split.scaler.inverse(part.x)
