"""Pictures that a generator or a decoder makes: from fixed noise, or along the first two numbers of its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.made_rows import Generator, fixed_noise, generator_of, in_units, make_rows
from nnplay.training.trainer import Trainer
from nnplay.views.data_form import image_shape
from nnplay.views.images import as_image
from nnplay.views.view import Asked, Output, View

Array = NDArray[Any]
PLACES: Final = ("samples", "latent plane")
_COUNT: Final = 36
_SIDE: Final = 6
_REACH: Final = 2.0


@dataclass(frozen=True, slots=True)
class MadeImages(Output):
    """Pictures (n, h, w) or (n, h, w, 3), and in words where they come from."""

    images: NDArray[np.float32]
    words: str
    across: int


def suits(trainer: Trainer) -> bool:
    """A generator whose rows are pictures."""
    generator = generator_of(trainer)
    return generator is not None and bool(image_shape(trainer)[0])


def make_images(trainer: Trainer, asked: Asked) -> MadeImages:
    """Samples from the same noise at every step, or a grid over two latent numbers."""
    generator = generator_of(trainer)
    if generator is None:
        raise ValueError("this run has no generator")
    if PLACES[asked.place] == "samples":
        noise, words = fixed_noise(trainer, generator, _COUNT), "made from the same noise at every step"
    else:
        noise, words = latent_plane(generator, _SIDE), f"the first two latent numbers from −{_REACH:g} to {_REACH:g}"
    rows = in_units(trainer, make_rows(trainer, generator, noise))
    shape = image_shape(trainer)
    return MadeImages(np.stack([as_image(row, shape) for row in rows]), words, _SIDE)


def latent_plane(generator: Generator, side: int) -> Array:
    """Inputs (side², noise) over the first two latent numbers, the largest second one first; all others 0."""
    reach = _REACH if generator.distribution == "normal" else 1.0
    across = np.linspace(-reach, reach, side)
    latent = np.zeros((side * side, generator.noise))
    latent[:, 0] = np.tile(across, side)
    if generator.noise > 1:
        latent[:, 1] = np.repeat(across[::-1], side)
    return latent


MADE_IMAGES = View(
    "made pictures",
    MadeImages,
    suits,
    make_images,
    about="Pictures that the generator makes of fixed noise; f: a walk over two of its latent numbers.",
    places=lambda trainer: PLACES,
    place="picture",
    order=-1,
)
