"""The training thread: what each command does, that faults end neither thread nor run, and what snapshots promise."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nnplay import scene
from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.errors import InputError, NnplayError
from nnplay.network import Network
from nnplay.registry import optimizer_records
from nnplay.scene import Look
from nnplay.snapshot import Snapshot
from nnplay.stopping import Stops
from nnplay.tempo import FULL, Tempo
from nnplay.trainer import Trainer
from nnplay.worker import Worker

ADAM, SGD = optimizer_records()["adam"], optimizer_records()["sgd"]
PATIENCE = 30.0


def made(seed: int = 2, **more: Any) -> Trainer:
    """A small trainer: 210 training rows, 7 batches an epoch."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    net = Network("linear 6, tanh, linear 2", seed=seed)
    return Trainer(net, split, optimizer=ADAM(lr=0.01), threads=1, seed=5, **more)


def until(holds: Callable[[], Any], what: str) -> None:
    """Waits until a condition holds; fails after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {PATIENCE:g} s")
        time.sleep(0.002)


def settled(worker: Worker) -> Snapshot:
    """The snapshot after everything that was asked so far has been done, the training paused or at its end."""
    worker.ask(lambda asked: None)
    until(lambda: worker.ask(lambda asked: not asked.snapshot.running and not asked._running), "the run ends")
    seen = worker.snapshot
    worker.ask(lambda asked: None)
    until(lambda: worker.snapshot is not seen, "a snapshot after that")
    return worker.snapshot


def numbers(worker: Worker) -> bytes:
    """The whole state, taken between two steps."""
    return worker.ask(lambda asked: _trainer(asked).state().memory.tobytes())


def _trainer(worker: Worker) -> Trainer:
    assert worker.trainer is not None
    return worker.trainer


def after(steps: int) -> bytes:
    """The state that a trainer without any worker has after so many steps."""
    trainer = made()
    trainer.run(steps=steps) if steps else None
    return trainer.state().memory.tobytes()


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with the small trainer, ended after the test."""
    found = Worker(made())
    yield found
    found.stop(PATIENCE)
    assert not found.alive


# -- running and stopping ----------------------------------------------------------------------------------------------


def test_a_pause_ends_the_running(worker: Worker) -> None:
    """After a pause the snapshot says so, and the step stays where it is."""
    worker.run()
    until(lambda: worker.snapshot.running and worker.snapshot.step > 50, "the run is going")
    worker.pause()
    step = settled(worker).step
    assert not worker.snapshot.running
    assert worker.ask(lambda asked: _trainer(asked).step) == step
    assert numbers(worker) == after(step)


def test_so_many_steps_are_taken_exactly(worker: Worker) -> None:
    """`run(steps=…)` stops at the step asked for, each time."""
    for steps, total in ((1, 1), (36, 37), (500, 537)):
        worker.run(steps=steps)
        assert settled(worker).step == total
    assert numbers(worker) == after(537)


def test_epochs_end_at_their_end(worker: Worker) -> None:
    """From within an epoch, `run(epochs=…)` goes to the end of that one or of later ones."""
    worker.run(steps=3)
    settled(worker)
    worker.run(epochs=1)
    shown = settled(worker)
    assert (shown.epoch, shown.batch, shown.step) == (1, 0, 7)
    worker.run(epochs=3)
    assert settled(worker).step == 28


def test_a_slow_run_still_listens(worker: Worker) -> None:
    """At a step in a thousand seconds a pause is obeyed at once, and so is full speed."""
    worker.tempo = Tempo(0.001)
    worker.run()
    until(lambda: worker.snapshot.step == 1, "the first step")
    worker.pause()
    assert settled(worker).step == 1
    worker.run()
    until(lambda: worker.ask(lambda asked: _trainer(asked).step) == 2, "the second step")
    worker.tempo = FULL
    worker.ask(lambda asked: None)
    until(lambda: worker.snapshot.step > 500, "full speed")


def test_a_limit_is_not_overshot_in_one_call(worker: Worker) -> None:
    """At ten steps a second the thread never takes more than one step in a stretch, so that each can be watched."""
    asked_for: list[int] = []
    trainer = _trainer(worker)
    advance = trainer.advance

    def watched(steps: int) -> int:
        asked_for.append(steps)
        return advance(steps)

    trainer.advance = watched  # type: ignore[method-assign, assignment]
    worker.tempo = Tempo(10.0)
    worker.run(steps=4)
    settled(worker)
    assert asked_for == [1, 1, 1, 1]


def test_stop_conditions_end_a_run_and_say_why(worker: Worker) -> None:
    """A run without a given length ends where a condition holds, with its sentence as the message."""
    worker.stops = Stops(epochs=3)
    worker.run()
    shown = settled(worker)
    assert (shown.step, shown.message) == (21, "stopped at epoch 3")


def test_rewind_gives_the_same_initial_weights(worker: Worker) -> None:
    """After a rewind the run begins again with the same bits and no past."""
    worker.run(steps=50)
    settled(worker)
    worker.rewind()
    shown = settled(worker)
    assert (shown.step, shown.latest, shown.curves) == (0, 0, {})
    assert numbers(worker) == after(0)
    worker.run(steps=20)
    settled(worker)
    assert numbers(worker) == after(20)


def test_the_stop_flag_of_a_command_does_not_stay_behind(worker: Worker) -> None:
    """A flag raised by a command that was already taken is lowered: else each call would take one step only."""
    worker.run()
    until(lambda: worker.snapshot.running, "the run is going")
    flag = _trainer(worker).machine.stop
    flag[0] = 1
    until(lambda: flag[0] == 0, "the flag is lowered")


# -- the past ----------------------------------------------------------------------------------------------------------


def test_going_back_and_forward_gives_the_same_numbers(worker: Worker) -> None:
    """Every step asked for has the numbers of a run that only went there."""
    worker.run(steps=300)
    settled(worker)
    for step in (299, 12, 150, 0, 300):
        worker.go(step)
        shown = settled(worker)
        assert (shown.step, shown.latest) == (step, 300)
        assert numbers(worker) == after(step)


def test_steps_back_add_up_however_fast_they_come() -> None:
    """Three steps back at once are three steps, also where each is a long replay."""
    worker = Worker(made(), budget=1)
    worker.run(steps=3_000)
    settled(worker)
    for _ in range(3):
        worker.back()
    assert settled(worker).step == 2_997
    assert numbers(worker) == after(2_997)
    worker.stop(PATIENCE)


def test_a_question_on_the_way_is_answered_at_the_end_of_it() -> None:
    """What is asked (to save, to change) while the worker replays is done at the step that it was sent to."""
    worker = Worker(made(), budget=1)
    worker.run(steps=3_000)
    settled(worker)
    for step in (2_990, 1_111, 2_222):
        worker.go(step)
        assert worker.ask(lambda asked: _trainer(asked).step, PATIENCE) == step
    worker.stop(PATIENCE)


def test_running_on_from_the_past_lets_go_of_what_came_after(worker: Worker) -> None:
    """A run from step 40 of 100 goes on from there, forgets the 60, and says so."""
    worker.run(steps=100)
    settled(worker)
    worker.go(40)
    worker.run(steps=5)
    shown = settled(worker)
    assert (shown.step, shown.latest, shown.message) == (45, 45, "the 60 steps after this one were let go")
    assert shown.curves["loss"].steps[-1] == 45
    assert numbers(worker) == after(45)


def test_a_change_is_part_of_the_past(worker: Worker) -> None:
    """A rate changed at step 20 applies from there, and again when the past is replayed."""
    worker.run(steps=20)
    settled(worker)
    worker.change("lr 0.3", lambda trainer: trainer.set(lr=0.3))
    worker.run(steps=20)
    assert settled(worker).learning_rate == pytest.approx(0.3)
    there = numbers(worker)
    worker.go(10)
    assert settled(worker).learning_rate == pytest.approx(0.01)
    worker.go(40)
    settled(worker)
    assert numbers(worker) == there


def test_reach_goes_back_or_trains_on(worker: Worker) -> None:
    """A known step is gone to, an unknown one is trained to, from the latest one."""
    worker.run(steps=50)
    settled(worker)
    worker.send(lambda asked: asked.reach(30))
    assert settled(worker).step == 30
    worker.send(lambda asked: asked.reach(80))
    shown = settled(worker)
    assert (shown.step, shown.latest) == (80, 80)
    assert numbers(worker) == after(80)


# -- faults ------------------------------------------------------------------------------------------------------------


def fail(*given: Any) -> Any:
    """Raises what no command should."""
    raise ZeroDivisionError("planted")


def test_a_network_that_cannot_be_leaves_the_run_alone(worker: Worker) -> None:
    """The error of a failed install is shown; the run that was there can go on."""
    worker.run(steps=10)
    settled(worker)

    def broken() -> Trainer:
        raise InputError("has no layers", where="network")

    worker.install(broken)
    shown = settled(worker)
    assert "has no layers" in shown.error
    assert (shown.step, shown.generation) == (10, 1)
    worker.run(steps=5)
    shown = settled(worker)
    assert (shown.step, shown.error) == (15, "")


def test_another_run_is_installed_while_one_goes(worker: Worker) -> None:
    """A new trainer takes over at once, is seen by its generation, and keeps on running."""
    worker.run()
    until(lambda: worker.snapshot.running and worker.snapshot.step > 20, "the run is going")
    worker.install(lambda: made(seed=9))
    until(lambda: worker.snapshot.generation == 2, "the next generation")
    until(lambda: worker.snapshot.running and worker.snapshot.step > 20, "it runs too")


def test_a_divergence_is_said_and_survived() -> None:
    """The error names the step, the weights are finite, and from some steps before the run goes on."""
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    data = Dataset(x, x[:, :1] * 3.0, task="regression").split(seed=0)
    worker = Worker(Trainer(Network("linear 8, linear 1"), data, optimizer=SGD(lr=0.01), threads=1))
    worker.run(steps=20)
    settled(worker)
    worker.change("lr 50", lambda trainer: trainer.set(lr=50.0))
    worker.run()
    until(lambda: worker.snapshot.error, "the divergence is seen")
    shown = settled(worker)
    assert "diverged" in shown.error
    assert not shown.running
    assert all(np.isfinite(value).all() for value in shown.weights.values())
    assert shown.latest == shown.step
    there = numbers(worker)
    worker.go(10)
    settled(worker)
    worker.go(shown.step)
    assert settled(worker).step == shown.step
    assert numbers(worker) == there
    worker.run()
    until(lambda: worker.snapshot.error, "it diverges again")
    assert settled(worker).message == ""
    worker.go(10)
    worker.run(steps=30)
    after_it = settled(worker)
    assert (after_it.error, after_it.step, after_it.latest) == ("", 40, 40)
    worker.stop(PATIENCE)


def test_a_large_network_that_diverges_comes_back_the_same() -> None:
    """Weights that a fault sets back some steps are part of the past: a replay across it has the same bits."""
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    data = Dataset(x, x[:, :1] * 100.0, task="regression").split(seed=0)
    worker = Worker(Trainer(Network("linear 600, linear 1"), data, optimizer=SGD(lr=1e-4), threads=1), budget=1)
    worker.run(steps=32)
    there = settled(worker) and numbers(worker)
    worker.run(steps=9)
    settled(worker)
    worker.change("lr huge", lambda trainer: trainer.set(lr=3e38))
    worker.run()
    until(lambda: worker.snapshot.error, "the divergence is seen")
    assert "the weights of step 32 were kept" in settled(worker).error
    assert numbers(worker) == there
    worker.change("lr small", lambda trainer: trainer.set(lr=1e-4))
    worker.run(steps=60)
    assert settled(worker).step == 101
    there = numbers(worker)
    worker.go(5)
    settled(worker)
    worker.go(101)
    settled(worker)
    assert numbers(worker) == there
    worker.stop(PATIENCE)


def test_a_fault_in_a_command_ends_neither_thread_nor_run(worker: Worker) -> None:
    """The fault is named in the snapshot, and the next command works."""
    worker.run(steps=10)
    settled(worker)
    worker.send(fail)
    until(lambda: "ZeroDivisionError: planted" in worker.snapshot.error, "the fault is said")
    assert worker.alive
    worker.run(steps=10)
    assert settled(worker).step == 20


def test_a_fault_in_a_picture_ends_neither_thread_nor_run(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that cannot be drawn is named; training goes on, and the thread rests while it is paused."""
    calls: list[Trainer] = []

    def broken(trainer: Trainer) -> None:
        calls.append(trainer)
        fail()

    monkeypatch.setattr(scene, "findings", broken)
    worker.run(steps=50)
    until(lambda: "planted" in worker.snapshot.error, "the fault is said")
    until(lambda: worker.ask(lambda asked: _trainer(asked).step) == 50, "the run goes on")
    worker.ask(lambda asked: None)
    done = len(calls)
    worker.ask(lambda asked: None)
    worker.ask(lambda asked: None)
    assert len(calls) <= done + 3
    monkeypatch.undo()
    worker.run(steps=1)
    assert settled(worker).error == ""


def test_a_question_that_fails_fails_where_it_was_asked(worker: Worker) -> None:
    """The one who asked gets the error; the run does not."""
    with pytest.raises(ZeroDivisionError, match="planted"):
        worker.ask(fail)
    assert settled(worker).error == ""


def test_a_question_without_an_answer_is_an_error_of_its_own(worker: Worker) -> None:
    """A thread that is busy for too long is named."""
    busy, done = threading.Event(), threading.Event()

    def keep(asked: Worker) -> None:
        busy.set()
        done.wait(PATIENCE)

    worker.send(keep)
    assert busy.wait(PATIENCE)
    with pytest.raises(NnplayError, match="did not answer in time"):
        worker.ask(lambda asked: None, seconds=0.01)
    done.set()


def test_a_worker_without_a_run_says_so_and_takes_one() -> None:
    """Before there is a network every command is refused in a sentence; the first install works."""
    worker = Worker()
    worker.run()
    until(lambda: "no network" in worker.snapshot.error, "the refusal")
    worker.install(made)
    worker.run(steps=3)
    shown = settled(worker)
    assert (shown.step, shown.error) == (3, "")
    worker.stop(PATIENCE)


# -- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["paused", "running", "slow", "replaying"])
def test_stop_ends_the_thread(state: str) -> None:
    """Whatever the thread is doing, it ends when it is told to."""
    worker = Worker(made(), budget=1)
    if state == "replaying":
        worker.run(steps=20_000)
        settled(worker)
        worker.go(19_999)
    elif state != "paused":
        worker.tempo = Tempo(0.001) if state == "slow" else FULL
        worker.run()
        until(lambda: worker.snapshot.step, "a step")
    worker.stop(PATIENCE)
    assert not worker.alive


# -- snapshots ---------------------------------------------------------------------------------------------------------


def _frozen_copy(shown: Snapshot) -> dict[str, bytes]:
    arrays = {f"w {name}": value for name, value in shown.weights.items()}
    arrays |= {f"c {name}": curve.last for name, curve in shown.curves.items()}
    arrays |= {f"n {key}": value for key, value in shown.neurons.items()}
    if shown.surface is not None:
        arrays["surface"] = shown.surface.values
    return {name: np.asarray(value).tobytes() for name, value in arrays.items()}


def test_a_snapshot_never_changes_once_it_is_out(worker: Worker) -> None:
    """What the screen holds stays as it was while training goes on; and its fields cannot be set."""
    worker.run()
    until(lambda: worker.snapshot.surface is not None and worker.snapshot.weights, "a picture")
    held = worker.snapshot
    before = _frozen_copy(held)
    until(lambda: worker.snapshot.step > held.step + 500 and worker.snapshot.surface is not held.surface, "a later one")
    assert _frozen_copy(held) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        held.step = 0  # type: ignore[misc]


def test_snapshots_of_a_run_are_in_order_and_whole(worker: Worker) -> None:
    """While it runs the step never goes down, and epoch, batch and step of a snapshot belong together."""
    seen: list[Snapshot] = [worker.snapshot]
    worker.run()
    deadline = time.monotonic() + PATIENCE
    while len(seen) < 25 and time.monotonic() < deadline:
        if worker.snapshot is not seen[-1]:
            seen.append(worker.snapshot)
        time.sleep(0.001)
    running = [shown for shown in seen if shown.running]
    assert len(running) > 10
    assert all(a.step <= b.step for a, b in itertools.pairwise(running))
    for shown in running:
        assert shown.epoch * shown.batches + shown.batch == shown.step
        assert shown.first <= shown.step == shown.latest


def test_only_what_is_shown_is_computed(worker: Worker) -> None:
    """A screen that shows no pictures gets none; the numbers, curves and findings are always there."""
    worker.look = Look(surface=None, neurons=0, output=False)
    worker.run(steps=300)
    shown = settled(worker)
    assert (shown.surface, shown.output, shown.neurons) == (None, None, {})
    assert set(shown.curves) >= {"loss", "validation_loss", "gradient_norm", "lr"}
    worker.look = Look(surface=(6, 9), neurons=5)
    shown = settled(worker)
    assert shown.surface is not None
    assert shown.surface.values.shape == (6, 9)
    assert shown.neurons[(0, 0)].shape == (5, 5)


def test_findings_are_part_of_the_snapshot(worker: Worker) -> None:
    """What the health rules see comes with the pictures."""
    worker.change("weights", lambda trainer: trainer.parameters()["0.bias"].fill(50.0))
    worker.run(steps=200)
    assert any("saturated" in finding.sentence for finding in settled(worker).health)


def test_messages_are_shown(worker: Worker) -> None:
    """`tell` shows a message at once, `say` with the next snapshot."""
    settled(worker)
    worker.tell("compiling")
    assert worker.snapshot.message == "compiling"
    worker.say("weights kept")
    assert settled(worker).message == "weights kept"
