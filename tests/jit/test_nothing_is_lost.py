"""Nothing of a run is lost by a key: not by undo of what put another run in its place, nor by a change in the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.training_thread import TrainingThread
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


OTHER_RUNS: dict[str, Callable[[PlaygroundBackend], object]] = {
    "rewind": lambda backend: backend.rewind(),
    "seed": lambda backend: backend.reseed(),
    "data": lambda backend: change(backend, data={"name": "circle"}),
    "preset": lambda backend: backend.apply(backend.preset("moons"), anew=True),
}


@pytest.mark.parametrize("name", OTHER_RUNS)
@pytest.mark.parametrize("stands_at", [70, 50])
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
    assert message(backend) == "undone: lr 0.03 → 0.2; every number is as it was"
    assert backend.settings.optimizer.values["lr"] == 0.03
    assert weights_at(backend, 70) == before
