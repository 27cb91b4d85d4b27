"""Images that a generator or a decoder makes: from fixed noise, and along the first two numbers of its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.training.players.made_rows import (
    Generator,
    decode,
    decoder_of,
    fixed_noise,
    generator_of,
    in_units,
    make_rows,
)
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.images import as_image
from nnplay.views.made_over_time import MOST, made_over_time
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
PLACES: Final = ("samples", "latent plane", "walk", "over time")
#: Pictures beside each other in a grid at the most.
_SIDE: Final = 6
#: Samples that are followed over time at the most, and columns that a picture needs to be read.
_ROWS: Final = 5
_WIDE: Final = 9
#: Steps of the walk each way, and how far it leads from the middle.
_STEPS: Final = 15
_REACH: Final = 2.0


@dataclass(frozen=True, slots=True)
class GeneratedImages(Output):
    """Pictures (n, h, w) or (n, h, w, 3), how many are side by side, and in words where they come from."""

    images: NDArray[np.float32]
    across: int
    words: str


def suits(trainer: Trainer) -> bool:
    """A generator or a decoder whose rows are pictures."""
    if not image_shape(trainer)[0]:
        return False
    decoder = decoder_of(trainer)
    decodes = decoder is not None and trainer.plan.output_shape == trainer.split.feature_shape
    return decodes or generator_of(trainer) is not None


def make_images(trainer: Trainer, asked: Asked) -> GeneratedImages:
    """Samples from the same noise at every step, a grid over two latent numbers, or the picture at one place of it."""
    what = PLACES[asked.place]
    generator, side = generator_of(trainer), _side(asked)
    if what == "over time" and generator is not None:
        return _over_time(trainer, generator, asked)
    if what == "samples":
        latent, across, words = None, side, "made of the same noise at every step" + _truncation_words(generator)
    elif what == "latent plane":
        latent, across = _grid(side), side
        words = f"latent numbers 1 and 2, -{_REACH:g} to {_REACH:g}"
    else:
        latent, across = _grid(_STEPS)[asked.item : asked.item + 1], 1
        words = f"latent numbers {latent[0, 0]:.2f}, {latent[0, 1]:.2f}"
    shape = image_shape(trainer)
    return GeneratedImages(np.stack([as_image(row, shape) for row in _make(trainer, latent, side)]), across, words)


def _side(asked: Asked) -> int:
    """Pictures beside and below each other: as many as can be read in the room that there is."""
    return max(2, min(_SIDE, (asked.size[0] + 1) // (_WIDE + 1)))


def _truncation_words(generator: Generator | None) -> str:
    """What is said of noise that is not as wide as in training."""
    return f", {generator.truncation:g} times as wide as in training" if generator and generator.truncation != 1 else ""


def _over_time(trainer: Trainer, generator: Generator, asked: Asked) -> GeneratedImages:
    """A row for each sample: what was generated from its noise at earlier steps, and on the right now."""
    columns, lines = asked.size
    steps_shown = min(MOST, max(2, columns // _WIDE))
    rows = min(_ROWS, max(1, 2 * lines * steps_shown // columns))
    past = made_over_time(trainer, generator, fixed_noise(trainer, generator, rows), asked, steps_shown)
    shape = image_shape(trainer)
    images = [as_image(each.rows[number], shape) for number in range(rows) for each in past]
    steps = ", ".join(f"{each.step:,}" for each in past)
    words = f"at step {steps}" if len(past) > 1 else "now; no earlier step is kept yet"
    return GeneratedImages(np.stack(images), len(past), words)


def _places(trainer: Trainer) -> tuple[str, ...]:
    """Of a decoder, which is fed codes of its own making, no samples over time."""
    return PLACES if generator_of(trainer) is not None else PLACES[:-1]


def _make(trainer: Trainer, places: Array | None, side: int) -> Array:
    """Rows for places (N, 2) of the latent plane, or side² of fixed noise."""
    generator, decoder = generator_of(trainer), decoder_of(trainer)
    if generator is not None:
        size, reach = generator.noise, _REACH if generator.distribution == "normal" else 1.0
        noise = fixed_noise(trainer, generator, _SIDE**2)[: side**2] if places is None else _widen(places, size, reach)
        return in_units(trainer, make_rows(trainer, generator, noise))
    if decoder is None:
        raise ValueError("this run makes no rows")
    drawn = rng.normal(trainer.settings.seed, 0, 0, (_SIDE**2, decoder.size))[: side**2]
    return decode(trainer, decoder, drawn if places is None else _widen(places, decoder.size, _REACH))


def _widen(places: Array, size: int, reach: float) -> Array:
    """Latent rows (N, size) whose first two numbers are the places, and all others 0."""
    rows = np.zeros((len(places), max(2, size)))
    rows[:, :2] = places * (reach / _REACH)
    return rows[:, :size]


def _grid(side: int) -> Array:
    """Places (side², 2), row by row from the top."""
    across = np.linspace(-_REACH, _REACH, side)
    return np.stack([np.tile(across, side), np.repeat(across[::-1], side)], axis=1)


GENERATED_IMAGES = View(
    "generated images",
    GeneratedImages,
    suits,
    make_images,
    about="Images generated from fixed noise; J: the latent plane as a grid, a walk through it, and samples over time.",
    places=_places,
    place="picture",
    item="place",
    count=lambda trainer, place: _STEPS**2 if PLACES[place] == "walk" else 1,
    start=_STEPS**2 // 2,
    order=-1,
)
