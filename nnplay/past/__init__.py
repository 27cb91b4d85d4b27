"""The past of a run as a session keeps it: its journal and a few of its moments, from which every step is run again.

    past = taken(timeline, configs)              a copy, between two steps
    table(past), tensors(past)                   for the session's record and state file
    read_past(record, tensors, …)                back from them
    recall(timeline, past, …)                    into the timeline of a run that was opened

`kept` has the values, `taking` chooses what is kept, `writing` and `reading` are the two directions of the file.
"""

from nnplay.past.engine import SEVERAL, engine
from nnplay.past.extending import begun, changed, followed, trained_on
from nnplay.past.kept import Course, KeptLine, KeptMoment, KeptPast, Stretch
from nnplay.past.reading import read_past
from nnplay.past.recalling import recall
from nnplay.past.taking import taken
from nnplay.past.writing import PREFIX, fitting, table, tensors

__all__ = [
    "PREFIX",
    "SEVERAL",
    "Course",
    "KeptLine",
    "KeptMoment",
    "KeptPast",
    "Stretch",
    "begun",
    "changed",
    "engine",
    "fitting",
    "followed",
    "read_past",
    "recall",
    "table",
    "taken",
    "tensors",
    "trained_on",
]
