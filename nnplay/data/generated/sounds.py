"""Short sounds as waves: tones, chirps, beats and noises."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.generated._blocks import SEED, in_blocks, noise, samples
from nnplay.data.record import DatasetRecord
from nnplay.fields import integer

KINDS: Final = ("tone", "rising", "falling", "beating", "hiss")

FIELDS = (
    samples(3000, "sounds"),
    noise(0.1, "standard deviation of the noise on each value, where sounds peak at 1"),
    SEED,
    integer("length", 256, "samples per sound, at 8,000 per second", low=32, high=65_536),
    integer("kinds", len(KINDS), "how many kinds: " + ", ".join(KINDS), low=2, high=len(KINDS)),
)


def make(samples: int, noise: float, seed: int, length: int, kinds: int) -> Dataset:
    """Waves (length, 1) within about ±1, of any pitch and loudness; the class is the kind of sound."""

    def block(rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
        labels = rows % kinds
        waves = _waves(labels, length, rng) * rng.uniform(0.3, 1.0, (len(rows), 1))
        waves += noise * rng.standard_normal(waves.shape)
        return {"x": waves[:, :, None].astype(np.float32), "y": labels}

    rows = in_blocks(samples, seed, "sounds", block)
    return Dataset(rows["x"], rows["y"], name="sounds", class_names=KINDS[:kinds])


def _waves(labels: NDArray[np.int64], length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Waves (n, length) of ±1: pitch 0.02 to 0.2 turns a value; chirps double or halve it, beats add a near one."""
    n = len(labels)
    t = np.arange(length) / length
    pitch = rng.uniform(0.02, 0.2, (n, 1)) * length
    bend = np.select([labels == 1, labels == 2], [0.5, -0.25], 0.0)[:, None] * pitch
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    tone = exact.sin(2 * np.pi * (pitch * t + bend * t**2) + phase)
    apart = rng.uniform(2, 5, (n, 1))
    beat = (tone + exact.sin(2 * np.pi * (pitch + apart) * t + phase)) / 2
    hiss = np.clip(rng.standard_normal((n, length)) / 2, -1, 1)
    return np.asarray(np.select([(labels == 3)[:, None], (labels == 4)[:, None]], [beat, hiss], tone))


RECORD = DatasetRecord(
    name="sounds",
    title="Sounds",
    task="classification",
    fields=FIELDS,
    make=make,
    about="Tones, chirps up or down, beats and hisses, as raw waveforms of any pitch: a job for 1-D convolutions.",
    when="For 1-D convolutions on raw waveforms.",
)
