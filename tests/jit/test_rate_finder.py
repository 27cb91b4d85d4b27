"""The learning-rate finder: what it leaves behind, which is nothing, and what it suggests."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import load_dataset
from nnplay.errors import InputError
from nnplay.network.network import Network
from nnplay.presets.catalogue import preset_records
from nnplay.training.rate_finder import find_rates, suggest
from nnplay.training.trainer import Trainer


def trainer(optimizer: str = "sgd lr=0.1") -> Trainer:
    """A small run on moons, some batches into its second epoch."""
    made = Trainer(Network("linear 6, tanh, linear 2", seed=1), load_dataset("moons", samples=200), None, optimizer)
    made.run(steps=9)
    return made


@pytest.mark.parametrize("optimizer", ["sgd lr=0.1 momentum=0.9", "adam lr=0.01"])
def test_a_sweep_leaves_the_run_as_it_was(optimizer: str) -> None:
    """Memory, clock, order and curves are the same bits afterwards, and so is what follows."""
    swept, left = trainer(optimizer), trainer(optimizer)
    sweep = find_rates(swept, 1e-5, 1e9, 400)
    assert len(sweep.rates) < 400
    for name, array in left.machine.contents().items():
        assert np.array_equal(swept.machine.contents()[name], array), name
    for made in (swept, left):
        made.run(steps=20)
    assert np.array_equal(swept.machine.state(), left.machine.state())
    assert np.array_equal(swept.history["train_loss"].last, left.history["train_loss"].last)


def test_the_suggestions_lie_where_the_loss_falls() -> None:
    """On a curve that is flat, falls between 1e-4 and 1e-1 and then explodes, all four lie in the fall."""
    rates = np.geomspace(1e-7, 10, 300)
    exponent = np.log10(rates)
    losses = 1.0 - 0.8 / (1 + np.exp(-3 * (exponent + 2.5))) + np.where(exponent > -0.5, (exponent + 0.5) ** 2 * 9, 0)
    found = {one.name: one.rate for one in suggest(rates, losses)}
    assert list(found) == ["valley", "steep", "minimum", "slide"]
    assert 1e-3 < found["steep"] < 1e-2
    assert found["minimum"] == pytest.approx(float(rates[losses.argmin()]) / 10)
    assert all(1e-4 < rate < 1 for rate in found.values()), found


def test_suggestions_that_diverge_or_do_nothing_say_so() -> None:
    """In a ravine where gradient descent diverges from a rate of 0.02 on, exactly those beyond it explode."""
    run = RunConfig.from_dict(preset_records()["lr_too_high"].config.to_dict())
    found = find_rates(run.trainer()).suggestions
    assert {one.name: "it explodes about there" in one.why for one in found} == {
        one.name: one.rate > 0.02 for one in found
    }
    assert {one.name for one in found if one.rate > 0.02} == {"steep", "slide"}
    assert "it has hardly fallen by then" in next(one.why for one in found if one.name == "valley")


@pytest.mark.parametrize(("low", "high"), [(1.0, 0.1), (0.0, 1.0), (1.0, float("inf"))])
def test_a_sweep_goes_up(low: float, high: float) -> None:
    """Rates that do not grow are refused."""
    with pytest.raises(InputError, match="a sweep goes up"):
        find_rates(trainer(), low, high)


def test_an_optimizer_that_searches_has_nothing_to_find() -> None:
    """L-BFGS chooses the lengths of its steps; the hint names optimizers that do not."""
    data = load_dataset("moons", samples=50)
    made = Trainer(Network("linear 2"), data, None, "lbfgs", batch_size="all")
    with pytest.raises(InputError, match="chooses how far"):
        find_rates(made)
