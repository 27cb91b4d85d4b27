"""Branches of a run: a fork that is trained on is, bit for bit, the run that was changed there; so is the way back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay import session
from nnplay.config import RunConfig
from nnplay.errors import InputError, NnplayError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import saved_run
from nnplay.run.training_thread import TrainingThread
from nnplay.timeline import branches
from nnplay.timeline.fork_run import ForkRun, branch_curve_names, drop_newest_fork
from nnplay.timeline.saved import read_timeline, restore_timeline
from nnplay.timeline.timeline import Timeline
from tests.jit.test_saved_timeline import apart, at_steps, digest, edit_and_train
from tests.jit.test_timeline_of_edits import chosen, go
from tests.jit.test_undo import RUN, backend, change, read_everything, train
from tests.small_worker import until

__all__ = ["backend"]

FORKS = {
    "lr 0.2": change(optimizer={"lr": 0.2}),
    "optimizer sgd": change(optimizer={"name": "sgd"}),
    "l2 0.01": change(training={"l2": 0.01}),
    "batch_size 8": change(training={"batch_size": 8}),
    "silent 1:2": change(training={"silent": "1:2"}),
}


def fork(backend: PlaygroundBackend, step: int, words: str, steps: int = 10**9) -> None:
    """Forks the run at a step; the fork runs to where the run is, or some steps."""

    def make(run: TrainingThread) -> None:
        timeline = run.timeline
        assert timeline is not None
        latest = timeline.latest
        timeline.go_to(step)
        made = ForkRun(timeline, words, run.controls.segment_of, lambda text: None)
        made.until = min(latest, step + steps)
        while not made.ended:
            made.train_for(1.0)
        made.finish()
        timeline.go_to(latest)

    backend.worker.ask(make, seconds=120)


def switch(backend: PlaygroundBackend, words: str) -> None:
    """Another branch is trained from now on; returns when the run stands at its end."""
    settle(backend, lambda: backend.switch_branch(words))


def settle(backend: PlaygroundBackend, move: Callable[[], str]) -> str:
    """Goes to another branch; returns when the run stands at its end, and the settings are those of there."""
    backend.worker.ask(lambda run: None, seconds=120)
    travels = backend.snapshot.travels
    message = move()
    backend.worker.ask(lambda run: None, seconds=120)
    until(lambda: backend.snapshot.travels > travels and backend.snapshot.step == backend.snapshot.latest)
    backend.catch_up()
    return message


def timeline_of(backend: PlaygroundBackend) -> Timeline:
    timeline = backend.worker.timeline
    assert timeline is not None
    return timeline


def every(backend: PlaygroundBackend) -> list[str]:
    """The digests of all its steps."""
    return at_steps(backend, list(range(timeline_of(backend).first, timeline_of(backend).latest + 1)))


#: What changes rows, memory or data of the steps; a rate and a penalty are numbers alone.
STRUCTURE = ("optimizer sgd", "batch_size 8", "silent 1:2")


@pytest.mark.parametrize(
    "words", [pytest.param(words, marks=() if words in STRUCTURE else pytest.mark.slow) for words in FORKS]
)
def test_a_fork_that_is_trained_on_is_the_run_that_was_changed_there(
    backend: PlaygroundBackend, words: str, tmp_path: Path
) -> None:
    """Steps 0 to 70 of a fork from step 25 that the run went on as are those of a fresh run changed at 25."""
    fork(backend, 25, words)
    switch(backend, words)
    train(backend, 30)
    found, settings = every(backend), backend.settings
    fresh = PlaygroundBackend(RunConfig.from_dict(RUN))
    try:
        train(fresh, 25)
        FORKS[words](fresh)
        train(fresh, 45)
        assert every(fresh) == found
        assert chosen(fresh.settings) == chosen(settings)
    finally:
        fresh.stop()


@pytest.mark.parametrize(
    "words", [pytest.param(words, marks=pytest.mark.slow if words in STRUCTURE[1:] else ()) for words in FORKS]
)
def test_back_to_the_branch_before_nothing_of_it_is_lost(backend: PlaygroundBackend, words: str) -> None:
    """After the run went on as a fork, the first branch comes back with every step, its curves and settings."""
    before, curves, settings = every(backend), read_everything(backend), chosen(backend.settings)
    fork(backend, 25, words)
    switch(backend, words)
    train(backend, 12)
    [branch] = timeline_of(backend).branches
    name = words.split()[0]
    assert branch.words.startswith(f"{name} ")
    assert branch.words != words
    assert list(branch_curve_names(timeline_of(backend).trainer.history)) == [branch.curve_name]
    switch(backend, branch.words)
    assert every(backend) == before
    assert chosen(backend.settings) == settings
    now = read_everything(backend)
    assert all(np.array_equal(now[key], value) for key, value in curves.items())
    switch(backend, words)
    assert timeline_of(backend).latest == 52


def test_the_screen_says_which_branch_goes_on_and_which_lies_beside_it(backend: PlaygroundBackend) -> None:
    """The message of a switch names the branch that is trained now and the one that was left."""
    fork(backend, 25, "lr 0.2")
    switch(backend, "lr 0.2")
    line, left = "lr 0.2 from step 25", timeline_of(backend).branches[0].description
    until(lambda: backend.snapshot.message == f"the run continues as {line}; {left} is kept as a branch")


def test_z_takes_the_switch_back_and_makes_it_again(backend: PlaygroundBackend) -> None:
    """Undo goes back to the branch before, redo to the fork; the settings follow."""
    fork(backend, 25, "lr 0.2")
    switch(backend, "lr 0.2")
    forked = every(backend)
    assert backend.settings.optimizer.values["lr"] == 0.2
    assert settle(backend, backend.undo) == "undone: branch lr 0.2 from step 25"
    assert backend.settings.optimizer.values["lr"] == 0.01
    assert timeline_of(backend).words == "lr 0.01"
    assert settle(backend, backend.redo).startswith("redone")
    assert every(backend) == forked


def test_forks_of_forks_and_the_way_back_through_all_of_them(backend: PlaygroundBackend) -> None:
    """Three branches, one forked from another: each comes back with its own steps whichever way one goes."""
    branches: dict[str, list[str]] = {"lr 0.01": every(backend)}
    fork(backend, 25, "lr 0.2")
    switch(backend, "lr 0.2")
    train(backend, 20)
    branches["lr 0.2"] = every(backend)
    fork(backend, 45, "batch_size 8", 10)
    switch(backend, "batch_size 8")
    train(backend, 5)
    branches["batch_size 8"] = every(backend)
    for words in ("lr 0.01", "batch_size 8", "lr 0.2", "batch_size 8", "lr 0.01", "lr 0.2", "lr 0.01"):
        switch(backend, words if words != "lr 0.2" else _other(backend, "lr 0.2"))
        assert every(backend) == branches[words], words


def _other(backend: PlaygroundBackend, words: str) -> str:
    """The branch lr 0.2 may be named by what it has where the fork has a batch size of 8."""
    names = [branch.words for branch in timeline_of(backend).branches]
    return (
        words if words in names else next(name for name in names if name.startswith("batch_size") and "8" not in name)
    )


def test_training_on_from_the_past_leaves_the_other_branches_whole(backend: PlaygroundBackend) -> None:
    """From before the branch the later steps are dropped, but a branch that needs them keeps what it needs."""
    backend.set_weight("0.bias", (1,), 0.5)
    train(backend, 20)
    fork(backend, 50, "lr 0.2")
    switch(backend, "lr 0.2")
    forked = every(backend)
    switch(backend, "lr 0.01")
    go(backend, 10)
    backend.run_for(steps=5)
    until(lambda: backend.snapshot.step == 15 and not backend.snapshot.running)
    assert timeline_of(backend).changes == []
    switch(backend, "lr 0.2")
    assert every(backend) == forked


def test_branches_are_saved_with_the_run(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Saved on a fork, opened again: the fork is what is trained, the branch before comes back, bit for bit."""
    first = every(backend)
    fork(backend, 25, "optimizer sgd")
    fork(backend, 10, "lr 0.2")
    switch(backend, "optimizer sgd")
    train(backend, 12)
    second, now = every(backend), read_everything(backend)
    backend.save(str(tmp_path / "run"))
    place = apart(tmp_path / "run.nnplay")
    backend.open(str(place))
    assert [branch.words for branch in timeline_of(backend).branches] == ["lr 0.2", "optimizer adam"]
    backend.save(str(tmp_path / "again"))
    state = "state-00000001.safetensors"
    assert (tmp_path / "again.nnplay" / state).read_bytes() == (place / state).read_bytes()
    assert session.load(tmp_path / "again.nnplay").record["past"] == session.load(place).record["past"]
    assert every(backend) == second
    assert read_everything(backend).keys() == now.keys()
    switch(backend, "optimizer adam")
    assert every(backend) == first
    switch(backend, "lr 0.2")
    assert timeline_of(backend).latest == 40
    assert timeline_of(backend).changes[-1].words in ("lr 0.2", "lr 0.2 ")
    switch(backend, "optimizer sgd")
    assert every(backend) == second


def test_a_branch_that_is_not_there_is_refused(backend: PlaygroundBackend) -> None:
    """Another name, or none at all, is one sentence; nothing has changed, and nothing is there to undo."""
    with pytest.raises(InputError, match="there is no other branch"):
        backend.switch_branch("lr 0.2")
    fork(backend, 25, "lr 0.2")
    with pytest.raises(InputError, match=r"lr 0\.3"):
        backend.switch_branch("lr 0.3")
    with pytest.raises(InputError, match="already"):
        fork(backend, 25, "lr 0.2")
    assert backend.undo() == "nothing to undo"


def test_a_branch_that_was_trained_is_never_dropped_for_a_fork(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six more forks push the oldest forks out, not the branch before; and X drops forks only."""
    monkeypatch.setattr(branches, "MOST_BRANCHES", 5)
    fork(backend, 25, "lr 0.2")
    switch(backend, "lr 0.2")
    for rate in range(6):
        fork(backend, 30, f"lr 0.{rate + 3}")
    timeline = timeline_of(backend)
    assert "lr 0.01" in [branch.words for branch in timeline.branches]
    assert len(timeline.branches) == 5
    assert len(branch_curve_names(timeline.trainer.history)) == 5
    messages: list[Any] = [backend.worker.ask(lambda run: drop_newest_fork(timeline)) for _ in range(5)]
    assert messages[:4] == [f"discarded: lr 0.{rate}" for rate in (8, 7, 6, 5)]
    assert messages[4] == "no fork to discard; branches that were trained on are kept"
    assert [branch.words for branch in timeline.branches] == ["lr 0.01"]


def test_a_fork_that_diverges_can_be_trained_on_from_its_last_good_weights(backend: PlaygroundBackend) -> None:
    """A branch that ended in numbers that are not finite is kept with what it fell back to."""
    fork(backend, 25, "lr 1e38")
    switch(backend, "lr 1e38")
    trainer = timeline_of(backend).trainer
    assert all(np.isfinite(value).all() for value in trainer.parameters().values())
    there = digest(trainer)
    go(backend, 3)
    go(backend, timeline_of(backend).latest)
    assert digest(timeline_of(backend).trainer) == there


def test_a_fork_on_its_way_reaches_as_far_as_it_has_come(backend: PlaygroundBackend) -> None:
    """A branch whose fork still trains can be gone on as, with the bits that the fork has at that step."""

    def run(run: TrainingThread) -> tuple[str, str]:
        timeline = run.timeline
        assert timeline is not None
        timeline.go_to(25)
        made = ForkRun(timeline, "lr 0.2", run.controls.segment_of, lambda text: None)
        while made.step == 25:
            made.train_for(0.01)
        timeline.go_to(timeline.latest)
        [branch] = timeline.branches
        assert branch.latest == made.step
        timeline.switch_to(branch)
        timeline.go_to(timeline.latest)
        return digest(made.trainer), digest(timeline.trainer)

    forked, there = backend.worker.ask(run, seconds=120)
    assert forked == there


def leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of everything in a table."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, one in inner for place in leaves(one, (*way, key)))]


WILD = (
    None,
    -1,
    10**18,
    0.5,
    float("nan"),
    "",
    "x",
    "7 set lr=9",
    "5 weight 9.weight[0] = 1",
    [],
    {},
    True,
    [[0]],
    "a" * 64,
)


@pytest.mark.parametrize("pasts", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_nonsense_in_the_past_is_more_than_a_sentence(
    pasts: int, backend: PlaygroundBackend, tmp_path: Path
) -> None:
    """Each of many spoilt pasts is refused by an error in words, or gone through; the run itself is never lost."""
    edit_and_train(backend)
    fork(backend, 30, "optimizer sgd")
    backend.save(str(tmp_path / "run"))
    loaded, opened = session.load(tmp_path / "run.nnplay"), saved_run.read(tmp_path / "run.nnplay")
    arrays = {name: value for name, value in loaded.tensors.items() if name.startswith("-past.")}
    places, state, rng = leaves(loaded.record["past"])[1:], opened.trainer.state(), np.random.default_rng(5)
    there, refused = digest(opened.trainer), 0
    for _ in range(pasts):
        table, spoilt = spoil(copy.deepcopy(loaded.record["past"]), places, dict(arrays), rng)
        opened.trainer.restore(state)
        timeline = Timeline(opened.trainer)
        try:
            past = read_timeline(table, spoilt, opened.trainer.step, tmp_path)
            restore_timeline(timeline, past, opened.config, lambda config, split: config.trainer(split=split))
            timeline.go_to(int(rng.integers(timeline.latest)))
            for branch in list(timeline.branches):
                timeline.switch_to(branch)
        except NnplayError:
            refused += 1
            timeline.go_to(timeline.latest)
            assert timeline.trainer.step == 144
            assert digest(timeline.trainer) == there
    assert pasts / 5 < refused < pasts


def spoil(
    table: Any, places: list[tuple[Any, ...]], arrays: dict[str, Any], rng: np.random.Generator
) -> tuple[Any, dict[str, Any]]:
    """Nonsense in one place of the past's table, or of its arrays."""
    if rng.random() < 0.7:
        *way, last = places[rng.integers(len(places))]
        inner = table
        for part in way:
            inner = inner[part]
        inner[last] = WILD[rng.integers(len(WILD))]
        return table, arrays
    name = list(arrays)[rng.integers(len(arrays))]
    flat = arrays[name].copy().reshape(-1)
    flat[: rng.integers(len(flat) + 1)] = rng.choice([-1, 0, 3, 10**15])
    return table, {**arrays, name: flat.reshape(arrays[name].shape) if rng.random() < 0.5 else flat}
