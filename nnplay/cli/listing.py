"""Lists of records with their fields, as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from nnplay.cli.parser import Parser
from nnplay.errors import unknown
from nnplay.fields import REQUIRED, Field

#: Attributes of a record that a list shows besides name, title and about, where the record has them.
_FACTS = ("family", "task", "target", "formula", "licence", "source", "torch")


def run_listing(command: str, kind: str, records: Mapping[str, Any], about: str, words: Sequence[str]) -> int:
    """The command that lists `records`, all of them or those named.

    Args:
        kind: what one of them is called in messages.
    """
    parser = Parser(command, about)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"show only this {kind}")
    parser.add_argument("--json", action="store_true", help="print one JSON array, for scripts")
    options = parser.read(words)
    for name in options.names:
        if name not in records:
            raise unknown(kind, name, records)
    chosen = [records[name] for name in options.names or records]
    if options.json:
        print(json.dumps([describe(record) for record in chosen], ensure_ascii=False, indent=1))
    else:
        print("\n\n".join(shown(record, facts=bool(options.names)) for record in chosen))
    return 0


def describe(record: Any) -> dict[str, Any]:
    """A record as plain values."""
    return {
        "name": record.name,
        "title": record.title,
        "about": record.about,
        **_facts(record),
        "fields": [_field(item) for item in record.fields],
    }


def shown(record: Any, facts: bool) -> str:
    """A record as some lines of text."""
    lines = [
        f"{record.name}  ({record.title})",
        *textwrap.wrap(record.about, 96, initial_indent="  ", subsequent_indent="  "),
    ]
    if facts:
        lines += [f"  {name}: {value}" for name, value in _facts(record).items()]
    width = max((len(item.name) for item in record.fields), default=0)
    for item in record.fields:
        default = "required" if item.default is REQUIRED else f"default {item.show(item.default) or 'none'}"
        lines.append(f"    {item.name:<{width}}  {item.help}: {item.range_text}; {default}")
    return "\n".join(lines)


def _facts(record: Any) -> dict[str, str]:
    found = {name: getattr(record, name, "") for name in _FACTS}
    return {name: value for name, value in found.items() if value}


def _field(item: Field) -> dict[str, Any]:
    required = item.default is REQUIRED
    default = list(item.default) if isinstance(item.default, tuple) else item.default
    return {
        "name": item.name,
        "kind": item.kind,
        "required": required,
        "default": None if required else default,
        "help": item.help,
        "legal": item.range_text,
        "choices": list(item.choices),
        "live": item.live,
    }
