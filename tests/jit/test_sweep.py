"""Sweeps: whoever trains the trials, and however often they are interrupted, the results are the same bit for bit."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnplay.config import RunConfig
from nnplay.config.new_run import check_new_run
from nnplay.data.split import Split
from nnplay.errors import InputError, NnplayError
from nnplay.sweeps.change import changed_run
from nnplay.sweeps.executors.processes import ProcessExecutor
from nnplay.sweeps.executors.remote import TrialQueue, make_job, train_chunk
from nnplay.sweeps.executors.threads import ThreadExecutor
from nnplay.sweeps.results_file import ResultsFile, read_results
from nnplay.sweeps.run_sweep import run_sweep
from nnplay.sweeps.sweep import Sweep, plan_sweep
from nnplay.sweeps.trial import Outcome, Trial
from nnplay.sweeps.trial_trainer import TrialTrainer
from tests.small_players import GAME

RUN: dict[str, Any] = {
    "data": {"name": "xor"},
    "layers": ["linear 4", "tanh", "linear 2"],
    "epochs": 4,
    "training": {"batch_size": 32},
}
DEEP = RUN | {"layers": "linear 4, tanh, linear 4, tanh, linear 2", "training": {"frozen": "4"}}
AXES = ("optimizer.lr=log(1e-3,1)", "training.l2=0,0.01", "layers.width=2,3", "seed=1..9")


def plan(*axes: str, trials: int = 12, run: dict[str, Any] = RUN, **more: Any) -> tuple[Sweep, Split]:
    """A small sweep."""
    return plan_sweep(RunConfig.from_dict(run), axes or AXES, trials=trials, **more)


def plain(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Outcomes without the seconds, which are measured."""
    tables = [outcome.to_dict() for outcome in sorted(outcomes, key=lambda outcome: outcome.trial.key)]
    return [{key: value for key, value in table.items() if key != "seconds"} for table in tables]


def by_threads(sweep: Sweep, split: Split, **more: Any) -> list[Outcome]:
    """What two threads make of it."""
    return run_sweep(sweep, ThreadExecutor(sweep, split, 2), **more)


def test_a_trial_gives_the_numbers_of_its_run_alone() -> None:
    """Although its trainer was another trial's before; decay switches rows on and off in between."""
    sweep, split = plan()
    for outcome in by_threads(sweep, split):
        trainer = changed_run(sweep.run, outcome.trial.settings).trainer(split=split)
        trainer.run(epochs=4)
        scores = trainer.evaluate("validation")
        assert (outcome.scores["loss"], outcome.scores["accuracy"]) == (scores["loss"], scores["accuracy"])
        assert outcome.steps == trainer.step
        assert outcome.curve[-1] == (4, float(trainer.history["validation_loss"].last[-1]))
        assert outcome.scores["parameters"] == trainer.plan.parameter_count


def test_an_optimizer_that_sees_all_rows_gets_them_in_a_sweep() -> None:
    """In float64, unless the user chose a batch size; trials of other optimizers are what they would be without it."""
    run = {"data": {"name": "xor"}, "layers": ["linear 3", "tanh", "linear 2"], "epochs": 3}
    sweep, split = plan("optimizer=sgd,lbfgs", trials=0, run=run)
    assert Sweep.from_dict(sweep.to_dict()) == sweep
    outcomes = {outcome.trial.settings["optimizer"]: outcome for outcome in by_threads(sweep, split)}
    for name, outcome in outcomes.items():
        trainer = RunConfig.from_dict({**run, "optimizer": name}).trainer(split=split)
        trainer.run(epochs=3)
        assert (outcome.end, outcome.steps) == ("done", trainer.step), name
        assert outcome.scores["loss"] == trainer.evaluate("validation")["loss"], name
    asked, split = plan("optimizer=sgd,lbfgs", trials=0)
    ends = {outcome.trial.settings["optimizer"]: outcome.reason for outcome in by_threads(asked, split)}
    assert "lbfgs needs all rows in every step" in ends["lbfgs"]


@pytest.mark.parametrize(
    ("axis", "run", "message"),
    [
        ("training.frozen=0,9", RUN, "frozen: there is no layer 9; name 0, 2"),
        ("training.frozen=9,0", RUN, "frozen: there is no layer 9; name 0, 2"),
        ("layers.depth=1,2", DEEP, "frozen: there is no layer 4; name 0, 2"),
        (
            "training.resting=generator,other",
            GAME,
            "resting: unknown objective 'other'; known: discriminator, generator",
        ),
        (
            "training.resting=other,generator",
            GAME,
            "resting: unknown objective 'other'; known: discriminator, generator",
        ),
    ],
)
def test_a_trial_is_refused_for_what_a_new_run_is_refused_for(axis: str, run: dict[str, Any], message: str) -> None:
    """In the same words, whether it has a trainer of its own or that of another trial; the others are trained."""
    sweep, split = plan(axis, trials=0, run={"epochs": 2} | run, objective="loss")
    refused, done = sorted(by_threads(sweep, split), key=lambda outcome: outcome.end, reverse=True)
    assert (refused.end, refused.reason, done.end) == ("refused", message, "done")
    with pytest.raises(InputError) as alone:
        check_new_run(sweep.run_of(refused.trial.settings), split)
    assert alone.value.message == message


def test_a_sweep_of_a_run_that_names_what_is_not_there_is_refused() -> None:
    """As the run alone is: before a trial is trained."""
    with pytest.raises(InputError, match="frozen: there is no layer 9; name 0, 2"):
        plan(run=RUN | {"training": {"frozen": "9"}})


def test_the_run_of_a_trial_written_down_is_that_trial() -> None:
    """As `nnplay sweep FILE --trial N` prints it: with its own data set loaded and split anew."""
    sweep, split = plan("seed=1..3", "layers.width=2,3", trials=4)
    for outcome in by_threads(sweep, split):
        run = RunConfig.from_dict(changed_run(sweep.run, outcome.trial.settings).to_dict())
        trainer = run.trainer()
        trainer.run(epochs=run.epochs)
        assert trainer.evaluate("validation")["loss"] == outcome.scores["loss"]


@pytest.mark.parametrize("sampler", ["random", pytest.param("halving", marks=pytest.mark.slow)])
def test_processes_give_what_threads_give(sampler: str) -> None:
    """Bit for bit, in the same order."""
    sweep, split = plan(sampler=sampler)
    executor = ProcessExecutor(sweep, split, 2)
    try:
        assert plain(run_sweep(sweep, executor)) == plain(by_threads(sweep, split))
    finally:
        executor.close()


def test_a_sweep_that_was_ended_goes_on_where_it_was(tmp_path: Path) -> None:
    """Nothing is lost, nothing is trained twice, and the file is that of an uninterrupted sweep."""
    sweep, split = plan(sampler="halving", trials=9)
    whole = by_threads(sweep, split)
    path, trained = tmp_path / "sweep.jsonl", 0
    for _ in range(40):
        done = 0

        def end_soon(new: Sequence[Outcome], asked: int) -> bool:
            nonlocal done
            done += len(new)
            return done >= 2

        with ResultsFile(path, sweep) as results:
            before = len(results.outcomes)
            by_threads(sweep, split, results=results, after=end_soon)
            trained += len(results.outcomes) - before
            if len(results.outcomes) == before:
                break
    read, outcomes = read_results(path)
    assert read == sweep
    assert plain(outcomes) == plain(whole)
    assert trained == len(whole)


def test_a_line_that_was_cut_off_is_trained_again(tmp_path: Path) -> None:
    """At every byte at which a crash may end the file."""
    sweep, split = plan("seed=1..3", trials=0)
    path = tmp_path / "sweep.jsonl"
    with ResultsFile(path, sweep) as results:
        whole = by_threads(sweep, split, results=results)
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    for cut in (1, len(lines[-1]) // 2, len(lines[-1]) - 1):
        path.write_bytes(data[:-cut])
        assert len(read_results(path)[1]) == 2
        with ResultsFile(path, sweep) as results:
            assert len(results.outcomes) == 2
            assert plain(by_threads(sweep, split, results=results)) == plain(whole)
        assert len(path.read_bytes().splitlines()) == len(lines)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1}\n', "not the results file of a sweep"),
        (b"\x00\xff", "not the results file of a sweep"),
        (b'{"nnplay sweep": 99}\n', "another version"),
        (b"[" * 100_000 + b"\n", "not the results file of a sweep"),
    ],
)
def test_other_files_are_left_alone(tmp_path: Path, content: bytes, words: str) -> None:
    """A table that happens to be called so is not written over."""
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        ResultsFile(path, plan()[0])
    assert path.read_bytes() == content


def test_a_file_of_another_sweep_or_in_use_is_refused(tmp_path: Path) -> None:
    """Each with a way out."""
    sweep, _ = plan()
    path = tmp_path / "sweep.jsonl"
    with ResultsFile(path, sweep), pytest.raises(InputError, match="another sweep is writing"):
        ResultsFile(path, sweep)
    with pytest.raises(InputError, match="holds the results of another sweep"):
        ResultsFile(path, plan("seed=1..3")[0])
    with pytest.raises(InputError, match=r"not the name of a \.jsonl file"):
        ResultsFile(tmp_path / "sweep.csv", sweep)
    with pytest.raises(InputError, match="cannot be written to"):
        ResultsFile(tmp_path / "missing" / "sweep.jsonl", sweep)


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written in part is taken back; the same command continues."""
    sweep, split = plan("seed=1..4", trials=0)
    path, real, full = tmp_path / "sweep.jsonl", os.write, False

    def write(fd: int, data: bytes) -> int:
        if full:
            real(fd, data[:7])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr("nnplay.sweeps.results_file.os.write", write)
    outcomes = by_threads(sweep, split)
    with ResultsFile(path, sweep) as results:
        results.add(outcomes[:2])
        before, full = path.read_bytes(), True
        with pytest.raises(NnplayError, match=r"no space left.*2 trials are kept"):
            results.add(outcomes[2:])
        assert path.read_bytes() == before
        full = False
        results.add(outcomes[2:])
    assert plain(read_results(path)[1]) == plain(outcomes)


def test_trials_that_diverge_or_cannot_be_are_results() -> None:
    """With their reason; the others go on."""
    run = RUN | {"optimizer": {"name": "sgd"}, "layers": ["linear 8", "tanh", "group_norm 4", "linear 2"]}
    sweep, split = plan("optimizer.lr=0.01,1e30", "layers.width=8,6", trials=0, run=run)
    found = {tuple(outcome.trial.settings.values()): outcome for outcome in by_threads(sweep, split)}
    assert found[0.01, 8].end == "done"
    assert found[1e30, 8].end == "diverged"
    assert found[1e30, 8].reason
    assert found[0.01, 6].end == "refused"
    assert "group" in found[0.01, 6].reason


def test_a_run_that_ends_by_itself_does_so_in_a_sweep() -> None:
    """Patience and the weights of the best epoch, as `nnplay train` has them."""
    run = RUN | {"epochs": 60, "stop": {"patience": 2, "keep_best": True}, "optimizer": {"name": "sgd", "lr": 2.0}}
    sweep, split = plan("seed=1..3", trials=0, run=run)
    ended = [outcome for outcome in by_threads(sweep, split) if outcome.reason]
    assert ended
    for outcome in ended:
        assert "validation loss did not fall for 2 epochs" in outcome.reason
        assert outcome.scores["loss"] == min(loss for _, loss in outcome.curve)


def test_a_trial_that_workers_die_of_is_set_aside() -> None:
    """The other trials of its chunk are not: each is tried with a worker for itself."""
    sweep, _ = plan()
    waiting = TrialQueue(sweep, [Trial(number, {"seed": number}) for number in range(40)])
    waiting.size.trials = 4
    chunk = waiting.take(1)
    assert len(chunk) == 4
    assert waiting.suspect(chunk) == []
    lost, trained = [], []
    while waiting:
        taken = waiting.take(1)
        if any(trial.number == chunk[1].number for trial in taken):
            lost += waiting.suspect(taken)
        else:
            trained += taken
    assert [(outcome.trial, outcome.end) for outcome in lost] == [(chunk[1], "lost")]
    assert "3 workers died" in lost[0].reason
    assert len(trained) == 39


def test_workers_of_another_version_train_nothing() -> None:
    """One sentence says which has which."""
    sweep, split = plan()
    job = replace(make_job(sweep, split), version="0.0.1")
    with pytest.raises(NnplayError, match=r"a worker has nnplay .*, and the sweep was started by 0\.0\.1"):
        train_chunk(job, [Trial(0, {})])


def test_a_trial_trainer_is_stopped_in_the_middle_of_a_trial() -> None:
    """And says nothing of it."""
    sweep, split = plan("seed=1..3", trials=0)
    assert TrialTrainer(sweep, split).train(Trial(0, {"seed": 1}), stop=lambda: True) is None


@pytest.mark.parametrize("tail", [b'{"trial": 3, "ep', b"\0" * 64, b"\0\n\0\n", b"no outcome\nnor this\n"])
def test_what_a_power_cut_leaves_at_the_end_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    """The same sweep goes on behind the last whole line."""
    sweep, path = plan()[0], tmp_path / "s.jsonl"
    outcomes = [Outcome(Trial(number, {}), "diverged", reason="nan") for number in range(2)]
    with ResultsFile(path, sweep) as results:
        results.add(outcomes)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert len(read_results(path)[1]) == 2
    with ResultsFile(path, sweep) as results:
        assert len(results.outcomes) == 2
    assert path.read_bytes() == whole
