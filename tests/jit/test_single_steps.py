"""Sequences of one step: the step has the label of its row, whichever way the labels and the network are shaped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn

ENDS: dict[str, tuple[int, list[Any]]] = {
    "cross_entropy": (3, []),
    "cross_entropy_probabilities": (3, [nn.Softmax()]),
    "binary_cross_entropy": (1, [nn.Sigmoid()]),
    "hinge": (1, []),
    "mse": (3, []),
}


@pytest.mark.parametrize("loss", ENDS)
@pytest.mark.parametrize("column", [False, True], ids=["labels", "a column of labels"])
def test_a_label_for_the_only_step(loss: str, column: bool) -> None:
    """A network that answers every step learns the same from rows of one step as one that answers once."""
    outputs, ends = ENDS[loss]
    x = np.random.default_rng(0).standard_normal((48, 1, 4)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(int) if outputs == 1 else x[:, 0, :3].argmax(axis=1)
    split = nn.Dataset(x, y[:, None] if column else y).split(seed=0)
    found = []
    for kept in ("sequence", "last"):
        layers = [nn.RNN(8, output=kept), nn.Linear(outputs), *ends]
        trainer = nn.Trainer(nn.Network(layers, seed=1), split, loss=loss, optimizer=nn.Adam(lr=0.05), threads=1)
        trainer.run(epochs=3)
        found.append((trainer.evaluate(), [value.tobytes() for value in trainer.parameters().values()]))
    assert found[0] == found[1]
    assert found[0][0]["accuracy"] > 0.4


def test_more_steps_still_need_a_label_each() -> None:
    """One label for sequences of two steps does not fit a network that answers every step."""
    data = nn.Dataset(np.ones((4, 2, 3), np.float32), [0, 1, 0, 1])
    with pytest.raises(nn.InputError, match="needs 2 outputs; the network outputs 2×2"):
        nn.Trainer(nn.Network([nn.RNN(4, output="sequence"), nn.Linear(2)]), data)
