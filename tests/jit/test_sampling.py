"""Sampled text: drawn by what the network says, the same for the same seed, refused where there are no letters."""

from __future__ import annotations

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.training.trainer import Trainer
from nnplay.training.writing.sampling import sample_text


def trained(predict: str, layers: str) -> Trainer:
    """A small network after a few steps on windows of six letters."""
    data = nn.load_dataset("characters", samples=300, length=6, predict=predict)
    trainer = nn.Trainer(nn.Network(layers), data.split(), "cross_entropy", nn.Adam(lr=0.01))
    trainer.run(epochs=3)
    return trainer


@pytest.fixture(scope="module")
def each() -> Trainer:
    """A network that answers after every letter."""
    return trained("each", "embedding 42 8, gru 16 sequence, linear 42")


def test_text_goes_on_from_its_start(each: Trainer) -> None:
    """The text has the start and as many letters more as were asked for, all of the alphabet."""
    text = sample_text(each, "the ", 30)
    assert text.startswith("the ")
    assert len(text) == 34
    assert sample_text(each, "the rabbit-hole went straight on", 0) == "the rabbit-hole went straight on"


def test_the_seed_decides(each: Trainer) -> None:
    """The same seed writes the same text, another one another."""
    assert sample_text(each, "a", 40, seed=1) == sample_text(each, "a", 40, seed=1)
    assert sample_text(each, "a", 40, seed=1) != sample_text(each, "a", 40, seed=2)


def test_cold_text_takes_the_likeliest_letter(each: Trainer) -> None:
    """At temperature 0 each letter is the largest output after the letters before it, beyond the window too."""
    names = each.split.class_names
    text = sample_text(each, "she", 12, temperature=0)
    tokens = [names.index("¶" if letter == "\n" else letter) for letter in text]
    for end in range(6, len(tokens)):
        answers = each.predict(np.array([tokens[end - 6 : end]], dtype=np.float32))
        assert tokens[end] == answers[0, -1].argmax()


def test_heat_draws_as_learned(each: Trainer) -> None:
    """At temperature 1 the first letter is drawn with the probabilities that softmax gives."""
    row = np.zeros((1, 6), dtype=np.float32)
    row[0, 0] = each.split.class_names.index("t")
    logits = each.predict(row)[0, 0].astype(float)
    chances = np.exp(logits - logits.max())
    chances /= chances.sum()
    drawn = [sample_text(each, "t", 1, temperature=1, seed=seed)[1] for seed in range(400)]
    shares = np.array([drawn.count("\n" if name == "¶" else name) for name in each.split.class_names]) / 400
    assert np.abs(shares - chances).max() < 0.1


def test_a_network_of_the_last_letter_writes_too() -> None:
    """A network that answers once for its window is shown the text at the window's end."""
    trainer = trained("last", "embedding 42 8, gru 16, linear 42")
    text = sample_text(trainer, "white r", 5, temperature=0)
    names = trainer.split.class_names
    row = np.array([[names.index(letter) for letter in "hite r"]], dtype=np.float32)
    assert names[int(trainer.predict(row)[0].argmax())] == text[7]


@pytest.mark.parametrize(
    ("start", "temperature", "message"),
    [("Ällice", 1, "never saw the letter"), ("", 1, "no letter"), ("a", -1, "≥ 0"), ("a", float("nan"), "≥ 0")],
)
def test_impossible_wishes_are_refused(each: Trainer, start: str, temperature: float, message: str) -> None:
    """Unknown letters, no letters and impossible temperatures are refused by their rule."""
    with pytest.raises(InputError, match=message):
        sample_text(each, start, 3, temperature)


def test_other_networks_write_nothing() -> None:
    """A network that has nothing to do with letters is refused, and told what would do."""
    trainer = nn.Trainer(nn.Network("linear 2"), nn.load_dataset("xor", samples=40))
    with pytest.raises(InputError, match="characters_lstm"):
        sample_text(trainer, "a", 3)
