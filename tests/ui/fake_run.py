"""Hand-made snapshots: a spiral that gets learnt, without an engine."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nnplay.health.finding import Finding
from nnplay.run.snapshot import Snapshot
from nnplay.views.plane import Points, Surface
from nnplay.views.view import Shown


@dataclass(frozen=True, slots=True)
class FakeCurve:
    """Arrays of a curve."""

    steps: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    last: np.ndarray

    @property
    def nonfinite(self) -> np.ndarray:
        """No value is missing."""
        return np.zeros(len(self.steps), np.bool_)


def spiral_points(count: int = 160) -> Points:
    """Examples on two arms."""
    t = np.linspace(0.08, 1, count // 2)
    arms = []
    for sign in (1.0, -1.0):
        angle = 1.75 * t * 2 * np.pi + (0 if sign > 0 else np.pi)
        arms.append(np.stack([5 * t * np.sin(angle), 5 * t * np.cos(angle)], 1))
    targets = np.r_[np.ones(count // 2), -np.ones(count // 2)]
    return Points(np.concatenate(arms), targets, np.arange(count) % 6 == 0)


def spiral_surface(progress: float, size: int = 60) -> Surface:
    """What a net would answer when `progress` (0…1) of the training is over."""
    axis = np.linspace(-6, 6, size)
    x, y = np.meshgrid(axis, -axis)
    radius, angle = np.hypot(x, y), np.arctan2(x, y)
    good = np.cos(angle - 1.75 * radius / 5 * 2 * np.pi) * np.minimum(1, radius / 1.2)
    early = np.tanh((x + 0.6 * y) / 4)
    values = (1 - progress) * early + progress * good * 1.3
    return Surface(values.astype(np.float32), 2, -1.0, 1.0, (-6.0, 6.0), (-6.0, 6.0), spiral_points())


def curve(steps: int, start: float, end: float, *, rough: float = 0.08, seed: int = 0) -> FakeCurve:
    """A falling curve with noise."""
    x = np.linspace(1, max(2, steps), 300).astype(int)
    rng = np.random.default_rng(seed)
    y = end + (start - end) * np.exp(-4 * x / max(2, steps)) * (1 + rough * rng.normal(size=x.size))
    return FakeCurve(x, y * 0.93, y * 1.07, y)


def neurons(progress: float, layers: Mapping[int, int], size: int = 12) -> dict[tuple[int, int], np.ndarray]:
    """Pictures of waves that turn with progress."""
    axis = np.linspace(-1, 1, size)
    x, y = np.meshgrid(axis, -axis)
    pictures: dict[tuple[int, int], np.ndarray] = {}
    for layer, units in layers.items():
        for unit in range(units):
            angle = unit * 0.8 + layer + progress
            bend = (1 + layer) * progress
            field = np.tanh(2 * (x * np.cos(angle) + y * np.sin(angle)) + bend * np.sin(3 * x * y + unit))
            pictures[layer, unit] = field.astype(np.float32)
    return pictures


def fresh_run() -> Snapshot:
    """A run that has not begun."""
    return replace(train_run(1, running=False), step=0, latest=0, curves={}, health=(), epoch=0, batch=0, metrics={})


@functools.cache
def train_run(step: int = 2745, *, running: bool = True) -> Snapshot:
    """A run after `step` steps."""
    progress = 1 - float(np.exp(-step / 1500))
    rng = np.random.default_rng(step // 50)
    weights = {
        "0.weight": rng.normal(size=(2, 8)).astype(np.float32),
        "0.bias": rng.normal(size=8).astype(np.float32),
        "2.weight": rng.normal(size=(8, 8)).astype(np.float32),
        "2.bias": rng.normal(size=8).astype(np.float32),
        "4.weight": rng.normal(size=(8, 2)).astype(np.float32),
        "4.bias": rng.normal(size=2).astype(np.float32),
    }
    return Snapshot(
        running=running,
        epoch=step // 22,
        batches=22,
        batch=step % 22,
        step=step,
        latest=step,
        steps_per_second=612_345.0,
        seconds=12.5,
        learning_rate=0.01,
        gradient_norm=0.1,
        train_loss=0.69 * (1 - progress) + 0.0214,
        validation_loss=0.7 * (1 - progress) + 0.0342,
        metrics={"train_accuracy": 0.5 + 0.49 * progress, "validation_accuracy": 0.5 + 0.484 * progress},
        curves={
            "train_loss": curve(step, 0.7, 0.0214),
            "validation_loss": curve(step, 0.72, 0.0342, seed=1),
            "train_accuracy": curve(step, 0.5, 0.99, rough=0.01),
            "validation_accuracy": curve(step, 0.5, 0.984, rough=0.01, seed=2),
            "gradient_norm": curve(step, 1.2, 0.04, seed=3),
            "lr": curve(step, 0.01, 0.01, rough=0),
        },
        surface=spiral_surface(progress),
        shown=Shown("map", ("map", "confusion matrix"), 0, 12, "example"),
        neurons=neurons(progress, {1: 8, 3: 8, 4: 2}),
        weights=weights,
        health=(
            Finding("good", "learning: the loss falls on both parts"),
            Finding("warning", "validation loss rises since epoch 90: overfitting", "3", "pane-training"),
        ),
    )
