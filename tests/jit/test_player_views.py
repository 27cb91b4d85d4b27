"""What is shown of two players, and what is said of games that go wrong."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnplay.cli.report import hopeless
from nnplay.config import RunConfig
from nnplay.config.run_config import Whole
from nnplay.errors import InputError
from nnplay.health import findings
from nnplay.health.evidence import gather_evidence
from nnplay.health.judge import health_rules
from nnplay.health.rules.discriminator_won import DISCRIMINATOR_WON
from nnplay.health.rules.mode_collapse import MODE_COLLAPSE
from nnplay.inspector.inspector import Inspector
from nnplay.network.notation import parse_layers
from nnplay.presets.catalogue import load_preset
from nnplay.run.edit_words import difference
from nnplay.run.moments import find_ways
from nnplay.timeline.timeline import Timeline
from nnplay.training.players import check as players_check
from nnplay.training.players.made_rows import (
    divergences,
    fixed_noise,
    generator_of,
    in_units,
    make_rows,
    scores,
)
from nnplay.training.remake import remake
from nnplay.training.trainer import Trainer
from nnplay.tui.forms.player_entries import grouped, player_changes
from nnplay.views.choosing import make_view, views_of
from nnplay.views.kinds import generated_images, generated_points
from nnplay.views.made_over_time import spread_over
from nnplay.views.view import Asked
from tests.small_players import GAME, game, objectives


@pytest.mark.parametrize("place", ["points", "arrows", "manifold"])
def test_the_plane_of_two_players_is_the_first_view(place: str) -> None:
    """Real and made points, a field of the discriminator's answers or of the sheet's density, and arrows on request."""
    trainer = game().trainer()
    trainer.run(steps=3)
    _, shown, chosen = make_view(trainer, 0, place=place)
    assert chosen.view == "generated points"
    assert isinstance(shown, generated_points.GeneratedPoints)
    assert shown.made.shape == (500, 2)
    assert (shown.arrows is not None) == (place == "arrows")
    assert 0 <= shown.js <= 1
    if place == "arrows":
        assert shown.arrows is not None
        higher = trainer.answers(trainer.split.inputs(shown.made[:60] + 0.01 * shown.arrows))
        lower = trainer.answers(trainer.split.inputs(shown.made[:60] - 0.01 * shown.arrows))
        assert (higher >= lower).all()


def test_a_trail_is_what_the_same_noise_gave_at_earlier_steps() -> None:
    """Its last place is now; each one before it is what the generator made at that step; the run keeps its own bits."""
    timeline = Timeline(game(training={"batch_size": 16, "threads": 1, "real": "float64"}).trainer())
    trainer, made = timeline.trainer, {}
    generator = generator_of(trainer)
    assert generator is not None
    noise = fixed_noise(trainer, generator, 500)[:40]
    while len(timeline.checkpoints) < 4:
        timeline.advance(1)
        made[trainer.step] = in_units(trainer, make_rows(trainer, generator, noise))
    before = trainer.machine.state().copy()
    place = generated_points.PLACES.index("trail")
    shown = generated_points.make_points(trainer, Asked(place=place, ways=lambda: find_ways(timeline)))
    assert shown.trail is not None
    assert len(shown.steps) >= 3
    assert shown.steps[-1] == trainer.step
    for step, points in zip(shown.steps, shown.trail, strict=True):
        if step:
            assert np.allclose(points, made[step], atol=1e-5)
    assert (trainer.machine.state() == before).all()


def test_pictures_over_time_are_those_that_the_same_noise_gave() -> None:
    """A row for each sample, a column for each step from the first on, the present on the right; with their steps."""
    generator_layers = {"generator": {"layers": "linear 64, reshape 8x8x1", "noise": 3}}
    run = game(data=Whole(name="digits"), layers="flatten, linear 1", networks=Whole(generator_layers))
    timeline = Timeline(run.trainer())
    trainer, made = timeline.trainer, {}
    generator = generator_of(trainer)
    assert generator is not None
    rows = 5
    noise = fixed_noise(trainer, generator, rows)
    made[0] = make_rows(trainer, generator, noise)
    while len(timeline.checkpoints) < 3:
        timeline.advance(1)
        made[trainer.step] = make_rows(trainer, generator, noise)
    place = generated_images.PLACES.index("over time")
    shown = generated_images.make_images(trainer, Asked(place=place, size=(120, 40), ways=lambda: find_ways(timeline)))
    steps = [int(word.replace(",", "")) for word in shown.words.removeprefix("at step ").split(", ")]
    assert steps[0] == 0
    assert steps[-1] == trainer.step
    assert shown.across == len(steps) >= 3
    assert len(shown.images) == rows * len(steps)
    for number, image in enumerate(shown.images):
        sample, column = divmod(number, shown.across)
        wanted = in_units(trainer, made[steps[column]])[sample]
        assert np.corrcoef(image.ravel(), wanted.ravel())[0, 1] > 0.999


def test_steps_over_time_begin_with_the_first_and_are_spread() -> None:
    """Not the newest ones, between which little happened; and all where there are few."""
    assert spread_over([0, 5, 9], 10, 7) == [0, 5, 9]
    assert spread_over(list(range(0, 1000, 10)), 1000, 5) == [0, 200, 400, 600, 800]
    assert spread_over([0, 900, 910, 920, 930], 1000, 2) == [0, 900]


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
    assert "generated images" in [view.name for view in views_of(trainer)]
    found = {}
    for place, item in (("samples", 0), ("latent plane", 0), ("walk", 0), ("walk", 1)):
        _, shown, chosen = make_view(trainer, "generated images", item, place=place)
        assert isinstance(shown, generated_images.GeneratedImages)
        found[place, item] = shown.images
        assert (chosen.items > 1) == (place == "walk")
    assert found["samples", 0].shape == (36, 28, 28)
    fewer = generated_images.make_images(trainer, Asked(size=(36, 18)))
    assert (len(fewer.images), fewer.across) == (9, 3)  # of the same noise, as large as can be read
    np.testing.assert_allclose(fewer.images, found["samples", 0][:9], rtol=1e-4, atol=1e-5)
    assert not np.array_equal(found["walk", 0], found["walk", 1])


def _said(trainer: Trainer) -> set[str]:
    evidence = gather_evidence(trainer)
    return {name for name, rule in health_rules().items() if rule.examine(evidence) is not None}


@pytest.mark.parametrize(
    ("name", "rule", "steps"),
    [
        ("gan_collapse", "mode_collapse", 3000),
        pytest.param("gan_won", "discriminator_won", 1000, marks=pytest.mark.slow),  # its cure is applied below
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
    players_check.check(changed.players)


def test_the_cure_of_a_discriminator_that_has_won_lets_the_generator_catch_up() -> None:
    """Applied as the health pane does it, in the middle of the lost game: three of three lumps, and no finding."""
    config = load_preset("gan_won").config
    lost = config.trainer()
    lost.run(steps=600)
    finding = next(finding for finding in findings(lost) if finding.rule == "discriminator_won")
    assert "hold its slope down (R1); train 'generator' in every step, towards 1, by adam too" in finding.sentence
    assert scores(lost)["modes"] == 0
    cured = config.changed(finding.mend)
    trainer, fresh = remake(lost, players=cured.players, optimizer=cured.optimizer)
    assert not fresh
    trainer.run(steps=4000)
    assert scores(trainer)["modes"] == 3
    assert "discriminator_won" not in _said(trainer)


def test_the_cure_of_a_discriminator_that_has_won_says_only_what_there_is_to_change() -> None:
    """No penalty through a layer that takes none, no optimizer for a generator that has the other's already."""
    normed = gather_evidence(game(layers="linear 6, batch_norm, tanh, linear 1").trainer())
    adam = gather_evidence(game(objectives=objectives(optimizer="adam lr=0.1")).trainer())
    said = []
    for evidence in (normed, adam):
        assert evidence.players is not None
        facts = replace(evidence.players, steps=300, real_seen=1.0, made_seen=1.0)
        sign = DISCRIMINATOR_WON.examine(replace(evidence, players=facts))
        assert sign is not None
        said.append(sign.sentence.rpartition("lower its learning rate")[2])
        assert sign.mend["optimizer"] == {"lr": 0.001}
    assert said == ["; train 'generator' by adam too", " and hold its slope down (R1); so 'generator' can follow"]


def test_an_objective_whose_network_is_frozen_is_named() -> None:
    """It would train nothing in silence; one layer that is not frozen is enough."""
    before = game()
    own = before.players.networks["generator"]
    last = len(own.layers) - 1
    for frozen, names in (({0, last}, ("generator",)), ({0}, ())):
        layers = tuple(replace(layer, frozen=place in frozen) for place, layer in enumerate(own.layers))
        players = replace(before.players, networks={"generator": replace(own, layers=layers)})
        trainer = replace(before, players=players).trainer()
        assert gather_evidence(trainer).idle_objectives == names
        assert ("nothing_trains" in _said(trainer)) == bool(names)


@pytest.mark.parametrize(
    ("frozen", "names", "left"),
    [
        ("generator.0 generator.2", ("generator",), ""),
        ("generator.0:0 generator.0:1 generator.0:2 generator.2", ("generator",), ""),
        ("0:1 generator.0:0 generator.0:1 generator.0:2 generator.2:0 generator.2:1", ("generator",), "0:1"),
        ("generator.0:0 generator.0:1 generator.2", (), ""),
        ("0 2", ("discriminator",), ""),
        ("0 2 generator.0 generator.2", ("discriminator", "generator"), ""),
    ],
)
def test_an_objective_frozen_by_a_setting_is_named_with_its_cure(
    frozen: str, names: tuple[str, ...], left: str
) -> None:
    """By whole layers or by all of their units; it is said before the first step, and the cure lets it train."""
    before = game()
    own = before.players.networks["generator"]
    small = replace(own, layers=parse_layers("linear 3, relu, linear 2"))
    players = replace(before.players, networks={"generator": small})
    layers = parse_layers("linear 4, relu, linear 1")
    config = replace(before, players=players, layers=layers, training={**before.training, "frozen": frozen})
    trainer = config.trainer()
    assert tuple(gather_evidence(trainer).idle_objectives) == names
    said = [line for line in hopeless(trainer) if "nothing" in line]
    assert len(said) == bool(names)
    if names:
        assert all(f"'{name}'" in said[0] for name in names)
        mended: Any = next(finding.mend for finding in findings(trainer) if finding.rule == "nothing_trains")
        assert mended == {"training": {"frozen": left}}
        assert not gather_evidence(config.changed(mended).trainer()).idle_objectives


def test_a_collapse_is_said_until_it_is_better() -> None:
    """A game that was changed has as many steps again to spread out; until then there is no second cure."""
    evidence = gather_evidence(game().trainer())
    assert evidence.players is not None
    facts = replace(evidence.players, steps=10, lumps=8, covered=0, real_seen=0.5, made_seen=0.5)
    sign = MODE_COLLAPSE.examine(replace(evidence, step=4000, players=facts))
    assert sign is not None
    assert "0 of 8 lumps; the game was changed 10 steps ago" in sign.sentence
    assert not sign.mend
    better = replace(evidence, step=4000, players=replace(facts, covered=8, spread=1.0))
    assert MODE_COLLAPSE.examine(better) is None
    assert MODE_COLLAPSE.examine(replace(evidence, step=10, players=facts)) is None


def test_players_are_no_trend_and_rows_called_real_no_imbalance() -> None:
    """Rules about falling losses and rare classes have nothing to say of a game."""
    trainer = game().trainer()
    trainer.run(steps=20)
    said = {finding.rule for finding in findings(trainer)}
    assert not said & {"imbalance", "few_rows", "learning", "overfitting"}


def test_settings_of_players_stand_in_the_training_pane() -> None:
    """Layers of the other network, and turns, targets, factors and optimizers of objectives; each can be changed."""
    config = game()
    found = {entry.key: entry for entry in grouped(([], []), [], config)}
    assert found["networks.generator.layers"].typed == "linear 5, tanh, dropout 0.1, linear 2"
    given = {
        "networks.generator.layers": "linear 9, relu, linear 2",
        "objective.every": "2",
        "objectives.made.factor": "0.5",
        "objectives.generator.target": "0",
        "objectives.generator.optimizer": "muon lr=0.0123456789 adjust_lr_fn=match_rms_adamw",
    }
    for key, value in given.items():
        changed = config.changed(player_changes(found[key], value, config))
        assert {entry.key: entry for entry in grouped(([], []), [], changed)}[key].typed.startswith(value)
        words = difference(config, changed)
        owner, name = key.split(".")[-2:]
        assert words.startswith(f"{owner.replace('objective', 'discriminator')} {name} ")
        assert "→" in words


def test_rows_of_a_pass_are_called_by_its_loss() -> None:
    """Real and made rows go through the same layers: the inspector says which, each pass in one piece."""
    inspector = Inspector(game().trainer())
    sections = [view.section for view in inspector.views()]
    backward = [name for name, _ in itertools.groupby(name for name in sections if name.endswith("backward"))]
    assert backward == ["discriminator, made: backward", "discriminator: backward", "generator: backward"]


def test_pixels_of_a_picture_in_a_row_are_not_unscaled() -> None:
    """Pixels from 0 to 1 that vary little, as at the border, are no reason to scale."""
    trainer = load_preset("vae_digits").changed(data={"samples": 120}, epochs=1).trainer()
    assert "unscaled" not in {finding.rule for finding in findings(trainer)}


def test_truncated_samples_come_from_less_noise_and_training_is_as_it_was() -> None:
    """Samples are made of the same noise, half as wide; two steps give the same bits; the setting is written down."""
    layers = GAME["networks"]["generator"]
    whole, half = game(), game(networks={"generator": {**layers, "truncation": 0.5}})
    assert half.to_dict()["networks"]["generator"]["truncation"] == 0.5
    assert RunConfig.from_dict(half.to_dict()) == half
    wide, narrow = whole.trainer(), half.trainer()
    noises = [fixed_noise(trainer, made, 9) for trainer in (wide, narrow) if (made := generator_of(trainer))]
    assert np.array_equal(noises[1], noises[0] / 2)
    for trainer in (wide, narrow):
        trainer.run(steps=2)
    assert np.array_equal(wide.machine.state(), narrow.machine.state())
    with pytest.raises(InputError, match="truncation"):
        game(networks={"generator": {**layers, "truncation": 1.5}})
