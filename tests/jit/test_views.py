"""What the training thread shows of a run's answers: every task has its views, and they tell the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay import views
from nnplay.config import RunConfig
from nnplay.training.scores.metrics import classification
from nnplay.training.trainer import Trainer
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.views import rows
from nnplay.views.choosing import WORST, view_records, views_of
from nnplay.views.kinds.attention import Attention
from nnplay.views.kinds.confusion import Confusion
from nnplay.views.kinds.curve import Fit
from nnplay.views.kinds.images import Images
from nnplay.views.kinds.masks import Masks
from nnplay.views.kinds.pair import Pair
from nnplay.views.kinds.scatter import Scatter
from nnplay.views.kinds.series import Series
from nnplay.views.kinds.tokens import Tokens
from nnplay.views.kinds.writing import Writing
from tests.added_record import added_record

MEANS = """
from dataclasses import dataclass
from nnplay.views.rows import predict_rows
from nnplay.views.view import Output, View

@dataclass(frozen=True, slots=True)
class Means(Output):
    values: tuple[float, ...]

def make_means(trainer, asked):
    return Means(tuple(predict_rows(trainer)[2].mean(axis=0).tolist()))

MEANS = View("means", Means, lambda trainer: trainer.split.name == "iris", make_means, order=1)
"""
DRAWN_MEANS = """
from nnplay.tui.outputs.drawing import Drawing
from nnplay.views.kinds.means import Means

def draw(view, width, height, look):
    return [((f"{value:.3f}", look.ink("text")),) for value in view.values]

MEANS = Drawing(Means, draw)
"""

SMALL = {
    "spiral": ({"samples": 200}, "linear 4, tanh, linear 2", ["map", "confusion matrix"]),
    "plane": ({"samples": 200}, "linear 1", ["map", "predicted vs true"]),
    "sine": ({"samples": 100}, "linear 4, tanh, linear 1", ["curve", "predicted vs true"]),
    "iris": ({}, "linear 3", ["confusion matrix"]),
    "diabetes": ({}, "linear 1", ["predicted vs true"]),
    "digits": ({}, "flatten, linear 10", ["images", "confusion matrix"]),
    "shapes": ({"samples": 60}, "global_avg_pool, linear 5", ["images", "confusion matrix"]),
    "shapes_masks": ({"samples": 40, "kinds": 3}, "conv2d 4 k1", ["masks", "confusion matrix"]),
    "adding": ({"samples": 60, "length": 8}, "rnn 4, linear 1", ["over time", "predicted vs true"]),
    "sine_forecast": ({"samples": 60}, "rnn 4, linear 1", ["over time", "predicted vs true"]),
    "sounds": (
        {"samples": 60},
        "global_avg_pool, linear 5",
        ["over time", "sound", "confusion matrix"],
    ),
    "moving_shapes": ({"samples": 60}, "global_avg_pool, linear 4", ["clip", "confusion matrix"]),
    "echo": ({"samples": 60, "delay": 5}, "rnn 4, linear 4", ["symbols", "confusion matrix"]),
    "reversal": ({"samples": 60}, "embedding 8 4, linear 8", ["symbols", "confusion matrix"]),
    "dates": (
        {"samples": 60},
        "embedding 34 4, attend[gru 4, repeat_vector 10 | identity], linear 11",
        ["symbols", "confusion matrix", "attention"],
    ),
    "characters": ({"samples": 60}, "embedding 42 4, linear 42", ["symbols", "writing", "confusion matrix"]),
    "digits28": (
        {"samples": 120, "flat": True, "learn": "picture"},
        "linear 4, linear 784",
        ["reconstruction", "predicted vs true"],
    ),
}
#: The views that are listed for some data set; others suit nearly every run.
KNOWN = {view for _, _, listed in SMALL.values() for view in listed}


def make_trainer(name: str) -> Trainer:
    """A small run of a data set after two steps."""
    fields, layers, _ = SMALL[name]
    table = {"data": {"name": name, **fields}, "layers": layers, "training": {"batch_size": 16}}
    trainer: Trainer = RunConfig.from_dict(table).trainer()
    trainer.run(steps=2)
    return trainer


@pytest.mark.parametrize("name", SMALL)
def test_every_task_has_its_views(name: str) -> None:
    """Each data set has the views of answers that suit it; each is made for any item, counted round, and the worst.

    What shows the network's inside, its gradients or its reasons has tests of its own.
    """
    trainer = make_trainer(name)
    known = [view.name for view in views_of(trainer)]
    assert [view for view in known if view in KNOWN] == SMALL[name][2]
    for view in SMALL[name][2]:
        for item in (0, 1, WORST, 1_000_003):
            surface, output, shown = views.make_view(trainer, view, item, size=(6, 8))
            assert (surface is None) != (output is None)
            assert shown.view == view
            assert 0 <= shown.item < shown.items


def test_attention_is_that_of_every_head_for_the_example() -> None:
    """One map for each head of each layer, as the layer's definition has it; the tokens are those of the example."""
    layers = "embedding 8 8, multi_head_self_attention 2, linear 8, multi_head_self_attention 4 causal=true, linear 8"
    table = {"data": {"name": "reversal", "samples": 60}, "layers": layers.split(", ")}
    trainer: Trainer = RunConfig.from_dict(table).trainer()
    trainer.run(steps=2)
    number = [view.name for view in views_of(trainer)].index("attention")
    _, output, shown = views.make_view(trainer, number, 3)
    assert isinstance(output, Attention)
    assert shown.noun == "example"
    assert [name for name, _ in output.heads][::5] == ["layer 1 head 0", "layer 3 head 3"]
    weights = {name: values for name, values in trainer.parameters().items() if name.startswith("1.")}
    x = trainer.split.validation.x[3:4] if trainer.split.validation else trainer.split.train.x[3:4]
    inside = trainer.forward(x, ["eval.0.output"])["eval.0.output"][0]
    qkv = inside @ weights["1.weight_in"] + weights["1.bias_in"]
    for head in range(2):
        q, k = (qkv[:, part * 8 + head * 4 : part * 8 + head * 4 + 4] for part in (0, 1))
        scores = np.exp(q @ k.T / 2)
        assert np.allclose(output.heads[head][1], scores / scores.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.allclose(np.triu(output.heads[2][1], 1), 0)
    assert output.steps == tuple(str(int(token)) for token in x[0])


def test_nothing_is_made_for_a_surface_that_is_not_seen() -> None:
    """Without a size there is no surface."""
    assert views.make_view(make_trainer("spiral"))[:2] == (None, None)


def test_masks_are_those_of_the_example_with_their_overlaps() -> None:
    """The true mask is the row's target, and the mean overlap is the IoU that the metrics give."""
    trainer = make_trainer("shapes_masks")
    part = trainer.split.validation
    assert part is not None
    _, output, _ = views.make_view(trainer, 0, 3)
    assert isinstance(output, Masks)
    assert np.array_equal(output.true, part.y[3])
    expected = classification(part.y[3:4], output.predicted[None], part.outputs)["iou"]
    assert np.nanmean(output.overlaps) == pytest.approx(expected)


def test_the_worst_example_has_the_largest_error() -> None:
    """No other row of the validation part is missed by more."""
    trainer = make_trainer("sine_forecast")
    part = trainer.split.validation
    assert part is not None
    errors = np.abs(trainer.predict(part.x) - part.y)[:, 0]
    _, output, shown = views.make_view(trainer, 0, WORST)
    assert isinstance(output, Series)
    assert errors[shown.item] == errors.max()
    assert output.next == pytest.approx(
        (float(part.y[shown.item, 0]), float(trainer.predict(part.x[shown.item])[0, 0]))
    )


def test_a_forecast_runs_on_with_its_own_answers() -> None:
    """Each further value is the network's answer to a window that ends with those before it."""
    trainer = make_trainer("sine_forecast")
    part = trainer.split.validation
    assert part is not None
    assert part.continuation is not None
    _, output, _ = views.make_view(trainer, 0, 4)
    assert isinstance(output, Series)
    assert output.continuation is not None
    true, given = output.continuation
    assert np.array_equal(true, part.continuation.values[4])
    window = list(part.x[4, :, 0])
    for value in given:
        seen = np.array(window[-24:], dtype=np.float32)[None, :, None]
        assert value == pytest.approx(float(trainer.predict(seen)[0, 0]), rel=1e-5, abs=1e-6)
        window.append(value)
    assert "24 steps from its own predictions" in output.predicted


def test_a_forecast_of_a_later_value_stands_at_its_step() -> None:
    """A network that answers five steps ahead is not fed with its answers; its value has its own place."""
    config = {"data": {"name": "sine_forecast", "samples": 60, "ahead": 5}, "layers": "rnn 4, linear 1"}
    _, output, _ = views.make_view(RunConfig.from_dict(config).trainer(), 0, 0)
    assert isinstance(output, Series)
    assert output.continuation is None
    assert output.ahead == 5


def test_symbols_are_those_of_the_data() -> None:
    """Reversal: what is wanted is what is seen, backwards; echo: it is the first symbol."""
    _, output, _ = views.make_view(make_trainer("reversal"), 0, 5)
    assert isinstance(output, Tokens)
    assert output.true == output.seen[::-1]
    _, output, _ = views.make_view(make_trainer("echo"), 0, 5)
    assert isinstance(output, Tokens)
    assert output.true == output.seen[:1]
    assert sum(chance for _, chance in output.chances) == pytest.approx(1, abs=1e-5)


def test_pictures_given_back_are_in_units_of_the_data() -> None:
    """The wanted picture is the row itself, the given one the network's answer."""
    trainer = make_trainer("digits28")
    part = trainer.split.validation
    assert part is not None
    _, output, _ = views.make_view(trainer, 0, 2)
    assert isinstance(output, Pair)
    assert np.allclose(output.wanted.ravel(), part.y[2])
    assert np.allclose(output.given.ravel(), trainer.predict(part.x[2])[0], atol=1e-6)


def test_each_of_several_targets_has_its_scatter_and_curve() -> None:
    """The target that is asked for is shown, in its own units, with its name."""
    x = np.linspace(-1, 1, 60)[:, None]
    data = nn.Dataset(x, np.hstack([x, 100 * x]), target_names=("small", "large"), default_scale_target="standard")
    trainer = Trainer(nn.Network("linear 2", seed=0), data.split(seed=0), "mse", nn.Adam(lr=0.01), seed=0)
    for number in range(2):
        for target, name, size in ((0, "small", 1), (1, "large", 100)):
            _, output, shown = views.make_view(trainer, number, target)
            assert shown.name == name
            assert isinstance(output, (Fit, Scatter))
            true = output.true if isinstance(output, Scatter) else output.points_y
            assert 0.8 * size < np.abs(true).max() <= size * 1.001


def test_mistakes_come_first_in_the_grid_and_are_counted() -> None:
    """The wrong pictures of the validation part are the first ones."""
    trainer = make_trainer("digits")
    _, output, shown = views.make_view(trainer)
    assert isinstance(output, Images)
    wrong = [a != b for a, b in zip(output.labels, output.predicted, strict=True)]
    assert wrong == sorted(wrong, reverse=True)
    _, confusion, _ = views.make_view(trainer, 1)
    assert isinstance(confusion, Confusion)
    assert output.wrong == confusion.matrix.sum() - np.trace(confusion.matrix)
    assert shown.items == confusion.matrix.sum()
    assert output.rows == confusion.rows == f"{shown.items:,} validation rows"


def test_a_sample_of_the_rows_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all rows can be asked, the counts say how many of how many rows were."""
    trainer = make_trainer("digits")
    every = len(trainer.split.validation or ())
    monkeypatch.setattr(rows, "MOST_ROWS", 40)
    _, output, _ = views.make_view(trainer)
    assert isinstance(output, Images)
    assert output.rows == f"40 of {every:,} validation rows"


def test_writing_goes_on_from_the_example() -> None:
    """The same example is gone on from in the same way while the weights are the same."""
    trainer = make_trainer("characters")
    (_, first, _), (_, again, _), (_, other, _) = (views.make_view(trainer, 1, row) for row in (4, 4, 5))
    assert isinstance(first, Writing)
    assert first == again
    assert first != other
    assert len(first.text) == 60


def test_a_view_is_added_by_one_file_and_its_drawing_by_another(tmp_path: Path) -> None:
    """The views of a run have the new one where its order puts it, and the screen draws what it makes."""
    (tmp_path / "view").mkdir()
    (tmp_path / "drawing").mkdir()
    trainer = make_trainer("iris")
    with (
        added_record("nnplay.views.kinds", "means", MEANS, tmp_path / "view", view_records),
        added_record("nnplay.tui.outputs.kinds", "means", DRAWN_MEANS, tmp_path / "drawing", drawing_records),
    ):
        _, output, shown = views.make_view(trainer)
        assert shown.views[:2] == ("means", "confusion matrix")
        rows = drawing_records()[type(output)].draw(output, 20, 5, Look())
        assert len(rows) == 3
        assert "means" not in [view.name for view in views_of(make_trainer("digits"))]
    assert "means" not in [view.name for view in views_of(trainer)]


def test_every_view_has_its_drawing() -> None:
    """What a view makes is drawn, and nothing is drawn that no view makes; the map alone has a widget of its own."""
    made_by_views = {view.shows for view in view_records() if view.make is not None}
    assert set(drawing_records()) == made_by_views
    assert [view.name for view in view_records() if view.make is None] == ["map"]


def test_a_decoder_s_steps_are_named_by_its_answers() -> None:
    """The map of a decoder that looks at an encoder has answers beside its rows and letters above its columns."""
    trainer = make_trainer("dates")
    _, output, _ = views.make_view(trainer, "attention", 5)
    assert isinstance(output, Attention)
    (_, weights), *_ = output.heads
    assert weights.shape == (len(output.steps), len(output.seen)) == (10, 18)
    assert set(output.steps) <= set("-0123456789")
    assert {"2", "0"} & set(output.seen)
