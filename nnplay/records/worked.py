"""Arithmetic that remembers how it was done: one element of an operation, worked out with its real numbers.

An operation's `element` function is written like its formula. It gets its operands as `Named` arrays; indexing one
gives a `Term`, and arithmetic on terms keeps the value, the formula in symbols and the formula in numbers:

    z[0,1] = Σ x[0,j]·w[j,1] + b[1]  =  0.5·1.2 + 2·0.1 + 0.3  =  1.1
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from operator import mul
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_SHOWN_TERMS: Final = 4
#: Indices of elements that are noted at the most.
_MOST_TOUCHED: Final = 20_000
_ATOM, _PRODUCT, _SUM = 3, 2, 1


@dataclass(frozen=True, slots=True)
class Term:
    """A number with its history.

    Attributes:
        value: the number, in float64.
        symbols: how it was made, in names ("x[0,1]·w[1,2]").
        numbers: the same in numbers ("0.5·1.2").
        binding: how tightly the texts bind: 3 atom, 2 product, 1 sum; decides on parentheses.
    """

    value: float
    symbols: str
    numbers: str
    binding: int = _ATOM

    @property
    def bare_numbers(self) -> str:
        """The numbers where nothing stands beside them: a single negative one needs no parentheses."""
        single = self.binding == _ATOM and self.numbers.startswith("(")
        return self.numbers[1:-1] if single else self.numbers

    def __add__(self, other: Term | float) -> Term:
        return _join(self, as_term(other), " + ", _SUM, self.value + as_term(other).value)

    def __radd__(self, other: float) -> Term:
        return as_term(other) + self

    def __sub__(self, other: Term | float) -> Term:
        return _join(self, as_term(other), " − ", _SUM, self.value - as_term(other).value, strict_right=True)

    def __rsub__(self, other: float) -> Term:
        return as_term(other) - self

    def __mul__(self, other: Term | float) -> Term:
        return _join(self, as_term(other), "·", _PRODUCT, self.value * as_term(other).value)

    def __rmul__(self, other: float) -> Term:
        return as_term(other) * self

    def __truediv__(self, other: Term | float) -> Term:
        divisor = as_term(other)
        return _join(self, divisor, " / ", _PRODUCT, _divide(self.value, divisor.value), strict_right=True)

    def __rtruediv__(self, other: float) -> Term:
        return as_term(other) / self

    def __neg__(self) -> Term:
        return Term(
            -self.value, "−" + _bound(self.symbols, self, _PRODUCT), "−" + _bound(self.numbers, self, _PRODUCT), 2
        )

    def __pow__(self, exponent: int) -> Term:
        raised = str(exponent).translate(_SUPERSCRIPTS)
        symbols, numbers = _bound(self.symbols, self, _ATOM), _bound(self.numbers, self, _ATOM)
        return Term(self.value**exponent, symbols + raised, numbers + raised)


class _Mode(threading.local):
    """How terms are made in this thread: without texts; and where the addresses of the elements used are noted."""

    silent = False
    touched: list[int] | None = None


_mode = _Mode()


@contextmanager
def noting() -> Iterator[list[int]]:
    """Within the block, the memory addresses of all elements that terms are made of are noted in the list."""
    before, _mode.touched = _mode.touched, []
    try:
        yield _mode.touched
    finally:
        _mode.touched = before


_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Named:
    """An array under the name that formulas use for it; indexing gives a `Term`."""

    __slots__ = ("_address", "array", "name")

    def __init__(self, name: str, array: NDArray[Any]) -> None:
        self.name = name
        self.array = array
        self._address = array.ctypes.data if _mode.touched is not None else 0

    def __getitem__(self, at: int | tuple[int, ...]) -> Term:
        index = at if isinstance(at, tuple) else (at,)
        value = float(self.array[index])
        touched = _mode.touched
        if touched is not None and len(touched) < _MOST_TOUCHED:
            touched.append(self._address + sum(map(mul, map(int, index), self.array.strides)))
        if _mode.silent:
            return Term(value, "", "")
        return Term(value, f"{self.name}[{','.join(str(int(part)) for part in index)}]", show(value))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.array.shape


def show(value: float) -> str:
    """Four significant digits, negative numbers in parentheses so that products stay readable."""
    text = f"{value:.4g}"
    return f"({text})" if text.startswith("-") else text


def as_term(value: Term | float) -> Term:
    """A plain number as a term of that value."""
    if isinstance(value, Term):
        return value
    return Term(float(value), "", "") if _mode.silent else Term(float(value), f"{value:g}", f"{value:g}")


def scalar(name: str, array: NDArray[Any] | Named) -> Term:
    """The one number of an array of size 1, under its bare name."""
    values = array.array if isinstance(array, Named) else np.asarray(array)
    value = float(values.reshape(-1)[0])
    return Term(value, name, show(value))


def total(terms: Iterable[Term]) -> Term:
    """Σ of the terms; the texts show the first few and how many there are."""
    remaining = iter(terms)
    shown = list(islice(remaining, _SHOWN_TERMS + 1))
    if not shown:
        return as_term(0.0)
    values = [term.value for term in shown] + values_of(remaining)
    value = math.fsum(values) if all(map(math.isfinite, values)) else sum(values)
    count = len(values)
    shown = shown[:_SHOWN_TERMS] if count > len(shown) else shown
    more = f" + … ({count:,} terms)" if len(shown) < count else ""
    symbols = " + ".join(_bound(term.symbols, term, _SUM) for term in shown) + more
    numbers = " + ".join(_bound(term.numbers, term, _SUM) for term in shown) + more
    return Term(value, symbols, numbers, _SUM if count > 1 else shown[0].binding)


def values_of(terms: Iterable[Term]) -> list[float]:
    """Values of terms that are not shown: without their texts they are worked out several times as fast."""
    before, _mode.silent = _mode.silent, True
    try:
        return [term.value for term in terms]
    finally:
        _mode.silent = before


def apply(name: str, function: Callable[..., float], *terms: Term | float) -> Term:
    """`function` of the terms, shown as `name(…)`."""
    arguments = [as_term(term) for term in terms]
    try:
        value = float(function(*(term.value for term in arguments)))
    except OverflowError:
        value = math.inf
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if _mode.silent:
        return Term(value, "", "")
    symbols = ", ".join(term.symbols for term in arguments)
    numbers = ", ".join(term.bare_numbers for term in arguments)
    return Term(value, f"{name}({symbols})", f"{name}({numbers})")


def _divide(dividend: float, divisor: float) -> float:
    """As the processor divides: infinite by 0, and NaN where that is 0 / 0."""
    if divisor:
        return dividend / divisor
    return dividend * math.copysign(math.inf, divisor) if dividend else math.nan


def _bound(text: str, term: Term, level: int) -> str:
    return text if term.binding >= level else f"({text})"


def _join(left: Term, right: Term, sign: str, level: int, value: float, strict_right: bool = False) -> Term:
    if _mode.silent:
        return Term(value, "", "", level)
    right_level = level + 1 if strict_right else level
    symbols = _bound(left.symbols, left, level) + sign + _bound(right.symbols, right, right_level)
    numbers = _bound(left.numbers, left, level) + sign + _bound(right.numbers, right, right_level)
    return Term(value, symbols, numbers, level)
