"""Recurrent layers in forms of their own: read backwards, learned starts, dropout between layers, projection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.inspector.inspector import Inspector
from nnplay.records.layer import Layer
from nnplay.records.time_charts import charts

Array = NDArray[Any]
CELLS = ("RNN", "GRU", "LSTM")


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def trainer_of(layers: list[Layer], x: Array, y: Array, **more: Any) -> nn.Trainer:
    """All rows are one batch, in their order."""
    settings = {"loss": "mse", "optimizer": nn.SGD(lr=0.1), "batch_size": "all", "shuffle": False, "threads": 1} | more
    return nn.Trainer(nn.Network(layers, seed=3), nn.Dataset(x, y), **settings)


def stir(trainer: nn.Trainer) -> dict[str, Array]:
    """Random numbers in all parameters of layer 0, as nothing should depend on what begins at 0."""
    random = np.random.default_rng(1)
    own = {name.removeprefix("0."): array for name, array in trainer.parameters().items() if name.startswith("0.")}
    for array in own.values():
        array[...] = 0.5 * random.standard_normal(array.shape)
    return own


def logistic(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("output", ["last", "sequence"])
def test_reverse_is_the_layer_on_the_sequence_turned_round(kind: str, output: str) -> None:
    """With the same weights, reading backwards answers as reading the reversed sequence, each step where it is."""
    x, flat = numbers(5, 6, 3), [nn.Flatten()] if output == "sequence" else []
    y = numbers(5, 24 if flat else 4)
    layer = getattr(nn, kind)
    back = trainer_of([layer(4, output=output, reverse=True), *flat], x, y)
    usual = trainer_of([layer(4, output=output), *flat], x, y)
    own = stir(back)
    for name, array in usual.parameters().items():
        array[...] = own[name.removeprefix("0.")]
    wanted = usual.predict(x[:, ::-1])
    wanted = wanted.reshape(5, 6, 4)[:, ::-1].reshape(5, 24) if flat else wanted
    np.testing.assert_allclose(back.predict(x), wanted, atol=1e-6)


@pytest.mark.parametrize("kind", CELLS)
def test_a_learned_state_that_stays_0_is_the_usual_start(kind: str) -> None:
    """A frozen learned start of 0 answers as the usual layer does; a trained one moves."""
    x, y = numbers(5, 4, 3), numbers(5, 4)
    usual, learned = (
        trainer_of([getattr(nn, kind)(4, initial_state=start)], x, y, optimizer="adam") for start in ("zero", "learned")
    )
    np.testing.assert_allclose(learned.predict(x), usual.predict(x), atol=1e-6)
    learned.run(steps=3)
    begun = [array for name, array in learned.parameters().items() if "initial" in name]
    assert len(begun) == (2 if kind == "LSTM" else 1)
    assert all((array != 0).all() for array in begun)


@pytest.mark.torch
@pytest.mark.parametrize("kind", CELLS)
def test_learned_states_are_those_given_to_pytorch(kind: str) -> None:
    """The answer and the gradient of the initial states are PyTorch's, of an h_0 (and c_0) that is a parameter."""
    torch = pytest.importorskip("torch")
    x, y = numbers(4, 5, 3), numbers(4, 6)
    trainer = trainer_of([getattr(nn, kind)(6, initial_state="learned")], x, y)
    own = stir(trainer)
    twin = getattr(torch.nn, kind)(3, 6, batch_first=True)
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            parameter.copy_(torch.tensor(own[name].T.copy()))
    names = ["initial_hidden_l0", "initial_cell_l0"][: 2 if kind == "LSTM" else 1]
    starts = [torch.tensor(own[name], requires_grad=True) for name in names]
    given = [start.expand(1, 4, 6) for start in starts]
    states, _ = twin(torch.tensor(x), tuple(given) if kind == "LSTM" else given[0])
    np.testing.assert_allclose(trainer.predict(x), states[:, -1].detach().numpy(), atol=1e-5)
    torch.nn.functional.mse_loss(states[:, -1], torch.tensor(y)).backward()
    trainer.run(steps=1)
    for name, start in zip(names, starts, strict=True):
        found = trainer.machine.view(trainer.machine.tape.layout.find(f"d0.{name}"))
        np.testing.assert_allclose(found, start.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_peepholes_are_those_of_onnx() -> None:
    """i = σ(… + P_i·c[t−1]), f = σ(… + P_f·c[t−1]), o = σ(… + P_o·c[t]), as ONNX's LSTM says."""
    x = numbers(4, 5, 3).astype(np.float64)
    trainer = trainer_of([nn.LSTM(6, peepholes=True)], x.astype(np.float32), numbers(4, 6))
    own = stir(trainer)
    p_i, p_f, p_o = np.split(own["peephole_l0"], 3)
    h = c = np.zeros((4, 6))
    for t in range(5):
        told = x[:, t] @ own["weight_ih_l0"] + own["bias_ih_l0"] + h @ own["weight_hh_l0"] + own["bias_hh_l0"]
        i, f, g, o = np.split(told, 4, axis=1)
        new = logistic(f + p_f * c) * c + logistic(i + p_i * c) * np.tanh(g)
        c, h = new, logistic(o + p_o * new) * np.tanh(new)
    np.testing.assert_allclose(trainer.predict(x.astype(np.float32)), h, atol=1e-6)


def test_reset_before_the_weights_is_that_of_the_first_paper() -> None:
    """n = tanh(x·W + (r·h)·U + b): ONNX's linear_before_reset=0 and Keras' reset_after=False."""
    x = numbers(4, 5, 3).astype(np.float64)
    trainer = trainer_of([nn.GRU(6, reset_after=False)], x.astype(np.float32), numbers(4, 6))
    own = stir(trainer)
    u_r, u_z, u_n = np.split(own["weight_hh_l0"], 3, axis=1)
    b_r, b_z, b_n = np.split(own["bias_hh_l0"], 3)
    h = np.zeros((4, 6))
    for t in range(5):
        x_r, x_z, x_n = np.split(x[:, t] @ own["weight_ih_l0"] + own["bias_ih_l0"], 3, axis=1)
        r, z = logistic(x_r + h @ u_r + b_r), logistic(x_z + h @ u_z + b_z)
        h = (1 - z) * np.tanh(x_n + (r * h) @ u_n + b_n) + z * h
    np.testing.assert_allclose(trainer.predict(x.astype(np.float32)), h, atol=1e-6)


def test_dropout_is_between_the_layers_of_a_stack() -> None:
    """Training drops about p of what each layer hands up, another part each time; an evaluation drops nothing."""
    x, y = numbers(30, 8, 3), numbers(30, 16)
    dropped = trainer_of([nn.GRU(16, 3, dropout=0.3)], x, y)
    plain = trainer_of([nn.GRU(16, 3)], x, y)
    assert dropped.predict(x).tobytes() == plain.predict(x).tobytes()
    masks = []
    for _ in range(2):
        dropped.run(steps=1)
        masks += [dropped.machine.view(dropped.machine.tape.layout.find(f"0.mask_l{k}")).copy() for k in (0, 1)]
    assert all(abs((mask == 0).mean() - 0.3) < 0.03 for mask in masks)
    assert all((masks[a] != masks[b]).mean() > 0.3 for a, b in ((0, 1), (0, 2), (1, 3)))


def test_the_steps_of_a_projected_unit_are_drawn() -> None:
    """The chart of an LSTM with a projection has gates, cell and what the unit shows to the projection."""
    x, y = numbers(5, 6, 3), numbers(5, 4)
    trainer = trainer_of([nn.LSTM(4, bidirectional=True, proj_size=2, peepholes=True)], x, y)
    trainer.run(steps=1)
    inspector = Inspector(trainer)
    number = next(k for k, row in enumerate(inspector.rows) if row.operation.name == "lstm, step by step")
    values = inspector.values(number)
    (chart,) = charts(inspector.rows[number].operation, values, (2, 3, 16 + 1))
    assert chart.names == ("i", "f", "g", "o", "c", "m")
    assert np.array_equal(chart.values[:, 3], values["gates"][2, :, 16 + 12 + 1])
    assert np.array_equal(chart.values[:, 5], values["shown"][2, :, 4 + 1])


FORMS = {
    "RNN": lambda: nn.RNN(48, nonlinearity="softsign", reverse=True, initial_state="learned"),
    "LSTM": lambda: nn.LSTM(48, 2, True, proj_size=40, peepholes=True, initial_state="learned", dropout=0.2),
    "GRU": lambda: nn.GRU(48, bidirectional=True, reset_after=False, initial_state="learned"),
}


@pytest.mark.parametrize("kind", FORMS)
def test_forms_have_the_same_bits_in_any_number_of_threads(kind: str) -> None:
    """One thread or two give the same bits after five steps."""
    x, y = numbers(40, 12, 24), numbers(40, 2)
    found = []
    for threads in (1, 2):
        settings = {"optimizer": "adam", "batch_size": 20, "shuffle": True, "threads": threads}
        trainer = trainer_of([FORMS[kind](), nn.Linear(2)], x, y, **settings)
        trainer.run(steps=5)
        found.append(trainer.machine.state().tobytes())
    assert found[0] == found[1]
