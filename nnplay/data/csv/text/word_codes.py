"""A column as its different words and a number for each row: what is found out of a word is found out once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Words of up to so many bytes are told apart as a few whole numbers.
LONGEST: Final = 32
_PARTS: Final = LONGEST // 8
_FACTORS: Final = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


class WordCodes:
    """Numbers words from 0 on, in the order in which they come first.

    Attributes:
        words: those that have come so far, each once.
    """

    __slots__ = ("_code", "_codes", "_keys", "_parts", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self._code: dict[str, int] = {}
        self._keys = np.zeros(0, dtype=np.uint64)
        self._codes = np.zeros(0, dtype=np.int32)
        self._parts = np.zeros((0, _PARTS), dtype=np.uint64)

    def of_words(self, words: Iterable[str], count: int) -> NDArray[np.int32]:
        """The codes (count,) of some words."""
        return np.fromiter(map(self._code_of, words), dtype=np.int32, count=count)

    def of_bytes(self, text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int32]:
        """The codes (N,) of the words of a text that begin and end at some bytes, of at most `LONGEST` bytes each."""
        parts = _as_numbers(text, starts, ends - starts)
        keys: NDArray[np.uint64] = np.asarray((parts * _FACTORS).sum(axis=1))
        fresh = np.flatnonzero(~self._known(keys))
        if fresh.size:
            firsts = np.sort(np.unique(keys[fresh], return_index=True)[1])
            self._add(text, fresh[firsts], keys, parts, starts, ends)
        found = np.searchsorted(self._keys, keys)
        if (self._parts[found] != parts).any():  # two words with one key
            pairs = zip(starts.tolist(), ends.tolist(), strict=True)
            return self.of_words([text[start:end].decode() for start, end in pairs], len(starts))
        return self._codes[found]

    def _code_of(self, word: str) -> int:
        code = self._code.setdefault(word, len(self.words))
        if code == len(self.words):
            self.words.append(word)
        return code

    def _known(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        if not self._keys.size:
            return np.zeros(len(keys), dtype=np.bool_)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.asarray(self._keys[places] == keys)

    def _add(
        self,
        text: bytes,
        rows: NDArray[np.int64],
        keys: NDArray[np.uint64],
        parts: NDArray[np.uint64],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> None:
        """Takes in the words of some rows, which have keys that are not known yet, each another one."""
        pairs = zip(starts[rows].tolist(), ends[rows].tolist(), strict=True)
        codes = self.of_words([text[start:end].decode() for start, end in pairs], len(rows))
        every = np.concatenate([self._keys, keys[rows]])
        order = np.argsort(every)
        self._keys = every[order]
        self._codes = np.concatenate([self._codes, codes])[order]
        self._parts = np.concatenate([self._parts, parts[rows]])[order]


def _as_numbers(text: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Each word as numbers (N, 4) of eight bytes, with zeros behind its end."""
    padded = text + bytes(LONGEST)
    eights: NDArray[np.uint64] = np.ndarray((len(text) + LONGEST - 7,), np.dtype("<u8"), padded, strides=(1,))
    parts = np.zeros((len(starts), _PARTS), dtype=np.uint64)
    longest = int(lengths.max(initial=0))
    for part in range(-(-longest // 8)):
        there = np.clip(lengths - 8 * part, 0, 8)
        places = np.where(there > 0, starts + 8 * part, 0)
        parts[:, part] = eights[places] & _MASKS[there]
    return parts


_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
