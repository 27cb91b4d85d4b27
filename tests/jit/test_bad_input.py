"""Everything wrong that a user can type is met with one clear sentence and status 2, before anything is half done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nnplay
from nnplay.cli import main

ROOT = Path(nnplay.__file__).resolve().parent.parent
GOOD = "size,price,kind\n" + "".join(f"{k},{k * 1.5},{'ab'[k % 2]}\n" for k in range(40))

LONG = "x" * 5000
WITH_PATH = ("train", "train spiral --save", "show", "pack", "step")

#: The words behind `nnplay`, and what the message must say. `{name}` stands for a file of `FILES`.
TABLE = (
    ("trian spiral", ("unknown command 'trian'", "did you mean 'train'?")),
    ("lenet", ("unknown command 'lenet'", "nnplay --data lenet", "nnplay train lenet")),
    ("run.nnplay", ("unknown command 'run.nnplay'", "nnplay open run.nnplay")),
    ("train", ("DATA", "nnplay train --help")),
    ("train spirl", ("unknown data set, preset or file 'spirl'", "did you mean 'spiral'?")),
    ("train spiral --lerning 3", ("unknown option '--lerning'",)),
    ("train spiral --laers tanh", ("unknown option '--laers'", "did you mean '--layers'?")),
    ("train spiral --lr 0.1 --lr=0.2", ("--lr was given twice", "give it once")),
    ("train iris.csv --target a --target b", ("--target was given twice", "--target a,b")),
    ("train spiral moons", ("unexpected argument 'moons'",)),
    ("train spiral --lr", ("--lr", "expected one argument")),
    # the network
    ("train spiral --layers 'linear 0'", ("linear, units", "'0' is not an integer ≥ 1")),
    ("train spiral --layers 'linear -1'", ("'-1' is not an integer ≥ 1",)),
    ("train spiral --layers 'linear 2.5'", ("'2.5' is not an integer",)),
    (
        "train spiral --layers 'linear 1e9, linear 2'",
        ("layer 0, linear", "TiB with gradients and optimizer state", "would fit"),
    ),
    ("train spiral --layers 'linear 1e300'", ("'1e300' is not an integer",)),
    ("train spiral --layers 'linaer 8'", ("unknown layer 'linaer'", "did you mean 'linear'?")),
    ("train spiral --layers 'linear 8 wat=1'", ("unknown setting 'wat'",)),
    ("train spiral --layers 'linear 8, sum[tanh'", ("the bracket of 'sum' is not closed",)),
    ("train spiral --layers 'linear 8, linear 3'", ("cross_entropy on 2 classes needs 2 outputs", "end with linear 2")),
    ("train digits --layers 'linear 10'", ("needs 10 outputs",)),
    # the loss
    ("train spiral --loss cross_entrpy", ("unknown loss 'cross_entrpy'", "did you mean 'cross_entropy'?")),
    (
        "train {price} --target price --loss cross_entropy",
        ("needs class labels", "column 'price' is continuous", "use mse"),
    ),
    ("train iris --loss binary_cross_entropy --layers 'linear 1, sigmoid'", ("needs two classes", "use cross_entropy")),
    ("train spiral --label-smoothing 2 --loss cross_entropy", ("loss.label_smoothing", "'2' is not a number", "≤ 1")),
    ("train spiral --label-smoothing 0.1", ("needs 'name' beside label_smoothing", "cross_entropy")),
    # the optimizer
    ("train spiral --optimizer adm", ("unknown optimizer 'adm'", "did you mean 'adam'?")),
    ("train spiral --lr nan", ("optimizer.lr", "'nan' is not a number ≥ 0")),
    ("train spiral --lr inf", ("optimizer.lr", "'inf' is not a number ≥ 0")),
    ("train spiral --lr -0.1", ("optimizer.lr", "'-0.1' is not a number ≥ 0")),
    ("train spiral --lr fast", ("optimizer.lr", "'fast' is not a number ≥ 0")),
    ("train spiral --optimizer adam --momentum 0.9", ("optimizer.momentum", "unknown key 'momentum'")),
    ("train spiral --schedule cosin", ("unknown schedule 'cosin'", "did you mean 'cosine'?")),
    ("train spiral --schedule 'cosine 100'", ("'100' is not of the form key=value",)),
    # training
    ("train spiral --batch-size 5000", ("a batch of 5,000 rows cannot be drawn from 700 training rows", "'all'")),
    ("train spiral --batch-size 0", ("training.batch_size", "'0' is not an integer ≥ 1", "or all")),
    ("train spiral --epochs -1", ("epochs", "'-1' is not an integer ≥ 0")),
    ("train spiral --epochs 1.5", ("'1.5' is not an integer",)),
    ("train spiral --seed -1", ("seed", "'-1' is not an integer ≥ 0")),
    ("train spiral --seed 1e400", ("seed", "is not an integer")),
    ("train spiral --real float16", ("training.real", "one of float32, float64")),
    ("train spiral --l2 -1", ("training.l2", "'-1' is not a number ≥ 0")),
    # the split
    ("train spiral --split 70/20/20", ("adds up to 110, not 100",)),
    ("train spiral --split 0.7/0.2/0.2", ("train + validation + test = 0.7 + 0.2 + 0.2 = 1.1, not 1",)),
    ("train spiral --split 0/50/50", ("no rows are left for training",)),
    ("train spiral --split=-10/60/50", ("train", "'-0.1' is not a number ≥ 0")),
    ("train spiral --split 70", ("'70' is not three percentages", "70/15/15")),
    ("train spiral --samples 5 --split 98/1/1", ("no row is left for validation: 0.01 of 5 rows is less than one",)),
    ("train spiral --scale log", ("split.scale", "one of auto, standard, minmax, none")),
    # data sets
    ("train spiral --noise 3", ("data.noise", "'3' is not a number ≥ 0 and ≤ 1")),
    ("train spiral --samples 0", ("data.samples", "'0' is not an integer ≥ 1")),
    ("train spiral --set noize=0.1", ("data.noize", "did you mean 'noise'?")),
    ("train spiral --set noise", ("--set", "'noise' is not of the form key=value")),
    ("train spiral --set optimiser.lr=1", ("unknown section 'optimiser'", "did you mean 'optimizer'?")),
    ("train spiral --features x1,x3", ("unknown feature 'x3'",)),
    ("train iris --noise 0.1", ("data.noise", "unknown key 'noise'")),
    # files
    ("train nothing.csv", ("nothing.csv", "there is no such file")),
    ("train goood.csv", ("there is no such file", "did you mean 'good.csv'?")),
    ("train no/where.csv", ("no", "there is no such folder")),
    ("train {good} --target kid", ("unknown column 'kid'", "did you mean 'kind'?")),
    ("train {empty}", ("empty.csv", "no data rows")),
    ("train {ragged}", ("ragged.csv, row 3", "expected 3 fields, found 4")),
    ("train {latin}", ("latin.csv, row 2",)),
    ("train {constant} --target y", ("column 'y'", "every row has the same value")),
    ("train {one_class} --target y", ("only class 'a' is present",)),
    ("train {words} --target y", ("words.csv, row 25", "column 'a'", "'abc'")),
    ("train {gaps} --target y", ("gaps.csv", "column 'a'", "missing")),
    ("train {good} --delimiter ;;", ("delimiter ';;' is not one character",)),
    ("train {picture}", ("looks like a PNG image",)),
    ("train .", ("not a regular file",)),
    *((f"{words} {LONG}", ("cannot be used as a path: file name too long",)) for words in WITH_PATH),
    *((f"{words} '~nobody-of-that-name/x'", ("cannot be used as a path",)) for words in WITH_PATH),
    ("train spiral --save no/where.nnplay", ("no", "there is no such folder")),
    ("train spiral --save {good}", ("already exists",)),
    # run files
    ("train nothing.toml", ("nothing.toml", "there is no such file")),
    ("train {broken_toml}", ("broken_toml.toml, line 2",)),
    (
        "train {wrong_toml}",
        ("wrong_toml.toml, line 1, epoch: unknown key 'epoch'", "line 3, layers: unknown layer 'tahn'"),
    ),
    # lists
    ("losses mze", ("unknown loss 'mze'", "did you mean 'mse'?")),
    ("datasets --jsn", ("unknown option '--jsn'", "did you mean '--json'?")),
    ("warmup --real float16", ("--real", "float16")),
)

FILES = {
    "good.csv": GOOD.encode(),
    "price.csv": GOOD.encode(),
    "empty.csv": b"",
    "ragged.csv": b"a,b,y\n1,2,u\n1,2,3,v\n2,2,u\n",
    "latin.csv": b"a,y\n1,caf\xe9\n2,b\n",
    "constant.csv": b"a,y\n" + b"".join(b"%d,1.5\n" % k for k in range(40)),
    "one_class.csv": b"a,y\n" + b"".join(b"%d,a\n" % k for k in range(40)),
    "words.csv": b"a,y\n"
    + b"".join(b"%s,%s\n" % (b"abc" if k == 23 else b"%d" % k, b"uv"[k % 2 : k % 2 + 1]) for k in range(200)),
    "gaps.csv": b"a,y\n"
    + b"".join(b"%s,%s\n" % (b"" if k == 5 else b"%d" % k, b"uv"[k % 2 : k % 2 + 1]) for k in range(40)),
    "picture.csv": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "broken_toml.toml": b'data = "spiral"\nlayers = "linear 8\n',
    "wrong_toml.toml": b'epoch = 3\ndata = "spiral"\nlayers = "tahn"\n',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the table's files in it."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words_of(line: str) -> list[str]:
    """The line as a shell would take it, with the files' names filled in."""
    import shlex

    return [word.format(**{name.partition(".")[0]: name for name in FILES}) for word in shlex.split(line)]


@pytest.mark.parametrize(("line", "wanted"), TABLE, ids=[line[:80] for line, _ in TABLE])
def test_wrong_input_gets_one_clear_sentence(
    line: str, wanted: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, a message that names what, where and the way out, nothing on standard output, nothing left behind."""
    before = sorted(folder.iterdir())
    assert main(words_of(line)) == 2
    captured = capsys.readouterr()
    for words in wanted:
        assert words in captured.err
    assert all(message.startswith("nnplay: ") for message in captured.err.splitlines())
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert sorted(folder.iterdir()) == before


def test_several_mistakes_are_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Rate, batch size and layer are all named in one go."""
    words = ["train", "spiral", "--lr", "-1", "--batch-size", "0", "--layers", "tahn"]
    assert main(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert {line.split(": ")[1] for line in lines} == {"optimizer.lr", "training.batch_size", "layers"}


def test_a_process_ends_with_status_2_and_no_traceback() -> None:
    """The same as a real process: status 2, one line on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "nnplay", "train", "spirl"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_control_characters_in_names_reach_no_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An escape sequence in a word, a column or a class is shown as symbols."""
    assert main(["train", "\x1b[31mspiral"]) == 2
    (folder / "evil.csv").write_bytes(
        b"a,\x1b]0;owned\x07\n" + b"".join(b"%d,\x1b[2J%d\n" % (k, k % 2) for k in range(40))
    )
    assert main(["train", "evil.csv", "--epochs", "1"]) == 0
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err


@pytest.mark.parametrize("line", ["", "playground", "--data spiral"])
def test_without_a_screen_the_playground_says_what_works_instead(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In a pipe it is refused in one sentence that names `nnplay train`, with status 2."""
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert main(words_of(line)) == 2
    printed = capfd.readouterr()
    assert "`nnplay train` trains without a screen" in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("--data nothing.csv", "there is no such file"),
        ("--dta spiral", "did you mean '--data'?"),
        ("--lr nan", "optimizer.lr"),
    ],
)
def test_wrong_options_of_the_playground_are_refused_before_it_opens(
    line: str, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same messages as those of the commands."""
    assert main(words_of(line)) == 2
    assert wanted in capsys.readouterr().err
