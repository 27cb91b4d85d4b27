"""CKA: how alike two representations of the same rows are (Kornblith et al., 2019).

The linear form for centred x and y is ‖yᵀx‖² / (‖xᵀx‖·‖yᵀy‖), in Frobenius norms. It is 1 for a representation that is
only turned, mirrored, moved or scaled. Its numerator and denominator are found from the products of rows,
K = x·xᵀ, so a comparison costs the same however many units there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def linear_cka(x: NDArray[Any], y: NDArray[Any], *, debiased: bool = False) -> float:
    """CKA of x (N, D) and y (N, E), from 0 to 1; NaN where all rows of one of them are equal.

    Args:
        debiased: without what chance alone adds, which is a lot for more units than rows (Nguyen et al., 2021); it can
            then come out a little below 0. It takes four rows.
    """
    return float(compare_all([x], [y], debiased=debiased)[0, 0])


def compare_all(these: Sequence[NDArray[Any]], those: Sequence[NDArray[Any]], *, debiased: bool = False) -> Floats:
    """CKA of each of these with each of those, (these, those); see `linear_cka`."""
    make = _debiased if debiased else _centred
    left, right = (np.array([make(values).ravel() for values in side]) for side in (these, those))
    squares = [np.einsum("ij,ij->i", side, side) for side in (left, right)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(left @ right.T / np.sqrt(np.outer(*squares)))


def _centred(values: NDArray[Any]) -> Floats:
    """Products of centred rows, (N, N)."""
    centred = _scale(values)
    return np.asarray(centred @ centred.T)


def _debiased(values: NDArray[Any]) -> Floats:
    """Products of rows without those with themselves, each row summing to 0 (Székely and Rizzo, 2014).

    The sum of products of two such matrices is N·(N − 3) times the unbiased estimate of HSIC by Song et al. (2012).
    """
    products = _centred(values)
    count = len(products)
    np.fill_diagonal(products, 0.0)
    sums = products.sum(axis=1) / (count - 2)
    products -= sums[:, None] + sums - products.sum() / ((count - 1) * (count - 2))
    np.fill_diagonal(products, 0.0)
    return products


def _scale(values: NDArray[Any]) -> Floats:
    """Centred rows, scaled so that products stay far from the ends of the numbers' range."""
    centred = values - values.mean(axis=0, dtype=np.float64)
    largest = float(np.abs(centred).max(initial=0.0))
    spread = largest > 1e-12 * float(np.abs(values).max(initial=0.0))
    return np.asarray(centred / largest if spread else np.zeros_like(centred))
