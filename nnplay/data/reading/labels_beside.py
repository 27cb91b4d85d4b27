"""Data in two files: which file beside the inputs holds what is to be learned, as their names say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nnplay.data.csv.advice import advice
from nnplay.data.reading.addresses import place_of
from nnplay.errors import InputError
from nnplay.system.paths import expanded
from nnplay.text import clean

#: What stands in the name of the inputs' file, and in its place in that of the labels'.
_PAIRS: Final = (
    ("images", "labels"),
    ("image", "label"),
    ("inputs", "targets"),
    ("features", "labels"),
    ("data", "labels"),
    ("x", "y"),
    ("X", "y"),
)


def find_labels(path: str, given: str) -> Path:
    """The file with what is to be learned.

    Args:
        given: its name if the user said it, from the folder of the inputs on.

    Raises:
        InputError: none is there.
    """
    inputs = expanded(path)
    if given:
        return inputs.parent / expanded(given)
    tried = [name for pair in _PAIRS if (name := _renamed(inputs.name, *pair))]
    for name in tried:
        if (inputs.parent / name).is_file():
            return inputs.parent / name
    missing = f": {' or '.join(repr(clean(name)) for name in dict.fromkeys(tried[:2]))} is not there" if tried else ""
    hint = f"use {advice('labels', '…')} to name the file of the labels"
    raise InputError(f"there is no file of labels beside it{missing}", where=place_of(path), hint=hint)


def _renamed(name: str, inputs: str, labels: str) -> str:
    """The name of the labels' file, or nothing where the inputs' name has no such word; `idx3` becomes `idx1`."""
    words = name.replace("idx3", "idx1")
    if len(inputs) == 1:  # a letter is a word of its own
        stem, dot, ending = words.partition(".")
        parts = stem.split("_")
        return "_".join(labels if part == inputs else part for part in parts) + dot + ending if inputs in parts else ""
    return words.replace(inputs, labels) if inputs in words else ""
