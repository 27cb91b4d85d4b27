"""Which encoding a text file is in, and which other format a file really is."""

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

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive (or xlsx, npz)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x7fELF", "a program"),
    (b"RIFF", "a WAV or WebP file"),
)


def other_format(head: bytes) -> str:
    """What a file that begins with `head` really is ("a PNG picture"), or nothing when it may be text."""
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), "")


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
