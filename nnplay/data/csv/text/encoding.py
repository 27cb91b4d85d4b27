"""Which encoding a text file is in."""

from __future__ import annotations

import codecs

from nnplay.errors import InputError
from nnplay.text import clean

# UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_FOR_PROGRAMS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
"""Codecs for names of hosts and for Python's own source, in which no table is written."""


def find_encoding(head: bytes, wanted: str, where: str) -> tuple[str, int]:
    """The codec of a file that begins with `head`, and the length of its byte order mark.

    Args:
        wanted: name of a codec, or "auto": by the mark, UTF-8 without one.

    Raises:
        InputError: no such text encoding, or one whose mark the file lacks.
    """
    mark, marked = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", "utf-8"))
    if wanted == "auto":
        return marked, len(mark)
    name = _text_codec(wanted, where)
    if mark and name.replace("-sig", "") in (marked, marked.removesuffix("-le").removesuffix("-be")):
        return marked, len(mark)
    if head and name in ("utf-16", "utf-32"):
        raise InputError(f"has no byte order mark, which {name} needs", where=where, hint=f"try {name}-le or -be")
    return name, 0


def _text_codec(wanted: str, where: str) -> str:
    """The usual name of a text encoding; codecs that pack or disguise bytes, or are only for programs, are none."""
    try:
        "a".encode(wanted)  # the one question that Python answers with "is not a text encoding"
        name = codecs.lookup(wanted).name
    except (LookupError, ValueError):
        name = ""
    if not name or name in _FOR_PROGRAMS:
        what = f"unknown text encoding '{clean(str(wanted))}'"
        raise InputError(what, where=where, hint="try auto, utf-8, cp1252, latin-1 or utf-16")
    return name
