"""The one list of everything that the user can do: it feeds keys, footer, palette, command line, help and keymap."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.dom import DOMNode

Where = Literal["app", "screen", "form", "layers", "curves", "network", "output", "elements", "drawing", "health"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the user can do.

    Attributes:
        id: stable name in keymap files and on the command line ("run", "add-layer").
        keys: Textual key names; the first is shown.
        title: two or three words for the footer and the palette.
        help: one sentence.
        group: heading in the help.
        where: the widget that the keys belong to; `app` works everywhere.
        run: Textual action; empty for commands that need an argument.
        argument: what follows the name on the command line, for `:`-only commands.
        footer: rank in the footer, smaller is further left; 0 keeps it out.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    group: str
    where: Where = "app"
    run: str = ""
    argument: str = ""
    footer: int = 0


def _read() -> tuple[Action, ...]:
    tables = tomllib.loads(resources.files(__package__).joinpath("actions.toml").read_text(encoding="utf-8"))
    return tuple(
        Action(id=name, group=group, keys=tuple(fields.pop("keys")), **fields)
        for group, actions in tables.items()
        for name, fields in actions.items()
    )


ACTIONS: tuple[Action, ...] = _read()
BY_ID = {action.id: action for action in ACTIONS}

ARROWS = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
"""Arrow keys as a keyboard shows them."""
_SHOWN = {
    **ARROWS,
    "full_stop": ".",
    "comma": ",",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "colon": ":",
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
}


def key_name(key: str) -> str:
    """A Textual key name as a keyboard shows it: `full_stop` → `.`."""
    return _SHOWN.get(key, key)


def bindings(where: Where) -> list[BindingType]:
    """Textual bindings of the actions that belong to one kind of widget; their ids are the keymap's names."""
    from textual.binding import Binding  # here: the keymap is checked before anything large is imported

    return [
        Binding(
            ",".join(action.keys),
            action.run,
            action.title,
            show=False,
            tooltip=action.help,
            id=action.id,
            priority=action.id == "interrupt",
        )
        for action in ACTIONS
        if action.where == where and action.keys and action.run
    ]


def methods_of_app() -> list[str]:
    """Names of the methods behind the actions that work everywhere: `jump(1)` and `jump(-1)` are both `jump`."""
    runs = [action.run for action in ACTIONS if action.where in ("app", "screen") and action.run]
    return list(dict.fromkeys(run.removeprefix("app.").partition("(")[0] for run in runs))


def connect(node: DOMNode, names: Iterable[str], groups: Iterable[object]) -> None:
    """Let Textual find each action at `node`, where it looks for `action_save` when a key says `save`.

    Args:
        names: methods, such as `save`; exactly one group has each.
    """
    parts = list(groups)
    for name in names:
        (method,) = [getattr(part, name) for part in parts if hasattr(part, name)]
        setattr(node, f"action_{name}", method)


def footer(where: Where) -> list[Action]:
    """The actions that the footer offers while a widget of this kind has the focus, most useful first."""
    chosen = [action for action in ACTIONS if action.footer and action.where in ("app", where)]
    return sorted(chosen, key=lambda action: action.footer)
