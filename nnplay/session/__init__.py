"""Sessions on disk: a record of plain values and named arrays, saved as one and never half.

Start at `store.save` and `store.load`; `generation` says what a whole save is, `document` what its text holds.
"""

from nnplay.session.files import Damaged
from nnplay.session.generation import Loaded
from nnplay.session.lock import Holder, Lock, take_lock
from nnplay.session.pack import pack
from nnplay.session.recovery import Summary, autosaves, discard, new_autosave, recovery_folder, summarize
from nnplay.session.store import SUFFIX, NotSaved, load, save

__all__ = [
    "SUFFIX",
    "Damaged",
    "Holder",
    "Loaded",
    "Lock",
    "NotSaved",
    "Summary",
    "autosaves",
    "discard",
    "load",
    "new_autosave",
    "pack",
    "recovery_folder",
    "save",
    "summarize",
    "take_lock",
]
