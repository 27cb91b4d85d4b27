"""The training thread: what each command does, in the present and in the past, and how the thread ends."""

from __future__ import annotations

import math

import pytest

from nnplay.run.speed_limit import FULL, SpeedLimit
from nnplay.run.worker import Worker
from nnplay.training.stopping import Stops
from tests.small_worker import PATIENCE, after, make_trainer, numbers, settle, trainer_of, until


def test_a_pause_ends_the_running(worker: Worker) -> None:
    """After a pause the snapshot says so, and the step stays where it is."""
    worker.run()
    until(lambda: worker.snapshot.running and worker.snapshot.step > 50, "the run is going")
    worker.pause()
    step = settle(worker).step
    assert not worker.snapshot.running
    assert worker.ask(lambda run: trainer_of(run).step) == step
    assert numbers(worker) == after(step)


def test_so_many_steps_are_taken_exactly(worker: Worker) -> None:
    """`run(steps=…)` stops at the step asked for, each time."""
    for steps, total in ((1, 1), (36, 37), (500, 537)):
        worker.run(steps=steps)
        assert settle(worker).step == total
    assert numbers(worker) == after(537)


def test_epochs_end_at_their_end(worker: Worker) -> None:
    """From within an epoch, `run(epochs=…)` goes to the end of that one or of later ones."""
    worker.run(steps=3)
    settle(worker)
    worker.run(epochs=1)
    shown = settle(worker)
    assert (shown.epoch, shown.batch, shown.step) == (1, 0, 7)
    worker.run(epochs=3)
    assert settle(worker).step == 28


def test_a_slow_run_still_listens(worker: Worker) -> None:
    """At a step in a thousand seconds a pause is obeyed at once, and so is full speed."""
    worker.controls.speed_limit = SpeedLimit(0.001)
    worker.run()
    until(lambda: worker.snapshot.step == 1, "the first step")
    worker.pause()
    assert settle(worker).step == 1
    worker.run()
    until(lambda: worker.ask(lambda run: trainer_of(run).step) == 2, "the second step")
    worker.controls.speed_limit = FULL
    worker.ask(lambda run: None)
    until(lambda: worker.snapshot.step > 500, "full speed")


def test_a_limit_is_not_overshot_in_one_call(worker: Worker) -> None:
    """At ten steps a second the thread never takes more than one step in a turn, so that each can be watched."""
    asked_for: list[int] = []
    trainer = trainer_of(worker)
    advance = trainer.advance

    def watched(steps: int, *, record: bool = True) -> int:
        asked_for.append(steps)
        return advance(steps, record=record)

    trainer.advance = watched  # type: ignore[method-assign, assignment]
    worker.controls.speed_limit = SpeedLimit(10.0)
    worker.run(steps=4)
    settle(worker)
    assert asked_for == [1, 1, 1, 1]


def test_stop_conditions_end_a_run_and_say_why(worker: Worker) -> None:
    """A run without a given length ends where a condition holds, with its sentence as the message."""
    worker.controls.stops = Stops(epochs=3)
    worker.run()
    shown = settle(worker)
    assert (shown.step, shown.message) == (21, "stopped at epoch 3")


def test_rewind_gives_the_same_initial_weights(worker: Worker) -> None:
    """After a rewind the run begins again with the same bits and no past."""
    worker.run(steps=50)
    settle(worker)
    worker.rewind()
    shown = settle(worker)
    assert (shown.step, shown.latest, shown.curves) == (0, 0, {})
    assert numbers(worker) == after(0)
    worker.run(steps=20)
    settle(worker)
    assert numbers(worker) == after(20)


def test_the_stop_flag_of_a_command_does_not_stay_behind(worker: Worker) -> None:
    """A flag raised by a command that was already done is lowered: else each call would take one step only."""
    worker.run()
    until(lambda: worker.snapshot.running, "the run is going")
    machine = trainer_of(worker).machine
    machine.stop = True
    until(lambda: not machine.stop, "the flag is lowered")


def test_going_back_and_forward_gives_the_same_numbers(worker: Worker) -> None:
    """Every step asked for has the numbers of a run that only went there."""
    worker.run(steps=300)
    settle(worker)
    for step in (299, 12, 150, 0, 300):
        worker.go_to(step)
        shown = settle(worker)
        assert (shown.step, shown.latest) == (step, 300)
        assert numbers(worker) == after(step)


def test_steps_back_add_up_however_fast_they_come() -> None:
    """Three steps back at once are three steps, also where each is a long replay."""
    worker = Worker(make_trainer(), budget=1)
    worker.run(steps=3_000)
    settle(worker)
    for _ in range(3):
        worker.step_back()
    assert settle(worker).step == 2_997
    assert numbers(worker) == after(2_997)
    worker.stop(PATIENCE)


def test_a_question_on_the_way_is_answered_at_the_end_of_it() -> None:
    """What is asked (to save, to change) while the worker replays is done at the step that it was sent to."""
    worker = Worker(make_trainer(), budget=1)
    worker.run(steps=3_000)
    settle(worker)
    for step in (2_990, 1_111, 2_222):
        worker.go_to(step)
        assert worker.ask(lambda run: trainer_of(run).step, PATIENCE) == step
    worker.stop(PATIENCE)


def test_running_on_from_the_past_takes_the_same_steps_again(worker: Worker) -> None:
    """A run from step 40 of 100 goes on from there, to the same numbers, and says so."""
    worker.run(steps=100)
    settle(worker)
    worker.go_to(40)
    worker.run(steps=5)
    shown = settle(worker)
    assert (shown.step, shown.latest, shown.message) == (
        45,
        45,
        "60 later steps discarded; training on gives the same numbers again",
    )
    assert shown.curves["loss"].steps[-1] == 45
    assert numbers(worker) == after(45)


def test_a_change_is_part_of_the_past(worker: Worker) -> None:
    """A rate changed at step 20 applies from there, and again when the past is replayed."""
    worker.run(steps=20)
    settle(worker)
    worker.make_change("lr 0.3", lambda trainer: trainer.set(lr=0.3))
    worker.run(steps=20)
    assert settle(worker).learning_rate == pytest.approx(0.3)
    there = numbers(worker)
    worker.go_to(10)
    assert settle(worker).learning_rate == pytest.approx(0.01)
    worker.go_to(40)
    settle(worker)
    assert numbers(worker) == there


def test_reach_goes_back_or_trains_on(worker: Worker) -> None:
    """A known step is gone to, an unknown one is trained to, from the latest one."""
    worker.run(steps=50)
    settle(worker)
    worker.send(lambda run: run.reach(30))
    assert settle(worker).step == 30
    worker.send(lambda run: run.reach(80))
    shown = settle(worker)
    assert (shown.step, shown.latest) == (80, 80)
    assert numbers(worker) == after(80)


@pytest.mark.parametrize("state", ["paused", "running", "slow", "replaying"])
def test_stop_ends_the_thread(state: str) -> None:
    """Whatever the thread is doing, it ends when it is told to."""
    worker = Worker(make_trainer(), budget=1)
    if state == "replaying":
        worker.run(steps=20_000)
        settle(worker)
        worker.go_to(19_999)
    elif state != "paused":
        worker.controls.speed_limit = SpeedLimit(0.001) if state == "slow" else FULL
        worker.run()
        until(lambda: worker.snapshot.step, "a step")
    worker.stop(PATIENCE)
    assert not worker.alive


def test_a_run_that_its_stop_condition_ended_is_finished_until_it_is_elsewhere(worker: Worker) -> None:
    """The end by epochs is told in the snapshot, as long as the run stands there."""
    worker.controls.stops = Stops(epochs=2)
    worker.run()
    shown = settle(worker)
    assert (shown.epoch, shown.finished) == (2, True)
    worker.step_back()
    until(lambda: worker.snapshot.step == 13, "one step back")
    assert not worker.snapshot.finished


def test_the_speed_is_that_of_this_run(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a number before it was measured, kept in a pause, and none of the run before once there is another."""
    monkeypatch.setattr("nnplay.run.publisher._MEASURED", 0.0)
    assert math.isnan(settle(worker).steps_per_second)
    worker.run(steps=20)
    assert settle(worker).steps_per_second > 0
    worker.install(make_trainer)
    assert math.isnan(settle(worker).steps_per_second)
