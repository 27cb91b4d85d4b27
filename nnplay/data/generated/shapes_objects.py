"""Pictures of several shapes with a box around each, and its pixels, for detection."""

from __future__ import annotations

import functools
from typing import Final

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.drawing import outlines, scenes
from nnplay.data.drawing.outlines import Scene
from nnplay.data.generated import _blocks
from nnplay.data.generated._blocks import in_blocks
from nnplay.data.generated.shapes import SCENE_FIELDS, make_scene, to_inputs
from nnplay.data.generated_cache import Arrays, load_or_make
from nnplay.data.record import DatasetRecord
from nnplay.detection.objects import join_target
from nnplay.fields import flag, integer

_SIZE: Final = integer("size", 64, "pixels along each side", low=32, high=128)


def make(
    samples: int, noise: float, seed: int, size: int, colours: str, kinds: int, objects: int, masks: bool
) -> Dataset:
    """Pictures (size, size, 1 or 3) and targets (objects, 5), or with masks (objects + size, size)."""
    scene = make_scene(size, colours, kinds, objects, noise)
    drawn = draw_scenes(scene, samples, seed)
    boxes, maps = scenes.take_objects(drawn["labels"], drawn["maps"])
    target = join_target(boxes, maps if masks else None)
    return Dataset(to_inputs(drawn), target, name="shapes_objects", task="detection", class_names=scene.shapes)


def draw_scenes(scene: Scene, samples: int, seed: int) -> Arrays:
    """Pictures, labels and maps of a scene, from disk if they were drawn before."""
    recipe = {"objects of scene": repr(scene), "samples": samples, "seed": seed}
    sources = tuple(str(module.__file__) for module in (exact, outlines, scenes, _blocks))
    return load_or_make(
        recipe, sources, lambda: in_blocks(samples, seed, "pictures", functools.partial(scenes.draw, scene))
    )


RECORD = DatasetRecord(
    name="shapes_objects",
    title="Shapes, one by one",
    task="detection",
    fields=(
        *(_SIZE if field.name == "size" else field for field in SCENE_FIELDS),
        integer("objects", 4, "maximum number of shapes per image", low=1, high=8),
        flag("masks", False, "the pixels of each shape too, not only its box"),
    ),
    make=make,
    about="Up to four shapes per image, which may overlap, with the box, the class and, if asked, the pixels of each.",
    when="For detection: boxes and masks.",
)
