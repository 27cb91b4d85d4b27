"""Echo: which symbol came n steps ago?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset
from nnplay.data.generated._blocks import SEED, in_blocks, noise, samples
from nnplay.data.record import DatasetRecord
from nnplay.fields import integer

FIELDS = (
    samples(3000, "sequences"),
    noise(0.0, "standard deviation of the noise on each input"),
    SEED,
    integer("delay", 20, "steps between a symbol and its echo", low=1, high=10_000),
    integer("symbols", 4, "number of different symbols", low=2, high=26),
)


def make(samples: int, noise: float, seed: int, delay: int, symbols: int) -> Dataset:
    """Sequences (delay + 1, symbols) of one symbol a step, as one-hot rows; the class is the first of them."""

    def block(rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        seen = rng.integers(0, symbols, (len(rows), delay + 1))
        seen[:, 0] = rows % symbols
        shown = np.eye(symbols, dtype=np.float32)[seen]
        if noise:
            shown += np.float32(noise) * rng.standard_normal(shown.shape, dtype=np.float32)
        return {"x": shown, "y": seen[:, 0]}

    rows = in_blocks(samples, seed, "sequences", block)
    names = tuple(chr(ord("A") + symbol) for symbol in range(symbols))
    return Dataset(rows["x"], rows["y"], name="echo", class_names=names)


RECORD = DatasetRecord(
    name="echo",
    title="Echo",
    task="classification",
    fields=FIELDS,
    make=make,
    about="One symbol, then many others: which came first? Plain recurrent networks forget it.",
    when="To compare how rnn, gru and lstm remember symbols.",
)
