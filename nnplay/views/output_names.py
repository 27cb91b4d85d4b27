"""What the numbers of a network's answer stand for: classes, or of a grid of places four distances and classes."""

from __future__ import annotations

from typing import Final

from nnplay.training.trainer import Trainer
from nnplay.views.asked_answer import has_answers
from nnplay.views.data_form import one_class_per_row

#: From the middle of a place to the sides of its box.
_DISTANCES: Final = ("to the left", "to the top", "to the right", "to the bottom")


def name_outputs(trainer: Trainer) -> tuple[str, ...]:
    """A name for each number that the last layer gives; none where they have none."""
    classes = trainer.split.class_names
    if trainer.loss.record.name == "single_shot":
        names = (*_DISTANCES, *classes)
    else:
        names = classes if has_answers(trainer) and one_class_per_row(trainer) else ()
    return names if len(names) == trainer.plan.output_shape[-1] else ()
