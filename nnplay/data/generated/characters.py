"""Windows into a book, for learning which letter comes next."""

from __future__ import annotations

import functools

import numpy as np

from nnplay.data.corpus.vocabulary import Vocabulary
from nnplay.data.dataset import Dataset
from nnplay.data.generated._blocks import SEED, noise, samples
from nnplay.data.record import DatasetRecord
from nnplay.data.tables._shipped import datasets_folder
from nnplay.fields import choice, flag, integer

FIELDS = (
    samples(2000, "windows"),
    noise(0.0, "fraction of input letters replaced by random ones"),
    SEED,
    integer("length", 40, "letters per window", low=2, high=1000),
    flag("lower", True, "all letters in lower case, which leaves fewer to distinguish"),
    choice("predict", "each", "the letter after each letter of the window, or only after the last", ("each", "last")),
)


@functools.cache
def book(lower: bool) -> str:
    """The text: Lewis Carroll, Alice's Adventures in Wonderland (1865)."""
    text = (datasets_folder() / "characters" / "alice.txt").read_text(encoding="ascii")
    return text.lower() if lower else text


def alphabet(lower: bool) -> str:
    """The characters of the text in the order of their tokens."""
    return "".join(sorted(set(book(lower))))


def make(samples: int, noise: float, seed: int, length: int, lower: bool, predict: str) -> Dataset:
    """Tokens (length,), and the token after each of them (length,) or after the last one.

    Windows follow each other from a random place; more of them than the book has go round it again.
    """
    letters = alphabet(lower)
    number = {letter: index for index, letter in enumerate(letters)}
    text = np.array([number[letter] for letter in book(lower)])
    rng = np.random.Generator(np.random.PCG64(seed))
    # Each round begins elsewhere, so that windows of later rounds are cut at other places.
    rounds = -(-samples * length // len(text))
    begins = np.repeat(rng.integers(0, len(text), rounds), len(text) // length + 1)[:samples]
    starts = begins + np.arange(samples) * length
    windows = text[(starts[:, None] + np.arange(length + 1)) % len(text)]
    x = windows[:, :-1]
    shown = np.where(rng.uniform(0, 1, x.shape) < noise, rng.integers(0, len(letters), x.shape), x)
    y = windows[:, 1:] if predict == "each" else windows[:, -1]
    notes = ("windows overlap, so training and test rows share text",) if rounds > 1 else ()
    vocabulary = Vocabulary("characters", tuple(letters), lower=lower)
    return Dataset(
        shown.astype(np.float32),
        y,
        name="characters",
        class_names=vocabulary.names,
        vocabulary=vocabulary,
        notes=notes,
    )


RECORD = DatasetRecord(
    name="characters",
    title="Letters of a book",
    task="classification",
    fields=FIELDS,
    make=make,
    about="Alice's Adventures in Wonderland, letter by letter: which comes next? Once trained, the network can write.",
    when="To generate text: with lstm, gru or a transformer.",
    source="Lewis Carroll (1865), text of Project Gutenberg's e-book 11",
    licence="public domain",
)
