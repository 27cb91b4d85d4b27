"""`section.key=value` and `name key=value` as people type them, on the command line and in sweeps."""

from __future__ import annotations

from typing import Any, Final

from nnplay.errors import InputError, unknown
from nnplay.records.schedule import is_chain
from nnplay.training.settings import DECLARED

#: Sections of a run whose fields an assignment can name.
SECTIONS: Final = ("data", "split", "training", "stop", "optimizer", "loss", "schedule")

#: Settings that have one meaning wherever they are typed, so that their section may be left out.
_WITHOUT_SECTION: Final = {
    **dict.fromkeys(("lr", "momentum", "weight_decay"), "optimizer"),
    **{name: "training" for name in DECLARED if name != "seed"},
}


def with_section(name: str) -> str:
    """`lr` as `optimizer.lr`, `batch_size` as `training.batch_size`; any other name as it is."""
    return f"{_WITHOUT_SECTION[name]}.{name}" if name in _WITHOUT_SECTION else name


def read_named(section: str, text: str) -> dict[str, Any]:
    """`sgd lr=0.1 momentum=0.9` as a table; so is a chain of schedules.

    Raises:
        InputError: a word behind the name is not of the form key=value.
    """
    if section == "schedule" and is_chain(text):
        return {"name": "chained", "parts": text}
    name, *words = text.split() or [""]
    table: dict[str, Any] = {"name": name}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"'{word}' is not of the form key=value", where=f"--{section}")
        table[key] = value
    return table


def read_assignment(text: str) -> tuple[str, str, str]:
    """`noise=0.1` (a field of the data set), `optimizer.lr=0.1` or `lr=0.1`, as section, key and value.

    Raises:
        InputError: no equals sign, or no such section; the nearest one is named.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"'{text}' is not of the form key=value", where="--set", hint="write it as in --set noise=0.1")
    section, dot, name = with_section(key).rpartition(".")
    if dot and section not in SECTIONS:
        raise unknown("section", section, SECTIONS, where="--set")
    return section if dot else "data", name, value
