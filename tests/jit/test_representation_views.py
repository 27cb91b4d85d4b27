"""Claims about views of representations: what they show is of this step, keeps still, and leaves the run alone."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnplay import views
from nnplay.config import RunConfig
from nnplay.representation.similarity import linear_cka
from nnplay.run.moments import find_moments
from nnplay.timeline.timeline import Timeline
from nnplay.training.state.visit import visiting
from nnplay.training.trainer import Trainer
from nnplay.views.clouds import Clouds, make_clouds
from nnplay.views.kinds.layer_scores import LayerScores
from nnplay.views.kinds.similarity import Similarity
from nnplay.views.layer_values import MOST_LAYERS, as_matrix, compared_rows, name_layers, read_layers
from tests.small_trainer import same, spiral, trainer

NETWORKS: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "digits": (
        {},
        "conv2d 4 k3, dropout 0.5, relu, flatten, linear 10",
        ("input", "0 conv2d", "2 relu", "4 linear"),
    ),
    "reversal": (
        {"samples": 60},
        "embedding 8 4, lstm 6 output=sequence, linear 8",
        ("0 embedding", "1 lstm", "2 linear"),
    ),
    "adding": ({"samples": 60, "length": 8}, "rnn 4, linear 1", ("input", "0 rnn", "1 linear")),
    "diabetes": ({}, "linear 3, relu, linear 1", ("input", "0 linear", "1 relu", "2 linear")),
}


def make(name: str) -> Trainer:
    """A small run of a data set at its first step."""
    fields, layers, _ = NETWORKS[name]
    table = {"data": {"name": name, **fields}, "layers": layers, "training": {"batch_size": 16}}
    made: Trainer = RunConfig.from_dict(table).trainer()
    return made


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_network_has_its_layers(name: str) -> None:
    """Layers that only hand numbers on are left out, as are the numbers of tokens; every other one has a row a row."""
    made = make(name)
    layers = read_layers(made, made.split.train.x[:20])
    assert tuple(layer.name for layer in layers) == NETWORKS[name][2]
    assert all(layer.values.shape[0] == 20 and layer.finite for layer in layers)
    scores = views.make_view(made, "layer scores")[1]
    assert isinstance(scores, LayerScores)
    assert scores.measure == ("R²" if name in ("adding", "diabetes") else "accuracy")
    assert all(np.isfinite(layer.probe) and layer.dimensions > 0 for layer in scores.layers)


def test_of_sequences_with_an_answer_for_each_step_the_last_step_is_seen() -> None:
    """The class of a row is then that of its last step, so its numbers are those of that step."""
    made = make("reversal")
    x = made.split.train.x[:9]
    expected = made.forward(x, ["eval.1.output"])["eval.1.output"][:, -1]
    assert np.array_equal(read_layers(made, x)[1].values, expected)


def test_large_layers_become_means_of_neighbours() -> None:
    """An image keeps its channels, its places are averaged until few enough are left; the mean of all stays."""
    values = np.random.default_rng(0).random((3, 9, 7, 4)).astype(np.float32)
    assert np.array_equal(as_matrix(values), values.reshape(3, -1))
    small = as_matrix(values, most=100)
    assert 4 < small.shape[1] <= 100
    assert np.allclose(as_matrix(values, most=4), values.mean(axis=(1, 2)), atol=0.02)
    assert as_matrix(values, most=2).shape == (3, 2)


def test_of_a_deep_network_the_trunk_is_shown() -> None:
    """No more layers than can be seen side by side; the network's answer is the last of them."""
    made = trainer(layers="linear 4, tanh, " * 20 + "linear 2")
    names = name_layers(made)
    assert len(names) == MOST_LAYERS + 1
    assert names[-1] == "40 linear"
    blocks = trainer(layers="linear 8, " + "sum[identity | linear 8, tanh, linear 8], " * 5 + "linear 2")
    assert [name.split()[0] for name in name_layers(blocks)[1:]] == ["0", "1", "2", "3", "4", "5", "6"]


def test_pictures_keep_still_from_layer_to_layer_and_from_step_to_step() -> None:
    """Two inputs are seen as they are; a layer that turns them is turned back, and so is one mirrored since."""
    made = trainer(layers="linear 2, linear 2")
    made.parameters()["0.weight"][...] = [[0.0, 1.0], [-1.0, 0.0]]
    made.parameters()["0.bias"][...] = 3.0
    output = views.make_view(made, "projection")[1]
    assert isinstance(output, Clouds)
    first, second = output.clouds[:2]
    x = compared_rows(made).x
    centred = x - x.mean(axis=0)
    assert np.allclose(first.places * np.abs(centred).max() / np.abs(first.places).max(), centred, atol=1e-4)
    assert np.allclose(first.places, second.places, atol=1e-4)
    made.parameters()["0.weight"][...] = [[1.0, 0.0], [0.0, -1.0]]
    turned = replace(output, clouds=tuple(replace(cloud, places=cloud.places[:, ::-1]) for cloud in output.clouds))
    after = views.make_view(made, "projection", before=turned)[1]
    assert isinstance(after, Clouds)
    assert np.allclose(after.clouds[1].places, second.places[:, ::-1], atol=1e-4)


def test_a_place_shows_one_layer_alone() -> None:
    """The first place has all layers, those after it one each, by their names."""
    made = trainer()
    _, output, shown = views.make_view(made, "projection", place=2)
    assert isinstance(output, Clouds)
    assert shown.places == ("all layers", "input", "0 linear", "1 tanh", "2 linear")
    assert output.clouds[output.chosen].name == shown.places[shown.place] == "0 linear"


def test_the_plane_is_warped_as_the_layer_computes() -> None:
    """A layer that gives its inputs back leaves the grid straight, and tanh bends it; lines know the answer's class."""
    made = trainer(layers="linear 2, tanh, linear 2")
    made.parameters()["0.weight"][...] = np.eye(2)
    made.parameters()["0.bias"][...] = 0.0
    output = views.make_view(made, "warped plane")[1]
    assert isinstance(output, Clouds)
    straight, bent = (cloud.lines for cloud in output.clouds[1:3])
    assert straight is not None
    assert bent is not None
    assert np.allclose(np.diff(straight, n=2, axis=2), 0, atol=1e-4)
    assert np.abs(np.diff(bent, n=2, axis=2)).max() > 0.01
    assert output.line_groups is not None
    assert output.line_groups.shape == straight.shape[:3]
    assert set(np.unique(output.line_groups)) <= {0, 1}


def test_similarity_is_compared_with_another_step() -> None:
    """Against the first step each layer is what CKA says of both steps' values; the input is the same at all times."""
    run = Timeline(trainer())
    run.trainer.run(steps=40)
    run.note_progress()
    moments = find_moments(run)
    assert moments[0].name == "step 0"
    x = compared_rows(run.trainer).x
    now = read_layers(run.trainer, x)
    before = run.trainer.state()
    _, output, shown = views.make_view(run.trainer, "similarity", place=1, moments=moments)
    assert isinstance(output, Similarity)
    assert shown.places == ("this step", *(moment.name for moment in moments))
    assert output.values[0, 0] == pytest.approx(1.0)
    run.go_to(0)
    then = read_layers(run.trainer, x)
    assert output.values[2, 2] == pytest.approx(linear_cka(now[2].values, then[2].values, debiased=True))
    assert output.values[2, 2] < 0.999
    run.go_to(40)
    assert np.array_equal(before.memory, run.trainer.machine.state())


def test_nothing_that_is_looked_at_disturbs_the_run() -> None:
    """A run whose every view is made at each step, with visits to its past, ends on the bits of one that nobody saw."""
    seen, unseen = Timeline(trainer()), trainer()
    last: Any = None
    for _ in range(3):
        seen.advance(7)
        for view in ("projection", "warped plane", "layer scores", "similarity"):
            for place in (0, 1):
                last = views.make_view(seen.trainer, view, place=place, before=last, moments=find_moments(seen))[1]
    unseen.run(steps=seen.trainer.step)
    assert same(seen.trainer, unseen)


def test_a_view_is_of_the_step_that_the_run_went_back_to() -> None:
    """At an earlier step all numbers are as they were there."""
    run = Timeline(trainer())
    first = views.make_view(run.trainer, "layer scores")[1]
    run.trainer.run(steps=60)
    run.note_progress()
    assert views.make_view(run.trainer, "layer scores")[1] != first
    run.go_to(0)
    assert views.make_view(run.trainer, "layer scores")[1] == first


def test_a_visit_ends_also_where_something_goes_wrong() -> None:
    """The run has its own weights again, whatever happens during the visit."""
    made = trainer()
    start = made.state()
    made.run(steps=5)
    now = made.state()
    seen = []
    with contextlib.suppress(ZeroDivisionError), visiting(made, start):
        seen.append(np.array_equal(made.machine.state(), start.memory))
        raise ZeroDivisionError
    assert seen == [True]
    assert np.array_equal(made.machine.state(), now.memory)


def test_other_rows_are_not_compared() -> None:
    """A step with other validation rows says so in place of a number that would mean nothing."""
    made, other = trainer(), Timeline(trainer(spiral(samples=300)))
    output = views.make_view(made, "similarity", place=1, moments=find_moments(other))[1]
    assert isinstance(output, Similarity)
    assert "other validation rows" in output.problem


def test_numbers_that_are_not_finite_are_said() -> None:
    """A layer that overflowed has no cloud and no score; those before it have theirs."""
    made = trainer()
    made.parameters()["0.weight"][...] = np.inf
    output = views.make_view(made, "projection")[1]
    assert isinstance(output, Clouds)
    assert [cloud.finite for cloud in output.clouds][:2] == [True, False]
    scores = views.make_view(made, "layer scores")[1]
    assert isinstance(scores, LayerScores)
    assert np.isfinite(scores.layers[0].probe)
    assert np.isnan(scores.layers[1].probe)


def test_a_cloud_of_equal_rows_is_one_point() -> None:
    """A dead layer does not divide by zero, and what follows it is not turned by chance."""
    made = trainer()
    layers = read_layers(made, made.split.train.x[:20])
    dead = replace(layers[1], values=np.ones_like(layers[1].values))
    clouds = make_clouds([layers[0], dead, layers[2]])
    assert not clouds[1].places.any()
    assert np.isfinite(clouds[2].places).all()


def test_a_small_validation_part_is_filled_up_with_training_rows() -> None:
    """Fifteen rows are too few to fit a probe and to score it; the view says where the others are from."""
    made: Trainer = RunConfig.from_dict({"data": {"name": "iris"}, "layers": "linear 3"}).trainer()
    part = made.split.validation
    assert part is not None
    rows = compared_rows(made)
    assert len(rows.x) == len(rows.y) == min(200, len(part) + len(made.split.train))
    assert np.array_equal(rows.x[: len(part)], part.x)
    assert np.array_equal(rows.y[len(part) :], made.split.train.y[: len(rows.y) - len(part)])
    assert rows.words == f"{len(part)} validation and {len(rows.x) - len(part)} training rows"
    assert compared_rows(trainer(spiral(samples=1000))).words == "150 validation rows"


def test_similarity_is_compared_with_the_end_of_another_branch() -> None:
    """A branch that was left is offered by its name, with the weights that it had there, and stays as it is."""
    run = Timeline(trainer())
    while run.latest < 3_000:
        run.advance(100)
    left_at, left = run.latest, run.trainer.state().memory.copy()
    run.go_to(0)
    branch = run.leave_later_steps("lr 0.1")
    run.make_change("lr 0.1", lambda each: each.set(lr=0.1))
    run.advance(5)
    moments = find_moments(run)
    assert moments[-1].name == f"{branch.description}, step {left_at:,}"
    before = run.trainer.state()
    output = views.make_view(run.trainer, "similarity", place=len(moments), moments=moments)[1]
    assert isinstance(output, Similarity)
    assert np.array_equal(run.trainer.machine.state(), before.memory)
    assert np.array_equal(moments[-1].read().memory, left)
    now = read_layers(run.trainer, compared_rows(run.trainer).x)
    with visiting(run.trainer, moments[-1].read()):
        then = read_layers(run.trainer, compared_rows(run.trainer).x)
    assert output.values[3, 1] == pytest.approx(linear_cka(now[3].values, then[1].values, debiased=True))
