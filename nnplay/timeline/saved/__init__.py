"""A timeline as a session keeps it: its change log and a few of its checkpoints, from which every step is run again.

    saved = capture_timeline(timeline, config_of)    a copy, between two steps
    to_table(saved), to_tensors(saved)               for the session's record and state file
    read_timeline(record, tensors, …)                back from them
    refuse_misfit(saved, config, split, …)           unless that is the past of this run
    restore_timeline(timeline, saved, …)             into the timeline of a run that was opened

`saved_timeline` has the values, `select` decides what is kept, `write` and `read` are the two directions of the file.
Keys in the file are older than the names here: a "stretch" is a segment, a "line" a branch.
"""

from nnplay.timeline.saved.capture import capture_timeline
from nnplay.timeline.saved.check import refuse_misfit
from nnplay.timeline.saved.engine import ENGINE, is_this_version
from nnplay.timeline.saved.extend import (
    append_best,
    append_change,
    append_replacement,
    append_training,
    begin_saved_timeline,
)
from nnplay.timeline.saved.read import read_timeline
from nnplay.timeline.saved.restore import restore_timeline
from nnplay.timeline.saved.saved_timeline import SavedBranchLog, SavedSegment, SavedTimeline
from nnplay.timeline.saved.write import PREFIX, fit_to_file, to_table, to_tensors

__all__ = [
    "ENGINE",
    "PREFIX",
    "SavedBranchLog",
    "SavedSegment",
    "SavedTimeline",
    "append_best",
    "append_change",
    "append_replacement",
    "append_training",
    "begin_saved_timeline",
    "capture_timeline",
    "fit_to_file",
    "is_this_version",
    "read_timeline",
    "refuse_misfit",
    "restore_timeline",
    "to_table",
    "to_tensors",
]
