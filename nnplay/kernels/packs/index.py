"""The index of a pack: which kernels it holds, where the code of each lies, and which sources each was compiled from.

It is JSON. Whatever is not exactly what `written` gives is refused when it is read, so that nobody who asks a pack for
a kernel afterwards meets a place outside the file, a module that is not this package's, or a number that is none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: No pack has nearly as many bytes of code.
MOST: Final = 64 << 20
#: What reading JSON, and taking it apart, raise where it is not as expected.
_MALFORMED: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class DamagedPack(Exception):
    """A file that is no whole pack, or one that was made for something else."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A kernel's object code, and the modules (by name) that it follows from, with the digests of their sources."""

    code: bytes
    modules: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the code of a kernel lies, `size` bytes from `place` on, its SHA-256, and the modules it follows from."""

    place: int
    size: int
    digest: str
    modules: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Index:
    """What a pack is made for and by, how many bytes of code it has, and its kernels by name."""

    made_for: str
    made_by: str
    size: int
    kernels: Mapping[str, Entry]


def written(made_for: str, made_by: str, kernels: Mapping[str, Compiled]) -> bytes:
    """The index of a pack whose code is that of these kernels, one behind the other in the order of their names."""
    modules = sorted({item for one in kernels.values() for item in one.modules.items()})
    numbers = {item: number for number, item in enumerate(modules)}
    entries: dict[str, object] = {}
    place = 0
    for name, one in sorted(kernels.items()):
        behind = sorted(numbers[item] for item in one.modules.items())
        entries[name] = (place, len(one.code), hashlib.sha256(one.code).hexdigest(), behind)
        place += len(one.code)
    index = {"made_for": made_for, "made_by": made_by, "size": place, "modules": modules, "kernels": entries}
    return json.dumps(index, separators=(",", ":")).encode()


def read(text: bytes) -> Index:
    """Takes an index apart.

    Raises:
        DamagedPack: it is none, or something in it cannot be.
    """
    try:
        return _index(json.loads(text))
    except _MALFORMED as error:
        raise DamagedPack from error


def _index(found: Any) -> Index:
    size = _number(found["size"], MOST)
    modules = [(_module(name), _word(digest)) for name, digest in found["modules"]]
    kernels = {name: _entry(values, size, modules) for name, values in found["kernels"].items()}
    return Index(_word(found["made_for"]), _word(found["made_by"]), size, kernels)


def _entry(values: Any, total: int, modules: list[tuple[str, str]]) -> Entry:
    place, size, digest, numbers = values
    place = _number(place, total)
    size = _number(size, total - place)
    behind = dict(modules[_number(number, len(modules) - 1)] for number in numbers)
    return Entry(place, size, _word(digest), behind)


def _number(found: Any, most: int) -> int:
    if type(found) is not int or not 0 <= found <= most:
        raise ValueError
    return found


def _word(found: Any) -> str:
    if type(found) is not str:
        raise ValueError
    return found


def _module(found: Any) -> str:
    """The name of a module of this package: looking for the source of any other one would import what is above it."""
    name = _word(found)
    parts = name.split(".")
    if parts[0] != "nnplay" or not all(part.isidentifier() for part in parts):
        raise ValueError
    return name
