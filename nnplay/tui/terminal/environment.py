"""Which environment variables reach Textual: its developers' settings and a size that is not the terminal's do not."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from typing import Final

_KEPT: Final = {
    "TEXTUAL_COLOR_SYSTEM": ("auto", "standard", "256", "truecolor", "windows"),
    "TEXTUAL_DISABLE_KITTY_KEY": ("0", "1"),
}
"""What a user may need on a terminal that says too little of itself, with the values that mean something."""
_SIZE: Final = ("COLUMNS", "LINES")


def clear(environ: MutableMapping[str, str]) -> None:
    """Takes out what would let Textual fail or draw for another terminal; call it before Textual is imported."""
    for name in list(environ):
        ours = name in _KEPT and environ[name] in _KEPT[name]
        if (name == "TEXTUAL" or name.startswith("TEXTUAL_")) and not ours:
            del environ[name]
    if _size_is_known():
        for name in _SIZE:
            environ.pop(name, None)  # a shell that exports them says how large it was when it started


def _size_is_known() -> bool:
    """Whether the terminal itself says how large it is; over some lines it cannot."""
    try:
        return min(os.get_terminal_size((sys.__stdout__ or sys.stdout).fileno())) > 0
    except (OSError, ValueError, AttributeError):
        return False
