"""One example over time: a wave or window of numbers, or symbols with what is answered to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.training.trainer import Trainer
from nnplay.views.answers import Series, Tokens
from nnplay.views.classes import chances
from nnplay.views.forecast import free_running
from nnplay.views.rows import answered, decided, part_of, raw_of

Array = NDArray[Any]
_MOST_LINES = 4
_SEEN_ROWS = 16


def is_sequence(trainer: Trainer) -> bool:
    """Whether an example is a series of steps with some numbers each."""
    return len(trainer.split.feature_shape) == 2


def has_symbols(trainer: Trainer) -> bool:
    """Whether an example is a series of symbols: tokens, or rows of which one number is 1 and the others 0."""
    shape, train = trainer.split.feature_shape, trainer.split.train
    if len(shape) == 1:
        return train.y.ndim == 2 and train.task == "classification" and train.y.shape[1] == shape[0]
    if len(shape) != 2 or shape[1] < 2:
        return False
    seen = train.x[:_SEEN_ROWS]
    return bool(np.all((np.abs(seen - 1) < 0.5).sum(axis=2) == 1) and np.all(np.abs(seen.sum(axis=2) - 1) < 0.5))


def series(trainer: Trainer, row: int) -> Series:
    """One example of numbers over time, with what is wanted and what is answered."""
    part = part_of(trainer)
    answer = trainer.answers(part.x[row : row + 1])
    lines = _lines(raw_of(trainer, part)[row])
    if trainer.form.decide is not None:
        true, said = int(part.y[row]), int(decided(trainer, answer)[0])
        names = trainer.split.class_names
        return Series(lines, names[true], names[said], true == said, chances=chances(trainer, answer[0]))
    return _numbers(trainer, part, row, answer, lines)


def _numbers(
    trainer: Trainer, part: Dataset, row: int, answer: Array, lines: tuple[tuple[str, NDArray[np.float32]], ...]
) -> Series:
    back = trainer.split.scaler.inverse_target
    true = back(part.y[row : row + 1])[0].astype(np.float32)
    given = back(answer.reshape(1, -1))[0].astype(np.float32)
    if len(true) == trainer.split.feature_shape[0] and len(true) > 1:
        return Series(
            (("true", true), ("predicted", given)), "", f"mean error {float(np.abs(given - true).mean()):.4g}"
        )
    continues = len(true) == 1 and len(lines) == 1
    goes_on = free_running(trainer, part, row) if continues else None
    said = " ".join(f"{value:.4g}" for value in given[:_MOST_LINES])
    if goes_on is not None:
        error = float(np.abs(goes_on[1] - goes_on[0]).mean())
        said += f" · {len(goes_on[0])} steps on its own: mean error {error:.3g}"
    return Series(
        lines,
        " ".join(f"{value:.4g}" for value in true[:_MOST_LINES]),
        said,
        next=(float(true[0]), float(given[0])) if continues else None,
        ahead=part.sequel.ahead if part.sequel is not None else 1,
        goes_on=goes_on,
    )


def _lines(values: Array) -> tuple[tuple[str, NDArray[np.float32]], ...]:
    shown = values[:, :_MOST_LINES].astype(np.float32)
    names = ["seen"] if shown.shape[1] == 1 else [f"input {k + 1}" for k in range(shown.shape[1])]
    return tuple((name, np.ascontiguousarray(shown[:, k])) for k, name in enumerate(names))


def tokens(trainer: Trainer, row: int) -> Tokens:
    """One example of symbols, with what is wanted and what is answered at each place, or once."""
    part, names = part_of(trainer), trainer.split.class_names
    answer = trainer.answers(part.x[row : row + 1])
    seen = _symbols(part.x[row], names)
    said = np.atleast_1d(decided(trainer, answer)[0])
    true = np.atleast_1d(part.y[row])
    sure = chances(trainer, answer[0]) if part.y.ndim == 1 else ()
    return Tokens(seen, tuple(names[int(k)] for k in true), tuple(names[int(k)] for k in said), sure)


def _symbols(x: Array, names: tuple[str, ...]) -> tuple[str, ...]:
    """The symbols of one example by the names of the classes, where they are the same, else by their numbers."""
    numbers = x.argmax(axis=1) if x.ndim == 2 else x.astype(np.int64)
    kinds = x.shape[1] if x.ndim == 2 else int(numbers.max(initial=0)) + 1
    fits = kinds == len(names) if x.ndim == 2 else kinds <= len(names)
    return tuple(names[int(number)] if fits else str(int(number)) for number in numbers)


def worst_example(trainer: Trainer) -> int:
    """The row that is missed most: the largest error, the least likely truth, the most wrong places."""
    _, y, answers = answered(trainer)
    if trainer.form.decide is None:
        return int(np.abs(answers.reshape(y.shape) - y).max(axis=1).argmax())
    if y.ndim == 1 and trainer.form.probabilities is not None:
        sure = trainer.form.probabilities(answers)
        return int(sure[np.arange(len(y)), y.astype(np.int64)].argmin())
    wrong = decided(trainer, answers) != y
    return int(wrong.reshape(len(y), -1).sum(axis=1).argmax())
