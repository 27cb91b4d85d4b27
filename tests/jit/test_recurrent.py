"""Sequences: parity with PyTorch, padding, truncation, tokens, and the same bits however a run is divided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay.records.layer import Layer

Array = NDArray[Any]
CELLS = {"RNN": 1, "GRU": 3, "LSTM": 4}


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def trainer_of(layers: list[Layer], x: Array, y: Array, **more: Any) -> nn.Trainer:
    """All rows are one batch, in their order."""
    settings = {"loss": "mse", "optimizer": nn.SGD(lr=0.1), "batch_size": "all", "shuffle": False, "threads": 1} | more
    return nn.Trainer(nn.Network(layers, seed=3), nn.Dataset(x, y), **settings)


def gradient(trainer: nn.Trainer, name: str) -> Array:
    """What the last step found for a parameter."""
    return trainer.machine.view(trainer.machine.tape.layout.find(f"d{name}")).copy()


def gradients(trainer: nn.Trainer) -> dict[str, Array]:
    return {name: gradient(trainer, name) for name in trainer.parameters()}


# -- PyTorch -----------------------------------------------------------------------------------------------------------


def torch_weights(ours: dict[str, Array], units: int, gates: int, layers: int) -> dict[str, Array]:
    """Parameters of a recurrent layer under PyTorch's names, in its shapes."""
    width = gates * units
    theirs: dict[str, Array] = {}
    for level in range(layers):
        for d in range(ours[f"weight_hh_l{level}"].shape[0] // units):
            end = f"_l{level}{'_reverse' if d else ''}"
            of_gates, of_state = slice(d * width, (d + 1) * width), slice(d * units, (d + 1) * units)
            theirs[f"weight_ih{end}"] = ours[f"weight_ih_l{level}"][:, of_gates].T
            theirs[f"weight_hh{end}"] = ours[f"weight_hh_l{level}"][of_state].T
            for kind in ("bias_ih", "bias_hh"):
                theirs[f"{kind}{end}"] = ours[f"{kind}_l{level}"][of_gates]
    return theirs


def copy_into(module: Any, named: dict[str, Array]) -> None:
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(named[name])))


def own(values: dict[str, Array]) -> dict[str, Array]:
    """Those of layer 0, without its path."""
    return {name.removeprefix("0."): value for name, value in values.items() if name.startswith("0.")}


def hold_close(found: dict[str, Array], module: Any, of: Any, rtol: float, atol: float) -> None:
    for name, parameter in module.named_parameters():
        np.testing.assert_allclose(found[name], of(parameter).detach().numpy(), rtol=rtol, atol=atol, err_msg=name)


def train_beside(
    trainer: nn.Trainer,
    twin: Any,
    answer: Callable[[], Any],
    theirs: Callable[[dict[str, Array]], dict[str, Array]],
    x: Array,
    out: Array,
) -> None:
    """From the same weights, answers, gradients of the first step and weights after ten steps are PyTorch's.

    Args:
        answer: what the twin answers to `x`.
        theirs: parameters (or their gradients) under PyTorch's names.
    """
    torch = pytest.importorskip("torch")
    copy_into(twin, theirs(trainer.parameters()))
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    np.testing.assert_allclose(trainer.predict(x), answer().detach().numpy(), rtol=1.3e-6, atol=1e-5)
    for step in range(10):
        trainer.run(steps=1)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(answer(), torch.from_numpy(out)).backward()
        if step == 0:
            hold_close(theirs(gradients(trainer)), twin, lambda parameter: parameter.grad, 1e-4, 1e-7)
        optimizer.step()
    hold_close(theirs(trainer.parameters()), twin, lambda parameter: parameter, 0, 1e-5)


@pytest.mark.torch
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"output": "sequence", "layers": 2},
        {"bidirectional": True, "layers": 2},
    ],
    ids=["last", "stacked sequence", "bidirectional"],
)
def test_recurrent_layers_are_those_of_pytorch(kind: str, values: dict[str, Any]) -> None:
    """Forward, gradients and the weights after ten steps are PyTorch's for the same start."""
    torch = pytest.importorskip("torch")
    units, layers, both = 17, values.get("layers", 1), values.get("bidirectional", False)
    x = numbers(6, 7, 5)
    out = numbers(6, units * (1 + both)) if values.get("output") != "sequence" else numbers(6, 7 * units)
    readout = [nn.Flatten()] if values.get("output") == "sequence" else []
    trainer = trainer_of([getattr(nn, kind)(units, **values), *readout], x, out)
    twin = getattr(torch.nn, kind)(5, units, num_layers=layers, bidirectional=both, batch_first=True)

    def theirs(values: dict[str, Array]) -> dict[str, Array]:
        return torch_weights(own(values), units, CELLS[kind], layers)

    def answer() -> Any:
        states, end = twin(torch.from_numpy(x))
        if readout:
            return states.reshape(6, -1)
        hidden = end[0] if kind == "LSTM" else end
        return torch.cat(list(hidden[-2:] if both else hidden[-1:]), dim=1)

    train_beside(trainer, twin, answer, theirs, x, out)


@pytest.mark.torch
@pytest.mark.parametrize("nonlinearity", ["relu"])
def test_rnn_with_relu_is_that_of_pytorch(nonlinearity: str) -> None:
    """The other nonlinearity gives PyTorch's states too."""
    torch = pytest.importorskip("torch")
    x = numbers(4, 5, 3)
    trainer = trainer_of([nn.RNN(8, nonlinearity=nonlinearity)], x, numbers(4, 8))
    twin = torch.nn.RNN(3, 8, nonlinearity=nonlinearity, batch_first=True)
    copy_into(twin, torch_weights(own(trainer.parameters()), 8, 1, 1))
    wanted = twin(torch.from_numpy(x))[1][0].detach().numpy()
    np.testing.assert_allclose(trainer.predict(x), wanted, rtol=1.3e-6, atol=1e-5)


@pytest.mark.torch
@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_that_of_pytorch(causal: bool) -> None:
    """Forward, gradients and the weights after ten steps are those of MultiheadAttention with the same start."""
    torch = pytest.importorskip("torch")
    x, out = numbers(4, 7, 12), numbers(4, 84)
    trainer = trainer_of([nn.MultiHeadSelfAttention(3, causal=causal), nn.Flatten()], x, out)
    twin = torch.nn.MultiheadAttention(12, 3, batch_first=True)
    mask = torch.triu(torch.ones(7, 7, dtype=torch.bool), 1) if causal else None
    names = {"weight_in": "in_proj_weight", "bias_in": "in_proj_bias"}
    names |= {"weight_out": "out_proj.weight", "bias_out": "out_proj.bias"}

    def theirs(values: dict[str, Array]) -> dict[str, Array]:
        return {names[name]: value.T for name, value in own(values).items()}

    def answer() -> Any:
        given = torch.from_numpy(x)
        return twin(given, given, given, attn_mask=mask, need_weights=False)[0].reshape(4, -1)

    train_beside(trainer, twin, answer, theirs, x, out)


@pytest.mark.torch
@pytest.mark.parametrize("kind", CELLS)
def test_truncation_is_a_detached_state(kind: str) -> None:
    """With `truncate` 3 the gradients are PyTorch's when the state is detached in front of steps 3 and 6."""
    torch = pytest.importorskip("torch")
    x, out = numbers(4, 8, 3), numbers(4, 6)
    trainer = trainer_of([getattr(nn, kind)(6, truncate=3)], x, out)
    twin = getattr(torch.nn, kind)(3, 6, batch_first=True)
    copy_into(twin, torch_weights(own(trainer.parameters()), 6, CELLS[kind], 1))
    state: Any = None
    for part in (slice(0, 3), slice(3, 6), slice(6, 8)):
        if state is not None:
            state = tuple(item.detach() for item in state) if kind == "LSTM" else state.detach()
        _, state = twin(torch.from_numpy(x[:, part]), state)
    last = state[0][0] if kind == "LSTM" else state[0]
    torch.nn.functional.mse_loss(last, torch.from_numpy(out)).backward()
    trainer.run(steps=1)
    found = torch_weights(own(gradients(trainer)), 6, CELLS[kind], 1)
    hold_close(found, twin, lambda parameter: parameter.grad, 1e-4, 1e-7)


# -- truncation and padding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CELLS)
def test_truncation_stops_the_error_at_the_cut(kind: str) -> None:
    """Only states behind the last cut hear of the error; a cut beyond the end changes nothing."""
    x, out = numbers(2, 7, 3), numbers(2, 5)
    trainers = {cut: trainer_of([getattr(nn, kind)(5, truncate=cut)], x, out) for cut in (0, 3, 7)}
    for trainer in trainers.values():
        trainer.run(steps=1)
    heard = {
        cut: np.abs(trainer.machine.view(trainer.machine.tape.layout.find("0.dstate_l0"))).max(axis=(0, 2)) > 0
        for cut, trainer in trainers.items()
    }
    assert heard[0].tolist() == [True] * 7
    assert heard[3].tolist() == [False] * 6 + [True]
    for name, values in gradients(trainers[0]).items():
        assert values.tobytes() == gradient(trainers[7], name).tobytes()


PADDED = {
    "last": lambda kind: [getattr(nn, kind)(5, padded=True), nn.Linear(2)],
    "bidirectional, stacked": lambda kind: [getattr(nn, kind)(5, 2, True, padded=True), nn.Linear(2)],
    "two layers": lambda kind: [
        getattr(nn, kind)(5, output="sequence", padded=True),
        getattr(nn, kind)(4, padded=True),
        nn.Linear(2),
    ],
}


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("form", PADDED)
def test_padding_changes_nothing(kind: str, form: str) -> None:
    """A sequence filled up with zeros anywhere has the answer and the gradients of the sequence alone."""
    whole, out = numbers(1, 4, 3), numbers(1, 2)
    padded = np.zeros((3, 7, 3), np.float32)
    for row, places in enumerate(([0, 1, 2, 3], [3, 4, 5, 6], [0, 2, 3, 6])):
        padded[row, places] = whole[0]
    alone = trainer_of(PADDED[form](kind), whole, out)
    filled = trainer_of(PADDED[form](kind), padded, np.repeat(out, 3, axis=0))
    np.testing.assert_allclose(filled.predict(padded), np.repeat(alone.predict(whole), 3, axis=0), atol=1e-6)
    alone.run(steps=1)
    filled.run(steps=1)
    for name, values in gradients(alone).items():
        np.testing.assert_allclose(gradient(filled, name), values, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_does_not_look_at_padding(causal: bool) -> None:
    """Steps that are there get the answer that they get without padding; padded ones stay 0; gradients agree."""
    whole = numbers(1, 4, 6)
    places = [1, 2, 4, 6]
    padded = np.zeros((1, 8, 6), np.float32)
    padded[0, places] = whole[0]
    aim = np.zeros((1, 8, 6), np.float32)
    layers = [nn.MultiHeadSelfAttention(2, causal=causal, padded=True), nn.Flatten()]
    alone = trainer_of(layers, whole, aim[:, :4].reshape(1, -1))
    filled = trainer_of(layers, padded, aim.reshape(1, -1))
    answer = filled.predict(padded).reshape(8, 6)
    np.testing.assert_allclose(answer[places], alone.predict(whole).reshape(4, 6), atol=1e-6)
    assert not answer[[0, 3, 5, 7]].any()
    alone.run(steps=1)
    filled.run(steps=1)
    for name, values in gradients(alone).items():
        np.testing.assert_allclose(2 * gradient(filled, name), values, rtol=1e-4, atol=1e-6, err_msg=name)


def transformer(padded: bool) -> list[Layer]:
    """Two blocks with biases that are not 0 after a step; each step's answer is seen."""
    block = [
        nn.Sum([nn.Identity()], [nn.MultiHeadSelfAttention(2, padded=padded)]),
        nn.LayerNorm(padded=padded),
        nn.Sum([nn.Identity()], [nn.Linear(8, padded=padded), nn.ReLU(), nn.Linear(6, padded=padded)]),
        nn.LayerNorm(padded=padded),
    ]
    return [nn.PositionalEncoding(padded=padded), *block, *block, nn.Linear(2, padded=padded), nn.Flatten()]


def test_padding_passes_through_a_transformer() -> None:
    """Padding at the end is 0 behind normalisation and linear layers too: answers and ten steps are those without."""
    whole, aim = numbers(1, 4, 6), numbers(1, 4, 2)
    padded, wide = np.zeros((1, 7, 6), np.float32), np.zeros((1, 7, 2), np.float32)
    padded[0, :4], wide[0, :4] = whole[0], aim[0]
    alone = trainer_of(transformer(False), whole, aim.reshape(1, -1), optimizer=nn.SGD(lr=0.04))
    filled = trainer_of(transformer(True), padded, wide.reshape(1, -1), optimizer=nn.SGD(lr=0.07))
    for _ in range(10):  # the mean over 14 numbers instead of 8 makes the loss, and its gradient, smaller by 7 / 4
        alone.run(steps=1)
        filled.run(steps=1)
    answer = filled.predict(padded).reshape(7, 2)
    np.testing.assert_allclose(answer[:4], alone.predict(whole).reshape(4, 2), atol=1e-5)
    assert not answer[4:].any()
    for name, values in alone.parameters().items():
        np.testing.assert_allclose(filled.parameters()[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_sequence_of_padding_alone_is_no_error() -> None:
    """A row without any step keeps the initial state, and attention gives 0: no number becomes NaN."""
    x = np.zeros((2, 3, 4), np.float32)
    x[0] = numbers(3, 4)
    net = [nn.PositionalEncoding(True), nn.MultiHeadSelfAttention(2, padded=True), nn.GRU(3, padded=True)]
    trainer = trainer_of(net, x, numbers(2, 3))
    assert not trainer.predict(x)[1].any()
    trainer.run(steps=3)
    assert all(np.isfinite(values).all() for values in trainer.parameters().values())


def test_padding_tokens_reach_the_recurrent_layer_as_padding() -> None:
    """Sentences filled up with the padding token are read as if they ended before it, and its vector never moves."""
    x = np.array([[3, 1, 2, 0, 0], [3, 1, 2, 4, 0]], np.float32)
    net = [nn.Embedding(5, 4, padding=0), nn.LSTM(3, padded=True)]
    trainer = trainer_of(net, x, numbers(2, 3))
    before = trainer.parameters()["0.weight"].copy()
    short = trainer_of(net, x[:1, :3], numbers(1, 3))
    np.testing.assert_allclose(trainer.predict(x)[0], short.predict(x[:1, :3])[0], atol=1e-6)
    trainer.run(steps=3)
    after = trainer.parameters()["0.weight"]
    assert (after[0] == before[0]).all()
    assert (after[1:] != before[1:]).any(axis=1).all()


@pytest.mark.parametrize("token", [5, -1, 1e9])
def test_an_unknown_token_stops_training(token: float) -> None:
    """A number that names no token is not taken for another: the loss is not a number and training says so."""
    x = np.array([[1, 2], [3, token]], np.float32)
    trainer = trainer_of([nn.Embedding(5, 4), nn.GRU(2)], x, numbers(2, 2))
    with pytest.raises(nn.DivergedError):
        trainer.run(steps=1)


# -- the tape ----------------------------------------------------------------------------------------------------------


def test_a_frozen_stack_trains_what_is_behind_it() -> None:
    """With a frozen recurrent layer first, only the layer behind it changes."""
    layers = [nn.LSTM(4, 2, True, frozen=True), nn.Linear(2)]
    trainer = trainer_of(layers, numbers(3, 5, 2), numbers(3, 2))
    before = {name: values.copy() for name, values in trainer.parameters().items()}
    trainer.run(steps=2)
    changed = {name for name, values in trainer.parameters().items() if (values != before[name]).any()}
    assert changed == {"1.weight", "1.bias"}


def test_the_forget_gates_of_both_directions_begin_open() -> None:
    """The forget bias raises the forget gates' bias and nothing else."""
    trainer = trainer_of([nn.LSTM(3, bidirectional=True, forget_bias=2.0)], numbers(2, 4, 2), numbers(2, 6))
    raised = np.zeros((2, 4, 3))
    raised[:, 1] = 2
    assert (trainer.parameters()["0.bias_ih_l0"] == raised.ravel()).all()
    assert not trainer.parameters()["0.bias_hh_l0"].any()


FAMILIES = {
    "RNN": lambda: [nn.RNN(48), nn.Linear(2)],
    "LSTM": lambda: [nn.LSTM(48, bidirectional=True), nn.Linear(2)],
    "GRU": lambda: [nn.GRU(48, 2), nn.Linear(2)],
    "attention": lambda: [
        nn.Linear(48),
        nn.PositionalEncoding(),
        nn.MultiHeadSelfAttention(4),
        nn.Flatten(),
        nn.Linear(2),
    ],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_runs_have_the_same_bits(family: str) -> None:
    """One thread or two, and going on from a kept state, give the same bits after seven steps."""
    x, y = numbers(40, 24, 24), numbers(40, 2)
    settings = {"optimizer": "adam", "batch_size": 20, "shuffle": True}
    one = trainer_of(FAMILIES[family](), x, y, **settings)
    two = trainer_of(FAMILIES[family](), x, y, **settings | {"threads": 2})
    assert len(two.machine.helpers) == 1, "no row is large enough to be shared"
    one.run(steps=3)
    kept = one.state()
    one.run(steps=4)
    two.run(steps=7)
    assert one.machine.state().tobytes() == two.machine.state().tobytes()
    one.restore(kept)
    one.run(steps=4)
    assert one.machine.state().tobytes() == two.machine.state().tobytes()
