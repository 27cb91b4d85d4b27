"""How classes, or the values of a quantity, are shared out between the parts of a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.profile.columns import visible
from nnplay.data.profile.profile import Profile
from nnplay.detection.objects import object_labels
from nnplay.text import clean, figure, percent

#: Intervals that a quantity is divided into.
_INTERVALS: Final = 8
#: What is shared out where rows have objects in them.
OBJECTS: Final = "class of object"
#: What is shared out where each pixel has a class.
PIXELS: Final = "class of pixel"


@dataclass(frozen=True, slots=True)
class Share:
    """One class, or one interval of a quantity.

    Attributes:
        name: of the class; the interval as "12.5 to 25".
        rows: how many rows each part has of it; labels, where each row has several.
    """

    name: str
    rows: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Balance:
    """All classes or intervals.

    Attributes:
        title: what is shared out: "class", or the name of the target.
        totals: of each part.
    """

    title: str
    shares: tuple[Share, ...]
    totals: tuple[int, int, int]

    @property
    def heading(self) -> str:
        """What stands above the counts."""
        each = {"class": "rows of each class", PIXELS: "pixels of each class", OBJECTS: "objects of each class"}
        return each.get(self.title, f"values of {self.title}")


def share_text(rows: int, total: int) -> str:
    """So many rows of a part as per cent: "33 %", and "<1 %" where that would be rounded to nothing."""
    return "<1 %" if 0 < 200 * rows < total else percent(rows / total)


def measure_balance(profile: Profile, target: int = 0) -> Balance:
    """The balance of the classes, or of the values of the target with that number."""
    data, parts = profile.data, profile.part_numbers
    if data.task == "classification":
        labels = data.y.reshape(len(data), -1).astype(np.int64)
        title = "class" if data.y.ndim < 3 else PIXELS
        return _balance(title, tuple(visible(clean(name)) for name in data.class_names), labels, parts)
    if data.task == "detection":
        labels, rows = object_labels(data.y)
        return _balance(OBJECTS, tuple(clean(name) for name in data.class_names), labels, parts[rows])
    values = data.y[:, target].astype(np.float64)
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, high, _INTERVALS + 1) if high > low else np.array([low, high])
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    names = tuple(f"{figure(edges[place])} to {figure(edges[place + 1])}" for place in range(len(edges) - 1))
    return _balance(clean(data.target_names[target]), names, bins[:, None], parts)


def _balance(title: str, names: tuple[str, ...], labels: NDArray[Any], parts: NDArray[np.int8]) -> Balance:
    counts = [np.bincount(labels[parts == part].ravel(), minlength=len(names)) for part in range(3)]
    shares = tuple(
        Share(name, (int(counts[0][place]), int(counts[1][place]), int(counts[2][place])))
        for place, name in enumerate(names)
    )
    return Balance(title, shares, (int(counts[0].sum()), int(counts[1].sum()), int(counts[2].sum())))
