"""Calls that no record stands for alone, and the layers or losses that make them up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from tests.conformance import transformer_steps
from tests.conformance.attention_steps import attend_masked
from tests.conformance.question import Question

#: What is compared: its name, our numbers, and those that are wanted.
Compared = Iterable[tuple[str, Any, Any]]
Composition = Callable[[Question], Compared]


def composition_of(path: str) -> Composition | None:
    """What makes up a call; None if it is not known."""
    return next((made for pattern, made in _COMPOSITIONS.items() if re.fullmatch(pattern, path)), None)


def _attention(question: Question) -> Compared:
    """With the scores, where they are asked for."""
    given = dict(question.arguments)
    kept = given.pop("kept", None)
    answer, scores = attend_masked(*question.inputs, **given)
    wanted = question.result()
    if kept is None:
        return [("output", answer, wanted)]
    return [("output", answer, wanted[0]), ("scores", scores[kept], wanted[1])]


_COMPOSITIONS: Final[dict[str, Composition]] = {
    r"masked attention": _attention,
    r"nn\.MultiheadAttention": transformer_steps.attention,
    r"nn\.TransformerEncoder(Layer)?": transformer_steps.encoder,
    r"nn\.TransformerDecoderLayer": transformer_steps.decoder_layer,
    r"nn\.Transformer": transformer_steps.transformer,
}
