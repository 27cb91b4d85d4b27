"""A session in a few lines of plain text, without starting the program: what `nnplay show` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from nnplay.session import Summary
from nnplay.text import clean, counted, percent, record_as_typed

#: What the line at the top calls the scores of a run.
_IN_HEADER: Final = {"train_loss": "train", "validation_loss": "valid", "validation_accuracy": "acc"}
#: Characters of a layer with all that is in it.
_MOST_LAYER: Final = 4096


def describe(summary: Summary) -> list[str]:
    """Lines that say what a session holds and where it stopped."""
    if summary.problem:
        return [f"{clean(str(summary.path))}", f"  damaged   {summary.problem}"]
    run = stand(summary.record).run
    lines = [clean(str(summary.path))]
    lines += [f"  {name:<9} {value}" for name, value in _facts(summary, run, run.get("data", {})) if value]
    own = _table(run, "objective").get("name", "")
    lines += _layers(f"layers of {clean(str(own))}" if own else "layers", run.get("layers", []))
    for name, network in _table(run, "networks").items():
        table = network if isinstance(network, Mapping) else {}
        more = _named({key: value for key, value in table.items() if key != "layers"})
        heading = f"layers of {clean(str(name))}{f' ({more})' if more else ''}"
        lines += _layers(heading, table.get("layers", []))
    objectives = run.get("objectives", [])
    for item in objectives if isinstance(objectives, list) else []:
        if isinstance(item, Mapping):
            lines.append(f"  objective {_named(item)}")
    return lines


def _layers(heading: str, given: Any) -> list[str]:
    """Whole, so that they can be typed again; networks of a block side by side are long."""
    texts = [str(layer).replace("\n", " ") for layer in (given if isinstance(given, list) else [given])]
    return [f"  {heading}", *(f"    {clean(text, _MOST_LAYER)}" for text in texts)]


class Stand(NamedTuple):
    """Where a saved run stands, of a record that may have been written by anybody: what is no number counts as none."""

    run: Mapping[str, Any]
    epoch: int
    step: int
    loss: float


def stand(record: Mapping[str, Any]) -> Stand:
    """Where the run of a session's record stands."""
    progress = _table(record, "progress")
    epoch, step = (_count(progress.get(name)) for name in ("epoch", "step"))
    loss = progress.get("loss")
    return Stand(_table(record, "run"), epoch, step, float(loss) if isinstance(loss, int | float) else float("nan"))


def recovered_line(summary: Summary) -> str:
    """A run that autosave holds, in one line: path, age, data, network, epoch and loss, or what is wrong with it."""
    run, epoch, step, loss = stand(summary.record)
    score = f"batch loss {loss:.4g}" if math.isfinite(loss) else ""
    parts = (*data_and_network(run), trained(epoch, step), score)
    what = summary.problem or ", ".join(part for part in parts if part)
    state = "in use" if summary.in_use else f"{age_text(summary.age)} ago"
    return f"{clean(str(summary.path))}  {state}  {what}"


def data_and_network(run: Mapping[str, Any]) -> tuple[str, str]:
    """What tells runs apart: data set or file, and the units of the first layers, as in ("spiral", "8·8·2").

    Of an ensemble how many networks it has, and the units of the first: "4 × 16·16·1".
    """
    data, layers = run.get("data", {}), run.get("layers", [])
    table = data if isinstance(data, Mapping) else {"name": data}
    text = layers if isinstance(layers, str) else ", ".join(map(str, layers))
    count = ""
    if text.startswith("ensemble[") and text.endswith("]") and text.count("[") == 1:
        members = text.removeprefix("ensemble[").removesuffix("]").split("|")
        text, count = members[0], f"{len(members)} × "
    words = [one.split() for one in text.split(",")]
    widths = [one[1] for one in words if len(one) > 1 and one[1].isdigit()]
    name = clean(str(table.get("name") or PurePath(str(table.get("file", ""))).name))
    return name, f"{count}{'·'.join(widths[:6])}" if widths else ""


def trained(epoch: int, step: int) -> str:
    """How far a run was trained: "12 epochs", in its first epoch "59 steps"."""
    return counted(epoch, "epoch") if epoch else counted(step, "step") if step else "not trained"


def _facts(summary: Summary, run: Mapping[str, Any], data: Any) -> list[tuple[str, str]]:
    _, epoch, step, loss = stand(summary.record)
    table = data if isinstance(data, Mapping) else {"name": data}
    settings = ", ".join(f"{key} {value}" for key, value in table.items() if key not in ("name", "file"))
    name = table.get("name") or table.get("file", "")
    return [
        ("saved", f"{age_text(summary.age)} ago, generation {summary.generation}"),
        ("data", clean(f"{name} ({settings})" if settings else str(name))),
        ("loss", _named(run.get("loss"))),
        ("optimizer", _named(run.get("optimizer"))),
        ("seed", clean(str(run.get("seed", "")))),
        ("trained", f"{counted(epoch, 'epoch')} (step {step:,})" if step else "not started"),
        *_scores(summary.record),
        ("batch loss", f"{loss:.6g}" if math.isfinite(loss) else ""),
        ("in use", "by another nnplay" if summary.in_use else ""),
    ]


def _scores(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers of the header, by its names."""
    known = _table(_table(record, "progress"), "scores")
    found = {name: value for name in _IN_HEADER if isinstance(value := known.get(name), int | float)}
    return [
        (_IN_HEADER[name], percent(value, 1) if name.endswith("accuracy") else f"{value:.6g}")
        for name, value in found.items()
        if math.isfinite(value)
    ]


def age_text(seconds: float) -> str:
    """An age as people say it: 40 s, 12 min, 3 h, 5 days."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _named(given: Any) -> str:
    if isinstance(given, Mapping):
        values = ", ".join(f"{key} {_plain(value, key)}" for key, value in given.items() if key != "name")
        return clean(f"{given.get('name', '')} {values}".strip())
    return clean(str(given)) if given else ""


def _plain(value: Any, key: str) -> str:
    """A value within a table: names in a row, and a record as it can be typed."""
    if isinstance(value, list):
        return (" → " if key == "path" else " ").join(map(str, value))
    if isinstance(value, Mapping):
        return record_as_typed(value)
    return str(value)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else 0


def _table(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    if isinstance(value, Mapping):
        return value
    return record if name == "run" and "data" in record else {}
