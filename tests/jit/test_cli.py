"""The command line as people and scripts use it: output, exit status, terminal and pipe, interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest

import nnplay
from nnplay.cli import main
from nnplay.cli.main import command, command_names
from nnplay.data.catalogue import dataset_records
from nnplay.records.registry import layer_records, loss_records, optimizer_records, schedule_records
from tests.child_signals import signals

ROOT = Path(nnplay.__file__).resolve().parent.parent
SPIRAL = ["train", "spiral", "--layers", "linear 8, tanh, linear 2", "--loss", "cross_entropy", "--optimizer", "adam"]
SPIRAL += ["--lr", "0.01", "--epochs", "50", "--seed", "0"]
LISTS: dict[str, Any] = {
    "datasets": dataset_records,
    "layers": layer_records,
    "losses": loss_records,
    "optimizers": optimizer_records,
    "schedules": schedule_records,
}


def nnplay_process(*words: str, **more: Any) -> subprocess.Popen[str]:
    """`nnplay` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "nnplay", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=signals(),
        **more,
    )


def document(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What `nnplay … --json` printed."""
    assert main([*words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_documented_command_trains_and_prints_its_score(capsys: pytest.CaptureFixture[str]) -> None:
    """The command of the README ends with status 0, progress, a final test score, and no control characters."""
    assert main(SPIRAL) == 0
    captured = capsys.readouterr()
    assert "700 training rows in batches of 32 = 22 batches per epoch" in captured.out
    assert "network: linear 8, tanh, linear 2 (42 parameters)" in captured.out
    assert "epoch 50/50  train loss" in captured.out
    assert "finished: 50 epochs, 1,100 steps" in captured.out
    assert any(line.startswith("test ") for line in captured.out.splitlines())
    assert captured.err == ""
    assert all(character.isprintable() or character == "\n" for character in captured.out)


def test_a_training_does_without_masked_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy imports them, for longer than the whole command line, when it is asked for a median or different values."""
    monkeypatch.delattr(np, "ma", raising=False)
    monkeypatch.setitem(sys.modules, "numpy.ma", None)
    for name in ("spiral", "diabetes"):
        assert main(["train", name, "--epochs", "1"]) == 0


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """A script gets the run, its scores and its curves."""
    found = document(capsys, *SPIRAL)
    assert found["outcome"] == "finished"
    assert found["run"]["layers"] == ["linear 8", "tanh", "linear 2"]
    assert (found["epoch"], found["step"], found["parameters"]) == (50, 1100, 42)
    assert set(found["test"]) == {"loss", "accuracy", "precision", "recall", "f1", "auc"}
    low, high = found["intervals"]["test"]["auc"]
    assert low <= found["test"]["auc"] <= high
    assert set(found["intervals"]["test"]) == {"accuracy", "f1", "auc"}
    assert len(found["history"]["train_loss"]["value"]) == 50
    assert set(found["meaning"]) == {"epoch", "step", "scores", *found["history"]}


def test_the_command_line_trains_the_same_run_as_python(capsys: pytest.CaptureFixture[str]) -> None:
    """The documented command and the documented Python lines give the same test score, to the last digit."""
    found = document(capsys, *SPIRAL, "--noise", "0.1")
    split = nnplay.load_dataset("spiral", noise=0.1).split(train=0.7, validation=0.15, test=0.15, seed=0)
    net = nnplay.Network([nnplay.Linear(8), nnplay.Tanh(), nnplay.Linear(2)], seed=0)
    trainer = nnplay.Trainer(net, split, loss="cross_entropy", optimizer=nnplay.Adam(lr=0.01), batch_size=32, seed=0)
    trainer.run(epochs=50)
    assert trainer.evaluate("test") == found["test"]


def test_the_same_command_prints_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs differ in nothing but the time that they took."""
    one, other = document(capsys, *SPIRAL), document(capsys, *SPIRAL)
    del one["seconds"], other["seconds"]
    assert one == other


def test_options_reach_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Fields of data, split, training, loss, optimizer and schedule are all set from the command line."""
    words = ["train", "rings", "--classes", "4", "--samples", "300", "--set", "noise=0.05", "--split", "80/20"]
    words += ["--batch-size", "all", "--optimizer", "sgd", "--lr", "0.1", "--momentum", "0.9", "--nesterov"]
    words += ["--loss", "cross_entropy", "--label_smoothing", "0.1", "--schedule", "cosine", "--l2", "0.001"]
    words += ["--clip-norm", "1", "--epochs", "3", "--set", "optimizer.weight_decay=0.01", "--data-seed", "4"]
    run = document(capsys, *words)["run"]
    assert run["data"] == {"name": "rings", "classes": 4, "samples": 300, "noise": 0.05, "seed": 4}
    assert (run["split"]["train"], run["split"]["validation"], run["split"]["test"]) == (0.8, 0.0, 0.2)
    assert run["training"] == {"batch_size": "all", "l2": 0.001, "clip_norm": 1.0}
    assert run["optimizer"] == {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}
    assert run["loss"] == {"name": "cross_entropy", "label_smoothing": 0.1}
    assert run["schedule"]["name"] == "cosine"


@pytest.mark.parametrize("optimizer", optimizer_records())
def test_every_optimizer_trains_from_the_command_line(optimizer: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each record can be named, and a few steps with it end well."""
    source = "plane" if optimizer_records()[optimizer].least_squares else "gauss"
    few = ["--layers", "linear 2"] if optimizer == "newton" else []  # it measures a matrix of all weights
    found = document(capsys, "train", source, "--samples", "60", "--optimizer", optimizer, "--epochs", "2", *few)
    assert found["run"]["optimizer"]["name"] == optimizer


#: Losses for which there are built-in data; others have tests of their own, as distillation, which wants a teacher.
TARGETS = ("labels", "binary", "values", "groups")
LOSSES = [name for name, record in loss_records().items() if record.target in TARGETS and name != "distillation"]


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_from_the_command_line(loss: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each record can be named alone: the chosen network ends as the loss wants it."""
    source = "plane" if loss_records()[loss].target == "values" else "gauss"
    found = document(capsys, "train", source, "--samples", "60", "--loss", loss, "--epochs", "2")
    assert found["run"]["loss"]["name"] == loss


def test_a_run_file_trains_and_options_override_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`nnplay train my.toml --lr 0.003` is the file's run with another rate."""
    file = tmp_path / "my.toml"
    file.write_text(
        'epochs = 3\ndata = "xor"\nlayers = "linear 4, tanh, linear 2"\n[optimizer]\nname = "sgd"\nlr = 0.5\n'
    )
    run = document(capsys, "train", str(file))["run"]
    assert (run["epochs"], run["data"], run["optimizer"]) == (3, {"name": "xor"}, {"name": "sgd", "lr": 0.5})
    run = document(capsys, "train", str(file), "--lr", "0.003", "--epochs", "2")["run"]
    assert (run["epochs"], run["optimizer"]) == (2, {"name": "sgd", "lr": 0.003})


def test_the_networks_of_an_ensemble_are_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The usual network for numbers of a small table is the mean of four alike, which is said in one line."""
    path = tmp_path / "squares.csv"
    path.write_text("side,area\n" + "".join(f"{side / 4},{(side / 4) ** 2}\n" for side in range(120)))
    assert main(["train", str(path), "--epochs", "1"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("network: ")]
    assert len(lines) == 1
    assert lines[0].startswith("network: ensemble of 4: linear ")
    assert lines[0].count("linear 1 ") == 1


def test_a_csv_file_trains_with_defaults_for_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file and its target are enough, even when it is smaller than the usual batch."""
    file = tmp_path / "my.csv"
    rows = [f"{k},{k % 3},{'high' if k > 10 else 'low'}" for k in range(20)]
    file.write_text("\n".join(["size,part,species", *rows]) + "\n")
    found = document(capsys, "train", str(file), "--target", "species", "--epochs", "5")
    assert found["run"]["training"]["batch_size"] == 14
    assert found["run"]["layers"][-1] == "linear 2"
    assert found["epoch"] == 5


def test_empty_cells_are_met_as_the_option_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--missing mean` trains where the default refuses and names the options."""
    file = tmp_path / "my.csv"
    file.write_text("\n".join(["a,b,y", *(f"{k},{'' if k == 3 else k * k},{'uv'[k % 2]}" for k in range(30))]) + "\n")
    assert main(["train", str(file)]) == 2
    assert "missing" in capsys.readouterr().err
    assert document(capsys, "train", str(file), "--missing", "mean", "--epochs", "2")["outcome"] == "finished"


@pytest.mark.parametrize("name", LISTS)
def test_lists_show_every_record_with_its_fields(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each list holds all records and all their fields, as text and as JSON."""
    assert main([name]) == 0
    text = capsys.readouterr().out
    assert main([name, "--json"]) == 0
    listed = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert list(listed) == list(LISTS[name]())
    for record in LISTS[name]().values():
        assert f"{record.name}  ({record.title})" in text
        assert [field["name"] for field in listed[record.name]["fields"]] == [field.name for field in record.fields]
        for field in record.fields:
            assert field.help in text


def test_one_record_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the named one is listed, with its facts; a wrong name is met with the nearest."""
    assert main(["losses", "mse"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("mse  (")
    assert "formula:" in text
    assert main(["losses", "mze"]) == 2
    assert "did you mean 'mse'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", command_names())
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`nnplay COMMAND --help` prints what it does, and `nnplay --help` lists it."""
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert command(name).ABOUT in " ".join(capsys.readouterr().out.split())
    assert main(["--help"]) == 0
    assert command(name).ABOUT in capsys.readouterr().out


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    """`nnplay --version` prints it, and what trains."""
    assert main(["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"nnplay {nnplay.__version__}"
    assert second.startswith("training on ")


def test_curves_are_drawn_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """`--plot` draws both losses over the epochs, without colours."""
    assert main([*SPIRAL, "--plot"]) == 0
    text = capsys.readouterr().out
    assert "train loss" in text
    assert "validation loss" in text
    assert "epoch" in text
    assert "\x1b" not in text


def test_a_run_that_diverges_ends_with_status_3_and_its_last_good_score(capsys: pytest.CaptureFixture[str]) -> None:
    """The result so far is printed, then the sentence that says step, rate and likely cause."""
    words = ["train", "plane", "--layers", "linear 4, linear 1", "--optimizer", "sgd", "--lr", "1e4"]
    assert main(words) == 3
    captured = capsys.readouterr()
    assert "diverged: " in captured.out
    assert any(line.startswith("test ") for line in captured.out.splitlines())
    assert "training diverged in step" in captured.err
    assert main([*words, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["outcome"] == "diverged"


def test_ctrl_c_stops_and_prints_the_result_so_far() -> None:
    """An interrupted run ends with status 130, its scores, and no traceback."""
    process = nnplay_process("train", "spiral", "--epochs", "1000000000", "--split", "100/0/0")
    assert process.stdout is not None
    assert process.stderr is not None
    while not process.stdout.readline().startswith("cross_entropy"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "interrupted: " in output
    assert any(line.startswith("train ") for line in output.splitlines())
    assert errors == ""


def test_a_reader_that_leaves_is_no_error() -> None:
    """`nnplay datasets | head -1` ends without a traceback."""
    process = nnplay_process("datasets", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.wait(timeout=240)
    process.stderr.close()
    assert errors == ""


def test_a_terminal_shows_a_living_line_and_then_curves_and_scores() -> None:
    """On a terminal: a bar with epoch, speed, time left and losses, drawn over; then the curves and the scores."""
    environment = os.environ | {"TERM": "xterm-256color", "PYTHONUTF8": "1", "COLUMNS": "120", "LINES": "40"}
    words = ["-m", "nnplay", "train", "spiral", "--epochs", "1000000000"]
    child = pexpect.spawn(sys.executable, words, cwd=str(ROOT), env=environment, dimensions=(40, 120), timeout=240)
    child.expect(r"\r\x1b\[Kepoch [\d,]+/1,000,000,000 .* steps/s .* left .*train .*valid .*acc ")
    child.sendintr()
    child.expect("validation loss")
    child.expect("interrupted: ")
    child.expect("test ")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


def test_warmup_finds_nothing_to_do_the_second_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kernel that records declare is asked for; once they are there, nothing is compiled."""
    from nnplay.kernels.compile import library

    asked: list[str] = []

    def compile_missing(kernels: Any, dtype: str, progress: Any = None) -> int:
        asked.extend(kernel.name for kernel in kernels)
        return 0

    monkeypatch.setattr(library, "compile_missing", compile_missing)
    assert main(["warmup"]) == 0
    assert "all kernels are already compiled" in capsys.readouterr().out
    for part in ("layers.linear:", "layers.tanh:", "losses.cross_entropy:", "optimizers.adam:", "kernels.loop:"):
        assert any(f"nnplay.{part}" in name for name in asked), part


def readme_block(kind: str) -> str:
    """The README's block of code in a language."""
    return (ROOT / "README.md").read_text(encoding="utf-8").split(f"```{kind}\n")[1].split("```")[0]


def test_the_python_lines_of_the_readme_run(capsys: pytest.CaptureFixture[str]) -> None:
    """They train a network and print its test scores."""
    names: dict[str, Any] = {}
    exec(readme_block("python"), names)  # noqa: S102
    assert "'accuracy': " in capsys.readouterr().out
    assert names["trainer"].epoch == 20


def test_the_run_file_of_the_readme_is_the_documented_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The TOML block and the long command line describe one and the same run."""
    (tmp_path / "my.toml").write_text(readme_block("toml"), encoding="utf-8")
    assert document(capsys, "train", str(tmp_path / "my.toml"))["test"] == document(capsys, *SPIRAL)["test"]


def test_a_network_of_letters_shows_what_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """After the scores of a run that predicts letters stand three beginnings, each with 60 letters written on."""
    words = ["train", "characters", "--layers", "embedding 42 8, gru 16 sequence, linear 42", "--epochs", "2"]
    assert main([*words, "--samples", "300", "--length", "6"]) == 0
    lines = capsys.readouterr().out.splitlines()
    samples = lines[lines.index("generated text:") + 1 :]
    assert len(samples) == 3
    assert all(len(line) == 2 + 6 + 1 + 60 and line[8] == "│" for line in samples)
    assert main(SPIRAL) == 0
    assert "what it writes" not in capsys.readouterr().out


def test_what_is_wrong_with_a_run_is_said_behind_its_score(capsys: pytest.CaptureFixture[str]) -> None:
    """A rate far too high, which need not diverge, is named with one that is usual; a run that learns says nothing."""
    assert main(["train", "spiral", "--lr", "1000", "--epochs", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("health: learning rate too high") and "try 0.001 instead of 1000" in line for line in lines
    )
    assert main(["train", "spiral"]) == 0
    assert "health:" not in capsys.readouterr().out


def test_divergence_is_told_in_words_of_the_field(capsys: pytest.CaptureFixture[str]) -> None:
    """No names of the tape: the gradient's length, and a rate that would do."""
    assert main(["train", "sine", "--lr", "10000", "--optimizer", "sgd"]) == 3
    printed = capsys.readouterr().err
    assert "the gradient norm became infinite" in printed
    assert "partial" not in printed
    assert "a learning rate of 0.001," in printed
