"""The user's own keys: a table `[keys]` in `keymap.toml`, action name = key or list of keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from nnplay.data.csv.text.regular_file import open_regular
from nnplay.errors import InputError, unknown
from nnplay.tui.commands.actions import ACTIONS, BY_ID, Action, key_name

_BY_SHOWN = {" ": "space", **{key_name(key): key for action in ACTIONS for key in action.keys}}
_MOST_BYTES: Final = 2**16
_EVERYWHERE = ("app", "screen")
_OTHER_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Textual's names of characters, where they are not those of Unicode."""


def path() -> Path:
    """Where the user's keymap lies (it need not exist)."""
    return Path(platformdirs.user_config_dir("nnplay", appauthor=False)) / "keymap.toml"


def load(file: Path) -> dict[str, str]:
    """The keymap in `file` as Textual takes it: action name → keys separated by commas; empty if there is no file.

    Raises:
        InputError: over 64 KiB, not TOML, an unknown action, or a key that is no text.
    """
    if not file.is_file():
        return {}
    from nnplay.session.record import parse  # with NumPy, which the first frame does not wait for

    with open_regular(file, limit=_MOST_BYTES, hint="a keymap has one line per action") as opened:
        table = parse(opened.read(_MOST_BYTES + 1), file.name)
    keys = table.get("keys", {})
    if not isinstance(keys, Mapping):
        raise InputError("has no table [keys]", where=file.name)
    chosen = {_require_action(name, file): _read_keys(name, value, file) for name, value in keys.items()}
    _refuse_conflicts(chosen, file)
    return {**_yield_keys(chosen, file), **chosen}


def _yield_keys(chosen: Mapping[str, str], file: Path) -> dict[str, str]:
    """The keys of panes that give way to keys which the user chose for everywhere: a pane would be asked first."""
    wanted = {
        key: name
        for name, keys in chosen.items()
        for key in keys.split(",")
        if BY_ID[name].where in _EVERYWHERE and key not in BY_ID[name].keys
    }
    left: dict[str, str] = {}
    for action in ACTIONS:
        keys = chosen.get(action.id, ",".join(action.keys)).split(",")
        taken = [key for key in keys if key in wanted and action.where not in _EVERYWHERE]
        if taken and (action.id in chosen or len(taken) == len(keys)):
            what = f"'{key_name(taken[0])}' is bound to '{wanted[taken[0]]}' and, in {_place(action)}, to '{action.id}'"
            raise InputError(what, where=file.name, hint=f"give '{action.id}' a second key, or choose a free one")
        if taken:
            left[action.id] = ",".join(key for key in keys if key not in taken)
    return left


def _place(action: Action) -> str:
    return {"form": "forms", "layers": "the layers"}.get(action.where, f"the {action.where} pane")


def _refuse_conflicts(chosen: Mapping[str, str], file: Path) -> None:
    """Two actions on one key in the same place: only one of them could ever be done."""
    taken: dict[tuple[str, str], str] = {}
    for action in ACTIONS:
        for key in chosen.get(action.id, ",".join(action.keys)).split(","):
            where = "app" if action.where in _EVERYWHERE else action.where
            other = taken.setdefault((where, key), action.id) if key else action.id
            if other != action.id:
                hint = f"give '{other}' a second key, or choose a free one"
                raise InputError(
                    f"'{key_name(key)}' is bound to both '{other}' and '{action.id}'", where=file.name, hint=hint
                )


def _require_action(name: str, file: Path) -> str:
    if name not in BY_ID:
        raise unknown("action", name, BY_ID, where=file.name)
    return name


def _read_keys(name: str, value: object, file: Path) -> str:
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise InputError(
            f"'{name}' needs a key or a list of keys", where=file.name, hint='write it as in run = "space"'
        )
    return ",".join(_read_key(key) for key in keys)


def _read_key(shown: str) -> str:
    """Textual's name of a key that is written as it is shown: `!` → `exclamation_mark`."""
    if len(shown) != 1 or shown.isalnum() or shown in _BY_SHOWN:
        return _BY_SHOWN.get(shown, shown)
    name = unicodedata.name(shown, shown).lower().replace("-", "_").replace(" ", "_")
    return _OTHER_NAMES.get(name, name)
