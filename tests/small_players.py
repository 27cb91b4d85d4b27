"""A small run of two networks that play against each other."""

from __future__ import annotations

from typing import Any

from nnplay.config import RunConfig, merged

GAME: dict[str, Any] = {
    "data": {"name": "points", "samples": 60, "shape": "two gaussians"},
    "split": {"train": 0.7, "validation": 0.3, "test": 0.0, "scale": "standard"},
    "layers": "linear 6, tanh, linear 1",
    "loss": "binary_cross_entropy_logits",
    "optimizer": {"name": "adam", "lr": 0.01},
    "objective": {"name": "discriminator", "target": 1},
    "networks": {"generator": {"layers": "linear 5, tanh, dropout 0.1, linear 2", "noise": 3}},
    "objectives": [
        {"name": "made", "path": ["generator", "discriminator"], "target": 0, "adds_to": "discriminator"},
        {
            "name": "generator",
            "path": ["generator", "discriminator"],
            "target": 1,
            "trains": ["generator"],
            "optimizer": "sgd lr=0.05 momentum=0.9",
        },
    ],
    "training": {"batch_size": 16, "threads": 1},
    "seed": 3,
}


def game(**changes: Any) -> RunConfig:
    """The run, with some entries of its table changed."""
    return RunConfig.from_dict(merged(GAME, changes))


def objectives(**of_generator: Any) -> list[dict[str, Any]]:
    """The game's objectives, with some entries of the generator's changed."""
    made, generator = GAME["objectives"]
    return [made, {**generator, **of_generator}]
