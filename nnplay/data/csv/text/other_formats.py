"""Files that are no delimited text: which format one really is, by its first bytes, and the way from it to a table."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath
from typing import NamedTuple

from nnplay.errors import InputError

#: How many bytes of a file's beginning are looked at.
HEAD = 4096


class OtherFormat(NamedTuple):
    """What the file is ("a PNG image"), and what to do about it."""

    kind: str
    way_out: str


def _named(ending: str) -> str:
    """The way to a file that is read, but not under the name that it has."""
    return f"give it a name that ends in {ending} (from Python it is read by nnplay.read_file)"


_PICTURE = "put the images of each class into a folder of its own, and give the folder around those"
_CONVERT = "save it as PNG first"
_PICTURES_PACKED = f"unpack it first; {_PICTURE}"
_SOUND = "put the sounds of each class into a folder of its own, and give the folder around those"
_CLIP = "put the clips of each class into a folder of its own, and give the folder around those"
_ARRAY = "pass arrays from Python: nnplay.Dataset(x, y)"
_FRAME = "convert it to CSV first, for example with pandas.DataFrame.to_csv"
_UNPACK = "unpack it first and give the CSV file in it"
_SHEET = "save the sheet as CSV in the spreadsheet program"
_DOCUMENT = "give a CSV file"
_OBJECTS = f"it contains Python objects, which are never loaded (loading them can run code); {_FRAME}"

_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image", _PICTURE),
    (0, b"\xff\xd8\xff", "a JPEG image", _PICTURE),
    (0, b"GIF8", "a GIF image", _PICTURE),
    (0, b"II*\x00", "a TIFF image", _CONVERT),
    (0, b"MM\x00*", "a TIFF image", _CONVERT),
    (0, b"8BPS", "a Photoshop image", _CONVERT),
    (0, b"icns", "an icon", _CONVERT),
    (0, b"\x00\x00\x01\x00", "an icon", _CONVERT),
    (0, b"%!PS", "a PostScript document", _DOCUMENT),
    (0, b"SIMPLE  =", "a FITS file", _ARRAY),
    (8, b"WEBP", "a WebP image", _PICTURE),
    (8, b"WAVE", "a WAV sound", _SOUND),
    (8, b"AVI ", "an AVI video", _CLIP),
    (0, b"RIFF", "a WAV or WebP file", _SOUND),
    (0, b"fLaC", "a FLAC sound", _SOUND),
    (0, b"OggS", "an Ogg sound", _SOUND),
    (0, b"ID3", "an MP3 sound", _SOUND),
    (4, b"ftyp", "an MP4 video", _CLIP),
    (0, b"PK\x05\x06", "an empty zip archive", _UNPACK),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"\x1f\x9d", "a compressed file (.Z)", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "an LZ4 archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"%PDF-", "a PDF document", _DOCUMENT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word document", _SHEET),
    (0, b"SQLite format 3\x00", "an SQLite database", _named(".db")),
    (8, b"DUCK", "a DuckDB database", _named(".duckdb")),
    (0, b"PAR1", "a Parquet file", _named(".parquet")),
    (0, b"ARROW1", "an Arrow file", _named(".arrow")),
    (0, b"FEA1", "a Feather file", _named(".feather")),
    (0, b"ORC", "an ORC file", _FRAME),
    (0, b"Obj\x01", "an Avro file", _FRAME),
    (0, b"<stata_dta>", "a Stata file", _FRAME),
    (0, b"$FL2", "an SPSS file", _FRAME),
    (0, b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS file", _FRAME),
    (0, b"HEADER RECORD*******LIBRARY HEADER RECORD", "a SAS transport file", _FRAME),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file", _FRAME),
    (0, b"RDX", "an R file", "convert it to CSV first, for example with write.csv in R"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", _FRAME),
    (0, b"\x93NUMPY", "a NumPy array", _named(".npy")),
    (0, b"\x7fELF", "a program", _DOCUMENT),
)
"""Where in the file, its bytes there, what it is, the way out; the first that fits."""

_TEXTUAL = (
    b"%!PS",
    b"%PDF-",
    b"SIMPLE  =",
    b"<stata_dta>",
    b"HEADER RECORD*******LIBRARY HEADER RECORD",
    b"MATLAB 5.0 MAT-file",
)
_PICKLE = re.compile(rb"\x80[\x02-\x05][^\n]*[.\x94(}\])]|(?:\(dp|\(lp|ccopy_reg|cnumpy|c__builtin__)", re.DOTALL)
_IDX = re.compile(rb"\x00\x00[\x08\x09\x0b-\x0e][\x01-\x04]\x00")
_SAFETENSORS = re.compile(rb".{3}\x00{5}\{\s*\"", re.DOTALL)
_BITMAP = re.compile(rb"BM.{4}\x00\x00\x00\x00", re.DOTALL)
_JSON = re.compile(r"\s*(?:\[\s*[\[{\"0-9-]|\{\s*[\"}])")
_PAGE = re.compile(r"\s*<(?:!doctype html|html)", re.IGNORECASE)
_ARFF = re.compile(r"(?:\s*(?:%[^\n]*)?\n)*\s*@relation\s", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<(?:\?xml|svg|[a-z][\w:-]*[ >])", re.IGNORECASE)
_SQL = re.compile(
    r"(?>\s|--[^\n]*(?:\n|$)|/\*.*?\*/;?|SET\s[^;\n]*;|USE\s[^;\n]*;)*+"
    r"(?:(?:CREATE\s+(?:TABLE|DATABASE|SCHEMA|TEMP|UNIQUE|INDEX|EXTENSION)|INSERT\s+INTO|DROP\s+(?:TABLE|DATABASE)"
    r"|DELETE\s+FROM|LOCK\s+TABLES|SELECT\s+[\w*., \n]+\sFROM)\s"
    r"|BEGIN(?:\s+TRANSACTION)?;|PRAGMA\s+\w+\s*=|START\s+TRANSACTION;)",
    re.IGNORECASE | re.DOTALL,
)
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"})


def recognise_format(head: bytes) -> OtherFormat | None:
    """What a file that begins with `head` (up to `HEAD` bytes) really is, or None where it may be delimited text."""
    if head.startswith(b"PK\x03\x04"):
        return _recognise_archive(member_names(head))
    for place, signature, kind, way_out in _SIGNATURES:
        if head[place : place + len(signature)] == signature and not _may_be_words(signature, head):
            return OtherFormat(kind, way_out)
    if _PICKLE.match(head):
        return OtherFormat("a Python pickle", _OBJECTS)
    for pattern, kind, way_out in (
        (
            _IDX,
            "an IDX file, the format of the MNIST digits",
            "give the file of the images; the one with the labels is found beside it",
        ),
        (_SAFETENSORS, "a safetensors file", _ARRAY),
        (_BITMAP, "a BMP image", _PICTURE),
    ):
        if pattern.match(head):
            return OtherFormat(kind, way_out)
    return _recognise_text_format(head) if _is_text(head) else None


def refuse_binary(head: bytes, where: str) -> None:
    """Refuses a file of a known format that is not text.

    Raises:
        InputError: it is one.
    """
    found = None if _is_text(head) else recognise_format(head)
    if found is not None:
        raise InputError(f"looks like {found.kind}", where=where, hint=found.way_out)


def _recognise_text_format(head: bytes) -> OtherFormat | None:
    """Formats that are text, but no table."""
    text = head.decode("utf-8-sig", errors="replace")
    for pattern, kind, way_out in (
        (_SQL, "an SQL dump", "load it into a database and export the table as CSV"),
        (_PAGE, "a web page", "download the CSV file itself (its 'raw' link)"),
        (_ARFF, "an ARFF file", "save it as CSV, in Weka for instance"),
        (_MARKUP, "an XML or SVG file", _FRAME),
        (_JSON, "a JSON file", _named(".json")),
    ):
        if pattern.match(text):
            return OtherFormat(kind, way_out)
    return None


def _may_be_words(signature: bytes, head: bytes) -> bool:
    """Whether letters such as `ORC` that begin some format may as well be the name of a column."""
    return signature.isascii() and signature.isalnum() and signature not in _TEXTUAL and _is_text(head)


def _is_text(head: bytes) -> bool:
    if any(byte < 9 or 13 < byte < 27 for byte in head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return True


def member_names(head: bytes) -> list[str]:
    """Names of the first files in a zip archive, as far as the beginning shows them; nothing is unpacked."""
    names, place = [], 0
    while (place := head.find(b"PK\x03\x04", place)) >= 0:
        length = int.from_bytes(head[place + 26 : place + 28], "little")
        names.append(head[place + 30 : place + 30 + length].decode("utf-8", errors="replace"))
        place += 4
    return names


def _recognise_archive(names: list[str]) -> OtherFormat:
    endings = {PurePosixPath(name).suffix.lower() for name in names}
    if "[Content_Types].xml" in names or any(name.startswith(("xl/", "_rels/")) for name in names):
        kind = "a Word document" if any(name.startswith("word/") for name in names) else "an Excel workbook (xlsx)"
        return OtherFormat(kind, _DOCUMENT if "Word" in kind else _named(".xlsx"))
    if names[:1] == ["mimetype"]:
        return OtherFormat("an OpenDocument file (ods)", _SHEET)
    if ".npy" in endings:
        return OtherFormat("a NumPy archive (npz)", _named(".npz"))
    if any(name.endswith("data.pkl") for name in names):
        return OtherFormat("a PyTorch file", _OBJECTS)
    if endings & _PICTURES:
        return OtherFormat("a zip archive of images", _PICTURES_PACKED)
    return OtherFormat("a zip archive", _UNPACK)
