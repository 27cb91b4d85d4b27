"""What normalising layers share: their definitions, and the element of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.records.worked import Named, Term, apply, total

Array = NDArray[Any]


def normalised_element(value: Term, mean: Term, rstd: Term, weight: Term, bias: Term) -> Term:
    """(x - mean)·rstd·weight + bias."""
    return (value - mean) * rstd * weight + bias


def root(value: Term) -> Term:
    """1 / √value."""
    return apply("1/√", lambda number: float(1.0 / np.sqrt(number)), value)


def mean_of(terms: list[Term]) -> Term:
    """Σ / count."""
    return total(terms) / len(terms)


def rows_of(x: Named) -> Named:
    """The array as (all leading axes, channels), under its name."""
    return Named(x.name, x.array.reshape(-1, x.shape[-1]))
