"""The words of a column that came as numbers: made when they are asked for, as most never are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


class ValueCells(Sequence[str]):
    """Each value (N,) as a table of text would have it: whole numbers without a point, nothing for a missing one."""

    __slots__ = ("_missing", "_values")

    def __init__(self, values: NDArray[Any], missing: NDArray[np.bool_]) -> None:
        self._values = values
        self._missing = missing

    def unpack(self) -> list[str]:
        """All cells as a list."""
        words = map(str, self._values.tolist())
        return ["" if gone else word for word, gone in zip(words, self._missing.tolist(), strict=True)]

    def coded(self) -> tuple[list[str], NDArray[np.integer]]:
        """The different words in the order in which they come, and for each cell (N,) which of them it is."""
        code: dict[str, int] = {}
        codes = (code.setdefault(word, len(code)) for word in self.unpack())
        found = np.fromiter(codes, dtype=np.int32, count=len(self))
        return list(code), found

    def pick(self, rows: NDArray[np.bool_]) -> list[str]:
        """The cells of some rows."""
        return ValueCells(self._values[rows], self._missing[rows]).unpack()

    def select(self, keep: NDArray[np.bool_]) -> ValueCells:
        """The same with only the rows that are to be kept."""
        return ValueCells(self._values[keep], self._missing[keep])

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.unpack())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return ValueCells(self._values[index], self._missing[index]).unpack()
        return "" if self._missing[index] else str(self._values[index].item())
