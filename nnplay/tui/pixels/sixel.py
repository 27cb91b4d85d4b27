"""Sixels: a picture as bands of six lines, one run of signs for each colour of a band (DEC STD 070)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.tui.theme.palette import rgb

_BAND: Final = 6
_FIRST: Final = 63
_REPEATED: Final = 3


def encode_sixels(levels: NDArray[np.int64], colours: Sequence[str]) -> str:
    """Levels (h, w), each an index into at most 256 colours; pixels that are not drawn stay as they are."""
    tall, broad = levels.shape
    used = np.unique(levels).tolist()
    parts = [f'\x1bP0;1q"1;1;{broad};{tall}']
    for number, level in enumerate(used):
        red, green, blue = (round(part * 100 / 255) for part in rgb(colours[level]))
        parts.append(f"#{number};2;{red};{green};{blue}")
    numbers = np.searchsorted(used, levels)
    for top in range(0, tall, _BAND):
        band = numbers[top : top + _BAND]
        lines = []
        for number in np.unique(band).tolist():
            bits = ((band == number) * (1 << np.arange(len(band)))[:, None]).sum(axis=0)
            lines.append(f"#{number}{_runs(bits)}")
        parts.append("$".join(lines) + "-")
    return "".join(parts) + "\x1b\\"


def _runs(bits: NDArray[np.int64]) -> str:
    """Signs for columns of six pixels, equal neighbours counted; what is empty at the end is left out."""
    last = np.flatnonzero(bits)
    bits = bits[: int(last[-1]) + 1] if len(last) else bits[:0]
    starts = np.flatnonzero(np.diff(bits, prepend=-1))
    counts = np.diff(starts, append=len(bits))
    return "".join(
        f"!{count}{chr(_FIRST + bit)}" if count > _REPEATED else chr(_FIRST + bit) * count
        for count, bit in zip(counts.tolist(), bits[starts].tolist(), strict=True)
    )
