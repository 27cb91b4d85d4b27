"""Columns that are encoded as soon as their numbers are known: most are read from their text once, and never again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns.encode import encode_column
from nnplay.data.columns.encoded import Encoded
from nnplay.data.columns.leaks import head_key
from nnplay.data.columns.passing_numbers import make_zeros
from nnplay.data.csv.options import CsvOptions
from nnplay.errors import InputError

#: Inputs that share a piece of memory, in tables of more than that.
_TOGETHER: Final = 256


@dataclass(slots=True)
class EncodedAhead:
    """What was made of columns of plain numbers when their cells were understood, for as long as all rows are kept.

    Attributes:
        encoded: by the column's name.
        keys: see `leaks.head_key`.
    """

    encoded: dict[str, Encoded] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    _pool: NDArray[np.float32] | None = None
    _taken: int = 0

    def add(
        self, column: TypedColumn, lines: NDArray[np.int64], options: CsvOptions, where: str, *, wide: bool
    ) -> None:
        """Encodes a column whose values are there; one that is refused is refused when all columns are encoded.

        Args:
            lines: of the file (N,).
            wide: whether the table has many columns.
        """
        indicate, parts = options.missing == "category", column.name not in options.kinds
        try:
            made = encode_column(
                column, lines, encode=options.encode, indicate_missing=indicate, parts=parts, where=where
            )
        except InputError:
            return
        self.keys[column.name] = head_key(column)
        self.encoded[column.name] = replace(made, parts=tuple(map(self._put, made.parts))) if wide else made

    def take(self, name: str) -> Encoded | None:
        """What was made of a column; it is held here no longer."""
        return self.encoded.pop(name, None)

    def first_inputs(self) -> Mapping[str, NDArray[Any]]:
        """The numbers (N,) of each column, rounded as the network gets them."""
        return {name: item.parts[0] for name, item in self.encoded.items() if item.parts}

    def _put(self, part: NDArray[Any]) -> NDArray[Any]:
        """The same numbers in memory that goes back to the system with the last of its columns, unlike small arrays."""
        if part.dtype != np.float32:
            return part
        if self._pool is None or self._taken == len(self._pool):
            self._pool, self._taken = make_zeros(_TOGETHER, part.size, part.dtype), 0
        put: NDArray[Any] = self._pool[self._taken]
        put[:] = part
        self._taken += 1
        return put
