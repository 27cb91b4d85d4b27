"""A column as its different words and a number for each row: what is found out of a word is found out once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.csv.text.plain_numbers import MARGIN, as_eights

#: Words of up to so many bytes are told apart as a few whole numbers.
LONGEST: Final = MARGIN
_PARTS: Final = LONGEST // 8
_FACTORS: Final = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
_SPREAD: Final = np.uint64(0xD6E8FEB86659FD93)
#: With more words than this there is nothing to gain from keeping them in order besides.
_MANY: Final = 1 << 16
_FEWEST_BITS: Final = 6
_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)

Parts = list[NDArray[np.uint64]]
"""Words (N,) as numbers of eight bytes, those of the first eight first, with zeros behind a word's end."""


class WordCodes:
    """Numbers words from 0 on, in the order in which they come first.

    Attributes:
        words: those that have come so far, each once.
    """

    __slots__ = ("_code", "_codes", "_keys", "_parts", "_shift", "_slots", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self._code: dict[str, int] = {}
        self._keys = np.zeros(0, dtype=np.uint64)
        self._codes = np.zeros(0, dtype=np.int32)
        self._parts: Parts = [np.zeros(0, dtype=np.uint64)] * _PARTS
        self._slots = np.zeros(2, dtype=np.int32)
        self._shift = np.uint64(63)

    def of_words(self, words: Iterable[str], count: int) -> NDArray[np.int32]:
        """The codes (count,) of some words."""
        return np.fromiter(map(self._code_of, words), dtype=np.int32, count=count)

    def of_bytes(
        self, text: bytes | bytearray, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """The codes (N,) of the words that begin and end at some bytes, of at most `LONGEST` bytes each.

        Args:
            text: with `MARGIN` bytes behind the last word.
        """
        if len(self.words) > _MANY:
            return self.of_words(_decode(text, starts, ends), len(starts))
        parts = _as_numbers(text, starts, ends - starts)
        keys = _join(parts)
        found = self._find(keys)
        fresh = np.flatnonzero(self._keys[found] != keys) if self._keys.size else np.arange(len(keys))
        if fresh.size:
            firsts = np.sort(np.unique(keys[fresh], return_index=True)[1])
            self._add(text, fresh[firsts], keys, parts, starts, ends)
            found = self._find(keys)
        if any((held[found] != part).any() for held, part in zip(self._parts, parts, strict=True)):
            return self.of_words(_decode(text, starts, ends), len(starts))  # two words have one key
        return self._codes[found]

    def _code_of(self, word: str) -> int:
        code = self._code.setdefault(word, len(self.words))
        if code == len(self.words):
            self.words.append(word)
        return code

    def _find(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """For each key (N,) the place that it has among those that are known; any place for one that is not."""
        places: NDArray[np.int32] = self._slots[(keys * _SPREAD) >> self._shift]
        others = np.flatnonzero(self._keys[places] != keys) if self._keys.size else self._keys
        if others.size:
            found = np.searchsorted(self._keys, keys[others])
            places[others] = np.minimum(found, len(self._keys) - 1)
        return places

    def _add(
        self,
        text: bytes | bytearray,
        rows: NDArray[np.int64],
        keys: NDArray[np.uint64],
        parts: Parts,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> None:
        """Takes in the words of some rows, which have keys that are not known yet, each another one."""
        codes = self.of_words(_decode(text, starts[rows], ends[rows]), len(rows))
        every = np.concatenate([self._keys, keys[rows]])
        order = np.argsort(every)
        self._keys = every[order]
        self._codes = np.concatenate([self._codes, codes])[order]
        joined = zip(self._parts, parts, strict=True)
        self._parts = [np.concatenate([held, part[rows]])[order] for held, part in joined]
        bits = max(len(order).bit_length() + 2, _FEWEST_BITS)
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(1 << bits, dtype=np.int32)
        self._slots[(self._keys * _SPREAD) >> self._shift] = np.arange(len(order))


def _decode(text: bytes | bytearray, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[str]:
    return [text[start:end].decode() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _join(parts: Parts) -> NDArray[np.uint64]:
    """A key for each word: the word itself where it has up to eight bytes."""
    keys = parts[0]
    for part, factor in zip(parts[1:], _FACTORS[1:], strict=True):
        keys = keys + part * factor if part.any() else keys
    return keys


def _as_numbers(text: bytes | bytearray, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Parts:
    eights = as_eights(text)
    parts = [eights[starts] & _MASKS[np.minimum(lengths, 8)]]
    longest, none = int(lengths.max(initial=0)), np.broadcast_to(np.uint64(0), len(starts))
    for first in range(8, LONGEST, 8):
        there = np.clip(lengths - first, 0, 8)
        parts.append(eights[np.where(there > 0, starts + first, 0)] & _MASKS[there] if longest > first else none)
    return parts
