"""Saliency: how much an answer moves with each part of the input (Simonyan, Vedaldi and Zisserman, 2013)."""

from __future__ import annotations

import numpy as np

from nnplay.training.trainer import Trainer
from nnplay.views.asked_answer import answer_places
from nnplay.views.attribution import Attribution, ask, attribute, can_ask
from nnplay.views.view import Asked, View
from nnplay.views.worst_example import find_worst_example


def make_saliency(trainer: Trainer, asked: Asked) -> Attribution:
    """|∂ output / ∂ input|: of a pixel its strongest channel, of a token the sum over its embedding."""
    question = ask(trainer, asked)
    head = f"|slope| of the output for {question.answer.name}"
    return attribute(trainer, asked, question, head, np.abs(question.slope), signed=False)


SALIENCY = View(
    "saliency",
    Attribution,
    can_ask,
    make_saliency,
    item="example",
    places=answer_places,
    place="answer",
    find_worst=find_worst_example,
    about="How much the answer would move with each pixel, column or token: the size of its slope.",
    group="why",
    order=1,
)
