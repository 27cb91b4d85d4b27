"""The terms of the field and the numbers of a run, a few sentences each, for the help."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nnplay.training.numbers import NUMBERS


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
    terms = {name: Term(name, fields["text"], tuple(fields.get("panes", ()))) for name, fields in tables.items()}
    for number in NUMBERS.values():
        known = terms.get(number.label, Term(number.label, "", number.panes))
        terms[number.label] = Term(known.name, f"{known.text} {number.meaning}".strip(), known.panes)
    return tuple(terms[name] for name in sorted(terms))


def terms_for(pane: str) -> list[Term]:
    """The terms of one pane, in alphabetical order."""
    return [term for term in glossary() if pane in term.panes]


def find(words: str) -> list[Term]:
    """Terms whose name, then whose text, contains `words`."""
    wanted = words.lower().strip()
    named = [term for term in glossary() if wanted in term.name]
    return named + [term for term in glossary() if term not in named and wanted in term.text.lower()]
