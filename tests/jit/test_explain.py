"""Explanations in numbers: the parts of an update add up to it, and those of a gradient to the gradient."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nnplay as nn
from nnplay.explain.batch_rows import divide_among_rows
from nnplay.explain.update_shares import divide_update
from nnplay.explain.weight import Weight
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.players import optimizer_of, player_of, rate_of
from nnplay.records.registry import optimizer_records
from tests.small_players import game, objectives
from tests.small_trainer import same, trainer

_INDEX = (1, 2)


def _walked(optimizer: str, layers: str = "linear 4, tanh, linear 2", **settings: object) -> Inspector:
    """An inspector of a small run after some steps, so that its optimizer has a state."""
    walked = trainer(layers=layers, optimizer=optimizer, **settings)
    walked.run(steps=6)
    return Inspector(walked)


def _update(inspector: Inspector) -> int:
    return Weight("0.weight", _INDEX).rows_of_update(inspector)[-1]


_BY_TENSOR = [
    name
    for name, record in optimizer_records().items()
    if record.by_tensor((4,)) is not None or record.whole is not None
]
#: Those that take all rows in every step, which a run of classes by batches refuses.
_WHOLE = [name for name, record in optimizer_records().items() if record.whole is not None]


@pytest.mark.parametrize("name", sorted(set(optimizer_records()) - set(_BY_TENSOR)))
def test_the_parts_of_an_update_add_up_to_the_change(name: str) -> None:
    """Of every optimizer's elementwise rule: gradient, what is kept and decay together are how far the weight moves."""
    decay = " weight_decay=0.1" if any(f.name == "weight_decay" for f in optimizer_records()[name].fields) else ""
    inspector = _walked(f"{name}{decay}")
    row = Weight("0.bias", (2,)).rows_of_update(inspector)[-1]
    before, after = inspector.before_and_after(row, "0.bias")
    shares = divide_update(inspector, row, "0.bias", (2,))
    change = float(after["parameters"][2]) - float(before["parameters"][2])
    assert shares.gradient + shares.kept + shares.decay == pytest.approx(change, rel=1e-3, abs=1e-7)


def test_the_parts_of_sgd_are_its_terms() -> None:
    """w ← w − lr·(momentum·v + g + λ·w): each part is one term of the sum."""
    inspector = _walked("sgd lr=0.1 momentum=0.9 weight_decay=0.01")
    row = _update(inspector)
    values, (before, _) = inspector.values(row, "0.weight"), inspector.before_and_after(row, "0.weight")
    shares = divide_update(inspector, row, "0.weight", _INDEX)
    g, w, v = (float(x[_INDEX]) for x in (values["gradients"], before["parameters"], before["momentum_buffer"]))
    assert shares.gradient == pytest.approx(-0.1 * g, rel=1e-6)
    assert shares.kept == pytest.approx(-0.1 * 0.9 * v, rel=1e-6)
    assert shares.decay == pytest.approx(-0.1 * 0.01 * w, rel=1e-5)


@pytest.mark.parametrize("layers", ["linear 4, tanh, linear 2", "linear 4, batch_norm, tanh, linear 2"])
def test_the_rows_of_a_batch_add_up_to_the_gradient(layers: str) -> None:
    """What each row of the batch gives to a weight's gradient, summed, is the gradient that the step computes."""
    inspector = _walked("sgd", layers)
    row = next(k for k, one in enumerate(inspector.rows) if one.writes[0].name == "d0.weight")
    shares = divide_among_rows(inspector, row, _INDEX)
    assert shares is not None
    assert len(shares) == inspector.n
    assert float(shares.sum()) == pytest.approx(float(inspector.values(row)["dweight"][_INDEX]), rel=1e-4, abs=1e-7)


def test_the_rows_of_a_batch_add_up_through_partial_sums() -> None:
    """The gradient of a kernel is put together from sums over parts of the batch; its rows are found behind these."""
    pictures = nn.Dataset(np.random.default_rng(0).random((12, 5, 5, 2), np.float32), np.arange(12) % 2)
    inspector = _walked("sgd", "conv2d 3 padding=same, relu, flatten, linear 2", data=pictures, batch_size=6)
    index = (1, 2, 0, 1)
    row = next(k for k, one in enumerate(inspector.rows) if one.writes[0].name == "d0.weight")
    shares = divide_among_rows(inspector, row, index)
    assert shares is not None
    assert len(shares) == 6
    name = inspector.rows[row].operation.writes[0]
    assert float(shares.sum()) == pytest.approx(float(inspector.values(row)[name][index]), rel=1e-4)


def test_an_explanation_leaves_the_step_as_it_was() -> None:
    """What explains a step changes nothing of it: afterwards the run goes on with the same bits."""
    walked, twin = _walked("adam"), _walked("adam")
    Weight("0.weight", _INDEX).explain_step(walked)
    walked.trainer.run(steps=3)
    twin.trainer.run(steps=3)
    assert same(walked.trainer, twin.trainer)


def test_a_frozen_weight_is_said_to_be_frozen() -> None:
    """A layer that is not trained has no update to explain."""
    inspector = _walked("sgd", "linear 4, tanh, linear 2", frozen="0")
    (sentence,) = Weight("0.weight", _INDEX).explain_step(inspector).sentences
    assert "frozen" in sentence


def test_clipping_is_told_with_both_gradients() -> None:
    """Where a clip cut the gradient, the explanation says from what to what."""
    inspector = _walked("sgd", clip_norm=1e-3)
    text = " ".join(Weight("0.weight", _INDEX).explain_step(inspector).sentences)
    assert "Clipping the gradient's norm cut it from" in text


@pytest.mark.parametrize("name", sorted(set(_BY_TENSOR) - set(_WHOLE)))
def test_an_update_by_tensors_is_left_to_the_inspector(name: str) -> None:
    """What moves a tensor as a whole has no parts of one weight; its change and its rows are told all the same."""
    found = Weight("0.weight", _INDEX).explain_step(_walked(name))
    assert "as a whole" in " ".join(found.sentences)
    assert found.place is not None


@pytest.mark.parametrize("name", ["0.weight", "generator.0.weight"])
def test_a_players_gradient_is_divided_among_its_passes(name: str) -> None:
    """Real rows, made rows and the penalty each gave what the tape added in their rows; its own rate is told."""
    penalty = {"name": "penalty", "path": ["discriminator"], "gradient_norm": 0, "adds_to": "discriminator"}
    inspector = Inspector(game(objectives=[*objectives(), penalty], optimizer={"name": "sgd", "lr": 0.01}).trainer())
    inspector.trainer.run(steps=5)
    inspector.begin()
    index, parts, before = (1, 2), {}, 0.0
    for number, row in enumerate(inspector.rows):
        if row.writes[0].name in (f"d{name}", f"dgenerator.{name}"):
            after = float(inspector.values(number)[row.operation.writes[0]][index])
            player = player_of(inspector, number)
            parts[player] = parts.get(player, 0.0) + after - before
            before = after
    said = " ".join(Weight(name, index).explain_step(inspector).sentences)
    update = Weight(name, index).rows_of_update(inspector)[0]
    if name == "0.weight":
        words = {"discriminator": "the rows of the batch", "discriminator, made": "the loss 'made'"}
        words["discriminator, penalty"] = "the loss 'penalty'"
        told = dict(re.findall(r"([+−-][\d.e−-]+) by (the rows of the batch|the loss '\w+')", said))
        assert {word: float(number.replace("−", "-")) for number, word in told.items()} == {
            words[player]: pytest.approx(part, rel=0.02) for player, part in parts.items()
        }
        assert rate_of(inspector, update) == pytest.approx(0.01)
    else:
        assert list(parts) == ["generator"]
        assert optimizer_of(inspector, update).values["momentum"] == 0.9
        assert rate_of(inspector, update) == pytest.approx(0.05)
        assert "he momentum" in said
        assert re.search(r"Its gradient is .*: rows? \d+ .* of the batch pushed most", said)
