"""Texts in files of a folder: each with the label of its folder, or all of them as one text."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.corpus.options import TextOptions
from nnplay.data.corpus.text_pieces import read_text
from nnplay.data.folders.classes import list_classes
from nnplay.data.folders.each import try_each
from nnplay.data.folders.examples import Examples, damage_notes
from nnplay.data.folders.listing import list_files
from nnplay.text import clean

ENDINGS: Final = (".txt", ".md", ".text")
#: Characters of one text, of which a network sees the first few hundred words.
_LONGEST: Final = 50_000


def read_folder(folder: Path, options: TextOptions, where: str) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels (empty where the next token is learned) and notes; as many of each class where there are too many.

    Raises:
        InputError: there is no text in it, labels are wanted and there are no classes, or too few texts can be read.
    """
    found = _list_texts(folder, options.learn, where)
    kept = found.select(_evenly_by_class(found.y, options.max_windows))
    notes = list(found.notes)
    if len(kept.files) < len(found.files):
        notes.append(f"{len(found.files):,} files are there, {len(kept.files):,} are read, as many of each class")
    read = functools.partial(_read, encoding=options.encoding)
    texts, damaged = try_each(kept.files, read, "files")
    notes += damage_notes(damaged, len(texts), "text", where)
    pairs = [(text, kept.class_names[label]) for text, label in zip(texts, kept.y.tolist(), strict=True) if text]
    return [text for text, _ in pairs], [label for _, label in pairs], notes


def _list_texts(folder: Path, learn: str, where: str) -> Examples:
    if learn == "label":
        return list_classes(folder, ENDINGS, "text", where)
    files = tuple(list_files(folder, ENDINGS, where).files)
    return Examples(files, np.zeros(len(files), np.int64), "classification", ("",))


def _read(path: Path, encoding: str) -> str:
    return read_text(path, _LONGEST, encoding, clean(f"{path.parent.name}/{path.name}")).text


def _evenly_by_class(y: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Rows of which no class has more than its share of `most`, from all over the rows of each."""
    if len(y) <= most:
        return np.arange(len(y))
    share = max(1, most // len(np.unique(y)))
    kept = []
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        kept.append(rows if len(rows) <= share else rows[np.arange(share) * len(rows) // share])
    return np.concatenate(kept)
