"""The rows of pooling along three axes, of volumes and clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nnplay.errors import InputError
from nnplay.kernels.cuda import volumes as cuda
from nnplay.kernels.pooling import volumes as kernels
from nnplay.operations import pooling as pictures
from nnplay.operations.pooled_windows import PooledWindows, Window
from nnplay.operations.window_geometry import Axis
from nnplay.records.operation import CudaRow, Operation


def pack(numbers: Sequence[int]) -> int:
    """Three numbers as one integer, the outermost axis first.

    Raises:
        InputError: one of them is too large.
    """
    packed = 0
    for number in numbers:
        if number >= 1 << kernels.BITS:
            raise InputError(f"{number:,} along one axis is too much", hint=f"stay below {1 << kernels.BITS:,}")
        packed = packed << kernels.BITS | number
    return packed


def unpack(packed: int) -> tuple[int, ...]:
    """The numbers of the three axes."""
    return tuple(packed >> kernels.BITS * axis & (1 << kernels.BITS) - 1 for axis in (2, 1, 0))


def pool_integers(axes: Sequence[Axis], counted: bool) -> dict[str, int]:
    """The integers of all four rows; `counted`: padding counts into a mean."""
    names = ("kernel", "stride", "before", "dilation", "output", "size")
    packed = [pack([getattr(axis, name) for axis in axes]) for name in names]
    behind = pack([axis.after for axis in axes]) if counted else -1
    return dict(zip(kernels.POOL3, [*packed, behind], strict=True))


def windows(**pool: int) -> Iterator[Window]:
    """Every output with what lies under its window."""
    kernel, stride, before, dilation, outputs, sizes = (unpack(pool[name]) for name in kernels.POOL3[:-1])
    behind = unpack(pool["behind"]) if pool["behind"] >= 0 else None
    taps = list(np.ndindex(*kernel))
    for number, place in enumerate(np.ndindex(*outputs)):
        sources = [
            tuple(o * s - p + k * d for o, s, p, k, d in zip(place, stride, before, tap, dilation, strict=True))
            for tap in taps
        ]
        seen = [tap for tap, source in enumerate(sources) if _lies_in(source, sizes)]
        ends = tuple(size + after for size, after in zip(sizes, behind or (0, 0, 0), strict=True))
        counted = sum(_lies_in(source, ends, before) for source in sources)
        flat = [int(np.ravel_multi_index(sources[tap], sizes)) for tap in seen]
        yield Window(number, flat, seen, counted if behind else len(seen))


def _lies_in(place: Sequence[int], ends: Sequence[int], before: Sequence[int] = (0, 0, 0)) -> bool:
    return all(-front <= one < end for one, end, front in zip(place, ends, before, strict=True))


_POOLED = PooledWindows(windows, lambda pool: (unpack(pool["outputs"]), unpack(pool["sizes"])))

# -- the operations ----------------------------------------------------------------------------------------------------

_SOURCE = "x[n,d·SD - PD + i·DD,h·SH - PH + j·DH,w·SW - PW + k·DW,c]"

MAX = Operation(
    name="maximum of each window of volumes",
    kernel=kernels.max_forward,
    cuda=(CudaRow(cuda.max_forward),),
    reads=("x",),
    writes=("y", "which"),
    reference=_POOLED.largest,
    formula=f"y[n,d,h,w,c] = max {_SOURCE} over i, j, k",
    words=pictures.MAX.words,
    element=_POOLED.largest_element,
    integers=kernels.POOL3,
    torch="torch.nn.functional.max_pool3d (channels first)",
)
MAX_BACK = Operation(
    name="gradient to the maximum in volumes",
    kernel=kernels.max_backward,
    cuda=(CudaRow(cuda.max_backward),),
    reads=("dy", "which"),
    writes=("dx",),
    reference=_POOLED.largest_back,
    formula=pictures.MAX_BACK.formula,
    words=pictures.MAX_BACK.words,
    element=_POOLED.largest_back_element,
    integers=kernels.POOL3,
    torch="autograd",
)
MEAN = Operation(
    name="mean of each window of volumes",
    kernel=kernels.mean_forward,
    cuda=(CudaRow(kernels.mean_forward),),
    reads=("x",),
    writes=("y",),
    reference=_POOLED.mean,
    formula=f"y[n,d,h,w,c] = Σ {_SOURCE} / count over i, j, k inside the volume",
    words="Replaces each window with its mean, for a smaller and smoother volume. Padding counts only if asked for.",
    element=_POOLED.mean_element,
    integers=kernels.POOL3,
    torch="torch.nn.functional.avg_pool3d (channels first)",
)
MEAN_BACK = Operation(
    name="gradient shared over the window of volumes",
    kernel=kernels.mean_backward,
    cuda=(CudaRow(kernels.mean_backward),),
    reads=("dy",),
    writes=("dx",),
    reference=_POOLED.mean_back,
    formula=pictures.MEAN_BACK.formula,
    words=pictures.MEAN_BACK.words,
    element=_POOLED.mean_back_element,
    integers=kernels.POOL3,
    torch="autograd",
)
