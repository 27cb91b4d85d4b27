"""Pictures of shapes with the class of every pixel, for segmentation."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.generated.shapes import SCENE_FIELDS, draw_pictures, make_scene, to_inputs
from nnplay.data.record import DatasetRecord
from nnplay.fields import integer


def make(samples: int, noise: float, seed: int, size: int, colours: str, kinds: int, objects: int) -> Dataset:
    """Pictures (size, size, 1 or 3) and labels per pixel (size, size): 0 is background, then one class a shape."""
    scene = make_scene(size, colours, kinds, objects, noise)
    scenes = draw_pictures(scene, samples, seed)
    classes = ("background", *scene.shapes)
    return Dataset(to_inputs(scenes), scenes["masks"].astype(np.int64), name="shapes_masks", class_names=classes)


RECORD = DatasetRecord(
    name="shapes_masks",
    title="Shapes, pixel by pixel",
    task="classification",
    fields=(*SCENE_FIELDS, integer("objects", 2, "maximum number of shapes per image", low=1, high=6)),
    make=make,
    about="The images of 'shapes', with a class for every pixel: background, or the shape it belongs to.",
    segments=True,
    when="For segmentation: fully convolutional networks and U-Nets.",
)
