"""Focal loss of one number: log loss in which what is right already hardly counts (Lin et al., 2017)."""

from __future__ import annotations

from typing import Any

from nnplay.kernels.compile.jit import inline
from nnplay.kernels.elementary import exp, log1p


@inline
def focal_cost(z: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """α·(1 − p)^γ·(−log p), with log(1 − p) = −log(1 + eˢ) and log p = −log(1 + e^−s), s = ±z."""
    own = z if t > 0.5 else -z
    near = log1p(exp(-abs(own)))
    surprise = near + (0.0 if own > 0.0 else -own)
    raised = exp(-gamma * (near + (own if own > 0.0 else 0.0)))
    weight = 1.0 if alpha < 0.0 else (alpha if t > 0.5 else 1.0 - alpha)
    return weight * raised * surprise


@inline
def focal_slope(z: Any, t: Any, gamma: Any, alpha: Any) -> Any:
    """∓α·(1 − p)^γ·(1 − p − γ·p·log p)."""
    sign = 1.0 if t > 0.5 else -1.0
    own = sign * z
    near = log1p(exp(-abs(own)))
    surprise = near + (0.0 if own > 0.0 else -own)
    raised = exp(-gamma * (near + (own if own > 0.0 else 0.0)))
    weight = 1.0 if alpha < 0.0 else (alpha if t > 0.5 else 1.0 - alpha)
    missing = exp(-(near + (own if own > 0.0 else 0.0)))
    return -sign * weight * raised * (missing + gamma * exp(-surprise) * surprise)
