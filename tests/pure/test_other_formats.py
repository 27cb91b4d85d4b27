"""Files of formats that cannot be read yet (rows 41 to 62, 67 and 68 of the catalogue): named, refused, untouched."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import re
import sqlite3
import struct
import tarfile
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from nnplay.data.csv.csv_file import read_csv
from nnplay.errors import InputError


def _npy(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.zeros(3))
    return file.getvalue()


def _zip(*members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member in members:
            archive.writestr(member, b"a,b\n1,2\n")
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


def _safetensors() -> bytes:
    return safetensors.numpy.save({"a": np.zeros(3, np.float32)})


_MYSQL = b"""-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;

DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (`a` int, `b` int);
INSERT INTO `t` VALUES (1,2),(3,4);
"""
_SQLITE = b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (a, b);\nINSERT INTO t VALUES(1,2);\n"
_POSTGRES = b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nCREATE TABLE public.t (a integer);\n"

FORMATS = {
    "42 gzip cut short": (gzip.compress(b"a,b\n1,2\n", mtime=0)[:12], "a gzip archive", "unpack it"),
    "42 bzip2": (bz2.compress(b"a,b\n1,2\n"), "a bzip2 archive", "unpack it"),
    "42 xz": (lzma.compress(b"a,b\n1,2\n"), "an xz archive", "unpack it"),
    "42 Zstandard": (b"\x28\xb5\x2f\xfd\x04\x00", "a Zstandard archive", "unpack it"),
    "43 zip with a path": (_zip("../../x"), "a zip archive", "unpack it"),
    "44 empty zip": (_zip(), "an empty zip archive", "unpack it"),
    "44 7-Zip": (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive", "unpack it"),
    "44 rar": (b"Rar!\x1a\x07\x01\x00", "a RAR archive", "unpack it"),
    "45 tar": (_tar(), "a tar archive", "unpack it"),
    "46 npy of objects": (_npy(np.array([{}], dtype=object)), "a NumPy array", "ends in .npy"),
    "46 pickle": (pickle.dumps({"a": [1.5] * 9}), "a Python pickle", "never loaded"),
    "46 pickle of protocol 2": (pickle.dumps([1, 2, 3], protocol=2), "a Python pickle", "never loaded"),
    "46 pickle of protocol 0": (pickle.dumps({"a": 1}, protocol=0), "a Python pickle", "never loaded"),
    "46 PyTorch": (_zip("model/data.pkl", "model/version"), "a PyTorch file", "never loaded"),
    "47 npy shape bomb": (
        _npy(np.zeros(3)).replace(b"'shape': (3,), }", b"'shape': (10000000000,), }"),
        "a NumPy array",
        "ends in .npy",
    ),
    "47 npz": (_npz(), "a NumPy archive", "ends in .npz"),
    "47 safetensors": (_safetensors(), "a safetensors file", "nnplay.Dataset"),
    "50 idx": (struct.pack(">IIII", 0x803, 2, 28, 28) + bytes(2 * 784), "an IDX file", "the file of the images"),
    "51 idx labels": (struct.pack(">II", 0x801, 2) + bytes(2), "an IDX file", "the file of the images"),
    "53 png bomb": (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000),
        "a PNG",
        "a folder of its own",
    ),
    "54 jpeg": (b"\xff\xd8\xff\xe0" + bytes(20), "a JPEG", "a folder of its own"),
    "55 bmp": (b"BM" + struct.pack("<IIII", 70, 0, 54, 40), "a BMP", "a folder of its own"),
    "56 gif": (b"GIF89a" + bytes(20), "a GIF", "a folder of its own"),
    "56 tiff": (b"II*\x00\x08\x00\x00\x00", "a TIFF", "as PNG first"),
    "56 webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "a WebP", "a folder of its own"),
    "57 pdf": (b"%PDF-1.7\n", "a PDF", "CSV file"),
    "57 eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript document", "CSV file"),
    "57 svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>\n', "an XML or SVG file", "CSV"),
    "sas": (b"\0" * 12 + b"\xc2\xea\x81\x60" + b"\0" * 20, "a SAS file", "to CSV first"),
    "arff": (b"% flowers\n\n@RELATION iris\n@DATA\n1\n", "an ARFF file", "save it as CSV, in Weka"),
    "57 psd": (b"8BPS\x00\x01", "a Photoshop image", "as PNG first"),
    "57 fits": (b"SIMPLE  =                    T", "a FITS file", "nnplay.Dataset"),
    "57 icns": (b"icns\x00\x00\x10\x00", "an icon", "as PNG first"),
    "59 archive of pictures": (_zip("cats/", "cats/1.png"), "a zip archive of images", "a folder of its own"),
    "60 wav": (_wav(), "a WAV", "a folder of its own"),
    "60 flac": (b"fLaC\x00\x00\x00\x22", "a FLAC", "a folder of its own"),
    "60 mp3": (b"ID3\x04\x00\x00\x00\x00", "an MP3", "a folder of its own"),
    "60 mp4": (b"\x00\x00\x00\x20ftypisom", "an MP4", "a folder of its own"),
    "61 wav that lies": (b"RIFF\xff\xff\xff\xffWAVEfmt ", "a WAV", "a folder of its own"),
    "63 MySQL dump": (_MYSQL, "an SQL dump", "export the table as CSV"),
    "63 SQLite dump": (_SQLITE, "an SQL dump", "export the table as CSV"),
    "63 PostgreSQL dump": (_POSTGRES, "an SQL dump", "export the table as CSV"),
    "63 query": (b"select a, b from t where a > 1;\n", "an SQL dump", "export the table as CSV"),
    "64 two statements": (b"DROP TABLE t; DELETE FROM u;\n", "an SQL dump", "export the table as CSV"),
    "68 duckdb": (bytes(8) + b"DUCK" + bytes(100), "a DuckDB database", ".duckdb"),
    "xlsx": (_zip("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", ".xlsx"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel", "save the sheet as CSV"),
    "ods": (_zip("mimetype", "content.xml"), "an OpenDocument file", "save the sheet as CSV"),
    "docx": (_zip("[Content_Types].xml", "word/document.xml"), "a Word document", "CSV"),
    "parquet": (b"PAR1\x15\x04", "a Parquet file", ".parquet"),
    "feather": (b"ARROW1\x00\x00", "an Arrow file", ".arrow"),
    "orc": (b"ORC\x08\x03", "an ORC file", "to_csv"),
    "avro": (b"Obj\x01\x04\x14avro", "an Avro file", "to_csv"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "to_csv"),
    "stata": (b"<stata_dta><header>", "a Stata file", "to_csv"),
    "json": (b'[{"a": 1, "b": 2}]\n', "a JSON file", ".json"),
    "json lines": (b'{"a": 1}\n{"a": 2}\n', "a JSON file", ".json"),
    "html": (b"\n<!DOCTYPE html>\n<html>", "a web page", "download"),
    "xml": (b'<?xml version="1.0"?><a/>', "an XML", "CSV"),
}
"""Bytes, what they are said to be, and what to do about it; numbers are rows of the catalogue."""

TABLES = {
    "ORC as a name": b"ORC,b\n1,2\n2,3\n3,5\n",
    "ID3 as a name": b"ID3,b\n1,2\n2,3\n3,5\n",
    "select as a name": b"select,from\n1,2\n2,3\n3,5\n",
    "create as a name": b"create table,b\n1,2\n2,3\n3,5\n",
    "less than in a name": b"<5,b\n1,2\n2,3\n3,5\n",
    "spaces": b" " * 4000 + b"a,b\n1,2\n2,3\n3,5\n",
}


@pytest.mark.parametrize(("content", "kind", "way_out"), FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("ending", [".csv", ""])
def test_other_formats_are_named_and_not_read(
    content: bytes, kind: str, way_out: str, ending: str, tmp_path: Path
) -> None:
    """One sentence says what the file is and what to do about it, whatever its name."""
    path = tmp_path / f"data{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"looks like {re.escape(kind)}") as caught:
        read_csv(path)
    assert way_out in caught.value.hint
    assert "\n" not in caught.value.message
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_a_table_is_not_taken_for_another_format(content: bytes, tmp_path: Path) -> None:
    """Letters that begin some format may be the name of a column as well."""
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    assert len(read_csv(path)) == 3


def test_a_folder_is_named_with_the_way_out(tmp_path: Path) -> None:
    """A folder (row 59), as of pictures, is refused in a sentence that says what to name instead."""
    with pytest.raises(InputError, match="a folder; name the file in it"):
        read_csv(tmp_path)


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
