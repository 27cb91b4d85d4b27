"""One batch as the network gets it: which rows, and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay import rng
from nnplay.data.profile.profile import Profile


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one step.

    Attributes:
        epoch, number, batches: which batch it is of how many, both counted from 0.
        rows: int64 (B,), their numbers in the whole data set.
        x: float32 (B, …), as the network gets them.
        y: what it is to answer.
    """

    epoch: int
    number: int
    batches: int
    rows: NDArray[np.int64]
    x: NDArray[np.float32]
    y: NDArray[Any]


def lay_out_batch(
    profile: Profile, size: int, *, seed: int = 0, epoch: int = 0, number: int = 0, shuffle: bool = True
) -> Batch:
    """A batch of `size` rows, the same that training takes.

    Args:
        seed: of the run.
        number: which batch of the epoch; the last one has what is left.
        shuffle: whether each epoch has an order of its own.
    """
    train, rows = profile.split.train, len(profile.split.train)
    size = min(size, rows)
    batches = -(-rows // size)
    number = max(0, min(number, batches - 1))
    order = rng.permutation(seed, epoch, rows) if shuffle else np.arange(rows)
    chosen = order[number * size : (number + 1) * size]
    x, y = np.asarray(train.x[chosen]), np.asarray(train.y[chosen])
    own = profile.split.indices.train  # augmented copies follow the rows themselves, in the same order
    return Batch(epoch, number, batches, own[chosen % len(own)], x, y)
