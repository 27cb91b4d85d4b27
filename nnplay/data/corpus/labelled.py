"""Whole texts with a label each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nnplay.data.corpus.next_token import describe
from nnplay.data.corpus.options import TextOptions
from nnplay.data.corpus.vocabulary import PADDING, UNKNOWN, make_vocabulary
from nnplay.data.csv.advice import advice
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.errors import InputError
from nnplay.text import clean, counted, percent

#: A context takes in this share of the texts whole, up to so many tokens.
_WHOLE: Final = 95
_LONGEST: Final = 256
_MOST_LABELS: Final = 1000
_FEWEST_TEXTS: Final = 10


def labelled_data(
    texts: Sequence[str],
    labels: Sequence[str],
    options: TextOptions,
    *,
    name: str,
    where: str,
    notes: Sequence[str] = (),
) -> Dataset:
    """Tokens (context,), filled up with padding at the end, and the label of each text (N,).

    Raises:
        InputError: too few texts, or labels that are none.
    """
    names = sorted(set(labels), key=_in_order)
    _refuse_no_labels(texts, names, where)
    vocabulary = make_vocabulary(
        texts, options.unit, options.vocabulary, lower=options.lower, special=(PADDING, UNKNOWN)
    )
    rows = []
    for done, text in enumerate(texts):
        if done % 1000 == 0:
            report(done, len(texts), "texts")
        rows.append(vocabulary.encode(text))
    lengths = np.array([len(row) for row in rows])
    usual = int(np.clip(np.percentile(lengths, _WHOLE), 4, _LONGEST))
    context = options.context or usual
    x = np.zeros((len(rows), context), np.float32)
    for place, row in enumerate(rows):
        x[place, : min(len(row), context)] = row[:context]
    cut = int((lengths > context).sum())
    notes = [*notes, describe(vocabulary, x, counted(len(texts), "text"))]
    if cut:
        share = percent(cut / len(rows), 1)
        way = advice("context", int(lengths.max()))
        notes.append(f"{share} of the texts are longer than {context} tokens and are cut there ({way} takes all)")
    number = {label: place for place, label in enumerate(names)}
    return Dataset(
        x,
        np.array([number[label] for label in labels]),
        name=name,
        class_names=[clean(label) or "(none)" for label in names],
        vocabulary=vocabulary,
        notes=notes,
    )


def _refuse_no_labels(texts: Sequence[str], names: Sequence[str], where: str) -> None:
    if len(texts) < _FEWEST_TEXTS:
        raise InputError(f"holds {counted(len(texts), 'text')}, at least {_FEWEST_TEXTS} are needed", where=where)
    way = f"use {advice('learn', 'next')} to have the texts written on instead"
    if len(names) < 2:
        raise InputError(f"all texts have the label '{clean(names[0])}'", where=where, hint=way)
    if len(names) > _MOST_LABELS or len(names) > len(texts) // 2:
        what = f"{len(names):,} different labels for {counted(len(texts), 'text')} are no labels"
        raise InputError(
            what, where=where, hint=f"use {advice('target', '…')} to name the column with labels, or {way[4:]}"
        )


def _in_order(label: str) -> tuple[bool, float, str]:
    """Numbers by their size, then words."""
    return (False, float(label), label) if label.isdecimal() else (True, 0.0, label)
