"""The inspector behind the screen: every question that a user can ask of one step, and of the run around it."""

from __future__ import annotations

from nnplay.inspector.moves import Walking
from nnplay.inspector.what_if import Trying


class Inspecting(Walking, Trying):
    """The inspector of a worker's run.

    Args:
        worker: owns the trainer.
        seen: called in the worker's thread with each new view.
        working: called in the worker's thread with a sentence while something takes long.
    """
