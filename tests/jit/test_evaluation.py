"""What a trainer answers: losses and metrics of the parts, predictions, and the curves of epochs."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.training.scores import evaluation
from tests.small_trainer import same, spiral, trainer


def test_evaluating_and_predicting_leave_the_run_alone() -> None:
    """A run that is looked at between its steps has the same bits as one that is not."""
    watched, alone = trainer(), trainer()
    for _ in range(12):
        watched.run(steps=1)
        watched.evaluate("validation")
        watched.predict(watched.split.test.x)
    alone.run(steps=12)
    assert same(watched, alone)


def test_the_loss_of_a_part_is_the_mean_over_its_rows() -> None:
    """Evaluation equals the formula worked in NumPy from the predictions, for a part of more than one batch."""
    made = trainer(spiral(2000), dtype="float64")
    made.run(steps=50)
    part = made.split.train
    z = made.predict(part.x)
    logs = z - z.max(axis=1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    scores = made.evaluate("train")
    assert scores["loss"] == pytest.approx(-logs[np.arange(len(part)), part.y].mean(), rel=1e-9)
    assert scores["accuracy"] == pytest.approx((z.argmax(axis=1) == part.y).mean())


def test_regression_is_scored_in_the_target_s_own_units() -> None:
    """Scaled targets are scaled back before errors are measured."""
    data = nn.load_dataset("diabetes")
    split = data.split(seed=0)
    made = trainer(split, "linear 1", loss="mse", optimizer=nn.Adam(lr=0.05))
    made.run(epochs=60)
    raw = data.y[split.indices.test].ravel()
    predicted = split.scaler.inverse_target(made.predict(split.test.x)).ravel()
    scores = made.evaluate("test")
    assert scores["mae"] == pytest.approx(np.abs(predicted - raw).mean(), rel=1e-5)
    assert scores["rmse"] == pytest.approx(np.sqrt(((predicted - raw) ** 2).mean()), rel=1e-5)
    assert scores["r2"] > 0.3


@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257, 700])
def test_predictions_do_not_depend_on_how_many_are_asked_for(rows: int) -> None:
    """Each row's answer is the same alone and in company."""
    made = trainer()
    x = np.random.default_rng(0).normal(size=(rows, 2)).astype(np.float32)
    answers = made.predict(x)
    assert answers.shape == (rows, 2)
    np.testing.assert_allclose(made.predict(x[-1]), answers[-1:], rtol=1e-6, atol=1e-7)


def test_the_validation_curve_is_what_evaluation_gives() -> None:
    """The loop's own evaluation after an epoch equals `evaluate` at that moment."""
    made = trainer()
    made.run(epochs=4)
    scores = made.evaluate("validation")
    assert float(made.history["validation_loss"].last[-1]) == pytest.approx(scores["loss"], rel=1e-6)
    assert float(made.history["validation_accuracy"].last[-1]) == pytest.approx(scores["accuracy"])


def test_the_training_curve_of_an_epoch_is_the_mean_of_its_steps() -> None:
    """An epoch's training loss is the mean over its rows of the losses of its steps."""
    made = trainer()
    made.run(epochs=1)
    steps = made.history["loss"].last.astype(float)
    rows = np.array([32, 32, 32, 32, 12])
    assert float(made.history["train_loss"].last[-1]) == pytest.approx((steps * rows).sum() / 140, rel=1e-6)


def test_rows_of_another_width_cannot_be_predicted() -> None:
    """The message gives both shapes."""
    with pytest.raises(InputError, match=r"rows of shape \(3,\) where the network takes \(2,\)"):
        trainer().predict(np.zeros((4, 3)))


@pytest.mark.parametrize("loss", ["dice", "mse reduction=sum", "cross_entropy class_weights=1,5 ignore_index=0"])
def test_a_loss_does_not_depend_on_the_blocks_that_are_evaluated(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part evaluated in blocks of 32 rows has the loss that it has in one block; the validation curve too."""
    data = spiral(800)
    whole = trainer(data, loss=loss)
    monkeypatch.setattr(evaluation, "ROWS", 32)
    blocks = trainer(data, loss=loss)
    for made in (whole, blocks):
        made.run(epochs=1)
    assert blocks.machine.tape.layout.evaluation == 32 < whole.machine.tape.layout.evaluation
    for part in ("train", "validation"):
        assert blocks.evaluate(part)["loss"] == pytest.approx(whole.evaluate(part)["loss"], rel=2e-6)
    curves = [float(made.history["validation_loss"].last[-1]) for made in (whole, blocks)]
    assert curves[1] == pytest.approx(curves[0], rel=2e-6)
    assert curves[0] == pytest.approx(whole.evaluate("validation")["loss"], rel=1e-6)


@pytest.mark.parametrize("loss", ["dice", "cross_entropy class_weights=1,5 ignore_index=0"])
def test_blocks_are_defined_as_they_are_compiled(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The definitions in NumPy, which answer while kernels are being compiled, go from block to block alike."""
    whole = trainer(loss=loss)
    monkeypatch.setattr(evaluation, "ROWS", 32)
    defined = trainer(loss=loss, machine=InterpretedMachine)
    rows = [made.machine.evaluate(made._evaluation.rows("train")) for made in (defined, whole)]
    assert rows[0] == pytest.approx(rows[1], rel=2e-6)
