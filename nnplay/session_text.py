"""A session in a few lines of plain text, without starting the program: what `nnplay show` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.session import Summary
from nnplay.text import clean


def describe(summary: Summary) -> list[str]:
    """Lines that say what a session holds and where it stopped."""
    if summary.problem:
        return [f"{clean(str(summary.path))}", f"  damaged   {summary.problem}"]
    run, progress = _table(summary.record, "run"), _table(summary.record, "progress")
    data = run.get("data", {})
    lines = [clean(str(summary.path))]
    lines += [f"  {name:<9} {value}" for name, value in _facts(summary, run, progress, data) if value]
    layers = run.get("layers", [])
    lines += ["  layers", *(f"    {clean(str(layer))}" for layer in (layers if isinstance(layers, list) else [layers]))]
    return lines


def _facts(summary: Summary, run: Mapping[str, Any], progress: Mapping[str, Any], data: Any) -> list[tuple[str, str]]:
    table = data if isinstance(data, Mapping) else {"name": data}
    settings = ", ".join(f"{key} {value}" for key, value in table.items() if key not in ("name", "file"))
    name = table.get("name") or table.get("file", "")
    return [
        ("saved", f"{age_text(summary.age)} ago, generation {summary.generation}"),
        ("data", clean(f"{name} ({settings})" if settings else str(name))),
        ("loss", _named(run.get("loss"))),
        ("optimizer", _named(run.get("optimizer"))),
        ("seed", str(run.get("seed", ""))),
        ("epoch", f"{progress.get('epoch', 0):,} (step {progress.get('step', 0):,})" if progress else "not started"),
        ("last loss", f"{progress['loss']:.6g}" if isinstance(progress.get("loss"), float) else ""),
        ("in use", "by another nnplay" if summary.in_use else ""),
    ]


def age_text(seconds: float) -> str:
    """An age as people say it: 40 s, 12 min, 3 h, 5 days."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _named(given: Any) -> str:
    if isinstance(given, Mapping):
        values = ", ".join(f"{key} {value}" for key, value in given.items() if key != "name")
        return clean(f"{given.get('name', '')} {values}".strip())
    return clean(str(given)) if given else ""


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    if isinstance(value, Mapping):
        return value
    return record if name == "run" and "data" in record else {}
