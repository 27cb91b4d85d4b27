"""What happens inside a network, as its views show it: maps, kernels, states and vectors are those of the layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay import views
from nnplay.config import RunConfig
from nnplay.training.trainer import Trainer
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import row_width
from nnplay.views.choosing import views_of
from nnplay.views.kinds.attention import Attention
from nnplay.views.kinds.channel import Channel
from nnplay.views.kinds.embedded import Embedded
from nnplay.views.kinds.feature_maps import FeatureMaps
from nnplay.views.kinds.filters import Filters
from nnplay.views.kinds.states import States
from nnplay.views.kinds.weights import Weights
from nnplay.views.receptive_field import receptive_field

IMAGES = "sum[conv2d 4 k3 same | conv2d 4 k1], relu, max_pool2d 2, conv2d 5 k3 dilation=2, flatten, linear 5"


def make_trainer(layers: str, data: str = "shapes", **fields: Any) -> Trainer:
    """A small run after two steps."""
    table = {"data": {"name": data, "samples": 60, **fields}, "layers": layers, "training": {"batch_size": 16}}
    trainer: Trainer = RunConfig.from_dict(table).trainer()
    trainer.run(steps=2)
    return trainer


def shown_rows(trainer: Trainer) -> Any:
    """Inputs of the rows that views show."""
    part = trainer.split.validation
    assert part is not None
    return part.x


def test_maps_are_those_of_the_layer_for_the_example() -> None:
    """Every layer that gives maps is a place, by number and by name; layers behind `flatten` are none."""
    trainer = make_trainer(IMAGES)
    x = shown_rows(trainer)[3:4]
    _, output, shown = views.make_view(trainer, "feature maps", 3, place="3 conv2d 5 dilation=2")
    assert isinstance(output, FeatureMaps)
    assert shown.places == (
        "0.0.0 conv2d 4 padding=same",
        "0.1.0 conv2d 4 1",
        "0 sum",
        "1 relu",
        "2 max_pool2d",
        "3 conv2d 5 dilation=2",
    )
    assert np.array_equal(output.maps, np.moveaxis(trainer.forward(x, ["eval.3.output"])["eval.3.output"][0], 2, 0))
    assert np.array_equal(output.image, x[0])
    assert views.make_view(trainer, "feature maps", 3, place="9 linear")[2].place == 0


def test_the_middle_slice_stands_for_a_volume() -> None:
    """A clip's maps have a depth; what is shown is one image of each channel."""
    trainer = make_trainer("reshape 8x16x16x1, conv3d 3 k3 same, global_avg_pool, linear 4", "moving_shapes")
    _, output, _ = views.make_view(trainer, "feature maps")
    assert isinstance(output, FeatureMaps)
    found = trainer.forward(shown_rows(trainer)[:1], ["eval.0.output"])["eval.0.output"][0]
    assert np.array_equal(output.maps, np.moveaxis(found[len(found) // 2], 2, 0))


def test_a_channel_shows_the_rows_that_it_responds_to_most() -> None:
    """Largest answers first, one a row, and no row that is left out has a larger one; its items are the channels."""
    trainer = make_trainer(IMAGES)
    _, output, shown = views.make_view(trainer, "channel", 4, place="3 conv2d 5 dilation=2")
    assert isinstance(output, Channel)
    assert (shown.noun, shown.item, shown.items) == ("channel", 4, 5)
    answers = trainer.forward(shown_rows(trainer), ["eval.3.output"])["eval.3.output"][..., 4].max(axis=(1, 2))
    order = np.argsort(-answers, kind="stable")[: len(output.patches)]
    assert [patch.row for patch in output.patches] == order.tolist()
    assert [patch.value for patch in output.patches] == answers[order].tolist()
    assert output.best[1].max() == answers.max()
    assert all(patch.image.shape[:2] == output.field for patch in output.patches)


@pytest.mark.parametrize(("path", "size"), [("0.1.0", 1), ("0", 3), ("2", 4), ("3", 12)])
def test_a_patch_is_all_that_a_number_sees(path: str, size: int) -> None:
    """A pixel changes the number in the middle of a map exactly if it lies in the patch around it."""
    trainer = make_trainer(IMAGES.replace("relu, max_pool2d", "relu, avg_pool2d").replace(", relu", ", softplus"))
    assert receptive_field(trainer.plan, path) == (size, size)
    x, name = shown_rows(trainer)[:1], f"eval.{path}.output"
    tall = x.shape[1]
    lines = np.repeat(x, tall + 1, axis=0)
    for line in range(tall):
        lines[line + 1, line] += 10.0
    maps = trainer.forward(lines, [name])[name]
    middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2]
    changed = np.flatnonzero((middle[1:] != middle[0]).any(axis=1))
    assert changed.max() - changed.min() + 1 <= size
    assert changed.max() - changed.min() + 1 > size - 2  # the outermost lines of a dilated window are seen


def test_kernels_are_the_weights() -> None:
    """Of one input channel at a time; of a transposed convolution too, whose axes are the other way round."""
    trainer = make_trainer("conv2d 4 k3, conv_transpose2d 6 k2, conv2d 3 k1, flatten, linear 5")
    weights = trainer.parameters()
    _, output, shown = views.make_view(trainer, "filters", 2)
    assert isinstance(output, Filters)
    assert shown.items == 3
    assert np.array_equal(output.kernels, weights["0.weight"][:, :, 2].transpose(2, 0, 1))
    _, output, shown = views.make_view(trainer, "filters", 3, place=1)
    assert isinstance(output, Filters)
    assert (shown.items, output.kernels.shape) == (4, (6, 2, 2))
    assert np.array_equal(output.kernels, weights["1.weight"][:, :, :, 3].transpose(2, 0, 1))
    _, output, _ = views.make_view(trainer, "filters", place=2)
    assert isinstance(output, Filters)
    assert np.array_equal(output.kernels[0], weights["2.weight"][0, 0])


def test_dense_weights_are_the_weights() -> None:
    """Behind maps that were flattened a picture for each unit and channel, on a table the matrix."""
    trainer = make_trainer("conv2d 2 k3, flatten, linear 5")
    weight = trainer.parameters()["2.weight"]
    _, output, shown = views.make_view(trainer, "weights", 1)
    assert isinstance(output, Weights)
    tall, broad = output.maps.shape[1:]
    assert shown.items == 2
    assert np.array_equal(output.maps, weight.reshape(tall, broad, 2, 5)[:, :, 1].transpose(2, 0, 1))
    assert weight[output.part.index_of((3, 1, 2))] == output.maps[3, 1, 2]
    _, filters, _ = views.make_view(trainer, "filters", 0)
    assert isinstance(filters, Filters)
    assert trainer.parameters()["0.weight"][filters.part.index_of((1, 2, 0))] == filters.kernels[1, 2, 0]


def test_gates_and_states_belong_together() -> None:
    """Of each direction of an LSTM: c = f·c₋₁ + i·g and h = o·tanh(c), at the steps of the example in order."""
    trainer = make_trainer("lstm 5 bidirectional=true, linear 4", "echo", delay=5)
    _, output, _ = views.make_view(trainer, "states over time", 2)
    assert isinstance(output, States)
    known = {block.name: block.values for block in output.blocks}
    assert [name for name in known if "backwards" in name][:2] == ["i input gate backwards", "f forget gate backwards"]
    for way, turn in (("forwards", 1), ("backwards", -1)):
        i, f, g, o, c, h = (
            known[f"{name} {way}"][:, ::turn]
            for name in ("i input gate", "f forget gate", "g candidate", "o output gate", "c cell", "h state")
        )
        assert i.shape == (5, len(output.steps))
        assert np.allclose(c[:, 1:], f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], atol=1e-6)
        assert np.allclose(h, o * np.tanh(c), atol=1e-6)
    assert [block.opens for block in output.blocks[:4]] == [True, True, False, True]
    assert output.steps[0].isalpha()


@pytest.mark.parametrize("layers", ["rnn 3, linear 4", "gru 3 layers=2 sequence, rnn 3, linear 4"])
def test_what_a_layer_gives_is_its_last_state(layers: str) -> None:
    """The state of the uppermost of stacked layers at the last step is the output of that step."""
    trainer = make_trainer(layers, "echo", delay=5)
    _, output, shown = views.make_view(trainer, "states over time", 2)
    assert isinstance(output, States)
    (state,) = [block.values for block in output.blocks if block.name == "h state"]
    answer = trainer.forward(shown_rows(trainer)[2:3], ["eval.0.output"])["eval.0.output"][0]
    assert np.array_equal(state[:, -1], answer[-1] if answer.ndim == 2 else answer)
    assert len(shown.places) == layers.count("nn") + layers.count("gru")


def test_vectors_are_shown_in_the_plane_in_which_they_differ_most() -> None:
    """The shares are those of the covariance's largest eigenvalues, and so is the variance along each direction."""
    trainer = make_trainer("embedding 42 4, linear 42", "characters")
    table = trainer.parameters()["0.weight"]
    table[...] = np.random.default_rng(0).normal(size=(42, 4)) * [5, 3, 1, 1]
    _, output, shown = views.make_view(trainer, "embedding")
    assert isinstance(output, Embedded)
    values = np.linalg.eigvalsh(np.cov(table.astype(np.float64).T))[::-1]
    assert np.allclose(output.shares, values[:2] / values.sum())
    assert np.allclose(output.places.var(axis=0, ddof=1), values[:2])
    assert (shown.items, shown.places) == (1, ("0 embedding 42 4",))
    assert len(output.names) == len(output.places) == 42
    assert {"a", "e"} <= set(output.names)


def test_a_table_with_one_number_for_each_symbol_has_one_direction() -> None:
    """Nothing is shared out to a second one."""
    _, output, _ = views.make_view(make_trainer("embedding 42 1, linear 42", "characters"), "embedding")
    assert isinstance(output, Embedded)
    assert output.shares == pytest.approx((1.0, 0.0))
    assert not output.places[:, 1].any()


@pytest.mark.parametrize(
    ("layers", "data", "missing"),
    [
        ("linear 4, tanh, linear 2", "spiral", {"feature maps", "channel", "filters", "states over time", "embedding"}),
        ("conv1d 3 k3, global_avg_pool, linear 5", "sounds", {"feature maps", "channel", "embedding"}),
        ("flatten, linear 5", "shapes", {"feature maps", "channel", "filters", "states over time", "embedding"}),
    ],
)
def test_networks_without_such_layers_have_no_such_views(layers: str, data: str, missing: set[str]) -> None:
    """What a network lacks is not offered."""
    known = {view.name for view in views_of(make_trainer(layers, data))}
    assert not missing & known


@pytest.mark.parametrize("look", [Look(), Look(colours="none"), Look(ascii=True)], ids=["full", "none", "ascii"])
def test_every_view_is_drawn_in_any_room(look: Look) -> None:
    """No row is too long, and there are no more than there is room for."""
    trainers = [
        make_trainer("conv2d 40 k3 same, relu, conv2d 3 k1, flatten, linear 5"),
        make_trainer("embedding 42 3, lstm 6 bidirectional=true sequence, linear 42", "characters"),
        make_trainer("conv1d 3 k3, global_avg_pool, linear 5", "sounds"),
    ]
    for trainer in trainers:
        for view in [each for each in views_of(trainer) if each.name in NAMES]:
            for place in range(len(view.places(trainer)) if view.places else 1):
                _, output, _ = views.make_view(trainer, view.name, 1, place=place)
                for room in ((1, 1), (7, 3), (20, 6), (44, 18), (160, 50)):
                    rows = drawing_records()[type(output)].draw(output, *room, look)
                    assert len(rows) <= room[1]
                    assert max(map(row_width, rows), default=0) <= room[0]


NAMES = {"feature maps", "channel", "filters", "states over time", "embedding"}


def test_each_layer_has_a_small_picture_where_the_list_has_its_line() -> None:
    """By place, of blocks their output; made smaller by means; the place of the view that it names is that layer's."""
    trainer = make_trainer(
        "conv2d 14 k3 name=first, sum[identity | sequential[conv2d 14 k1, relu]], global_avg_pool, linear 5"
    )
    found = views.make_layer_pictures(trainer, 3, 10)
    assert list(found) == [(0,), (1, 0, 0), (1, 1, 0, 0, 0), (1, 1, 0, 0, 1), (1, 1, 0), (1,), (2,), (3,)]
    x = shown_rows(trainer)[3:4]
    values = trainer.forward(x, ["eval.first.output"])["eval.first.output"][0]
    assert values.shape == (30, 30, 14)
    blocks = values[..., :12].reshape(10, 3, 10, 3, 12).mean(axis=(1, 3))
    assert np.allclose(found[0,].values, blocks.transpose(2, 0, 1), atol=1e-5)
    assert np.allclose(found[0,].means, values.mean(axis=(0, 1)), atol=1e-5)
    assert np.array_equal(found[1, 1, 0].values, found[1, 1, 0, 0, 1].values)
    assert [picture.kind for picture in found.values()] == ["maps"] * 6 + ["units"] * 2
    assert (found[3,].view, found[3,].place) == ("weights", "3 linear 5")
    for path, name in {(0,): "first", (1, 0, 0): "1.0.0", (1,): "1", (1, 1, 0): "1.1.0.1"}.items():
        _, _, shown = views.make_view(trainer, found[path].view, 3, place=found[path].place)
        assert shown.places[shown.place].partition(" ")[0] == name


@pytest.mark.parametrize(
    ("layers", "data", "kinds"),
    [
        ("embedding 8 8, multi_head_self_attention 2, linear 8", "reversal", ["steps", "looks", "steps"]),
        ("lstm 4, linear 4", "echo", ["steps", "units"]),
    ],
)
def test_pictures_show_what_tells_most_of_a_layer(layers: str, data: str, kinds: list[str]) -> None:
    """Attention shows its heads, a recurrent layer its states, though it gives only the last."""
    trainer = make_trainer(layers, data)
    found = views.make_layer_pictures(trainer, 1_000_003, 16)
    assert [picture.kind for picture in found.values()] == kinds
    opened = [picture.view for picture in found.values()]
    assert opened[0] == ("embedding" if data == "reversal" else "states over time")
    if data == "reversal":
        assert opened[1] == "attention"
        assert np.allclose(found[1,].values.sum(axis=-1), 1, atol=1e-5)


def test_of_a_very_deep_network_the_first_and_last_layers_are_pictured() -> None:
    """A thousand pictures would be worked out for nothing: the chain shows no more than its screen has rows."""
    found = views.make_layer_pictures(make_trainer(", ".join(["tanh"] * 150) + ", linear 2", "spiral"), 0, 8)
    assert list(found) == [(k,) for k in (*range(48), *range(103, 151))]


def test_attention_of_one_layer_or_of_all() -> None:
    """Where several layers attend, all are shown together first, then each by itself."""
    trainer = make_trainer(
        "embedding 8 8, multi_head_self_attention 2, multi_head_self_attention 4, linear 8", "reversal"
    )
    counts = []
    for place in range(3):
        _, output, shown = views.make_view(trainer, "attention", 0, place=place)
        assert isinstance(output, Attention)
        counts.append(len(output.heads))
    assert counts == [6, 2, 4]
    assert shown.places[0] == "all layers"
