"""Slices of the loss and its curvature: what they are held to, and that looking changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.network.network import Network
from nnplay.run.moments import find_ways
from nnplay.timeline.timeline import Timeline
from nnplay.training.curvature import Curvature
from nnplay.training.loss_plane import Plane, path_directions, project
from nnplay.training.race import Race
from nnplay.training.trainer import Trainer
from nnplay.views.kinds.landscape import PLACES, make_landscape
from nnplay.views.view import Asked


def small() -> Trainer:
    """A run on moons, some steps in."""
    trainer = Trainer(
        Network("linear 5, tanh, linear 2", seed=1), load_dataset("moons", samples=120), None, "sgd lr=0.5"
    )
    trainer.run(steps=12)
    return trainer


def test_the_grid_has_the_loss_that_evaluation_gives() -> None:
    """At a point of the grid the loss is that of a trainer with those weights; afterwards the run is as it was."""
    trainer = small()
    before = trainer.machine.state().copy()
    plane = Plane(trainer)
    directions = plane.random_directions()
    losses = plane.grid(plane.weights, directions, np.array([0.0, 0.3]), np.array([-0.2, 0.0]))
    assert np.array_equal(trainer.machine.state(), before)
    assert losses[1, 0] == pytest.approx(trainer.evaluate("train")["loss"], rel=1e-5)
    own = trainer.machine.tape.layout.numbers_of(trainer.machine.tape.named["parameters"])
    moved = plane.weights + 0.3 * directions[0] - 0.2 * directions[1]
    trainer.machine.view(trainer.machine.tape.named["parameters"])[own] = moved
    assert losses[0, 1] == pytest.approx(trainer.evaluate("train")["loss"], rel=1e-5)


def test_random_directions_are_as_long_as_the_weights_of_each_unit() -> None:
    """Filter by filter; biases do not move."""
    trainer = small()
    direction = Plane(trainer).random_directions()[0]
    weights = trainer.parameters()["0.weight"]
    first = direction[: weights.size].reshape(weights.shape)
    assert np.allclose(np.linalg.norm(first, axis=0), np.linalg.norm(weights, axis=0), rtol=1e-5)
    biases = trainer.parameters()["0.bias"].size + trainer.parameters()["2.bias"].size
    assert not direction[-biases:].any()


def test_a_path_lies_in_its_own_plane() -> None:
    """Places along the two main directions of a flat path give the path back."""
    steps = np.linspace(0, 1, 9)[:, None]
    path = np.hstack([np.cos(3 * steps), np.sin(3 * steps), 0 * steps, 2 + 0 * steps])
    directions = path_directions(path)
    assert directions is not None
    back = path[-1] + project(path, path[-1], directions) @ directions
    assert np.allclose(back, path, atol=1e-12)
    assert path_directions(np.repeat(path[:1], 5, axis=0)) is None


def test_curvature_is_that_of_the_loss() -> None:
    """Of a linear map with squared error the Hessian is known; its leading eigenvalues are found by power iteration."""
    x = np.random.default_rng(0).normal(size=(30, 3)) * [3.0, 1.0, 0.3]
    data = Dataset(x, x @ [1.0, -2.0, 0.5], task="regression")
    trainer = Trainer(Network("linear 1 bias=no", seed=2), data, "mse", "adam", batch_size=8)
    curvature = Curvature(trainer)
    curvature._machine.compiling and curvature._machine.compiling.wait(lambda: False)
    weights = curvature.take(trainer.tensors())
    wanted = 2 * trainer.split.train.x.astype(float).T @ trainer.split.train.x / len(x)
    assert np.allclose(curvature.hessian(weights), wanted, rtol=1e-6, atol=1e-8)
    values, vectors = curvature.largest(weights)
    assert np.allclose(values, np.linalg.eigvalsh(wanted)[:0:-1], rtol=1e-2)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


def test_the_view_draws_the_way_of_the_run_and_of_its_branches() -> None:
    """Each kind of directions gives a grid with this run's places on it, the present one in the middle of its axes."""
    timeline = Timeline(small())
    while len(timeline.checkpoints) < 5 and timeline.trainer.step < 100_000:
        timeline.advance(500)
    trainer = timeline.trainer
    before = trainer.machine.contents()["memory"].copy()
    for place in range(len(PLACES) - 1):
        shown = make_landscape(trainer, Asked(place=place, ways=lambda: find_ways(timeline)))
        assert not shown.problem
        assert shown.losses.shape == (len(shown.upright), len(shown.across))
        assert shown.ways[0][0] == "this run"
        assert len(shown.ways[0][1]) >= 3
        assert np.isfinite(shown.losses).all()
    layout = trainer.machine.tape.layout
    state = slice(layout.bounds["parameters"][0], layout.bounds["buffers"][1])
    assert np.array_equal(trainer.machine.contents()["memory"][state], before[state])


def test_a_race_starts_from_the_same_place_and_ends_where_the_loss_is_least() -> None:
    """On Rosenbrock's valley all runners start where the run did; those that use curvature reach its minimum."""
    data = Dataset(np.zeros((4, 2)), np.zeros(4), task="regression")
    trainer = Trainer(Network("surface rosenbrock x=-1.2 y=1"), data, "mae", "adam", batch_size="all")
    race = Race(trainer)
    for _, runner in race._runners:
        if (compiling := runner.machine.compiling) is not None:
            compiling.wait(lambda: False)
    while race.turn():
        pass
    ways = dict(race.ways())
    assert all(np.allclose(way[0], [-1.2, 1.0]) for way in ways.values())
    assert np.allclose(ways["l-bfgs"][-1], 1.0, atol=1e-4)
    assert np.allclose(ways["conjugate gradient"][-1], 1.0, atol=1e-3)
    assert trainer.step == 0
