"""How far two tensors are apart, in words."""

from __future__ import annotations

from typing import Any

import torch

#: Axes of one row: depth, height, width and channels.
MOST_AXES = 4
#: Errors that are rounding, in proportion to the largest number that goes in or comes out.
FORWARD, BACKWARD = 2e-5, 2e-4


def off_by(what: str, found: Any, wanted: Any, size: float, tolerance: float) -> str:
    """How far two tensors are apart beyond rounding, in words."""
    found, wanted = found.detach().double(), wanted.detach().double()
    if found.shape != wanted.shape:
        if found.numel() != wanted.numel():
            return f"{what}: shape {tuple(found.shape)} for {tuple(wanted.shape)}"
        found = found.reshape(wanted.shape)
    if not torch.equal(found.isnan(), wanted.isnan()):
        return f"{what}: NaN in other places"
    finite = wanted.isfinite()
    if not torch.equal(found[~finite].nan_to_num(), wanted[~finite].nan_to_num()):
        return f"{what}: infinite in other places"
    scale = max(1.0, size, float(wanted[finite].abs().max()) if finite.any() else 0.0)
    error = float((found[finite] - wanted[finite]).abs().max()) if finite.any() else 0.0
    return f"{what}: off by {error:.2g} of {scale:.2g}" if error > tolerance * scale else ""
