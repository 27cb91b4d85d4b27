"""Claims about sources of tables: one table in every form gives the same data; whatever is wrong is one sentence."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import file_endings, find_source, load_file, read_file
from nnplay.data.reading import extras
from nnplay.errors import InputError

SOURCES = Path(__file__).parent / "sources"
LIBRARIES = {"parquet": "duckdb", "feather": "pyarrow", "arrow": "pyarrow", "xlsx": "openpyxl"}
CSV = read_file(str(SOURCES / "houses.csv"), target="price", missing="mean")


def need(ending: str) -> None:
    """Skips where the library for such files is not installed."""
    if ending in LIBRARIES:
        pytest.importorskip(LIBRARIES[ending])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("houses.parquet", "parquet"),
        ("houses.feather", "arrow"),
        ("houses.arrow", "arrow"),
        ("houses.xlsx", "excel"),
        ("houses_records.json", "json"),
        ("houses_split.json", "json"),
        ("houses_columns.json", "json"),
        ("houses.jsonl", "json_lines"),
        ("houses_packed.jsonl.gz", "json_lines"),
        ("houses.fwf", "fixed_width"),
        ("houses.db", "sqlite"),
        ("parts/*.csv", "csv"),
    ],
)
def test_a_table_is_the_same_in_every_form(name: str, kind: str) -> None:
    """Numbers, gaps, words, dates and truth values of a real file become the inputs that its CSV file gives."""
    need(name.rpartition(".")[2])
    path = str(SOURCES / name)
    assert find_source(path).name == kind
    data = read_file(path, target="price", missing="mean")
    assert data.feature_names == CSV.feature_names
    assert np.array_equal(data.x, CSV.x, equal_nan=True)
    assert np.array_equal(data.y, CSV.y)
    again = RunConfig.from_dict({"data": {"file": path, "target": "price", "missing": "mean"}}).data.load()
    assert np.array_equal(again.x, data.x, equal_nan=True)


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install reads these files by one command more."""
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    for name, extra in (("houses.parquet", "data"), ("houses.feather", "arrow"), ("houses.xlsx", "excel")):
        with pytest.raises(InputError) as caught:
            read_file(str(SOURCES / name))
        assert caught.value.hint == f'pip install "nnplay[{extra}]"'
    with pytest.raises(InputError, match=r'psycopg, which is not installed; pip install "nnplay\[sql\]"'):
        read_file("postgresql://host/shop")


def test_every_library_of_an_extra_is_in_the_project() -> None:
    """What the messages tell people to install is there."""
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    given = project["optional-dependencies"]
    for library, extra in extras.EXTRAS.items():
        package = {"PIL": "pillow"}.get(library, library)
        assert any(line.startswith(package) for line in given[extra])
        assert not any(line.startswith(package) for line in project["dependencies"])


# -- several files -------------------------------------------------------------------------------------------------


def write_parts(folder: Path, **texts: str) -> str:
    """Files of one folder, and the pattern that names them."""
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return str(folder / "*.csv")


def test_several_files_are_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Rows come sorted by file; the note says which files; the set is called by its folder."""
    pattern = write_parts(tmp_path, b="a,y\n3,no\n4,yes\n", a="a,y\n1,yes\n2,no\n")
    data = read_file(pattern)
    assert data.x[:, 0].tolist() == [1, 2, 3, 4]
    assert "2 files: a.csv … b.csv" in data.notes
    assert data.name == tmp_path.name


def test_a_file_with_other_columns_is_named(tmp_path: Path) -> None:
    """With what is missing and what is new, or that only the order differs."""
    pattern = write_parts(tmp_path, a="a,b,y\n1,2,no\n", b="a,c,y\n1,2,yes\n")
    with pytest.raises(
        InputError, match=r"b\.csv: its columns differ from those of a\.csv: 'b' is missing, 'c' is new"
    ):
        read_file(pattern)
    write_parts(tmp_path, b="b,a,y\n1,2,yes\n")
    with pytest.raises(InputError, match="they are in a different order"):
        read_file(pattern)


def test_an_error_in_one_of_several_files_names_it_and_its_row(tmp_path: Path) -> None:
    """Be it a broken row, a gap, or stray text; so do notes about rows that were left out."""
    good = "a,y\n" + "".join(f"{row},{row % 2}\n" for row in range(20))
    pattern = write_parts(tmp_path, a=good, b=good + "7,1,1\n")
    with pytest.raises(InputError, match=r"^b\.csv, row 22: expected 2 fields"):
        read_file(pattern)
    write_parts(tmp_path, b=good + ",1\n")
    with pytest.raises(InputError, match=r"^b\.csv, row 22, column 'a': a value is missing"):
        read_file(pattern)
    write_parts(tmp_path, b=good + "many,1\n")
    with pytest.raises(InputError, match=r"^b\.csv, row 22, column 'a'"):
        read_file(pattern)
    notes = read_file(pattern, skip_bad_rows=True).notes
    assert any("1 bad row left out: b.csv, row 22" in note for note in notes)


def test_a_pattern_without_files_says_so(tmp_path: Path) -> None:
    """A file that is really called so is read as itself, and other kinds than tables are not joined."""
    with pytest.raises(InputError, match="no file matches this pattern"):
        read_file(str(tmp_path / "*.csv"))
    (tmp_path / "what?.csv").write_text("a,y\n1,no\n2,yes\n", encoding="utf-8")
    (tmp_path / "whats.csv").write_text("b,z\n1,no\n", encoding="utf-8")
    assert len(read_file(str(tmp_path / "what?.csv"))) == 2
    for name in ("a", "b"):
        np.savez(tmp_path / f"{name}.npz", x=np.zeros((4, 2)), y=np.arange(4) % 2)
    with pytest.raises(InputError, match="only tables are read together"):
        read_file(str(tmp_path / "*.npz"))


def test_typed_files_are_joined_by_their_types(tmp_path: Path) -> None:
    """Whole numbers and fractions are numbers; a gap in one part is a gap of the whole."""
    (tmp_path / "a.jsonl").write_text('{"a": 1, "y": "no"}\n{"a": null, "y": "yes"}\n')
    (tmp_path / "b.jsonl").write_text('{"a": 2.5, "y": "no"}\n{"a": 3.5, "y": "yes"}\n')
    data = read_file(str(tmp_path / "*.jsonl"), missing="mean")
    assert np.array_equal(data.x[:, 0], [1, np.nan, 2.5, 3.5], equal_nan=True)


# -- standard input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["houses.csv", "houses.jsonl", "houses_split.json", "houses.db", "houses.parquet"])
def test_what_is_piped_in_is_kept_where_a_session_finds_it(name: str, tmp_path: Path) -> None:
    """Its kind is told by its first bytes; it is kept by its digest, so that reading it again gives the same."""
    need(name.rpartition(".")[2])
    program = (
        "from nnplay.data.catalogue import read_file; from nnplay.data.reading.standard_input import kept_input\n"
        "data = read_file('-', target='price', missing='mean'); print(len(data), data.x.shape[1], kept_input())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=(SOURCES / name).read_bytes(),
        capture_output=True,
        check=True,
        env={**os.environ, "NNPLAY_CACHE_DIR": str(tmp_path)},
    )
    rows, width, path = done.stdout.decode().split()
    assert (int(rows), int(width)) == CSV.x.shape
    assert Path(path).read_bytes() == (SOURCES / name).read_bytes()
    assert np.array_equal(read_file(path, target="price", missing="mean").x, CSV.x, equal_nan=True)
    assert not Path(path).stat().st_mode & 0o077


@pytest.mark.parametrize("writable", [True, False])
def test_what_is_piped_in_for_this_program_only_is_said_to_be(writable: bool, tmp_path: Path) -> None:
    """Where the cache cannot be written it is read all the same, and a note says what that means for a saved run."""
    (tmp_path / "file").write_text("no folder")
    program = "from nnplay.data.catalogue import read_file; print(read_file('-').notes)"
    cache = tmp_path / ("cache" if writable else "file/cache")
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b"a,b\n1,2.5\n2,3\n3,1\n",
        capture_output=True,
        check=True,
        env={**os.environ, "NNPLAY_CACHE_DIR": str(cache)},
    )
    assert ("kept for as long as this program runs" in done.stdout.decode()) is not writable


def test_a_draft_that_was_left_behind_is_forgotten_in_the_end(tmp_path: Path) -> None:
    """A program that is ended while it reads leaves a draft; one that may still be written stays."""
    folder = tmp_path / "input"
    folder.mkdir(mode=0o700)
    (old := folder / ".new-old").touch()
    (new := folder / ".new-new").touch()
    os.utime(old, (0, 0))
    program = "from nnplay.data.reading.standard_input import kept_input; kept_input()"
    environment = {**os.environ, "NNPLAY_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], input=b"a,b\n1,2\n", check=True, env=environment)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_no_longer_kept_can_be_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is found again by its digest once the same data are piped in; also where the cache could not be
    written before, and it was kept elsewhere for one program.
    """
    program = "from nnplay.data.reading.standard_input import kept_input; print(kept_input())"
    environment = {**os.environ, "NNPLAY_CACHE_DIR": str(tmp_path)}

    def keep() -> Path:
        command = [sys.executable, "-c", program]
        content = (SOURCES / "houses.csv").read_bytes()
        return Path(
            subprocess.run(command, input=content, capture_output=True, check=True, env=environment)
            .stdout.decode()
            .strip()
        )

    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path))
    (path := keep()).unlink()
    fleeting = tmp_path / "nnplay-for-now" / path.parent.name / path.name
    for gone in (path, fleeting):
        with pytest.raises(InputError, match="no longer kept; give the same data to nnplay train - once more"):
            load_file(str(gone), {})
    assert keep() == path
    for again in (path, fleeting):
        assert len(load_file(str(again), {"missing": "mean"})) == len(CSV)


def test_nothing_piped_in_is_one_sentence() -> None:
    """Nothing waits for a keyboard or an empty pipe."""
    program = "from nnplay.cli import main; raise SystemExit(main(['train', '-']))"
    done = subprocess.run([sys.executable, "-c", program], input="", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("standard input: is empty")


# -- forms -----------------------------------------------------------------------------------------------------------


def written(tmp_path: Path, name: str, content: str | bytes) -> str:
    """A file."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_records_in_records_become_columns(tmp_path: Path) -> None:
    """Named with a point; what only some records have is missing in the others, and a note says so."""
    text = '[{"user": {"age": 3, "home": {"zip": 7.5}}, "y": 1}, {"user": {"age": 4}, "y": 0}]'
    data = read_file(written(tmp_path, "my.json", text), missing="mean")
    assert "user.age" in data.feature_names
    assert any("'user.home.zip' in 1" in note for note in data.notes)


@pytest.mark.parametrize(
    "text",
    [
        '{"rows": [{"a": 1, "y": "no"}, {"a": 2, "y": "yes"}]}',
        '{"a": [1, 2], "y": ["no", "yes"]}',
        '[["a", "y"], [1, "no"], [2, "yes"]]',
        '{"a": 1, "y": "no"}\n{"a": 2, "y": "yes"}\n',
        '\ufeff[{"a": 1, "y": "no"}, {"a": 2, "y": "yes"}]',
    ],
    ids=["wrapped", "by column", "rows", "lines", "mark"],
)
def test_json_is_read_in_its_usual_forms(tmp_path: Path, text: str) -> None:
    """All of them are the same table."""
    data = read_file(written(tmp_path, "my.json", text))
    assert (data.x[:, 0].tolist(), data.class_names) == ([1, 2], ("no", "yes"))


def test_columns_of_fixed_width_are_found_or_given(tmp_path: Path) -> None:
    """By what is blank in all rows, or by widths where words touch."""
    path = written(tmp_path, "my.fwf", "12.5ABno \n 3.0CDyes\n44.0ABno \n")
    data = read_file(path, widths="4,2,3", header="no")
    assert data.x[:, 0].tolist() == [12.5, 3.0, 44.0]
    assert data.class_names == ("no", "yes")
    with pytest.raises(InputError, match="'4,x' is not a list of widths; use widths='5,10,8'"):
        read_file(path, widths="4,x")


def test_a_sheet_is_chosen_and_a_title_above_it_left_out(tmp_path: Path) -> None:
    """Rows are named by their number in the sheet; a misspelt sheet is corrected."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["not this one"])
    sheet = book.create_sheet("May")
    for row in (["Sales in May"], [], ["a", "b", "y"], [1, "2,5", "no"], [], [2, "x", "yes"], [3, 4.5, "no"]):
        sheet.append(row)
    book.save(tmp_path / "my.xlsx")
    with pytest.raises(InputError, match="there is no sheet 'may'; did you mean 'May'"):
        read_file(str(tmp_path / "my.xlsx"), sheet="may")
    data = read_file(str(tmp_path / "my.xlsx"), sheet="May", kinds={"b": "category"})
    assert data.x[:, 0].tolist() == [1, 2, 3]
    assert any("1 row above row 3 left out" in note for note in data.notes)
    with pytest.raises(InputError, match=r"my\.xlsx, row 4, column 'b': '2,5' is not a number; use decimal=','"):
        read_file(str(tmp_path / "my.xlsx"), sheet="May", kinds={"b": "number"})
    with pytest.raises(InputError, match=r"my\.xlsx, row 6, column 'b': 'x' is not a number"):
        read_file(str(tmp_path / "my.xlsx"), sheet="May", kinds={"b": "number"}, decimal=",")


# -- bad input -------------------------------------------------------------------------------------------------------

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
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
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
    "bomb of lines": ("my.jsonl.gz", lambda: gzip.compress(bytes(64 << 20)), "to more than|NUL"),
    "bomb of blanks": ("my.json.gz", lambda: gzip.compress(b" " * (64 << 20)), "to more than|longer than"),
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


def test_whatever_is_wrong_is_one_sentence_and_takes_little_memory(tmp_path: Path) -> None:
    """Bombs, torn files, depth, width, unequal records: each is refused by name, within 64 MiB beyond a good file's."""
    for library in set(LIBRARIES.values()):
        pytest.importorskip(library)
    for name, (file, make, _) in BAD.items():
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / file).write_bytes(make())
    good = json.dumps([str(SOURCES / f"houses.{ending}") for ending in ("csv", "jsonl", "parquet", "feather", "xlsx")])
    command = [sys.executable, "-c", MEASURE, good, str(tmp_path / "bad")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after, answers = json.loads(done.stdout)
    for name, (file, _, words) in BAD.items():
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
