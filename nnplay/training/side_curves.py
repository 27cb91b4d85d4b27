"""Names of curves that lie beside a run's own: "fork.40.lr.0.1" is a fork from step 40 with a rate of 0.1."""

from __future__ import annotations

import re
from typing import Final

from nnplay.text import clean

PREFIX: Final = "fork."


def name_of(step: int, words: str) -> str:
    """The name for a fork; made of characters that names of saved curves may have."""
    setting, _, value = " ".join(words.replace("=", " ").lower().split()).partition(" ")
    return f"{PREFIX}{step}.{_allowed(setting)}.{_allowed(value)}"


def told(name: str) -> tuple[int, str]:
    """Step and words of a fork, from the name of its curve."""
    step, _, words = name.removeprefix(PREFIX).partition(".")
    return int(step) if step.isdecimal() and len(step) < 19 else 0, clean(words.replace(".", " ", 1), 40)


def _allowed(text: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", text.replace("+", ""))[:40]
