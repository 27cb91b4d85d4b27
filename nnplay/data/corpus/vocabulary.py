"""The tokens that a text is made of, and the way from text to their numbers and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.corpus.byte_pairs import PIECES, join_pairs, learn_pairs
from nnplay.text import clean

Unit = Literal["characters", "words", "byte_pairs"]

#: Fills up short texts; always number 0 where texts are filled up.
PADDING: Final = "<padding>"
#: Stands for every token that is not in the vocabulary.
UNKNOWN: Final = "<unknown>"
#: How a newline is called where tokens are shown, one visible line each; and what it is when it is typed.
PARAGRAPH: Final = "¶"
#: How the blank at the beginning of a token is called there.
_BLANK: Final = "_"
#: A word that comes once tells nothing: it teaches what to do about words that are not known.
_FEWEST: Final = 2
_WORDS: Final = re.compile(r"\w{1,64}(?:['’]\w{1,64})*|[^\w\s]|\n")
#: Signs that stand close to the word before, and those that stand close to the one behind.
_CLOSE_BEFORE: Final = frozenset(".,;:!?)]}’”%\n")
_CLOSE_BEHIND: Final = frozenset("([{‘“\n")
#: Signs that stand close to what is between two of them.
_QUOTES: Final = frozenset("'\"")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens by their numbers.

    Attributes:
        tokens: as they stand in the text, after the special ones.
        special: how many of the first stand for no text of their own: `PADDING`, `UNKNOWN`, both or none.
        merges: the byte pairs that are joined, in the order in which they were learned.
        lower: whether capitals are read as small letters.
    """

    unit: Unit
    tokens: tuple[str, ...]
    special: int = 0
    merges: tuple[tuple[str, str], ...] = ()
    lower: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The tokens as they are shown."""
        return tuple(name_token(token, self.unit) for token in self.tokens)

    @property
    def unknown(self) -> int:
        """The number of the unknown token; -1 where there is none."""
        return self.tokens.index(UNKNOWN) if UNKNOWN in self.tokens[: self.special] else -1

    def encode(self, text: str) -> NDArray[np.int32]:
        """The numbers of the tokens of a text (T,); -1 for unknown ones where no token stands for them."""
        text = text.lower() if self.lower else text
        if self.unit == "characters":
            return self._encode_characters(text)
        number = {token: index for index, token in enumerate(self.tokens) if index >= self.special}
        if self.unit == "words":
            return np.array([number.get(word, self.unknown) for word in split_words(text)], np.int32)
        known: dict[str, list[int]] = {}
        found: list[int] = []
        ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        for piece in PIECES.findall(text):
            if piece not in known:
                known[piece] = [number.get(part, self.unknown) for part in join_pairs(piece, ranks)]
            found += known[piece]
        return np.array(found, np.int32)

    def _encode_characters(self, text: str) -> NDArray[np.int32]:
        """As for the others, at once: a 16th of the time."""
        codes = np.array([ord(token) for token in self.tokens[self.special :]], np.uint32)
        order = np.argsort(codes)
        seen = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
        place = np.minimum(np.searchsorted(codes[order], seen), len(codes) - 1)
        return np.where(codes[order][place] == seen, order[place] + self.special, self.unknown).astype(np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of tokens; special ones are left out."""
        tokens = [self.tokens[number] for number in numbers if number >= self.special]
        return _join_words(tokens) if self.unit == "words" else "".join(tokens)


def split_words(text: str) -> list[str]:
    """Words, signs one by one, and newlines; blanks only divide."""
    return _WORDS.findall(text)


def name_token(token: str, unit: Unit) -> str:
    """A token as one visible word."""
    shown = clean(token.replace("\n", PARAGRAPH))
    return shown.replace(" ", _BLANK) if unit == "byte_pairs" else shown


def make_vocabulary(
    texts: Sequence[str], unit: Unit, most: int, *, lower: bool, special: Sequence[str] = ()
) -> Vocabulary:
    """The commonest tokens of some texts.

    Args:
        most: tokens there may be, special ones among them; where some do not fit, `UNKNOWN` becomes one.
        special: tokens that there are anyway.
    """
    texts = [text.lower() for text in texts] if lower else texts
    merges: tuple[tuple[str, str], ...] = ()
    rare: list[str] = []
    if unit == "byte_pairs":
        counts, merges = learn_pairs(texts, most - len(special))
    elif unit == "words":
        counts = Counter(word for text in texts for word in split_words(text))
        rare = [word for word, times in counts.items() if times < _FEWEST]
    else:
        counts = Counter()
        for text in texts:
            counts.update(text)
    special = [*special]
    if UNKNOWN not in special and (rare or len(counts) > most - len(special)):
        special.append(UNKNOWN)
    common = sorted(counts.keys() - rare, key=lambda token: (-counts[token], token))
    kept = common[: max(1, most - len(special))]
    if unit == "byte_pairs":
        merges = tuple(pair for pair in merges if {*pair, "".join(pair)} <= {*kept})
    return Vocabulary(unit, (*special, *sorted(kept)), len(special), merges, lower)


def _join_words(words: Sequence[str]) -> str:
    """Words with blanks between them, where a writer puts some."""
    parts: list[str] = []
    opened: set[str] = set()
    close = True
    for word in words:
        ends = word in _CLOSE_BEFORE or word in opened
        parts.append(word if close or ends else f" {word}")
        close = word in _CLOSE_BEHIND
        if word in _QUOTES:
            close = word not in opened
            opened ^= {word}
        elif word == "\n":
            opened.clear()
    return "".join(parts)


def share_of_unknown(rows: NDArray[Any], unknown: NDArray[np.bool_], special: int) -> float:
    """The share of the tokens in rows (N, T) that are `unknown` (V,); padding does not count."""
    tokens = rows.astype(np.int64).ravel()
    seen = tokens[(tokens >= special) | unknown[tokens]]
    return float(unknown[seen].mean()) if len(seen) else 0.0
