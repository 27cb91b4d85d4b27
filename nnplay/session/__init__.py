"""Sessions on disk: a record of plain values and named arrays, saved as one and never half.

Start at `store.save` and `store.load`; `generation` says what a whole save is, `document` what its text holds.
"""

from nnplay.session.files import Damaged, Folder, refusals
from nnplay.session.generation import Loaded
from nnplay.session.lock import Holder, Lock, refuse_unheld, take_lock
from nnplay.session.pack import pack
from nnplay.session.recovery import (
    Summary,
    autosaves,
    discard,
    is_autosave,
    new_autosave,
    older_autosaves,
    recovery_folder,
    state_folder,
    summarize,
)
from nnplay.session.store import SUFFIX, Moved, NotSaved, hold_place, load, refuse_others, save

__all__ = [
    "SUFFIX",
    "Damaged",
    "Folder",
    "Holder",
    "Loaded",
    "Lock",
    "Moved",
    "NotSaved",
    "Summary",
    "autosaves",
    "discard",
    "hold_place",
    "is_autosave",
    "load",
    "new_autosave",
    "older_autosaves",
    "pack",
    "recovery_folder",
    "refusals",
    "refuse_others",
    "refuse_unheld",
    "save",
    "state_folder",
    "summarize",
    "take_lock",
]
