"""Text from a network that has learned which letter comes next: letter by letter, each drawn by its probability."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import InputError, nearest
from nnplay.fields import number
from nnplay.text import clean
from nnplay.training.trainer import Trainer

#: How the end of a paragraph is called among the classes, since a class name is one visible line.
PARAGRAPH = "¶"
_TEMPERATURE = number(
    "temperature",
    0.8,
    "0 always takes the most likely letter, 1 samples from the predicted probabilities",
    low=0.0,
    high=100.0,
)


def sample_text(
    trainer: Trainer, start: str = "alice was ", length: int = 200, temperature: float = 0.8, seed: int = 0
) -> str:
    """`start` and `length` further letters.

    Args:
        trainer: of a network that was given windows of letters as tokens, as the data set 'characters' has them, and
            predicts the letter after each of them, or after the last one.
        temperature: below 1 keeps to likely letters, 0 always takes the likeliest, above 1 dares more.
        seed: of the draws: the same seed writes the same text.

    Raises:
        InputError: another kind of network, a letter that it never saw, or a temperature below 0.
    """
    heat = _TEMPERATURE.read(temperature, "sampling")
    letters = _letters(trainer)
    tokens = _tokens(start, letters)
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(length):
        tokens.append(_draw(_next_logits(trainer, tokens), heat, rng))
    return "".join(letters[token] for token in tokens)


def _letters(trainer: Trainer) -> list[str]:
    names = trainer.split.class_names
    window = trainer.split.feature_shape
    fits = trainer.plan.output_shape in ((len(names),), (*window, len(names)))
    if not fits or len(window) != 1 or any(len(name) != 1 for name in names):
        raise InputError(
            f"the network trained on '{trainer.split.name}' does not predict letters",
            where="sampling",
            hint="train one on the data set 'characters', as the preset characters_lstm does",
        )
    return ["\n" if name == PARAGRAPH else name for name in names]


def _tokens(start: str, letters: list[str]) -> list[int]:
    if not start:
        raise InputError("there is no letter to continue from", where="sampling, start", hint="start with a word")
    for letter in start:
        if letter not in letters:
            hint = nearest(letter.lower(), letters) if letter.lower() in letters else ""
            raise InputError(f"the network never saw the letter '{clean(letter)}'", where="sampling, start", hint=hint)
    return [letters.index(letter) for letter in start]


def _next_logits(trainer: Trainer, tokens: list[int]) -> NDArray[np.float64]:
    """What the network says after `tokens`, of which it sees as many as its window takes.

    Tokens behind the last one do not matter to a network that reads from the left, so a short text is filled up there;
    one that answers for the whole window is shown the text at its end.
    """
    (window,) = trainer.split.feature_shape
    seen = tokens[-window:]
    each = trainer.plan.output_shape[:-1] == (window,)
    row = np.full((1, window), seen[0], dtype=np.float32)
    place = slice(0, len(seen)) if each else slice(window - len(seen), window)
    row[0, place] = seen
    answer: NDArray[Any] = trainer.answers(row)[0]
    return np.asarray(answer[len(seen) - 1] if each else answer, dtype=np.float64)


def _draw(logits: NDArray[np.float64], heat: float, rng: np.random.Generator) -> int:
    """One class: by softmax of logits / temperature, through the largest of logits with Gumbel noise."""
    if heat == 0:
        return int(logits.argmax())
    return int((logits / heat + rng.gumbel(size=logits.shape)).argmax())
