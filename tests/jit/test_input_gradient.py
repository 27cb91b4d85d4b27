"""How answers depend on inputs: slopes beside finite differences and PyTorch's, and a run that notices nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.network.network import Network
from nnplay.network.section import cut_section
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.registry import layer_records
from nnplay.training.input_gradient import prober_of
from tests.records import network_of

pytestmark = pytest.mark.usefixtures("kernels")
Array = NDArray[Any]


def trainer_of(layers: Any, shape: tuple[int, ...], dtype: str = "float64") -> nn.Trainer:
    """A trainer that has seen an epoch of random rows, so that running statistics are no longer those of the start."""
    random = np.random.default_rng(3)
    network = Network(layers)
    outputs = network.plan(shape).output_shape
    x = random.normal(size=(24, *shape)).astype(np.float32)
    y = random.normal(size=(24, *outputs)).astype(np.float32)
    trainer = nn.Trainer(network, nn.Dataset(x, y.reshape(24, -1)), "mse", "sgd lr=0.01", batch_size=8, dtype=dtype)
    trainer.run(epochs=1)
    return trainer


def differences(trainer: nn.Trainer, x: Array, direction: Array, h: float = 1e-5) -> Array:
    """Central differences of Σ answer·direction of each row, with respect to each number of it."""

    def total(rows: Array) -> Array:
        return np.asarray((trainer.answers(rows.reshape(x.shape)) * direction).reshape(len(x), -1).sum(axis=1))

    flat, found = x.reshape(len(x), -1), np.empty((len(x), x[0].size))
    for k in range(flat.shape[1]):
        step = np.zeros(flat.shape[1])
        step[k] = h
        found[:, k] = (total(flat + step) - total(flat - step)) / (2 * h)
    return found.reshape(x.shape)


def differs_outside_training() -> list[tuple[LayerRecord, Case]]:
    """A case of every layer that has other rows outside training, and whose backward rows leave out nothing."""
    found = []
    for record in layer_records().values():
        for case in () if record.contains else filter(lambda case: case.exact, record.cases):
            layers, shape = network_of(record, case)
            if any(planned.plan.evaluate is not None for planned in Network(layers).plan(shape).layers):
                found.append((record, case))
                break
    return found


@pytest.mark.parametrize(("record", "case"), differs_outside_training(), ids=lambda part: getattr(part, "name", ""))
def test_the_way_back_outside_training_is_the_derivative_of_the_way_there(record: LayerRecord, case: Case) -> None:
    """For layers whose rows outside training are others, slopes are those of finite differences of the answers."""
    layers, shape = network_of(record, case)
    tail = nn.Network("flatten, linear 2").layers
    trainer = trainer_of((*layers, *tail), shape)
    x, direction = np.random.default_rng(0).normal(size=(2, *shape)), np.array([1.0, -0.5])
    prober = prober_of(trainer)
    assert prober is not None
    probed = prober.slopes(x, direction)
    assert np.array_equal(probed.answers, trainer.answers(x))
    wanted = differences(trainer, x, direction)
    np.testing.assert_allclose(probed.slope, wanted, atol=1e-6 * max(1.0, float(np.abs(wanted).max())))


def test_a_run_notices_nothing() -> None:
    """Asking between two epochs changes no bit of memory, clock or order, and none of the epochs that follow."""
    asked, left = (trainer_of("linear 6, batch_norm, dropout 0.5, tanh, linear 2", (4,), "float32") for _ in range(2))
    before = {name: value.copy() for name, value in asked.machine.contents().items()}
    prober = prober_of(asked)
    assert prober is not None
    prober.slopes(np.ones((3, 4)), np.ones(2), ["0.output"])
    assert all(np.array_equal(before[name], value) for name, value in asked.machine.contents().items())
    for trainer in (asked, left):
        trainer.run(epochs=2)
    assert np.array_equal(asked.machine.state(), left.machine.state())


def test_weights_are_the_present_ones_and_rows_may_be_many() -> None:
    """A prober that was made earlier answers with today's weights; more rows than it takes at once come in parts."""
    trainer = trainer_of("linear 6, tanh, linear 2", (4,))
    first = prober_of(trainer)
    trainer.run(epochs=1)
    again = prober_of(trainer)
    assert first is again
    assert again is not None
    x = np.random.default_rng(0).normal(size=(again.rows + 3, 4))
    assert np.array_equal(again.answers(x), trainer.answers(x))
    assert np.array_equal(again.slopes(x, np.ones(2)).slope[-1:], again.slopes(x[-1:], np.ones(2)).slope)


def test_a_section_begins_and_ends_where_it_is_told() -> None:
    """From a value within the network to its end, and from the input to a value, numbers are those of the whole."""
    trainer = trainer_of("linear 6, tanh, sum[identity | linear 6, relu], linear 2", (4,))
    x = np.random.default_rng(0).normal(size=(2, 4))
    inner = trainer.forward(x, ["eval.1.output", "eval.2.1.1.output"])
    behind = prober_of(trainer, 2)
    upto = prober_of(trainer, 0, 5)
    assert behind is not None
    assert upto is not None
    assert np.array_equal(behind.answers(inner["eval.1.output"]), trainer.answers(x))
    assert np.array_equal(upto.answers(x), inner["eval.2.1.1.output"])
    assert cut_section(trainer.plan, 5, trainer.plan.output) is None  # the other branch is missing


def test_silenced_units_say_nothing() -> None:
    """An answer does not depend on a silenced unit, nor through it on the input."""
    trainer = trainer_of("linear 1, tanh, linear 2", (4,))
    trainer.set(silent="1:0")
    prober = prober_of(trainer)
    assert prober is not None
    assert not prober.slopes(np.ones((1, 4)), np.ones(2)).slope.any()


@pytest.mark.torch
def test_slopes_are_those_of_autograd() -> None:
    """Of a convolutional network, with the gradient at a layer inside it, as PyTorch's autograd finds them."""
    torch = pytest.importorskip("torch")
    trainer = trainer_of("conv2d 3 k3, relu, max_pool2d 2, flatten, linear 4", (8, 8, 1))
    x = np.random.default_rng(5).normal(size=(2, 8, 8, 1))
    prober = prober_of(trainer)
    assert prober is not None
    probed = prober.slopes(x, np.eye(4)[2], ["1.output"])
    own = {name: torch.tensor(value) for name, value in trainer.parameters().items()}
    given = torch.tensor(x, requires_grad=True)
    maps = torch.nn.functional.conv2d(given.permute(0, 3, 1, 2), own["0.weight"].permute(3, 2, 0, 1), own["0.bias"])
    maps = torch.relu(maps)
    maps.retain_grad()
    flat = torch.nn.functional.max_pool2d(maps, 2).permute(0, 2, 3, 1).flatten(1)
    (flat @ own["4.weight"] + own["4.bias"])[:, 2].sum().backward()
    np.testing.assert_allclose(probed.slope, given.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(probed.gradients["1.output"], maps.grad.permute(0, 2, 3, 1).numpy(), atol=1e-12)
