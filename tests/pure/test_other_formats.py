"""Files of formats that cannot be read yet (rows 41 to 62, 67 and 68 of the catalogue): named, refused, untouched."""

from __future__ import annotations

import gzip
import io
import pickle
import sqlite3
import struct
import tarfile
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nnplay.data.csv_file import read_csv
from nnplay.errors import InputError


def _npy(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../x", b"a,b\n1,2\n")
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../x"))
    return file.getvalue()


def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\1" * 50)
    return file.getvalue()


FORMATS = {
    "41 gzip bomb": (gzip.compress(b"1,2\n" * 1_000_000), "looks like a gzip archive"),
    "42 gzip cut short": (gzip.compress(b"a,b\n1,2\n")[:12], "looks like a gzip archive"),
    "43 zip with a path": (_zip(), "looks like a zip archive"),
    "45 tar": (_tar(), "NUL"),
    "46 npy of objects": (_npy(np.array([{}], dtype=object)), "looks like a NumPy array"),
    "46 pickle": (pickle.dumps({"a": [1.5] * 9}), "row 1"),
    "47 npy shape bomb": (
        _npy(np.zeros(3)).replace(b"'shape': (3,), }", b"'shape': (10000000000,), }"),
        "looks like a NumPy array",
    ),
    "50 idx": (struct.pack(">IIII", 0x803, 2, 28, 28) + bytes(2 * 784), "NUL"),
    "53 png bomb": (b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000), "looks like a PNG"),
    "54 jpeg": (b"\xff\xd8\xff\xe0" + bytes(20), "looks like a JPEG"),
    "56 gif": (b"GIF89a" + bytes(20), "looks like a GIF"),
    "57 pdf": (b"%PDF-1.7\n", "looks like a PDF"),
    "60 wav": (_wav(), "looks like a WAV"),
    "61 wav that lies": (b"RIFF\xff\xff\xff\xffWAVEfmt ", "looks like a WAV"),
    "68 duckdb": (bytes(8) + b"DUCK" + bytes(100), "NUL"),
}


@pytest.mark.parametrize(("content", "wanted"), FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("ending", [".csv", ""])
def test_other_formats_are_named_and_not_read(content: bytes, wanted: str, ending: str, tmp_path: Path) -> None:
    """One sentence that says what the file is, or where it is no text, whatever its name; nothing is unpacked."""
    path = tmp_path / f"data{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=wanted):
        read_csv(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_stays_as_it_is(tmp_path: Path) -> None:
    """An SQLite file (row 67) is named, and neither it nor anything beside it is written."""
    path = tmp_path / "data.csv"
    with sqlite3.connect(path) as database:
        database.execute("create table t (a)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="looks like an SQLite database"):
        read_csv(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
