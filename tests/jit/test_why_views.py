"""Where an answer comes from: each view's numbers beside their definition, worked out another way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nnplay as nn
from nnplay import rng
from nnplay.data.columns.columns import Column
from nnplay.tui.outputs.widget import drawing_records
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import row_width
from nnplay.views.asked_answer import GIVEN, LAST_STEP
from nnplay.views.attribution import Attribution, ask
from nnplay.views.choosing import make_view, view_records, views_of
from nnplay.views.kinds.activation_maximisation import ascend, unit_direction
from nnplay.views.kinds.grad_cam import make_grad_cam, stretch, weigh_maps
from nnplay.views.kinds.integrated_gradients import integrate
from nnplay.views.kinds.nearest_rows import Neighbours
from nnplay.views.kinds.occlusion import cover_parts, cover_windows
from nnplay.views.kinds.partial_dependence import Dependence
from nnplay.views.kinds.permutation_importance import REPEATS, Importance
from nnplay.views.kinds.smallest_change import Change, turn, turn_by_column
from nnplay.views.table_columns import input_columns
from nnplay.views.view import Asked

pytestmark = pytest.mark.usefixtures("kernels")
Array = NDArray[Any]
WHY = [view.name for view in view_records() if view.group == "why"]


def trained(layers: str, x: Array, y: Array, *, epochs: int = 6, loss: str | None = None, **more: Any) -> nn.Trainer:
    """A trainer after some epochs on a part of the rows; the others are for validation."""
    data = nn.Dataset(x.astype(np.float32), y, **more).split(0.8, 0.2, 0.0)
    trainer = nn.Trainer(nn.Network(layers), data, loss, "adam lr=0.02", batch_size=16, dtype="float64")
    trainer.run(epochs=epochs)
    return trainer


@pytest.fixture(scope="module")
def table() -> nn.Trainer:
    """Three numbers, of which the last means nothing, and three classes."""
    x = np.random.default_rng(0).normal(size=(120, 3)) * (1.0, 3.0, 2.0)
    y = (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 1)
    names = ("length", "width", "noise")
    return trained("linear 8, tanh, linear 3", x, y, feature_names=names, default_scale="standard", epochs=20)


@pytest.fixture(scope="module")
def images() -> nn.Trainer:
    """Bars across or upright, 8×8, and a convolution."""
    random = np.random.default_rng(1)
    x, y = random.normal(scale=0.1, size=(80, 8, 8, 1)), np.arange(80) % 2
    for image, kind, at in zip(x, y, random.integers(1, 7, 80), strict=True):
        image[(slice(None), at) if kind else at] += 1.0
    return trained("conv2d 3 k3, relu, max_pool2d 2, flatten, linear 2", x, y, class_names=("across", "upright"))


@pytest.fixture(scope="module")
def texts() -> nn.Trainer:
    """Six tokens to say backwards."""
    x = np.random.default_rng(2).integers(0, 5, (120, 6))
    return trained("embedding 5 6, lstm 8 sequence, linear 5", x, x[:, ::-1].copy())


def numbers_of(trainer: nn.Trainer) -> NDArray[np.float64]:
    """All state and the clock of a run."""
    clock = np.array(trainer.machine.clock, np.float64)
    return np.concatenate([trainer.machine.state().astype(np.float64), clock])


def text_of(rows: Sequence[Any]) -> str:
    """Rows of cells as lines."""
    return "\n".join("".join(run[0] for run in row) for row in rows)


@pytest.mark.parametrize("data", ["table", "images", "texts"])
def test_every_view_is_made_and_drawn_and_leaves_the_run_alone(data: str, request: pytest.FixtureRequest) -> None:
    """For its first and its last place, in large and small panes, with and without colours."""
    trainer = request.getfixturevalue(data)
    before = numbers_of(trainer)
    names = [view.name for view in views_of(trainer) if view.group == "why"]
    for name in names:
        for place in (0, -1):
            _, output, shown = make_view(trainer, name, 2, place=place)
            assert output is not None
            assert shown.view == name
            for width, height in ((76, 30), (46, 9), (12, 3)):
                for look in (Look(), Look(colours="none", ascii=True)):
                    rows = drawing_records()[type(output)].draw(output, width, height, look)
                    assert rows
                    assert len(rows) <= height
                    assert width < 46 or max(map(row_width, rows)) <= width
    assert np.array_equal(before, numbers_of(trainer))


def test_each_view_suits_some_run(table: nn.Trainer, images: nn.Trainer, texts: nn.Trainer) -> None:
    """None of them is never seen."""
    assert set(WHY) <= {view.name for trainer in (table, images, texts) for view in views_of(trainer)}


@pytest.mark.parametrize("data", ["table", "images", "texts"])
def test_integrated_gradients_add_up(data: str, request: pytest.FixtureRequest) -> None:
    """The sum over the input is F(x) − F(0), where the network is smooth to the last digits; the view says so."""
    trainer = request.getfixturevalue(data)
    for place in (0, 1):
        question = ask(trainer, Asked(3, place))
        parts, there, zero = integrate(question)
        tolerance = 0.02 if data == "images" else 1e-9  # ReLU has kinks between the points
        assert abs(parts.sum() - (there - zero)) < tolerance * max(1.0, abs(there - zero))
        assert there == pytest.approx(question.score(question.given)[0], abs=1e-12)
    _, output, _ = make_view(trainer, "integrated gradients", 3)
    assert isinstance(output, Attribution)
    assert " = F(x) " in output.notes[0]
    assert "off by" in output.notes[0]


def test_answers_can_be_chosen(table: nn.Trainer, texts: nn.Trainer) -> None:
    """The first place is the answer that is given; the others are classes, or the steps of a sequence."""
    _, _, shown = make_view(table, "saliency")
    assert shown.places == (GIVEN, "0", "1", "2")
    _, _, shown = make_view(texts, "saliency")
    assert shown.places == (LAST_STEP, *(f"step {step}" for step in range(6)))
    direction = ask(texts, Asked(0, 2)).answer.direction
    assert direction[1].sum() == direction.sum() == 1


def test_what_comes_later_does_not_count(texts: nn.Trainer) -> None:
    """The answer of an LSTM at step 2 has no slope with respect to later tokens, and IG says so."""
    _, output, _ = make_view(texts, "integrated gradients", 0, place=3)
    assert isinstance(output, Attribution)
    assert not output.values[3:].any()
    assert output.values[:3].all()


@pytest.mark.torch
def test_saliency_ig_and_grad_cam_are_those_of_autograd(images: nn.Trainer) -> None:
    """|slope|, Captum's integrated gradients (x·Σ wᵢ·slope at αᵢ·x) and Grad-CAM by PyTorch, pixel by pixel."""
    torch = pytest.importorskip("torch")
    own = {name: torch.tensor(value.copy()) for name, value in images.parameters().items()}

    def forward(x: Any) -> tuple[Any, Any]:
        kernel = own["0.weight"].permute(3, 2, 0, 1)
        maps = torch.relu(torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), kernel, own["0.bias"]))
        flat = torch.nn.functional.max_pool2d(maps, 2).permute(0, 2, 3, 1).flatten(1)
        return maps, flat @ own["4.weight"] + own["4.bias"]

    question = ask(images, Asked(4))
    label = int(question.answer.direction.argmax())
    x = torch.tensor(question.x.astype(np.float64), requires_grad=True)
    maps, answers = forward(x)
    slope, at_maps = torch.autograd.grad(answers[0, label], (x, maps))
    _, saliency, _ = make_view(images, "saliency", 4)
    assert isinstance(saliency, Attribution)
    np.testing.assert_allclose(saliency.values, slope[0, :, :, 0].abs().numpy(), atol=1e-12)
    nodes, weights = np.polynomial.legendre.leggauss(50)
    total = torch.zeros_like(x)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        along = (node * x).detach().requires_grad_(True)
        total = total + weight * torch.autograd.grad(forward(along)[1][0, label], along)[0]
    np.testing.assert_allclose(integrate(question)[0], (x * total)[0].detach().numpy(), atol=1e-12)
    cam = torch.relu((at_maps.mean((2, 3), keepdim=True) * maps).sum(1))[0].detach().numpy()
    np.testing.assert_allclose(make_grad_cam(images, Asked(4)).values, stretch(cam, (8, 8)), atol=1e-6)


def test_grad_cam_weighs_maps_by_their_mean_slope() -> None:
    """Two maps with mean slopes 2 and −1: ReLU of twice the first less the second; stretching keeps ends and means."""
    maps = np.array([[[1.0, 0.0], [0.0, 3.0]]])
    slopes = np.array([[[1.0, -2.0], [3.0, 0.0]]])
    assert weigh_maps(maps, slopes).tolist() == [[2.0, 0.0]]
    stretched = stretch(np.array([[0.0, 4.0]]), (1, 8))
    assert stretched[0, [0, -1]].tolist() == [0.0, 4.0]
    assert stretched.mean() == pytest.approx(2.0)
    assert (np.diff(stretched[0]) >= 0).all()


def test_occlusion_is_the_fall_of_the_answer(table: nn.Trainer, images: nn.Trainer) -> None:
    """For a column at its mean, and for a pixel as the mean over the windows that cover it."""
    question = ask(table, Asked(5))
    fill = table.split.train.x.mean(axis=0)
    for column, fall in enumerate(cover_parts(question, fill, 100)):
        changed = question.x.copy()
        changed[0, column] = fill[column]
        assert fall == pytest.approx(question.score(question.x)[0] - question.score(changed)[0], abs=1e-9)
    question = ask(images, Asked(5))
    values, size = cover_windows(question, (8, 8, 1), 100)
    assert size == 2
    falls = []
    for y in (3, 4):
        for x in (6, 7)[: 1 if y else 2]:
            changed = question.x.copy()
            changed[0, y - 1 : y + 1, x : x + 2] = 0
            falls.append(question.score(question.x)[0] - question.score(changed)[0])
    assert values[3, 7] == pytest.approx(np.mean(falls), abs=1e-9)  # two windows cover this pixel of the last column


def test_permutation_importance_is_the_mean_fall_over_shuffles(table: nn.Trainer) -> None:
    """As NumPy finds it with the same permutations; a column that means nothing counts least."""
    _, output, _ = make_view(table, "permutation importance")
    assert isinstance(output, Importance)
    part = table.split.validation
    assert part is not None

    def accuracy(x: Array) -> float:
        return float((table.answers(x).argmax(axis=1) == part.y).mean())

    falls = np.empty((REPEATS, 3))
    for repeat in range(REPEATS):
        order = rng.permutation(table.settings.seed, repeat, len(part))
        for column in range(3):
            shuffled = part.x.copy()
            shuffled[:, column] = part.x[order, column]
            falls[repeat, column] = accuracy(part.x) - accuracy(shuffled)
    np.testing.assert_allclose(output.falls, falls.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(output.spreads, falls.std(axis=0), atol=1e-12)
    assert output.falls.argmin() == 2


def test_partial_dependence_is_the_mean_answer_with_one_column_set(table: nn.Trainer) -> None:
    """At each value of the grid, in the column's own unit, over all validation rows."""
    _, output, _ = make_view(table, "partial dependence", 0, place=1)
    assert isinstance(output, Dependence)
    part = table.split.validation
    assert part is not None
    assert output.column == "width"
    scaler = table.split.scaler
    for k in (0, 17, len(output.x) - 1):
        x = part.x.astype(np.float64)
        x[:, 1] = (output.x[k] - scaler.offset[1]) / scaler.scale[1]
        chances = np.exp(table.answers(x.astype(np.float32)))
        means = (chances / chances.sum(axis=1, keepdims=True)).mean(axis=0)
        assert [line[k] for _, line in output.lines] == pytest.approx(means.tolist(), abs=1e-5)


def test_categories_are_columns() -> None:
    """All inputs of a category are shuffled together, set one at a time, and never half changed."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 3, 90)
    x = np.concatenate([np.eye(3)[kind], random.normal(size=(90, 1))], axis=1)
    columns = (
        Column("kind", "one_hot", ("kind=a", "kind=b", "kind=c"), ("a", "b", "c")),
        Column("size", "number", ("size",)),
    )
    names = ("kind=a", "kind=b", "kind=c", "size")
    trainer = trained("linear 6, tanh, linear 2", x, (kind == 1).astype(np.int64), feature_names=names, columns=columns)
    assert [column.name for column in input_columns(trainer)] == ["kind", "size"]
    _, output, _ = make_view(trainer, "partial dependence", 0)
    assert isinstance(output, Dependence)
    assert output.categories == ("a", "b", "c")
    assert output.x.tolist() == [0, 1, 2]
    assert "a" in text_of(drawing_records()[Dependence].draw(output, 60, 12, Look()))
    example = next(k for k, row in enumerate(trainer.split.validation.x) if row[1] == 0)  # type: ignore[union-attr]
    _, changed, _ = make_view(trainer, "smallest change", example, place=1)
    assert isinstance(changed, Change)
    assert {detail.partition(" → ")[2] for detail in changed.details} <= {"0", "1"}
    _, whole, _ = make_view(trainer, "smallest change", example)
    assert isinstance(whole, Change)
    assert set(whole.names) <= {"size"}


def test_nearest_rows_are_those_of_smallest_distance(table: nn.Trainer) -> None:
    """In the layer that is chosen, by Euclidean distance among all training rows."""
    _, output, shown = make_view(table, "nearest training rows", 7)
    assert isinstance(output, Neighbours)
    assert shown.places == ("1 tanh", "2 linear", "0 linear", "input")
    part = table.split.validation
    assert part is not None
    said, mine = (table.forward(x, ["eval.1.output"])["eval.1.output"] for x in (table.split.train.x, part.x[7:8]))
    distances = np.sqrt(((said - mine) ** 2).sum(axis=1))
    assert [each.row for each in output.found] == np.argsort(distances, kind="stable")[:12].tolist()
    assert output.found[0].distance == pytest.approx(distances.min())


def test_a_training_row_is_not_its_own_neighbour() -> None:
    """Where examples are training rows, each of the others can be found, and never the example."""
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    trainer = nn.Trainer(nn.Network("linear 2"), nn.Dataset(x, np.arange(6) % 2), batch_size=6)
    _, output, _ = make_view(trainer, "nearest training rows", 3)
    assert isinstance(output, Neighbours)
    assert sorted(each.row for each in output.found) == [0, 1, 2, 4, 5]


def test_gradient_ascent_activates_a_unit_within_the_range_of_training_rows(images: nn.Trainer) -> None:
    """The made input is answered more strongly than the mean row, and no number leaves the range of training rows."""
    prober = ask(images, Asked(0)).prober
    made = ascend(images, prober, 1, 40)
    start = images.split.train.x.mean(axis=0, keepdims=True)
    direction = unit_direction(prober, 1)
    assert (prober.answers(made[None]) * direction).sum() > (prober.answers(start) * direction).sum() + 1
    assert (made <= images.split.train.x.max(axis=0) + 1e-6).all()
    assert (made >= images.split.train.x.min(axis=0) - 1e-6).all()


def test_the_smallest_change_of_a_plane_is_the_way_to_it() -> None:
    """A linear network's boundary is a plane: the change is the perpendicular to it, as long as the distance."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)) * 3
    trainer = trained("linear 2", x, (x[:, 0] - 2 * x[:, 1] > 0).astype(np.int64), epochs=10)
    prober = ask(trainer, Asked(0)).prober
    weight, bias = (trainer.parameters()[name] for name in ("0.weight", "0.bias"))
    normal, offset = weight[:, 1] - weight[:, 0], float(bias[1] - bias[0])
    for row in trainer.split.train.x[:5].astype(np.float64):
        label = int(trainer.answers(row[None]).argmax())
        changed = turn(trainer, prober, row, label)
        assert changed is not None
        assert int(trainer.answers(changed[None]).argmax()) != label
        distance = abs(row @ normal + offset) / float(np.sqrt(normal @ normal))
        assert float(np.linalg.norm(changed - row)) == pytest.approx(distance, rel=0.05)


def test_one_column_may_be_enough(table: nn.Trainer) -> None:
    """A change of one column leaves the others as they are, and the nearest value that turns the answer is taken."""
    column = input_columns(table)[0]
    turned = 0
    for row in table.split.train.x[:8].astype(np.float64):
        label = int(table.answers(row[None]).argmax())
        changed = turn_by_column(table, row, label, column)
        if changed is not None:
            turned += 1
            assert changed[1:].tolist() == row[1:].tolist()
            assert int(table.answers(changed[None]).argmax()) != label
            step = np.ptp(table.split.train.x[:, 0]) / 399
            before = changed - step * np.sign(changed - row)
            assert abs(changed - row).max() < step or int(table.answers(before[None]).argmax()) == label
    assert turned > 2


def test_a_regression_is_asked_about_its_targets() -> None:
    """Integrated gradients of a linear network are weight times input, for the target that is chosen."""
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2))
    y = np.stack([2 * x[:, 0], x[:, 1] - x[:, 0]], axis=1).astype(np.float32)
    trainer = trained("linear 2", x, y, target_names=("left", "right"))
    _, output, shown = make_view(trainer, "integrated gradients", 1, place=1)
    assert isinstance(output, Attribution)
    assert shown.places == ("left", "right")
    part = trainer.split.validation
    assert part is not None
    np.testing.assert_allclose(output.values, part.x[1] * trainer.parameters()["0.weight"][:, 1], atol=1e-6)
