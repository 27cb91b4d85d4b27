"""A discriminator that is also told what its real rows are: "class" as the target of a head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.cli.run_outline import outline
from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.inspector.gradient_check import Checker
from nnplay.tape.machines.interpreter import InterpretedMachine
from tests.small_players import GAME, game, objectives
from tests.small_trainer import same

HEAD: dict[str, Any] = {
    "name": "kinds",
    "path": ["kind"],
    "at": "discriminator.1",
    "target": "class",
    "loss": "cross_entropy",
    "adds_to": "discriminator",
}


def told(head: dict[str, Any] | None = None, **changes: Any) -> RunConfig:
    """The small game with a head that tells two kinds of real rows, with some entries of its tables changed."""
    networks = {**GAME["networks"], "kind": {"layers": "linear 2"}}
    first = {
        "objective": {"trains": ["kind"]},
        "networks": networks,
        "objectives": [*objectives(), {**HEAD, **(head or {})}],
    }
    return game(**{**first, **changes})


#: Real is what looks like one of the kinds: one network with two losses, the second in its midst.
ANY_KIND = {
    "layers": "linear 6, tanh, linear 2 name=kinds, difference[identity | log_softmax], reshape 2x1, global_avg_pool",
    "objective": {"name": "discriminator"},
    "networks": GAME["networks"],
    "objectives": [*objectives(), {**HEAD, "path": [], "at": "discriminator.kinds"}],
}


def test_the_head_learns_what_real_rows_are() -> None:
    """The head finds the right one of two lumps from the trunk's features, though every row's own target is 1."""
    trainer = told().trainer()
    trainer.run(steps=150)
    train, weights = trainer.split.train, trainer.parameters()
    assert train.kinds is not None
    assert set(train.y) == {1}
    features = trainer.forward(train.x, ["eval.1.output"])["eval.1.output"]
    found = (features @ weights["kind.0.weight"] + weights["kind.0.bias"]).argmax(axis=1)
    assert (found == train.kinds).mean() > 0.95


@pytest.mark.parametrize(("changes", "weight"), [({}, "kind.0.weight"), (ANY_KIND, "kinds.weight")])
def test_gradients_and_rows_with_classes_are_right(changes: dict[str, Any], weight: str, tmp_path: Path) -> None:
    """The interpreter's numbers, differences of the loss, and a session that keeps the bits."""
    config = told(training={"batch_size": 16, "threads": 1, "real": "float64"}, **changes)
    assert RunConfig.from_dict(config.to_dict()) == config
    trainer, plain = config.trainer(), config.trainer(machine=InterpretedMachine)
    trainer.run(steps=5)
    plain.run(steps=5)
    assert np.allclose(trainer.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    with nn.Session.new(tmp_path / "told.nnplay", config.to_dict()) as session:
        session.trainer.run(steps=5)
        session.save()
    with nn.Session.open(tmp_path / "told.nnplay") as session:
        assert same(trainer, session.trainer)
    checker = Checker(trainer)
    for parameter in (weight, "0.weight"):
        assert checker.check(parameter, elements=8).worst < 1e-5, parameter


def test_the_outline_says_what_the_head_is_compared_with() -> None:
    """As one of the losses that the discriminator lowers."""
    config = told()
    assert any("against the row's class" in line for line in outline(config, config.load()))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (lambda: told(objective={"name": "discriminator", "target": "data", "trains": ["kind"]}), "no class besides"),
        (lambda: told(data={"name": "plane", "samples": 60}), "no class besides"),
        (lambda: told({"loss": "mse"}), "mse compares no classes.*cross_entropy"),
        (lambda: told(networks={**GAME["networks"], "kind": {"layers": "linear 3"}}), "2 classes need.*linear 2"),
    ],
)
def test_classes_that_are_not_there_are_refused(config: Any, message: str) -> None:
    """No classes, a loss that is about numbers, an answer of another width: a sentence, before anything is trained."""
    with pytest.raises(InputError, match=message):
        config().trainer()
