"""`nnplay sweep` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnplay.cli.interrupt import Interrupt
from nnplay.cli.main import main
from nnplay.config import RunConfig


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


WORDS = ("sweep", "xor", "--layers", "linear 4, tanh, linear 2", "--epochs", "3")
AXES = ("--set", "optimizer.lr=0.01,0.1", "--set", "layers.width=2,3", "--set", "noise=0.1")


def test_a_sweep_prints_its_best_trials_and_keeps_all(capsys: pytest.CaptureFixture[str]) -> None:
    """A setting with a single value holds for all trials; the same command again trains nothing."""
    assert main([*WORDS, *AXES]) == 0
    said = capsys.readouterr().out
    assert "trial  optimizer.lr  layers.width  accuracy" in said
    assert "all 4 trials are in xor-sweep.jsonl" in said
    before = Path("xor-sweep.jsonl").read_bytes()
    assert main([*WORDS, *AXES]) == 0
    assert "4 trials are already in xor-sweep.jsonl; going on" in capsys.readouterr().out
    assert Path("xor-sweep.jsonl").read_bytes() == before


def test_the_file_of_a_sweep_is_shown_and_gives_the_run_of_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON for scripts, and as TOML for `nnplay train`."""
    assert main([*WORDS, *AXES, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["trials"], document["ends"]) == (4, {"done": 4})
    best = document["best"][0]
    assert main(["sweep", "xor-sweep.jsonl", "--trial", str(best["trial"])]) == 0
    run = RunConfig.from_text(capsys.readouterr().out)
    assert run.optimizer.values["lr"] == best["settings"]["optimizer.lr"]
    assert run.layer_texts[0] == f"linear {best['settings']['layers.width']}"
    assert main(["sweep", "xor-sweep.jsonl", "--top", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_seeds_are_given_as_a_band(capsys: pytest.CaptureFixture[str]) -> None:
    """Median and quartiles, in the words of the race."""
    assert main([*WORDS, "--set", "seed=1..5"]) == 0
    assert "accuracy of 5 seeds: median" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "seed=1..3", "--out", "r.csv"], "not the name of a .jsonl file"),
        (
            ["--set", "seed=1..3", "--cluster", "local", "--workers", "2"],
            "--cluster and --workers cannot be given together",
        ),
        (["--set", "noise=0.1"], "at least one setting"),
        (["--set", "seed=1..3", "--trials", "many"], "trials"),
        (["--set", "seed=1..3", "--trials", "0"], "≤ 10,000,000"),
        (["--set", "seed=1..3", "--trials", "10000001"], "≤ 10,000,000"),
        (["--set", "seed=1..3", "--sampler", "halving factor=1"], "factor"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And no file is left behind."""
    assert main([*WORDS, *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
    assert list(Path().iterdir()) == []


def test_scores_that_are_all_the_same_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """No median or quartiles of one number."""
    assert main([*WORDS, "--set", "seed=1..3", "--objective", "parameters"]) == 0
    assert "parameters of 3 seeds: 22, the same for all" in capsys.readouterr().out


def test_a_source_that_is_no_results_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, where nothing is to be varied either."""
    Path("rows.csv").write_text("a,b\n1,2\n")
    assert main(["sweep", "rows.csv"]) == 2
    assert "rows.csv: is not the results file of a sweep" in capsys.readouterr().err
    assert main(["sweep", "xor"]) == 2
    assert "a sweep changes at least one setting" in capsys.readouterr().err


def test_the_run_of_a_trial_that_could_not_be_trained_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the run, so that the run itself can be piped."""
    assert main([*WORDS, "--set", "optimizer=sgd,lbfgs", "--set", "training.batch_size=8"]) == 0
    capsys.readouterr()
    assert main(["sweep", "xor-sweep.jsonl", "--trial", "1"]) == 0
    said = capsys.readouterr()
    assert RunConfig.from_text(said.out).optimizer.record.name == "lbfgs"
    assert "trial 1 could not be trained: " in said.err
    assert "needs all rows in every step" in said.err


def test_a_sweep_that_is_stopped_says_how_many_trials_it_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that the same command goes on; which it does."""

    class AtOnce(Interrupt):
        def __enter__(self) -> Interrupt:
            self.asked = True
            return self

    with monkeypatch.context() as patch:
        patch.setattr("nnplay.cli.commands.sweep.Interrupt", AtOnce)
        assert main([*WORDS, *AXES]) == 130
    assert "stopped: 0 of 4 trials in xor-sweep.jsonl; the same command goes on" in capsys.readouterr().out
    assert main([*WORDS, *AXES]) == 0
    assert "all 4 trials are in xor-sweep.jsonl" in capsys.readouterr().out


def test_a_trial_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Says how many there are."""
    assert main([*WORDS, "--set", "seed=1..3"]) == 0
    assert main(["sweep", "xor-sweep.jsonl", "--trial", "9"]) == 2
    assert "holds no trial 9; it holds 3 trials" in capsys.readouterr().err
