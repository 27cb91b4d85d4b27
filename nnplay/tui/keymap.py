"""The user's own keys: a table `[keys]` in `keymap.toml`, action name = key or list of keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from nnplay.errors import InputError, unknown
from nnplay.tui.actions import ACTIONS, BY_ID, key_name

_BY_SHOWN = {key_name(key): key for action in ACTIONS for key in action.keys}


def path() -> Path:
    """Where the user's keymap lies (it need not exist)."""
    return Path(platformdirs.user_config_dir("nnplay", appauthor=False)) / "keymap.toml"


def load(file: Path) -> dict[str, str]:
    """The keymap in `file` as Textual takes it: action name → keys separated by commas; empty if there is no file.

    Raises:
        InputError: not TOML, an unknown action, or a key that is no text.
    """
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot be read: {error}", where=file.name) from None
    keys = table.get("keys", {})
    if not isinstance(keys, Mapping):
        raise InputError("has no table [keys]", where=file.name)
    chosen = {_known(name, file): _keys(name, value, file) for name, value in keys.items()}
    _refuse_conflicts(chosen, file)
    return chosen


def _refuse_conflicts(chosen: Mapping[str, str], file: Path) -> None:
    """Two actions on one key in the same place: only one of them could ever be done."""
    taken: dict[tuple[str, str], str] = {}
    for action in ACTIONS:
        for key in chosen.get(action.id, ",".join(action.keys)).split(","):
            where = "app" if action.where == "screen" else action.where
            other = taken.setdefault((where, key), action.id) if key else action.id
            if other != action.id:
                hint = f"give '{other}' another key too, or choose a free one"
                raise InputError(
                    f"'{key_name(key)}' is the key of '{other}' and of '{action.id}'", where=file.name, hint=hint
                )


def _known(name: str, file: Path) -> str:
    if name not in BY_ID:
        raise unknown("action", name, BY_ID, where=file.name)
    return name


def _keys(name: str, value: object, file: Path) -> str:
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise InputError(f"'{name}' needs a key or a list of keys", where=file.name, hint='as in run = "space"')
    return ",".join(_BY_SHOWN.get(str(key), str(key)) for key in keys)
