"""The colours of the light and the dark theme, with blue and orange for sign as TensorFlow Playground has them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

LEVELS = 16
"""Steps of the signed colour scale; more of them cost bytes that the eye does not see."""

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)  # a part of the key of each cached style: compared as an object
class Palette:
    """One theme's colours as `#rrggbb`.

    Attributes:
        negative, neutral, positive: ends and middle of the signed scale that fills surfaces.
        below, above: the same signs where they must stand out from the scale: points, links, curves.
        classes: colours of classes in order, told apart by colour-blind eyes too (after Okabe and Ito).
        series: colours of curves in order.
    """

    name: str
    dark: bool
    background: str
    raised: str
    text: str
    dim: str
    faint: str
    accent: str
    warning: str
    error: str
    negative: str
    neutral: str
    positive: str
    below: str
    above: str
    classes: tuple[str, ...]
    series: tuple[str, ...]

    def scale(self, levels: int = LEVELS) -> tuple[str, ...]:
        """`levels` colours from negative to positive, darkest change of hue in the middle."""
        return _scale(self.negative, self.neutral, self.positive, levels)


@functools.lru_cache(maxsize=16)
def _scale(negative: str, neutral: str, positive: str, levels: int) -> tuple[str, ...]:
    """Worked out once: it is asked for with every cell of a picture."""
    values = [2 * level / (levels - 1) - 1 for level in range(levels)]
    return tuple(blend(neutral, negative if value < 0 else positive, abs(value) ** 0.85) for value in values)


def rgb(colour: str) -> Rgb:
    """`#rrggbb` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def blend(start: str, end: str, share: float) -> str:
    """The colour `share` of the way from `start` to `end`."""
    mixed = (round(a + (b - a) * share) for a, b in zip(rgb(start), rgb(end), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


DARK = Palette(
    name="nnplay-dark",
    dark=True,
    background="#12151c",
    raised="#1c212b",
    text="#d7dbe4",
    dim="#8b93a7",
    faint="#3b4254",
    accent="#5fc3b4",
    warning="#e6c35c",
    error="#e0719c",
    negative="#c8772a",
    neutral="#252a36",
    positive="#2f7fc4",
    below="#ffb25e",
    above="#74bcff",
    classes=(
        "#ffb25e",
        "#74bcff",
        "#5fc3b4",
        "#e0719c",
        "#e6c35c",
        "#b79cf0",
        "#a8b3c7",
        "#c98a6b",
        "#8fd6f0",
        "#d7dbe4",
    ),
    series=("#74bcff", "#ffb25e", "#5fc3b4", "#e0719c", "#e6c35c", "#b79cf0"),
)

LIGHT = Palette(
    name="nnplay-light",
    dark=False,
    background="#fafaf7",
    raised="#ecedea",
    text="#23262e",
    dim="#666c7a",
    faint="#c9ccd2",
    accent="#0d7f73",
    warning="#8a6400",
    error="#b02a68",
    negative="#f0a55c",
    neutral="#f1f0ec",
    positive="#74aee6",
    below="#a85200",
    above="#0a559f",
    classes=(
        "#a85200",
        "#0a559f",
        "#0d7f73",
        "#b02a68",
        "#8a6400",
        "#6743b5",
        "#4c5566",
        "#7d4a2c",
        "#1e7c9c",
        "#23262e",
    ),
    series=("#0a559f", "#b85c00", "#0d7f73", "#b02a68", "#8a6400", "#6743b5"),
)
