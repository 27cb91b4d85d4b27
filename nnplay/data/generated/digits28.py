"""Digits of 28×28 pixels, written by a program that writes like people."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.data.dataset import Dataset
from nnplay.data.drawing import glyphs, strokes
from nnplay.data.generated import _blocks
from nnplay.data.generated._blocks import SEED, in_blocks
from nnplay.data.generated_cache import load_or_make
from nnplay.data.record import DatasetRecord
from nnplay.errors import InputError
from nnplay.fields import choice, flag, number, text

SIZE: Final = strokes.PIXELS


def make(samples: int, noise: float, seed: int, distortion: float, digits: str, flat: bool, learn: str) -> Dataset:
    """Pictures (28, 28, 1) from 0 to 1; noise is the normal deviation of each pixel."""
    wanted = read_digits(digits)
    recipe = {"samples": samples, "noise": noise, "seed": seed, "distortion": distortion, "digits": wanted}
    sources = (*(str(module.__file__) for module in (strokes, exact, glyphs, _blocks)), __file__)
    block = functools.partial(_block, wanted, noise, distortion)
    rows = load_or_make(recipe, sources, lambda: in_blocks(samples, seed, "digits", block))
    x = rows["pictures"].astype(np.float32) / np.float32(255)
    shape = (SIZE * SIZE,) if flat else (SIZE, SIZE, 1)
    if learn == "picture":
        return Dataset(x, x.reshape(samples, -1), name="digits28", feature_shape=shape, task="regression")
    names = tuple(str(digit) for digit in wanted)
    return Dataset(x, rows["labels"].astype(np.int64), name="digits28", feature_shape=shape, class_names=names)


def read_digits(words: str) -> tuple[int, ...]:
    """The digits of `all` or of a list such as `3 8`, in rising order.

    Raises:
        InputError: something else than digits, or fewer than two.
    """
    if words.strip().lower() == "all":
        return tuple(range(10))
    parts = words.replace(",", " ").split()
    if not all(part.isascii() and part.isdigit() and len(part) == 1 for part in parts):
        raise InputError(
            f"'{words}' are not digits", where="digits28, digits", hint="write 'all' or two or more: '3 8'"
        )
    found = tuple(sorted({int(part) for part in parts}))
    if len(found) < 2:
        raise InputError("at least two different digits are needed", where="digits28, digits", hint="write '3 8'")
    return found


def _block(
    wanted: tuple[int, ...], noise: float, distortion: float, rows: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    labels = rows % len(wanted)
    style = rng.integers(0, 1 << 16, len(rows))
    written, rows_of = [], []
    for label, digit in enumerate(wanted):
        texts = glyphs.STYLES[digit]
        for which, form in enumerate(texts):
            rows_of.append(np.flatnonzero((labels == label) & (style % len(texts) == which)))
            written.append((strokes.read_glyph(form), len(rows_of[-1])))
    back = np.argsort(np.concatenate(rows_of))
    places, way = (part[back] for part in strokes.write(written, distortion, rng))
    thickness = (0.75 + 0.35 * min(distortion, 1.0) * rng.uniform(-1, 1, len(rows))).astype(np.float32)
    light = rng.uniform(0.75, 1.0, len(rows)).astype(np.float32)
    specks = None
    if noise:
        specks = rng.standard_normal((len(rows), SIZE, SIZE), dtype=np.float32)
        specks *= np.float32(noise)
    pictures = strokes.paint(places, way, thickness, light, specks)
    return {"pictures": pictures, "labels": labels.astype(np.uint8)}


RECORD = DatasetRecord(
    name="digits28",
    title="Handwritten digits 28×28",
    task="classification",
    fields=(
        _blocks.samples(10_000, "images"),
        _blocks.noise(0.05, "standard deviation of the noise on each pixel, where ink is 1"),
        SEED,
        number("distortion", 1.0, "how much handwriting varies: 0 is print, 1 is typical", low=0.0, high=2.0),
        text("digits", "all", "all, or the digits to distinguish, such as '3 8'"),
        flag("flat", False, "one row of 784 numbers instead of a 28×28 image"),
        choice("learn", "digit", "what to predict: the digit, or the image itself (autoencoder)", ("digit", "picture")),
    ),
    make=make,
    about="Digits in many hands: five styles each, bent, slanted, thick and thin. As many as you like, from a seed.",
    when="For convolutional networks such as LeNet.",
)
