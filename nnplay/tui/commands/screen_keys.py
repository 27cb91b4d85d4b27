"""Keys of a screen that lies over the main one: one list for each feeds bindings, footer and help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from nnplay.tui.commands.actions import ARROWS, key_name


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a screen.

    Attributes:
        run: the screen's action.
        title: two words for the footer; empty keeps it out.
        help: a sentence.
        first: whether it gets its place in the footer before others, however narrow the screen is: what one could not
            guess to be there.
    """

    keys: str
    run: str
    title: str
    help: str
    first: bool = False


def bindings(keys: Sequence[Key]) -> list[BindingType]:
    """Textual bindings of all keys."""
    return [Binding(key.keys, key.run, key.title, show=False, tooltip=key.help) for key in keys]


def methods_of_screen(keys: Sequence[Key]) -> list[str]:
    """Names of the methods behind the keys, but for those that the app has."""
    runs = [key.run.partition("(")[0] for key in keys]
    return list(dict.fromkeys(run for run in runs if not run.startswith("app.")))


def shown(key: Key, *, plain: bool = False) -> str:
    """The key as a keyboard shows it, arrows by their names where they are to be `plain`; the first of several."""
    first = key.keys.split(",")[0]
    if plain and first in ARROWS:
        return first
    return {"less_than_sign": "<", "pageup": "pgup", "pagedown": "pgdn"}.get(first, key_name(first))
