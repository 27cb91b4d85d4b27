"""What a Python caller gives, held to what is wanted there: another kind of thing is refused in one sentence."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from nnplay.errors import InputError
from nnplay.text import shown, written

T = TypeVar("T")


def kind_of(value: Any, kind: type[T] | tuple[type[T], ...], what: str, where: str = "", hint: str = "") -> T:
    """`value`, if it is of that kind.

    Raises:
        InputError: it is not; `what` names what it should be.
    """
    if not isinstance(value, kind):
        raise InputError(f"{shown(value)} is not a valid {what}", where=where, hint=hint)
    return value


def words(values: Any, where: str) -> tuple[str, ...]:
    """Names in order, as text.

    Raises:
        InputError: not a list of names.
    """
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise InputError(f"{shown(values)} is not a list of names", where=where, hint="give ['one', 'another']")
    return tuple(map(written, values))


def sizes(values: Any, where: str) -> tuple[int, ...]:
    """A shape: one whole number from 0, or several.

    Raises:
        InputError: something else.
    """
    try:
        found = tuple(operator.index(size) for size in values)
    except TypeError:
        found = (-1,)
    if not found or any(size < 0 for size in found) or isinstance(values, (bytes, Mapping)):
        raise InputError(f"{shown(values)} is not a shape", where=where, hint="give whole numbers, as in (8, 8, 1)")
    return found


def same_word(value: Any, known: Iterable[str]) -> bool:
    """Whether it is one of some words; whatever else it is, it may be compared with nothing."""
    return isinstance(value, str) and value in known
