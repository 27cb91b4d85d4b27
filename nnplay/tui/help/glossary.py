"""The terms of the field, two sentences each, for the help."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Term:
    """A term, what it means, and the panes on whose help page it stands first."""

    name: str
    text: str
    panes: tuple[str, ...] = ()


@cache
def glossary() -> tuple[Term, ...]:
    """All terms, in alphabetical order (read once, when the help is first opened)."""
    tables = tomllib.loads(resources.files(__package__).joinpath("glossary.toml").read_text(encoding="utf-8"))
    return tuple(Term(name, fields["text"], tuple(fields.get("panes", ()))) for name, fields in tables.items())


def terms_for(pane: str) -> list[Term]:
    """The terms of one pane, in alphabetical order."""
    return [term for term in glossary() if pane in term.panes]


def find(words: str) -> list[Term]:
    """Terms whose name, then whose text, contains `words`."""
    wanted = words.lower().strip()
    named = [term for term in glossary() if wanted in term.name]
    return named + [term for term in glossary() if term not in named and wanted in term.text.lower()]
