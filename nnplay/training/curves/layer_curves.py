"""Numbers of every layer at some steps of the run, such as the lengths of its gradients: a table that stays small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nnplay.errors import InputError
from nnplay.text import counted

#: Rows of the table at the most (an even number), and columns that a saved one may have.
CAPACITY: Final = 512
MOST_COLUMNS: Final = 4096
#: What stands between the names of columns where they are saved.
_BETWEEN: Final = "\n"

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class LayerCurves:
    """One row of numbers for each recorded step, of which there are at most `capacity`.

    When the table is full, neighbouring rows become one with the larger number of both, so that no extreme disappears.

    Attributes:
        names: of the columns; "gradient:0.weight" is what is measured, and of what.
    """

    __slots__ = ("_capacity", "_length", "_steps", "_values", "names")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity, self._length = capacity, 0
        self.names: tuple[str, ...] = ()
        self._steps = np.zeros(capacity, np.int64)
        self._values = np.zeros((capacity, 0), np.float32)

    def __len__(self) -> int:
        return self._length

    @property
    def steps(self) -> Integers:
        """The recorded steps (rows,), ascending; a view."""
        return self._steps[: self._length]

    @property
    def values(self) -> Floats:
        """What was recorded, (rows, columns); NaN where a column did not exist yet; a view."""
        return self._values[: self._length]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the table takes, filled or not."""
        return int(self._steps.nbytes + self._values.nbytes)

    def add(self, step: int, names: tuple[str, ...], values: Sequence[float] | npt.NDArray[Any]) -> None:
        """Append a row; where the columns are other ones than before, those that no longer exist go.

        Raises:
            InputError: the step does not come after those that are there.
        """
        if self._length and step <= self._steps[self._length - 1]:
            raise InputError("recorded steps must not go back in time; truncate them first")
        if names != self.names:
            self._rename(names)
        if self._length == self._capacity:
            self._merge()
        self._steps[self._length] = step
        self._values[self._length] = values
        self._length += 1

    def column(self, name: str) -> Floats:
        """The numbers of one column (rows,); NaN where there is no such column."""
        if name not in self.names:
            return np.full(self._length, np.nan, np.float32)
        return self.values[:, self.names.index(name)]

    def of(self, kind: str) -> dict[str, Floats]:
        """The columns of one kind, such as "gradient", by what they are of."""
        found = [(name.partition(":"), number) for number, name in enumerate(self.names)]
        return {what: self.values[:, number] for (first, _, what), number in found if first == kind}

    def truncate(self, step: int) -> None:
        """Forget every row after `step`."""
        self._length = int(np.searchsorted(self.steps, step, side="right"))

    def copy(self) -> LayerCurves:
        """An independent table with the same contents."""
        twin = LayerCurves(self._capacity)
        twin.names, twin._length = self.names, self._length
        twin._steps, twin._values = self._steps.copy(), self._values.copy()
        return twin

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The filled part as int64 and float32 arrays; names as the bytes of their text."""
        text = np.frombuffer(_BETWEEN.join(self.names).encode(), np.uint8)
        return {"names": text.astype(np.int64), "steps": self.steps.copy(), "values": self.values.copy()}

    @staticmethod
    def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], where: str) -> LayerCurves:
        """The table that `to_arrays` wrote.

        Raises:
            InputError: the arrays do not describe one.
        """
        if arrays.keys() != {"names", "steps", "values"}:
            raise InputError("should have the parts names, steps and values", where=where)
        table, names = LayerCurves(), _read_names(arrays["names"], where)
        steps, values = arrays["steps"], arrays["values"]
        if steps.dtype != np.int64 or steps.ndim != 1 or len(steps) > CAPACITY or np.any(np.diff(steps) <= 0):
            raise InputError("the steps are not in order, or too many", where=f"{where}.steps")
        if values.dtype != np.float32 or values.shape != (len(steps), len(names)):
            what = f"should be {counted(len(steps), 'row')} of {counted(len(names), 'number')}, of type float32"
            raise InputError(what, where=f"{where}.values")
        table._rename(names)
        table._length = len(steps)
        table._steps[: len(steps)], table._values[: len(steps)] = steps, values
        return table

    def _rename(self, names: tuple[str, ...]) -> None:
        """Other columns: those that stay keep their numbers."""
        old = {name: number for number, name in enumerate(self.names)}
        values = np.full((self._capacity, len(names)), np.nan, np.float32)
        for number, name in enumerate(names):
            if name in old:
                values[: self._length, number] = self.values[:, old[name]]
        self.names, self._values = names, values

    def _merge(self) -> None:
        half = self._capacity // 2
        self._values[:half] = np.fmax(self._values[0::2], self._values[1::2])
        self._steps[:half] = self._steps[1::2].copy()
        self._length = half


def _read_names(codes: npt.NDArray[Any], where: str) -> tuple[str, ...]:
    problem = InputError("is not a list of names", where=f"{where}.names")
    if codes.dtype != np.int64 or codes.ndim != 1 or np.any((codes < 0) | (codes > 255)):
        raise problem
    try:
        names = tuple(codes.astype(np.uint8).tobytes().decode().split(_BETWEEN))
    except UnicodeDecodeError:
        raise problem from None
    if len(set(names)) < len(names) or len(names) > MOST_COLUMNS:
        raise problem
    return names
