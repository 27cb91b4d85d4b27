"""Which of a network's outputs a question is about: the answer that it gives, or another one by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, has_numbers, one_class_per_row
from nnplay.views.rows import decide_classes

Array = NDArray[Any]
#: More classes or targets than that have no places of their own.
_MOST_NAMED: Final = 64
GIVEN: Final = "the answer given"
LAST_STEP: Final = "the last step"
_COMMONEST: Final = "the most common class"


@dataclass(frozen=True, slots=True)
class Answer:
    """An output, or several added up.

    Attributes:
        direction: what each output counts, in the shape of one row's output: 1 for the one that is asked about.
        name: of the class, target or step.
    """

    direction: Array
    name: str

    def of(self, outputs: Array) -> Array:
        """The asked number of each row (N,) of outputs (N, …)."""
        return np.asarray((outputs.astype(np.float64) * self.direction).reshape(len(outputs), -1).sum(axis=1))


def has_answers(trainer: Trainer) -> bool:
    """Whether single outputs have a meaning: classes, or no more than a few targets."""
    if has_classes(trainer):
        return True
    return has_numbers(trainer) and 0 < len(trainer.split.train.target_names) <= _MOST_NAMED


def answer_places(trainer: Trainer) -> tuple[str, ...]:
    """What can be asked about by name, first what is asked about if nothing is chosen."""
    names = trainer.split.class_names if has_classes(trainer) else trainer.split.train.target_names
    names = names if len(names) <= _MOST_NAMED else ()
    shape = trainer.plan.output_shape
    if not has_classes(trainer):
        return names
    if one_class_per_row(trainer):
        return (GIVEN, *names)
    if len(shape) == 2:
        return (LAST_STEP, *(f"step {step}" for step in range(min(_MOST_NAMED, shape[0]))))
    return (_COMMONEST, *names)


def find_answer(trainer: Trainer, output: Array, place: int) -> Answer:
    """The answer of that place, where a row's output is `output` (…), or what is asked about by default."""
    direction = np.zeros(trainer.plan.output_shape)
    if not has_classes(trainer):
        return _target(trainer, direction, place)
    if one_class_per_row(trainer):
        return _class_of_row(trainer, output, direction, place)
    names = trainer.split.class_names
    if direction.ndim == 2:
        step = direction.shape[0] - 1 if place == 0 else place - 1
        label = int(output[step].argmax())
        direction[step, label] = 1.0
        return Answer(direction, f"{_name(names, label)} at step {step}")
    taken = output.argmax(axis=-1)
    label = place - 1 if place else _commonest(taken)
    found = taken == label
    direction[..., label] = found / max(1, int(found.sum()))
    return Answer(direction, f"{_name(names, label)}, on average over its pixels")


def _commonest(taken: Array) -> int:
    """The class of most pixels but for the first one, which is the ground wherever there is one."""
    counts = np.bincount(taken.ravel())
    return int(counts[1:].argmax()) + 1 if len(counts) > 1 else 0


def _target(trainer: Trainer, direction: Array, place: int) -> Answer:
    """One target of a regression, the mean of its outputs where a row has one for each step."""
    names = trainer.split.train.target_names
    flat = direction.reshape(-1, len(names)) if direction.size % len(names) == 0 else direction.reshape(-1, 1)
    flat[:, min(place, flat.shape[1] - 1)] = 1.0 / len(flat)
    return Answer(direction, names[place])


def _class_of_row(trainer: Trainer, output: Array, direction: Array, place: int) -> Answer:
    names, flat = trainer.split.class_names, direction.reshape(-1)
    label = place - 1 if place else int(decide_classes(trainer, output[None])[0])
    if flat.size == 1:  # one output for two classes: the first one is its opposite
        flat[0] = 1.0 if label else -1.0
    elif flat.size == len(names):
        flat[label] = 1.0
    else:  # outputs that are no classes, such as thresholds: what all of them come to
        flat[:] = 1.0
        return Answer(direction, "the sum of its outputs")
    return Answer(direction, _name(names, label))


def _name(names: tuple[str, ...], label: int) -> str:
    return names[label] if label < len(names) else str(label)
