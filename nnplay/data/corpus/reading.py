"""From a path to a data set of texts: one text, lines with a label, a folder of class folders, or a table's column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnplay.data.columns.named_columns import NamedColumns
from nnplay.data.corpus.folders import read_folder
from nnplay.data.corpus.labelled import labelled_data
from nnplay.data.corpus.next_token import most_characters, next_token_data
from nnplay.data.corpus.options import TextOptions, text_options
from nnplay.data.corpus.prose import label_side
from nnplay.data.corpus.text_columns import table_texts
from nnplay.data.corpus.text_pieces import read_text
from nnplay.data.csv.advice import advice
from nnplay.data.dataset import Dataset
from nnplay.data.reading.addresses import place_of, table_name
from nnplay.errors import InputError
from nnplay.memory_budget import size_text
from nnplay.system.paths import user_path

#: Lines by which labels before a tab are found.
_SAMPLE = 200
#: A line with a label is seldom longer.
_LINE = 2000
#: Between texts that are joined.
_GAP = "\n\n"


def read_texts(path: str, values: Mapping[str, Any]) -> Dataset:
    """The data set of a text file, or of a folder of class folders.

    Raises:
        InputError: it cannot be used as it is.
    """
    where, place = place_of(path), user_path(path)
    if place.is_dir():
        return _read_folder(place, values, path)
    options = text_options(values, where, labelled=False)
    if options.learn == "next" and values.get("learn", "auto") == "auto":
        options = text_options(values, where, labelled=_has_labels(place, options, where))
    if options.learn == "label":
        return _read_lines(place, options, path)
    found = read_text(place, most_characters(options), options.encoding, where)
    notes = [f"encoding: {found.encoding.upper()}"] if found.encoding not in ("utf-8", "ascii") else []
    if not found.whole:
        more = advice("max_windows", 2 * options.max_windows)
        read = f"the first {len(found.text):,} characters of {size_text(found.bytes)} are read"
        notes.append(f"{read} ({options.max_windows:,} windows; {more} reads more)")
    return next_token_data(found.text, options, name=table_name(path), where=where, notes=notes)


def read_text_columns(table: NamedColumns, path: str, values: Mapping[str, Any]) -> Dataset:
    """The data set of the texts in a table.

    Raises:
        InputError: it cannot be used as it is.
    """
    where = place_of(path)
    options = text_options(values, where, labelled=len(table.names) > 1)
    texts, labels, notes = table_texts(table.checked(where), options, where)
    if options.learn == "label":
        return labelled_data(texts, labels, options, name=table_name(path), where=where, notes=notes)
    return _joined(texts, options, path, notes)


def _joined(texts: list[str], options: TextOptions, path: str, notes: list[str]) -> Dataset:
    text = _GAP.join(texts)[: most_characters(options)]
    return next_token_data(text, options, name=table_name(path), where=place_of(path), notes=notes)


def _has_labels(path: Path, options: TextOptions, where: str) -> bool:
    head = read_text(path, _SAMPLE * _LINE, options.encoding, where).text
    return label_side(head.split("\n")[:_SAMPLE]) is not None


def _read_lines(path: Path, options: TextOptions, source: str) -> Dataset:
    """Lines with a label before or behind a tab."""
    where = place_of(source)
    found = read_text(path, options.max_windows * _LINE, options.encoding, where)
    lines = [line for line in found.text.split("\n") if line.strip()]
    side = label_side(lines[:_SAMPLE])
    if side is None:
        hint = "each line needs a label, a tab and a text"
        raise InputError("its lines have no labels", where=where, hint=hint)
    cut = [line.split("\t") for line in lines]
    pairs = [(parts[side].strip(), parts[1 - side]) for parts in cut if len(parts) == 2]
    notes = []
    if len(pairs) < len(cut):
        notes.append(f"{len(cut) - len(pairs):,} of {len(cut):,} lines without one tab left out")
    if len(pairs) > options.max_windows or not found.whole:
        pairs = pairs[: options.max_windows]
        notes.append(f"the first {len(pairs):,} lines of {size_text(found.bytes)} are read")
    labels, texts = [label for label, _ in pairs], [text for _, text in pairs]
    return labelled_data(texts, labels, options, name=table_name(source), where=where, notes=notes)


def _read_folder(folder: Path, values: Mapping[str, Any], path: str) -> Dataset:
    where = place_of(path)
    options = text_options(values, where, labelled=True)
    texts, labels, notes = read_folder(folder, options, where)
    if options.learn == "next":
        return _joined(texts, options, path, notes)
    return labelled_data(texts, labels, options, name=table_name(path), where=where, notes=notes)
