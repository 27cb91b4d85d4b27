"""The help page of a pane: what it shows, its keys, its terms."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources

from textual.content import Content

from nnplay.tui.commands.actions import ACTIONS, Action, Where, key_name
from nnplay.tui.help.glossary import find, terms_for
from nnplay.tui.theme.plain_text import spell_keys

WIDGET_OF: Mapping[str, Where] = {
    "data": "form",
    "training": "form",
    "network": "network",
    "layers": "layers",
    "output": "output",
    "curves": "curves",
    "health": "health",
}
"""The kind of widget in a pane, for those that have keys of their own."""
_HEADINGS: Mapping[Where, str] = {
    "elements": "Keys while the cursor is in the view",
    "drawing": "Keys while points are drawn",
}
_KEY_COLUMNS = 14


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    tables = resources.files(__package__).joinpath("pane_help.toml").read_text(encoding="utf-8")
    return tomllib.loads(tables)


def page(pane: str, keymap: Mapping[str, str], words: str = "", *, plain: bool = False) -> Content:
    """The page as styled text; with `words`, only the actions and terms in which they occur.

    Args:
        plain: arrows that are keys are called by their names.
    """
    spell = spell_keys if plain else str
    wanted = words.lower().strip()
    parts: list[tuple[str, str] | str] = []
    if not wanted:
        parts += [(f"{pane.capitalize()}\n", "bold $accent"), spell(_texts()[pane]["text"].strip()) + "\n\n"]
    parts += _keys(_actions(pane, wanted), lambda action: spell(_keys_of(action, keymap)))
    terms = find(wanted) if wanted else terms_for(pane)
    if terms:
        parts.append(("Terms\n" if wanted else "Terms in this pane  (type / for all)\n", "bold $accent"))
    for term in terms:
        parts += [(f"{term.name}  ", "bold"), f"{term.text}\n"]
    return Content.assemble(*parts)


def _actions(pane: str, wanted: str) -> list[Action]:
    own = {WIDGET_OF.get(pane, "app"), "app", "screen"} | ({"elements", "drawing"} if pane == "output" else set())
    chosen = [action for action in ACTIONS if wanted or action.where in own]
    chosen = [action for action in chosen if wanted in f"{action.title} {action.help} {action.id}".lower()]
    return sorted(
        chosen, key=lambda action: (action.where in ("app", "screen"), action.where in _HEADINGS, action.where)
    )


def _keys(actions: list[Action], keys_of: Callable[[Action], str]) -> list[tuple[str, str] | str]:
    parts: list[tuple[str, str] | str] = []
    group = ""
    for action in actions:
        of_pane = action.where not in ("app", "screen")
        heading = _HEADINGS.get(action.where, "Keys in this pane") if of_pane else action.group
        if heading != group:
            parts.append((f"{heading}\n", "bold $accent"))
            group = heading
        keys = keys_of(action)
        gap = "" if len(keys) < _KEY_COLUMNS else f"\n  {'':<{_KEY_COLUMNS}}"
        parts += [(f"  {keys:<{_KEY_COLUMNS}}", "$accent"), f"{gap}{action.help}\n"]
    if parts:
        parts.append("\n")
    return parts


def _keys_of(action: Action, keymap: Mapping[str, str]) -> str:
    keys = keymap.get(action.id, ",".join(action.keys)).split(",")
    shown = " ".join(key_name(key) for key in keys if key)
    return shown or f":{action.id}"
