"""How the next token of a text is chosen by what the network says about all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.fields import fill, integer, number

Logits = NDArray[np.float64]

#: What may be set; the command line and Python read it from here.
FIELDS: Final = (
    number(
        "temperature",
        0.8,
        "0 always takes the most likely token, 1 samples from the predicted probabilities",
        low=0.0,
        high=100.0,
    ),
    integer("top_k", "all", "sample from this many most likely tokens only", high=10**6, choices=("all",)),
    number("top_p", 1.0, "sample from the most likely tokens that together are so probable", above=True, low=0, high=1),
)


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """Settings of the choice.

    Attributes:
        temperature: below 1 keeps to likely tokens, 0 always takes the likeliest, above 1 dares more.
        top_k: as many of the likeliest tokens are in the draw; "all" of them.
        top_p: nucleus sampling (Holtzman et al., 2020): the likeliest tokens that together have this probability.
    """

    temperature: float = 0.8
    top_k: int | str = "all"
    top_p: float = 1.0

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> TokenChoice:
        """Settings from outside.

        Raises:
            InputError: an unknown one, or one out of range.
        """
        return cls(**fill(FIELDS, given, "sampling"))

    def draw(self, logits: Logits, rng: np.random.Generator) -> int:
        """One class: by softmax of logits / temperature, through the largest of logits with Gumbel noise."""
        if self.temperature == 0:
            return int(logits.argmax())
        heated = self._narrowed(logits / self.temperature)
        return int((heated + rng.gumbel(size=logits.shape)).argmax())

    def _narrowed(self, heated: Logits) -> Logits:
        """−∞ for tokens that are not in the draw; the likeliest one always is."""
        if self.top_k == "all" and self.top_p == 1:
            return heated
        order = np.argsort(-heated, kind="stable")
        count = len(order) if self.top_k == "all" else min(int(self.top_k), len(order))
        if self.top_p < 1:
            chances = np.exp(heated[order] - heated[order[0]])
            before = np.cumsum(chances) - chances
            count = min(count, int((before < self.top_p * chances.sum()).sum()))
        out = heated.copy()
        out[order[max(1, count) :]] = -np.inf
        return out
