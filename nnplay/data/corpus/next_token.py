"""Windows into a text, for learning which token comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.corpus.options import TextOptions
from nnplay.data.corpus.vocabulary import Vocabulary, make_vocabulary
from nnplay.data.csv.advice import advice
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.text import clean, counted

#: Each part of the data needs a row, and training a few.
_FEWEST_ROWS: Final = 10
#: Tokens that a note shows.
_SHOWN: Final = 10
#: A token of this many characters is a long one, in the mean: so much of a text is read.
CHARACTERS: Final = {"characters": 1, "words": 8, "byte_pairs": 5}


def most_characters(options: TextOptions) -> int:
    """How many characters are read at most."""
    return options.max_windows * (options.context + 1) * CHARACTERS[options.unit]


def next_token_data(text: str, options: TextOptions, *, name: str, where: str, notes: Sequence[str]) -> Dataset:
    """Tokens (context,), and the token after each of them (context,).

    The windows lie one behind the other and share no token, not even the one that is only to be answered; as the parts
    are cut in one piece each, none is tested on what another was trained on.

    Raises:
        InputError: the text is too short.
    """
    report(0, 3, "characters counted")
    vocabulary = make_vocabulary([text], options.unit, options.vocabulary, lower=options.lower)
    report(1, 3, "text cut into tokens")
    if len(vocabulary.tokens) == 1:
        only = clean(vocabulary.names[0], 20)
        raise InputError(f"has only the token '{only}': there is nothing to learn", where=where)
    tokens = vocabulary.encode(text)
    stride = options.context + 1
    rows = min(len(tokens) // stride, options.max_windows)
    if rows < _FEWEST_ROWS:
        unit = options.unit.replace("_", " ")
        what = f"is too short: {len(tokens):,} {unit} are {counted(rows, 'window')} of {options.context} and one more"
        shorter = len(tokens) // _FEWEST_ROWS - 1
        hint = f"use {advice('context', shorter)}" if shorter > 1 else f"at least {3 * _FEWEST_ROWS} tokens are needed"
        raise InputError(what, where=where, hint=hint)
    report(2, 3, "windows cut")
    windows = tokens[: rows * stride].reshape(rows, stride)
    return Dataset(
        windows[:, :-1].astype(np.float32),
        windows[:, 1:].astype(np.int64),
        name=name,
        class_names=vocabulary.names,
        vocabulary=vocabulary,
        sequential=True,
        notes=(*notes, describe(vocabulary, tokens, "the text")),
    )


def describe(vocabulary: Vocabulary, tokens: NDArray[Any], what: str) -> str:
    """How texts became numbers, with the commonest tokens (T,), in a sentence."""
    unit = vocabulary.unit.replace("_", " ")
    small = ", capitals as small letters" if vocabulary.lower else ""
    counts = np.bincount(tokens.astype(np.int64).ravel(), minlength=len(vocabulary.tokens))
    counts[: vocabulary.special] = 0
    common = [clean(vocabulary.names[number], 20) for number in np.argsort(-counts, kind="stable")[:_SHOWN]]
    words = " ".join("(blank)" if name == " " else name for name in common)
    count = len(vocabulary.tokens) - vocabulary.special
    return f"{what}: {int(counts.sum()):,} {unit}{small}; {count:,} are told apart (the vocabulary: {words} …)"
