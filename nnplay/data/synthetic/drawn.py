"""Points that the user sets, one by one; in the playground by keys and mouse on the map."""

from __future__ import annotations

import numpy as np

from nnplay.data.dataset import Dataset
from nnplay.data.point_text import MOST_CLASSES, MOST_POINTS, Point, read_points, write_points
from nnplay.data.record import DatasetRecord
from nnplay.data.synthetic._planar import FEATURES, make_classes
from nnplay.errors import InputError
from nnplay.fields import integer, text

#: Characters of a point.
_LONGEST = 16
_LEFT = (
    (-3.5, -1),
    (-2.5, 1),
    (-2, -2.5),
    (-3, 3),
    (-1, -0.5),
    (-4, 1.5),
    (0, -3.5),
    (-4.5, -3),
    (-1.5, 2),
    (-3, -4.5),
)
#: To begin with: two handfuls of points that a line nearly separates, the second across the centre from the first.
BEGINNING = (
    *(Point(x, y, 0) for x, y in _LEFT),
    *(Point(-x, 0.5 - y, 1) for x, y in _LEFT),
    Point(0.5, 4.5, 1),
    Point(2, 4, 1),
    Point(-0.5, -5, 0),
    Point(-2, -4.5, 0),
)


def make(points: str, classes: int, features: str) -> Dataset:
    """The points, in the order in which they were set."""
    found = read_points(points, "drawn, points")
    if not found:
        raise InputError("there is no point to learn from", where="drawn, points", hint="keep one at least")
    labels = np.array([one.label for one in found])
    if labels.max() >= classes:
        hint = f"use classes {int(labels.max()) + 1}"
        raise InputError(f"a point has class {labels.max()}, and there are {classes}", where="drawn, points", hint=hint)
    places = np.array([(one.x, one.y) for one in found])
    return make_classes("drawn", places, labels, features, tuple(str(label) for label in range(classes)))


RECORD = DatasetRecord(
    name="drawn",
    title="Your own points",
    task="classification",
    fields=(
        text(
            "points",
            write_points(BEGINNING),
            "the points: x1,x2:class, with spaces between",
            longest=_LONGEST * MOST_POINTS,
        ),
        integer("classes", 2, "number of classes", low=2, high=MOST_CLASSES),
        FEATURES,
    ),
    make=make,
    about="Points that you set and erase on the map while the network trains: P in the playground.",
    when="To see what a single point does to the decision boundary.",
)
