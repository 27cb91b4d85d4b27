"""`nnplay show SESSION`: what a session holds, in a few lines, without opening it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay import session
from nnplay.cli.parser import Parser
from nnplay.cli.source import find_session
from nnplay.session.summary_text import describe

ABOUT: Final = "Show what a saved session contains"


def run(words: Sequence[str]) -> int:
    """Prints the summary."""
    parser = Parser("show", ABOUT)
    parser.add_argument("session", help="a session folder, or a packed session")
    given = parser.read(words)
    summary = session.summarize(find_session(given.session))
    print("\n".join(describe(summary)))
    return 2 if summary.problem else 0
