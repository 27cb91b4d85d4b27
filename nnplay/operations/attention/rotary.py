"""Rotary positions: queries and keys are turned by how far along the sequence they stand (Su et al., 2021).

The score of a query and a key then depends on their contents and on how far apart they stand. Pairs are neighbouring
features, as in the paper and in torchtune, or a feature of the first half of a head and one of the second, as in Llama.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.fields import Field, choice, integer
from nnplay.kernels.abi import CLOCK_STEP, ROW_PARTS
from nnplay.kernels.compile.jit import Kernel
from nnplay.kernels.operands import dimension, pointer, ratio, share, shifted, size
from nnplay.kernels.operands import integer as setting
from nnplay.operations.attention.heads import Heads
from nnplay.operations.waves import USUAL_BASE
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term
from nnplay.text import counted

Array = NDArray[Any]


#: How features of a head are paired; `NONE` turns nothing.
NONE: Final = "none"
INTERLEAVED: Final = "interleaved"


def rotary_fields() -> tuple[Field, Field]:
    """How queries and keys are turned, and how fast."""
    what = "turn queries and keys by their position, in pairs of neighbouring features or of both halves of a head"
    base = "slowness of the slowest pair, in radians a step: 1/base, nearly; longer texts need more"
    return (
        choice("rotary", NONE, what, (NONE, INTERLEAVED, "halves")),
        integer("rotary_base", USUAL_BASE, base, low=2, high=10**9),
    )


def rotary_integers(values: Mapping[str, Any], heads: Heads) -> dict[str, int]:
    """The integers of the rows below.

    Raises:
        InputError: a head has an odd number of features, which cannot be paired.
    """
    if heads.depth % 2:
        what = f"rotary positions turn pairs of features, but each head has {counted(heads.depth, 'feature')}"
        raise InputError(what, hint="give each head an even number of features")
    apart = 1 if values["rotary"] == INTERLEAVED else heads.depth // 2
    return {"turned": heads.wide + heads.narrow, "depth": heads.depth, "apart": apart}


def _rotate(back: bool, kept: bool) -> Operation:
    source, target = ("dqkv", "dprojected") if back else ("projected", "qkv")
    sign = ("+", "−") if back else ("−", "+")
    return Operation(
        name="turn gradients back" if back else "turn queries and keys",
        kernel=_turning(back, kept),
        cuda=() if kept else (NumberRow(_turning_cuda(back), gathers=True),),
        reads=(source, "waves"),
        writes=(target,),
        reference=_turned_back if back else _turned,
        formula=(
            f"{target}[a] = {source}[a]·cos[t,i] {sign[0]} {source}[b]·sin[t,i], "
            f"{target}[b] = {source}[b]·cos[t,i] {sign[1]} {source}[a]·sin[t,i], for pair i = (a, b); values stay"
        ),
        words=(
            "What was turned forwards is turned back by the same angle."
            if back
            else "Pairs of features turn with the position, so a query meets a key by how far apart they stand."
        ),
        element=_element_back if back else _element,
        integers=("turned", "depth", "apart"),
        uses_clock=kept,
        torch="autograd" if back else "torchtune.modules.RotaryPositionalEmbeddings",
    )


def _pairs(turned: int, depth: int, apart: int) -> tuple[Array, Array]:
    """Numbers of the features that are the first and the second of a pair, (turned / 2,) each."""
    within = np.arange(depth // 2) * (2 if apart == 1 else 1)
    first = (np.arange(0, turned, depth)[:, None] + within).ravel()
    return first, first + apart


def _turned(
    x: Array, waves: Array, turned: int, depth: int, apart: int, sign: int = 1, clock: Mapping[str, int] | None = None
) -> Array:
    at = 0 if clock is None else clock["step"]
    sine, cosine = (np.tile(waves[at : at + x.shape[1], part::2], turned // depth) for part in (0, 1))
    first, second = _pairs(turned, depth, apart)
    y = x.copy()
    y[..., first] = x[..., first] * cosine - x[..., second] * sine * sign
    y[..., second] = x[..., second] * cosine + x[..., first] * sine * sign
    return y


def _turned_back(x: Array, waves: Array, turned: int, depth: int, apart: int) -> Array:
    return _turned(x, waves, turned, depth, apart, sign=-1)


def _element(
    at: tuple[int, ...], x: Named, waves: Named, turned: int, depth: int, apart: int, sign: int = 1,
    clock: Mapping[str, int] | None = None,
) -> Term:  # fmt: skip
    n, t, c = at
    if c >= turned:
        return x[at] * 1.0
    place, t = c % depth, t if clock is None else t + clock["step"]
    pair, leads = (place // 2, place % 2 == 0) if apart == 1 else (place % apart, place < apart)
    sine, cosine = waves[t, 2 * pair], waves[t, 2 * pair + 1]
    crossed = x[n, at[1], c + (apart if leads else -apart)] * sine
    return x[at] * cosine - crossed if leads == (sign > 0) else x[at] * cosine + crossed


def _element_back(at: tuple[int, ...], x: Named, waves: Named, turned: int, depth: int, apart: int) -> Term:
    return _element(at, x, waves, turned, depth, apart, sign=-1)


def _turning_cuda(back: bool) -> Kernel:
    def turn(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y[a] = x[a]·cos ∓ x[b]·sin, y[b] = x[b]·cos ± x[a]·sin for pairs a, b: every parts-th of y (N, T, W)."""
        x, waves, y = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
        T, W = dimension(row, 0, 1), dimension(row, 0, 2)
        turned, depth, apart = setting(row, 0), setting(row, 1), setting(row, 2)
        at = part
        while at < size(row, 2):
            r = ratio(at, W)
            c = at - r * W
            if c < turned:
                within = c - ratio(c, depth) * depth
                second = within - ratio(within, 2) * 2 if apart == 1 else (1 if within >= apart else 0)
                i = ratio(within, 2) if apart == 1 else within - second * apart
                wave = shifted(waves, (r - ratio(r, T) * T) * depth + 2 * i)
                sine = -wave[0] if back else wave[0]
                if second == 0:
                    y[at] = x[at] * wave[1] - x[at + apart] * sine
                else:
                    y[at] = x[at] * wave[1] + x[at - apart] * sine
            else:
                y[at] = x[at]
            at += row[ROW_PARTS]

    return Kernel(f"{__name__}:turn{'_back' if back else ''}_cuda", turn)


def _turning(back: bool, kept: bool) -> Kernel:
    def turn(row: Any, clock: Any, memory: Any, part: int) -> None:
        """y[a] = x[a]·cos ∓ x[b]·sin, y[b] = x[b]·cos ± x[a]·sin for pairs a, b; x, y (N, T, W), waves (T, depth).

        Values, which stand behind queries and keys, are copied. Turning back is the backward of turning.
        """
        N, T, W = dimension(row, 0, 0), dimension(row, 0, 1), dimension(row, 0, 2)
        turned, depth, apart = setting(row, 0), setting(row, 1), setting(row, 2)
        first = clock[CLOCK_STEP] if kept else 0
        start, stop = share(row, part, N * T)
        for r in range(start, stop):
            x, y = shifted(pointer(row, memory, 0), r * W), shifted(pointer(row, memory, 2), r * W)
            waves = shifted(pointer(row, memory, 1), (first + r % T) * depth)
            for pair in range(turned // 2):
                i = pair % (depth // 2)
                a = pair // (depth // 2) * depth + i * (2 if apart == 1 else 1)
                sine, cosine = waves[2 * i], waves[2 * i + 1]
                if back:
                    sine = -sine
                y[a] = x[a] * cosine - x[a + apart] * sine
                y[a + apart] = x[a + apart] * cosine + x[a] * sine
            for c in range(turned, W):
                y[c] = x[c]

    return Kernel(f"{__name__}:turn{'_back' if back else ''}{'_kept' if kept else ''}", turn)


#: The row that turns queries and keys, the same for one step whose position is the clock's, and the backward row.
ROTATE: Final = _rotate(False, kept=False)
ROTATE_KEPT: Final = _rotate(False, kept=True)
ROTATE_BACK: Final = _rotate(True, kept=False)
