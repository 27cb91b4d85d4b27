"""Reversal: the same tokens, last one first."""

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
    noise(0.0, "fraction of input tokens replaced by random ones"),
    SEED,
    integer("length", 10, "tokens per sequence", low=2, high=1000),
    integer("symbols", 8, "number of different tokens", low=2, high=1000),
)


def make(samples: int, noise: float, seed: int, length: int, symbols: int) -> Dataset:
    """Tokens (length,) from 0, and a class for each place (length,): the token at the same distance from the end."""

    def block(rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        tokens = rng.integers(0, symbols, (len(rows), length))
        other = rng.integers(0, symbols, tokens.shape)
        shown = np.where(rng.uniform(0, 1, tokens.shape) < noise, other, tokens)
        return {"x": shown.astype(np.float32), "y": tokens[:, ::-1]}

    rows = in_blocks(samples, seed, "sequences", block)
    names = tuple(str(token) for token in range(symbols))
    return Dataset(rows["x"], rows["y"], name="reversal", class_names=names)


RECORD = DatasetRecord(
    name="reversal",
    title="Reversal",
    task="classification",
    fields=FIELDS,
    make=make,
    about="Tokens to write backwards: each output depends on one distant position, a job for attention.",
    when="To see what attention attends to.",
)
