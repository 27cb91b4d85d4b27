"""Layers as the user types them: `linear 8, tanh, linear 1`."""

from __future__ import annotations

import re

_FIRST_NUMBER = re.compile(r"^(\w+\s+)(\d+)")


def split_layers(words: str) -> tuple[str, ...]:
    """The layers of a line, separated by commas or new lines."""
    return tuple(part.strip() for part in re.split(r"[,\n]", words) if part.strip())


def with_units(text: str, by: int) -> str:
    """The layer with its first number changed by `by` (never below 1); other layers stay as they are."""
    match = _FIRST_NUMBER.match(text)
    if match is None:
        return text
    units = max(1, int(match.group(2)) + by)
    return f"{match.group(1)}{units}{text[match.end() :]}"
