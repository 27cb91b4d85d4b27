"""Whether a screen can be opened at all, said in one sentence before anything is drawn."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from nnplay.errors import InputError
from nnplay.tui.terminal import environment

_INSTEAD = "`nnplay train` trains without a screen"


def check() -> None:
    """Refuses where the playground cannot open, and clears its environment, before anything large is imported.

    Raises:
        InputError: with one sentence that names the way without a screen.
    """
    reason = why_not(os.environ, input_is_terminal=is_terminal(sys.stdin), error_is_terminal=is_terminal(sys.stderr))
    if reason:
        raise InputError(reason)
    environment.clear(os.environ)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is open and leads to a terminal."""
    return stream is not None and stream.isatty()


def why_not(environ: Mapping[str, str], *, input_is_terminal: bool, error_is_terminal: bool) -> str:
    """Why the playground cannot open here, or an empty text; Textual reads stdin and draws on stderr."""
    term = environ.get("TERM", "")
    if not input_is_terminal:
        return f"the playground needs a keyboard, but standard input is not a terminal; {_INSTEAD}"
    if not error_is_terminal:
        return f"the playground draws on standard error, which is not a terminal here; {_INSTEAD}"
    if term in ("", "dumb", "unknown"):
        shown = f"TERM is '{term}'" if term else "TERM is not set"
        return f"the playground needs a terminal that can position text ({shown}); {_INSTEAD}"
    return ""
