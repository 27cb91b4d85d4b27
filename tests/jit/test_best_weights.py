"""The weights of the best validation epoch: found, kept at the end, said, saved, and reached through time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.cli.main import main
from nnplay.config import RunConfig
from nnplay.config.defaults import PATIENCE
from nnplay.config.fit import complete_for_screen
from nnplay.health import findings
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving.session import Session
from nnplay.text import figure
from nnplay.training.best_weights import copy_weights, find_best_epoch
from nnplay.training.stopping import Stops
from nnplay.training.trainer import Trainer
from nnplay.training.whole_run import train_to_end

TABLE = Path(__file__).parents[1] / "pure" / "tables" / "overfit_default.csv"
RUN = {"data": {"file": str(TABLE), "target": "score"}}


def wait(happened: Callable[[], object]) -> None:
    """Waits for the training thread."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def best_by_hand(epochs: int) -> tuple[int, dict[str, Any]]:
    """The best epoch of a run and its weights, by looking after each."""
    trainer: Trainer = RunConfig.from_dict(RUN).trainer()
    found: tuple[float, int, dict[str, Any]] = (np.inf, 0, {})
    for epoch in range(1, epochs + 1):
        trainer.run(epochs=1)
        loss = float(trainer.history["validation_loss"].last[-1])
        if loss < found[0]:
            found = loss, epoch, copy_weights(trainer)
    return found[1], found[2]


@pytest.fixture(scope="module")
def kept() -> Session:
    """A run on a file, trained to its end."""
    session = Session.new(None, RUN)
    session.train()
    return session


def test_a_run_on_a_file_ends_by_itself_with_its_best_weights(kept: Session) -> None:
    """Patience ends it before its last epoch; the weights in place are those of the epoch with the lowest loss."""
    trainer = kept.trainer
    assert (kept.config.stop["patience"], kept.config.stop["keep_best"]) == (PATIENCE, True)
    assert PATIENCE < trainer.epoch < kept.config.epochs
    epoch, weights = best_by_hand(trainer.epoch)
    best = find_best_epoch(trainer)
    assert best is not None
    assert (best.epoch, best.step) == (epoch, epoch * trainer.batches) == (trainer.epoch - PATIENCE, best.step)
    for name, values in trainer.tensors().items():
        np.testing.assert_array_equal(values, weights[name])
    assert trainer.evaluate("validation")["loss"] == pytest.approx(best.loss, rel=1e-6)


def test_the_scores_of_the_case_generalise(kept: Session) -> None:
    """A table that a network learns by heart at fixed epochs: the test rows are explained better than by their mean."""
    assert kept.trainer.evaluate("test")["r2"] > 0.1


def test_health_speaks_of_the_weights_that_are_in_place(kept: Session) -> None:
    """The run has learned, and is not still learning; the loss named is that of the best epoch, not of the last one."""
    trainer, best = kept.trainer, find_best_epoch(kept.trainer)
    assert best is not None
    (learned,) = [item.sentence for item in findings(trainer, best.step) if item.key == "" and item.level == "good"]
    curve = trainer.history["train_loss"]
    then = float(curve.last[curve.steps.tolist().index(best.step)])
    assert learned.startswith("learned: the train loss fell from ")
    assert learned.endswith(f" to {figure(then)} at epoch {best.epoch}, whose weights are in place")
    assert figure(then) != figure(float(curve.last[-1]))


def test_what_somebody_chose_stays() -> None:
    """Own epochs have no patience, a switch that is off stays off, and sets that come along are as they were."""
    split = RunConfig.from_dict(RUN).load()

    def stop_of(**changes: Any) -> dict[str, Any]:
        return dict(RunConfig.from_dict({**RUN, **changes}).completed(split).stop)

    assert stop_of(epochs=30) == {"keep_best": True}
    assert stop_of(stop={"keep_best": "no"}) == {"patience": PATIENCE, "keep_best": False}
    assert stop_of(stop={"patience": 0}) == {"patience": 0, "keep_best": True}
    assert stop_of(stop={"loss": 0.5}) == {"loss": 0.5, "keep_best": True}
    assert stop_of(split={"train": 0.8, "validation": 0, "test": 0.2}) == {"patience": PATIENCE, "keep_best": True}
    alone = RunConfig.from_dict({**RUN, "split": {"train": 0.8, "validation": 0, "test": 0.2}})
    assert dict(alone.completed(alone.load()).stop) == {}
    spiral = RunConfig.from_dict({"data": "spiral"})
    assert dict(spiral.completed(spiral.load()).stop) == {}
    for table in (RUN, {**RUN, "stop": {"patience": 0}}):
        done = RunConfig.from_dict(table).completed(split)
        assert done.completed(split) == done == RunConfig.from_dict(done.to_dict())


def test_a_run_that_gets_no_better_keeps_its_last_weights() -> None:
    """Where the last epoch is the best, nothing is put in place of its weights; broken off, nothing is either."""
    trainer: Trainer = RunConfig.from_dict(RUN).trainer()
    end = train_to_end(trainer, Stops(keep_best=True), 1)
    assert end.best is not None
    assert (end.best.epoch, end.best.step) == (1, trainer.step)
    before = copy_weights(trainer)
    assert train_to_end(trainer, Stops(keep_best=True), 9, after=lambda trainer: True).broken_off
    assert any((values != before[name]).any() for name, values in trainer.tensors().items())


def test_training_on_must_beat_the_weights_that_were_kept(kept: Session) -> None:
    """More epochs at a rate that ruins the network end with the weights of before."""
    session = Session.new(None, RUN)
    session.train()
    weights = copy_weights(session.trainer)
    session.trainer.set(lr=0.3)
    end = train_to_end(session.trainer, Stops(keep_best=True), 5)
    assert end.best is not None
    assert end.best.step <= session.trainer.step - 5 * session.trainer.batches
    for name, values in session.trainer.tensors().items():
        np.testing.assert_array_equal(values, weights[name])


def test_weights_keep_the_name_of_their_epoch_when_training_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that goes on without getting better has the same best epoch as before, in memory and from its file."""
    path = str(tmp_path / "run.nnplay")
    assert main(["train", str(TABLE), "--target", "score", "--json", "--save", path]) == 0
    first = json.loads(capsys.readouterr().out)
    for more in range(1, 3):
        assert main(["train", path, "--epochs", "1", "--json"]) == 0
        then = json.loads(capsys.readouterr().out)
        assert then["epoch"] == first["epoch"] + more
        assert (then["best_epoch"], then["best_step"]) == (first["best_epoch"], first["best_step"])
        assert then["validation"] == first["validation"]
    session = Session.new(None, RUN)
    before = session.train().best
    session.config = session.config.changed({"epochs": 1})
    assert before is not None
    assert session.train().best == before._replace(loss=pytest.approx(before.loss))


def test_the_command_line_says_which_epoch_was_best(capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence and as JSON; `--keep-best no` scores the last weights."""
    assert main(["train", str(TABLE), "--target", "score", "--no-plot"]) == 0
    said = capsys.readouterr().out
    assert "stopped early: validation loss did not fall for 30 epochs" in said
    assert "; its weights are kept\nscores with the weights of step " in said
    assert main(["train", str(TABLE), "--target", "score", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best_epoch"] == found["epoch"] - PATIENCE
    assert found["validation"]["loss"] == pytest.approx(min(found["history"]["validation_loss"]["value"]), rel=1e-5)
    assert main(["train", str(TABLE), "--target", "score", "--json", "--keep-best", "no"]) == 0
    last = json.loads(capsys.readouterr().out)
    assert "best_epoch" not in last
    assert last["validation"]["loss"] == pytest.approx(last["history"]["validation_loss"]["value"][-1], rel=1e-5)


def test_a_session_keeps_the_best_weights_and_its_past(tmp_path: Path, kept: Session) -> None:
    """It opens with them, in Python and in the playground, which says whose they are; all steps are within reach."""
    session = Session.new(None, RUN)
    session.train()
    session.save(tmp_path / "run.nnplay")
    session.close()
    opened = Session.open(tmp_path / "run.nnplay")
    opened.close()
    best = find_best_epoch(kept.trainer)
    assert best is not None
    assert opened.config.stop == kept.config.stop
    for name, values in opened.trainer.tensors().items():
        np.testing.assert_array_equal(values, kept.trainer.tensors()[name])
    backend = PlaygroundBackend()
    try:
        backend.open(str(tmp_path / "run.nnplay"))
        wait(lambda: backend.snapshot.step == kept.trainer.step)
        assert backend.snapshot.kept_step == best.step
        for step in (best.step, kept.trainer.step - 1, kept.trainer.step):
            backend.goto("step", step)
            wait(lambda step=step: backend.snapshot.step == step)
        assert backend.snapshot.kept_step == best.step
        assert backend.snapshot.validation_loss == pytest.approx(best.loss)
        trainer = backend.worker.trainer
        assert trainer is not None
        for name, values in trainer.tensors().items():
            np.testing.assert_array_equal(values, kept.trainer.tensors()[name])
    finally:
        backend.stop()


def test_the_playground_ends_with_the_best_weights_and_goes_on_from_them(kept: Session) -> None:
    """The same bits as on the command line; the losses that are shown are those of the weights; space trains on."""
    config = RunConfig.from_dict(RUN)
    assert complete_for_screen(config, config.load()).epochs > 0
    backend = PlaygroundBackend(config)
    try:
        backend.run()
        wait(lambda: backend.snapshot.finished)
        now, best = backend.snapshot, find_best_epoch(kept.trainer)
        assert best is not None
        assert (now.step, now.kept_step) == (kept.trainer.step, best.step)
        assert f"best epoch {best.epoch} of {kept.trainer.epoch}; its weights are kept" in now.message
        assert now.validation_loss == pytest.approx(best.loss)
        trainer = backend.worker.trainer
        assert trainer is not None
        for name, values in trainer.tensors().items():
            np.testing.assert_array_equal(values, kept.trainer.tensors()[name])
        backend.epoch()
        wait(lambda: backend.snapshot.epoch == now.epoch + 1)
        assert backend.snapshot.kept_step == backend.snapshot.step
    finally:
        backend.stop()


@pytest.mark.parametrize(("scale", "said"), [("standard", True), ("none", False)])
def test_the_units_of_the_loss_are_said_where_they_are_others(
    scale: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of targets that are scaled the loss is in other units than the errors beside it."""
    command = ["train", str(TABLE), "--target", "score", "--scale-target", scale, "--epochs", "1", "--no-plot"]
    assert main(command) == 0
    assert ("loss is of scaled targets; mae and rmse are in the target's units\n" in capsys.readouterr().out) is said
