"""What to do about a file is said in the words of the front end that the user sits at."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from nnplay.data.csv.advice import FrontEnd, advice, advise_for
from nnplay.data.csv.csv_file import read_csv
from nnplay.errors import InputError

ROWS = "".join(f"{row},{row % 7 + 0.5},{row % 3}\n" for row in range(30))


@pytest.mark.parametrize(
    ("front_end", "words"),
    [
        ("python", ("missing='mean', 'drop' or 'category'", "skip_bad_rows=True", "kinds={'my id': 'skip'}")),
        ("command", ("--missing mean, drop or category", "--skip-bad-rows", "--kinds 'my id=skip'")),
        ("playground", (":set missing mean, drop or category", ":set skip_bad_rows yes", ":set kinds my id=skip")),
    ],
)
def test_an_option_is_named_as_the_front_end_takes_it(front_end: FrontEnd, words: tuple[str, str, str]) -> None:
    """Python gets arguments, the command line options that its shell leaves whole, the playground its own commands."""
    with advise_for(front_end):
        assert advice("missing", "mean", "drop", "category") == words[0]
        assert advice("skip_bad_rows", True) == words[1]
        assert advice("kinds", {"my id": "skip"}) == words[2]


def test_the_front_end_of_before_speaks_again_afterwards() -> None:
    """Advice within advice ends where it began, also behind an error."""
    with pytest.raises(InputError), advise_for("command"):
        read_csv("no such file")
    assert advice("header", "yes") == "header='yes'"


@pytest.mark.parametrize("name", ["a b", "it's", "$HOME", "a;b", "größe"])
def test_a_shell_gives_the_advice_back_whole(name: str) -> None:
    """Whatever a column is called, the option can be copied into a shell."""
    with advise_for("command"):
        assert shlex.split(advice("kinds", {name: "category"})) == ["--kinds", f"{name}=category"]


BROKEN = {
    "text among numbers": f"a,b,y\n{ROWS}x,2,1\n",
    "missing": f"a,b,y\n{ROWS},2,1\n",
    "missing target": "a,b,y\n1,2,\n2,3,NA\n",
    "long row": f"a,b,y\n{ROWS}1,2,3,4\n",
    "one column": "a^b\n1^2\n",
    "words everywhere": "a,y\n" + "".join(f"w{row},{row % 2}\n" for row in range(30)),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_refused_file_is_answered_without_python_on_the_command_line(content: str, tmp_path: Path) -> None:
    """Errors name options (`--kinds`), and none of Python's braces, quotes around values or arguments."""
    path = tmp_path / "my.csv"
    path.write_text(content)
    with advise_for("command"), pytest.raises(InputError) as caught:
        read_csv(path)
    assert "--" in caught.value.hint
    assert "=True" not in caught.value.hint
    assert "{" not in caught.value.hint
    assert "='" not in caught.value.hint


def test_notes_speak_the_playground_s_words(tmp_path: Path) -> None:
    """What was found out about a file is answered with commands of the playground's own line."""
    path = tmp_path / "my.csv"
    path.write_text("id,a,y\n" + "".join(f"w{row},{row % 7 + 0.5},{row % 3}\n" for row in range(30)))
    with advise_for("playground"):
        notes = " ".join(read_csv(path).notes)
    assert ":set kinds id=category" in notes
    assert ":set target …" in notes
    assert "={" not in notes


def test_columns_without_use_are_told_apart(tmp_path: Path) -> None:
    """A file from which nothing can be learned says of its columns why: names of rows, or the same in every row."""
    path = tmp_path / "my.csv"
    path.write_text("name,same,y\n" + "".join(f"w{row},1,{row % 2}\n" for row in range(30)))
    with pytest.raises(InputError, match="'name' has a different word in every row, 'same' is the same in every row"):
        read_csv(path)


def test_words_that_look_like_numbers_are_told_of_where_their_column_is_left_out(tmp_path: Path) -> None:
    """Hexadecimal numbers make a column of words that come once; the note says how to write them."""
    path = tmp_path / "my.csv"
    path.write_text("n;a;y\n" + "".join(f"{row + 100:#x};{row % 7 + 0.5};{row % 2}\n" for row in range(30)))
    data = read_csv(path)
    assert any("'n' is text" in note and "hexadecimal" in note for note in data.notes)
