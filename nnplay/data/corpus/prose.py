"""Whether a text file is prose, rather than a table: by how evenly its lines are cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from nnplay.data.cells.cells import parse_number
from nnplay.data.csv.text.dialect import DELIMITERS, sample_rows
from nnplay.data.csv.text.encoding import find_encoding
from nnplay.data.csv.text.other_formats import recognise_format
from nnplay.errors import InputError

#: Lines that tell anything.
_FEWEST_LINES: Final = 3
#: A table has nearly all of its lines cut alike.
_EVEN: Final = 0.9
#: Prose has this share of letters and blanks at least, and no more than this share of numbers among its words.
_LETTERS: Final = 0.6
_NUMBERS: Final = 0.2
_WORD: Final = re.compile(r"\S+")
#: A label is at most so many words, and a text has at least so many in the mean.
_LABEL_WORDS: Final = 3
_TEXT_WORDS: Final = 3


def is_prose(head: bytes) -> bool:
    """Whether a file that begins like this is text to be read word by word: prose, or a label and a text a line."""
    lines = head_lines(head)
    if not lines or recognise_format(head) is not None:
        return False
    return is_labelled(lines) or not (_is_even(lines) or _is_of_numbers(lines))


def head_lines(head: bytes) -> list[str]:
    """The lines of a file's beginning that are whole and not blank; none where it does not decode."""
    try:
        codec, mark = find_encoding(head, "auto", "")
        text = head[mark:].decode(codec, errors="strict" if len(head) < 4096 else "ignore")
    except (InputError, UnicodeDecodeError):
        return []
    if "\0" in text:
        return []
    lines = text.splitlines()
    return [line for line in (lines[:-1] if len(lines) > 1 and len(head) >= 4096 else lines) if line.strip()]


def is_labelled(lines: Sequence[str]) -> bool:
    """Whether each line has a label and a text, with a tab between them; the label may be first or last."""
    return label_side(lines) is not None


def label_side(lines: Sequence[str]) -> int | None:
    """0 where the labels of labelled lines stand before the tab, 1 where they stand behind it; else None."""
    cut = [line.split("\t") for line in lines if line.strip()]
    if len(cut) < _FEWEST_LINES or sum(len(parts) == 2 for parts in cut) < _EVEN * len(cut):
        return None
    pairs = [parts for parts in cut if len(parts) == 2]
    for side in (0, 1):
        labels, texts = [pair[side].strip() for pair in pairs], [pair[1 - side] for pair in pairs]
        if any(len(label.split()) > _LABEL_WORDS for label in labels) or len(set(labels)) > max(2, len(labels) // 2):
            continue
        if sum(len(text.split()) for text in texts) >= _TEXT_WORDS * len(texts):
            return side
    return None


def _is_even(lines: Sequence[str]) -> bool:
    """Whether some delimiter, or blanks, cut nearly all lines into as many cells."""
    lines = [line for line in lines if not line.startswith("#")] or list(lines)
    if len(lines) < _FEWEST_LINES:
        return any(len(row) > 1 for row in sample_rows(lines, "\t"))
    for delimiter in DELIMITERS:
        if _cut_alike([len(row) for row in sample_rows(lines, delimiter)]):
            return True
    return _cut_alike([len(_WORD.findall(line)) for line in lines])


def _cut_alike(widths: Sequence[int]) -> bool:
    width, times = Counter(widths).most_common(1)[0] if widths else (1, 0)
    return width > 1 and times >= _EVEN * len(widths)


def _is_of_numbers(lines: Sequence[str]) -> bool:
    """Whether there is more of numbers and signs than of words."""
    text = "".join(lines)
    letters = sum(letter.isalpha() or letter == " " for letter in text)
    words = [word for line in lines for word in _WORD.findall(line)]
    numbers = sum(parse_number(word.strip(",;")) is not None for word in words)
    return letters < _LETTERS * len(text) or numbers > _NUMBERS * len(words)
