"""Occlusion: how far an answer falls when a part of the input is covered (Zeiler and Fergus, 2014)."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.asked_answer import answer_places
from nnplay.views.attribution import Attribution, Question, ask, attribute, can_ask
from nnplay.views.data_form import image_shape
from nnplay.views.input_form import input_form
from nnplay.views.view import Asked, View
from nnplay.views.worst_example import find_worst_example

Array = NDArray[Any]
#: Multiply-adds that all covered copies may cost.
_COST: Final = 1.5e8
_MOST: Final = 600
_LEAST: Final = 16
#: A window is this share of the shorter side.
_SHARE: Final = 8
_SMALLEST: Final = 2


def make_occlusion(trainer: Trainer, asked: Asked) -> Attribution:
    """F(x) − F(x with a part covered), for each column, step or token, and averaged over windows for each pixel."""
    question = ask(trainer, asked)
    afford = max(_LEAST, min(_MOST, int(_COST / max(1, trainer.plan.multiply_adds))))
    if input_form(trainer) == "picture" and image_shape(trainer)[0]:
        values, size = cover_windows(question, image_shape(trainer), afford)
        note = f"windows of {size}×{size} covered with 0"
    else:
        fill = trainer.split.train.x.mean(axis=0) if input_form(trainer) == "columns" else 0.0
        values = cover_parts(question, fill, afford)
        column = "each column at its mean" if input_form(trainer) == "columns" else "each part covered with 0"
        note = f"{column}, one after the other"
    head = f"how far the output for {question.answer.name} falls without"
    return attribute(trainer, asked, question, head, values, signed=True, notes=(note,))


def cover_parts(question: Question, fill: Any, afford: int) -> Array:
    """The fall for each part along the first axis, shared among its numbers; neighbours together where there are many.

    Args:
        fill: what covers a part, in the shape of the input or one number.
    """
    given = question.given[0]
    width = -(-len(given) // afford)
    firsts = range(0, len(given), width)
    copies = np.repeat(question.given, len(firsts), axis=0)
    covers = np.broadcast_to(np.asarray(fill, copies.dtype), given.shape)
    for copy, first in zip(copies, firsts, strict=True):
        copy[first : first + width] = covers[first : first + width]
    falls = _falls(question, copies)
    whole = np.repeat(falls / width, width)[: len(given)]
    share = whole / math.prod(given.shape[1:])
    return np.broadcast_to(share.reshape(-1, *(1,) * (given.ndim - 1)), given.shape)


def cover_windows(question: Question, shape: tuple[int, int, int], afford: int) -> tuple[Array, int]:
    """The fall for each pixel (h, w), on average over the windows that cover it, and the size of those windows."""
    tall, broad, _ = shape
    size = min(tall, broad, max(_SMALLEST, min(tall, broad) // _SHARE))
    stride = next(step for step in range(1, size + max(tall, broad)) if _count(shape, size, step) <= afford)
    size = max(size, stride)
    places = [(y, x) for y in _starts(tall, size, stride) for x in _starts(broad, size, stride)]
    copies = np.repeat(question.given, len(places), axis=0)
    for copy, (y, x) in zip(copies.reshape(-1, *shape), places, strict=True):
        copy[y : y + size, x : x + size] = 0.0
    falls = _falls(question, copies)
    total, covers = np.zeros((tall, broad)), np.zeros((tall, broad))
    for fall, (y, x) in zip(falls.tolist(), places, strict=True):
        total[y : y + size, x : x + size] += fall
        covers[y : y + size, x : x + size] += 1
    return total / covers, size


def _falls(question: Question, copies: Array) -> Array:
    """How far the answer falls for each covered copy (N,)."""
    scores = question.score(np.concatenate([question.given, copies]))
    return np.asarray(scores[0] - scores[1:])


def _starts(length: int, size: int, stride: int) -> list[int]:
    """Where windows begin: every so many pixels, the last one at the edge."""
    return sorted({*range(0, length - size, stride), length - size})


def _count(shape: tuple[int, int, int], size: int, stride: int) -> int:
    size = max(size, stride)
    if size > min(shape[:2]):
        return 1
    return len(_starts(shape[0], size, stride)) * len(_starts(shape[1], size, stride))


OCCLUSION = View(
    "occlusion",
    Attribution,
    can_ask,
    make_occlusion,
    item="example",
    places=answer_places,
    place="answer",
    find_worst=find_worst_example,
    about="How far the answer falls when a part of the input is covered.",
    group="why",
    order=3,
)
