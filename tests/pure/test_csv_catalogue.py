"""Every bad or odd CSV file of the reliability catalogue, rows 1 to 32, is met as the catalogue says."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nnplay.data.csv.csv_file import read_csv
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError

SKIP = {"skip_bad_rows": True}
GOOD = "a,b,label\n1,2,x\n2,3,y\n3,5,x\n4,4,y\n"


@dataclass(frozen=True)
class Case:
    """A file, how it is read, and the words that the error or the notes must have."""

    row: int
    name: str
    content: bytes | Callable[[], bytes]
    error: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] | None = None


def text(content: str, encoding: str = "utf-8") -> bytes:
    return content.encode(encoding)


def rows(count: int, first: str, line: Callable[[int], str]) -> Callable[[], bytes]:
    return lambda: "\n".join([first, *(line(index) for index in range(count)), ""]).encode()


CASES = (
    Case(1, "no bytes", b"", error=("no data rows",)),
    Case(1, "blank lines", b"\n\r\n \n\n", error=("no data rows",)),
    Case(1, "only a header", b"a,b,c\n", error=("no data rows",)),
    Case(
        2,
        "long row",
        text("a,b,label\n1,2,x\n2,3,y,9\n"),
        error=("row 3", "expected 3 fields, found 4", "skip_bad_rows"),
    ),
    Case(
        2,
        "long row skipped",
        text(GOOD + "5,6,x,7\n"),
        options=SKIP,
        notes=("1 bad row", "row 6"),
        shape=(4, 2),
    ),
    Case(
        3, "short row", text("a,b,label\n1,2,x\n2,y\n"), error=("row 3", "expected 3 fields, found 2", "skip_bad_rows")
    ),
    Case(3, "short row skipped", text(GOOD + "5,x\n"), options=SKIP, notes=("found 2",), shape=(4, 2)),
    Case(4, "semicolons", text(GOOD.replace(",", ";")), notes=("delimiter: semicolon",), shape=(4, 2)),
    Case(4, "tabs", text(GOOD.replace(",", "\t")), notes=("delimiter: tab",), shape=(4, 2)),
    Case(4, "bars", text(GOOD.replace(",", "|")), notes=("delimiter: bar",), shape=(4, 2)),
    Case(4, "decimal comma", text("a;b\n1,5;2,5\n2,5;3,5\n3,5;7,5\n"), notes=("decimal comma",), shape=(3, 1)),
    Case(5, "one column", text("a^b\n1^2\n3^4\n"), error=("only one column", "delimiter")),
    Case(6, "UTF-8 mark", codecs.BOM_UTF8 + text(GOOD), options={"target": "label"}, shape=(4, 2)),
    Case(7, "UTF-16 mark", codecs.BOM_UTF16_LE + text(GOOD, "utf-16-le"), notes=("UTF-16-LE",), shape=(4, 2)),
    Case(7, "UTF-16 big-endian", codecs.BOM_UTF16_BE + text(GOOD, "utf-16-be"), notes=("UTF-16-BE",), shape=(4, 2)),
    Case(7, "UTF-32 mark", codecs.BOM_UTF32_LE + text(GOOD, "utf-32-le"), notes=("UTF-32-LE",), shape=(4, 2)),
    Case(8, "Latin-1", b"a,b\n1,x\n2,caf\xe9\n", error=("row 3", "offset 13", "0xe9", "cp1252")),
    Case(8, "Latin-1 as told", b"a,b\n1,x\n2,caf\xe9\n", options={"encoding": "cp1252"}, shape=(2, 1)),
    Case(9, "NUL byte", b"a,b\n1,x\n2,\x00y\n", error=("row 3", "NUL", "binary")),
    Case(10, "PNG", b"\x89PNG\r\n\x1a\n\x00\x00", error=("looks like a PNG",)),
    Case(10, "zip", b"PK\x03\x04\x14\x00", error=("looks like a zip",)),
    Case(10, "Parquet", b"PAR1\x15\x04", error=("looks like a Parquet",)),
    Case(11, "open quote", text('a,b\n1,x\n2,"y\n3,z\n4,w\n'), error=("row 3", "never closed")),
    Case(11, "quote opened late in its row", text('a,b\n1,"two\nlines"\n2,"y\n3,z\n'), error=("row 4", "never closed")),
    Case(11, "quote opened in a later line", text('a,b\n"1\n2","x\n3,z\n'), error=("row 3", "never closed")),
    Case(11, "text after a quote", text('a,b\n1,x\n2,"y" z\n'), error=("row 3", "closing quote")),
    Case(12, "newline in quotes", text('a,b\n1,"x\ny"\nq,z\n3,z\n'), error=("row 4", "'q' is not a number")),
    Case(12, "newline in quotes read", text('a,b\n1,"x\ny"\n2,z\n'), shape=(2, 1)),
    Case(13, "CR line ends", text(GOOD.replace("\n", "\r")), shape=(4, 2)),
    Case(13, "mixed line ends", b"a,b\r\n1,x\r2,y\n3,x\r\nq,y\n", error=("row 5", "'q' is not a number")),
    Case(
        14, "duplicate names", text("a,a,,b\n1,2,3,x\n2,2,4,y\n9,3,3,x\n"), notes=("'a_2'", "'column_3'"), shape=(3, 3)
    ),
    Case(15, "no header", text("1,2,0\n2,3,1\n3,5,0\n4,4,1\n"), notes=("no header",), shape=(4, 2)),
    Case(15, "numbers as names", text("1,2,3\n2,3,0\n3,5,1\n"), options={"header": "yes", "target": "3"}, shape=(2, 2)),
    Case(16, "comment first", text("# by me\n" + GOOD), notes=("1 comment line left out",), shape=(4, 2)),
    Case(16, "comments", text("# by me\n# today\n" + GOOD + "# end\n"), notes=("3 comment lines",), shape=(4, 2)),
    Case(16, "comment as wide as the rows", text("# by me, today, here\n" + GOOD), notes=("1 comment line",)),
    Case(16, "comment amid", text(GOOD + "# end\n"), notes=("1 comment line",), shape=(4, 2)),
    Case(16, "total in a number column", text(GOOD + "Total,14,\n"), error=("row 6", "Total")),
    Case(16, "total in a text column", text("n,b,c\nu,1,2\nv,2,5\nTotal,3,7\n"), error=("row 4", "totals")),
    Case(16, "total skipped", text(GOOD + "Total,14,\n"), options=SKIP, notes=("totals",), shape=(4, 2)),
    Case(17, "missing", text("a,b\n1,x\n,y\nNA,x\n4,y\n"), error=("row 3", "'a'", "2 values are missing", "'mean'")),
    Case(17, "other words", text("a,b\n1,x\n?,y\n-,x\nnull,y\n5,y\n"), error=("row 3", "3 values are missing")),
    Case(
        17,
        "dropped",
        text("a,b\n1,x\n,y\n3,x\n4,y\n"),
        options={"missing": "drop"},
        notes=("a 1", "left out"),
        shape=(3, 1),
    ),
    Case(
        17, "mean", text("a,b\n1,x\n,y\n3,x\n4,y\n"), options={"missing": "mean"}, notes=("a 1", "mean"), shape=(4, 1)
    ),
    Case(17, "marked", text("a,b\n1,x\n,y\n3,x\n4,y\n"), options={"missing": "category"}, notes=("a 1",), shape=(4, 2)),
    Case(
        17,
        "word column",
        text("a,b\nu,x\n,y\nv,x\n"),
        options={"missing": "category"},
        notes=("(missing)",),
        shape=(3, 3),
    ),
    Case(18, "nan", text("a,b\n1,x\nnan,y\n3,x\n"), error=("row 3", "'a'", "'nan' is not a finite number")),
    Case(18, "inf", text("a,b\n1,x\n2,y\n-inf,x\n"), error=("row 4", "'-inf' is not a finite number", "'drop'")),
    Case(18, "1e999", text("a,b\n1,x\n1e999,y\n3,x\n"), error=("row 3", "'1e999' is not a finite number")),
    Case(18, "as missing", text("a,b\n1,x\n1e999,y\n3,x\n"), options={"missing": "mean"}, notes=("a 1",), shape=(3, 1)),
    Case(
        19,
        "in the target",
        text("a,b\n1,1.5\n2,nan\n3,2.5\n"),
        notes=("1 row without a target left out: b 1 ('nan' 1)",),
    ),
    Case(
        19,
        "missing target",
        text("a,b\n1,x\n2,\n3,y\n"),
        options={"missing": "category"},
        notes=("1 row without a target left out: b 1",),
        shape=(2, 1),
    ),
    Case(19, "target dropped", text("a,b\n1,1.5\n2,inf\n3,2.5\n"), options={"missing": "drop"}, shape=(2, 1)),
    Case(
        20,
        "late text",
        rows(30_010, "a,b", lambda index: f"{'abc' if index == 29_999 else index},{index % 7 + 0.5}"),
        error=("row 30001", "'abc' is not a number", "column 'a'", "category", "skip_bad_rows"),
    ),
    Case(
        20,
        "late text skipped",
        rows(100, "a,b", lambda index: f"{'abc' if index == 80 else index},{index % 7 + 0.5}"),
        options={"skip_bad_rows": True},
        notes=("row 82", "'abc'"),
        shape=(99, 1),
    ),
    Case(21, "beyond float32", text("a,b\n16777217,1.5\n16777219,2.5\n3,4\n"), notes=("lose precision", "category")),
    Case(21, "beyond 2^53", text("a,b\n9007199254740993,x\n2,y\n3,x\n"), notes=("lose precision",)),
    Case(22, "thousands", text('a,b\n"1,234",x\n"5,678",y\n"9,012",x\n'), notes=("'1,234', read as 1234",)),
    Case(22, "per cent", text("a,b\n12 %,x\n13 %,y\n"), notes=("'12 %', read as 12",)),
    Case(22, "hexadecimal", text("a,b\n0x10,x\n0x11,y\n"), notes=("is text", "hexadecimal")),
    Case(22, "underscores", text("a,b\n1_000,x\n2_000,y\n"), notes=("is text", "underscores")),
    Case(22, "Arabic digits", text("a,b\n١٢,x\n٣٤,y\n"), notes=("is text", "digits 0 to 9")),
    Case(22, "thousands among numbers", text('a,b\n1,x\n2,y\n"1,234",x\n'), notes=("'1,234', read as 1234",)),
    Case(23, "1e300", text("a,b\n1,x\n1e300,y\n"), error=("row 3", "column 'a'", "1e300", "too large")),
    Case(
        24,
        "constant",
        text("a,b,c\n1,7,x\n2,7,y\n3,7,x\n"),
        notes=("left out, constant: 1 column ('b')",),
        shape=(3, 1),
    ),
    Case(
        24, "all constant", text("a,b,c\n1,7,x\n1,7,y\n"), error=("no column is left to learn from: 'a' is the same",)
    ),
    Case(
        25,
        "too many words",
        rows(5000, "a,b", lambda index: f"w{index},{index % 2}"),
        options={"kinds": {"a": "category"}},
        notes=("'a' has too many different words: the most common are kept, 4,900 others share one category",),
        shape=(5000, 101),
    ),
    Case(
        25,
        "limit of one-hot",
        rows(1000, "a,b", lambda index: f"w{index},{index % 2}"),
        options={"kinds": {"a": "category"}},
        shape=(1000, 1000),
    ),
    Case(
        25,
        "over one-hot",
        rows(1001, "a,b", lambda index: f"w{index},{index % 2}"),
        options={"kinds": {"a": "category"}},
        notes=("901 others share one category",),
        shape=(1001, 101),
    ),
    Case(
        25,
        "codes",
        rows(10_000, "a,b", lambda index: f"w{index},{index % 2}"),
        options={"encode": "ordinal", "kinds": {"a": "category"}},
        shape=(10_000, 1),
    ),
    Case(
        25,
        "over codes",
        rows(10_001, "a,b", lambda index: f"w{index},{index % 2}"),
        options={"encode": "ordinal", "kinds": {"a": "category"}},
        notes=("3 others share one category",),
        shape=(10_001, 1),
    ),
    Case(
        25,
        "a name for every row",
        rows(40, "id,a,b", lambda index: f"C{index},{index},{index % 2}"),
        notes=("left out, a different word in every row: 1 column ('id')", "kinds={'id': 'category'}"),
        shape=(40, 1),
    ),
    Case(26, "one class", text("a,b\n1,a\n2,a\n"), error=("only class 'a' is present",)),
    Case(26, "one value", text("a,b\n1,2.5\n2,2.5\n"), error=("same value",), options={"task": "regression"}),
    Case(27, "class with one row", text(GOOD + "7,8,z\n"), notes=("class 'z' has only one row",), shape=(5, 2)),
    Case(28, "one row", text("a,b\n1,2.5\n"), shape=(1, 1)),
    Case(30, "target repeated", text("a,b,c\n1,u,x\n2,v,y\n3,u,x\n4,v,y\n"), notes=("'b' gives the target 'c' away",)),
    Case(30, "number target repeated", text("a,b,c\n1,7.5,7.5\n5,3.5,3.5\n2,9,9\n"), notes=("gives the target",)),
    Case(30, "identical columns", text("a,b,c\n1,1,x\n2,2,y\n2,2,x\n"), notes=("'a' and 'b' are identical",)),
    Case(
        31, "20,000 columns", lambda: (",".join(["1"] * 20_000) + "\n").encode() * 3, error=("20,000 columns", "10,000")
    ),
    Case(31, "10,001 columns", lambda: (",".join(["1"] * 10_001) + "\n").encode() * 3, error=("10,001 columns",)),
    Case(32, "a field above 1 MiB", lambda: b"a,b\n1," + b"x" * (2 << 20) + b"\n", error=("row 2", "field", "1.0 MiB")),
    Case(
        32, "a quoted field above 1 MiB", lambda: b'a,b\n1,"' + b"x\n" * (1 << 20) + b'"\n', error=("row 2", "1.0 MiB")
    ),
    Case(32, "an endless line", lambda: b"x" * (48 << 20), error=("row 1", "longer than")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.row} {case.name}")
def test_catalogue(case: Case, tmp_path: Path) -> None:
    """The file is refused with the row and column at fault, or read with a note on what was done."""
    path = tmp_path / "my.csv"
    path.write_bytes(case.content() if callable(case.content) else case.content)
    if case.error:
        with pytest.raises(InputError) as caught:
            read_csv(path, **case.options)
        message = caught.value.message
        assert message.startswith("my.csv")
        assert [word for word in case.error if word not in message] == [], message
        assert caught.value.exit_code == 2
        return
    data = read_csv(path, **case.options)
    notes = "\n".join(data.notes)
    assert [word for word in case.notes if word not in notes] == [], notes
    assert case.shape is None or data.x.shape == case.shape


@pytest.mark.parametrize(
    "encoding",
    [
        *("zip", "bz2", "rot13", "hex", "base64", "uu", "quopri", "idna", "punycode", "unicode_escape", "undefined"),
        *("raw_unicode_escape", "klingon", "", " ", "a\0b", "\ud800", "x" * 5000),
    ],
)
def test_what_is_no_text_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    """Codecs that pack bytes, disguise text or are for programs are no encodings of a table, whatever Python says."""
    path = tmp_path / "my.csv"
    path.write_bytes(text(GOOD))
    with pytest.raises(InputError, match=r"my.csv: unknown text encoding .*; try auto, utf-8, cp1252"):
        read_csv(path, encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-16", "U32"])
def test_a_file_without_the_mark_that_its_encoding_needs(encoding: str, tmp_path: Path) -> None:
    """UTF-16 and UTF-32 by their bare name need a byte order mark; the sentence says what to name instead."""
    path = tmp_path / "my.csv"
    path.write_bytes(GOOD.encode(encoding)[4:])
    with pytest.raises(InputError, match=r"has no byte order mark.*; try utf-(16|32)-le or -be"):
        read_csv(path, encoding=encoding)
    path.write_bytes(GOOD.encode("utf-16-be"))
    assert len(read_csv(path, encoding="utf-16-be")) == 4


def test_every_row_of_the_catalogue_has_a_case() -> None:
    """Rows 1 to 32 are all tried here or, for the split (row 29), beside the splits."""
    assert {case.row for case in CASES} | {29} == set(range(1, 33))


def read(tmp_path: Path, content: str, **options: Any) -> Dataset:
    path = tmp_path / "my.csv"
    path.write_text(content, encoding="utf-8")
    return read_csv(path, **options)


def test_single_row_says_no_test_split(tmp_path: Path) -> None:
    """One row cannot be split, and the error says so and what works (row 28)."""
    data = read(tmp_path, "a,b\n1,2.5\n")
    with pytest.raises(InputError, match=r"no row is left for .*of 1 row is less than one; use train=1"):
        data.split()
    assert len(data.split(1, 0, 0).train) == 1


def test_class_with_one_row_survives_the_split(tmp_path: Path) -> None:
    """A class with a single row stays in every part's legend, and its row is trained on (row 27)."""
    lines = "".join(f"{index},{'xy'[index % 2]}\n" for index in range(20))
    split = read(tmp_path, f"a,b\n{lines}99,z\n").split()
    assert split.train.class_names == split.class_names == ("x", "y", "z")
    assert split.test is not None
    assert split.test.outputs == 3
    assert 2 in split.train.y


def test_decimal_comma_is_read_as_a_number(tmp_path: Path) -> None:
    """`1,5` between semicolons is one and a half, and the decimal mark can be overridden."""
    content = "a;b\n1,5;2,5\n2,5;3,5\n-3,25;7,5\n"
    assert read(tmp_path, content).x[:, 0].tolist() == [1.5, 2.5, -3.25]
    overridden = read(tmp_path, content, decimal=".", task="classification")
    assert overridden.columns[0].kind == "one_hot"


def test_mean_comes_from_the_training_rows_only(tmp_path: Path) -> None:
    """A missing number becomes the mean of the training rows, and never that of the whole table."""
    lines = "".join(f"{'' if index % 10 == 0 else index},{index % 3 + 0.5}\n" for index in range(60))
    data = read(tmp_path, f"a,b\n{lines}", missing="mean", target="b", task="regression")
    split = data.split(seed=3, scale="none")
    known = data.x[split.indices.train, 0]
    known = known[known == known]
    assert split.scaler.fill is not None
    assert split.scaler.fill[0] == pytest.approx(known.mean(dtype=float))
    assert split.test is not None
    holes = data.x[split.indices.test, 0] != data.x[split.indices.test, 0]
    assert split.test.x[holes, 0] == pytest.approx(known.mean(dtype=float), rel=1e-6)


def test_notes_name_all_problems_of_several_columns(tmp_path: Path) -> None:
    """Problems of different columns are reported together."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "a,b,c\n1,1,x\nq,2,y\n3,r,x\n4,4,y\n")
    assert "row 3, column 'a'" in caught.value.message
    assert "row 4, column 'b'" in caught.value.message
