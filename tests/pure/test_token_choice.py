"""The next token: which ones are in the draw, and how likely each of them is."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.training.writing.token_choice import TokenChoice

#: Probabilities 0.5, 0.3, 0.15 and 0.05, not in order.
LOGITS = np.log(np.array([0.15, 0.5, 0.05, 0.3]))


def drawn(choice: TokenChoice, times: int = 400) -> np.ndarray:
    """How often each token is drawn, as shares."""
    rng = np.random.Generator(np.random.PCG64(0))
    return np.bincount([choice.draw(LOGITS, rng) for _ in range(times)], minlength=4) / times


@pytest.mark.parametrize(
    ("choice", "shares"),
    [
        (TokenChoice(1.0), (0.15, 0.5, 0.05, 0.3)),
        (TokenChoice(1.0, top_k=2), (0, 0.625, 0, 0.375)),
        (TokenChoice(1.0, top_k=9), (0.15, 0.5, 0.05, 0.3)),
        (TokenChoice(1.0, top_p=0.79), (0, 0.625, 0, 0.375)),
        (TokenChoice(1.0, top_p=0.81), (0.158, 0.526, 0, 0.316)),
        (TokenChoice(1.0, top_p=1e-9), (0, 1, 0, 0)),
        (TokenChoice(1.0, top_k=3, top_p=0.6), (0, 0.625, 0, 0.375)),
        (TokenChoice(0.0, top_k=3), (0, 1, 0, 0)),
    ],
)
def test_only_the_likeliest_are_drawn_in_proportion(choice: TokenChoice, shares: tuple[float, ...]) -> None:
    """top_k keeps a number of tokens, top_p the fewest that reach a probability; the others are drawn as before."""
    found = drawn(choice)
    assert np.abs(found - shares).max() < 0.08
    assert not found[np.array(shares) == 0].any()


@pytest.mark.parametrize("given", [{"top_k": 0}, {"top_k": "many"}, {"top_p": 0}, {"top_p": 1.2}, {"temperature": -1}])
def test_impossible_choices_are_refused(given: dict[str, object]) -> None:
    """No token at all, or more than all of the probability, cannot be drawn from."""
    with pytest.raises(InputError, match="sampling"):
        TokenChoice.read(given)
