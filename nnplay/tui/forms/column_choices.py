"""What the columns of an opened table offer to the settings that name columns: the target, and the columns' kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnplay.data.columns.columns import Column
from nnplay.text import clean

_MOST = 300
"""Columns that are offered; the names of others are typed."""
_INPUT = {
    "number": "a number",
    "one_hot": "words",
    "binary": "two words",
    "ordinal": "words as codes",
    "indicator": "a number that may be missing",
    "left_out": "left out",
    "target": "current target",
}
_KINDS = {"skip": "leave it out", "category": "words, one input each", "number": "a number"}
_SAME = {"number": "number", "one_hot": "category", "binary": "category", "ordinal": "category", "left_out": "skip"}


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A value that may be taken, and a remark beside it."""

    value: str
    note: str


def target_choices(columns: Sequence[Column]) -> tuple[ColumnChoice, ...]:
    """Every column, as it could be the one to be learned."""
    return tuple(ColumnChoice(column.name, _INPUT.get(column.kind, column.kind)) for column in columns[:_MOST])


def kind_choices(columns: Sequence[Column], chosen: Mapping[str, str]) -> tuple[ColumnChoice, ...]:
    """For every input another kind than it has, each as the whole setting with what was chosen before."""
    found = [
        ColumnChoice(kinds_text({**chosen, column.name: kind}), f"{clean(column.name, 24)}: {words}")
        for column in columns[:_MOST]
        if column.kind != "target"
        for kind, words in _KINDS.items()
        if kind != _SAME.get(column.kind)
    ]
    back = [
        ColumnChoice(
            kinds_text({name: kind for name, kind in chosen.items() if name != taken}),
            f"{clean(taken, 24)}: as detected",
        )
        for taken in chosen
    ]
    return (*back, *found)


def name_learned(columns: Sequence[Column]) -> str:
    """The columns that are learned, as the target is typed."""
    return ",".join(column.name for column in columns if column.kind == "target")


def read_kinds(value: Any) -> dict[str, str]:
    """The kinds of columns by name, of a setting that may be a table or text such as `a=skip, b=category`."""
    if isinstance(value, Mapping):
        return {str(name): str(kind) for name, kind in value.items()}
    parts = [part.strip().rpartition("=") for part in str(value).split(",") if "=" in part]
    return {name: kind for name, _, kind in parts}


def kinds_text(chosen: Mapping[str, str]) -> str:
    """Kinds as they are typed: `a=skip, b=category`."""
    return ", ".join(f"{name}={kind}" for name, kind in chosen.items())
