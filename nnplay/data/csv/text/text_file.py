"""Text files of any form, packed or not, opened with care and read line by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nnplay.data.csv.text.encoding import find_encoding
from nnplay.data.csv.text.lines import Lines
from nnplay.data.csv.text.other_formats import HEAD, refuse_binary
from nnplay.data.csv.text.packed_file import open_packed
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.memory_budget import memory_budget


@contextmanager
def open_lines(path: str, encoding: str, where: str, *, growth: int) -> Iterator[Iterator[str]]:
    """The lines of a text file, or of the one in a gzip archive, each with its newline.

    Args:
        encoding: name of a codec, or "auto".
        growth: how many times its size the file takes in memory.

    Raises:
        InputError: it is no regular file, too large, damaged, or of a format that is not text, or does not decode.
    """
    limit = memory_budget() // growth
    with (
        open_regular(path, limit=limit, hint="give a sample of its rows") as file,
        open_packed(file, limit, where) as text,
    ):
        head = text.read(HEAD)
        refuse_binary(head, where)
        codec, mark = find_encoding(head, encoding, where)
        yield Lines(text, codec, mark, where)
