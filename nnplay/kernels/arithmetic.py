"""What kernels compute with besides operators: sums whose order is fixed, products fused with sums, and room for them.

They exist as machine code only; elsewhere they are named, as a kernel's source names them, and never called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnplay.kernels.compile import compiled_for
from nnplay.kernels.compile.jit import COMPILING

if TYPE_CHECKING or COMPILING:
    from nnplay.kernels.compile.intrinsics import mark_not_finite as mark_not_finite
    from nnplay.kernels.compile.intrinsics import multiply_add as multiply_add
    from nnplay.kernels.tile import scratch as scratch
if not TYPE_CHECKING and COMPILING and compiled_for.target == "cuda":
    from nnplay.kernels.cuda.intrinsics import quotient
    from nnplay.kernels.cuda.sums import lane_dot, lane_max, lane_sum
elif TYPE_CHECKING or COMPILING:
    from nnplay.kernels.compile.intrinsics import quotient as quotient
    from nnplay.kernels.lanes import lane_dot as lane_dot
    from nnplay.kernels.lanes import lane_max as lane_max
    from nnplay.kernels.lanes import lane_sum as lane_sum
else:
    lane_dot = lane_max = lane_sum = mark_not_finite = multiply_add = quotient = scratch = None
