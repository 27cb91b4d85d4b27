"""Digests of data as a network gets them, by which a session knows that it has its own again."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from nnplay.data.split import Split

#: Splits whose digests are remembered.
_KEPT: Final = 24
_digests: list[tuple[Split, str]] = []


def fingerprint(split: Split) -> str:
    """Digest of all rows as the network gets them; worked out once, as training stands still for a save."""
    for known, digest in _digests:
        if known is split:
            return digest
    digest = _digest(split)
    _digests[:] = [(split, digest), *_digests[:_KEPT]]
    return digest


def _digest(split: Split) -> str:
    hashed = hashlib.sha256()
    for part in (split.train, split.validation, split.test):
        if part is not None:
            hashed.update(np.ascontiguousarray(part.x).tobytes())
            hashed.update(np.ascontiguousarray(part.y).tobytes())
            hashed.update(b"" if part.weights is None else part.weights.tobytes())
    return hashed.hexdigest()[:16]
