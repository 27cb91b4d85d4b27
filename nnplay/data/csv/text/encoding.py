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


def find_encoding(head: bytes, wanted: str, where: str) -> tuple[str, int]:
    """The codec of a file that begins with `head`, and the length of its byte order mark.

    Args:
        wanted: name of a codec, or "auto": by the mark, UTF-8 without one.

    Raises:
        InputError: no such text encoding.
    """
    mark, marked = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", "utf-8"))
    if wanted == "auto":
        return marked, len(mark)
    try:
        b"".decode(wanted)
        name = codecs.lookup(wanted).name
    except (LookupError, ValueError, UnicodeError):
        what = f"unknown text encoding '{clean(str(wanted))}'"
        raise InputError(what, where=where, hint="try auto, utf-8, cp1252, latin-1 or utf-16") from None
    same = mark and name.replace("-sig", "") in (marked, marked.removesuffix("-le").removesuffix("-be"))
    return (marked, len(mark)) if same else (name, 0)
