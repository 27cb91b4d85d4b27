"""A small run of one objective, whose parts tests replace by wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np

import nnplay as nn

#: What one objective is made of.
OBJECTIVE: dict[str, Any] = {
    **{"name": "a", "forward": ("net",), "loss": nn.MSE(), "trains": ("net",), "optimizer": nn.SGD(lr=0.1)},
    **{"every": 1, "input": "x", "target": "y"},
}


def parts() -> dict[str, Any]:
    """Arguments of an `ObjectiveTrainer`."""
    arrays = {"x": np.linspace(0.0, 1.0, 12).reshape(6, 2), "y": np.linspace(1.0, 0.0, 6)}
    networks = {"net": nn.Network("linear 1")}
    return {"networks": networks, "objectives": [nn.Objective(**OBJECTIVE)], "arrays": arrays, "batch_size": 4}


def objective_trainer() -> nn.ObjectiveTrainer:
    """One network and one loss."""
    return nn.ObjectiveTrainer(**parts())
