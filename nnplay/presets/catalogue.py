"""The presets that come with nnplay, found by scanning this folder for TOML files."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnplay.errors import unknown
from nnplay.presets.preset import Preset

_FOLDER: Final = Path(__file__).resolve().parent
#: Groups in the order in which they are listed.
GROUPS: Final = (
    "first steps",
    "curves and tables",
    "digits",
    "images",
    "sequences",
    "two players",
    "lessons",
)
#: The order in which presets of a group are read, as in a course: what a text calls "the same" comes before it. Presets
#: that are not named here come behind them.
ORDER: Final = (
    *("perceptron", "perceptron_xor", "xor", "circle", "moons", "spiral", "regression_plane"),
    *("iris", "wine", "breast_cancer", "diabetes", "sql_shop", "sine_curve", "sinc_second_order"),
    *("digits8", "two_class_images", "digits_mlp28", "digits_second_order", "lenet"),
    *("siamese_digits", "autoencoder", "vae_digits"),
    *("mini_vgg", "mini_inception", "mini_resnet", "squeeze_excite", "fcn_shapes", "unet_shapes", "fast_fcn"),
    *("detector", "faster_rcnn", "mask_rcnn"),
    *("sine_forecast", "sounds_cnn1d", "adding_rnn", "adding_lstm", "adding_gru", "echo_rnn", "echo_lstm"),
    *("characters_lstm", "tiny_transformer", "tiny_gpt", "dates_attention", "video_directions", "video_directions_3d"),
    *("gan_ring", "gan_won", "gan_collapse", "gan_dead", "gan_digits"),
    *("overfitting", "overfitting_more_data", "overfitting_l2", "overfitting_dropout", "overfitting_early_stopping"),
    *("vanishing_gradients", "exploding_gradients", "deep_with_skips", "deep_without_skips"),
    *("highway", "stochastic_depth", "lr_too_high", "optimizer_race", "sharp_and_flat"),
)


@functools.cache
def preset_records() -> MappingProxyType[str, Preset]:
    """All presets by name, group by group, each in the order of a course; others behind them, quick ones first."""
    found = [read(_FOLDER / f"{name}.toml") for name in _names()]
    place = {name: number for number, name in enumerate(ORDER)}
    found.sort(key=lambda one: (GROUPS.index(one.group), place.get(one.name, len(ORDER)), one.seconds, one.name))
    return MappingProxyType({preset.name: preset for preset in found})


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


def load_preset(name: str) -> Preset:
    """The preset called `name`.

    Raises:
        InputError: there is none; the hint names the nearest.
    """
    if name not in _names():
        raise unknown("preset", str(name), preset_records())
    return read(_FOLDER / f"{name}.toml")


def preset_text(name: str) -> str:
    """The TOML file of a preset as it stands, to be read, copied and changed.

    Raises:
        InputError: there is no such preset.
    """
    return (_FOLDER / f"{load_preset(name).name}.toml").read_text(encoding="utf-8")


@functools.cache
def read(path: Path) -> Preset:
    """The preset in a file; its name is the file's."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Preset(name=path.stem, **table.pop("preset"), table=table)
