"""Recent sessions: what the open dialog lists, saved ones and those that autosave holds."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from nnplay import session
from nnplay.errors import InputError
from nnplay.session import Summary
from nnplay.session.summary_text import data_and_network, stand, trained
from nnplay.text import clean

_MOST: Final = 20
#: How often the list is looked at while another nnplay changes it, and seconds between: that takes a few milliseconds.
_LOOKS: Final = 50
_LOOK: Final = 0.01


@dataclass(frozen=True, slots=True)
class Recent:
    """One line of the dialog: path, name, data, network, how far it was trained, loss, age in s, and what is wrong."""

    path: str
    name: str
    data: str
    network: str
    trained: str
    loss: float
    age: float
    recovered: bool
    problem: str = ""


def remember(path: Path) -> None:
    """Puts a session at the top of the list."""
    newest = str(path.resolve())
    # A list that cannot be kept is a comfort lost, never a reason to fail a save.
    with contextlib.suppress(OSError, InputError), session.Folder(session.state_folder()) as folder:
        _hold(folder)  # or of two that save at once one would not be in it
        known = [newest, *(item for item in _paths() if item != newest)][:_MOST]
        folder.write(_list_file().name, json.dumps(known).encode())


def _hold(folder: session.Folder) -> None:
    """Waits a moment until no other nnplay changes the list; it is free again as soon as the folder is closed.

    Some network file systems lock no folders; there nobody waits.
    """
    for _ in range(_LOOKS):
        try:
            fcntl.flock(folder.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK)
        except OSError:
            return
        else:
            return


def recent() -> list[Recent]:
    """Saved sessions that are still there, and recovered runs, newest first."""
    found: list[Recent] = []
    for path in _paths():
        with contextlib.suppress(InputError):  # gone, or no session any more
            found.append(_make_recent(session.summarize(path), False))
    return sorted([*found, *recovered()], key=lambda item: item.age)


def recovered() -> list[Recent]:
    """Runs that ended without being saved, newest first; none where the state folder cannot be used."""
    try:
        held = session.autosaves()
    except InputError:
        return []
    return [_make_recent(summary, True) for summary in held if not summary.in_use]


def older_recovered() -> int:
    """How many such runs are kept beside those that are listed."""
    try:
        return session.older_autosaves()
    except InputError:
        return 0


def _make_recent(summary: Summary, recovered: bool) -> Recent:
    run, epoch, step, loss = stand(summary.record)
    data, network = data_and_network(run)
    return Recent(
        path=str(summary.path),
        name=clean(summary.path.stem),
        data=data,
        network=network,
        trained=trained(epoch, step),
        loss=loss,
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
