"""Convolutions to few channels: several neighbouring outputs share a vector.

With channels last, r neighbouring outputs of F channels are r·F neighbouring numbers. They are the one output of a
convolution whose windows are wider by (r - 1)·stride and which has r·F channels: each of them uses its own part of the
wider window and has zeros for the rest. That is more multiplications, but full vectors.

Zero times infinity is no number, so a picture that is not finite is worked out output by output.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from nnplay.kernels.arithmetic import lane_dot
from nnplay.kernels.compile.jit import DTYPE, inline
from nnplay.kernels.operands import shifted
from nnplay.kernels.span_sums import copy, repeat, zero

#: Numbers that outputs together fill: those of the widest vector that there is, whatever this processor's are, since
#: how many share a vector decides in which order the gradient of the weights is summed.
SHARED: Final = 64 // np.dtype(DTYPE).itemsize
#: The most numbers in the widened weights, which stand on the stack.
ROOM = 12288


@inline
def together(outputs: int, F: int, kernel: int, stride: int, others: int) -> int:
    """How many neighbouring outputs share a vector: 1 where nothing is won.

    `others` is how many rows of weights there are for each kernel column.
    """
    r = SHARED // F if F > 0 else 1
    while r > 1 and (outputs % r != 0 or others * (kernel + (r - 1) * stride) * r * F > ROOM):
        r -= 1
    return r if r > 1 and kernel + (r - 1) * stride < r * kernel else 1


@inline
def finite(x: Any, count: int) -> bool:
    """Whether x (count) is finite; no too where its squares are too large to be summed, which only costs time."""
    squares = lane_dot(x, x, count)
    answer: bool = squares - squares == 0.0
    return answer


@inline
def widen(wide: Any, w: Any, KH: int, KW: int, C: int, F: int, r: int, stride: int) -> None:
    """wide[kh,k,c,q·F + f] = w[kh,k - q·stride,c,f], or 0 outside the kernel; (KH, KW + (r - 1)·stride, C, r·F)."""
    KX = KW + (r - 1) * stride
    zero(wide, KH * KX * C * r * F)
    for kh in range(KH):
        for k in range(KW):
            for q in range(r):
                for c in range(C):
                    target = ((kh * KX + k + q * stride) * C + c) * r * F + q * F
                    copy(shifted(wide, target), shifted(w, ((kh * KW + k) * C + c) * F), F, False)


@inline
def widen_back(wide: Any, w: Any, KH: int, KW: int, C: int, F: int, r: int) -> None:
    """The same for windows that are walked backwards: wide[kh,k,c,q·F + f] = w[kh,k + q - (r - 1),c,f], or 0."""
    KX = KW + r - 1
    zero(wide, KH * KX * C * r * F)
    for kh in range(KH):
        for k in range(KW):
            for q in range(r):
                for c in range(C):
                    target = ((kh * KX + k - q + r - 1) * C + c) * r * F + q * F
                    copy(shifted(wide, target), shifted(w, ((kh * KW + k) * C + c) * F), F, False)


@inline
def narrow(w: Any, wide: Any, KH: int, KW: int, C: int, F: int, r: int, stride: int) -> None:
    """Adds up what belongs together in a gradient: w[kh,k,c,f] = Σ wide[kh,k + q·stride,c,q·F + f] over q."""
    KX = KW + (r - 1) * stride
    for kh in range(KH):
        for k in range(KW):
            for q in range(r):
                for c in range(C):
                    source = ((kh * KX + k + q * stride) * C + c) * r * F + q * F
                    copy(shifted(w, ((kh * KW + k) * C + c) * F), shifted(wide, source), F, q > 0)


@inline
def widen_bias(wide: Any, b: Any, F: int, r: int, biased: bool) -> Any:
    """The bias of every output that shares a vector, where there is one."""
    if biased:
        repeat(wide, b, F, r)
        return wide
    return b
