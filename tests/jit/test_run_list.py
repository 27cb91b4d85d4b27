"""The runs of a session: nothing that was trained is lost by a rewind, an edit, a preset or a fork, and all compare."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.runs.comparison import difference, differing_settings
from nnplay.run.runs.listed_run import ListedRun
from nnplay.run.runs.remade import RunMaker
from nnplay.run.runs.run_list import RunList, first_words
from nnplay.timeline import branch_end, branches
from tests.jit.test_branches import fork, timeline_of
from tests.jit.test_saved_timeline import digest
from tests.jit.test_timeline_of_edits import go
from tests.jit.test_undo import backend, change, equal, read_everything, train
from tests.small_worker import until

__all__ = ["backend"]


def rows(backend: PlaygroundBackend) -> list[ListedRun]:
    """The list, once everything that was asked for is done."""
    backend.worker.ask(lambda run: None)
    return backend.runs.rows()


def enter(backend: PlaygroundBackend, number: int) -> None:
    """Goes to a run, and waits until it is there."""
    backend.go_to_run(number)
    backend.worker.ask(lambda run: None)
    until(lambda: backend.snapshot.step == timeline_of(backend).latest)
    backend.catch_up()


def state(backend: PlaygroundBackend) -> str:
    """Everything that decides how the present run goes on, once it is where it is going."""
    return backend.worker.ask(lambda run: "" if run.trainer is None else digest(run.trainer))


def test_every_way_that_a_session_went_is_a_run(backend: PlaygroundBackend) -> None:
    """A rewind, an edit in the past, a fork and another seed are listed, with what sets each apart from its parent."""
    backend.rewind()
    train(backend, 30)
    go(backend, 10)
    change(optimizer={"lr": 0.2})(backend)
    train(backend, 15)
    fork(backend, 20, "l2 0.01")
    backend.reseed()
    train(backend, 5)
    found = rows(backend)
    assert [run.number for run in found] == [1, 2, 3, 4, 5]
    assert [run.label.words for run in found] == [
        "",
        "rewind",
        "lr 0.2 from step 10",
        "l2 0.01 from step 20",
        "seed 1 → 2",
    ]
    parents = [run.label.parent for run in found]
    assert [None if label is None else label.number for label in parents] == [None, 1, 2, 3, 3]
    assert [run.latest for run in found][:3] == [40, 30, 25]
    assert [run.present for run in found] == [False, False, False, False, True]
    assert [run.number for run in rows(backend)] == [1, 2, 3, 4, 5]


def test_any_run_is_returned_to_exactly(backend: PlaygroundBackend) -> None:
    """Its weights, curves and settings are those that it had, and the run that was left stays in the list."""
    there = read_everything(backend)
    change(seed=9)(backend)
    train(backend, 20)
    other = read_everything(backend)
    rows(backend)
    enter(backend, 1)
    assert equal(read_everything(backend), there)
    enter(backend, 2)
    assert equal(read_everything(backend), other)
    assert len(rows(backend)) == 2
    backend.undo()
    backend.worker.ask(lambda run: None)
    assert equal(read_everything(backend), there)


def test_a_run_that_is_left_in_its_past_keeps_its_end(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Another seed is chosen at step 10 of 40: the list, the way back and a session have that run at step 40."""
    change(optimizer={"lr": 0.2})(backend)
    train(backend, 20)
    there = state(backend)
    go(backend, 10)
    backend.reseed()
    assert [(run.number, run.latest, run.config.optimizer.values["lr"]) for run in rows(backend)] == [
        (1, 60, 0.2),
        (2, 0, 0.01),
    ]
    backend.save("mine")
    enter(backend, 1)
    assert state(backend) == there
    assert backend.settings.optimizer.values["lr"] == 0.2
    backend.open(str(tmp_path / "mine.nnplay"))
    assert [(run.number, run.latest) for run in rows(backend)] == [(1, 60), (2, 0)]
    enter(backend, 1)
    assert state(backend) == there


def test_a_branch_of_another_run_is_returned_to(backend: PlaygroundBackend) -> None:
    """Also where it lies beside a run that was left."""
    go(backend, 10)
    change(optimizer={"lr": 0.2})(backend)
    train(backend, 15)
    changed = state(backend)
    change(seed=9)(backend)
    train(backend, 5)
    assert len(rows(backend)) == 3
    enter(backend, 1)
    assert timeline_of(backend).latest == 40
    enter(backend, 2)
    assert state(backend) == changed
    assert len(rows(backend)) == 3


def test_runs_have_names_and_wrong_numbers_are_refused(backend: PlaygroundBackend) -> None:
    train(backend, 5)
    rows(backend)
    backend.runs.name(1, "  the\x1b[31m first ")
    assert backend.runs.find(1).title.endswith("first")
    assert "\x1b" not in backend.runs.find(1).title
    with pytest.raises(InputError, match="there is no run 7"):
        backend.go_to_run(7)


def test_two_threads_that_list_the_runs_give_each_its_own_number(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One comes while the other has counted a run and not numbered it yet: it waits."""
    backend.rewind()
    train(backend, 5)
    waits, reads, turn = threading.Event(), list[int](), threading.RLock()

    class Turn:
        def __enter__(self) -> None:
            if threading.current_thread() is other:
                waits.set()
            turn.acquire()

        def __exit__(self, *_: object) -> None:
            turn.release()

    def count(runs: RunList) -> int:
        reads.append(1)
        if len(reads) == 2:
            other.start()
            while other.is_alive() and not waits.wait(0.01):
                pass
        return int(runs.__dict__["_count"])

    other = threading.Thread(target=backend.runs.rows)
    monkeypatch.setattr(backend.runs, "_turn", Turn())
    monkeypatch.setattr(
        RunList, "_count", property(count, lambda runs, value: runs.__dict__.update(_count=value)), raising=False
    )
    backend.runs.rows()
    other.join(240)
    assert [run.number for run in backend.runs.rows()] == [1, 2]


def test_settings_that_differ_and_the_difference_at_a_step(backend: PlaygroundBackend) -> None:
    """A run and its copy with another rate are one until they part, and differ behind it as their own runs say."""
    go(backend, 10)
    change(optimizer={"lr": 0.2})(backend)
    train(backend, 30)
    first, second = rows(backend)
    assert differing_settings([first, second]) == [("optimizer.lr", ("0.01", "0.2"))]
    maker = RunMaker(backend.worker, backend.provenance)
    together = [maker.make(run, 10) for run in (first, second)]
    apart = [maker.make(run, 40) for run in (first, second)]
    same = difference([first, second], 10, [trainer for trainer in together if trainer])
    assert all(one.relative == 0.0 for one in same.weights)
    assert (same.answers, same.agreement) == (0.0, 1.0)
    other = difference([first, second], 40, [trainer for trainer in apart if trainer])
    assert all(one.relative > 0.0 for one in other.weights)
    assert other.answers > 0.0
    assert apart[1] is not None
    assert digest(apart[1]) == state(backend)
    losses = {name: (a, b) for name, a, b in other.values}["loss"]
    assert losses == (first.at("loss", 40), second.at("loss", 40))
    assert losses[0] != losses[1]


def test_steps_lie_on_every_axis(backend: PlaygroundBackend) -> None:
    """Epochs by the run's own batches, seconds by its clock; both grow with the steps."""
    (run,) = rows(backend)
    steps = np.array([0, 10, 40])
    np.testing.assert_array_equal(run.places(steps, "step"), steps)
    np.testing.assert_allclose(run.places(steps, "epoch"), steps / run.batches)
    seconds = run.places(steps, "seconds")
    assert seconds[0] == 0.0
    assert seconds[1] < seconds[2] == pytest.approx(run.seconds, rel=1e-5)


def three_seeds(backend: PlaygroundBackend) -> list[ListedRun]:
    """Four runs, three of which were left."""
    for seed in (5, 6, 7):
        rows(backend)
        change(seed=seed)(backend)
        train(backend, 10)
    return rows(backend)


def test_of_runs_with_long_pasts_the_end_stays(backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest one that was left keeps its past whatever it takes; the first one goes on where it ended."""
    monkeypatch.setattr("nnplay.run.runs.run_list.PAST_BYTES", 1)
    there = read_everything(backend)
    found = three_seeds(backend)
    assert [run.timeline is None for run in found] == [True, True, False, False]
    assert all(run.is_kept for run in found)
    enter(backend, 1)
    assert equal(read_everything(backend), there)
    assert [run.number for run in rows(backend)] == [1, 2, 3, 4]
    assert [run.present for run in rows(backend)] == [True, False, False, False]


def test_of_runs_that_are_too_large_curves_and_settings_stay(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnplay.run.runs.run_list.PAST_BYTES", 1)
    monkeypatch.setattr("nnplay.run.runs.run_list.END_BYTES", 1)
    found = three_seeds(backend)
    assert [run.is_kept for run in found] == [False, False, True, True]
    assert all(len(run.curves["loss"]) for run in found)
    with pytest.raises(InputError, match="only curves and settings"):
        backend.go_to_run(1)


def test_a_session_keeps_its_runs(backend: PlaygroundBackend) -> None:
    """Each where it ended, with its name; one goes on from there with the bits that it would have had."""
    there = read_everything(backend)
    rows(backend)
    backend.runs.name(1, "calm")
    change(seed=9)(backend)
    train(backend, 20)
    rows(backend)
    backend.save("kept")
    train(backend, 5)
    backend.open("kept.nnplay")
    found = rows(backend)
    assert [(run.number, run.label.name, run.latest) for run in found] == [(1, "calm", 40), (2, "", 20)]
    assert [run.present for run in found] == [False, True]
    assert len(found[0].curves["loss"]) == 40
    enter(backend, 1)
    assert equal(read_everything(backend), there)
    assert "now on run 1, exactly where it ended" in backend.snapshot.message
    backend.save("")
    backend.open("kept.nnplay")
    assert [(run.number, run.label.name, run.latest) for run in rows(backend)] == [(1, "calm", 40), (2, "", 20)]
    assert [run.present for run in rows(backend)] == [True, False]


def ends(backend: PlaygroundBackend) -> dict[int, str]:
    """The digest of each run at its end, made again apart from it."""
    maker = RunMaker(backend.worker, backend.provenance)
    made = {run.number: maker.make(run, run.latest) for run in rows(backend)}
    return {number: digest(trainer) for number, trainer in made.items() if trainer is not None}


def test_a_fork_that_gave_way_to_newer_ones_stays_in_the_list(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its curves, and the end from which it goes on; without the end where that would take too much memory."""
    fork(backend, 25, "lr 0.2")
    fork(backend, 25, "lr 0.3")
    there = ends(backend)
    monkeypatch.setattr(branches, "MOST_BRANCHES", 1)
    fork(backend, 30, "lr 0.4")
    found = rows(backend)
    assert [run.number for run in found] == [1, 2, 3, 4]
    assert [run.dropped for run in found] == ["", "no past", "no past", ""]
    assert len(found[1].curves["loss"]) == 40
    assert differing_settings(found[:2]) == [("optimizer.lr", ("0.01", "0.2"))]
    enter(backend, 2)
    assert state(backend) == there[2]
    assert [(run.number, run.dropped) for run in rows(backend)] == [(1, ""), (2, ""), (3, "no past"), (4, "")]
    monkeypatch.setattr(branch_end, "BRANCH_BYTES", 0)
    enter(backend, 1)
    fork(backend, 30, "lr 0.5")
    assert [run.dropped for run in rows(backend)] == ["", "", "curves only", "curves only", ""]


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_short_branch_of_a_run_that_was_left_has_its_own_end(steps: int, backend: PlaygroundBackend) -> None:
    """What an edit one step back leaves, and what comes of it: their checkpoints would be far in between otherwise."""
    go(backend, 39)
    change(optimizer={"lr": 0.2})(backend)
    train(backend, steps)
    there = ends(backend)
    backend.reseed()
    train(backend, 5)
    backend.save("kept")
    before = [(run.number, run.title, run.latest, len(run.curves["loss"])) for run in rows(backend)]
    assert [line[2:] for line in before] == [(40, 40), (39 + steps, 39 + steps), (5, 5)]
    for _ in range(2):
        backend.open("kept.nnplay")
        assert [(run.number, run.title, run.latest, len(run.curves["loss"])) for run in rows(backend)] == before
        backend.save("")
    for number in (1, 2):
        enter(backend, number)
        assert state(backend) == there[number]


def test_a_session_keeps_branches_of_runs_that_were_left_and_who_is_who(backend: PlaygroundBackend) -> None:
    """A fork of the run before goes on where it ended; the present run and its fork keep number, name and parent."""
    fork(backend, 25, "lr 0.2")
    there = ends(backend)
    backend.reseed()
    train(backend, 20)
    fork(backend, 10, "lr 0.3")
    rows(backend)
    backend.runs.name(3, "mine")
    backend.runs.name(4, "its fork")
    backend.save("kept")
    before = [(run.number, run.title, first_words(run.label), run.latest) for run in rows(backend)]
    assert [line[2] for line in before] == ["", "of 1", "of 1", "of 3"]
    backend.open("kept.nnplay")
    assert [(run.number, run.title, first_words(run.label), run.latest) for run in rows(backend)] == before
    assert [run.present for run in rows(backend)] == [False, False, True, False]
    enter(backend, 2)
    assert state(backend) == there[2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("parent = 0", "parent = -1"),
        ("batches = ", "batch_count = "),
        ("words = ", "words = 3 #"),
        ("sum = ", "sum = nan #"),
        ("number = 1", "number = 2"),
    ],
)
def test_damaged_runs_cost_only_themselves(backend: PlaygroundBackend, old: str, new: str) -> None:
    """The present run opens, and one sentence says what is wrong with the others."""
    change(seed=9)(backend)
    train(backend, 20)
    rows(backend)
    backend.save("kept")
    record = Path("kept.nnplay/session.toml")
    before, mark, runs = record.read_text().partition("[[runs]]")
    assert old in runs
    record.write_text(before + mark + runs.replace(old, new, 1))
    said = backend.open("kept.nnplay")
    assert "the other runs of the session cannot be used: " in said
    assert [(run.number, run.latest) for run in rows(backend)] == [(1, 20)]
