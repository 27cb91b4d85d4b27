"""The past as plain values for a session's record, and as arrays for its state file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.config import RunConfig
from nnplay.data.fingerprint import fingerprint
from nnplay.timeline.change_log import line_of
from nnplay.timeline.saved.branch_log import Course, KeptLine, KeptMoment, KeptPast, Stretch
from nnplay.training.history import PREFIX as CURVES

Array = NDArray[Any]
#: What names of the past's arrays begin with; no tensor of a network's own has such a name.
PREFIX: Final = "-past."
COUNTS: Final = "-counts"
SUMS: Final = "-sums"
#: Characters that the past may take in a record, and arrays in a state file.
_TEXT: Final = 1 << 18
_ARRAYS: Final = 3_000
_NAME: Final = 128


def fitting(past: KeptPast | None) -> KeptPast | None:
    """As much of a past as a session file takes; nothing where even its last stretch is too much for one."""
    while past is not None and not _fits(past):
        if past.lines:
            past = replace(past, lines=past.lines[1:])
        elif len(past.course.stretches) > 1:
            past = replace(past, course=past.course.shortened())
        else:
            past = None
    return past


def _fits(past: KeptPast) -> bool:
    courses = [past.course, *(line.course for line in past.lines)]
    states = [one.moments[-1].state.tensors or {} for course in courses for one in course.stretches]
    names = [name for tensors in states for name in tensors]
    longest = max((len(name) for name in names), default=0) + len(f"{PREFIX}l99.99.")
    return longest <= _NAME and len(names) <= _ARRAYS and len(json.dumps(table(past))) <= _TEXT


def table(past: KeptPast) -> dict[str, Any]:
    """The part of the record that is about the past."""
    found: dict[str, Any] = {"engine": past.engine}
    if past.words:
        found |= {"words": past.words, "since": past.since}
    found |= _course(past.course)
    lines = [_line(line) for line in past.lines]
    return {**found, "line": lines} if lines else found


def _line(line: KeptLine) -> dict[str, Any]:
    names = ("words", "step", "branch", "shared", "latest", "seconds", "trained")
    return {**{name: getattr(line, name) for name in names}, **_course(line.course)}


def _course(course: Course) -> dict[str, Any]:
    changes = [line_of(change) for change in course.changes]
    return {"changes": changes, "stretch": [_stretch(stretch) for stretch in course.stretches]}


def _stretch(stretch: Stretch) -> dict[str, Any]:
    proof = stretch.moments[0].state.proof
    found: dict[str, Any] = {"data": stretch.data if isinstance(stretch.data, str) else fingerprint(stretch.data)}
    if proof:
        found["first"] = proof
    if stretch.loose:
        found["loose"] = True
    return {**found, "run": _plain(stretch.config)}


def _plain(config: RunConfig) -> dict[str, Any]:
    return config.anywhere().to_dict()


def tensors(past: KeptPast) -> dict[str, Array]:
    """The arrays of all moments, and the curves of the other lines."""
    found = _arrays(past.course, PREFIX)
    for number, line in enumerate(past.lines):
        begin = f"{PREFIX}l{number}."
        found |= _arrays(line.course, begin)
        found |= {begin + name: array for name, array in line.history.to_arrays().items() if name.startswith(CURVES)}
    return found


def _arrays(course: Course, begin: str) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for number, stretch in enumerate(course.stretches):
        found |= {f"{begin}{number}.{name}": array for name, array in _stacked(stretch.moments).items()}
    return found


def _lines(arrays: Sequence[Array]) -> Array:
    """Arrays one below the other; a single one, which may be large, is not copied for it."""
    return arrays[0][np.newaxis] if len(arrays) == 1 else np.stack(arrays)


def _stacked(moments: Sequence[KeptMoment]) -> dict[str, Array]:
    """One array per tensor, with a line per moment that has tensors of its own."""
    states = [moment.state for moment in moments]
    own: list[Mapping[str, Array]] = [state.tensors for state in states if state.tensors is not None]
    found = {name: _lines([one[name] for one in own]) for name in (own[0] if own else {})}
    found[COUNTS] = np.array([(moment.made, *moment.state.clock) for moment in moments], np.int64)
    found[SUMS] = np.array([(state.loss_sum, *map(float, state.plateau)) for state in states], np.float64)
    return found
