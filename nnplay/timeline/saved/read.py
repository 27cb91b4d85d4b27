"""The past out of a session's record and arrays, which anybody may have written: all of it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.text import clean
from nnplay.timeline.branches import MOST
from nnplay.timeline.change_log import Change, after, read_line
from nnplay.timeline.saved.branch_log import (
    MOST_CHANGES,
    MOST_MOMENTS,
    MOST_STRETCHES,
    Course,
    KeptLine,
    KeptMoment,
    KeptPast,
    Stretch,
)
from nnplay.timeline.saved.write import COUNTS, PREFIX, SUMS
from nnplay.training.checkpoint_file import MOST_STEPS, KeptState
from nnplay.training.history import PREFIX as CURVES
from nnplay.training.history import History
from nnplay.training.learning_rate import Plateau

Array = NDArray[Any]
Table = Mapping[str, Any]
_DIGEST: Final = 64
#: Keys that the past and each of its lines have, and those of a line alone.
_COURSE: Final = ("changes", "stretch")
_LINE: Final = ("words", "step", "branch", "shared", "latest", "seconds", "trained")


def read_past(found: Any, arrays: Mapping[str, Array], step: int, folder: Path) -> KeptPast:
    """The past of a run that stands at `step`.

    Args:
        found: what `table` wrote.
        arrays: what `tensors` wrote, and others.
        folder: paths of data files are relative to it.

    Raises:
        InputError: it is none.
    """
    table = _table(found, "past")
    _check_keys(table, "past", ("engine", *_COURSE), ("words", "since", "line"))
    course = _course(table, arrays, PREFIX, folder, ())
    if not course.stretches or course.stretches[0].moments[0].made:
        raise InputError("begins nowhere", where="past")
    if _last(course) > step or any(change.step > step for change in course.changes):
        raise InputError(f"goes on after step {step:,}", where="past")
    lines = _list(table, "line", MOST)
    read = tuple(_line(one, number, course, arrays, step, folder) for number, one in enumerate(lines))
    _refuse_leftovers(arrays, course, read)
    words, since = _text(table, "words", 80), _count(table, "since", step)
    if bool(words) != ("since" in table):
        raise InputError("needs both 'words' and 'since', or neither", where="past")
    return KeptPast(_text(table, "engine", 40), course, read, words, since)


def _refuse_leftovers(arrays: Mapping[str, Array], course: Course, lines: Sequence[KeptLine]) -> None:
    """Every tensor of the past belongs to a stretch or to a line's curves."""
    known = [f"{PREFIX}{number}." for number in range(len(course.stretches))]
    for place, line in enumerate(lines):
        known.append(f"{PREFIX}l{place}.{CURVES}")
        known += [f"{PREFIX}l{place}.{number}." for number in range(len(line.course.stretches))]
    for name in arrays:
        if name.startswith(PREFIX) and not name.startswith(tuple(known)):
            raise InputError("belongs to nothing in the past", where=f"tensor {clean(name)}")


def _line(found: Any, number: int, main: Course, arrays: Mapping[str, Array], step: int, folder: Path) -> KeptLine:
    table, begin = _table(found, "past.line"), f"{PREFIX}l{number}."
    _check_keys(table, "past.line", (*_LINE, *_COURSE))
    shared = _count(table, "shared", len(main.changes))
    branch = _count(table, "branch", step)
    course = _course(table, arrays, begin, folder, main.changes[:shared])
    latest = _count(table, "latest", MOST_STEPS)
    steps = [*(change.step for change in course.changes), *_steps(course)]
    if any(not branch <= one <= latest for one in steps) or latest < branch:
        raise InputError("leaves the run where it does not", where="past.line")
    seconds = table.get("seconds", 0.0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < MOST_STEPS:
        raise InputError(f"'{seconds}' is no time", where="past.line, seconds")
    own = {name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin + CURVES)}
    history = History.from_arrays(own)
    if odd := own.keys() ^ history.to_arrays().keys():
        raise InputError("belongs to no curve of a line", where=f"tensor {clean(begin + min(odd))}")
    words, at = _text(table, "words", 80), _count(table, "step", MOST_STEPS)
    if not words:
        raise InputError("has no words", where="past.line")
    return KeptLine(words, at, branch, shared, latest, float(seconds), course, history, _flag(table, "trained"))


def _course(table: Table, arrays: Mapping[str, Array], begin: str, folder: Path, before: Sequence[Change]) -> Course:
    changes = tuple(read_line(line) for line in _list(table, "changes", MOST_CHANGES))
    if any(one.step > two.step for one, two in pairwise(changes)):
        raise InputError("the changes are not in order", where="past.changes")
    every = (*before, *changes)
    stretches = tuple(
        _stretch(_table(one, "past.stretch"), arrays, f"{begin}{number}.", folder, every)
        for number, one in enumerate(_list(table, "stretch", MOST_STRETCHES))
    )
    ends = [*(one.moments[0].made for one in stretches[1:]), len(every)]
    for one, end in zip(stretches, ends, strict=False):
        after(one.config.optimizer, one.config.setup(), every[one.moments[0].made : end])
    made = [(moment.state.step, moment.made) for one in stretches for moment in one.moments]
    if made != sorted(made) or len(made) > MOST_MOMENTS + MOST_STRETCHES:
        raise InputError("the moments are not in order", where="past.stretch")
    return Course(changes, stretches)


def _stretch(table: Table, arrays: Mapping[str, Array], begin: str, folder: Path, changes: Sequence[Change]) -> Stretch:
    _check_keys(table, "past.stretch", ("data", "run"), ("first", "loose"))
    config = RunConfig.from_dict(_table(table.get("run"), "past.stretch.run"), "past.stretch.run", folder)
    first = table.get("first", "")
    if not isinstance(first, str) or len(first) not in (0, _DIGEST):
        raise InputError("'first' is no digest", where="past.stretch")
    moments = _moments(arrays, begin, config, first, changes)
    return Stretch(config, _text(table, "data", 64), moments, loose=_flag(table, "loose"))


def _moments(
    arrays: Mapping[str, Array], begin: str, config: RunConfig, first: str, changes: Sequence[Change]
) -> tuple[KeptMoment, ...]:
    own = {name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin)}
    own = {name: array for name, array in own.items() if not name.startswith(CURVES)}
    counts, sums = own.pop(COUNTS, np.zeros(0)), own.pop(SUMS, np.zeros(0))
    length = len(counts) if counts.ndim == 2 else 0
    if not 0 < length <= MOST_MOMENTS + MOST_STRETCHES or counts.shape != (length, 4) or sums.shape != (length, 4):
        raise InputError("has no moments", where=f"tensor {clean(begin)}{COUNTS}")
    if counts.dtype != np.int64 or sums.dtype != np.float64:
        raise InputError("is of another type", where=f"tensor {clean(begin)}{COUNTS}")
    rows = length - bool(first)
    if any(array.ndim < 1 or len(array) != rows for array in own.values()):
        raise InputError(f"does not hold {rows} moments", where=f"tensors {clean(begin)}…")
    states = [None] * bool(first) + [{name: array[row] for name, array in own.items()} for row in range(rows)]
    found: list[KeptMoment] = []
    optimizer, setup, begins = config.optimizer, config.setup(), int(counts[0, 0])
    for number, tensors in enumerate(states):
        made, *clock = (int(count) for count in counts[number])
        loss_sum, best, waited, factor = (float(value) for value in sums[number])
        _check_place(made, clock, changes)
        settings = after(optimizer, setup, changes[begins:made])
        if not (waited >= 0 and np.isfinite((waited, factor)).all()):
            raise InputError("a schedule waits for nothing that can be", where="past.stretch")
        plateau = Plateau(best, int(waited), factor)
        proof = first if tensors is None else ""
        found.append(
            KeptMoment(made, KeptState(tensors, proof, (clock[0], clock[1], clock[2]), loss_sum, plateau, *settings))
        )
    return tuple(found)


def _check_place(made: int, clock: Sequence[int], changes: Sequence[Change]) -> None:
    """A moment lies after the changes that were made before it, and before the others."""
    step = clock[0]
    if not 0 <= made <= len(changes) or not all(0 <= count < MOST_STEPS for count in clock):
        raise InputError("a moment's counters are none", where="past.stretch")
    if (made and changes[made - 1].step > step) or (made < len(changes) and changes[made].step < step):
        raise InputError("a moment is not where its changes are", where="past.stretch")


def _steps(course: Course) -> list[int]:
    return [moment.state.step for one in course.stretches for moment in one.moments]


def _last(course: Course) -> int:
    return max(_steps(course), default=0)


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
            raise InputError(f"knows no '{clean(name, 40)}'", where=where)


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
        raise InputError(f"'{clean(str(value), 40)}' is no count of this run", where=f"past.line, {name}")
    return value
