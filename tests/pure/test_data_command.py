"""`nnplay data` prints what the data browser shows: on any terminal, and in a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from nnplay.cli.main import main


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints, after it ended well."""
    assert main(["data", *words]) == 0
    return capsys.readouterr().out


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "shop.csv"
    rows = [f"{i + 1},{20 + i % 40},{('Köln', 'Bonn')[i % 2]},{'' if i == 4 else i * 3},{i % 2}\n" for i in range(80)]
    path.write_text("id,age,city,spent,left\n" + "".join(rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["spiral", "iris", "diabetes", "digits", "adding", "reversal", "shapes_masks"])
def test_any_data_set_is_printed_in_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No line is wider, and nothing in it steers a terminal."""
    text = printed(capsys, name)
    assert all(cell_len(line) <= 80 and line.isprintable() for line in text.splitlines())
    assert "batch 1 of " in text


def test_a_table_is_shown_as_it_was_written_and_as_numbers(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Roles, kinds, missing and distinct values, the parts, a row in words, the notes."""
    text = printed(capsys, table, "--row", "5")
    assert "3 features, 1 target, 1 left out" in text
    assert "id      left out  -              0        80" in text
    assert "spent   feature   number         1        79" in text
    assert "56 training rows (70 %)" in text
    assert "row 5 of 80, line 6, a " in text
    assert "city: Köln → 1   (1 for 'Köln', 0 for 'Bonn')" in text
    assert "spent: (nothing) → missing → 0" in text
    assert "gives the target 'left' away (leak)" in text


def test_roles_and_encodings_are_options(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same as of `nnplay train`."""
    text = printed(capsys, table, "--target", "spent", "--kinds", "left=skip,id=number", "--encode", "ordinal")
    assert "spent   target    number" in text
    assert "left: 0   (left out: by choice)" in text
    assert "the number of the word in a list of 2" in text


def test_plain_characters_are_enough(
    table: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signs become plain ones; letters of names stay as they are."""
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(capsys, table, "--ascii").replace("ö", "o")
    assert text.isascii()
    assert "as written -> as numbers" in text
    assert "###" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["iris", "--row", "151"], "--row"),
        (["iris", "--row", "x"], "--row"),
        (["no-such.csv"], "there is no such file"),
        (["run.nnplay"], "nnplay show"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, nothing printed."""
    assert main(["data", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
