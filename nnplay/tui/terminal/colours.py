"""How many colours a terminal can show, told from its environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TextIO

Colours = Literal["full", "256", "16", "none"]


def colours(environ: Mapping[str, str]) -> Colours:
    """What can be shown; `none` also stands for `NO_COLOR`."""
    if environ.get("NO_COLOR"):
        return "none"
    forced: dict[str, Colours] = {"standard": "16", "256": "256", "truecolor": "full", "windows": "16"}
    if (name := environ.get("TEXTUAL_COLOR_SYSTEM", "")) in forced:
        return forced[name]
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "full"
    return "256" if "256" in environ.get("TERM", "") or environ.get("TERM") == "xterm-kitty" else "16"


def ascii_only(environ: Mapping[str, str]) -> bool:
    """Whether the output's encoding has no box-drawing characters."""
    return environ.get("PYTHONIOENCODING", "").lower().startswith(("ascii", "latin", "iso-8859"))


def has_no_boxes(stream: TextIO | None) -> bool:
    """Whether the encoding of a stream, which follows the locale, has no box-drawing characters."""
    try:
        "─▀●".encode((stream and stream.encoding) or "utf-8")
    except (UnicodeError, LookupError):
        return True
    return False
