"""What became of a table's columns when they were encoded last: it is taken over for those that stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.cells.column_types import TypedColumn
from nnplay.data.columns.encoded import Encoded
from nnplay.data.csv.options import CsvOptions


@dataclass(frozen=True, slots=True, eq=False)
class EncodedBefore:
    """Feature columns of a table by name.

    Attributes:
        options: by which they were encoded.
        typed: what they hold, in all rows of the table; only of those whose values need not be held for that.
        encoded: what was made of them; their inputs are columns of the data set.
        kept: int64 (N,), which rows of the table were; None for all.
    """

    options: CsvOptions
    typed: Mapping[str, TypedColumn] = field(default_factory=dict)
    encoded: Mapping[str, Encoded] = field(default_factory=dict)
    kept: NDArray[np.int64] | None = None

    def take_typed(self, name: str, options: CsvOptions) -> TypedColumn | None:
        """What a column holds, if it is to be understood as before."""
        return self.typed.get(name) if self._asks_the_same(name, options) else None

    def take_encoded(
        self, name: str, options: CsvOptions, kept: NDArray[np.int64] | None, x: NDArray[Any]
    ) -> Encoded | None:
        """What was made of a column, if the same is to be made of it and the rows are the same.

        Args:
            kept: which rows of the table are; None for all.
            x: the inputs that were made before (N, all of them).
        """
        item = self.encoded.get(name)
        same = (options.encode, options.missing) == (self.options.encode, self.options.missing)
        if item is None or not same or not self._asks_the_same(name, options) or not _are_equal(kept, self.kept):
            return None
        if x.dtype != np.float32 or x.ndim != 2:  # which of the columns need 64 bits cannot be told from all of them
            return None
        place = 0
        for earlier, other in self.encoded.items():
            if earlier == name:
                break
            place += other.width
        return replace(item, parts=tuple(x[:, place + shift] for shift in range(item.width)))

    def _asks_the_same(self, name: str, options: CsvOptions) -> bool:
        return options.kinds.get(name, "auto") == self.options.kinds.get(name, "auto")


def _are_equal(some: NDArray[np.int64] | None, others: NDArray[np.int64] | None) -> bool:
    return some is others if some is None or others is None else np.array_equal(some, others)
