"""Rows that put a border of the input's own numbers, or of one constant, around pictures and sequences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError
from nnplay.kernels.convolution import extension as kernels
from nnplay.kernels.convolution.convolution import BORDER
from nnplay.kernels.cuda import extension as cuda
from nnplay.records.cuda_rows import NumberRow
from nnplay.records.operation import Operation
from nnplay.records.worked import Named, Term, scalar, total

Array = NDArray[Any]

#: What padding can be made of, besides zeros and a constant, by PyTorch's names: the integer `mode`.
MODES: Final = {"reflect": kernels.REFLECT, "replicate": kernels.REPLICATE, "circular": kernels.CIRCULAR}
#: What they do, for the fields of every layer that has them.
MODE_WORDS: Final = "reflect mirrors at the edge, replicate repeats it, circular wraps around"


def check_extension(mode: str, sides: Iterable[tuple[int, int, int]]) -> None:
    """Refuses borders that the input is too small for; `sides` are (in front, inside, behind) for each axis.

    Raises:
        InputError: names the widest border that the mode can make.
    """
    for before, size, after in sides:
        widest = {"reflect": size - 1, "circular": size}.get(mode, before + after)
        if max(before, after) > widest:
            what = f"{mode} padding of {max(before, after)} needs more than the {size} along that axis"
            raise InputError(what, hint=f"pad by {widest} or less, or use replicate")


def sources(size: int, before: int, padded: int, mode: int) -> Array:
    """Along one axis, the place of the input that is copied to each place, (padded,)."""
    places = np.arange(padded) - before
    if mode == kernels.REPLICATE:
        return np.clip(places, 0, size - 1)
    if mode == kernels.CIRCULAR:
        return np.asarray(places % size)
    return np.asarray((size - 1) - np.abs((size - 1) - np.abs(places)))


def extended(x: Array, H: int, W: int, top: int, left: int, HP: int, WP: int, mode: int) -> Array:
    picture = x.reshape(len(x), H, W, -1)
    return picture[:, sources(H, top, HP, mode)][:, :, sources(W, left, WP, mode)]


def extended_back(dy: Array, H: int, W: int, top: int, left: int, HP: int, WP: int, mode: int) -> Array:
    copies = dy.reshape(len(dy), HP, WP, -1)
    lines = np.zeros((len(dy), H, WP, copies.shape[-1]), dy.dtype)
    for h, source in enumerate(sources(H, top, HP, mode)):
        lines[:, source] += copies[:, h]
    dx = np.zeros((len(dy), H, W, copies.shape[-1]), dy.dtype)
    for w, source in enumerate(sources(W, left, WP, mode)):
        dx[:, :, source] += lines[:, :, w]
    return dx


def padded(x: Array, value: Array, H: int, W: int, top: int, left: int, HP: int, WP: int) -> Array:
    picture = x.reshape(len(x), H, W, -1)
    around = ((0, 0), (top, HP - H - top), (left, WP - W - left), (0, 0))
    return np.pad(picture, around, constant_values=value.item())


def _tables(rank: int, H: int, W: int, top: int, left: int, HP: int, WP: int, mode: int) -> list[Array]:
    """The sources along each axis of places of an operand of that rank."""
    return [sources(H, top, HP, mode), sources(W, left, WP, mode)][4 - rank :]


def _extended_element(at: tuple[int, ...], x: Named, **given: int) -> Term:
    place = (int(table[i]) for table, i in zip(_tables(len(at), **given), at[1:-1], strict=True))
    return x[(at[0], *place, at[-1])] * 1.0


def _back_element(at: tuple[int, ...], dy: Named, **given: int) -> Term:
    copies = [np.nonzero(table == i)[0] for table, i in zip(_tables(len(at), **given), at[1:-1], strict=True)]
    places = np.stack(np.meshgrid(*copies, indexing="ij"), axis=-1).reshape(-1, len(copies))
    return total(dy[(at[0], *(int(i) for i in place), at[-1])] for place in places)


def _padded_element(at: tuple[int, ...], x: Named, value: Named, **given: int) -> Term:
    before = (given["top"], given["left"])[4 - len(at) :]
    inside = tuple(place - front for place, front in zip(at[1:-1], before, strict=True))
    if all(0 <= place < size for place, size in zip(inside, x.shape[1:-1], strict=True)):
        return x[(at[0], *inside, at[-1])] * 1.0
    return scalar("value", value) * 1.0


EXTEND = Operation(
    name="padding from inside",
    kernel=kernels.extend,
    cuda=(NumberRow(cuda.extend, gathers=True),),
    reads=("x",),
    writes=("y",),
    reference=extended,
    formula="y[n,h,w,c] = x[n,h′,w′,c], where h′, w′ are h - top, w - left taken inside",
    words="Goes on beyond the border with the image's own values, so that the edge looks like the rest to a window.",
    element=_extended_element,
    integers=kernels.EXTENSION,
    torch="torch.nn.functional.pad (channels first)",
)
EXTEND_BACK = Operation(
    name="gradients of all copies",
    kernel=kernels.extend_backward,
    cuda=(NumberRow(cuda.extend_backward, gathers=True),),
    reads=("dy",),
    writes=("dx",),
    reference=extended_back,
    formula="dx[n,h′,w′,c] = Σ dy[n,h,w,c] over all places that it was copied to",
    words="A value that was copied into the border had a say there too, so its gradients are added up.",
    element=_back_element,
    integers=kernels.EXTENSION,
    torch="autograd",
)
PAD_CONSTANT = Operation(
    name="constant padding",
    kernel=kernels.pad_constant,
    cuda=(NumberRow(cuda.pad_constant, gathers=True),),
    reads=("x", "value"),
    writes=("y",),
    reference=padded,
    formula="y[n,h,w,c] = x[n,h - top,w - left,c] inside, else value",
    words="Adds a border of one value.",
    element=_padded_element,
    integers=BORDER,
    torch="torch.nn.functional.pad (channels first)",
)
