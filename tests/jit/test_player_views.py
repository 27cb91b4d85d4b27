"""What is shown of two players, and what is said of games that go wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.health import findings
from nnplay.health.evidence import gather_evidence
from nnplay.health.judge import health_rules
from nnplay.presets.catalogue import load_preset
from nnplay.training.made_rows import divergences
from nnplay.training.trainer import Trainer
from nnplay.views.choosing import make_view, views_of
from nnplay.views.kinds import made_images, made_points
from tests.small_players import game


@pytest.mark.parametrize("place", ["points", "arrows", "manifold"])
def test_the_plane_of_two_players_is_the_first_view(place: str) -> None:
    """Real and made points, a field of the discriminator's answers or of the sheet's density, and arrows on request."""
    trainer = game().trainer()
    trainer.run(steps=3)
    _, shown, chosen = make_view(trainer, 0, place=place)
    assert chosen.view == "made points"
    assert isinstance(shown, made_points.MadePoints)
    assert shown.made.shape == (500, 2)
    assert (shown.arrows is not None) == (place == "arrows")
    assert 0 <= shown.js <= 1
    if place == "arrows":
        assert shown.arrows is not None
        higher = trainer.answers(trainer.split.inputs(shown.made[:60] + 0.01 * shown.arrows))
        lower = trainer.answers(trainer.split.inputs(shown.made[:60] - 0.01 * shown.arrows))
        assert (higher >= lower).all()


def test_divergences_are_0_for_the_same_points_and_1_bit_for_points_apart() -> None:
    """Two clouds that share no cell are one bit of Jensen-Shannon divergence apart."""
    points = np.random.default_rng(0).uniform(0, 0.4, (2000, 2))
    low, high = np.zeros(2), np.ones(2)
    assert divergences(points, points, low, high) == (0.0, 0.0)
    kl, js = divergences(points, points + 0.5, low, high)
    assert kl > 1
    assert 0.8 < js <= 1


def test_a_latent_plane_is_walked_place_by_place() -> None:
    """Samples, the plane as a grid, and one picture at each of its places, which a step changes."""
    trainer = load_preset("vae_digits").changed(data={"samples": 120}, epochs=1).trainer()
    assert "made pictures" in [view.name for view in views_of(trainer)]
    found = {}
    for place, item in (("samples", 0), ("latent plane", 0), ("walk", 0), ("walk", 1)):
        _, shown, chosen = make_view(trainer, "made pictures", item, place=place)
        assert isinstance(shown, made_images.MadeImages)
        found[place, item] = shown.images
        assert (chosen.items > 1) == (place == "walk")
    assert found["samples", 0].shape == (36, 28, 28)
    assert not np.array_equal(found["walk", 0], found["walk", 1])


def _said(trainer: Trainer) -> set[str]:
    evidence = gather_evidence(trainer)
    return {name for name, rule in health_rules().items() if rule.examine(evidence) is not None}


@pytest.mark.parametrize(
    ("name", "rule", "steps"),
    [
        ("gan_collapse", "mode_collapse", 3000),
        ("gan_won", "discriminator_won", 1000),
        ("gan_dead", "dead_generator", 4200),
    ],
)
def test_a_game_that_goes_wrong_is_named_with_a_cure(name: str, rule: str, steps: int) -> None:
    """Each failure of a preset is found, and what the finding would change can be changed."""
    preset = load_preset(name)
    trainer = preset.trainer()
    trainer.run(steps=steps)
    assert rule in _said(trainer)
    mended: Any = next(finding.mend for finding in findings(trainer) if finding.rule == rule)
    changed = preset.config.changed(mended)
    assert changed != preset.config
    changed.players.check()


def test_players_are_no_trend_and_rows_called_real_no_imbalance() -> None:
    """Rules about falling losses and rare classes have nothing to say of a game."""
    trainer = game().trainer()
    trainer.run(steps=20)
    said = {finding.rule for finding in findings(trainer)}
    assert not said & {"imbalance", "few_rows", "learning", "overfitting"}
