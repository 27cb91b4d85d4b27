"""Large parts of a file are read as bytes: the columns are those that reading with care gives, cell by cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnplay.data.cells.cells import parse_number
from nnplay.data.csv.options import CsvOptions
from nnplay.data.csv.text import word_codes
from nnplay.data.csv.text.byte_block import BlockColumn, BlockJoiner, cut_block
from nnplay.data.csv.text.lines import FIELD_LIMIT
from nnplay.data.csv.text.packed_cells import PackedCells
from nnplay.data.csv.text.plain_numbers import MARGIN, read_plain
from nnplay.data.csv.text.table_text import read_table_text
from nnplay.data.csv.text.word_codes import WordCodes

LINES = 150
"""So many lines are looked at one by one before the first block is taken."""
CELL = st.one_of(
    st.sampled_from(
        ["", "1", "-2.5", " 3 ", "\t4", "é", "東京", "a b", "a\x1fb", "\x1fc", "x" * 31, "x" * 32, "x" * 33]
    ),
    st.from_regex(r"[+-]?[0-9]{0,17}[.,]?[0-9]{0,17}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\0\r\n,"'), max_size=12),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=4),
)
ROWS = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8)


def read(content: bytes, **options: object) -> list[list[str]]:
    """The cells of all columns."""
    found = read_table_text(io.BytesIO(content), CsvOptions(delimiter=",", header="yes", **options), "t.csv")  # type: ignore[arg-type]
    return [list(column) for column in found.columns]


def careful(content: bytes) -> Iterator[list[str]]:
    """The rows as the standard library reads them."""
    text = io.StringIO(content.decode(), newline=None).read()
    rows = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    return ([cell.strip() for cell in row] for row in rows if row)


@example([["1", "2", "3"]], "\r\n", False, False)
@example([[" é", "2\u3000", "\x85"]], "\n", False, True)
def blocks_have_the_cells_that_the_csv_module_reads(rows: list[list[str]], end: str, quoted: bool, last: bool) -> None:
    """Plain, quoted, blank-padded and non-ASCII cells, with each kind of line end, with and without the last."""
    file = io.StringIO(newline="")
    write = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    write.writerows([["a", "b", "c"], *[["0", "0", "0"]] * LINES, *rows, *rows])
    content = file.getvalue().replace("\n", end).encode()
    content = content if last else content.removesuffix(end.encode())
    wanted = list(careful(content))[1:]
    assert read(content) == [list(column) for column in zip(*wanted, strict=True)]


@pytest.mark.parametrize("examples", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_blocks_have_the_cells_that_the_csv_module_reads(examples: int) -> None:
    """Whatever rows there are."""
    ways = {"end": st.sampled_from(["\n", "\r\n", "\r"]), "quoted": st.booleans(), "last": st.booleans()}
    settings(max_examples=examples)(given(rows=ROWS, **ways)(blocks_have_the_cells_that_the_csv_module_reads))()


@pytest.mark.parametrize("bad", ["1,2", "1,2,3,4", "", '1,"2,2",3', '1,"2\n2",3'])
def test_one_line_unlike_the_others_changes_no_other_row(bad: str) -> None:
    """A shorter or longer line is left out by choice, an empty one passed over, a quoted one read; none is shifted."""
    lines = ["a,b,c", *(f"{i},x{i},{i}.5" for i in range(LINES)), bad, *(f"{i},y{i},{i}" for i in range(50))]
    content = "\n".join(lines).encode()
    wanted = [row for row in careful(content) if len(row) == 3][1:]
    assert read(content, skip_bad_rows=True) == [list(column) for column in zip(*wanted, strict=True)]


@example(["999999999999999", "-.000000000000001", "1234567.12345678", "12345678.1234567", "-", ".", "+.", "1..2"], ".")
@example(["-0", "+12345678", "123456789", "1.2.3456789", "1234567,8", "00000000000001.5", "1,", ",1"], ",")
def numbers_of_bytes_are_those_of_the_text(cells: list[str], decimal: str) -> None:
    """Each that is taken for a number is the same to the last bit; none of the usual ones is passed over."""
    words = [cell.strip().encode() for cell in cells]
    ends = np.cumsum([len(word) + 1 for word in words]) + MARGIN - 1
    begins = ends - [len(word) for word in words]
    text = bytes(MARGIN) + b"\n".join(words) + b"\n" + bytes(MARGIN)
    values, known = read_plain(text, begins, ends, decimal)
    for word, value, taken in zip(words, values.tolist(), known.tolist(), strict=True):
        number = parse_number(word.decode(), decimal)
        digits = sum(letter in b"0123456789" for letter in word)
        usual = number is not None and digits <= 15 and not any(letter in b"eEnN" for letter in word)
        assert taken == (usual and "inf" not in word.decode().lower())
        if taken:
            assert (value, np.signbit(value)) == (number, np.signbit(number))


@pytest.mark.parametrize("examples", [40, pytest.param(600, marks=pytest.mark.slow)])
def test_numbers_of_bytes_are_those_of_the_text(examples: int) -> None:
    """Whatever cells there are."""
    cells = {"cells": st.lists(CELL, min_size=1, max_size=40), "decimal": st.sampled_from([".", ","])}
    settings(max_examples=examples)(given(**cells)(numbers_of_bytes_are_those_of_the_text))()


def block_column(words: list[str]) -> PackedCells:
    """A column of a block that holds the words."""
    block = cut_block("".join(f"{word},0\n" for word in words), ",", 2)
    assert block is not None
    return PackedCells(parts=[BlockColumn(block, 0), BlockColumn(block, 0)])


@pytest.mark.parametrize("longest", [1, 8, 9, 32, 33, 300])
def test_words_are_told_apart_by_every_letter(longest: int) -> None:
    """Words with the same beginning and other ends, one a part of another, or in the order of their bytes turned."""
    stems = ["a" * longest, "a" * (longest - 1) + "b", "a" * (longest - 1), "é" * (longest // 2), "", "b" * longest]
    words = stems * 3
    different, codes = block_column(words).coded()
    assert different == list(dict.fromkeys(words))
    assert [different[code] for code in codes.tolist()] == words * 2


def test_words_with_one_key_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the numbers that words are found by are the same, the words themselves are compared."""
    monkeypatch.setattr(word_codes, "_FACTORS", np.ones(4, dtype=np.uint64))
    words = ["abcdefghABCDEFGH", "ABCDEFGHabcdefgh", "abcdefghABCDEFGH", "x", "ABCDEFGHabcdefgh", "x"]
    different, codes = block_column(words).coded()
    assert sorted(different) == sorted(set(words))
    assert [different[code] for code in codes.tolist()] == words * 2


def test_very_many_words_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """From some number on words are no longer kept in order of their bytes; their codes go on as they began."""
    monkeypatch.setattr(word_codes, "_MANY", 5)
    words = [f"w{place}" for place in range(10)]
    different, codes = block_column(words).coded()
    assert different == words
    assert codes.tolist() == [*range(10)] * 2


@pytest.mark.parametrize("width", [3, 200, 70_000])
def test_cells_are_found_in_lines_of_any_length(width: int) -> None:
    """Also behind 255 and 65,535 bytes of a line; some rows of a column are those cells too."""
    rows = [["x" * (width - place), str(place), f" {place} "] for place in range(3)]
    block = cut_block("".join(",".join(row) + "\n" for row in rows), ",", 3)
    assert block is not None
    for place in range(3):
        column = BlockColumn(block, place)
        wanted = [row[place].strip() for row in rows]
        assert column.words() == wanted
        assert column.select(np.array([True, False, True])).words() == wanted[::2]


def test_blocks_of_few_rows_are_joined() -> None:
    """Also where only one of them has blanks around cells, and where their lines differ in length."""
    parts = [[["a", "b"], ["", "cc"]], [[" d ", "e"], ["f" * 300, " "]], [["g", "h"]]]
    cut = [cut_block("".join(",".join(row) + "\n" for row in rows), ",", 2) for rows in parts]
    joiner = BlockJoiner()
    for block in cut:
        assert block is not None
        joiner.add(block)
    joined = joiner.take()
    assert (joined.rows, joiner.rows) == (5, 0)
    for place in range(2):
        assert BlockColumn(joined, place).words() == [row[place].strip() for rows in parts for row in rows]


def test_a_cell_that_is_too_long_is_left_to_the_careful_reader() -> None:
    """It is refused there, with its row."""
    assert cut_block("x" * (FIELD_LIMIT + 1) + ",1\n", ",", 2) is None
    assert cut_block("x" * FIELD_LIMIT + ",1\n", ",", 2) is not None
    assert WordCodes().words == []


@pytest.mark.parametrize("rows", [3, 3000])
def test_columns_of_several_files_are_joined(rows: int) -> None:
    """Small pieces become one, large ones stay; the cells and their codes are the same either way."""
    words = [["x", "y", f"w{place}"] * (rows // 3) for place in range(3)]
    joined = PackedCells.joined([block_column(words[0]), PackedCells(words[1]), block_column(words[2])])
    wanted = [*words[0] * 2, *words[1], *words[2] * 2]
    assert list(joined) == wanted
    assert joined[len(words[0]) * 2 : len(words[0]) * 2 + 2] == ["x", "y"]
    different, codes = joined.coded()
    assert [different[code] for code in codes.tolist()] == wanted
