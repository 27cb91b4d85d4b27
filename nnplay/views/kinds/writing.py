"""Text that a network writes, going on from an example."""

from __future__ import annotations

from dataclasses import dataclass

from nnplay.data.corpus.vocabulary import PARAGRAPH
from nnplay.training.trainer import Trainer
from nnplay.training.writing.sampling import go_on, text_vocabulary, writes_text
from nnplay.training.writing.token_choice import TokenChoice
from nnplay.views.rows import shown_part
from nnplay.views.view import Asked, Output, View

#: Tokens that are written, by what they are: about as many letters of each.
_TOKENS = {"characters": 60, "words": 20, "byte_pairs": 30}


@dataclass(frozen=True, slots=True)
class Writing(Output):
    """What the network writes when it goes on from `start` token by token."""

    start: str
    text: str


def make_writing(trainer: Trainer, asked: Asked) -> Writing:
    """What the network writes after the tokens of an example; the same row is always drawn with the same seed."""
    row = asked.item
    vocabulary = text_vocabulary(trainer)
    given = [int(token) for token in shown_part(trainer).x[row]]
    written = go_on(trainer, given, _TOKENS[vocabulary.unit], TokenChoice(), seed=row)
    start, whole = vocabulary.decode(given), vocabulary.decode([*given, *written])
    return Writing(start.replace("\n", PARAGRAPH), whole[len(start) :].replace("\n", PARAGRAPH))


WRITING = View(
    "writing",
    Writing,
    writes_text,
    make_writing,
    item="example",
    order=1,
    about="Text that the network writes by itself.",
)
