"""`nnplay recover`: the runs that autosave holds, with age, epoch and loss; `--discard` lets some go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nnplay import session
from nnplay.cli.parser import Parser
from nnplay.errors import InputError, unknown
from nnplay.session.limits import RECOVERED
from nnplay.session.summary_text import recovered_line
from nnplay.text import clean, counted

ABOUT: Final = "List the runs kept by autosave"


def run(words: Sequence[str]) -> int:
    """Lists them, newest first; opening one is `nnplay open PATH`."""
    parser = Parser("recover", ABOUT)
    parser.add_argument("--discard", metavar="NAME", default="", help="delete one of them")
    parser.add_argument("--all", action="store_true", help="list all of them, however many there are")
    given = parser.read(words)
    held = {
        summary.path.name: summary for summary in session.autosaves(None if given.all or given.discard else RECOVERED)
    }
    if given.discard:
        if given.discard not in held:
            problem = unknown("recovered run", given.discard, held)
            raise InputError(problem.what, hint=problem.hint or "there is nothing to recover")
        session.discard(held[given.discard].path)
        print(f"discarded {clean(given.discard)}")
        return 0
    if not held:
        print("there is nothing to recover")
    for summary in sorted(held.values(), key=lambda item: item.age):
        print(recovered_line(summary))
    if not given.all and (older := session.older_autosaves()):
        print(f"{counted(older, 'older one')} also kept; nnplay recover --all lists them")
    return 0
