"""The past before an edit stays within reach, whatever was edited; the screen's settings are those of the moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnplay.config import RunConfig
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.saving import saved_run
from tests.jit.test_undo import backend, change, equal, read_everything, train
from tests.small_worker import until

__all__ = ["backend"]

EDITS = {
    "a new layer": change(layers=("linear 6", "tanh", "linear 4", "tanh", "linear 3", "relu", "linear 2")),
    "optimizer": change(optimizer={"name": "sgd"}),
    "features": change(data={"features": "x1, x2, x1^2"}),
    "noise": change(data={"noise": 0.2}),
    "batch": change(training={"batch_size": 7}),
    "rate": change(optimizer={"lr": 0.25}),
    "silent": change(training={"silent": "1:2"}),
}


def chosen(settings: RunConfig) -> dict[str, Any]:
    """What the settings describe, without values that are at their defaults anyway."""
    table = settings.to_dict()
    return {**table, "training": {key: value for key, value in table["training"].items() if value}}


def go(backend: PlaygroundBackend, step: int) -> None:
    """To a step of the past, and what the screen does once it is there."""
    travels = backend.snapshot.travels
    backend.goto("step", step)
    until(lambda: backend.snapshot.step == step and backend.snapshot.travels > travels)
    backend.catch_up()


@pytest.mark.parametrize("name", EDITS)
def test_steps_on_both_sides_of_an_edit_come_back(backend: PlaygroundBackend, name: str) -> None:
    """Back before the edit the old settings and bits are there, forth behind it the new ones; nothing is lost."""
    old = backend.settings
    go(backend, 20)
    early = read_everything(backend)
    go(backend, 40)
    EDITS[name](backend)
    train(backend, 25)
    new, late = backend.settings, read_everything(backend)
    assert chosen(new) != chosen(old)
    go(backend, 20)
    assert (backend.snapshot.first, backend.snapshot.latest) == (0, 65)
    assert len(backend.snapshot.marks) == 1
    assert chosen(backend.settings) == chosen(old)
    tensors = {key: value for key, value in early.items() if not key.startswith("history.")}
    assert equal(
        tensors, {key: value for key, value in read_everything(backend).items() if not key.startswith("history.")}
    )
    go(backend, 65)
    assert chosen(backend.settings) == chosen(new)
    assert equal(late, read_everything(backend))


def test_training_on_before_an_edit_keeps_it_on_a_branch_and_says_so(backend: PlaygroundBackend) -> None:
    """From before the edit the old network goes on; the edit and the later steps stay on a branch."""
    old = backend.settings
    EDITS["a new layer"](backend)
    train(backend, 25)
    go(backend, 30)
    backend.run_for(steps=5)
    until(lambda: backend.snapshot.step == 35 and not backend.snapshot.running)
    assert "35 later steps kept as 'previous run from step 30'" in backend.snapshot.message
    assert (backend.snapshot.latest, backend.snapshot.marks) == (35, ())
    assert chosen(backend.settings) == chosen(old)


def test_a_run_that_is_saved_in_its_past_keeps_the_edit_after_it(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Saved while the user looks at a step before the edit, a session holds the network and the steps after it."""
    EDITS["a new layer"](backend)
    train(backend, 25)
    new = backend.settings.layer_texts
    go(backend, 30)
    backend.save(str(tmp_path / "whole.nnplay"))
    assert (backend.snapshot.step, backend.snapshot.latest) == (30, 65)
    opened = saved_run.read(tmp_path / "whole.nnplay")
    assert opened.trainer.step == 65
    assert len(opened.trainer.plan.layers) == len(new)
