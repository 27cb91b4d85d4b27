"""One SELECT: what is refused before a database sees it, with the reason; the databases' own locks come besides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from nnplay.errors import InputError
from nnplay.text import clean

_TOKEN: Final = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*)"
    r"|(?P<dollar>\$(?:[A-Za-z_][A-Za-z0-9_]*)?\$)"
    r"|(?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')"
    r"|(?P<text>'(?:[^']|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")*"|`[^`]*`|\[[A-Za-z_][^\]]*\])'
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_BEGINNINGS: Final = frozenset({"select", "with", "values", "table", "from"})
_ONE: Final = "give one SELECT, which changes nothing"
_LONGEST: Final = 100_000


def one_select(sql: str) -> str:
    """The query without what stands behind it; empty where there is none.

    Raises:
        InputError: it is not one SELECT.
    """
    if len(sql) > _LONGEST:
        raise InputError(f"the query is longer than {_LONGEST:,} letters")
    if "\0" in sql:
        raise InputError("the query has a NUL in it")
    found = list(tokens(sql))
    while found and found[-1][1] == ";":
        found.pop()
    if not found:
        return ""
    first = next((word for kind, word, _ in found if word != "("), "")
    if first.lower() not in _BEGINNINGS:
        raise InputError(f"only a SELECT is run, not {clean(first.upper(), 20)}", hint=_ONE)
    if any(word == ";" for _, word, _ in found):
        raise InputError("only one statement is run", hint=_ONE)
    return sql[: found[-1][2]]


def tokens(sql: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and end of each word, name, text and sign; without blanks and comments.

    Raises:
        InputError: a quote or comment that is not closed.
    """
    place = 0
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        assert match is not None
        place, kind = match.end(), str(match.lastgroup)
        if match[0] == "/*":
            place = _end_of_comment(sql, place)
        elif kind == "dollar":
            end = sql.find(match[0], place)
            if end < 0:
                raise InputError(f"the query has an unclosed {match[0]}")
            place = end + len(match[0])
            yield "text", "", place
        elif kind == "sign" and match[0] in "'\"`":
            raise InputError(f"the query has an unclosed quote {match[0]}")
        elif kind != "space":
            yield kind, match[0], place


def _end_of_comment(sql: str, place: int) -> int:
    """Where a comment ends; one in a comment is refused, as databases differ in where that ends."""
    ends, begins = sql.find("*/", place), sql.find("/*", place)
    if ends < 0:
        raise InputError("the query has an unclosed comment")
    if 0 <= begins < ends:
        raise InputError("the query has a comment in a comment", hint="take it out")
    return ends + 2


def has_order(sql: str) -> bool:
    """Whether the rows of a query come in an order that it names itself."""
    depth = 0
    for kind, word, _ in tokens(sql):
        depth += (word == "(") - (word == ")")
        if kind == "word" and depth == 0 and word.lower() == "order":
            return True
    return False


def choose_table(names: Sequence[str], hint: str) -> str:
    """The query for all of the one table that there is.

    Args:
        hint: how to say which.

    Raises:
        InputError: there is none, or several.
    """
    if len(names) == 1:
        return f"SELECT * FROM {quoted_name(names[0])}"
    if not names:
        raise InputError("holds no table")
    listed = ", ".join(clean(name, 40) for name in names[:10]) + (", …" if len(names) > 10 else "")
    raise InputError(f"holds {len(names):,} tables: {listed}", hint=hint)


def quoted_name(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
