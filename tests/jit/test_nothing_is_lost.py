"""Nothing of a run is lost by a key: not by undo of what put another run in its place, nor by a change in the past."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.training_thread import TrainingThread
from nnplay.timeline.timeline import Timeline
from nnplay.tui.commands.files import describe_unsaved
from tests.small_worker import until

RUN = {"data": "xor", "layers": "linear 6, tanh, linear 2", "seed": 1}


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaygroundBackend]:
    """A small run after 40 steps, a change of its rate and 30 steps more, with a state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    made = PlaygroundBackend(RunConfig.from_dict(RUN))
    train(made, 40)
    change(made, optimizer={"lr": 0.03})
    train(made, 30)
    yield made
    made.stop()


def train(backend: PlaygroundBackend, steps: int) -> None:
    """Some steps, taken before it returns."""
    backend.worker.ask(lambda run: run.train(steps), seconds=240)
    until(lambda: backend.worker.ask(lambda run: not run.running, seconds=240))


def change(backend: PlaygroundBackend, **values: object) -> str:
    """An edit of settings, in force when it returns; what was said of it."""
    answer = backend.apply(backend.changed(**values))
    backend.worker.ask(lambda run: None, seconds=240)
    return answer


def message(backend: PlaygroundBackend) -> str:
    """What is said after everything that was asked for has been done."""
    backend.worker.ask(lambda run: None, seconds=240)
    return backend.worker._publisher.message


def go_to(backend: PlaygroundBackend, step: int) -> None:
    """To a step of the past; the settings of then are in force when it returns."""
    backend.goto("step", step)
    until(lambda: backend.worker.ask(lambda run: run.trainer is not None and run.trainer.step == step, seconds=240))
    until(lambda: backend.snapshot.step == step)
    backend.catch_up()


def where(backend: PlaygroundBackend) -> tuple[int, int, int]:
    """First, present and latest step."""

    def look(run: TrainingThread) -> tuple[int, int, int]:
        trainer, timeline = run.require_run()
        return timeline.first, trainer.step, timeline.latest

    return backend.worker.ask(look, seconds=240)


def weights_at(backend: PlaygroundBackend, step: int) -> bytes:
    """All numbers of the state at a step of the run, which stays where it is."""

    def look(run: TrainingThread) -> bytes:
        trainer, timeline = run.require_run()
        here = trainer.step
        timeline.go_to(step)
        found = timeline.trainer.state().memory.tobytes()
        timeline.go_to(here)
        return found

    return backend.worker.ask(look, seconds=240)


def in_turn(names: Iterable[str], steps: Sequence[int]) -> list[Any]:
    """Each name with each step; quick are one step a name, and so about as many names a step."""
    return [
        pytest.param(name, step, marks=() if number % len(steps) == place else pytest.mark.slow)
        for number, name in enumerate(names)
        for place, step in enumerate(steps)
    ]


OTHER_RUNS: dict[str, Callable[[PlaygroundBackend], object]] = {
    "rewind": lambda backend: backend.rewind(),
    "seed": lambda backend: backend.reseed(),
    "data": lambda backend: change(backend, data={"name": "circle"}),
    "preset": lambda backend: backend.apply(backend.preset("moons"), anew=True),
}


@pytest.mark.parametrize(("name", "stands_at"), in_turn(OTHER_RUNS, (70, 50)))
def test_undo_of_what_begins_another_run_brings_back_the_whole_past(
    backend: PlaygroundBackend, name: str, stands_at: int
) -> None:
    """All steps, before and after where the run stood, with curves and changes; also when the other run trained."""
    known = {step: weights_at(backend, step) for step in (0, 20, 40, 55, 70)}
    curve = backend.worker.ask(lambda run: run.require_run()[0].history["loss"].to_arrays(), seconds=240)
    go_to(backend, stands_at)
    OTHER_RUNS[name](backend)
    train(backend, 15)
    assert where(backend) == (0, 15, 15)
    backend.undo()
    assert where(backend) == (0, stands_at, 70)
    assert {step: weights_at(backend, step) for step in known} == known
    after = backend.worker.ask(lambda run: run.require_run()[0].history["loss"].to_arrays(), seconds=240)
    assert {key: value.tobytes() for key, value in after.items()} == {k: v.tobytes() for k, v in curve.items()}
    assert backend.settings.optimizer.values["lr"] == 0.03
    backend.redo()
    assert where(backend) == (0, 15, 15)


def test_undo_of_a_rewind_says_where_the_run_is_again(backend: PlaygroundBackend) -> None:
    """The words name the step, and the change before the rewind can then be taken back exactly as if nothing was."""
    change(backend, optimizer={"lr": 0.2})
    before = weights_at(backend, 70)
    backend.rewind()
    backend.undo()
    assert message(backend) == "rewind undone: at step 70 again"
    backend.undo()
    assert message(backend) == "undone: lr 0.03 → 0.2; restored exactly"
    assert backend.settings.optimizer.values["lr"] == 0.03
    assert weights_at(backend, 70) == before


CHANGES_IN_THE_PAST: dict[str, Callable[[PlaygroundBackend], object]] = {
    "rate": lambda backend: change(backend, optimizer={"lr": 0.2}),
    "penalty": lambda backend: change(backend, training={"l2": 0.01}),
    "schedule": lambda backend: change(backend, schedule={"name": "cosine"}),
    "batch size": lambda backend: change(backend, training={"batch_size": 7}),
    "layers": lambda backend: change(backend, layers=("linear 5", "tanh", "linear 2")),
    "loss": lambda backend: change(backend, loss={"name": "mse"}),
    "weight": lambda backend: backend.set_weight("0.weight", (0, 1), 0.5),
}


@pytest.mark.parametrize(("name", "step"), in_turn(CHANGES_IN_THE_PAST, (0, 20, 55)))
def test_a_change_in_the_past_keeps_the_later_steps_as_a_branch_and_says_so(
    backend: PlaygroundBackend, name: str, step: int
) -> None:
    """The run goes on from there changed; the branch beside it leads to the very numbers that were there."""
    newest = weights_at(backend, 70)
    go_to(backend, step)
    CHANGES_IN_THE_PAST[name](backend)
    assert f"new branch; {70 - step} later steps kept as" in message(backend)
    train(backend, 15)
    assert where(backend) == (0, step + 15, step + 15)
    ((words, note),) = backend.branches()
    assert note == "trained to step 70"
    backend.switch_branch(words)
    until(lambda: where(backend) == (0, 70, 70))
    assert weights_at(backend, 70) == newest


def test_a_change_in_the_past_is_made_where_nothing_leads_to_the_newest_step_any_more(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its data are gone: a copy of it cannot be taken first, and the run need not go back to where it stands."""

    def refuse(*given: Any) -> None:
        raise InputError("its data are gone", where="planted")

    go_to(backend, 20)
    monkeypatch.setattr(Timeline, "go_to", refuse)
    change(backend, layers=("linear 5", "tanh", "linear 2"))
    assert "new branch; 50 later steps kept as" in message(backend)


@pytest.mark.parametrize(("name", "step"), in_turn(CHANGES_IN_THE_PAST, (0, 20, 55)))
def test_a_change_in_the_past_that_is_taken_back_leaves_no_trace(
    backend: PlaygroundBackend, name: str, step: int
) -> None:
    """Undo at once puts the later steps behind the run again, with no branch left; redo makes the branch again."""
    known = {at: weights_at(backend, at) for at in (0, 20, 55, 70)}
    go_to(backend, step)
    CHANGES_IN_THE_PAST[name](backend)
    backend.undo()
    assert "restored exactly" in message(backend)
    assert (where(backend), backend.branches()) == ((0, step, 70), [])
    assert {at: weights_at(backend, at) for at in known} == known
    backend.redo()
    assert (where(backend), len(backend.branches())) == ((0, step, step), 1)


def test_training_on_before_a_change_keeps_what_came_of_it(backend: PlaygroundBackend) -> None:
    """From before the change of the rate, training goes on with the old rate; the other way is a branch."""
    go_to(backend, 20)
    train(backend, 60)
    assert where(backend) == (0, 80, 80)
    assert backend.branches() == [("lr 0.03 from step 20", "trained to step 70")]


def test_a_session_that_is_saved_from_the_past_holds_the_later_steps(
    backend: PlaygroundBackend, tmp_path: Path
) -> None:
    """It is saved at the newest step, which opening shows; the user still looks at the past, and nothing is unsaved."""
    known = {at: weights_at(backend, at) for at in (0, 20, 55, 70)}
    go_to(backend, 20)
    assert "at step 70, the latest; you are viewing step 20" in backend.save("mine")
    assert where(backend) == (0, 20, 70)
    assert not backend.unsaved()
    other = PlaygroundBackend(RunConfig.from_dict(RUN))
    other.open(str(tmp_path / "mine.nnplay"))
    assert where(other) == (0, 70, 70)
    assert {at: weights_at(other, at) for at in known} == known
    other.stop()


def test_a_session_keeps_the_branch_of_a_change_in_the_past(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Saved and opened, the branch with the other network leads to the very numbers that were there."""
    newest = weights_at(backend, 70)
    go_to(backend, 20)
    change(backend, layers=("linear 5", "tanh", "linear 4", "tanh", "linear 2"))
    train(backend, 15)
    backend.save("mine")
    other = PlaygroundBackend(RunConfig.from_dict(RUN))
    other.open(str(tmp_path / "mine.nnplay"))
    ((words, _),) = other.branches()
    other.switch_branch(words)
    until(lambda: where(other) == (0, 70, 70))
    assert weights_at(other, 70) == newest
    other.stop()


def test_the_steps_that_leaving_would_lose_are_those_since_the_last_save(backend: PlaygroundBackend) -> None:
    """All of a run that was never saved, those after a save, and all of another run that has begun since."""
    assert backend.steps_unsaved() == 70
    backend.save("mine")
    train(backend, 1)
    assert backend.steps_unsaved() == 1
    backend.rewind()
    train(backend, 3)
    assert backend.steps_unsaved() == 3
    backend.undo()
    assert where(backend) == (0, 71, 71)
    assert backend.steps_unsaved() == 1


def test_a_rewind_with_nothing_to_rewind_loses_nothing_and_says_so(tmp_path: Path) -> None:
    """`r` at step 0 leaves nothing unsaved; with a weight set by hand there it takes that back."""
    fresh = PlaygroundBackend(RunConfig.from_dict(RUN))
    fresh.rewind()
    assert message(fresh) == "these are the initial weights already"
    assert not fresh.unsaved()
    initial = weights_at(fresh, 0)
    fresh.set_weight("0.weight", (0, 0), 3.0)
    fresh.rewind()
    assert message(fresh) == ""
    assert weights_at(fresh, 0) == initial
    fresh.stop()


@pytest.mark.parametrize(
    ("steps", "saved_before", "words"),
    [
        (2745, False, "2,745 training steps are not saved."),
        (1, True, "1 training step since the last save is not saved."),
        (0, True, "Your changes are not saved."),
    ],
)
def test_the_question_before_leaving_says_what_would_be_lost(steps: int, saved_before: bool, words: str) -> None:
    """How many steps, with the right plural, or that changes would be."""
    assert describe_unsaved(steps, saved_before=saved_before) == words


def test_a_past_that_is_too_large_to_be_kept_is_missed_in_words(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest past is kept whatever it takes; of an older one the step itself is, and undo says what is gone."""
    monkeypatch.setattr("nnplay.run.undo.PAST_BYTES", 1)
    at = weights_at(backend, 70)
    backend.rewind()
    train(backend, 20)
    backend.rewind()
    assert where(backend) == (0, 0, 0)
    backend.undo()
    assert where(backend) == (0, 20, 20)
    backend.undo()
    assert message(backend).startswith("rewind undone: at step 70 again; the steps before it took too much memory")
    assert where(backend) == (70, 70, 70)
    assert weights_at(backend, 70) == at
