"""Averaged weights: moving averages and means over epochs, beside the trained weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.kernels import abi, averaged
from nnplay.run.render import numbers
from nnplay.tape.machines.cpu_machine import CpuMachine
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.timeline.saved.check import state_shapes
from nnplay.training.averaged_weights import AVERAGES
from tests.records import Bench, Trial, layer_named

pytestmark = pytest.mark.usefixtures("kernels")


def trainer(**settings: Any) -> Any:
    """A small classifier with 3 batches an epoch."""
    data = nn.load_dataset("gauss", samples=90, seed=0).split(seed=0)
    network = nn.Network("linear 5, tanh, linear 2")
    return nn.Trainer(network, data, optimizer="adam lr=0.05", **{"batch_size": 21, "dtype": "float64", **settings})


def test_a_moving_average_is_its_definition() -> None:
    """Step by step a + (1 − decay)(w − a), beginning with the first weights; PyTorch's averaged model does the same."""
    run, wanted = trainer(average="ema", ema_decay=0.8), {}
    for step in range(5):
        run.run(steps=1)
        for name, w in run.parameters().items():
            wanted[name] = w.copy() if step == 0 else wanted[name] + (1 - 0.8) * (w - wanted[name])
            assert np.allclose(run.averages()[name], wanted[name], rtol=1e-14, atol=1e-15)


def test_the_mean_over_epochs_begins_where_it_should() -> None:
    """From epoch 2 on, the weights that each epoch ends with count alike; steps within an epoch do not count."""
    run, ends = trainer(average="swa", average_from=2), []
    for _ in range(4):
        run.run(epochs=1)
        ends.append({name: w.copy() for name, w in run.parameters().items()})
        run.run(steps=1)
        run.run(steps=run.steps_to(run.epoch + 1) - 1)
        run.run(steps=1)
        ends.append({name: w.copy() for name, w in run.parameters().items()})
    for name, average in run.averages().items():
        assert np.allclose(average, np.mean([end[name] for end in ends[1:]], axis=0), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_averaging_changes_no_weight_and_resumes_bit_for_bit(average: str) -> None:
    """A run with an average trains as one without; a checkpoint holds the average, and a replay gives its bits."""
    run, plain = trainer(average=average, ema_decay=0.9), trainer()
    plain.run(steps=11)
    run.run(steps=5)
    checkpoint = run.state()
    run.run(steps=6)
    assert all(np.array_equal(w, plain.parameters()[name]) for name, w in run.parameters().items())
    again = trainer(average=average, ema_decay=0.9)
    again.restore(checkpoint)
    again.run(steps=6)
    assert run.state().memory.tobytes() == again.state().memory.tobytes()


def test_answers_are_given_with_the_average_on_request() -> None:
    """With `use_average`, scores and answers are those of a network with the averages; the weights stay as trained."""
    run = trainer(average="ema", ema_decay=0.9)
    run.run(epochs=3)
    other = trainer()
    for name, values in other.parameters().items():
        values[...] = run.averages()[name]
    before, trained = run.state().memory.tobytes(), run.evaluate("test")
    run.set(use_average=True)
    assert run.evaluate("test") == other.evaluate("test") != trained
    assert np.array_equal(run.predict(run.split.test.x), other.predict(run.split.test.x))
    assert run.state().memory.tobytes() == before
    assert "weights averaged over 9 steps" in numbers(run, None)["held"]


@pytest.mark.parametrize("machine", [CpuMachine, InterpretedMachine])
@pytest.mark.parametrize("average", ["ema", "swa"])
def test_validation_is_of_the_weights_that_answer(average: str, machine: Any) -> None:
    """The validation curve follows `use_average` from the next epoch on; training and its curve stay as they are."""
    kept = {"average": average, "ema_decay": 0.9, "average_from": 2}
    run, plain = trainer(machine=machine, **kept), trainer(machine=machine, **kept)
    for epoch, use_average in enumerate([True, True, False, True], 1):
        run.set(use_average=use_average)
        run.run(epochs=1)
        plain.run(epochs=1)
        shown = {name: run.history[f"validation_{name}"].last[-1] for name in ("loss", "accuracy")}
        assert shown == pytest.approx(run.quick_scores("validation"), rel=1e-12)
        trained = plain.history["validation_loss"].last[-1]
        assert (shown["loss"] != trained) == (use_average and epoch > (2 if average == "swa" else 1))
    assert run.history["train_loss"].last.tolist() == plain.history["train_loss"].last.tolist()
    assert all(np.array_equal(w, plain.parameters()[name]) for name, w in run.parameters().items())


def test_entries_of_the_program_have_places_of_their_own() -> None:
    """Those of averaged weights stand beside the others, within the program."""
    places = {
        name: place for module in (abi, averaged) for name, place in vars(module).items() if name[:8] == "PROGRAM_"
    }
    assert len(set(places.values())) == len(places)
    assert places["PROGRAM_SIZE"] == max(places.values())


def test_another_network_goes_on_with_the_average_of_layers_that_fit() -> None:
    """A new layer's average begins with its weights; what fits is carried over, and so is the count."""
    run = trainer(average="ema", ema_decay=0.9)
    run.run(steps=4)
    other, _ = nn.remake(run, network=nn.Network("linear 5, tanh, linear 3, tanh, linear 2"))
    assert np.array_equal(other.averages()["0.weight"], run.averages()["0.weight"])
    assert np.array_equal(other.averages()["2.weight"], other.parameters()["2.weight"])
    assert other.tensors()["averaged"] == 4


def test_sessions_keep_the_average(tmp_path: Path) -> None:
    """A saved run opens with the average it had; the shapes of its state are known without it."""
    training = {"average": "ema", "ema_decay": 0.9, "batch_size": 21, "groups": "0 lr_factor=0.5"}
    config = RunConfig.from_dict(
        {"data": "gauss", "layers": "linear 5, tanh, linear 2", "optimizer": "adam amsgrad=yes", "training": training}
    )
    with nn.Session.new(None, config) as session:
        session.trainer.run(epochs=2)
        session.save(tmp_path / "run.nnplay")
        kept = {name: values.copy() for name, values in session.trainer.tensors().items()}
    with nn.Session.open(tmp_path / "run.nnplay") as again:
        found = again.trainer.tensors()
        assert all(np.array_equal(values, found[name]) for name, values in kept.items())
        assert {"averaged", "0.weight.average", "0.weight.max_exp_avg_sq"} <= set(found)
        shapes = {name: values.shape for name, values in found.items()}
        assert (
            state_shapes(
                again.trainer.plans, [stage.objective for stage in again.trainer.machine.tape.stages], average=True
            )
            == shapes
        )
        again.trainer.run(steps=1)


@pytest.mark.parametrize("average", ["ema", "swa"])
@pytest.mark.parametrize("step", [0, 4])
def test_rows_of_an_average_are_their_definitions(average: str, step: int) -> None:
    """Kernels do what the definitions say, whole and in parts, and single elements are worked out right."""
    for dtype, share in (("float32", 64), ("float64", 10**9)):
        layers = (layer_named("linear", 17, name="front"), layer_named("tanh"), layer_named("linear", 3))
        bench = Bench(Trial(layers, (5,), 4, share=share), dtype, average=(AVERAGES[average], 1))
        bench.machine.view(bench.tape.named["average_from"])[...] = 0
        assert bench.hold_to_definitions(lambda row: row.operation is AVERAGES[average], step) == 1
        bench.fill()
        bench.machine.view(bench.tape.named["averaged"])[...] = 0
        assert bench.hold_to_definitions(lambda row: "averaged" in row.operation.reads, step) == 2


def test_a_decay_of_1_is_refused_with_a_reason() -> None:
    """The message says the range, and why it ends there."""
    with pytest.raises(InputError, match="< 1; at 1 the average would never take anything in"):
        trainer(average="ema", ema_decay=1)
