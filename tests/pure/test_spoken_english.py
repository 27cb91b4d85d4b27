"""Texts that a person reads are spoken English: phrases that read as translated are in none of them."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
#: Pages that users and contributors read; decisions are history and stay as they were written.
PAGES: Final = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
)
TRANSLATED: Final = re.compile(
    r"""\bmade\ anew\b | \banew\b | \blet\ go\b | \bforth\b | \btaken?\ back\b | \bmade\ again\b | \bgoes?\ on\ as\b
    | \blie(s)?\ beside\b | \bstands?\ behind\b | \blearn(ed|t)?\ by\ heart\b | \bmends?\b | \bcommonest\b
    | \bthat\ is\ how\ it\ is\b | \bthe\ 1\b | \b1\ (step|row|epoch|class|layer|column|parameter|batch)(e?s)\b
    | \benter\ take\b | \bthe\ network\ answers\b | \b(?<!there\ )\bis\ no\ (?!longer\b|more\b)
    | \b\d+\ (steps|rows|values)\ a\ second\b | \bsmallest\ and\ largest\ values\b""",
    re.VERBOSE,
)
"""Found in small letters, which is quicker than to look for both."""


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """The texts in a module that a person may read, each with its line: all but docstrings."""
    described: set[int] = set()
    for node in ast.walk(ast.parse(source)):  # an expression comes before what it holds
        if isinstance(node, ast.Expr):
            described.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, " ".join(part.value for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.lineno, node.value


def texts_in(table: Any) -> Iterator[str]:
    """The texts in a TOML table."""
    if isinstance(table, str):
        yield table
    elif isinstance(table, dict):
        for value in table.values():
            yield from texts_in(value)


def may_hold(source: str) -> bool:
    """Whether one of the phrases may be in a text of a module: in the source as it stands, with its texts joined.

    Texts that follow each other are one text, and values within one are blanks.
    """
    joined = re.sub(r"""(["'])\s+[fFrR]{0,2}\1""", "", source).lower()
    plain = re.sub(r"\{[^{}]*\}", " ", joined)
    return any(TRANSLATED.search(text) for text in (joined, plain))


def every_text() -> Iterator[tuple[str, str]]:
    """All texts of the program and its pages, each with where it stands."""
    for path in sorted((ROOT / "nnplay").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for line, text in texts_of(source) if may_hold(source) else ():  # to parse takes longest
            yield f"{path.relative_to(ROOT)}:{line}", text
    for path in sorted((ROOT / "nnplay").rglob("*.toml")):
        for text in texts_in(tomllib.loads(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(ROOT)), text
    for page in PAGES:
        yield page, (ROOT / page).read_text(encoding="utf-8")


def test_no_text_reads_as_translated() -> None:
    """None of the phrases stands in a text of the program, its records and presets, or on a page of its docs."""
    found = [
        f"{where}: {hit[0]!r} in {text[:80]!r}"
        for where, text in every_text()
        for hit in TRANSLATED.finditer(text.lower())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    ["made anew: 0.weight", "forth to the newest step", "the 1 steps after this one", "1 rows", "'x' is no number"],
)
def test_a_translated_phrase_is_found(text: str) -> None:
    """What was once on the screen is found."""
    assert TRANSLATED.search(text)


def test_texts_of_a_module_are_found() -> None:
    """Plain texts, those with values in them, and none of the docstrings."""
    found = [text for _, text in texts_of('"""Made anew."""\nsay("let go")\nsay(f"{n} made anew")\n')]
    assert found[0] == "let go"
    assert any("made anew" in text for text in found[1:])
    assert "Made anew." not in found


@pytest.mark.parametrize(
    "source",
    [
        'say("let go")',
        'say("let "\n    "go")',
        "say(f'let'\n f' go')",
        'say(f"{n} made anew{more}")',
        'say(f"is{n}no x")',
    ],
)
def test_a_module_that_may_hold_a_phrase_is_parsed(source: str) -> None:
    """However its text is put together."""
    assert any(TRANSLATED.search(text) for _, text in texts_of(source))
    assert may_hold(source)
