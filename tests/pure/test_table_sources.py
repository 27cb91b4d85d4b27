"""One table in every form gives the same data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import find_source, read_file
from nnplay.errors import InputError
from nnplay.system import extras
from tests.table_files import SOURCES, need, write_source

CSV = read_file(str(SOURCES / "houses.csv"), target="price", missing="mean")


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
def test_a_table_is_the_same_in_every_form(name: str, kind: str, request: pytest.FixtureRequest) -> None:
    """Numbers, gaps, words, dates and truth values of a real file become the inputs that its CSV file gives."""
    need(name.rpartition(".")[2])
    path = str(SOURCES / name)
    assert find_source(path).name == kind
    data = read_file(path, target="price", missing="mean")
    assert data.feature_names == CSV.feature_names
    assert np.array_equal(data.x, CSV.x, equal_nan=True)
    assert np.array_equal(data.y, CSV.y)
    request.getfixturevalue("forked_readers")
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


def test_records_in_records_become_columns(tmp_path: Path) -> None:
    """Named with a point; what only some records have is missing in the others, and a note says so."""
    text = '[{"user": {"age": 3, "home": {"zip": 7.5}}, "y": 1}, {"user": {"age": 4}, "y": 0}]'
    data = read_file(write_source(tmp_path, "my.json", text), missing="mean")
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
    data = read_file(write_source(tmp_path, "my.json", text))
    assert (data.x[:, 0].tolist(), data.class_names) == ([1, 2], ("no", "yes"))


def test_columns_of_fixed_width_are_found_or_given(tmp_path: Path) -> None:
    """By what is blank in all rows, or by widths where words touch."""
    path = write_source(tmp_path, "my.fwf", "12.5ABno \n 3.0CDyes\n44.0ABno \n")
    data = read_file(path, widths="4,2,3", header="no")
    assert data.x[:, 0].tolist() == [12.5, 3.0, 44.0]
    assert data.class_names == ("no", "yes")
    with pytest.raises(InputError, match="'4,x' is not a list of widths; use widths='5,10,8'"):
        read_file(path, widths="4,x")


@pytest.mark.usefixtures("forked_readers")
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
