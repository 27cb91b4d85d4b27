"""`nnplay pack SESSION FILE.zip`: a session as one file, to send to somebody."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from nnplay import session
from nnplay.cli.parser import Parser
from nnplay.cli.source import find_session
from nnplay.errors import InputError
from nnplay.system.paths import user_path
from nnplay.text import clean

ABOUT: Final = "Pack a session into one file for sharing"


def run(words: Sequence[str]) -> int:
    """Packs it."""
    parser = Parser("pack", ABOUT)
    parser.add_argument("session", help="a session folder")
    parser.add_argument("file", nargs="?", default="", help="output file (default: the session's name with .zip)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    given = parser.read(words)
    folder = find_session(given.session)
    target = user_path(given.file) if given.file else _beside(folder)
    for warning in session.pack(folder, target, overwrite=given.overwrite):
        print(f"nnplay: warning: {warning}", file=sys.stderr)
    print(f"packed into {clean(str(target))}")
    return 0


def _beside(folder: Path) -> Path:
    """Where a session is packed to when no file was named."""
    if folder.name in ("", ".."):
        hint = f"write it as in nnplay pack {clean(str(folder))} run.zip"
        raise InputError("name the file to write: this path has no name of its own", where="pack", hint=hint)
    return folder.with_suffix(".zip")
