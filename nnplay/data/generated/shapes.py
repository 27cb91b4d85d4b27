"""Pictures of one shape each, to be told apart."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.drawing import outlines
from nnplay.data.drawing.outlines import RADII, Scene
from nnplay.data.generated import _blocks
from nnplay.data.generated._blocks import SEED, in_blocks
from nnplay.data.generated_cache import Arrays, load_or_make
from nnplay.data.record import DatasetRecord
from nnplay.fields import choice, integer

SCENE_FIELDS: Final = (
    _blocks.samples(4000, "images"),
    _blocks.noise(0.05, "standard deviation of the noise on each pixel"),
    SEED,
    integer("size", 32, "pixels along each side", low=16, high=128),
    choice("colours", "colour", "three channels or one", ("colour", "grey")),
    integer("kinds", 5, "how many kinds of shapes: " + ", ".join(RADII), low=2, high=len(RADII)),
)


def make(samples: int, noise: float, seed: int, size: int, colours: str, kinds: int) -> Dataset:
    """Pictures (size, size, 1 or 3) from 0 to 1 of one shape each; the class is the shape."""
    scene = make_scene(size, colours, kinds, 1, noise)
    scenes = draw_pictures(scene, samples, seed)
    return Dataset(to_inputs(scenes), scenes["labels"].astype(np.int64), name="shapes", class_names=scene.shapes)


def make_scene(size: int, colours: str, kinds: int, objects: int, noise: float) -> Scene:
    """The scene that the values of the fields describe."""
    return Scene(size, 3 if colours == "colour" else 1, tuple(RADII)[:kinds], objects, noise)


def draw_pictures(scene: Scene, samples: int, seed: int) -> Arrays:
    """Pictures, labels and masks of a scene, from disk if they were drawn before."""
    recipe = {"scene": repr(scene), "samples": samples, "seed": seed}
    sources = tuple(str(module.__file__) for module in (exact, outlines, _blocks))
    return load_or_make(
        recipe, sources, lambda: in_blocks(samples, seed, "pictures", functools.partial(outlines.draw, scene))
    )


def to_inputs(scenes: Arrays) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Pictures of bytes as numbers from 0 to 1."""
    return scenes["pictures"].astype(np.float32) / np.float32(255)


RECORD = DatasetRecord(
    name="shapes",
    title="Shapes",
    task="classification",
    fields=SCENE_FIELDS,
    make=make,
    about="One shape per image, in any colour, size, angle and position: easy to see, impossible for a linear network.",
    when="For colour images, convolutions and pooling.",
)
