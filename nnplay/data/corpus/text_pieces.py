"""The text of a file, as much of it as is wanted: made safe, with one form of newline, whatever the file is like."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nnplay.data.corpus.vocabulary import PARAGRAPH
from nnplay.data.csv.text.encoding import find_encoding
from nnplay.data.csv.text.lines import read_pieces
from nnplay.data.csv.text.other_formats import HEAD, recognise_format
from nnplay.data.csv.text.packed_file import open_packed
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.errors import InputError
from nnplay.text import clean

#: How a tab is shown.
_TAB: Final = clean("\t")
#: Only the beginning of a large file is read.
_ANY_SIZE: Final = sys.maxsize


@dataclass(frozen=True, slots=True)
class FileText:
    """What was read of a file.

    Attributes:
        text: its characters, controls shown as symbols.
        whole: whether that is all of it.
        encoding: the codec.
        bytes: size of the file.
    """

    text: str
    whole: bool
    encoding: str
    bytes: int


def read_text(path: str | Path, most: int, encoding: str, where: str) -> FileText:
    """The first `most` characters of a text file, packed or not.

    Raises:
        InputError: it is no regular file, no text, empty, or does not decode.
    """
    with (
        open_regular(path, limit=_ANY_SIZE) as file,
        open_packed(file, _ANY_SIZE, where) as unpacked,
    ):
        size = os.fstat(file.fileno()).st_size
        head = unpacked.read(HEAD)
        found = recognise_format(head)
        if found is not None and not _is_markup(found.kind):
            raise InputError(f"looks like {found.kind}, not like a text", where=where, hint=found.way_out)
        codec, mark = find_encoding(head, encoding, where)
        pieces, length, whole = [], 0, True
        for piece in read_pieces(unpacked, codec, mark, where):
            safe = make_safe(piece)
            pieces.append(safe)
            length += len(safe)
            if length > most:
                whole = False
                break
    text = "".join(pieces)[:most]
    if not text.strip():
        raise InputError("is empty", where=where)
    return FileText(text, whole, codec, size)


def make_safe(text: str) -> str:
    """Text from outside with symbols for controls, but for newlines and tabs.

    The sign of a paragraph becomes a paragraph, since it is shown by it.
    """
    return clean(text, limit=len(text) + 257).replace(PARAGRAPH, "\n").replace(_TAB, "\t")


def _is_markup(kind: str) -> bool:
    """Forms that are text as well: one may want to have a network write web pages or queries."""
    return any(word in kind for word in ("web page", "XML", "SQL dump", "JSON"))
