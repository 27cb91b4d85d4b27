"""Text from a network that has learned what comes next: token by token, each drawn by its probability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.corpus.vocabulary import Vocabulary
from nnplay.errors import InputError, nearest
from nnplay.text import clean
from nnplay.training.trainer import Trainer
from nnplay.training.writing.decoding import decoder_of
from nnplay.training.writing.token_choice import TokenChoice


def sample_text(
    trainer: Trainer,
    start: str = "alice was ",
    length: int = 200,
    temperature: float = 0.8,
    seed: int = 0,
    **choice: Any,
) -> str:
    """`start` and what comes of `length` further tokens: letters, words or byte pairs.

    Args:
        trainer: of a network that was given windows of a text, as the data set 'characters' or a text file has them,
            and predicts the token after each of them, or after the last one.
        temperature: below 1 keeps to likely tokens, 0 always takes the likeliest, above 1 dares more.
        seed: of the draws: the same seed writes the same text.
        choice: top_k and top_p, which keep unlikely tokens out of the draw.

    Raises:
        InputError: another kind of network, a letter that it never saw, or a temperature below 0.
    """
    chosen = TokenChoice.read({"temperature": temperature, **choice})
    return start_of(trainer, start) + "".join(write_on(trainer, start, length, chosen, seed))


def start_of(trainer: Trainer, start: str) -> str:
    """The start of a text as the network reads it: in small letters, where it knows no others.

    Raises:
        InputError: another kind of network, or a letter that it never saw.
    """
    vocabulary = text_vocabulary(trainer)
    return vocabulary.decode(_tokens(start, vocabulary))


def write_on(trainer: Trainer, start: str, length: int, choice: TokenChoice, seed: int) -> Iterator[str]:
    """The text of `length` tokens behind a start, piece by piece as it is written.

    Raises:
        InputError: another kind of network, or a letter that it never saw.
    """
    vocabulary = text_vocabulary(trainer)
    tokens = _tokens(start, vocabulary)
    known = len(vocabulary.decode(tokens))
    for token in go_on(trainer, tokens, length, choice, seed):
        tokens.append(token)
        text = vocabulary.decode(tokens)
        yield text[known:]
        known = len(text)


def go_on(trainer: Trainer, tokens: Sequence[int], length: int, choice: TokenChoice, seed: int) -> Iterator[int]:
    """The numbers of `length` tokens that the network writes behind others; never one that stands for no text."""
    vocabulary = text_vocabulary(trainer)
    rng = np.random.Generator(np.random.PCG64(seed))
    reader = decoder_of(trainer) or _Window(trainer)
    unread = [*tokens]
    for _ in range(length):
        logits = reader.read(unread)
        logits[: vocabulary.special] = -np.inf
        unread = [choice.draw(logits, rng)]
        yield unread[0]


def writes_text(trainer: Trainer) -> bool:
    """Whether the network says which token of a text comes next."""
    train, window = trainer.split.train, trainer.split.feature_shape
    if train.vocabulary is None or train.class_names != train.vocabulary.names:
        return False
    count = len(train.class_names)
    return trainer.plan.output_shape in ((count,), (*window, count))


def text_vocabulary(trainer: Trainer) -> Vocabulary:
    """The tokens that a network writes with.

    Raises:
        InputError: it does not say what comes next.
    """
    vocabulary = trainer.split.train.vocabulary
    if vocabulary is None or not writes_text(trainer):
        raise InputError(
            f"the network trained on '{trainer.split.name}' does not predict letters",
            where="sampling",
            hint="train one on the data set 'characters', as the preset characters_lstm does",
        )
    return vocabulary


def _tokens(start: str, vocabulary: Vocabulary) -> list[int]:
    if not start:
        raise InputError("there is no letter to continue from", where="sampling, start", hint="start with a word")
    tokens: list[int] = vocabulary.encode(start).tolist()
    if vocabulary.unit != "words":
        for letter in start:
            if vocabulary.encode(letter).min(initial=0) < 0:
                known = vocabulary.tokens
                hint = nearest(letter.lower(), known) if letter.lower() in known else ""
                what = f"the network never saw the letter '{clean(letter)}'"
                raise InputError(what, where="sampling, start", hint=hint)
    if not tokens or min(tokens) < 0:
        raise InputError("the network knows no token of it", where="sampling, start", hint="start with another word")
    return tokens


class _Window:
    """Reads the last window of a text anew with every token, for networks whose layers remember nothing."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._tokens: list[int] = []

    def read(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        """What the network says after these tokens and those before them, as many as its window takes (classes,).

        Tokens behind the last one do not matter to a network that reads from the left, so a short text is filled up
        there; one that answers for the whole window is shown the text at its end.
        """
        (window,) = self._trainer.split.feature_shape
        seen = self._tokens = [*self._tokens, *tokens][-window:]
        each = self._trainer.plan.output_shape[:-1] == (window,)
        row = np.full((1, window), seen[0], dtype=np.float32)
        place = slice(0, len(seen)) if each else slice(window - len(seen), window)
        row[0, place] = seen
        answer: NDArray[Any] = self._trainer.answers(row)[0]
        return np.array(answer[len(seen) - 1] if each else answer, dtype=np.float64)
