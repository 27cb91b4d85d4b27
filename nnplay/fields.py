"""Typed fields as data: what a layer, loss, optimizer or data set lets the user set.

A field is declared once, in the record that it belongs to; the editor's form, the command line, the session file and
the documentation are all made from it.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final, Literal

from nnplay.errors import InputError, nearest, unknown
from nnplay.text import as_typed, clean, counted, written

Kind = Literal["integer", "number", "choice", "flag", "integers", "text"]


#: A number this fraction below another one is that one once it is rounded to 32 bits.
_HALF_BIT: Final = 2.0**-25


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = _Required()
#: Numbers of a list at the most: as many as there can be classes.
MOST_LISTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Field:
    """One value that the user may set.

    Attributes:
        name: key in files, on the command line and in Python.
        kind: integer, number, choice (one word of `choices`), flag, integers (`3` or `3x5`), or text.
        default: used when nothing is given; `REQUIRED` when something must be.
        help: one sentence for forms and listings.
        low, high: closed range of a number or integer; `above` excludes the lower end itself, `below` the upper one and
            what a 32-bit number cannot tell from it.
        reason: why the range ends where it does, for the message.
        choices: the words that a choice may be; for other kinds, words allowed besides a number ("same", "all").
        short: letter that may stand before the number in a layer's text (`k3`).
        live: may change while training (it lives in the engine's memory, so nothing is compiled anew).
        longest: letters of a text.
        separator: what stands between several whole numbers (`3x5`, or `300,800` for a list of any length).
        pairs: for integers, each may be two, `0:1`: before and after along its axis.
        listed: a text that is a list of numbers not below 0, as in `1, 2, 0.5`, or one of `choices`.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    reason: str = ""
    choices: tuple[str, ...] = ()
    short: str = ""
    live: bool = False
    longest: int = 256
    separator: str = "x"
    pairs: bool = False
    listed: bool = False

    def read(self, value: Any, where: str = "") -> Any:
        """`value` (text from a file or form, or a Python value) as this field's type.

        Raises:
            InputError: not of this kind, or out of range; the message names the field and the legal values.
        """
        place = f"{where}, {self.name}" if where else self.name
        if isinstance(value, str) and value.strip().lower() in self.choices:
            return value.strip().lower()
        return getattr(self, f"_{self.kind}")(value, place)

    def show(self, value: Any) -> str:
        """`value` as the user would type it, which `read` gives back."""
        return as_typed(value, self.separator)

    def number_of(self, value: Any) -> float:
        """The value as rows of the engine read it; a choice is its place among the choices."""
        return float(self.choices.index(value) if self.kind == "choice" else value)

    @property
    def range_text(self) -> str:
        """The legal values in words, as in `integer ≥ 1` or `one of mean, sum`."""
        if self.kind == "flag":
            return "yes or no"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "text":
            return " or ".join(("a list of numbers from 0 like 1,2,0.5", *self.choices)) if self.listed else "text"
        several = "an integer, a pair like 3x5 or ends like 0:1" if self.pairs else "an integer or a pair like 3x5"
        several = several if self.separator == "x" else "an integer or a list like 300,800"
        noun = {"integer": "an integer", "number": "a number", "integers": several}[self.kind]
        low = f" {'>' if self.above else '≥'} {_bound(self.low)}" if self.low > -math.inf else ""
        high = (
            f"{' and' if low else ''} {'<' if self.below else '≤'} {_bound(self.high)}" if self.high < math.inf else ""
        )
        words = f", or {' or '.join(self.choices)}" if self.choices else ""
        return noun + low + high + words

    def _refuse(self, value: Any, place: str) -> InputError:
        hint = nearest(written(value), self.choices) if self.kind == "choice" else self.reason
        return InputError(f"'{clean(value)}' is not {self.range_text}", where=place, hint=hint)

    def _within(self, number: float) -> bool:
        if (self.above and number == self.low) or (self.below and number >= self.high - _HALF_BIT * abs(self.high)):
            return False
        return self.low <= number <= self.high

    def _integer(self, value: Any, place: str) -> int:
        number = self._number(value, place)
        if number != int(number):
            raise self._refuse(value, place)
        return int(number)

    def _number(self, value: Any, place: str) -> float:
        if isinstance(value, bool):
            raise self._refuse(value, place)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self._refuse(value, place) from None
        if not math.isfinite(number) or not self._within(number):
            raise self._refuse(value, place)
        return number

    def _choice(self, value: Any, place: str) -> str:
        raise self._refuse(value, place)

    def _flag(self, value: Any, place: str) -> bool:
        if isinstance(value, bool):
            return value
        word = written(value).strip().lower()
        if word in ("yes", "true", "on", "1"):
            return True
        if word in ("no", "false", "off", "0"):
            return False
        raise self._refuse(value, place)

    def _integers(self, value: Any, place: str) -> int | tuple[Any, ...]:
        parts = value.lower().split(self.separator) if isinstance(value, str) else value
        if not isinstance(parts, Sequence):
            return self._integer(value, place)
        read = self._pair if self.pairs else self._integer
        numbers = tuple(read(part, place) for part in parts)
        if not numbers:
            raise self._refuse(value, place)
        return numbers[0] if len(numbers) == 1 and isinstance(numbers[0], int) else numbers

    def _pair(self, value: Any, place: str) -> int | tuple[int, int]:
        """Before and after along one axis; one number where both are the same."""
        ends = value.split(":") if isinstance(value, str) else value
        if not isinstance(ends, Sequence):
            return self._integer(value, place)
        numbers = [self._integer(end, place) for end in ends]
        if len(numbers) not in (1, 2):
            raise self._refuse(value, place)
        before, after = numbers[0], numbers[-1]
        return before if before == after else (before, after)

    def _text(self, value: Any, place: str) -> str:
        if self.listed:
            return self._list(value, place)
        if not isinstance(value, (str, int, float, PathLike)):
            raise self._refuse(value, place)
        return clean(str(value) if isinstance(value, PathLike) else value, limit=self.longest)

    def _list(self, value: Any, place: str) -> str:
        """Numbers as one text, which files, forms and the command line hold alike."""
        parts = value.replace(",", " ").split() if isinstance(value, str) else value
        if isinstance(parts, (int, float)):
            parts = [parts]
        try:
            numbers = [float(part) for part in list(parts)[:MOST_LISTED]]
        except (TypeError, ValueError, OverflowError):
            raise self._refuse(value, place) from None
        if not all(math.isfinite(number) and number >= 0 for number in numbers):
            raise self._refuse(value, place)
        return ",".join(f"{number:.17g}" if number != float(f"{number:g}") else f"{number:g}" for number in numbers)


def _bound(value: float) -> str:
    """A bound as people read it: 0.5, 1e-12, 2,147,483,648."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 2**63 else f"{value:g}"


def integer(name: str, default: Any, help: str, *, low: float = 1, high: float = 2**31, **more: Any) -> Field:
    """A whole number in the closed range `low` … `high`."""
    return Field(name, "integer", default, help, low=low, high=high, **more)


def number(name: str, default: Any, help: str, **more: Any) -> Field:
    """A finite real number."""
    return Field(name, "number", default, help, **more)


def choice(name: str, default: Any, help: str, choices: tuple[str, ...], **more: Any) -> Field:
    """One word out of a fixed table."""
    return Field(name, "choice", default, help, choices=choices, **more)


def flag(name: str, default: bool, help: str, **more: Any) -> Field:
    """Yes or no."""
    return Field(name, "flag", default, help, **more)


def integers(name: str, default: Any, help: str, *, low: float = 1, high: float = 2**20, **more: Any) -> Field:
    """One whole number, or one for each axis (`3x5`); with pairs, each may be two (`0:1`)."""
    return Field(name, "integers", default, help, low=low, high=high, **more)


def text(name: str, default: Any, help: str, **more: Any) -> Field:
    """Free text, cleaned of control characters."""
    return Field(name, "text", default, help, **more)


def numbers(name: str, help: str, **more: Any) -> Field:
    """A list of numbers not below 0, or one of some words; empty unless given."""
    return Field(name, "text", "", help, listed=True, **more)


def fill(fields: Sequence[Field], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values of all `fields`: those `given`, checked, and defaults for the rest.

    Raises:
        InputError: an unknown key, a missing required value, or a value that its field refuses.
    """
    known = {field.name: field for field in fields}
    for key in given:
        if key not in known:
            raise unknown("setting", key, known, where=where)
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in given:
            values[name] = field.read(given[name], where)
        elif field.default is REQUIRED:
            raise InputError(f"needs '{name}' ({field.help})", where=where, hint=f"give {field.range_text}")
        else:
            values[name] = field.default
    return values


def bind(fields: Sequence[Field], args: Sequence[Any], kwargs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Values from a Python call: positional arguments fill the fields in their order, as in a signature."""
    if len(args) > len(fields):
        raise InputError(f"takes at most {counted(len(fields), 'value')}, but {len(args)} were given", where=where)
    given = {field.name: value for field, value in zip(fields, args, strict=False)}
    for key, value in kwargs.items():
        if key in given:
            raise InputError(f"'{key}' was given twice", where=where)
        given[key] = value
    return fill(fields, given, where)


def signature(fields: Sequence[Field]) -> inspect.Signature:
    """The Python signature that the fields amount to, for `help()` and completion."""
    empty = inspect.Parameter.empty
    return inspect.Signature(
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=empty if field.default is REQUIRED else field.default,
            )
            for field in fields
        ]
    )
