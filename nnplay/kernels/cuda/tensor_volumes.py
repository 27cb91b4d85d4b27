"""Convolutions along three axes, and their gradients, by the tensor cores of a graphics card, in TF32.

Operands and integers are those of `nnplay.kernels.convolution.volumes`; all channels are one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.cuda.tensor_convolution import correlate, gather_gradient, sums_of, weight_shares
from nnplay.kernels.cuda.volumes import depths_of, gathering_of_volume
from nnplay.kernels.operands import adds, dimension, integer, pointer
from nnplay.kernels.span_sums import last


@inline
def depths_of_biased(row: Any) -> Any:
    """What `correlate` takes, of a row whose operand 3 is y."""
    return depths_of(row, 9, dimension(row, 3, 1), integer(row, 7))


@inline
def depths_of_plain(row: Any) -> Any:
    """The same of a row whose operand 2 is y."""
    return depths_of(row, 9, dimension(row, 2, 1), integer(row, 7))


@kernel
def forward(row: Any, clock: Any, memory: Any, part: int) -> None:
    """y[n,od,oh,ow,f] = b[f] + Σ x[n,od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·w[kd,kh,kw,c,f]; b (F)."""
    correlate(row, memory, part, 3, pointer(row, memory, 2), 0, True, depths_of_biased)


@kernel
def forward_without_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `forward`, with 0 for b, or added to y (N, OD, OH, OW, F)."""
    correlate(row, memory, part, 2, pointer(row, memory, 2), last(row, 2), adds(row, 2), depths_of_plain)


def weight_sums(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Partial sums of the gradients of weights and biases, for sums (chunks, width)."""
    return sums_of(sizes[2] // integers[12], sizes[1])


@kernel
def weight_partial(row: Any, clock: Any, memory: Any, part: int) -> None:
    """sums[s,k] = what share s of the lines of dy (N·OD·OH) gives for weight k, or bias k behind the weights.

    dw[kd,kh,kw,c,f] = Σ x[od·SD + kd·DD,oh·SH + kh·DH,ow·SW + kw·DW,c]·dy[od,oh,ow,f], db[f] = Σ dy[od,oh,ow,f].
    """
    depths = depths_of(row, 8, dimension(row, 1, 1), integer(row, 7))
    weight_shares(row, memory, part, dimension(row, 1, 2), depths)


@kernel
def input_gradient(row: Any, clock: Any, memory: Any, part: int) -> None:
    """dx[n,d,h,w,c] = Σ dy[n,od,oh,ow,f]·w[kd,kh,kw,f,c] where d = od·SD + kd·DD; dx (N, D, H, W, C)."""
    gather_gradient(row, memory, part, 2, pointer(row, memory, 2), last(row, 2), adds(row, 2), gathering_of_volume)


@kernel
def input_gradient_bias(row: Any, clock: Any, memory: Any, part: int) -> None:
    """As `input_gradient`, with a bias: dx (N, D, H, W, C) = b[c] + Σ …, which is a transposed convolution."""
    gather_gradient(row, memory, part, 3, pointer(row, memory, 2), 0, True, gathering_of_volume)
