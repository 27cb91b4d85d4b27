"""Kernels of parametrised weights: length and direction apart, and division by the largest singular value."""

from __future__ import annotations

import math
from typing import Any

from nnplay.kernels.arithmetic import lane_dot, multiply_add
from nnplay.kernels.compile.jit import inline, kernel
from nnplay.kernels.operands import adds, pointer, rows_of, shifted
from nnplay.kernels.span_sums import zero


@kernel
def weight_norm(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = g·v·rnorm, rnorm = 1 / √(Σₖ v²) of each column; v, w (K, O), g, rnorm (O)."""
    v, g = pointer(row, memory, 0), pointer(row, memory, 1)
    w, rnorm = pointer(row, memory, 2), pointer(row, memory, 3)
    K, O = rows_of(row, memory, 0).shape
    zero(rnorm, O)
    for k in range(K):
        V = shifted(v, k * O)
        for o in range(O):
            rnorm[o] = multiply_add(V[o], V[o], rnorm[o])
    for o in range(O):
        rnorm[o] = 1.0 / math.sqrt(rnorm[o])
    for k in range(K):
        V, W = shifted(v, k * O), shifted(w, k * O)
        for o in range(O):
            W[o] = V[o] * (g[o] * rnorm[o])


@kernel
def weight_norm_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = g·v·rnorm, so dg = Σₖ dw·v·rnorm and dv = g·rnorm·(dw − v·rnorm·dg); v, dw (K, O), g, rnorm (O)."""
    v, g, rnorm = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    dw, along = pointer(row, memory, 3), pointer(row, memory, 4)
    dv, dg = pointer(row, memory, 5), pointer(row, memory, 6)
    K, O = rows_of(row, memory, 0).shape
    zero(along, O)
    for k in range(K):
        V, dW = shifted(v, k * O), shifted(dw, k * O)
        for o in range(O):
            along[o] = multiply_add(dW[o], V[o] * rnorm[o], along[o])
    for o in range(O):
        dg[o] = dg[o] + along[o] if adds(row, 6) else along[o]
    for k in range(K):
        V, dW, dV = shifted(v, k * O), shifted(dw, k * O), shifted(dv, k * O)
        for o in range(O):
            slope = g[o] * rnorm[o] * (dW[o] - V[o] * rnorm[o] * along[o])
            dV[o] = dV[o] + slope if adds(row, 5) else slope


@kernel
def spectral_norm(row: Any, clock: Any, memory: Any, part: int) -> None:
    """One power iteration u = Wᵀv / ‖Wᵀv‖, v = W·u / ‖W·u‖, then w = W / σ, σ = vᵀW·u; W, w (K, O), u (O), v (K)."""
    W, v = pointer(row, memory, 0), pointer(row, memory, 1)
    w, sigma = pointer(row, memory, 2), pointer(row, memory, 3)
    new_u, new_v = pointer(row, memory, 4), pointer(row, memory, 5)
    K, O = rows_of(row, memory, 0).shape
    zero(new_u, O)
    for k in range(K):
        for o in range(O):
            new_u[o] = multiply_add(W[k * O + o], v[k], new_u[o])
    _to_length_1(new_u, O)
    for k in range(K):
        new_v[k] = lane_dot(shifted(W, k * O), new_u, O)
    _to_length_1(new_v, K)
    _divide(W, new_u, new_v, w, sigma, K, O)


@kernel
def spectral_norm_kept(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = W / σ, σ = vᵀW·u, for u and v as training left them; W, w (K, O), u (O), v (K)."""
    W, u, v = pointer(row, memory, 0), pointer(row, memory, 1), pointer(row, memory, 2)
    w, sigma = pointer(row, memory, 3), pointer(row, memory, 4)
    K, O = rows_of(row, memory, 0).shape
    _divide(W, u, v, w, sigma, K, O)


@inline
def _to_length_1(values: Any, count: int) -> None:
    """Divides by the length, or by 1e-12 where it is less."""
    length = math.sqrt(lane_dot(values, values, count))
    for i in range(count):
        values[i] /= max(length, 1e-12)


@inline
def _divide(W: Any, u: Any, v: Any, w: Any, sigma: Any, K: int, O: int) -> None:
    """w = W / σ, σ = vᵀW·u."""
    total = 0.0 * W[0]
    for k in range(K):
        total = multiply_add(v[k], lane_dot(shifted(W, k * O), u, O), total)
    sigma[0] = total
    for i in range(K * O):
        w[i] = W[i] / total


@kernel
def spectral_norm_back(row: Any, clock: Any, memory: Any, part: int) -> None:
    """w = W / σ, σ = vᵀW·u, so dW = (dw − v·uᵀ·Σ dw·w) / σ; dw, w, dW (K, O), u (O), v (K)."""
    w, sigma, u = pointer(row, memory, 0), pointer(row, memory, 1)[0], pointer(row, memory, 2)
    v, dw, dW = pointer(row, memory, 3), pointer(row, memory, 4), pointer(row, memory, 5)
    K, O = rows_of(row, memory, 0).shape
    along = lane_dot(dw, w, K * O)
    for k in range(K):
        for o in range(O):
            slope = (dw[k * O + o] - along * v[k] * u[o]) / sigma
            dW[k * O + o] = dW[k * O + o] + slope if adds(row, 5) else slope
