"""Classes that a network decides for: confusion matrix with the worst mistakes, and pictures with answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.training.metrics import confusion_matrix
from nnplay.training.trainer import Trainer
from nnplay.views.answers import Chance, Confusion, Images
from nnplay.views.pixels import as_image, image_shape
from nnplay.views.rows import answered, decided

Array = NDArray[Any]
_WORST = 8
_MOST_IMAGES = 64
_MOST_CHANCES = 6


def chances(trainer: Trainer, answer: Array) -> tuple[Chance, ...]:
    """The likeliest classes of one row's answer (classes,), where the loss gives probabilities."""
    if trainer.form.probabilities is None:
        return ()
    sure = np.asarray(trainer.form.probabilities(answer[None]))[0]
    names = trainer.split.class_names
    return tuple((names[k], float(sure[k])) for k in np.argsort(-sure, kind="stable")[:_MOST_CHANCES].tolist())


def confusion(trainer: Trainer) -> Confusion:
    """Who is taken for whom; positions of a sequence and pixels of a mask count one by one."""
    _, y, answers = answered(trainer)
    predicted, labels = decided(trainer, answers), trainer.split.class_names
    matrix = confusion_matrix(y, predicted, len(labels))
    if y.ndim > 1:
        return Confusion(matrix, labels, _most_confused(matrix, labels))
    sure = trainer.form.probabilities(answers) if trainer.form.probabilities else None
    return Confusion(matrix, labels, _worst_mistakes(y, predicted, sure, labels))


def _most_confused(matrix: Array, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The pairs of classes that are most often mixed up."""
    wrong = matrix * (1 - np.eye(len(labels), dtype=np.int64))
    pairs = [divmod(int(flat), len(labels)) for flat in np.argsort(-wrong, axis=None, kind="stable")[:_WORST]]
    return tuple(
        f"{wrong[true, said]:,} times '{labels[said]}' for '{labels[true]}'"
        for true, said in pairs
        if wrong[true, said]
    )


def _worst_mistakes(y: Array, predicted: Array, sure: Array | None, labels: tuple[str, ...]) -> tuple[str, ...]:
    wrong = np.flatnonzero(predicted != y)
    if sure is None:
        return tuple(f"row {row}: {labels[predicted[row]]}, is {labels[y[row]]}" for row in wrong[:_WORST])
    doubt = sure[wrong, y[wrong].astype(np.int64)]
    return tuple(
        f"row {row}: {labels[said]} ({sure[row, said]:.0%}), is {labels[true]} ({sure[row, true]:.0%})"
        for row, said, true in ((row, predicted[row], y[row]) for row in wrong[np.argsort(doubt)][:_WORST])
    )


def images(trainer: Trainer, first: int) -> Images:
    """Pictures from the one with number `first` on, mistakes before the others."""
    x, y, answers = answered(trainer)
    predicted, labels = decided(trainer, answers), trainer.split.class_names
    wrong = predicted != y
    order = np.argsort(~wrong, kind="stable")[first : first + _MOST_IMAGES]
    shape = image_shape(trainer)
    return Images(
        np.stack([as_image(x[row], shape) for row in order]),
        tuple(labels[int(label)] for label in y[order]),
        tuple(labels[int(label)] for label in predicted[order]),
        int(wrong.sum()),
    )
