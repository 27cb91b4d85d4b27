"""Where a run is saved: in a place of its own, again in the same one, or beside what stands there by now.

    place = save_as(target, saved)               a new place
    place = save_again(place, saved)             the same one, as long as it is there

A folder can be renamed, deleted or replaced while its run is open. Then the run is saved all the same, and nothing that
stands in its place is written to.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from nnplay import session
from nnplay.errors import InputError
from nnplay.run.saving import saved_run
from nnplay.run.saving.saved_run import SavedRun
from nnplay.system.paths import shown


@dataclass(frozen=True, slots=True)
class Place:
    """The session folder of a run that is open.

    Attributes:
        path: absolute.
        lock: held for it.
        generation: the last save that this run made there, or began with.
        note: what there is to say about the last save; empty where it is where it was asked for.
    """

    path: Path
    lock: session.Lock
    generation: int
    note: str = ""


def save_as(target: Path, saved: SavedRun) -> Place:
    """Saves where no session is yet.

    Raises:
        InputError: something is there; or the disk refused.
    """
    saved_run.refuse_taken(target)
    generation = saved_run.write(target, saved)
    return Place(target, session.take_lock(target), generation)


def save_again(place: Place, saved: SavedRun) -> Place:
    """Saves to the session that is open; where its folder is gone, in a new one of that name, else beside it.

    Raises:
        InputError: another nnplay has it open, or the disk refused; the place is as it was.
    """
    if not os.path.lexists(place.path):
        note = f"the folder of {shown(place.path)} was renamed or deleted, so it was created again"
        return _elsewhere(place, place.path, saved, note)
    if not place.lock.stands_at(place.path) or _is_anothers(place):
        target = free_name(place.path)
        note = f"something else now occupies {shown(place.path)}, and was left alone"
        if target == place.path:
            note = f"the folder of {shown(place.path)} was emptied, so everything was written again"
        return _elsewhere(place, target, saved, note)
    held = place.lock if place.lock.intact else _take_lock_again(place)
    return Place(place.path, held, saved_run.write(place.path, saved, held))


def free_name(target: Path) -> Path:
    """That place, or where it is taken the first of `run-2.nnplay`, `run-3.nnplay` … that is not."""
    found, number = target, 1
    while saved_run.is_taken(found):
        number += 1
        found = target.with_name(f"{target.stem}-{number}{target.suffix}")
    return found


def _elsewhere(place: Place, target: Path, saved: SavedRun, note: str) -> Place:
    found = replace(save_as(target, saved), note=note)
    place.lock.release()
    return found


def _is_anothers(place: Place) -> bool:
    """Whether the folder is the same, but the session in it is one that this run neither made nor opened."""
    try:
        return session.summarize(place.path).generation not in (0, place.generation)
    except InputError:
        return False  # there is none: saving mends it


def _take_lock_again(place: Place) -> session.Lock:
    """The lock on a folder whose lock file was deleted."""
    lock = session.take_lock(place.path)
    session.refuse_unheld(lock, str(place.path))
    place.lock.release()
    return lock
