"""The map of the program and the pages for contributors name only what exists, in the order in which rooms import."""

from __future__ import annotations

import ast
import functools
import keyword
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "nnplay"
MAP = ROOT / "docs" / "architecture.md"
PAGES = (MAP, ROOT / "docs" / "tour.md", ROOT / "CONTRIBUTING.md")
#: What stands in code quotes on those pages and is no name of the program, each with what it is.
OTHER = {
    "`lint-imports`": "a tool",
    "`.`": "a key",
    "`0.weight`": "a name of a user's network",
    "`_name.py`": "a form of names",
    **{f"`{name}`": "a name that no file may have" for name in ("utils", "helpers", "common")},
}
#: Folders that a path on the pages may begin in.
BEGINNINGS = (ROOT, PACKAGE, *(folder for folder in PACKAGE.rglob("*/") if folder.name != "__pycache__"))


def quoted(page: Path) -> list[str]:
    """What stands in code quotes on a page, without blocks."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`[^`\n]+`", text)


@functools.cache
def targets() -> frozenset[str]:
    """What `make` can be asked for."""
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@functools.cache
def sources() -> dict[Path, str]:
    """The text of each module."""
    return {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


@functools.cache
def defined() -> frozenset[str]:
    """Every function, class, module and folder of the program."""
    names = {path.stem for path in PACKAGE.rglob("*") if path.suffix == ".py" or path.is_dir()}
    begun = re.compile(r"^ *(?:async )?(?:def|class) (\w+)", flags=re.MULTILINE)
    return frozenset(names.union(*(begun.findall(text) for text in sources().values())))


@functools.cache
def arguments(path: Path) -> frozenset[str]:
    """The arguments of a module's functions."""
    return frozenset(node.arg for node in ast.walk(ast.parse(sources()[path])) if isinstance(node, ast.arg))


@functools.cache
def is_name(word: str) -> bool:
    """Whether the program has something of that name; modules are parsed for what is no more than an argument."""
    if word in defined():
        return True
    return any(word in arguments(path) for path, text in sources().items() if re.search(rf"\b{word}\b", text))


def exists(name: str) -> bool:
    """Whether the program has that path, that command's file, or all words of that expression."""
    if name.startswith("make "):
        return name.removeprefix("make ") in targets()
    name = name.removeprefix("python ")
    if "/" in name or name.endswith((".py", ".toml", ".md")):
        is_folder = name.endswith("/")
        places = [folder / name for folder in BEGINNINGS]
        return any(place.is_dir() if is_folder else place.exists() for place in places)
    words = set(re.findall(r"[A-Za-z_]\w*", name)) - {"nn", *keyword.kwlist}
    return bool(words) and all(map(is_name, words))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_on_the_page_exists(page: Path) -> None:
    """Folders, files, functions and classes in code quotes are there; a page that lags behind says which are not."""
    names = quoted(page)
    assert names
    assert [name for name in names if name not in OTHER and not exists(name.strip("`"))] == []


def test_a_name_that_is_gone_is_noticed() -> None:
    """The look-up itself tells a file, a folder and a method that exist from those that don't."""
    assert all(map(exists, ("training/trainer.py", "tape/", "Trainer.parameters()", "python benchmarks/digests.py")))
    assert not any(map(exists, ("training/trainers.py", "tapes/", "trainer.py/", "Trainer.no_such_method()", "…")))


def test_the_map_shows_the_rooms_in_the_order_of_their_imports() -> None:
    """Every room of the import contract has its place in the table, and none stands above one that it may import."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    levels = [re.split(r" [|:] ", level) for level in reversed(contracts[0]["layers"])]
    heights = {room: height for height, rooms in enumerate(levels) for room in rooms if room != "__main__"}
    rows = re.findall(r"^\| (`.*?`) \|", MAP.read_text(encoding="utf-8"), flags=re.MULTILINE)
    shown = [name.strip("`/") for row in rows for name in row.split()]
    assert sorted(shown) == sorted(heights)
    assert [heights[room] for room in shown] == sorted(heights.values())
