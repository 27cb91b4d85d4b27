"""Presets: each is complete, and each quick one reaches its stated score from its stated seed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nnplay.config import RunConfig
from nnplay.data.catalogue import dataset_records
from nnplay.errors import InputError
from nnplay.presets.catalogue import GROUPS, load_preset, preset_records, preset_text
from nnplay.presets.preset import Preset
from nnplay.run.playground import PlaygroundBackend

PRESETS = preset_records()
#: Of other kinds than those that take a fifth of a second at most.
KINDS = ("spiral", "siamese_digits", "sinc_second_order")
#: What is learned in a moment; all others are in tests/slow, and 200 steps of more of them in `test_digests.py`.
QUICK = [name for name, preset in PRESETS.items() if preset.seconds <= 0.2 or name in KINDS]
#: Rows of made data that a preset is opened with here, at most, and of drawn ones: its layers fit more as well.
FEW_ROWS, FEW_DRAWN = 400, 120
PROMISED = (
    *("perceptron", "perceptron_xor", "xor", "circle", "moons", "spiral", "regression_plane", "sine_curve"),
    *(
        "iris",
        "wine",
        "breast_cancer",
        "diabetes",
        "sql_shop",
        "digits8",
        "digits_mlp28",
        "two_class_images",
        "autoencoder",
    ),
    *("overfitting", "overfitting_dropout", "overfitting_l2", "overfitting_early_stopping", "overfitting_more_data"),
    *("vanishing_gradients", "exploding_gradients", "deep_with_skips", "deep_without_skips"),
    *("highway", "siamese_digits", "stochastic_depth", "squeeze_excite"),
    *("lenet", "mini_vgg", "mini_resnet", "mini_inception", "fcn_shapes", "unet_shapes", "fast_fcn"),
    *("detector", "faster_rcnn", "mask_rcnn"),
    *("adding_rnn", "adding_lstm", "adding_gru", "echo_rnn", "echo_lstm", "sine_forecast"),
    *("characters_lstm", "sounds_cnn1d", "tiny_transformer", "tiny_gpt", "dates_attention"),
    *("video_directions", "video_directions_3d"),
    *("sinc_second_order", "digits_second_order", "optimizer_race", "lr_too_high", "sharp_and_flat"),
    *("gan_collapse", "gan_dead", "gan_digits", "gan_ring", "gan_won", "vae_digits"),
)


def test_the_promised_presets_are_there() -> None:
    """Every experiment that the documentation promises is found by the scan, in known groups."""
    assert set(PROMISED) == set(PRESETS)
    assert [preset.group for preset in PRESETS.values()] == sorted(
        (preset.group for preset in PRESETS.values()), key=GROUPS.index
    )
    before = ""
    for preset in PRESETS.values():
        compared = preset.teaches.startswith("The same")
        assert not compared or before == preset.group, f"{preset.name}: the same as what?"
        before = preset.group
    cures = [name for name in PRESETS if name.startswith("overfitting")]
    assert cures[0] == "overfitting"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_say_what_they_are(name: str) -> None:
    """A preset has a title, teaches something, states a score with one bound at least, and reads as a run."""
    preset = PRESETS[name]
    assert preset.title
    assert len(preset.teaches) > 40
    assert preset.at_least > float("-inf") or preset.at_most < float("inf")
    assert preset.config.layers
    assert preset.config.epochs > 0
    again = RunConfig.from_dict(preset.config.to_dict())
    assert again == preset.config


@pytest.mark.parametrize("name", QUICK)
def test_quick_presets_reach_their_score(name: str) -> None:
    """Trained to its end from its stated seed, a preset reaches the score that it states."""
    preset = PRESETS[name]
    trainer = preset.trainer()
    assert preset.train(trainer)
    score = preset.score(trainer)
    assert preset.reached(score), f"{preset.metric} {score:.4f}"


def test_an_unknown_preset_is_refused() -> None:
    """A name that is in no file is refused with the nearest one."""
    with pytest.raises(InputError, match="'spiral'"):
        load_preset("sprial")


def test_the_text_is_the_file() -> None:
    """The text of a preset is TOML with its run and its promise."""
    text = preset_text("perceptron")
    assert 'layers = "linear 2"' in text
    assert "[preset]" in text


def test_a_change_applies_to_a_copy() -> None:
    """A changed preset has another run; the catalogue's own stays as it is."""
    preset = load_preset("perceptron")
    changed = preset.changed(epochs=3, optimizer={"lr": 0.5})
    assert (changed.config.epochs, changed.config.optimizer.values["lr"]) == (3, 0.5)
    assert (preset.config.epochs, preset.config.optimizer.values["lr"]) == (30, 0.1)


def test_training_can_be_stopped() -> None:
    """A preset stops when the listener says so, before its last epoch."""
    preset: Preset = load_preset("perceptron")
    trainer = preset.trainer()
    assert preset.train(trainer, after=lambda trainer: trainer.step >= 20) == "stopped by the user"
    assert trainer.epoch < preset.config.epochs


def test_early_stopping_stops_early() -> None:
    """The preset with patience ends before its last epoch and says why."""
    preset = load_preset("overfitting_early_stopping")
    trainer = preset.trainer()
    assert "stopped early" in preset.train(trainer)
    assert trainer.epoch < preset.config.epochs


@pytest.fixture(scope="module")
def playground() -> Iterator[PlaygroundBackend]:
    """The playground's backend, without a screen."""
    backend = PlaygroundBackend()
    yield backend
    backend.stop()


def with_few_rows(preset: Preset) -> Preset:
    """The preset with no more generated data than show their form."""
    data = preset.config.data
    if not any(field.name == "samples" for field in data.fields):
        return preset
    most = FEW_DRAWN if ".generated." in dataset_records()[data.source].make.__module__ else FEW_ROWS
    return preset.changed(data={"samples": min(most, data.values.get("samples", most))})


@pytest.mark.parametrize("name", PRESETS)
def test_presets_open_in_the_playground(
    name: str, playground: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen in the playground, a preset's settings describe its own run, and every layer of it fits its data."""
    preset = with_few_rows(load_preset(name))
    monkeypatch.setattr("nnplay.run.playground.load_preset", {name: preset}.__getitem__)
    settings = playground.preset(name)
    wanted = preset.config
    assert (settings.layers, settings.data, settings.split) == (wanted.layers, wanted.data, wanted.split)
    assert (settings.optimizer, settings.schedule) == (wanted.optimizer, wanted.schedule)
    assert (settings.seed, settings.title) == (wanted.seed, wanted.title)
    assert wanted.loss is None or settings.loss == wanted.loss
    playground.apply(settings)
    lines = playground.ledger(settings.layer_texts).lines
    assert lines
    assert not [line.problem for line in lines if line.problem]
