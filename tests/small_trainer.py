"""A small trainer on the spiral, and how two runs are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnplay as nn
from nnplay.training.trainer import Trainer

Array = NDArray[Any]


def spiral(samples: int = 200, **more: Any) -> nn.Split:
    """A small split of the spiral."""
    return nn.load_dataset("spiral", samples=samples, noise=0.1, seed=0).split(0.7, 0.15, 0.15, seed=0, **more)


def trainer(
    data: nn.Split | nn.Dataset | None = None, layers: str = "linear 8, tanh, linear 2", **more: Any
) -> Trainer:
    """A small trainer; 140 rows in batches of 32 leave an incomplete last batch of 12."""
    arguments: dict[str, Any] = {"loss": "cross_entropy", "optimizer": nn.Adam(lr=0.01), "batch_size": 32, "seed": 0}
    return nn.Trainer(nn.Network(layers, seed=0), data or spiral(), **{**arguments, **more})


def weights(of: Trainer) -> Array:
    """All parameters in one vector, copied."""
    return np.concatenate([array.ravel().copy() for array in of.parameters().values()])


def same(one: Trainer, other: Trainer) -> bool:
    """Whether two runs stand at the same step with the same bits."""
    return one.step == other.step and np.array_equal(one.machine.state(), other.machine.state())
