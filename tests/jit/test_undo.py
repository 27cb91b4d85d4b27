"""Undo and redo of every kind of edit in the playground, on the real engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.run import edits
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.training_thread import TrainingThread
from nnplay.training import memory_check
from nnplay.training.state.checkpoint import Checkpoint
from tests.small_worker import until

RUN = {"data": "xor", "layers": "linear 6, tanh, linear 4, tanh, linear 2", "seed": 1}


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaygroundBackend]:
    """A small run after 40 steps, with a state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    made = PlaygroundBackend(RunConfig.from_dict(RUN))
    train(made, 40)
    yield made
    made.stop()


def train(backend: PlaygroundBackend, steps: int) -> None:
    """Some steps, taken before it returns."""

    def advance(run: TrainingThread) -> None:
        assert run.trainer is not None
        assert run.timeline is not None
        run.trainer.run(steps=steps)
        run.timeline.note_progress()

    backend.worker.ask(advance, seconds=240)


def wait_for(event: threading.Event) -> None:
    """Waits for an event."""
    assert event.wait(240)


def read_everything(backend: PlaygroundBackend) -> dict[str, Any]:
    """Everything that was learned: tensors, curves, step; and all settings."""

    def copy(run: TrainingThread) -> dict[str, Any]:
        trainer = run.trainer
        assert trainer is not None
        arrays = {**trainer.tensors(), **trainer.history.to_arrays()}
        return {name: value.copy() for name, value in arrays.items()} | {"step": np.array(trainer.step)}

    return backend.worker.ask(copy, seconds=240)


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two runs hold the same bits."""
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


def change(**values: Any) -> Callable[[PlaygroundBackend], object]:
    """An edit of settings."""
    return lambda backend: backend.apply(backend.changed(**values))


EDITS: dict[str, Callable[[PlaygroundBackend], object]] = {
    "a weight": lambda backend: backend.set_weight("2.weight", (1, 2), 7.5),
    "a bias": lambda backend: backend.set_weight("0.bias", (3,), -2.0),
    "one unit less": change(layers=("linear 5", "tanh", "linear 4", "tanh", "linear 2")),
    "a layer gone": change(layers=("linear 6", "tanh", "linear 2")),
    "a new layer": change(layers=("linear 6", "tanh", "linear 4", "tanh", "linear 3", "relu", "linear 2")),
    "another activation": change(layers=("linear 6", "relu", "linear 4", "tanh", "linear 2")),
    "frozen": change(layers=("linear 6 frozen", "tanh", "linear 4", "tanh", "linear 2")),
    "rate": change(optimizer={"lr": 0.25}),
    "optimizer": change(optimizer={"name": "sgd"}),
    "loss": change(loss={"name": "hinge"}, layers=("linear 6", "tanh", "linear 4", "tanh", "linear 1")),
    "schedule": change(schedule={"name": "cosine"}),
    "penalty": change(training={"l2": 0.01}),
    "batch": change(training={"batch_size": 7}),
    "features": change(data={"features": "x1, x2, x1^2"}),
    "noise": change(data={"noise": 0.2}),
    "split": change(split="50/25/25"),
    "data": change(data={"name": "circle"}),
    "seed": lambda backend: backend.reseed(),
    "preset": lambda backend: backend.apply(backend.preset("spiral"), anew=True),
    "rewind": lambda backend: backend.rewind(),
    "stops": change(stop={"epochs": 3}),
}


#: Of these another edit of the same kind is quick.
ALIKE = ("a bias", "a layer gone", "frozen", "penalty", "noise", "split", "stops")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in EDITS]
)
def test_an_edit_taken_back_gives_the_exact_bits_and_so_does_redo(backend: PlaygroundBackend, name: str) -> None:
    """z restores settings, weights, slots, curves and step bit for bit, Z those after the edit; both go on alike."""
    before, chosen = read_everything(backend), backend.settings
    EDITS[name](backend)
    after, edited = read_everything(backend), backend.settings
    assert name in ("a weight", "a bias", "rewind") or edited != chosen
    assert backend.snapshot.error == ""
    assert backend.undo().startswith("undone: ")
    assert equal(read_everything(backend), before)
    assert backend.settings == chosen
    assert backend.redo().startswith("redone: ")
    assert equal(read_everything(backend), after)
    assert backend.settings == edited
    backend.undo()
    train(backend, 25)
    assert backend.snapshot.error == ""
    went_on = read_everything(backend)
    with_no_edit = RunConfig.from_dict(RUN).trainer()
    with_no_edit.run(steps=65)
    assert all(went_on[key].tobytes() == value.tobytes() for key, value in with_no_edit.tensors().items())


def test_a_rewind_says_how_to_come_back_and_only_where_something_was_trained(backend: PlaygroundBackend) -> None:
    """`r` says which step `z` gives back; pressed again at step 0 it adds nothing to what can be taken back."""
    until(lambda: backend.snapshot.step == 40)
    backend.rewind()
    until(lambda: backend.snapshot.latest == 0)
    assert backend.snapshot.message == "back to the initial weights (z: return to step 40)"
    backend.rewind()
    assert backend.undo() == "undone: rewind"
    until(lambda: backend.snapshot.step == 40)
    assert backend.undo() == "nothing to undo"


def test_a_row_of_edits_is_taken_back_in_order(backend: PlaygroundBackend) -> None:
    """Five edits, then five times z: each state in turn, bit for bit; then there is nothing to undo."""
    states = [read_everything(backend)]
    for name in ("one unit less", "rate", "a weight", "data", "seed"):
        EDITS[name](backend)
        states.append(read_everything(backend))
    for wanted in reversed(states[:-1]):
        backend.undo()
        assert equal(read_everything(backend), wanted)
    assert backend.undo() == "nothing to undo"
    for wanted in states[1:]:
        backend.redo()
        assert equal(read_everything(backend), wanted)
    assert backend.redo() == "nothing to redo"


def test_training_after_an_edit_is_kept_when_it_is_taken_back(backend: PlaygroundBackend) -> None:
    """A layer taken out, 30 steps, z: it is back with its weights of then; training since stays; both are said."""
    before = read_everything(backend)
    backend.apply(backend.changed(layers=("linear 6", "tanh", "linear 2")))
    train(backend, 30)
    trained = read_everything(backend)
    backend.undo()
    now = read_everything(backend)
    assert now["step"] == 70
    assert np.array_equal(now["0.weight"], trained["0.weight"])
    assert not np.array_equal(now["0.weight"], before["0.weight"])
    assert np.array_equal(now["2.weight"], before["2.weight"])
    until(lambda: "undone: removed layer" in backend.snapshot.message)
    assert "restored from before the edit: 2.weight" in backend.snapshot.message
    assert "training since then is kept" in backend.snapshot.message
    backend.redo()
    assert equal(read_everything(backend), trained)


def test_a_weight_set_by_hand_gets_its_old_value_after_training(backend: PlaygroundBackend) -> None:
    """A weight set, 30 steps, z: that weight alone has its old value, all others keep what they learned since."""
    old = read_everything(backend)["2.weight"][1, 2]
    backend.set_weight("2.weight", (1, 2), 7.5)
    train(backend, 30)
    trained = read_everything(backend)["2.weight"]
    backend.undo()
    now = read_everything(backend)["2.weight"]
    assert now[1, 2] == old
    now[1, 2] = trained[1, 2]
    assert np.array_equal(now, trained)


def test_going_back_in_time_to_an_edit_undoes_it_exactly(backend: PlaygroundBackend) -> None:
    """Edit at step 40, train to 70, go back to 40, z: the moment before the edit, bit for bit."""
    before = read_everything(backend)
    backend.set_weight("2.weight", (1, 2), 7.5)
    train(backend, 30)
    backend.goto("step", 40)
    backend.worker.ask(lambda run: None, seconds=240)
    backend.undo()
    now = read_everything(backend)
    assert all(now[name].tobytes() == value.tobytes() for name, value in before.items() if "history" not in name)


def test_other_data_taken_back_after_training_is_the_run_that_was_left(backend: PlaygroundBackend) -> None:
    """Another data set trained for 30 steps, z: the earlier run with its curves; Z: the other one, as it was left."""
    before = read_everything(backend)
    backend.apply(backend.changed(data={"name": "circle"}))
    assert read_everything(backend)["step"] == 0
    train(backend, 30)
    other = read_everything(backend)
    backend.undo()
    assert equal(read_everything(backend), before)
    backend.redo()
    assert equal(read_everything(backend), other)


def test_without_checkpoints_settings_still_go_back(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where checkpoints take more memory than they may, all but the newest go; older edits restore their settings."""
    monkeypatch.setattr("nnplay.run.undo.CHECKPOINT_BYTES", 0)
    chosen = backend.settings
    for rate in (0.1, 0.2, 0.3):
        backend.apply(backend.changed(optimizer={"lr": rate}))
    read_everything(backend)
    kept = [edit.before.checkpoint for edit in backend.editor.undo_list._past]
    assert [type(checkpoint) for checkpoint in kept] == [type(None), type(None), Checkpoint]
    for _ in range(3):
        backend.undo()
    read_everything(backend)
    assert backend.settings == chosen
    assert backend.worker.trainer is not None
    assert backend.worker.trainer.optimizer.values["lr"] == chosen.optimizer.values["lr"]


def test_an_edit_of_the_inspector_counts_as_unsaved(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """A change of the change log that did not pass the back end marks the run as unsaved."""
    backend.save(str(tmp_path / "run"))
    assert not backend.unsaved()
    backend.worker.make_change("by hand", lambda trainer: None)
    read_everything(backend)
    assert backend.unsaved()


@pytest.mark.parametrize("anew", [False, True])
def test_a_network_that_is_refused_leaves_nothing_of_itself(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch, anew: bool
) -> None:
    """Settings, bits, undo and the mark "not saved" are those of before it; an edit made on top of it goes with it."""
    backend.save("kept")
    backend.apply(backend.changed(optimizer={"lr": "0.02"}))
    before, marked, config = read_everything(backend), backend.unsaved(), backend.settings
    with monkeypatch.context() as patched:
        patched.setattr(memory_check, "memory_budget", lambda: 1 << 16)
        busy = threading.Event()
        backend.worker.send(lambda run: wait_for(busy))
        backend.apply(backend.changed(layers="linear 99, linear 2"), anew=anew)
        backend.apply(backend.changed(optimizer={"lr": "0.5"}))
        assert len(backend.settings.layers) == 2
        busy.set()
        until(lambda: backend.snapshot.error)
        assert "64.0 KiB may be used; about" in backend.snapshot.error
        assert backend.snapshot.error.endswith("the run stays as it was")
        assert backend.settings == config
        assert backend.unsaved() == marked
        assert backend.catch_up(), "the screen shows the settings of before"
        assert equal(read_everything(backend), before)
        assert [row.present for row in backend.runs.rows()] == [True]
    assert backend.undo().startswith("undone: lr")
    assert backend.undo() == "nothing to undo"


def test_a_first_network_that_is_refused_says_why_whenever_it_is_to_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a run there is nothing to fall back on: each attempt to train gives the reason again."""
    with monkeypatch.context() as patched:
        patched.setattr(memory_check, "memory_budget", lambda: 1 << 10)
        backend = PlaygroundBackend(RunConfig.from_dict(RUN))
        try:
            until(lambda: "may be used" in backend.snapshot.error)
            backend.run()
            until(lambda: backend.snapshot.error.endswith("would fit; change the layers"))
        finally:
            backend.stop()


def test_opening_a_run_forgets_the_edits_of_the_one_before(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """After opening a session there is nothing to undo: the edits belonged to another run."""
    backend.save(str(tmp_path / "run"))
    EDITS["rate"](backend)
    backend.open(str(tmp_path / "run.nnplay"))
    assert backend.undo() == "nothing to undo"


def test_a_preset_is_undone_and_made_again_by_its_name(backend: PlaygroundBackend) -> None:
    """The words of undo and redo name what was chosen, not what differs in it."""
    backend.apply(backend.preset("spiral"), anew=True, words="preset spiral")
    assert backend.undo() == "undone: preset spiral"
    assert backend.redo() == "redone: preset spiral"
    until(lambda: backend.snapshot.message == "redone: preset spiral; restored exactly")


def test_an_optimizer_that_needs_all_rows_gets_them_and_gives_them_back(backend: PlaygroundBackend) -> None:
    """Chosen beside a batch size it would be refused: all rows come with it, its own rate too, and go in one undo."""
    batch, lr = backend.settings.training["batch_size"], backend.settings.optimizer.values["lr"]
    backend.apply(backend.changed(optimizer={"name": "lbfgs"}))
    until(lambda: "lbfgs needs all rows in every step" in backend.snapshot.message)
    assert backend.settings.training["batch_size"] == "all"
    assert backend.settings.optimizer.values["lr"] == 1.0
    train(backend, 3)
    assert "optimizer" in backend.undo()
    assert (backend.settings.training["batch_size"], backend.settings.optimizer.values["lr"]) == (batch, lr)
    backend.apply(backend.changed(optimizer={"name": "lbfgs"}))
    with pytest.raises(InputError, match="all rows in every step"):
        backend.apply(backend.changed(training={"batch_size": 2}))


def read_apart(
    backend: PlaygroundBackend, act: Callable[[], str], meanwhile: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> str:
    """What an edit answers whose rows must be read, where something else is done while they are."""
    reads, done, answers, split_of = threading.Event(), threading.Event(), list[str](), edits.split_of

    def read_slowly(config: RunConfig) -> Split:
        if threading.current_thread() is reader:
            reads.set()
            wait_for(done)
        return split_of(config)

    monkeypatch.setattr(edits, "split_of", read_slowly)
    reader = threading.Thread(target=lambda: answers.append(act()))
    reader.start()
    wait_for(reads)
    meanwhile()
    done.set()
    reader.join(240)
    backend.worker.ask(lambda run: None)
    return answers[0]


def test_rows_that_undo_needs_are_read_without_holding_others_up(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that is made in between is the newest, and is taken back by it; the next one finds the rows read."""
    before = read_everything(backend)
    backend.apply(backend.changed(data={"name": "spiral", "samples": 60}), anew=True)
    set_lr = lambda: backend.apply(backend.changed(optimizer={"lr": 0.5}))  # noqa: E731
    assert read_apart(backend, backend.undo, set_lr, monkeypatch) == "undone: lr 0.01 → 0.5"
    assert backend.undo().startswith("undone: data")
    after = read_everything(backend)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_rows_of_another_run_are_read_without_holding_others_up(
    backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_everything(backend)
    backend.apply(backend.changed(data={"name": "spiral", "samples": 60}), anew=True)
    backend.worker.ask(lambda run: None)
    assert backend.runs is not None
    row = backend.runs.find(1)
    assert row.side is not None
    monkeypatch.setattr(backend.runs, "find", lambda number: replace(row, timeline=None))
    set_lr = lambda: backend.apply(backend.changed(optimizer={"lr": 0.5}))  # noqa: E731
    answer = read_apart(backend, lambda: backend.go_to_run(1), set_lr, monkeypatch)
    assert answer.startswith("run 1: ")
    after = read_everything(backend)
    assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)
