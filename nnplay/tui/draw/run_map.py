"""Sizes over a run as a picture: a line for each thing measured, from the first step to the last, in colours by decade.

A column of cells shows the largest size of its steps, or the one before where no step falls into it.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.draw.blocks import Levels, glyphs, half_blocks
from nnplay.tui.draw.number_text import count
from nnplay.tui.theme.look import Look
from nnplay.tui.theme.palette import LEVELS, blend
from nnplay.tui.widgets.cells import Row, fit

Floats = NDArray[np.floating[Any]]
#: Decades below the largest size that are told apart.
_DECADES: Final = 16.0
_NOTHING: Final = 0


def find_decades(*sizes: Floats) -> tuple[float, float]:
    """Exponents of ten around sizes, at most `_DECADES` apart and at least one."""
    every = np.concatenate([np.asarray(each, np.float64).ravel() for each in sizes]) if sizes else np.zeros(0)
    shown = every[np.isfinite(every) & (every > 0)]
    if not shown.size:
        return -1.0, 0.0
    high = math.ceil(math.log10(float(shown.max())) - 1e-9)
    low = math.floor(math.log10(float(shown.min())) + 1e-9)
    return float(max(low, high - _DECADES) if low < high else high - 1), float(high)


def over_steps(sizes: Floats, steps: NDArray[np.int64], width: int) -> Floats:
    """Sizes (k, lines) of some steps as columns (lines, width) of a run from step 0 to the last."""
    found = np.full((width, sizes.shape[1]), np.nan)
    if not len(steps):
        return found.T
    places = np.minimum(steps * width // max(1, int(steps[-1])), width - 1)
    with np.errstate(invalid="ignore"):
        np.fmax.at(found, places, sizes)
    held = np.maximum.accumulate(np.where(np.isin(np.arange(width), places), np.arange(width), 0))
    return found[held].T


def run_map(
    sizes: Floats, steps: NDArray[np.int64], width: int, decades: tuple[float, float], look: Look, tall: int = 2
) -> list[Row]:
    """Lines of sizes (k, lines) over the run, each `tall` pixels high, two of which are a row of cells."""
    levels = np.repeat(_levels(over_steps(sizes, steps, width), decades), tall, axis=0)
    if len(levels) % 2:
        levels = np.concatenate([levels, np.zeros_like(levels[:1])])
    if not look.blocks:
        return glyphs(levels, LEVELS, look)
    return half_blocks(levels, _colours(look), look)


def legend(decades: tuple[float, float], width: int, look: Look) -> Row:
    """What the colours stand for."""
    low, high = (f"{10.0**exponent:.0e}".replace("e-0", "e-").replace("e+0", "e") for exponent in decades)
    shown = (
        np.linspace(1, LEVELS - 1, min(LEVELS - 1, max(1, width - len(low) - len(high) - 2))).round().astype(np.int64)
    )
    [scale] = (half_blocks if look.blocks else _as_glyphs)(np.stack([shown, shown]), _colours(look), look)
    return ((f"{low} ", look.ink("dim")), *scale, (f" {high}", look.ink("dim")))


def step_axis(steps: NDArray[np.int64], width: int, look: Look) -> Row:
    """Below a map: its first and its last step."""
    last = f"step {count(int(steps[-1]))}" if len(steps) else "no step yet"
    return ((fit("0" + last.rjust(max(0, width - 1)), width), look.ink("dim")),)


def _as_glyphs(levels: Levels, colours: list[str], look: Look) -> list[Row]:
    return glyphs(levels, len(colours), look)


def _levels(sizes: Floats, decades: tuple[float, float]) -> Levels:
    """0 where there is nothing to show, else 1 … `LEVELS` - 1 by the exponent; infinities are the highest."""
    low, high = decades
    with np.errstate(all="ignore"):
        exponents = np.log10(np.where(sizes > 0, sizes, np.nan))
    share = np.clip((np.nan_to_num(exponents, nan=low, posinf=high) - low) / (high - low), 0.0, 1.0)
    level = 1 + np.minimum((share * (LEVELS - 1)).astype(np.int64), LEVELS - 2)
    return np.where(np.isnan(sizes), _NOTHING, level)


def _colours(look: Look) -> list[str]:
    """From the ground, for nothing, through a dark to a bright colour and to warm for the largest."""
    palette = look.palette
    middle, ends = LEVELS // 2 + 2, (palette.raised, palette.above, palette.below)
    cool = [blend(ends[0], ends[1], 0.15 + 0.85 * k / (middle - 1)) for k in range(middle)]
    warm = [blend(ends[1], ends[2], (k + 1) / (LEVELS - 1 - middle)) for k in range(LEVELS - 1 - middle)]
    return [palette.background, *cool, *warm]
