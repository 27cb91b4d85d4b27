"""How text becomes numbers: what may be set, and what a text gets where nothing was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.data.corpus.vocabulary import Unit
from nnplay.data.reading.table_source import ENCODING
from nnplay.fields import choice, fill, integer, text

FIELDS: Final = (
    choice("learn", "auto", "the token that comes next, or the label of a whole text", ("auto", "next", "label")),
    choice("unit", "auto", "what a text is cut into", ("auto", "characters", "words", "byte_pairs")),
    integer("vocabulary", "auto", "tokens that are told apart at most", low=3, high=20_000, choices=("auto",)),
    integer("context", "auto", "tokens that the network sees at once", low=2, high=4096, choices=("auto",)),
    choice("lower", "auto", "capitals read as small letters", ("auto", "yes", "no")),
    integer("max_windows", 20_000, "windows or texts that are read at most", low=10, high=1_000_000),
    text("column", "", "of a table: the column with the texts; else the one with most words"),
    text("target", "", "of a table: the column with the labels; else one called target, label, class or y"),
    ENCODING,
)
_NEXT: Final[Mapping[str, tuple[int, int]]] = {"characters": (200, 64), "words": (2_000, 32), "byte_pairs": (500, 48)}
"""Tokens and context where the next token is learned."""
_LABEL: Final[Mapping[str, int]] = {"characters": 200, "words": 5_000, "byte_pairs": 2_000}


@dataclass(frozen=True, slots=True)
class TextOptions:
    """The same with every choice made but `context`, which depends on the texts where labels are learned (0)."""

    learn: str
    unit: Unit
    vocabulary: int
    context: int
    lower: bool
    max_windows: int
    column: str
    target: str
    encoding: str


def text_options(values: Mapping[str, Any], where: str, *, labelled: bool) -> TextOptions:
    """The options that values amount to.

    Args:
        labelled: whether the texts come with labels.

    Raises:
        InputError: a value that its field refuses.
    """
    given = fill(FIELDS, values, where)
    learn = given["learn"] if given["learn"] != "auto" else "label" if labelled else "next"
    usual: Unit = "words" if learn == "label" else "characters"
    unit: Unit = usual if given["unit"] == "auto" else given["unit"]
    vocabulary, context = _NEXT[unit] if learn == "next" else (_LABEL[unit], 0)
    return TextOptions(
        learn=learn,
        unit=unit,
        vocabulary=vocabulary if given["vocabulary"] == "auto" else given["vocabulary"],
        context=context if given["context"] == "auto" else given["context"],
        lower=learn == "label" or unit == "words" if given["lower"] == "auto" else given["lower"] == "yes",
        max_windows=given["max_windows"],
        column=given["column"],
        target=given["target"],
        encoding=given["encoding"],
    )
