"""Some cells of a column as one text."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.cells import parse_number
from nnplay.data.csv.text.word_codes import WordCodes

#: A NUL cannot occur in a cell: reading refuses it.
BETWEEN: Final = "\0"


@dataclass(frozen=True, slots=True)
class TextPart:
    """Cells with a NUL between them."""

    text: str
    rows: int

    def words(self, start: int = 0, stop: int | None = None) -> list[str]:
        """The cells from one row up to another."""
        return self.text.split(BETWEEN)[start:stop] if self.rows else []

    def pick(self, rows: NDArray[np.int64]) -> list[str]:
        """The cells of some rows."""
        words = self.words()
        return [words[row] for row in rows.tolist()]

    def different(self, rows: NDArray[np.int64]) -> set[str]:
        """The different cells of some rows."""
        return set(self.pick(rows))

    def select(self, keep: NDArray[np.bool_]) -> TextPart:
        """The same with only the rows (N,) that are to be kept."""
        words = list(itertools.compress(self.words(), keep.tolist()))
        return TextPart(BETWEEN.join(words), len(words))

    def codes(self, into: WordCodes) -> NDArray[np.int32]:
        """The codes (N,) of its words."""
        return into.of_words(self.words(), self.rows)

    def numbers(self, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The numbers (N,) that cells plainly are, as `parse_number` reads them, and which cells are numbers."""
        # `float` takes some texts that are no numbers here; they are ruled out first.
        if self.text.isascii() and "_" not in self.text and (decimal == "." or "." not in self.text):
            plain = self.text.replace(",", ".") if decimal == "," else self.text
            try:
                values = np.fromiter(map(float, plain.split(BETWEEN)), dtype=np.float64, count=self.rows)
            except ValueError:
                pass
            else:
                return values, np.ones(self.rows, dtype=np.bool_)
        found = [parse_number(word, decimal) for word in self.words()]
        known = np.fromiter((value is not None for value in found), dtype=np.bool_, count=self.rows)
        return np.array([np.nan if value is None else value for value in found], dtype=np.float64), known
