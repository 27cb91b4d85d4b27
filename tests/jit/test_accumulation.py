"""Gradient accumulation: several batches make one step, which is that of one larger batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.step_text import heading
from nnplay.kernels import abi
from nnplay.records.registry import loss_records
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.training.trainer import Trainer
from tests.records import Bench, Trial, layer_named

pytestmark = pytest.mark.usefixtures("kernels")


def trainer(batch_size: int, accumulate: int = 1, layers: str = "linear 5, tanh, linear 2", **more: Any) -> Trainer:
    """A small classifier on 62 training rows."""
    data = nn.load_dataset("gauss", samples=90, seed=0).split(seed=0)
    settings = {"batch_size": batch_size, "accumulate": accumulate, "l2": 0.01, "clip_norm": 0.5, "dtype": "float64"}
    return nn.Trainer(nn.Network(layers), data, optimizer="adam lr=0.05", **{**settings, **more})


@pytest.mark.parametrize(("size", "times"), [(5, 4), (10, 2), (7, 3), (20, 5), (62, 2)])
def test_it_equals_a_larger_batch(size: int, times: int) -> None:
    """Weights, losses, norms, steps and epochs are those of a batch `accumulate` times larger, last steps included."""
    many, one = trainer(size, times), trainer(min(62, size * times))
    many.run(epochs=3)
    one.run(epochs=3)
    assert (many.step, many.epoch, many.batches) == (one.step, one.epoch, one.batches)
    for name, values in one.parameters().items():
        assert np.allclose(many.parameters()[name], values, rtol=1e-9, atol=1e-11), name
    for name in ("loss", "gradient_norm", "train_loss", "validation_loss"):
        assert np.allclose(many.history[name].last, one.history[name].last, rtol=1e-9, atol=1e-11), name


def test_one_batch_a_step_is_what_it_was() -> None:
    """`accumulate=1` adds no row and changes no bit."""
    plain, one = trainer(10), trainer(10, 1)
    assert [row.operation.name for row in one.machine.tape.train] == [
        row.operation.name for row in plain.machine.tape.train
    ]
    assert not any("mean over batches" in row.operation.name for row in one.machine.tape.train)


def test_it_resumes_bit_for_bit_and_counts_steps() -> None:
    """A step is whole in every checkpoint; stepped, split and restored runs have the same bits."""
    run, again = trainer(10, 2, "linear 8, dropout 0.5, linear 2"), trainer(10, 2, "linear 8, dropout 0.5, linear 2")
    run.run(steps=3)
    checkpoint = run.state()
    run.run(steps=4)
    again.restore(checkpoint)
    for _ in range(4):
        again.run(steps=1)
    assert run.state().memory.tobytes() == again.state().memory.tobytes()
    assert (run.step, run.epoch, run.batch) == (7, 1, 3)


def test_batches_of_a_step_draw_numbers_of_their_own() -> None:
    """Dropout leaves other units out in the second batch of a step than in its first, as it does in larger batches."""
    run = trainer(31, 2, "dropout 0.5, linear 2", shuffle=False)
    run.split.train.x[...] = 1.0
    once = nn.Trainer(run.network, run.split, optimizer="sgd lr=0", settings=run.settings)
    once.run(steps=1)
    last = once.machine.value_after_step(once.machine.tape.layout.find("0.output")).copy()
    first = nn.Trainer(run.network, run.split, optimizer="sgd lr=0", settings=run.settings.changed(accumulate=1))
    first.run(steps=1)
    assert not np.array_equal(last, first.machine.value_after_step(first.machine.tape.layout.find("0.output")))


def test_weights_of_rows_are_those_of_the_batch() -> None:
    """Each batch of a step gathers the weights of its own rows."""
    rows = np.arange(12.0)
    data = nn.Dataset(rows[:, None], rows[:, None], weights=rows + 1)
    run = nn.Trainer(nn.Network("linear 1"), data, optimizer="sgd lr=0", batch_size=4, accumulate=3, shuffle=False)
    run.run(steps=1)
    taken = run.machine.value_after_step(run.machine.tape.named["weight"])
    assert run.split.train.weights is not None
    assert taken.tolist() == run.split.train.weights[8:].tolist()


def test_the_definitions_accumulate_alike() -> None:
    """A machine that runs the definitions takes the same steps."""
    compiled = trainer(10, 3)
    plain = trainer(10, 3, machine=InterpretedMachine)
    compiled.run(steps=4)
    plain.run(steps=4)
    for name, values in compiled.parameters().items():
        assert np.allclose(plain.parameters()[name], values, rtol=1e-9, atol=1e-11), name
    assert compiled.step == plain.step == 4


@pytest.mark.parametrize("before", [0, 4])
def test_rows_of_accumulation_are_their_definitions(before: int) -> None:
    """Means over batches, of gradients and of the loss, for the first batch of a step and for a later one."""
    for dtype, share in (("float32", 64), ("float64", 10**9)):
        layers = (layer_named("linear", 17), layer_named("tanh"), layer_named("linear", 3))
        bench = Bench(Trial(layers, (5,), 4, share=share), dtype, loss=loss_records()["mse"](), accumulates=True)
        bench.run(bench.count("data", "forward", "loss", "backward"))
        bench.machine.cells[abi.CLOCK_OFFSET] = before
        held = [number for number, row in enumerate(bench.tape.train) if row.operation.name.endswith("batches")]
        for number in held:
            bench.hold(bench.table, number)
        assert len(held) == 3


def test_another_number_of_batches_is_another_run() -> None:
    """A checkpoint of a run with other steps is refused; `remake` goes on with its weights."""
    run = trainer(10, 2)
    run.run(steps=2)
    with pytest.raises(InputError, match="accumulate is 2 in the state, 3 here"):
        trainer(10, 3).restore(run.state())
    other, _ = nn.remake(run, accumulate=3)
    assert np.array_equal(other.parameters()["0.weight"], run.parameters()["0.weight"])
    other.run(steps=1)


@pytest.mark.parametrize("machine", [CpuMachine, InterpretedMachine])
def test_the_inspector_walks_a_step_of_several_batches(machine: Any) -> None:
    """The first batch row by row, the others before what is run once a step: the rows leave what the loop does."""
    layers = "linear 8, dropout 0.5, batch_norm, linear 2"
    run, again = (trainer(10, 3, layers, machine=machine) for _ in range(2))
    inspector = Inspector(run)
    for _ in range(3):  # the last step of an epoch has a batch of 2 rows
        again.run(steps=1)
        before = run.state().memory.tobytes()
        with inspector.pause_before(len(inspector.rows)):
            walked = run.machine.state().copy()
        assert run.state().memory.tobytes() == before
        assert np.allclose(walked, again.state().memory, rtol=1e-12, atol=1e-14)
        inspector.finish()
        assert np.allclose(run.state().memory, walked, rtol=1e-12, atol=1e-14)
    assert "the first of a step's 3 batches" in heading(inspector)


def test_rows_of_the_first_batch_stay_in_sight() -> None:
    """However one gets to a row, it shows the first batch; what is run once a step shows the mean of all batches."""
    run = trainer(10, 3, "linear 5, dropout 0.5, linear 2")
    inspector = Inspector(run)
    finish = run.machine.tape.stages[0].rows.finish_at
    fresh = [Inspector(run).values(number) for number in range(len(inspector.rows))]
    for number in [*range(len(inspector.rows)), *reversed(range(finish + 1))]:
        found = inspector.values(number)
        assert all(np.array_equal(found[name], values) for name, values in fresh[number].items()), number
    dropout = next(k for k, row in enumerate(inspector.rows) if row.path == "1" and row.phase == "forward")
    written = next(
        values for name, values in fresh[dropout].items() if name == inspector.rows[dropout].operation.writes[0]
    )
    assert inspector.element(dropout, (3, 2)).value == pytest.approx(float(written[3, 2]))
    assert run.state().memory.tobytes() == trainer(10, 3, "linear 5, dropout 0.5, linear 2").state().memory.tobytes()
