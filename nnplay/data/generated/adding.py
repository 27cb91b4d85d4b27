"""The adding problem: two numbers far apart are marked; their sum is wanted at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.generated._blocks import SEED, in_blocks, noise, samples
from nnplay.data.record import DatasetRecord
from nnplay.fields import integer

FIELDS = (
    samples(5000, "sequences"),
    noise(0.0, "normal deviation of the sum"),
    SEED,
    integer("length", 20, "steps of a sequence", low=2, high=10_000),
)


def make(samples: int, noise: float, seed: int, length: int) -> Dataset:
    """Sequences (length, 2) of a number from 0 to 1 and a mark, one mark in each half; targets (1,)."""

    def block(rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        numbers = rng.uniform(0, 1, (len(rows), length))
        first = rng.integers(0, length // 2, len(rows))
        second = rng.integers(length // 2, length, len(rows))
        marks = np.zeros((len(rows), length))
        marks[np.arange(len(rows)), first] = 1
        marks[np.arange(len(rows)), second] = 1
        total = (numbers * marks).sum(axis=1) + noise * rng.standard_normal(len(rows))
        return {"x": np.stack([numbers, marks], axis=2).astype(np.float32), "y": total[:, None]}

    rows = in_blocks(samples, seed, "sequences", block)
    return Dataset(rows["x"], rows["y"], name="adding", target_names=("sum",), task="regression")


RECORD = DatasetRecord(
    name="adding",
    title="Adding problem",
    task="regression",
    fields=FIELDS,
    make=make,
    about="Numbers pass by, two of them marked; at the end their sum is wanted. What is kept, and for how long?",
    when="To compare rnn, gru and lstm on memory for quantities.",
    source="made by nnplay, after Hochreiter and Schmidhuber: Long Short-Term Memory (1997)",
)
