"""Whatever is wrong with a source of tables is one sentence, said at once, and takes little memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest

from nnplay.data.catalogue import file_endings, read_file
from nnplay.errors import InputError
from tests.table_files import LIBRARIES, SOURCES, need

TYPED = (".parquet", ".feather", ".xlsx", ".db", ".duckdb")
TEXTUAL = (".json", ".jsonl", ".fwf", ".json.gz")


@pytest.mark.parametrize("ending", [*TYPED, *TEXTUAL])
def test_a_folder_pipe_device_or_empty_file_is_refused_at_once(tmp_path: Path, ending: str) -> None:
    """Nothing waits, nothing is read without end; whatever the file is called."""
    assert ending in file_endings()
    need(ending[1:])
    if ending == ".duckdb":
        pytest.importorskip("duckdb")
    (folder := tmp_path / f"folder{ending}").mkdir()
    os.mkfifo(pipe := tmp_path / f"pipe{ending}")
    (device := tmp_path / f"device{ending}").symlink_to("/dev/zero")
    (empty := tmp_path / f"empty{ending}").touch()
    for path, words in (
        (folder, "not a regular file but a folder"),
        (pipe, "not a regular file but a pipe"),
        (device, "not a regular file but a device"),
        (empty, "is empty|no data rows|not a"),
        (tmp_path / f"none{ending}", "no such file"),
    ):
        with pytest.raises(InputError, match=words):
            read_file(str(path))


def workbook(sheet: bytes, **others: bytes) -> bytes:
    """A workbook with that sheet."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["a", "y"])
    book.save(plain := io.BytesIO())
    made = io.BytesIO()
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member in before.namelist():
            content = sheet if member == "xl/worksheets/sheet1.xml" else before.read(member)
            archive.writestr(member, others.get(Path(member).stem, content))
    return made.getvalue()


def sheet_xml(rows: str, before: str = "") -> bytes:
    """A sheet with those rows."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return f'<?xml version="1.0"?>{before}<worksheet {space}><sheetData>{rows}</sheetData></worksheet>'.encode()


def laughs() -> bytes:
    """Entities that stand for ten others each, nine times over."""
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))]
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row>'
    return sheet_xml(cell, f"<!DOCTYPE worksheet [{''.join(lines)}]>")


def wide_sheet() -> bytes:
    """A row of more cells than there may be columns."""
    return sheet_xml('<row r="1">' + "<c><v>1</v></c>" * 10_001 + "</row>")


def whole(name: str) -> bytes:
    """A good file."""
    return (SOURCES / name).read_bytes()


def lying() -> bytes:
    """A workbook whose sheet unpacks to more than its list of contents says."""
    content = bytearray(workbook(sheet_xml("<row/>" * 100_000)))
    size = len(sheet_xml("<row/>" * 100_000)).to_bytes(4, "little")
    assert size in content
    return bytes(content).replace(size, (200).to_bytes(4, "little"))


BAD: dict[str, tuple[str, Any, str]] = {
    "torn parquet": ("my.parquet", lambda: whole("houses.parquet")[:2000], "is damaged, or not a Parquet file"),
    "text as parquet": ("my.parquet", lambda: whole("houses.csv"), "is damaged, or of another kind"),
    "broken arrow": (
        "my.arrow",
        lambda: whole("houses.arrow")[:-400] + bytes(390) + whole("houses.arrow")[-10:],
        "is damaged, or not an Arrow file",
    ),
    "torn feather": ("my.feather", lambda: whole("houses.feather")[:2000], "is damaged, or not an Arrow file"),
    "torn xlsx": ("my.xlsx", lambda: whole("houses.xlsx")[:3000], "is damaged, or not an Excel workbook"),
    "old xls": ("my.xlsx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "looks like an old Excel"),
    "text as xlsx": ("my.xlsx", lambda: b"a,b\n1,2\n", "of another kind than its name says"),
    "a bomb in a sheet": ("my.xlsx", lambda: workbook(bytes(64 << 20)), "unpacks to 64.0 MiB, from"),
    "a bomb in styles": ("my.xlsx", lambda: workbook(sheet_xml(""), styles=b" " * (64 << 20)), "unpacks to 64.0 MiB"),
    "a lying archive": ("my.xlsx", lying, "is damaged, or not an Excel workbook"),
    "entities": ("my.xlsx", lambda: workbook(laughs()), "is damaged, or not an Excel workbook"),
    "wide sheet": ("my.xlsx", lambda: workbook(wide_sheet()), "10,001 columns; at most 10,000 are supported"),
    "empty sheet": ("my.xlsx", lambda: workbook(sheet_xml("")), "no data rows"),
    "deep list": ("my.json", lambda: b"[" * 100_000, "is nested too deeply"),
    "deep record": ("my.json", lambda: b'{"a":' * 100_000, "is nested too deeply"),
    "deep and whole": (
        "my.json",
        lambda: b"[" + b'{"a":' * 30 + b"1" + b"}" * 30 + b"]",
        "records are nested more than 16 deep",
    ),
    "deep line": ("my.jsonl", lambda: b"[" * 100_000 + b"\n", "row 1: is nested too deeply"),
    "cut json": ("my.json", lambda: b'[{"a": 1},\n {"a": ', "my.json, row 2: is not JSON: expecting value"),
    "cut line": ("my.jsonl", lambda: b'{"a": 1, "y": 2}\n{"a": 1,', "my.jsonl, row 2: is not JSON"),
    "no table": ("my.json", lambda: b'"hello"', "is not a table; a table is a list of records"),
    "settings": ("my.json", lambda: b'{"name": "x", "version": 1}', "is not a table; a table is"),
    "a number among records": ("my.json", lambda: b'[{"a": 1, "y": 2}, 7]', "row 2: 7 where a record was expected"),
    "a list in a cell": ("my.json", lambda: b'[{"a": [1], "y": 2}]', "column 'a': holds a list.*kinds={'a': 'skip'}"),
    "unequal columns": ("my.json", lambda: b'{"a": [1, 2], "y": [1]}', "column 'y': 1 values where column 'a' has 2"),
    "unequal rows": ("my.json", lambda: b'[["a", "y"], [1, 2], [3]]', "row 2: expected 2 values, found 1"),
    "unequal records": ("my.json", lambda: b'[{"a": 1, "y": 1}, {"y": 0}]', "row 2, column 'a'.*missing"),
    "nan": ("my.json", lambda: b'[{"a": NaN, "y": 1}, {"a": 2, "y": 0}]', "row 1, column 'a': .*missing"),
    "infinity": ("my.json", lambda: b'[{"a": 1, "y": 1}, {"a": -Infinity, "y": 0}]', "row 2, column 'a'.*not a finite"),
    "a name twice": ("my.json", lambda: b'[{"a": 1, "a": 2, "y": 1}]', "a record has 'a' twice"),
    "a column twice": ("my.json", lambda: b'[["a", "a"], [1, 2]]', "two columns are called 'a'"),
    "great number": (
        "my.json",
        lambda: b'[{"a": 1' + b"0" * 400 + b', "y": 1}, {"a": 1, "y": 2}]',
        "not a finite number",
    ),
    "a control character": ("my.jsonl", lambda: b'{"a": "\x1b"}', "invalid control character at column 8"),
    "long number": ("my.json", lambda: b'[{"a": ' + b"9" * 5000 + b', "y": 1}]', "too many digits"),
    "many columns": (
        "my.json",
        lambda: json.dumps([{f"c{n}": n for n in range(10_001)}]).encode(),
        "more than 10,000 columns",
    ),
    "ever other names": (
        "my.jsonl",
        lambda: "".join(json.dumps({f"c{n}": n}) + "\n" for n in range(10_001)).encode(),
        "4,096 records have 4,096 names, and each hardly any",
    ),
    "bomb of lines": ("my.jsonl.gz", lambda: gzip.compress(bytes(64 << 20), 1), "to more than|NUL"),
    "bomb of blanks": ("my.json.gz", lambda: gzip.compress(b" " * (64 << 20), 1), "to more than|longer than"),
    "endless line": ("my.jsonl", lambda: b'{"a": "' + b"x" * (9 << 20), "the line is longer than"),
    "wide text": ("my.fwf", lambda: b"1 " * 10_001 + b"\n" + b"2 " * 10_001, "10,001 columns; at most"),
    "shifted text": (
        "my.fwf",
        lambda: b"a  b\n1  2\n" * 600 + b"123456 7\n",
        "row 1201: its words are not aligned with",
    ),
    "controls in a name": (
        "my.json",
        lambda: b'[{"a\\u001b[31m\\u0007": 1, "y": 1}, {"y": 0, "a\\u001b[31m\\u0007": "x"}, {"y": 1}]',
        "missing|words",
    ),
}

#: Of these another file of their kind is quick: a process reads each.
ALIKE = frozenset({"text as parquet", "torn feather", "torn xlsx", "text as xlsx", "a bomb in styles", "empty sheet"})

#: Reads each file of a folder, and says what was answered and how much memory it took beyond a good one's.
MEASURE = """
import json, resource, sys
from pathlib import Path
from nnplay.data.catalogue import read_file
from nnplay.errors import InputError
good, folder = sys.argv[1:]
for name in json.loads(good):
    read_file(name, missing="mean")
def used():
    return [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
before, answers = used(), {}
for path in sorted(Path(folder).iterdir()):
    try:
        read_file(str(next(path.iterdir())))
    except InputError as error:
        answers[path.name] = error.message
print(json.dumps([before, used(), answers]))
"""


@pytest.mark.parametrize(
    "names", [BAD.keys() - ALIKE, pytest.param(BAD.keys(), marks=pytest.mark.slow)], ids=["few", "all"]
)
def test_whatever_is_wrong_is_one_sentence_and_takes_little_memory(names: Set[str], tmp_path: Path) -> None:
    """Bombs, torn files, depth, width, unequal records: each is refused by name, within 64 MiB beyond a good file's."""
    for library in set(LIBRARIES.values()):
        pytest.importorskip(library)
    bad = {name: BAD[name] for name in BAD if name in names}
    for name, (file, make, _) in bad.items():
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / file).write_bytes(make())
    good = json.dumps([str(SOURCES / f"houses.{ending}") for ending in ("csv", "jsonl", "parquet", "feather", "xlsx")])
    command = [sys.executable, "-c", MEASURE, good, str(tmp_path / "bad")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after, answers = json.loads(done.stdout)
    for name, (file, _, words) in bad.items():
        assert name in answers, f"{name} was read"
        message = answers[name]

        assert re.search(words, message), f"{name}: {message}"
        assert message.startswith(file), message
        assert message.isprintable(), message
    assert after[0] - before[0] < 64 << 10
    assert after[1] - before[1] < 64 << 10


def test_times_that_no_microsecond_counts_are_refused(tmp_path: Path) -> None:
    """Seconds beyond the largest microsecond become no other year; of nanoseconds only the rest is lost."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather

    path = str(tmp_path / "my.feather")

    for kind in (pyarrow.timestamp("s"), pyarrow.duration("s")):
        feather.write_feather(pyarrow.table({"t": pyarrow.array([1 << 62, 5], kind), "y": [1, 2]}), path)
        with pytest.raises(InputError, match=r"my\.feather, column 't': holds times beyond the year 294,246"):
            read_file(path)
    feather.write_feather(
        pyarrow.table({"t": pyarrow.array([1500, 10**15], pyarrow.duration("ns")), "y": [1, 2]}), path
    )
    assert read_file(path).x[:, 0].tolist() == pytest.approx([1e-6 / 86400, 1e6 / 86400])
