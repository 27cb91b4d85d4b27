"""`nnplay presets`: ready-made runs, what each teaches, and how long it takes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Final

from nnplay.cli.parser import Parser
from nnplay.errors import unknown
from nnplay.presets.catalogue import load_preset, preset_records, preset_text

ABOUT: Final = "List the ready-made runs, with what each teaches"


def run(words: Sequence[str]) -> int:
    """Lists them by group; `--show NAME` prints a preset's file, to be copied and changed."""
    parser = Parser("presets", ABOUT)
    parser.add_argument("names", nargs="*", metavar="NAME", help="show only this preset")
    parser.add_argument("--show", metavar="NAME", default="", help="print the TOML file of one preset")
    parser.add_argument("--json", action="store_true", help="print one JSON array, for scripts")
    options = parser.read(words)
    if options.show:
        print(preset_text(load_preset(options.show).name), end="")
        return 0
    records = preset_records()
    for name in options.names:
        if name not in records:
            raise unknown("preset", name, records)
    presets = [records[name] for name in options.names or records]
    if options.json:
        rows = [
            {
                "name": item.name,
                "title": item.title,
                "group": item.group,
                "teaches": item.teaches,
                "seconds": item.seconds,
            }
            for item in presets
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    group = ""
    for item in presets:
        if item.group != group:
            group = item.group
            print(f"\n{group}")
        print(f"  {item.name:<24} {item.title}  (about {item.seconds:g} s)")
        print(textwrap.fill(item.teaches, 100, initial_indent="    ", subsequent_indent="    "))
    return 0
