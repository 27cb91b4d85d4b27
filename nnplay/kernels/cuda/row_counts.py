"""Into how many parts a sum over the rows of a batch is cut: the second operand is the target, one number a row."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.kernels.cuda.partial import folds, parts


def row_parts(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """Parts of the sum over all rows."""
    return parts(sizes[1:])


def row_folds(sizes: Sequence[int], integers: Sequence[int]) -> int:
    """The same of their fold."""
    return folds(sizes[1:])
