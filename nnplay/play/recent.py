"""Recent sessions: what the open dialog lists, saved ones and those that autosave holds."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from nnplay import session
from nnplay.errors import NnplayError
from nnplay.session import Summary
from nnplay.text import clean

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Recent:
    """One line of the dialog: path, name, data, network, epoch, loss, age in seconds, and what is wrong with it."""

    path: str
    name: str
    data: str
    network: str
    epoch: int
    loss: float
    age: float
    recovered: bool
    problem: str = ""


def remember(path: Path) -> None:
    """Puts a session at the top of the list."""
    known = [str(path.resolve()), *(item for item in _paths() if item != str(path.resolve()))][:_MOST]
    target = _list_file()
    with contextlib.suppress(OSError):  # a list that cannot be kept is a comfort lost, never a reason to fail a save
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(known), encoding="utf-8")
        partial.replace(target)


def recent() -> list[Recent]:
    """Saved sessions that are still there, and recovered runs, newest first."""
    found = [_shown(session.summarize(path), False) for path in _paths() if Path(path).exists()]
    with contextlib.suppress(NnplayError):
        found += [_shown(summary, True) for summary in session.autosaves() if not summary.in_use]
    return sorted(found, key=lambda item: item.age)


def _shown(summary: Summary, recovered: bool) -> Recent:
    run = summary.record.get("run", {})
    data = run.get("data", {})
    layers = run.get("layers", [])
    widths = [text.split()[1] for text in layers if len(text.split()) > 1 and text.split()[1].isdigit()]
    progress = summary.record.get("progress", {})
    return Recent(
        path=str(summary.path),
        name=clean(summary.path.stem),
        data=clean(str(data.get("name") or Path(str(data.get("file", ""))).name)),
        network="·".join(widths[:6]),
        epoch=int(progress.get("epoch", 0)),
        loss=float(progress.get("loss", float("nan"))),
        age=summary.age,
        recovered=recovered,
        problem=summary.problem,
    )


def _paths() -> list[str]:
    try:
        known = json.loads(_list_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [item for item in known if isinstance(item, str)][:_MOST] if isinstance(known, list) else []


def _list_file() -> Path:
    return Path(platformdirs.user_state_dir("nnplay", appauthor=False)) / "recent.json"
