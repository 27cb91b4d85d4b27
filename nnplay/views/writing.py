"""Text that a network of letters writes, going on from an example."""

from __future__ import annotations

import numpy as np

from nnplay.training.sampling import PARAGRAPH, sample_text
from nnplay.training.trainer import Trainer
from nnplay.views.answers import Writing
from nnplay.views.rows import part_of

_LETTERS = 60
_SEEN_ROWS = 16
_TEMPERATURE = 0.8


def writes(trainer: Trainer) -> bool:
    """Whether the network says which letter comes next."""
    names, shape = trainer.split.class_names, trainer.split.feature_shape
    fits = trainer.plan.output_shape in ((len(names),), (*shape, len(names)))
    letters = len(names) > 1 and all(len(name) == 1 and not name.isdigit() for name in names)
    return len(shape) == 1 and fits and letters and _are_tokens(trainer, len(names))


def _are_tokens(trainer: Trainer, kinds: int) -> bool:
    """Whether the inputs are numbers of letters, rather than the columns of a table with classes of one letter."""
    seen = trainer.split.train.x[:_SEEN_ROWS]
    names = trainer.split.train.columns
    return not names and bool(np.all(seen == np.floor(seen)) and np.all((seen >= 0) & (seen < kinds)))


def writing(trainer: Trainer, row: int) -> Writing:
    """What the network writes after the letters of an example; the same row is always drawn with the same seed."""
    names = trainer.split.class_names
    letters = "".join(names[int(token)] for token in part_of(trainer).x[row]).replace(PARAGRAPH, "\n")
    written = sample_text(trainer, letters, _LETTERS, _TEMPERATURE, seed=row)
    return Writing(letters.replace("\n", PARAGRAPH), written[len(letters) :].replace("\n", PARAGRAPH))
