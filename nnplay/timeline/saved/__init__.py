"""The past of a run as a session keeps it: its journal and a few of its moments, from which every step is run again.

    past = taken(timeline, configs)              a copy, between two steps
    table(past), tensors(past)                   for the session's record and state file
    read_past(record, tensors, …)                back from them
    check(past, config, split, …)                whether that is a past of this run
    recall(timeline, past, …)                    into the timeline of a run that was opened

`kept` has the values, `taking` chooses what is kept, `writing` and `reading` are the two directions of the file.
"""

from nnplay.timeline.saved.branch_log import Course, KeptLine, KeptMoment, KeptPast, Stretch
from nnplay.timeline.saved.capture import taken
from nnplay.timeline.saved.check import check
from nnplay.timeline.saved.engine import ENGINE, SEVERAL
from nnplay.timeline.saved.extend import begun, changed, followed, trained_on
from nnplay.timeline.saved.read import read_past
from nnplay.timeline.saved.restore import recall
from nnplay.timeline.saved.write import PREFIX, fitting, table, tensors

__all__ = [
    "ENGINE",
    "PREFIX",
    "SEVERAL",
    "Course",
    "KeptLine",
    "KeptMoment",
    "KeptPast",
    "Stretch",
    "begun",
    "changed",
    "check",
    "fitting",
    "followed",
    "read_past",
    "recall",
    "table",
    "taken",
    "tensors",
    "trained_on",
]
