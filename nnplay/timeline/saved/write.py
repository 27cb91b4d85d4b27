"""A saved timeline as plain values for a session's record, and as arrays for its state file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.data.fingerprint import fingerprint
from nnplay.timeline.branches import Branch
from nnplay.timeline.change_log import write_change
from nnplay.timeline.saved.saved_timeline import SavedBranchLog, SavedSegment, SavedTimeline
from nnplay.training.curves.history import PREFIX as CURVES
from nnplay.training.state.saved_checkpoint import SavedCheckpoint

Array = NDArray[Any]
#: What names of a timeline's arrays begin with; no tensor of a network's own has such a name.
PREFIX: Final = "-past."
COUNTS: Final = "-counts"
SUMS: Final = "-sums"
#: Keys of a branch in the file, and the names of its fields.
BRANCH_KEYS: Final = {
    "words": "words",
    "step": "forked_at",
    "branch": "common_step",
    "shared": "common_changes",
    "latest": "latest",
    "seconds": "seconds",
    "trained": "trained",
}
#: Characters that a timeline may take in a record, and arrays in a state file.
_TEXT: Final = 1 << 18
_ARRAYS: Final = 3_000
_NAME: Final = 128


def fit_to_file(timeline: SavedTimeline | None) -> SavedTimeline | None:
    """As much of a timeline as a session file takes; nothing where even its last segment is too much for one."""
    while timeline is not None and not _fits(timeline):
        if timeline.branches:
            timeline = replace(timeline, branches=timeline.branches[1:])
        elif len(timeline.log.segments) > 1:
            timeline = replace(timeline, log=timeline.log.without_first_segment())
        else:
            timeline = None
    return timeline


def _fits(timeline: SavedTimeline) -> bool:
    logs = [timeline.log, *(branch.log for branch in timeline.branches)]
    last = [segment.checkpoints[-1].tensors or {} for log in logs for segment in log.segments]
    names = [name for tensors in last for name in tensors]
    longest = max((len(name) for name in names), default=0) + len(f"{PREFIX}l99.99.")
    return longest <= _NAME and len(names) <= _ARRAYS and len(json.dumps(to_table(timeline))) <= _TEXT


def to_table(timeline: SavedTimeline) -> dict[str, Any]:
    """The part of the record that is about the past."""
    found: dict[str, Any] = {"engine": timeline.engine}
    if timeline.words:
        found |= {"words": timeline.words, "since": timeline.forked_at}
    found |= _log_table(timeline.log)
    branches = [_branch_table(branch) for branch in timeline.branches]
    return {**found, "line": branches} if branches else found


def _branch_table(branch: Branch[SavedBranchLog]) -> dict[str, Any]:
    return {**{key: getattr(branch, name) for key, name in BRANCH_KEYS.items()}, **_log_table(branch.log)}


def _log_table(log: SavedBranchLog) -> dict[str, Any]:
    changes = [write_change(change) for change in log.changes]
    return {"changes": changes, "stretch": [_segment_table(segment) for segment in log.segments]}


def _segment_table(segment: SavedSegment) -> dict[str, Any]:
    proof, data = segment.checkpoints[0].proof, segment.data
    found: dict[str, Any] = {"data": data if isinstance(data, str) else fingerprint(data)}
    if proof:
        found["first"] = proof
    if segment.loose:
        found["loose"] = True
    return {**found, "run": segment.config.anywhere().to_dict()}


def to_tensors(timeline: SavedTimeline) -> dict[str, Array]:
    """The arrays of all checkpoints, and the curves of the other branches."""
    found = _log_arrays(timeline.log, PREFIX)
    for number, branch in enumerate(timeline.branches):
        prefix = f"{PREFIX}l{number}."
        found |= _log_arrays(branch.log, prefix)
        curves = branch.history.to_arrays()
        found |= {prefix + name: array for name, array in curves.items() if name.startswith(CURVES)}
    return found


def _log_arrays(log: SavedBranchLog, prefix: str) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for number, segment in enumerate(log.segments):
        found |= {f"{prefix}{number}.{name}": array for name, array in _stacked(segment.checkpoints).items()}
    return found


def _rows(arrays: Sequence[Array]) -> Array:
    """Arrays one below the other; a single one, which may be large, is not copied for it."""
    return arrays[0][np.newaxis] if len(arrays) == 1 else np.stack(arrays)


def _stacked(checkpoints: Sequence[SavedCheckpoint]) -> dict[str, Array]:
    """One array per tensor, with a line per checkpoint that has tensors of its own."""
    own: list[Mapping[str, Array]] = [one.tensors for one in checkpoints if one.tensors is not None]
    found = {name: _rows([one[name] for one in own]) for name in (own[0] if own else {})}
    found[COUNTS] = np.array([(one.change_count, *one.clock) for one in checkpoints], np.int64)
    found[SUMS] = np.array([(one.loss_sum, *map(float, one.plateau)) for one in checkpoints], np.float64)
    return found
