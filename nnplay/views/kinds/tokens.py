"""One example of symbols, with what is wanted and what is answered at each place, or once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnplay.training.trainer import Trainer
from nnplay.views.chances import Chance, likeliest_classes
from nnplay.views.data_form import has_classes, has_symbols
from nnplay.views.rows import decide_classes, shown_part
from nnplay.views.symbols import name_symbols
from nnplay.views.view import Asked, Output, View
from nnplay.views.worst_example import find_worst_example


@dataclass(frozen=True, slots=True)
class Tokens(Output):
    """One example of symbols: what is seen, what is wanted and what is answered, each at each place or once."""

    seen: tuple[str, ...]
    true: tuple[str, ...]
    predicted: tuple[str, ...]
    chances: tuple[Chance, ...] = ()


def suits(trainer: Trainer) -> bool:
    """Symbols in, classes out, once or at each place (a class for each pixel is a mask)."""
    return has_classes(trainer) and trainer.split.train.y.ndim < 3 and has_symbols(trainer)


def make_tokens(trainer: Trainer, asked: Asked) -> Tokens:
    """One example of symbols, with what is wanted and what is answered at each place, or once."""
    row = asked.item
    part, names = shown_part(trainer), trainer.split.class_names
    answer = trainer.answers(part.x[row : row + 1])
    seen = name_symbols(part.x[row], part)
    predicted = np.atleast_1d(decide_classes(trainer, answer)[0])
    true = np.atleast_1d(part.y[row])
    chances = likeliest_classes(trainer, answer[0]) if part.y.ndim == 1 else ()
    return Tokens(seen, tuple(names[int(k)] for k in true), tuple(names[int(k)] for k in predicted), chances)


TOKENS = View(
    "symbols",
    Tokens,
    suits,
    make_tokens,
    item="example",
    find_worst=find_worst_example,
    about="One sequence of symbols, with the answer to each.",
)
