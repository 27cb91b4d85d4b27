"""A session that was read, as the playground takes it over: what is in force, and what there is to say about it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.run.saving.autosave import Progress
from nnplay.run.saving.saved_run import OpenedRun
from nnplay.timeline.saved.engine import describe_device
from nnplay.timeline.timeline import Timeline
from nnplay.training.stopping import STOP_FIELDS


class Arrival(NamedTuple):
    """Where a run that was opened stands as it comes, its timeline, and when that was."""

    progress: Progress
    timeline: Timeline | None
    since: float


def settings_of(opened: OpenedRun) -> tuple[RunConfig, dict[str, Any]]:
    """Everything that was chosen, with the stop conditions of the screen; and what else the screen finds again."""
    # Epochs that nobody chose are not chosen by the data here: the run has no end, and is saved as it was.
    config = replace(opened.config.completed(opened.trainer.split), epochs=opened.config.epochs)
    view = dict(opened.view)
    return config.stopping(_known_stops(view.pop("stops"))) if "stops" in view else config, view


def _known_stops(saved: Any) -> dict[str, Any]:
    """The stop conditions of a session; what this version does not know or refuses is left out."""
    found: dict[str, Any] = {}
    for item in STOP_FIELDS:
        if isinstance(saved, Mapping) and item.name in saved:
            with contextlib.suppress(InputError):
                found[item.name] = item.read(saved[item.name])
    return found


def notes_of(opened: OpenedRun) -> list[str]:
    """What there is to say about a session that was opened, first of all how far its past reaches."""
    notes, step = list(opened.warnings), opened.trainer.step
    if opened.past is not None and (words := describe_device(opened.past.engine, opened.trainer.machine)):
        notes.append(words)
    if opened.past is not None and opened.past.first:
        notes.append(f"history begins at step {opened.past.first:,}")
    if opened.past is None and step and not any(words.startswith("the saved history") for words in notes):
        notes.append(f"history begins at step {step:,}: nothing before it was saved")
    return notes
