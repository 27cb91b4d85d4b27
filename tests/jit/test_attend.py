"""Attention between two sequences: Bahdanau's and Luong's scores, padding, and a memory that nothing trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn

Array = NDArray[Any]


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def trainer_of(x: Array, queries: int, **values: Any) -> nn.Trainer:
    """One batch of all rows; the queries are mixtures of the steps, the memory is the sequence itself."""
    first = [nn.Permute("2x1"), nn.Linear(queries), nn.Permute("2x1")]
    layers = [nn.Attend(first, nn.Identity, **values), nn.Flatten()]
    width = x.shape[2] * (1 if values.get("output") == "context" else 2)
    return nn.Trainer(
        nn.Network(layers, seed=3), nn.Dataset(x, numbers(len(x), queries * width)),
        loss="mse", optimizer=nn.SGD(lr=0.1), batch_size="all", threads=1,
    )  # fmt: skip


def parts_of(trainer: nn.Trainer, x: Array) -> tuple[Array, dict[str, Array]]:
    """The queries that the first branch makes of x, and the parameters of the layer that attends."""
    own = trainer.parameters()
    weight, bias = (next(own[name] for name in own if name.endswith(end)) for end in ("1.weight", "1.bias"))
    return (x.swapaxes(1, 2) @ weight + bias).swapaxes(1, 2), {name.rpartition(".")[2]: own[name] for name in own}


def softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("score", ["additive", "general", "dot"])
def test_scores_are_those_of_the_papers(score: str) -> None:
    """v·tanh(W·q + U·k) of Bahdanau, q·W·k and q·k of Luong; behind what was taken stands the query."""
    x = numbers(4, 5, 3)
    trainer = trainer_of(x, 2, score=score, units=6)
    q, own = parts_of(trainer, x)
    if score == "additive":
        asked = q @ own["weight_query"] + own["bias_query"]
        keys = x @ own["weight_key"] + own["bias_key"]
        scores = np.tanh(asked[:, :, None] + keys[:, None]) @ own["weight_score"]
    else:
        asked = q @ own["weight_query"] + own["bias_query"] if score == "general" else q
        scores = asked @ x.swapaxes(1, 2)
    wanted = np.concatenate([softmax(scores) @ x, q], axis=2)
    np.testing.assert_allclose(trainer.predict(x), wanted.reshape(4, -1), atol=1e-5)


@pytest.mark.parametrize("score", ["additive", "general", "dot"])
def test_queries_learn_where_nothing_trains_the_memory(score: str) -> None:
    """Over raw inputs, gradients reach the branch of the queries through the scores alone."""
    trainer = trainer_of(numbers(4, 5, 3), 2, score=score, output="context")
    before = {name: array.copy() for name, array in trainer.parameters().items()}
    trainer.run(steps=1)
    moved = {name for name, array in trainer.parameters().items() if (array != before[name]).any()}
    assert any(name.endswith("1.weight") for name in moved)


@pytest.mark.parametrize("score", ["additive", "general", "dot"])
def test_nothing_is_taken_from_padding(score: str) -> None:
    """Weights of steps that are all 0 are 0, and a row of padding alone gives numbers."""
    x = numbers(4, 5, 3)
    x[:3, 3:] = 0
    x[3] = 0
    trainer = trainer_of(x, 2, score=score, padded=True)
    weights = trainer.forward(x, ["eval.0.weights"])["eval.0.weights"]
    assert (weights[:3, :, 3:] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=2), 1, atol=1e-5)
    trainer.run(steps=1)
    assert all(np.isfinite(array).all() for array in trainer.parameters().values())
