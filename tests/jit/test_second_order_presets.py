"""What the presets of the walks promise, on small versions that take moments."""

from __future__ import annotations

import pytest

from nnplay.presets.catalogue import load_preset


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_sinc_is_right_to_the_last_decimals(seed: int) -> None:
    """20,000 points within a mean squared error of 1e-8, in at most 100 trials."""
    preset = load_preset("sinc_second_order").changed(seed=seed)
    trainer = preset.trainer()
    preset.train(trainer)
    assert trainer.evaluate("train")["loss"] <= 1e-8


def test_the_run_of_a_second_order_optimizer_is_double_precision_and_whole() -> None:
    """A run file that names one gets all rows in every step and float64; what it says itself stays."""
    preset = load_preset("sinc_second_order").changed(data={"samples": 64})
    trainer = preset.trainer()
    assert (trainer.settings.dtype, trainer.settings.batch_size) == ("float64", "all")
    single = preset.changed(training={"real": "float32"}).trainer()
    assert single.settings.dtype == "float32"
    trainer.run(steps=20)
    assert trainer.evaluate("train")["loss"] < 1e-3


def test_a_step_too_far_grows_the_loss_and_lbfgs_crosses_the_valley() -> None:
    """The two presets on surfaces do what they teach."""
    high = load_preset("lr_too_high").trainer()
    first = high.evaluate("train")["loss"]
    high.run(steps=40)
    assert high.evaluate("train")["loss"] > 100 * first
    race = load_preset("optimizer_race").trainer()
    race.run(steps=60)
    assert race.evaluate("train")["loss"] < 1e-12
