"""An edit in words: what stands differently in two runs, for the line that says what was undone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nnplay.config import RunConfig
from nnplay.config.players_choice import players_tables
from nnplay.network.notation import parse_layer, show_layer
from nnplay.text import clean

_MOST = 3
_LONGEST = 60
"""Characters of a value, as far as it is shown."""


def difference(old: RunConfig, new: RunConfig) -> str:
    """What changed from `old` to `new`, in at most three clauses: "lr 0.01 → 0.1", "layers: linear 8 → linear 9"."""
    if old.data.source != new.data.source:
        return f"data {old.data.source} → {new.data.source}"
    clauses = list(_clauses(old, new))
    more = f" and {len(clauses) - _MOST} more" if len(clauses) > _MOST else ""
    return ("; ".join(clauses[:_MOST]) + more) or "nothing"


def _clauses(old: RunConfig, new: RunConfig) -> Iterator[str]:
    yield from _layers(old.layer_texts, new.layer_texts)
    yield from _fields({"features": _features(old)}, {"features": _features(new)})
    for one, other in ((_shares(old), _shares(new)), *_records(old, new)):
        yield from _fields(one, other)
    for name in ("batch_size", "seed"):
        yield from _fields({name: _single(old, name)}, {name: _single(new, name)})
    for one, other in ((old.data.values, new.data.values), (old.training, new.training), (old.stops, new.stops)):
        yield from _fields(_rest(one), _rest(other))
    yield from _fields(_flat(players_tables(old.players)), _flat(players_tables(new.players)))
    yield from _fields(_scaling(old), _scaling(new))


def _scaling(config: RunConfig) -> Mapping[str, Any]:
    """How rows are dealt, but for the shares."""
    return {name: value for name, value in config.split.table().items() if name not in ("train", "validation", "test")}


def _flat(tables: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of players, as "generator every" → 2."""
    own = tables.get("objective", {})
    owners = [(own.get("name", ""), own), *tables.get("networks", {}).items()]
    owners += [(table["name"], table) for table in tables.get("objectives", ())]
    return {f"{owner} {key}": value for owner, table in owners for key, value in table.items() if key != "name"}


def _features(config: RunConfig) -> str:
    defaults = {item.name: item.default for item in config.data.fields}
    return str(config.data.values.get("features", defaults.get("features", "")))


def _shares(config: RunConfig) -> Mapping[str, str]:
    return {"split": ", ".join(map(str, config.split.per_cents))}


def _records(old: RunConfig, new: RunConfig) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Loss, optimizer and schedule: their names where another one was chosen, else the values of their fields."""
    for name in ("loss", "optimizer", "schedule"):
        before, after = getattr(old, name), getattr(new, name)
        kinds = tuple("none" if item is None else item.record.name for item in (before, after))
        if kinds[0] != kinds[1]:
            yield {name: kinds[0]}, {name: kinds[1]}
        elif before is not None:
            yield before.values, after.values


def _single(config: RunConfig, name: str) -> Any:
    return config.seed if name == "seed" else config.training_settings().batch_size


def _rest(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values that no other clause tells of."""
    return {name: value for name, value in values.items() if name not in ("features", "batch_size")}


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            before, after = (_shown(_counted(name, values.get(name))) for values in (old, new))
            yield f"{name.replace('_', ' ')} {before} → {after}"


def _counted(name: str, value: Any) -> Any:
    """Points drawn by hand as how many they are: their places are on the map."""
    return str(len(value.split())) if name == "points" and isinstance(value, str) else value


def _shown(value: Any) -> str:
    return (
        "default"
        if value is None
        else ", ".join(map(str, value))
        if isinstance(value, list)
        else "nothing"
        if value == ""
        else f"{value:g}"
        if isinstance(value, float)
        else clean(str(value), _LONGEST)
    )


def _layers(old: Sequence[str], new: Sequence[str], above: str = "") -> Iterator[str]:
    """What was exchanged, taken out and put in; within a block that stays the same, only what changed in its branches.

    Args:
        above: the block that the layers stand in, as its parameters are named: "0.1.".
    """
    for kind, a, b, c, d in difflib.SequenceMatcher(None, list(old), list(new), False).get_opcodes():
        gone, come = ", ".join(old[a:b]), ", ".join(new[c:d])
        if kind == "replace":
            inner = list(_in_branches(old[a], new[c], f"{above}{a}.")) if b - a == d - c == 1 else []
            yield from inner or [f"layer {above}{a}: {gone} → {come}"]
        elif kind == "delete":
            yield f"removed layer {above}{a}: {gone}"
        elif kind == "insert":
            yield f"new layer {above}{c}: {come}"


def _in_branches(old: str, new: str, above: str) -> Iterator[str]:
    """What changed in the branches of a block; nothing if more changed than these."""
    before, after = parse_layer(old), parse_layer(new)
    if len(before.branches) == len(after.branches) and replace(before, branches=after.branches) == after:
        for number, (was, now) in enumerate(zip(before.branches, after.branches, strict=True)):
            inner = above if before.record.contains else f"{above}{number}."
            yield from _layers([show_layer(layer) for layer in was], [show_layer(layer) for layer in now], inner)
