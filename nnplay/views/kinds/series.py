"""One example of numbers over time: a wave or window, with what is wanted and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.text import counted
from nnplay.training.trainer import Trainer
from nnplay.views.chances import Chance, likeliest_classes
from nnplay.views.data_form import has_numbers, has_symbols, is_sequence, one_class_per_row, plane_inputs
from nnplay.views.forecast import forecast_freely
from nnplay.views.rows import decide_classes, raw_inputs, shown_part
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example

Floats = NDArray[np.float32]
_MOST_LINES = 4


@dataclass(frozen=True, slots=True)
class Series(Output):
    """One example over time.

    Attributes:
        lines: names and values (steps,) of what the network sees, or of what is wanted and what it answers.
        true, predicted: what is wanted and what it answers, as text.
        right: whether the class is right; True for numbers.
        next: true and predicted value of a later step, where the target continues the line.
        ahead: how many steps after the last one seen that is.
        continuation: the values after the last one seen: the true ones, and those of a network that is fed its own
            answers.
        chances: what the network finds likely, the likeliest first.
    """

    lines: tuple[tuple[str, Floats], ...]
    true: str
    predicted: str
    right: bool = True
    next: tuple[float, float] | None = None
    ahead: int = 1
    continuation: tuple[Floats, Floats] | None = None
    chances: tuple[Chance, ...] = ()


def suits(trainer: Trainer) -> bool:
    """Steps with some numbers each, with a quantity or one class to say; symbols are shown as such."""
    if trainer.split.train.waves is not None:  # a spectrum is seen as an image
        return False
    if has_numbers(trainer):
        return is_sequence(trainer) and not plane_inputs(trainer)
    return one_class_per_row(trainer) and is_sequence(trainer) and not has_symbols(trainer)


def make_series(trainer: Trainer, asked: Asked) -> Series:
    """One example of numbers over time, with what is wanted and what is answered."""
    row = asked.item
    part = shown_part(trainer)
    answer = trainer.answers(part.x[row : row + 1])
    lines = _lines(raw_inputs(trainer, part)[row])
    if trainer.form.decide is None:
        return _make_numbers(trainer, part, row, answer, lines)
    true, predicted = int(part.y[row]), int(decide_classes(trainer, answer)[0])
    names, chances = trainer.split.class_names, likeliest_classes(trainer, answer[0])
    return Series(lines, names[true], names[predicted], true == predicted, chances=chances)


def _make_numbers(
    trainer: Trainer, part: Dataset, row: int, answer: NDArray[Any], lines: tuple[tuple[str, Floats], ...]
) -> Series:
    """An example whose target is numbers: the next value, a sum, or a whole series."""
    unscale = trainer.split.scaler.inverse_target
    true = unscale(part.y[row : row + 1])[0].astype(np.float32)
    given = unscale(trainer.form.estimate(answer).reshape(1, -1))[0].astype(np.float32)
    if len(true) == trainer.split.feature_shape[0] and len(true) > 1:
        error = float(np.abs(given - true).mean())
        return Series((("true", true), ("predicted", given)), "", f"mean error {error:.4g}")
    continues = len(true) == 1 and len(lines) == 1
    continuation = forecast_freely(trainer, part, row) if continues else None
    words = " ".join(f"{value:.4g}" for value in given[:_MOST_LINES])
    if continuation is not None:
        error = float(np.abs(continuation[1] - continuation[0]).mean())
        words += f" · {counted(len(continuation[0]), 'step')} from its own predictions: mean error {error:.3g}"
    return Series(
        lines,
        " ".join(f"{value:.4g}" for value in true[:_MOST_LINES]),
        words,
        next=(float(true[0]), float(given[0])) if continues else None,
        ahead=part.continuation.ahead if part.continuation is not None else 1,
        continuation=continuation,
    )


def _lines(values: NDArray[Any]) -> tuple[tuple[str, Floats], ...]:
    """The first inputs of an example (steps, inputs), each as a line with a name."""
    shown = values[:, :_MOST_LINES].astype(np.float32)
    names = ["seen"] if shown.shape[1] == 1 else [f"input {k}" for k in range(shown.shape[1])]
    return tuple((name, np.ascontiguousarray(shown[:, k])) for k, name in enumerate(names))


SERIES = View(
    "over time",
    Series,
    suits,
    make_series,
    item="example",
    find_worst=find_worst_example,
    about="One sequence with the network's answers over time.",
)
