"""An edit in words: what stands differently in two settings, for the line that says what was undone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnplay.run.settings import Settings

_MOST = 3


def difference(old: Settings, new: Settings) -> str:
    """What changed from `old` to `new`, in at most three clauses: "lr 0.01 → 0.1", "layers: linear 8 → linear 9"."""
    if old.dataset != new.dataset:
        return f"data {old.dataset} → {new.dataset}"
    clauses = list(_clauses(old, new))
    more = f" and {len(clauses) - _MOST} more" if len(clauses) > _MOST else ""
    return ("; ".join(clauses[:_MOST]) + more) or "nothing"


def _clauses(old: Settings, new: Settings) -> Iterator[str]:
    yield from _layers(old.layers, new.layers)
    for name in ("features", "split"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {', '.join(map(str, before))} → {', '.join(map(str, after))}"
    for name in ("loss", "optimizer", "schedule"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name} {before} → {after}"
        else:
            yield from _fields(getattr(old, f"{name}_fields"), getattr(new, f"{name}_fields"))
    for name in ("batch_size", "seed"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name.replace('_', ' ')} {before} → {after}"
    for name in ("dataset_fields", "training", "stops"):
        yield from _fields(getattr(old, name), getattr(new, name))


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            before, after = (_shown(values.get(name)) for values in (old, new))
            yield f"{name.replace('_', ' ')} {before} → {after}"


def _shown(value: Any) -> str:
    return (
        "as usual"
        if value is None
        else "nothing"
        if value == ""
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _layers(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    for kind, a, b, c, d in difflib.SequenceMatcher(None, list(old), list(new), False).get_opcodes():
        gone, come = ", ".join(old[a:b]), ", ".join(new[c:d])
        if kind == "replace":
            yield f"layer {a + 1}: {gone} → {come}"
        elif kind == "delete":
            yield f"without layer {a + 1}: {gone}"
        elif kind == "insert":
            yield f"new layer {c + 1}: {come}"
