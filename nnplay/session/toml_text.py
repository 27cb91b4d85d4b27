"""A record as TOML text without comments, in time that grows with its size; the editor of commented TOML takes more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(record: Mapping[str, Any]) -> str:
    """The text of nested tables, lists, texts, numbers and flags; empty for an empty record."""
    lines: list[str] = []
    _table(record, "", lines)
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def _table(table: Mapping[str, Any], path: str, lines: list[str]) -> None:
    """Plain values first, as everything behind a heading belongs to that heading."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict) or _is_rows(value)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in inner]
    for key, value in inner.items():
        place = f"{path}.{_key(key)}" if path else _key(key)
        if isinstance(value, dict):
            lines += ["", f"[{place}]"]
            _table(value, place, lines)
        else:
            for row in value:
                lines += ["", f"[[{place}]]"]
                _table(row, place, lines)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(inner) for inner in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    return repr(value)


def _text(text: str) -> str:
    # JSON's escapes are TOML's; only the delete character must be escaped here and not there.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
