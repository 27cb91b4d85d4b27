"""A saved timeline out of a session's record and arrays, which anybody may have written: all of it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.text import clean, counted
from nnplay.timeline.branches import MOST_BRANCHES, Branch
from nnplay.timeline.change_log import Change, read_change, settings_after
from nnplay.timeline.saved.saved_timeline import (
    MOST_CHANGES,
    MOST_CHECKPOINTS,
    MOST_SEGMENTS,
    SavedBranchLog,
    SavedSegment,
    SavedTimeline,
)
from nnplay.timeline.saved.write import BRANCH_KEYS, COUNTS, PREFIX, SUMS
from nnplay.training.curves.history import PREFIX as CURVES
from nnplay.training.curves.history import History
from nnplay.training.learning_rate import Plateau
from nnplay.training.state.saved_checkpoint import MOST_STEPS, SavedCheckpoint

Array = NDArray[Any]
Table = Mapping[str, Any]
_DIGEST: Final = 64
#: Keys that the past and each of its branches have.
_LOG_KEYS: Final = ("changes", "stretch")


def read_timeline(found: Any, arrays: Mapping[str, Array], step: int, folder: Path) -> SavedTimeline:
    """The timeline of a run that stands at `step`.

    Args:
        found: what `to_table` wrote.
        arrays: what `to_tensors` wrote, and others.
        folder: paths of data files are relative to it.

    Raises:
        InputError: it is none.
    """
    table = _table(found, "past")
    _check_keys(table, "past", ("engine", *_LOG_KEYS), ("words", "since", "line"))
    log = _read_log(table, arrays, PREFIX, folder, ())
    if not log.segments or log.segments[0].checkpoints[0].change_count:
        raise InputError("has no beginning", where="past")
    if max(_steps(log)) > step or any(change.step > step for change in log.changes):
        raise InputError(f"continues past step {step:,}", where="past")
    tables = _list(table, "line", MOST_BRANCHES)
    branches = tuple(_read_branch(one, number, log, arrays, step, folder) for number, one in enumerate(tables))
    _refuse_leftovers(arrays, log, branches)
    words, forked_at = _text(table, "words", 80), _count(table, "since", step)
    if bool(words) != ("since" in table):
        raise InputError("needs both 'words' and 'since', or neither", where="past")
    return SavedTimeline(_text(table, "engine", 40), log, branches, words, forked_at)


def _refuse_leftovers(
    arrays: Mapping[str, Array], log: SavedBranchLog, branches: Sequence[Branch[SavedBranchLog]]
) -> None:
    """Every tensor of the past belongs to a segment or to a branch's curves."""
    known = [f"{PREFIX}{number}." for number in range(len(log.segments))]
    for place, branch in enumerate(branches):
        known.append(f"{PREFIX}l{place}.{CURVES}")
        known += [f"{PREFIX}l{place}.{number}." for number in range(len(branch.log.segments))]
    for name in arrays:
        if name.startswith(PREFIX) and not name.startswith(tuple(known)):
            raise InputError("does not belong to the history", where=f"tensor {clean(name)}")


def _read_branch(
    found: Any, number: int, main: SavedBranchLog, arrays: Mapping[str, Array], step: int, folder: Path
) -> Branch[SavedBranchLog]:
    table, prefix = _table(found, "past.line"), f"{PREFIX}l{number}."
    _check_keys(table, "past.line", (*BRANCH_KEYS, *_LOG_KEYS))
    common_changes = _count(table, "shared", len(main.changes))
    common_step = _count(table, "branch", step)
    log = _read_log(table, arrays, prefix, folder, main.changes[:common_changes])
    latest = _count(table, "latest", MOST_STEPS)
    steps = [*(change.step for change in log.changes), *_steps(log)]
    if any(not common_step <= one <= latest for one in steps) or latest < common_step:
        raise InputError("leaves the run at a step that is not in it", where="past.line")
    words, forked_at = _text(table, "words", 80), _count(table, "step", MOST_STEPS)
    seconds, history = _seconds(table), _read_curves(arrays, prefix)
    if not words:
        raise InputError("has no description", where="past.line")
    return Branch(words, forked_at, common_step, common_changes, latest, history, log, seconds, _flag(table, "trained"))


def _seconds(table: Table) -> float:
    seconds = table.get("seconds", 0.0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < MOST_STEPS:
        raise InputError(f"'{seconds}' is not a time", where="past.line, seconds")
    return float(seconds)


def _read_curves(arrays: Mapping[str, Array], prefix: str) -> History:
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix + CURVES)}
    history = History.from_arrays(own)
    if odd := own.keys() ^ history.to_arrays().keys():
        raise InputError("does not belong to a curve of a branch", where=f"tensor {clean(prefix + min(odd))}")
    return history


def _read_log(
    table: Table, arrays: Mapping[str, Array], prefix: str, folder: Path, before: Sequence[Change]
) -> SavedBranchLog:
    changes = tuple(read_change(line) for line in _list(table, "changes", MOST_CHANGES))
    if any(one.step > two.step for one, two in pairwise(changes)):
        raise InputError("the changes are not in order", where="past.changes")
    every = (*before, *changes)
    segments = tuple(
        _read_segment(_table(one, "past.stretch"), arrays, f"{prefix}{number}.", folder, every)
        for number, one in enumerate(_list(table, "stretch", MOST_SEGMENTS))
    )
    ends = [*(one.checkpoints[0].change_count for one in segments[1:]), len(every)]
    for one, end in zip(segments, ends, strict=False):
        settings_after(
            one.config.optimizer, one.config.training_settings(), every[one.checkpoints[0].change_count : end]
        )
    places = [(checkpoint.step, checkpoint.change_count) for one in segments for checkpoint in one.checkpoints]
    if places != sorted(places) or len(places) > MOST_CHECKPOINTS + MOST_SEGMENTS:
        raise InputError("the checkpoints are not in order", where="past.stretch")
    return SavedBranchLog(changes, segments)


def _read_segment(
    table: Table, arrays: Mapping[str, Array], prefix: str, folder: Path, changes: Sequence[Change]
) -> SavedSegment:
    _check_keys(table, "past.stretch", ("data", "run"), ("first", "loose"))
    config = RunConfig.from_dict(_table(table.get("run"), "past.stretch.run"), "past.stretch.run", folder)
    first = table.get("first", "")
    if not isinstance(first, str) or len(first) not in (0, _DIGEST):
        raise InputError("'first' is not a digest", where="past.stretch")
    checkpoints = _read_checkpoints(arrays, prefix, config, first, changes)
    return SavedSegment(config, _text(table, "data", 64), checkpoints, loose=_flag(table, "loose"))


def _read_checkpoints(
    arrays: Mapping[str, Array], prefix: str, config: RunConfig, first: str, changes: Sequence[Change]
) -> tuple[SavedCheckpoint, ...]:
    counts, sums, every = _arrays_of(arrays, prefix, bool(first))
    optimizer, settings, begin = config.optimizer, config.training_settings(), int(counts[0, 0])
    found: list[SavedCheckpoint] = []
    for number, tensors in enumerate(every):
        change_count, step, epoch, batch = (int(count) for count in counts[number])
        loss_sum, best, waited, factor = (float(value) for value in sums[number])
        _check_place(change_count, (step, epoch, batch), changes)
        in_force = settings_after(optimizer, settings, changes[begin:change_count])
        if not np.isfinite((waited, factor)).all():
            raise InputError("a schedule has an impossible state", where="past.stretch")
        plateau, proof = Plateau(best, int(waited), factor), first if tensors is None else ""
        found.append(SavedCheckpoint(tensors, proof, (step, epoch, batch), loss_sum, plateau, *in_force, change_count))
    return tuple(found)


def _arrays_of(
    arrays: Mapping[str, Array], prefix: str, has_first: bool
) -> tuple[Array, Array, list[dict[str, Array] | None]]:
    """The counters, sums and tensors of a segment's checkpoints; None for a first one that needs no tensors."""
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    own = {name: array for name, array in own.items() if not name.startswith(CURVES)}
    counts, sums = own.pop(COUNTS, np.zeros(0)), own.pop(SUMS, np.zeros(0))
    length, where = len(counts) if counts.ndim == 2 else 0, f"tensor {clean(prefix)}{COUNTS}"
    if not 0 < length <= MOST_CHECKPOINTS + MOST_SEGMENTS or counts.shape != (length, 4) or sums.shape != (length, 4):
        raise InputError("has no checkpoints", where=where)
    if counts.dtype != np.int64 or sums.dtype != np.float64:
        raise InputError("is of another type", where=where)
    rows = length - has_first
    if any(array.ndim < 1 or len(array) != rows for array in own.values()):
        raise InputError(f"does not hold {counted(rows, 'checkpoint')}", where=f"tensors {clean(prefix)}…")
    tensors = [{name: array[row] for name, array in own.items()} for row in range(rows)]
    return counts, sums, [*[None] * has_first, *tensors]


def _check_place(change_count: int, clock: tuple[int, int, int], changes: Sequence[Change]) -> None:
    """A checkpoint lies after the changes that were made before it, and before the others."""
    step = clock[0]
    if not 0 <= change_count <= len(changes) or not all(0 <= count < MOST_STEPS for count in clock):
        raise InputError("a checkpoint's counters are invalid", where="past.stretch")
    before, behind = changes[:change_count], changes[change_count:]
    if (before and before[-1].step > step) or (behind and behind[0].step < step):
        raise InputError("a checkpoint is not where its changes are", where="past.stretch")


def _steps(log: SavedBranchLog) -> list[int]:
    return [checkpoint.step for one in log.segments for checkpoint in one.checkpoints]


def _table(value: Any, where: str) -> Table:
    if not isinstance(value, Mapping):
        raise InputError("should be a table", where=where)
    return value


def _check_keys(table: Table, where: str, needed: Sequence[str], possible: Sequence[str] = ()) -> None:
    """A key that is missing or misspelt would change what the past means without a word."""
    for name in needed:
        if name not in table:
            raise InputError(f"has no '{name}'", where=where)
    for name in table:
        if name not in needed and name not in possible:
            raise InputError(f"does not know '{clean(name, 40)}'", where=where)


def _text(table: Table, name: str, most: int) -> str:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise InputError("should be text", where=f"past, {name}")
    return clean(value, most)


def _flag(table: Table, name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise InputError("should be true or false", where=f"past, {name}")
    return value


def _list(table: Table, name: str, most: int) -> list[Any]:
    value = table.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise InputError(f"should be a list of at most {most}", where=f"past.{name}")
    return value


def _count(table: Table, name: str, most: int) -> int:
    value = table.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InputError(f"'{clean(str(value), 40)}' is not a valid count for this run", where=f"past.line, {name}")
    return value
