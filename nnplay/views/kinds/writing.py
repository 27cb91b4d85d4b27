"""Text that a network of letters writes, going on from an example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnplay.training.sampling import PARAGRAPH, sample_text
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_classes, image_shape, one_class_per_row, plane_inputs
from nnplay.views.rows import shown_part
from nnplay.views.view import Output, View

_LETTERS = 60
_SEEN_ROWS = 16
_TEMPERATURE = 0.8


@dataclass(frozen=True, slots=True)
class Writing(Output):
    """What the network writes when it goes on from `start` letter by letter."""

    start: str
    text: str


def suits(trainer: Trainer) -> bool:
    """A network of letters; two numbers are a place on a plane, and a square of many a picture, sooner than a text."""
    drawn = one_class_per_row(trainer) and (plane_inputs(trainer) == 2 or image_shape(trainer)[0])
    return has_classes(trainer) and not drawn and writes_letters(trainer)


def writes_letters(trainer: Trainer) -> bool:
    """Whether the network says which letter comes next."""
    names, shape = trainer.split.class_names, trainer.split.feature_shape
    fits = trainer.plan.output_shape in ((len(names),), (*shape, len(names)))
    letters = len(names) > 1 and all(len(name) == 1 and not name.isdigit() for name in names)
    return len(shape) == 1 and fits and letters and _takes_tokens(trainer, len(names))


def _takes_tokens(trainer: Trainer, kinds: int) -> bool:
    """Whether the inputs are numbers of letters, rather than the columns of a table with classes of one letter."""
    seen = trainer.split.train.x[:_SEEN_ROWS]
    names = trainer.split.train.columns
    return not names and bool(np.all(seen == np.floor(seen)) and np.all((seen >= 0) & (seen < kinds)))


def make_writing(trainer: Trainer, row: int) -> Writing:
    """What the network writes after the letters of an example; the same row is always drawn with the same seed."""
    names = trainer.split.class_names
    letters = "".join(names[int(token)] for token in shown_part(trainer).x[row]).replace(PARAGRAPH, "\n")
    written = sample_text(trainer, letters, _LETTERS, _TEMPERATURE, seed=row)
    return Writing(letters.replace("\n", PARAGRAPH), written[len(letters) :].replace("\n", PARAGRAPH))


WRITING = View("writing", Writing, suits, make_writing, item="example", order=1)
