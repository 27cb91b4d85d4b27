"""What the output pane can show of a run's answers: one immutable record for each form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
#: A class and how likely the network finds it.
Chance = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """Which view is shown, and what in it.

    Attributes:
        view: its name.
        views: names of all views that suit the task.
        item, items: which of how many examples, targets or pictures; (0, 1) where there is nothing to choose.
        noun: what is counted.
        name: of the target that is shown; empty where there is one only.
    """

    view: str = ""
    views: tuple[str, ...] = ()
    item: int = 0
    items: int = 1
    noun: str = "example"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """One input, one output: the curve and the examples."""

    x: Floats
    y: Floats
    points_x: Floats
    points_y: Floats
    kind: Literal["fit"] = "fit"


@dataclass(frozen=True, slots=True)
class Scatter:
    """Regression: predicted against true values of one target, in original units."""

    true: Floats
    predicted: Floats
    kind: Literal["scatter"] = "scatter"


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each class (row) was taken for each (column), and the worst mistakes in words."""

    matrix: NDArray[np.int64]
    labels: tuple[str, ...]
    worst: tuple[str, ...]
    kind: Literal["confusion"] = "confusion"


@dataclass(frozen=True, slots=True)
class Images:
    """Pictures (n, h, w) or (n, h, w, 3) with true and predicted classes, mistakes first; `wrong` counts those."""

    images: Floats
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    wrong: int = 0
    kind: Literal["images"] = "images"


@dataclass(frozen=True, slots=True)
class Masks:
    """One picture whose every pixel has a class.

    Attributes:
        image: (h, w) or (h, w, 3).
        true, predicted: class indices (h, w).
        labels: names of the classes.
        overlaps: intersection over union for each class; NaN for one that is neither there nor predicted.
    """

    image: Floats
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    labels: tuple[str, ...]
    overlaps: tuple[float, ...]
    kind: Literal["masks"] = "masks"


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture that is wanted, and the one that the network gives, both (h, w) or (h, w, 3), in original units."""

    wanted: Floats
    given: Floats
    kind: Literal["pair"] = "pair"


@dataclass(frozen=True, slots=True)
class Series:
    """One example over time.

    Attributes:
        lines: names and values (steps,) of what the network sees, or of what is wanted and what it answers.
        true, predicted: what is wanted and what it answers, as text.
        right: whether the class is right; True for numbers.
        next: true and predicted value of a later step, where the target continues the line.
        ahead: how many steps after the last one seen that is.
        goes_on: the values behind the last one seen, true ones and those of a network that is fed with its own answers.
        chances: what the network finds likely, the likeliest first.
    """

    lines: tuple[tuple[str, Floats], ...]
    true: str
    predicted: str
    right: bool = True
    next: tuple[float, float] | None = None
    ahead: int = 1
    goes_on: tuple[Floats, Floats] | None = None
    chances: tuple[Chance, ...] = ()
    kind: Literal["series"] = "series"


@dataclass(frozen=True, slots=True)
class Tokens:
    """One example of symbols: what is seen, what is wanted and what is answered, each at each place or once."""

    seen: tuple[str, ...]
    true: tuple[str, ...]
    predicted: tuple[str, ...]
    chances: tuple[Chance, ...] = ()
    kind: Literal["tokens"] = "tokens"


@dataclass(frozen=True, slots=True)
class Writing:
    """What the network writes when it goes on from `start` letter by letter."""

    start: str
    text: str
    kind: Literal["writing"] = "writing"


Output = Fit | Scatter | Confusion | Images | Masks | Pair | Series | Tokens | Writing
