"""What people type by mistake, and runs that go wrong: each is answered with a sentence that leads on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnplay import session
from nnplay.cli import main
from nnplay.cli.report import score_table

HOUSES = "area,city,price,rent\n" + "".join(
    f"{row * 3 % 70},{'abc'[row % 3]},{row * 3 % 70 * 1000 + row},{row % 9 + 0.5}\n" for row in range(60)
)
DIVERGING = ["train", "plane", "--layers", "linear 4, linear 1", "--optimizer", "sgd", "--lr", "1e4"]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovered runs of this test only."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            ["pack", "spiral"],
            "'spiral' is a data set or preset, not a session; a session is a folder such as run.nnplay",
        ),
        (["pack", "houses.csv"], "houses.csv: is not a session; a session is a folder such as run.nnplay"),
        (["pack", "nowhere"], "nowhere: there is no such session; a session is a folder such as run.nnplay"),
        (["open", "nowhere.nnplay"], "nowhere.nnplay: there is no such session"),
        (
            ["open", "my houses.csv"],
            "my houses.csv: is data, not a saved run; to open it: nnplay --data 'my houses.csv'",
        ),
        (["open", "spiral"], "spiral: is data, not a saved run; to open it: nnplay --data spiral"),
        (["step", "nowhere.nnplay"], "nowhere.nnplay: there is no such session"),
        (["step", "xor", "--after", "-3"], "--after: '-3' is not an integer"),
        (["recover", "--discard", "it"], "unknown recovered run 'it'; there is nothing to recover"),
        (["presets", "lennet"], "unknown preset 'lennet'; did you mean 'lenet'?"),
        (["train", "spiral", "--layers", "linear 8 tanh"], "'tanh' is a separate layer; put a comma before 'tanh'"),
        (
            ["train", "xor", "--layers", "sum"],
            "layer 0, sum: needs at least two branches, but has 0; write sum[linear 8 |",
        ),
        (["train", "xor", "--layers", "concat, linear 2"], "write concat[linear 8 | linear 4]"),
        (["step", "xor", "--layers", "linear 2, sequential"], "write sequential[linear 8, relu]"),
        (["train", "xor", "--loss=--"], "--loss needs a value, and '--' is not one; see 'nnplay train --help'"),
        (["train", "xor", "--set=--"], "--set needs a value"),
        (["train", "~no such user/x.csv"], "x.csv: cannot be used as a path: could not determine home directory"),
        (["train", "xor", "--save", ""], "--save: is empty; give a name such as run.nnplay"),
        (["train", "xor", "--save="], "--save: is empty"),
        (["playground", "-"], "standard input cannot be used here; only nnplay train reads it"),
        (["-"], "standard input cannot be used here; only nnplay train reads it"),
        (["train", "houses.csv", "--encoding", "zip"], "houses.csv: unknown text encoding 'zip'; try auto, utf-8,"),
        (["train", "houses.csv", "--kinds", "area=foo"], "column 'area': unknown kind 'foo'"),
        (["train", "houses.csv", "--kinds", "a=skip", "--kinds", "b=skip"], "--kinds a=skip,b=category"),
        (["train", "houses.csv", "--target", "city", "--task", "regression"], "use --task classification for words"),
    ],
)
def test_a_mistake_is_answered_with_the_way_on(
    words: list[str], answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence on the error stream, exit status 2."""
    monkeypatch.chdir(tmp_path)
    Path("houses.csv").write_text(HOUSES)
    assert main(words) == 2
    assert answer in capsys.readouterr().err


def test_blocks_with_their_branches_are_trained(capsys: pytest.CaptureFixture[str]) -> None:
    """The three blocks as one types them behind `--layers`."""
    layers = "sum[linear 4 | linear 4, relu], concat[linear 2 | identity], sequential[linear 2]"
    assert main(["train", "xor", "--samples", "60", "--layers", layers, "--epochs", "1"]) == 0
    assert "(48 parameters)" in capsys.readouterr().out


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug of the tests"), RecursionError(), UnicodeError("bad")])
def test_a_bug_is_one_sentence_with_its_details_in_a_file(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a command raises ends with status 1, one line, and the traceback where that line says."""

    def fails(words: object) -> int:
        raise error

    monkeypatch.setattr("nnplay.cli.commands.presets.run", fails)
    assert main(["presets"]) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert printed.startswith(f"nnplay: internal error: {type(error).__name__}")
    details = Path(printed.rpartition("details: ")[2].strip())
    assert "Traceback" in details.read_text()
    assert details.stat().st_mode & 0o077 == 0


def test_a_session_is_packed_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`.` has no name that a packed file could take: it is asked for, and works."""
    session_path = tmp_path / "run.nnplay"
    words = ["train", "xor", "--samples", "40", "--layers", "linear 2", "--epochs", "1", "--save", str(session_path)]
    assert main(words) == 0
    monkeypatch.chdir(session_path)
    assert main(["pack", "."]) == 2
    assert "name the file to write" in capsys.readouterr().err
    assert main(["pack", ".", "../run.zip"]) == 0
    assert (tmp_path / "run.zip").is_file()


def test_help_of_a_command_is_asked_for_in_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """`nnplay help show` is `nnplay show --help`, and one preset can be asked for as one data set can."""
    with pytest.raises(SystemExit):
        main(["help", "show"])
    assert "usage: nnplay show" in capsys.readouterr().out
    assert main(["presets", "lenet"]) == 0
    text = capsys.readouterr().out
    assert "lenet" in text
    assert "spiral" not in text


def test_each_of_several_targets_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the means of a part stands a line for each target in its own units; a script finds them under `targets`."""
    path = tmp_path / "houses.csv"
    path.write_text(HOUSES)
    words = ["train", str(path), "--target", "price,rent", "--epochs", "5"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "2 targets: price, rent" in text
    table = text[text.index("\ntrain ") :]
    lines = [line.split()[0] for line in table.splitlines()[1:10]]
    assert lines == ["train", "price", "rent", "validation", "price", "rent", "test", "price", "rent"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    each = found["targets"]["test"]
    assert found["test"]["mae"] == pytest.approx((each["price"]["mae"] + each["rent"]["mae"]) / 2, rel=1e-6)
    assert each["price"]["mae"] > 100 * each["rent"]["mae"]


def test_classes_of_one_letter_are_not_written_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table with as many columns as you like and the classes a, b and c is no network of letters."""
    path = tmp_path / "abc.csv"
    path.write_text("u,v,y\n" + "".join(f"{row % 2},{row % 3},{'abc'[row % 3]}\n" for row in range(60)))
    assert main(["train", str(path), "--epochs", "2"]) == 0
    assert "what it writes" not in capsys.readouterr().out


def test_a_run_that_diverges_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody wants it back: where it was to be kept, `--save` says so; there is nothing to recover afterwards."""
    monkeypatch.setenv("NNPLAY_AUTOSAVE_SECONDS", "0.1")
    assert main(DIVERGING) == 3
    told = capsys.readouterr()
    assert "start again with a learning rate" in told.err
    assert "nan" not in told.out  # nobody is told how far an infinite score may be off
    assert session.autosaves() == []


def test_a_session_is_not_lost_to_a_run_that_diverges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Trained further until it diverges, a session stays as it was saved; --save keeps the other weights elsewhere."""
    folder = tmp_path / "mine.nnplay"
    folder.mkdir(mode=0o700)
    text = 'data = "plane"\nlayers = "linear 4, linear 1"\nepochs = 5\n[optimizer]\nname = "sgd"\nlr = 1e4\n'
    (folder / "session.toml").write_text(text)
    assert main(["train", str(folder)]) == 3
    assert "is unchanged" in capsys.readouterr().err
    assert (folder / "session.toml").read_text() == text
    assert not list(folder.glob("state-*"))
    assert main(["train", str(folder), "--save", str(tmp_path / "other.nnplay")]) == 3
    assert list((tmp_path / "other.nnplay").glob("state-*"))


def test_scores_in_large_units_are_whole_numbers() -> None:
    """A mean error of some thousand euros has no decimals and no exponent; small scores keep their four decimals."""
    table = score_table({"test": {"loss": 0.0052, "mae": 7002.7286, "rmse": 12034.5, "r2": 0.9948}})
    assert table.split("\n")[1].split() == ["test", "0.0052", "7,003", "12,034", "0.9948"]
    assert score_table({"test": {"mae": 163.649, "rmse": 3.2e9}}).split()[-2:] == ["163.65", "3.2e9"]
