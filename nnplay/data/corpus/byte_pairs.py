"""Byte pairs: tokens that are learned from a text, by joining the commonest pair of neighbours again and again.

After Sennrich, Haddow and Birch: Neural Machine Translation of Rare Words with Subword Units (2016). As there, it
begins with the characters; no token goes across the border of a word, and a blank belongs to the word behind it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from nnplay.data.progress import report

Pair = tuple[str, str]

#: Within these, and never across them, characters are joined.
PIECES: Final = re.compile(r" ?\w{1,64}| ?[^\w\s]{1,16}|\s")
#: A pair that comes once is not worth a token.
_FEWEST: Final = 2


def learn_pairs(texts: Sequence[str], most: int) -> tuple[Counter[str], tuple[Pair, ...]]:
    """How often each token comes, and the pairs that were joined, in that order.

    Args:
        most: tokens there may be; the characters are always among them.
    """
    pieces = Counter(piece for text in texts for piece in PIECES.findall(text))
    words = [list(piece) for piece in pieces]
    times = list(pieces.values())
    pairs, places = _count_pairs(words, times)
    merges: list[Pair] = []
    letters = len({letter for word in words for letter in word})
    while len(merges) < most - letters:
        report(len(merges), most - letters, "byte pairs")
        best = max(pairs, key=lambda pair: (pairs[pair], pair), default=None)
        if best is None or pairs[best] < _FEWEST:
            break
        merges.append(best)
        for place in sorted(places[best]):
            _join_in_word(words[place], best, times[place], place, pairs, places)
        del pairs[best], places[best]
    counts: Counter[str] = Counter()
    for word, often in zip(words, times, strict=True):
        for token in word:
            counts[token] += often
    for letter in {letter for piece in pieces for letter in piece}:
        counts[letter] += 0  # what only stands in joined tokens may stand alone elsewhere
    for pair in merges:
        counts["".join(pair)] += 0
    return counts, tuple(merges)


def _count_pairs(words: Sequence[list[str]], times: Sequence[int]) -> tuple[Counter[Pair], defaultdict[Pair, set[int]]]:
    pairs: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += times[place]
            places[pair].add(place)
    return pairs, places


def _join_in_word(
    word: list[str], pair: Pair, times: int, place: int, pairs: Counter[Pair], places: defaultdict[Pair, set[int]]
) -> None:
    """Joins a pair wherever it stands in a word; the counts of its neighbours follow."""
    for before in pairwise(word):
        pairs[before] -= times
    word[:] = _joined(word, pair)
    for after in pairwise(word):
        pairs[after] += times
        places[after].add(place)


def _joined(word: Sequence[str], pair: Pair) -> list[str]:
    joined: list[str] = []
    at = 0
    while at < len(word):
        if at + 1 < len(word) and (word[at], word[at + 1]) == pair:
            joined.append("".join(pair))
            at += 2
        else:
            joined.append(word[at])
            at += 1
    return joined


def join_pairs(piece: str, ranks: Mapping[Pair, int]) -> list[str]:
    """The tokens of a piece: pairs are joined in the order in which they were learned."""
    word = list(piece)
    while len(word) > 1:
        best = min(pairwise(word), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        word = _joined(word, best)
    return word
