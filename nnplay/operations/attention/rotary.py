"""Rotary positions: queries and keys are turned by how far along the sequence they stand (Su et al., 2021).

The score of a query and a key then depends on their contents and on how far apart they stand. Neighbouring features are
a pair, as in the paper and in torchtune; Llama's code pairs the first half of a head with the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import Field, flag
from nnplay.kernels.abi import CLOCK_STEP
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.operands import dimension, integer, pointer, share, shifted
from nnplay.operations.attention.heads import Heads
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term
from nnplay.text import counted

Array = NDArray[Any]


def rotary_field() -> Field:
    """Whether queries and keys are turned."""
    return flag("rotary", False, "turn queries and keys by their position, which replaces a positional encoding")


def rotary_integers(heads: Heads) -> dict[str, int]:
    """The integers of the rows below.

    Raises:
        InputError: a head has an odd number of features, which cannot be paired.
    """
    if heads.depth % 2:
        what = f"rotary positions turn pairs of features, but each head has {counted(heads.depth, 'feature')}"
        raise InputError(what, hint="give each head an even number of features")
    return {"turned": heads.wide + heads.narrow, "depth": heads.depth}


def _rotate(back: bool, kept: bool) -> Operation:
    source, target = ("dqkv", "dprojected") if back else ("projected", "qkv")
    sign = ("+", "−") if back else ("−", "+")
    return Operation(
        name="turn gradients back" if back else "turn queries and keys",
        kernel=_turning(back, kept),
        reads=(source, "waves"),
        writes=(target,),
        reference=_turned_back if back else _turned,
        formula=(
            f"{target}[2i] = {source}[2i]·cos[t,i] {sign[0]} {source}[2i+1]·sin[t,i], "
            f"{target}[2i+1] = {source}[2i+1]·cos[t,i] {sign[1]} {source}[2i]·sin[t,i]; values stay"
        ),
        words=(
            "What was turned forwards is turned back by the same angle."
            if back
            else "Pairs of features turn with the position, so a query meets a key by how far apart they stand."
        ),
        element=_element_back if back else _element,
        integers=("turned", "depth"),
        uses_clock=kept,
        torch="autograd" if back else "torchtune.modules.RotaryPositionalEmbeddings",
    )


def _turned(
    x: Array, waves: Array, turned: int, depth: int, sign: int = 1, clock: Mapping[str, int] | None = None
) -> Array:
    first = 0 if clock is None else clock["step"]
    table = waves[first : first + x.shape[1]]
    sine, cosine = np.repeat(table[:, ::2], 2, axis=1), np.repeat(table[:, 1::2], 2, axis=1)
    pairs = x[..., :turned].reshape(*x.shape[:2], -1, depth)
    crossed = np.stack([-pairs[..., 1::2], pairs[..., ::2]], axis=-1).reshape(pairs.shape) * sign
    rotated = pairs * cosine[:, None] + crossed * sine[:, None]
    return np.concatenate([rotated.reshape(*x.shape[:2], turned), x[..., turned:]], axis=2).astype(x.dtype)


def _turned_back(x: Array, waves: Array, turned: int, depth: int) -> Array:
    return _turned(x, waves, turned, depth, sign=-1)


def _element(
    at: tuple[int, ...], x: Named, waves: Named, turned: int, depth: int, sign: int = 1,
    clock: Mapping[str, int] | None = None,
) -> Term:  # fmt: skip
    n, t, c = at
    if c >= turned:
        return x[at] * 1.0
    pair, place = c % depth // 2 * 2, t if clock is None else t + clock["step"]
    sine, cosine = waves[place, pair], waves[place, pair + 1]
    if (c % 2 == 0) == (sign > 0):
        return x[at] * cosine - x[n, t, c + (1 if c % 2 == 0 else -1)] * sine
    return x[at] * cosine + x[n, t, c + (1 if c % 2 == 0 else -1)] * sine


def _element_back(at: tuple[int, ...], x: Named, waves: Named, turned: int, depth: int) -> Term:
    return _element(at, x, waves, turned, depth, sign=-1)


def _turning(back: bool, kept: bool) -> Kernel:
    def turn(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y[2i] = x[2i]·cos ∓ x[2i+1]·sin, y[2i+1] = x[2i+1]·cos ± x[2i]·sin, for x, y (N, T, W), waves (T, depth).

        Values, which stand behind queries and keys, are copied. Turning back is the backward of turning.
        """
        N, T, W = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2)
        turned, depth = integer(row, 0), integer(row, 1)
        first = clock[CLOCK_STEP] if kept else 0
        start, stop = share(row, part, N * T)
        for r in range(start, stop):
            x, y = shifted(pointer(row, memory, 0), r * W), shifted(pointer(row, memory, 2), r * W)
            waves = shifted(pointer(row, memory, 1), (first + r % T) * depth)
            for c in range(0, turned, 2):
                sine, cosine = waves[c % depth], waves[c % depth + 1]
                if back:
                    sine = -sine
                y[c] = x[c] * cosine - x[c + 1] * sine
                y[c + 1] = x[c + 1] * cosine + x[c] * sine
            for c in range(turned, W):
                y[c] = x[c]

    return Kernel(f"{__name__}:turn{'_back' if back else ''}{'_kept' if kept else ''}", turn)


#: The row that turns queries and keys, the same for one step whose position is the clock's, and the backward row.
ROTATE: Final = _rotate(False, kept=False)
ROTATE_KEPT: Final = _rotate(False, kept=True)
ROTATE_BACK: Final = _rotate(True, kept=False)
