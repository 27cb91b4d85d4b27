"""CTC, triplets and pairs: not one cost for each label; held to PyTorch and to a few cases by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.operations.sequences import decode, steps_needed
from nnplay.records.registry import loss_records
from nnplay.training.scores import evaluation, metrics
from nnplay.views.choosing import make_view, views_of
from nnplay.views.kinds.places import Places
from tests.jit.test_losses import network
from tests.records import Bench, Trial

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.mark.torch
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("far", [0.0, 30.0])
def test_ctc_is_that_of_pytorch(reduction: str, far: float) -> None:
    """Loss and gradient of sequences of several lengths, with repeated labels and without any, far from 0 as well."""
    torch = pytest.importorskip("torch")
    record, (T, C) = loss_records()["ctc"], (12, 5)
    bench = Bench(Trial(network(record, (T, C)), (T, C), 6), "float64", loss=record(reduction=reduction), seed=2)
    view, named = bench.machine.view, bench.tape.named
    target = np.array([[1, 2, 3, 4], [2, 2, 2, 0], [3, 0, 0, 0], [0, 0, 0, 0], [4, 4, 1, 1], [1, 0, 0, 0]])
    forward = bench.count("data", "forward")
    bench.run(forward)
    view(named["output"], 6)[...] *= 1.0 + far
    view(named["target"], 6)[...] = target
    bench.run(bench.count("data", "forward", "loss") + 1, forward)
    z = torch.tensor(view(named["output"], 6).copy(), requires_grad=True)
    lengths = torch.tensor((target != 0).sum(axis=1))
    wanted = torch.nn.functional.ctc_loss(
        z.log_softmax(-1).transpose(0, 1), torch.tensor(target), torch.full((6,), T), lengths, reduction=reduction
    )
    wanted.backward()
    np.testing.assert_allclose(view(named["loss"])[0], float(wanted.detach()), rtol=1e-9)
    gradient = next(row.writes[0] for row in bench.tape.train if row.phase == "backward")
    np.testing.assert_allclose(view(gradient, 6), z.grad.numpy(), rtol=1e-7, atol=1e-10)


def test_a_path_says_its_labels_once() -> None:
    """Repetitions are joined, blanks separate, and what needs more steps than there are cannot be said."""
    best = np.array([[1, 1, 0, 1, 2, 2], [0, 0, 0, 0, 0, 0]])
    assert decode(np.eye(3)[best]).tolist() == [[1, 1, 2, 0, 0, 0], [0] * 6]
    assert steps_needed(np.array([[1, 1, 2, 0], [1, 2, 1, 0]])) == 4


def written(rows: int = 80, steps: int = 12) -> nn.Dataset:
    """Pulses of three heights, each followed by a pause: the heights are to be named, in order."""
    drawn = np.random.default_rng(1)
    y = drawn.integers(1, 4, (rows, 3)) * (np.arange(3) < drawn.integers(1, 4, (rows, 1)))
    x = np.zeros((rows, steps, 4))
    for n in range(rows):
        for k, label in enumerate(y[n]):
            x[n, 4 * k + int(drawn.integers(0, 2)), label] = 1.0
    return nn.Dataset(x, y)


def test_a_network_learns_to_spell() -> None:
    """CTC trains from sequences without times, and is scored by whole sequences and by mistakes a label."""
    split = written().split(0.8, 0.0, 0.2, stratify=False)
    made = nn.Trainer(nn.Network("conv1d 8 3 padding=same, relu, linear 4"), split, "ctc", nn.Adam(lr=0.02), seed=1)
    before = made.evaluate("test")
    made.run(epochs=120)
    after = made.evaluate("test")
    assert after["loss"] < 0.2 < before["loss"]
    assert after["accuracy"] > 0.9
    assert after["label_errors"] < 0.05


def test_sequences_that_cannot_be_said_are_refused() -> None:
    """Too few steps, outputs or axes are refused before training, with what is needed."""
    data = written()
    for layers, what in (
        ("conv1d 4 3 stride=4 padding=same", "cannot say"),
        ("linear 3", "4 outputs at every step"),
        ("flatten, linear 4", "every step"),
    ):
        with pytest.raises(InputError, match=what):
            nn.Trainer(nn.Network(layers), data, "ctc")


def test_mistakes_are_insertions_deletions_and_replacements() -> None:
    """The rate of mistakes is Levenshtein's distance a label."""
    true = np.array([[1, 2, 3], [1, 0, 0], [2, 2, 0]])
    found = np.array([[1, 3, 0, 0], [1, 1, 2, 0], [2, 3, 0, 0]])
    assert metrics.sequences(true, found) == {"accuracy": 0.0, "label_errors": 4 / 6}


@pytest.mark.parametrize("loss", ["triplet_margin", "triplet_margin mining=hard", "contrastive margin=2"])
def test_rows_of_a_class_end_up_together(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embeddings of iris: nearly every row's nearest neighbour is of its class; blocks make no difference."""
    split = nn.load_dataset("iris").split(seed=0)
    made = nn.Trainer(nn.Network("linear 8, tanh, linear 2"), split, loss, nn.Adam(lr=0.02), seed=0)
    before = made.evaluate("train")
    made.run(epochs=40)
    after = made.evaluate("train")
    assert after["loss"] < 0.7 * before["loss"]
    assert after["recall@1"] > 0.9
    names = [view.name for view in views_of(made)]
    assert "places" in names
    assert not {"confusion matrix", "predicted vs true", "ROC"} & set(names)
    _, shown, _ = make_view(made)
    assert isinstance(shown, Places)
    assert shown.places.shape == (len(split.validation or ()), 2)
    monkeypatch.setattr(evaluation, "ROWS", 32)
    again = nn.Trainer(nn.Network("linear 8, tanh, linear 2"), split, loss, nn.Adam(lr=0.02), seed=0)
    assert again.evaluate("train")["loss"] == pytest.approx(before["loss"], rel=1e-5)


def test_a_triplet_by_hand() -> None:
    """Three rows on a line: one open triplet, whose gap is its cost, mean over three rows."""
    record = loss_records()["triplet_margin"]
    bench = Bench(Trial(network(record, (1,)), (1,), 3), "float64", loss=record(margin=2.0))
    forward, last = bench.count("data", "forward"), bench.count("data", "forward", "loss")
    bench.run(forward)
    values: tuple[Any, Any] = ([[0.0], [1.0], [2.5]], [0, 0, 1])
    for name, value in zip(("output", "target"), values, strict=True):
        bench.machine.view(bench.tape.named[name], 3)[...] = value
    bench.run(last, forward)
    first, second = max(0.0, 1.0 - 2.5 + 2.0), max(0.0, 1.0 - 1.5 + 2.0)
    assert bench.machine.view(bench.tape.named["loss"])[0] == pytest.approx((first + second) / 3)
