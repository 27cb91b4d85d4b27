"""The rows of pooling along one axis (sequences) and along two (pictures)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.kernels.cuda import pooling as cuda
from nnplay.kernels.pooling import pooling as kernels
from nnplay.records.operation import CudaRow, Operation
from nnplay.records.worked import Named, Term, apply, as_term, total

Array = NDArray[Any]


def places(
    KH: int, KW: int, SH: int, SW: int, PH: int, PW: int, OH: int, OW: int, H: int, W: int, DH: int, DW: int,
    AH: int = -1, AW: int = -1,
) -> Any:  # fmt: skip
    """Every output place with what lies under its window: ((oh, ow), [(h, w, kernel number), …], how many count)."""
    for oh, ow in product(range(OH), range(OW)):
        top, left = oh * SH - PH, ow * SW - PW
        taps = [(top + kh * DH, left + kw * DW, kh * KW + kw) for kh in range(KH) for kw in range(KW)]
        seen = [(h, w, tap) for h, w, tap in taps if 0 <= h < H and 0 <= w < W]
        padded = sum(-PH <= h < H + AH and -PW <= w < W + AW for h, w, _ in taps)
        yield (oh, ow), seen, padded if AH >= 0 else len(seen)


def largest(x: Array, **pool: int) -> tuple[Array, Array]:
    picture = x.reshape(len(x), pool["H"], pool["W"], -1)
    y = np.empty((len(x), pool["OH"], pool["OW"], x.shape[-1]), x.dtype)
    which = np.empty_like(y)
    for (oh, ow), seen, _ in places(**pool):
        values = np.stack([picture[:, h, w] for h, w, _ in seen])
        taps = np.array([tap for _, _, tap in seen])
        y[:, oh, ow], which[:, oh, ow] = values.max(axis=0), taps[values.argmax(axis=0)]
    return y, which


def largest_back(dy: Array, which: Array, **pool: int) -> Array:
    N, C = len(dy), dy.shape[-1]
    dy, which = (part.reshape(N, pool["OH"], pool["OW"], C) for part in (dy, which))
    dx = np.zeros((N, pool["H"], pool["W"], C), dy.dtype)
    for (oh, ow), seen, _ in places(**pool):
        for h, w, tap in seen:
            dx[:, h, w] += np.where(which[:, oh, ow] == tap, dy[:, oh, ow], 0)
    return dx


def mean(x: Array, **pool: int) -> Array:
    picture = x.reshape(len(x), pool["H"], pool["W"], -1)
    y = np.empty((len(x), pool["OH"], pool["OW"], x.shape[-1]), x.dtype)
    for (oh, ow), seen, count in places(**pool):
        y[:, oh, ow] = sum(picture[:, h, w] for h, w, _ in seen) / count
    return y


def mean_back(dy: Array, **pool: int) -> Array:
    N, C = len(dy), dy.shape[-1]
    dy = dy.reshape(N, pool["OH"], pool["OW"], C)
    dx = np.zeros((N, pool["H"], pool["W"], C), dy.dtype)
    for (oh, ow), seen, count in places(**pool):
        for h, w, _ in seen:
            dx[:, h, w] += dy[:, oh, ow] / count
    return dx


# -- one element of each -----------------------------------------------------------------------------------------------


def _seen(at: tuple[int, ...], pool: Mapping[str, int]) -> tuple[list[tuple[int, ...]], int]:
    """Input places under the window of an output, in the input's own count of axes, and how many numbers count."""
    place = (0, *at[1:-1])[-2:]
    seen, count = next((seen, count) for out, seen, count in places(**pool) if out == place)
    return [(at[0], *(h, w)[4 - len(at) :], at[-1]) for h, w, _ in seen], count


def _users(at: tuple[int, ...], pool: Mapping[str, int]) -> list[tuple[tuple[int, ...], int, int]]:
    """Outputs whose windows hold an input, with its kernel number there and how many numbers of the window count."""
    place = (0, *at[1:-1])[-2:]
    return [
        ((at[0], *out[4 - len(at) :], at[-1]), tap, count)
        for out, seen, count in places(**pool)
        for h, w, tap in seen
        if (h, w) == place
    ]


def _largest_element(at: tuple[int, ...], x: Named, **pool: int) -> Term:
    return apply("max", lambda *numbers: max(numbers), *(x[place] for place in _seen(at, pool)[0]))


def _largest_back_element(at: tuple[int, ...], dy: Named, which: Named, **pool: int) -> Term:
    chosen = [dy[out] for out, tap, _ in _users(at, pool) if which.array[out] == tap]
    return total(chosen) if chosen else as_term(0.0)


def _mean_element(at: tuple[int, ...], x: Named, **pool: int) -> Term:
    seen, count = _seen(at, pool)
    return total(x[place] for place in seen) / count


def _mean_back_element(at: tuple[int, ...], dy: Named, **pool: int) -> Term:
    shares = [dy[out] / count for out, _, count in _users(at, pool)]
    return total(shares) if shares else as_term(0.0)


# -- the operations ------------------------------------------------------------------------------------------------

MAX = Operation(
    name="maximum of each window",
    kernel=kernels.max_forward,
    cuda=(CudaRow(cuda.max_forward),),
    reads=("x",),
    writes=("y", "which"),
    reference=largest,
    formula="y[n,h,w,c] = max x[n,h·SH - PH + i·DH,w·SW - PW + j·DW,c] over i, j",
    words="Keeps the strongest response in each window: what was found matters more than exactly where.",
    element=_largest_element,
    integers=kernels.POOL,
    torch="torch.nn.functional.max_pool2d (channels first)",
)
MAX_BACK = Operation(
    name="gradient to the maximum",
    kernel=kernels.max_backward,
    cuda=(CudaRow(cuda.max_backward),),
    reads=("dy", "which"),
    writes=("dx",),
    reference=largest_back,
    formula="dx = dy where x was the largest of its window, else 0",
    words="Only the maximum had a say in the output, so it alone gets the gradient.",
    element=_largest_back_element,
    integers=kernels.POOL,
    torch="autograd",
)
MEAN = Operation(
    name="mean of each window",
    kernel=kernels.mean_forward,
    cuda=(CudaRow(cuda.mean_forward),),
    reads=("x",),
    writes=("y",),
    reference=mean,
    formula="y[n,h,w,c] = Σ x[n,h·SH - PH + i·DH,w·SW - PW + j·DW,c] / count over i, j inside the image",
    words="Replaces each window with its mean, for a smaller and smoother image. Padding counts only if asked for.",
    element=_mean_element,
    integers=kernels.MEAN_POOL,
    torch="torch.nn.functional.avg_pool2d (channels first)",
)
MEAN_BACK = Operation(
    name="gradient shared over the window",
    kernel=kernels.mean_backward,
    cuda=(CudaRow(cuda.mean_backward),),
    reads=("dy",),
    writes=("dx",),
    reference=mean_back,
    formula="dx = Σ dy / count over the windows that hold x",
    words="All values of a window had an equal say in its mean, so they share the gradient equally.",
    element=_mean_back_element,
    integers=kernels.MEAN_POOL,
    torch="autograd",
)
