"""Derived features of a point on the plane, as TensorFlow Playground offers them: switches, not layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.errors import InputError, unknown

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Feature:
    """One switch: `name` in files and on the command line, `title` on the screen, `make` from x1 and x2 (N,)."""

    name: str
    title: str
    make: Callable[[Array, Array], Array]


FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("x1", "x₁", lambda x1, x2: x1),
        Feature("x2", "x₂", lambda x1, x2: x2),
        Feature("x1^2", "x₁²", lambda x1, x2: x1 * x1),
        Feature("x2^2", "x₂²", lambda x1, x2: x2 * x2),
        Feature("x1x2", "x₁x₂", lambda x1, x2: x1 * x2),
        Feature("sin(x1)", "sin x₁", lambda x1, x2: exact.sin(x1).astype(x1.dtype)),
        Feature("sin(x2)", "sin x₂", lambda x1, x2: exact.sin(x2).astype(x2.dtype)),
    )
}


def read_features(text: str | Sequence[str]) -> tuple[str, ...]:
    """Feature names out of `x1, x2, sin(x1)` or a sequence of names, in the order given.

    Raises:
        InputError: an unknown name, one given twice, or none at all.
    """
    words = text.split(",") if isinstance(text, str) else [str(word) for word in text]
    names = tuple(word.strip().lower() for word in words if word.strip())
    for name in names:
        if name not in FEATURES:
            raise unknown("feature", name, FEATURES, where="features")
    if not names:
        raise InputError("no feature is switched on", where="features", hint=f"choose from {', '.join(FEATURES)}")
    if len(set(names)) < len(names):
        raise InputError("a feature is listed twice", where="features")
    return names


def expand(raw: NDArray[Any], names: Sequence[str]) -> Array:
    """Points `raw` (N, 2) as network inputs (N, F), one column for each feature name.

    Raises:
        InputError: an unknown feature.
    """
    points = np.asarray(raw, dtype=np.float32)
    columns = []
    for name in names:
        if name not in FEATURES:
            raise unknown("feature", name, FEATURES, where="features")
        columns.append(FEATURES[name].make(points[:, 0], points[:, 1]))
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float32)
