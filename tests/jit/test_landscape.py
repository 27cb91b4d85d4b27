"""Slices of the loss and its curvature: what they are held to, and that looking changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.data.dataset import Dataset
from nnplay.network.network import Network
from nnplay.run.moments import find_moments, find_ways
from nnplay.timeline.timeline import Timeline
from nnplay.training.landscape.curvature import Curvature, curvature_of
from nnplay.training.landscape.loss_grid import begin_grid, refine
from nnplay.training.landscape.loss_plane import Plane, path_directions, project
from nnplay.training.race import Race
from nnplay.training.trainer import Trainer
from nnplay.tui.outputs.kinds.between import draw as draw_between
from nnplay.tui.outputs.kinds.effective_rate import draw as draw_rates
from nnplay.tui.outputs.kinds.landscape import draw as draw_landscape
from nnplay.tui.outputs.kinds.sharpness import draw as draw_sharpness
from nnplay.tui.outputs.kinds.walk import draw as draw_walk
from nnplay.tui.theme.look import Look
from nnplay.views.kinds.between import make_between
from nnplay.views.kinds.effective_rate import make_effective_rate
from nnplay.views.kinds.landscape import Landscape, make_landscape
from nnplay.views.kinds.sharpness import Sharpness, make_sharpness
from nnplay.views.kinds.walk import make_walk
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
    losses = plane.slice(plane.weights, np.array([[0.0, 0.0], [0.3, -0.2]]), directions, 60.0)
    assert np.array_equal(trainer.machine.state(), before)
    assert losses[0] == pytest.approx(trainer.evaluate("train")["loss"], rel=1e-5)
    own = trainer.machine.tape.layout.numbers_of(trainer.machine.tape.named["parameters"])
    moved = plane.weights + 0.3 * directions[0] - 0.2 * directions[1]
    trainer.machine.view(trainer.machine.tape.named["parameters"])[own] = moved
    assert losses[1] == pytest.approx(trainer.evaluate("train")["loss"], rel=1e-5)


@pytest.mark.parametrize("directions", [1, 2])
def test_a_grid_is_coarse_first_and_then_what_all_of_it_would_be_at_once(directions: int) -> None:
    """However often it is broken off, every point comes to the same loss; none is worked out twice."""
    plane = Plane(small())
    ends = np.array([-1.0, 1.0])
    begun = begin_grid(plane.weights, plane.random_directions(directions), (ends, ends))
    grid, counts = refine(plane, begun, 0.0), []
    assert np.isfinite(grid.filled).all()
    while not grid.whole:
        counts.append(int(grid.known.sum()))
        known, grid = grid, refine(plane, grid, 0.002)
        assert np.array_equal(known.losses[known.known], grid.losses[known.known])
        assert grid.known.sum() > counts[-1]
    assert counts[0] == (36 if directions == 2 else 11)
    assert np.array_equal(grid.losses, refine(plane, begun, 60.0).losses)


def test_a_picture_of_standing_weights_becomes_finer_and_other_weights_begin_anew() -> None:
    """The view goes on from what it showed as long as it would show the same."""
    trainer = small()
    first = make_landscape(trainer, Asked(place=1))
    shown = first
    while shown.unfinished:
        shown = make_landscape(trainer, Asked(place=1, before=shown))
    assert shown.grid is not None
    assert shown.grid.whole
    assert "51×51 points" in shown.words
    again = make_landscape(trainer, Asked(place=1, before=shown))
    assert again.grid is shown.grid
    other = make_landscape(trainer, Asked(place=4, before=shown))
    assert other.is_line
    trainer.run(steps=1)
    moved = make_landscape(trainer, Asked(place=1, before=shown))
    assert moved.grid is not None
    assert not np.array_equal(moved.grid.middle, shown.grid.middle)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("0.weight[9,1]", "no trained weight is called 0.weight[9,1]"),
        ("0.weight", "no trained weight"),
        ("0.bias[1] 0.bias[1]", "named twice"),
        ("0.bias[0] 0.bias[1] 0.bias[2]", "3 weights are no line and no plane"),
    ],
)
def test_weights_that_are_no_slice_are_refused(typed: str, words: str) -> None:
    """One sentence says which name is wrong."""
    assert words in make_landscape(small(), Asked(typed=typed)).problem


def test_two_chosen_weights_are_the_axes() -> None:
    """The loss at a corner is that with exactly these two weights moved."""
    trainer = small()
    shown: Landscape = make_landscape(trainer, Asked(typed="0.weight[1,2] 2.bias[1]"))
    while shown.unfinished:
        shown = make_landscape(trainer, Asked(typed="0.weight[1,2] 2.bias[1]", before=shown))
    parameters = trainer.parameters()
    parameters["0.weight"][1, 2] += shown.across[-1]
    parameters["2.bias"][1] += shown.upright[0]
    assert shown.losses[0, -1] == pytest.approx(trainer.evaluate("train")["loss"], rel=1e-4)
    line = make_landscape(trainer, Asked(typed="2.bias[1]"))
    assert line.is_line


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
    for place in (0, 1, 3, 4, 5):
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
    ways = dict(race.paths())
    assert all(np.allclose(way[0], [-1.2, 1.0]) for way in ways.values())
    assert np.allclose(ways["l-bfgs"][-1], 1.0, atol=1e-4)
    assert np.allclose(ways["conjugate gradient"][-1], 1.0, atol=1e-3)
    assert trainer.step == 0


def test_sharpness_is_measured_along_the_run_and_kept() -> None:
    """The present step first, then some of the run's; what one picture measured the next one has, too."""
    timeline = Timeline(small())
    while len(timeline.checkpoints) < 4 and timeline.trainer.step < 100_000:
        timeline.advance(500)
    compiling = curvature_of(timeline.trainer)._machine.compiling
    if compiling is not None:
        compiling.wait(lambda: False)
    asked = Asked(ways=lambda: find_ways(timeline))
    first = make_sharpness(timeline.trainer, asked)
    assert timeline.trainer.step in first.steps
    assert (first.values[:, 0] > 0).all()
    second = make_sharpness(timeline.trainer, replace(asked, before=first))
    assert len(second.steps) >= len(first.steps)
    assert np.array_equal(second.values[np.isin(second.steps, first.steps)], first.values)
    assert second.limit == pytest.approx(2 / 0.5)


def test_a_dear_search_goes_on_from_picture_to_picture() -> None:
    """A picture takes one product where more would take too long, says how far it is, and ends at the same numbers."""
    timeline = Timeline(small())
    trainer = timeline.trainer
    curvature = curvature_of(trainer)
    if curvature._machine.compiling is not None:
        curvature._machine.compiling.wait(lambda: False)
    wanted, _ = curvature.largest(curvature.take(trainer.tensors()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnplay.views.kinds.sharpness._SECONDS", 0.0)
        shown, pictures = make_sharpness(trainer, Asked()), 1
        assert "eigenvalue 1 of 2, round 2" in shown.problem
        while not len(shown.steps):
            assert shown.unfinished
            shown, pictures = make_sharpness(trainer, Asked(before=shown)), pictures + 1
    assert pictures > 3
    assert np.array_equal(shown.values, [wanted])


def test_the_line_between_two_steps_ends_at_their_losses() -> None:
    """At 0 the loss is that of the other step, at 1 the present one; another network is said to have no line."""
    timeline = Timeline(small())
    first = timeline.trainer.evaluate("train")["loss"]
    while timeline.trainer.step < 400:
        timeline.advance(400 - timeline.trainer.step)
    shown = make_between(timeline.trainer, Asked(place=1, moments=find_moments(timeline)))
    assert np.interp(0.0, shown.shares, shown.losses) == pytest.approx(first, rel=1e-5)
    now = timeline.trainer.evaluate("train")["loss"]
    assert np.interp(1.0, shown.shares, shown.losses) == pytest.approx(now, rel=1e-5)
    other = Trainer(Network("linear 3, tanh, linear 2"), timeline.trainer.split, None, "sgd")
    assert "no line" in make_between(other, Asked(place=1, moments=find_moments(timeline))).problem


@pytest.mark.parametrize("size", [(60, 20), (30, 8), (8, 3)])
@pytest.mark.parametrize("look", [Look(), Look(ascii=True)])
def test_drawings_of_the_walk_fit_their_room(size: tuple[int, int], look: Look) -> None:
    """Landscape, walk, sharpness and the line between two are never larger than their room, with or without numbers."""
    width, height = size
    timeline = Timeline(small())
    while len(timeline.checkpoints) < 4 and timeline.trainer.step < 100_000:
        timeline.advance(500)
    asked = Asked(place=1, moments=find_moments(timeline), ways=lambda: find_ways(timeline), size=size)
    trainer = timeline.trainer
    drawn = [
        draw_landscape(make_landscape(trainer, asked), width, height, look),
        draw_landscape(make_landscape(trainer, Asked(place=0)), width, height, look),
        draw_landscape(make_landscape(trainer, replace(asked, place=5)), width, height, look),
        draw_walk(make_walk(trainer, asked), width, height, look),
        draw_rates(make_effective_rate(trainer, Asked()), width, height, look),
        draw_rates(make_effective_rate(trainer, Asked(place=1)), width, height, look),
        draw_sharpness(Sharpness(np.array([3]), np.array([[2.0, 1.0]]), 4.0), width, height, look),
        draw_between(make_between(trainer, asked), width, height, look),
    ]
    for rows in drawn:
        assert 0 < len(rows) <= height
        assert all(sum(len(run[0]) for run in row) <= width for row in rows)


def test_an_effective_rate_is_how_far_a_weight_goes_for_each_1_of_its_gradient() -> None:
    """Of plain gradient descent that is the learning rate, at no angle; Adam gives weights rates of their own."""
    trainer = small()
    before = trainer.machine.state().copy()
    shown = make_effective_rate(trainer, Asked())
    assert np.array_equal(trainer.machine.state(), before)
    rates = np.concatenate([values.ravel() for _, values in shown.tensors])
    assert np.allclose(rates[np.isfinite(rates)], 0.5, rtol=1e-3)
    assert shown.angle < 0.1
    adam = Trainer(trainer.network, trainer.split, None, "adam lr=0.02")
    adam.run(steps=40)
    parameters = {name: values.copy() for name, values in adam.parameters().items()}
    of_adam = dict(make_effective_rate(adam, Asked()).tensors)["0.weight"]
    assert np.nanmax(of_adam) > 2 * np.nanmin(of_adam)
    adam.run(steps=1)
    moved = np.abs(adam.parameters()["0.weight"] - parameters["0.weight"])
    gradient = np.abs(adam.machine.view(adam.machine.tape.stages[0].gradients["0.weight"]))
    assert np.allclose(of_adam, moved / gradient, rtol=1e-2)


def test_angle_and_rates_of_first_order_optimizers_are_recorded() -> None:
    """The walk has them as curves; plain gradient descent goes straight downhill, at its learning rate."""
    shown = dict(make_walk(small(), Asked()).lines)
    assert np.allclose(shown["angle to steepest descent, degrees"], 0, atol=0.1)
    for share in ("lowest tenth", "median", "highest tenth"):
        assert np.allclose(shown[f"effective rate, {share}"], 0.5, rtol=1e-2)


def test_the_walk_of_newton_has_the_eigenvalues_that_it_measured() -> None:
    """In order, as many as there are weights; those of the whole Hessian at the accepted point."""
    x = np.linspace(-1, 1, 30)[:, None]
    data = Dataset(x, np.sin(3 * x[:, 0]), task="regression")
    trainer = Trainer(
        Network("linear 2, tanh, linear 1", seed=1), data, "mse", "newton", batch_size="all", dtype="float64"
    )
    before = make_walk(trainer, Asked())
    assert not before.eigenvalues.size
    weights = 7
    trainer.run(steps=1 + 2 * weights)
    curvature = curvature_of(trainer)
    if (compiling := curvature._machine.compiling) is not None:
        compiling.wait(lambda: False)
    wanted = np.linalg.eigvalsh(curvature.hessian(curvature.take(trainer.tensors())))
    shown = make_walk(trainer, Asked())
    assert np.allclose(shown.eigenvalues, wanted, rtol=1e-4, atol=1e-6)
    text = "".join(run[0] for row in draw_walk(shown, 80, 20, Look()) for run in row)
    assert "eigenvalues of the Hessian" in text


def test_the_picture_under_a_race_becomes_whole() -> None:
    """When all runners have come to their end, the map goes on until each of its points is worked out."""
    data = Dataset(np.zeros((4, 2)), np.zeros(4), task="regression")
    trainer = Trainer(Network("surface ravine x=2 y=1"), data, "mae", "adam", batch_size="all")
    shown = make_landscape(trainer, Asked(place=1))
    while shown.unfinished:
        shown = make_landscape(trainer, Asked(place=1, before=shown))
    assert shown.grid is not None
    assert shown.grid.whole
    assert list(shown.ends) == sorted(shown.ends)
