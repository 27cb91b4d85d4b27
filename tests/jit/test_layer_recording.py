"""What is recorded of every layer: at steps of the run's own, what the definitions say, and gone with its branch."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import nnplay as nn
from nnplay.inspector.inspector import Inspector
from nnplay.timeline.timeline import Timeline
from nnplay.training.curves.history import History
from nnplay.training.trainer import Trainer
from tests.small_trainer import trainer


def recurrent(**more: object) -> Trainer:
    """A bidirectional LSTM on 40 sequences; the last batch is smaller."""
    data = nn.load_dataset("echo", samples=50, delay=5, seed=0).split(0.8, 0.1, 0.1, seed=0)
    return trainer(data, "lstm 3 bidirectional=true, linear 4", batch_size=12, **more)


def same_tables(one: History, other: History) -> bool:
    """Whether two runs have the same recorded numbers, bit for bit."""
    first, second = one.by_layer.to_arrays(), other.by_layer.to_arrays()
    return all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_the_same_steps_are_recorded_however_a_run_is_split() -> None:
    """Step by step, in one go, and from a copy on: the same table; young runs have many steps in it."""
    whole, single = trainer(), trainer()
    whole.run(steps=300)
    for _ in range(100):
        single.advance(1)
    other = copy.deepcopy(single)
    for each in (single, other):
        each.run(steps=200)
        assert same_tables(whole.history, each.history)
    assert whole.history.by_layer.steps[:20].tolist() == list(range(1, 21))
    assert 60 < len(whole.history.by_layer) < 150


@pytest.mark.parametrize("clip", [0.0, 0.01])
def test_recorded_lengths_are_those_of_the_inspected_gradients(clip: float) -> None:
    """‖g‖ of each parameter is that of the inspector's row, before any clipping; ‖Δw‖ ÷ ‖w‖ that of the weights."""
    run = trainer(clip_norm=clip)
    run.run(steps=9)
    inspector = Inspector(run)
    at = next(k for k, row in enumerate(inspector.rows) if row.operation.name == "gradient norm")
    with inspector.pause_before(at):
        lengths = {
            slot.name[1:]: np.linalg.norm(run.machine.view(slot)) for slot in run.machine.tape.layout.slots["gradients"]
        }
    before = {name: value.copy() for name, value in run.parameters().items()}
    run.run(steps=1)
    for name, old in before.items():
        moved = np.linalg.norm(run.parameters()[name] - old) / np.linalg.norm(old)
        assert run.history.by_layer.column(f"gradient:{name}")[-1] == pytest.approx(lengths[name], rel=1e-4)
        assert run.history.by_layer.column(f"update:{name}")[-1] == pytest.approx(moved, rel=1e-4)
    total = np.sqrt(sum(values[-1] ** 2 for values in run.history.by_layer.of("gradient").values()))
    assert total == pytest.approx(float(run.history["gradient_norm"].last[-1]), rel=1e-4)


def test_the_gradient_at_each_time_step_is_that_of_the_batch() -> None:
    """The last, smaller batch of an epoch gives the root mean square over its own rows, for both directions."""
    run = recurrent()
    run.run(epochs=1)
    machine, table = run.machine, run.history.by_layer
    state = machine.view(next(s for s in machine.tape.layout.slots["scratch"] if s.name == "0.dstate_l0"), 4)
    for part, words in ((slice(0, 3), "state"), (slice(3, 6), "state backward")):
        expected = np.sqrt((state[:, :, part].astype(np.float64) ** 2).sum(axis=(0, 2)) / 4)
        found = [table.column(f"state:0 {words}:{t}")[-1] for t in range(state.shape[1])]
        assert found == pytest.approx(expected.tolist(), rel=1e-5)


def test_a_run_that_goes_back_has_the_table_of_its_branch() -> None:
    """What was recorded after the step where the run turned off is gone, and what comes is that of the other run."""
    run = trainer()
    timeline, straight = Timeline(run), trainer()
    while run.step < 200:
        timeline.advance(200 - run.step)
    timeline.go_to(70)
    left = timeline.leave_later_steps("lr 0.1")
    timeline.make_change("lr 0.1", lambda one: one.set(lr=0.1))
    straight.run(steps=70)
    straight.set(lr=0.1)
    straight.run(steps=50)
    while run.step < 120:
        timeline.advance(120 - run.step)
    assert same_tables(run.history, straight.history)
    assert left.history.by_layer.steps[-1] == 200
