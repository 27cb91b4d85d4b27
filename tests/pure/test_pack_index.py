"""The index of a pack is what was written, or is refused: no place outside the file, no number that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nnplay.kernels.packs import index
from nnplay.kernels.packs.index import Compiled, DamagedPack, Entry

CODES = {"nnplay.a:one": b"12345", "nnplay.b:two": b"678"}
MODULES = {"nnplay.a": "digest of a", "nnplay.kernels.abi": "digest of abi"}
WHOLE: dict[str, Any] = json.loads(
    index.written("here", "a compiler", {name: Compiled(code, MODULES) for name, code in CODES.items()})
)


def test_an_index_is_read_as_it_was_written() -> None:
    """Kernels lie one behind the other, in the order of their names, each with the modules that it follows from."""
    found = index.read(json.dumps(WHOLE).encode())
    assert (found.made_for, found.made_by, found.size) == ("here", "a compiler", 8)
    places = {name: (entry.place, entry.size) for name, entry in found.kernels.items()}
    assert places == {"nnplay.a:one": (0, 5), "nnplay.b:two": (5, 3)}
    assert all(isinstance(entry, Entry) and entry.modules == MODULES for entry in found.kernels.values())


def kernel(place: Any = 0, size: Any = 5, digest: Any = "a digest", modules: Any = (0,)) -> dict[str, Any]:
    return {"kernels": {"nnplay.a:one": [place, size, digest, modules]}}


HUGE = 1 << 70
WRONG: dict[str, dict[str, Any]] = {
    **{f"place {place}": kernel(place=place) for place in (-1, 4, HUGE, 0.0, float("nan"), "0", True, None)},
    **{f"size {size}": kernel(size=size) for size in (-1, 9, 1 << 36, HUGE, 5.0, float("inf"), "5")},
    **{f"modules {modules}": kernel(modules=modules) for modules in ([-1], [2], [HUGE], [0.0], ["0"], 0, None)},
    "a digest that is a number": kernel(digest=5),
    "an entry that is a number": {"kernels": {"nnplay.a:one": 5}},
    "an entry that is too short": {"kernels": {"nnplay.a:one": [0, 5]}},
    "kernels in a list": {"kernels": [1]},
    **{f"all of {size}": {"size": size} for size in (-1, HUGE, index.MOST + 1, 8.0, float("nan"), "8", None)},
    **{
        f"module {name!r}": {"modules": [[name, "digest"], ["nnplay.a", "digest"]]}
        for name in ("", "..", "os", "antigravity.x", "nnplay..a", "nnplay./etc/passwd", "nnplay.a\0", "nnplayer", 3)
    },
    "modules in a word": {"modules": "ab"},
    "made for a number": {"made_for": 3},
    "made by nobody": {"made_by": None},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    """A single value that is out of range or of another type refuses the whole."""
    with pytest.raises(DamagedPack):
        index.read(json.dumps(WHOLE | change).encode())


NO_INDEX = {
    "nothing": b"",
    "no UTF-8": b'{"made_for": "\xff\xfe"}',
    "a number that is none": b"NaN",
    "a list": b"[]",
    "null": b"null",
    "no key": b"{}",
    "as deep as it is long": b"[" * 200_000,
    "a number of 5,000 digits": b'{"size": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("text", NO_INDEX.values(), ids=NO_INDEX.keys())
def test_what_is_no_index_is_refused(text: bytes) -> None:
    """Whatever the bytes are, there is one error."""
    with pytest.raises(DamagedPack):
        index.read(text)


@pytest.mark.parametrize("key", WHOLE)
def test_nothing_may_be_missing(key: str) -> None:
    """An index lacks none of its keys."""
    with pytest.raises(DamagedPack):
        index.read(json.dumps({name: value for name, value in WHOLE.items() if name != key}).encode())
