"""The past of a run: every step comes back with the same bits, through the user's changes, within a budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.network.network import Network
from nnplay.records.registry import optimizer_records
from nnplay.timeline import checkpoint_file, checkpoint_spacing
from nnplay.timeline.timeline import Timeline
from nnplay.training.remake import remake
from nnplay.training.trainer import Trainer

ADAM = optimizer_records()["adam"]


def make_trainer(**more: Any) -> Trainer:
    """A small trainer on 210 training rows: 7 batches an epoch, the last one smaller."""
    split = load_dataset("moons", samples=300, seed=0).split(seed=0)
    net = Network("linear 6, tanh, linear 2", seed=2)
    return Trainer(net, split, optimizer=ADAM(lr=0.01), threads=1, seed=5, **more)


def bits(trainer: Trainer) -> bytes:
    """Everything that decides how the run goes on."""
    state = trainer.state()
    numbers = np.array(state.clock).tobytes() + np.float64(state.loss_sum).tobytes()
    return state.memory.tobytes() + numbers + repr((state.optimizer.values, state.settings, state.plateau)).encode()


def walk(trainer: Trainer, timeline: Timeline, count: Callable[[], int], until: int, seen: dict[int, bytes]) -> None:
    """Trains some steps at a time, tells the timeline, and keeps what it saw."""
    while trainer.step < until:
        trainer.advance(min(count(), until - trainer.step))
        timeline.note_progress()
        seen[trainer.step] = bits(trainer)


def test_fifty_random_steps_come_back_bit_for_bit() -> None:
    """Any of 400 steps is reached again, in any order, with the numbers, clock and settings that were there."""
    trainer = make_trainer()
    seen = {0: bits(trainer)}
    timeline = Timeline(trainer)
    walk(trainer, timeline, lambda: 1, 400, seen)
    rng = np.random.default_rng(0)
    for step in rng.integers(0, 401, 50):
        timeline.go_to(int(step))
        assert trainer.step == step
        assert bits(trainer) == seen[int(step)]


def test_a_tight_budget_still_reaches_every_step() -> None:
    """With room for only a few checkpoints the steps between them are run again, and the numbers are the same."""
    trainer = make_trainer()
    seen = {0: bits(trainer)}
    timeline = Timeline(trainer, budget=1)
    rng = np.random.default_rng(1)
    walk(trainer, timeline, lambda: 1, 300, seen)
    assert timeline.in_memory <= 4
    for step in [0, 1, 299, 300, *rng.integers(0, 301, 10)]:
        timeline.go_to(int(step))
        assert bits(trainer) == seen[int(step)]


def test_checkpoints_stay_within_the_budget() -> None:
    """However long a run, checkpoints take no more bytes than they may, and the first one is kept."""
    trainer = make_trainer()
    budget = 20 * trainer.state().memory.nbytes
    timeline = Timeline(trainer, budget)
    most = 0
    while trainer.step < 1_000:
        trainer.advance(1)
        timeline.note_progress()
        most = max(most, timeline.in_memory)
    assert most <= 20
    assert timeline.first == 0
    assert timeline.latest == 1_000


def changes() -> list[tuple[int, str, Callable[[Trainer], None]]]:
    """What a user changes, by step: the rate, a penalty that comes and goes, clipping, and single weights."""

    def shift_a_weight(trainer: Trainer) -> None:
        trainer.parameters()["0.weight"][0, 0] += 0.5

    return [
        (10, "rate", lambda trainer: trainer.set(lr=0.05)),
        (33, "l2 on", lambda trainer: trainer.set(l2=0.01)),
        (33, "weight", shift_a_weight),
        (34, "clip", lambda trainer: trainer.set(clip_norm=0.1)),
        (60, "l2 off", lambda trainer: trainer.set(l2=0.0)),
        (60, "weight again", shift_a_weight),
        (90, "rate again", lambda trainer: trainer.set(lr=0.002)),
    ]


@pytest.mark.parametrize(
    ("length", "budget"),
    [
        *((1, 1), (25, 1 << 24)),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((1, 1 << 24), (3, 1), (3, 1 << 24), (25, 1))),
    ],
)
def test_changes_are_made_again_where_they_were_made(length: int, budget: int) -> None:
    """A replay through changes of rate, penalty, clipping and weights has the same bits, with any spacing."""
    trainer = make_trainer()
    timeline = Timeline(trainer, budget)
    seen: dict[int, bytes] = {}
    for step, words, apply in changes():
        walk(trainer, timeline, lambda: length, step, seen)
        timeline.make_change(words, apply)
        seen[step] = bits(trainer)
    walk(trainer, timeline, lambda: length, 130, seen)
    for step in sorted(seen, key=lambda step: (step * 37) % 131):
        timeline.go_to(step)
        assert bits(trainer) == seen[step], step


def test_a_change_before_the_first_step_belongs_to_the_run() -> None:
    """What is changed before the very first step is in force when the run is replayed from there."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    timeline.make_change("rate", lambda trainer: trainer.set(lr=0.5))
    seen: dict[int, bytes] = {0: bits(trainer)}
    walk(trainer, timeline, lambda: 1, 20, seen)
    for step in (7, 0, 20):
        timeline.go_to(step)
        assert bits(trainer) == seen[step]


def test_dropping_later_steps_forgets_what_comes_after() -> None:
    """The past ends here then: later checkpoints, changes and curves are gone, and the run goes on from here."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    seen: dict[int, bytes] = {}
    walk(trainer, timeline, lambda: 1, 40, seen)
    timeline.make_change("rate", lambda trainer: trainer.set(lr=0.3))
    walk(trainer, timeline, lambda: 1, 60, seen)
    timeline.go_to(25)
    assert timeline.drop_later_steps() == 35
    assert (timeline.latest, trainer.history["loss"].steps[-1], timeline.changes) == (25, 25, [])
    assert bits(trainer) == seen[25]
    again: dict[int, bytes] = {}
    walk(trainer, timeline, lambda: 1, 40, again)
    assert again[40] != seen[41]
    assert all(again[step] == seen[step] for step in range(26, 40))
    timeline.go_to(30)
    assert bits(trainer) == seen[30]


def test_a_run_that_goes_on_from_the_past_leads_elsewhere() -> None:
    """Another rate from there on gives other numbers, and those come back too."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    seen: dict[int, bytes] = {}
    walk(trainer, timeline, lambda: 1, 40, seen)
    timeline.go_to(20)
    timeline.drop_later_steps()
    timeline.make_change("rate", lambda trainer: trainer.set(lr=0.3))
    other: dict[int, bytes] = {}
    walk(trainer, timeline, lambda: 1, 40, other)
    assert other[30] != seen[30]
    timeline.go_to(30)
    assert bits(trainer) == other[30]


def test_going_beyond_either_end_stops_there() -> None:
    """Steps that never were are clamped to the earliest and the latest one."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    walk(trainer, timeline, lambda: 5, 20, {})
    timeline.go_to(-3)
    assert trainer.step == 0
    timeline.go_to(10**9)
    assert trainer.step == 20


def test_going_back_leaves_the_curves_alone() -> None:
    """Looking at the past neither adds to the curves nor takes from them, and costs no training time."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    walk(trainer, timeline, lambda: 5, 50, {})
    before, seconds = trainer.history["loss"].last.tobytes(), trainer.seconds
    for step in range(50, -1, -1):
        timeline.go_to(step)
    assert trainer.history["loss"].last.tobytes() == before
    assert trainer.seconds == seconds


def test_a_long_replay_can_be_stopped() -> None:
    """The progress of a replay is told, and a True from it stops on the way."""
    trainer = make_trainer()
    timeline = Timeline(trainer, budget=1)
    walk(trainer, timeline, lambda: 7, 2_000, {})
    calls: list[tuple[int, int]] = []

    def stop(done: int, wanted: int) -> bool:
        calls.append((done, wanted))
        return True

    timeline.go_to(timeline.latest - 1, stop)
    assert len(calls) == 1
    assert 0 < calls[0][0] <= calls[0][1]


def test_a_schedule_that_watches_comes_back_too() -> None:
    """What a plateau schedule remembers is part of every checkpoint."""
    from nnplay.records.registry import schedule_records

    watching = [record for record in schedule_records().values() if record.patience]
    assert watching, "no schedule watches the validation loss"
    trainer = make_trainer(schedule=watching[0](patience=0))
    timeline = Timeline(trainer)
    seen: dict[int, bytes] = {0: bits(trainer)}
    walk(trainer, timeline, lambda: 3, 200, seen)
    for step in list(seen)[::7]:
        timeline.go_to(step)
        assert bits(trainer) == seen[step]


def test_where_memory_is_full_the_past_goes_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for a few checkpoints and a way back that would be slow, older ones lie in a file: the same bits."""
    monkeypatch.setattr(checkpoint_spacing, "PATIENCE", 1e-9)
    monkeypatch.setattr(checkpoint_spacing, "MOST_PATIENCE", 1e-9)
    monkeypatch.setattr(checkpoint_spacing, "SOON", 0.0)
    trainer = make_trainer()
    timeline = Timeline(trainer, budget=8 * trainer.state().memory.nbytes)
    seen = {0: bits(trainer)}
    walk(trainer, timeline, lambda: 2, 100, seen)
    assert timeline.on_disk > 20
    assert timeline.in_memory <= 8
    for step in sorted(seen, key=lambda step: (step * 37) % 101)[::5]:
        timeline.go_to(step)
        assert bits(trainer) == seen[step]
    timeline.go_to(10)
    timeline.drop_later_steps()
    assert timeline.on_disk <= 6


def test_a_full_disk_thins_the_past_out_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing can be written, checkpoints are dropped as without a file, and every step is still reached."""

    def full(*_: object) -> int:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(checkpoint_file.os, "pwrite", full)
    monkeypatch.setattr(checkpoint_spacing, "PATIENCE", 1e-9)
    monkeypatch.setattr(checkpoint_spacing, "SOON", 0.0)
    trainer = make_trainer()
    timeline = Timeline(trainer, budget=8 * trainer.state().memory.nbytes)
    seen = {0: bits(trainer)}
    walk(trainer, timeline, lambda: 2, 100, seen)
    assert timeline.on_disk == 0
    assert timeline.in_memory <= 8
    for step in sorted(seen, key=lambda step: (step * 37) % 101)[::9]:
        timeline.go_to(step)
        assert bits(trainer) == seen[step]


def test_cheap_steps_need_few_checkpoints() -> None:
    """Checkpoints lie as far apart as a replay of some milliseconds: a long run of a small network keeps few."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    while trainer.step < 1_000:
        trainer.advance(1)
        timeline.note_progress()
    assert timeline.in_memory <= 20 + 3 * trainer.seconds / checkpoint_spacing.SOON


def test_another_network_goes_on_and_the_past_before_it_stays() -> None:
    """Steps before and after a change of the network come back, each with its own trainer and the same bits."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    seen = {0: bits(trainer)}
    walk(trainer, timeline, lambda: 3, 40, seen)
    other, _ = remake(trainer, network=Network("linear 9, relu, linear 2", seed=2))
    timeline.replace_trainer("layers", other)
    seen[40] = bits(other)
    walk(other, timeline, lambda: 3, 70, seen)
    timeline.make_change("rate", lambda now: now.set(lr=0.2))
    seen[70] = bits(other)
    walk(other, timeline, lambda: 3, 100, seen)
    for step in sorted(seen, key=lambda step: (step * 37) % 101):
        timeline.go_to(step)
        assert timeline.trainer is (trainer if step < 40 else other)
        assert bits(timeline.trainer) == seen[step], step
    assert (timeline.first, timeline.latest) == (0, 100)
    assert [change.words for change in timeline.changes] == ["layers", "rate"]
    assert timeline.trainer.history["loss"].steps[-1] == 100


def test_training_on_before_a_change_of_the_network_drops_it() -> None:
    """From a step before the change, the old network goes on, and the change is no longer in the change log."""
    trainer = make_trainer()
    timeline = Timeline(trainer)
    walk(trainer, timeline, lambda: 3, 40, {})
    other, _ = remake(trainer, network=Network("linear 9, relu, linear 2", seed=2))
    timeline.replace_trainer("layers", other)
    walk(other, timeline, lambda: 3, 70, {})
    timeline.go_to(20)
    assert timeline.drop_later_steps() == 50
    assert timeline.changes == []
    seen = {20: bits(trainer)}
    walk(trainer, timeline, lambda: 1, 60, seen)
    timeline.go_to(50)
    assert timeline.trainer is trainer
    assert bits(trainer) == seen[50]


def test_networks_of_the_past_take_no_more_memory_than_they_may() -> None:
    """Where the networks before the present one are too large to be kept, the run begins with the oldest that fits."""
    trainer = make_trainer()
    timeline = Timeline(trainer, budget=int(2.5 * trainer.machine.memory.nbytes))
    for part in range(5):
        walk(timeline.trainer, timeline, lambda: 3, 10 * part + 10, {})
        other, _ = remake(timeline.trainer, network=Network("linear 6, tanh, linear 2", seed=part))
        timeline.replace_trainer("layers", other)
    assert timeline.first == 30
    timeline.go_to(35)
    assert timeline.trainer.step == 35
