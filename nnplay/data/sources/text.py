"""Texts: a book to be written on, or texts with a label each."""

from __future__ import annotations

from functools import partial

from nnplay.data.corpus.folders import ENDINGS
from nnplay.data.corpus.options import FIELDS
from nnplay.data.corpus.prose import is_prose
from nnplay.data.corpus.reading import read_text_columns, read_texts
from nnplay.data.folders.listing import is_folder_of
from nnplay.data.record import SourceRecord

TEXT = SourceRecord(
    name="text",
    title="a text",
    label="text",
    about="A text, of which the network learns what comes next and then writes; or texts with a label each.",
    endings=(".md", ".text"),
    shared_endings=(".txt", ".txt.gz"),
    fields=FIELDS,
    read=read_texts,
    recognise=is_prose,
    claims=partial(is_folder_of, endings=ENDINGS),
    read_columns=read_text_columns,
)
