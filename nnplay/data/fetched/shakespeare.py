"""A megabyte of Shakespeare, by which networks of characters are often compared."""

from __future__ import annotations

from typing import Any, Final

from nnplay.data.corpus.options import FIELDS
from nnplay.data.corpus.reading import read_texts
from nnplay.data.dataset import Dataset
from nnplay.data.download.remote_file import RemoteFile, fetched_paths
from nnplay.data.record import DatasetRecord

_ALIKE: Final = "characters"
FILES: Final = (
    RemoteFile(
        "shakespeare.txt",
        1_115_394,
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",),
    ),
)


def make(**values: Any) -> Dataset:
    """Windows of the text, as from any text file."""
    (path,) = fetched_paths("shakespeare", FILES, _ALIKE)
    return read_texts(str(path), {**values, "learn": "next"})


RECORD = DatasetRecord(
    name="shakespeare",
    title="Tiny Shakespeare",
    task="classification",
    fields=tuple(field for field in FIELDS if field.name in ("unit", "vocabulary", "context", "lower", "max_windows")),
    make=make,
    about="A megabyte of Shakespeare's plays: what comes next? Afterwards the network can write.",
    when="To let a network write more than 'characters' teaches.",
    source="put together by Andrej Karpathy for char-rnn (2015)",
    licence="public domain",
    files=FILES,
    alike=_ALIKE,
)
