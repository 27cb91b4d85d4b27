"""One setting that a sweep changes, with all values that it may take."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay import exact
from nnplay.config.assignments import with_section
from nnplay.errors import InputError
from nnplay.text import clean

Value = int | float | str
#: Values of one setting at the most.
MOST_VALUES: Final = 100_000
#: Numbers of a list that are each tried before anything is trained.
LONG: Final = 100
_RANGE: Final = re.compile(r"\s*(log|uniform|int)\s*\((.*)\)\s*")
_COUNTED: Final = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")
_HINT: Final = "write values (8,16,32), 1..20, uniform(0,1), log(1e-4,1e-1) or int(4,64)"
#: Settings whose values hold commas themselves.
_WITH_COMMAS: Final = ("layers", "schedule")


@dataclass(frozen=True, slots=True)
class Axis:
    """A setting with the values that it may take: `Axis("optimizer.lr", low=1e-4, high=1e-1, log=True)`.

    Attributes:
        name: of the setting, as in `optimizer.lr`, `layers.width` or `seed`.
        values: all of them, where they are listed; else they lie in a range.
        low, high: ends of the range, both included.
        log: steps are even in the logarithm.
        whole: only whole numbers.
        points: values that a grid takes from the range; 0 where nobody said.
    """

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    points: int = 0

    def at(self, places: NDArray[np.float64]) -> list[Value]:
        """The values at some places (n,) from 0 to 1."""
        if self.values:
            count = len(self.values)
            return [self.values[min(count - 1, int(place * count))] for place in places]
        if self.whole:
            first, count = int(self.low), int(self.high) - int(self.low) + 1
            return [first + min(count - 1, int(place * count)) for place in places]
        if self.log:
            low, high = (float(exact.log(np.float64(end))) for end in (self.low, self.high))
            found = exact.exp(low + (high - low) * places)
            return [float(min(max(value, self.low), self.high)) for value in found]
        return [float(self.low + (self.high - self.low) * place) for place in places]

    def place(self, value: Any) -> float:
        """Where a value lies, from 0 to 1: a listed one by its position, the others within the range."""
        if self.values:
            return self.values.index(value) / max(1, len(self.values) - 1) if value in self.values else 0.0
        low, high, now = (math.log(end) if self.log else float(end) for end in (self.low, self.high, value))
        return (now - low) / (high - low) if high > low else 0.5

    def grid(self) -> tuple[Value, ...]:
        """The values that a grid takes.

        Raises:
            InputError: a range of which nobody said how many values a grid takes.
        """
        if self.values:
            return self.values
        if self.whole and not self.points:
            return tuple(range(int(self.low), int(self.high) + 1))
        if not self.points:
            shown = f"{'log' if self.log else 'uniform'}({self.low:g},{self.high:g},5)"
            raise InputError(
                "a grid needs to know how many values of a range to take",
                where=self.name,
                hint=f"write {shown}, or choose random trials",
            )
        if self.points == 1:
            return tuple(self.at(np.array([0.5])))
        if self.whole:
            return tuple(dict.fromkeys(round(value) for value in np.linspace(self.low, self.high, self.points)))
        return tuple(self.at(np.linspace(0.0, 1.0, self.points)))

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values to check before anything is trained: all that are listed, or both ends of the range.

        Of a long list of numbers the smallest and the largest stand for all.
        """
        if len(self.values) > LONG and all(isinstance(value, (int, float)) for value in self.values):
            return min(self.values, key=float), max(self.values, key=float)
        if self.values:
            return self.values
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def __str__(self) -> str:
        if self.values:
            return f"{self.name}={(' | ' if self.name in _WITH_COMMAS else ',').join(map(str, self.values))}"
        more = f",{self.points}" if self.points else ""
        kind = "int" if self.whole else "log" if self.log else "uniform"
        return f"{self.name}={kind}({self.low:g},{self.high:g}{more})"


def parse_axis(text: str) -> Axis:
    """`optimizer.lr=log(1e-4,1e-1)` as an axis; see `_HINT` for the ways to write values.

    Raises:
        InputError: no setting or no values, a range that is empty or upside down, or a value given twice.
    """
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not name or not given:
        raise InputError(f"'{clean(text)}' names no setting with its values", where="--set", hint=_HINT)
    name = with_section(name)
    if match := _RANGE.fullmatch(given):
        return _range(name, match[1], match[2])
    if match := _COUNTED.fullmatch(given):
        return _listed(name, _numbers_between(name, int(match[1]), int(match[2])))
    words = given.split("|") if "|" in given or name in _WITH_COMMAS else given.split(",")
    return _listed(name, tuple(_value(word.strip()) for word in words))


def _range(name: str, kind: str, inside: str) -> Axis:
    words = [word.strip() for word in inside.split(",")]
    numbers = [value for word in words if isinstance(value := _value(word), (int, float))]
    if len(numbers) != len(words) or len(words) not in (2, 3) or not all(map(math.isfinite, numbers)):
        hint = f"write {kind}(low,high), or {kind}(low,high,count) for a grid"
        raise InputError(f"'{clean(inside)}' is not the two ends of a range", where=name, hint=hint)
    low, high, *count = numbers
    whole = kind == "int"
    if low >= high:
        raise InputError(
            f"the range from {low:g} to {high:g} is empty", where=name, hint="give the smaller number first"
        )
    if kind == "log" and low <= 0:
        raise InputError(f"a logarithmic range cannot begin at {low:g}", where=name, hint="begin above 0, at 1e-6 say")
    if whole and (low != int(low) or high != int(high)):
        raise InputError(f"the ends of {kind}({clean(inside)}) are not whole numbers", where=name, hint="use uniform")
    points = count[0] if count else 0
    if (count and not 1 <= points <= MOST_VALUES) or points != int(points):
        raise InputError(f"a grid cannot take {points:g} values of a range", where=name, hint="give a count from 1")
    return Axis(name, low=low, high=high, log=kind == "log", whole=whole, points=int(points))


def _numbers_between(name: str, first: int, last: int) -> tuple[int, ...]:
    if not 0 <= last - first < MOST_VALUES:
        wrong = "has no values" if last < first else f"has more than {MOST_VALUES:,} values"
        raise InputError(f"{first}..{last} {wrong}", where=name, hint="give the smaller number first, as in 1..20")
    return tuple(range(first, last + 1))


def _listed(name: str, values: tuple[Value, ...]) -> Axis:
    if "" in values:
        raise InputError("a value is missing between two commas", where=name, hint=_HINT)
    seen: set[Value] = set()
    for value in values:
        if value in seen:
            raise InputError(f"the value {clean(value)} is given twice", where=name, hint="give each value once")
        seen.add(value)
    return Axis(name, values)


def _value(word: str) -> Value:
    """A number where the word is one."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
