"""A pointer of a card's rows, for those that are run in plain Python."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import NDArray


class Place:
    """A pointer to one number of an array, which refuses what lies outside."""

    def __init__(self, numbers: NDArray[Any], first: int = 0) -> None:
        self.numbers, self.first = numbers, first

    def __getitem__(self, at: int) -> Any:
        assert 0 <= self.first + at < self.numbers.size, "read outside of the matrix"
        return self.numbers[self.first + at]

    def moved(self, count: int) -> Self:
        """The pointer so many numbers further."""
        return type(self)(self.numbers, self.first + count)
