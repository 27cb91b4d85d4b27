"""The inspector behind the screen: everything that a user can ask of one step, and of the run around it."""

from __future__ import annotations

from collections.abc import Callable

from nnplay.inspector.messages import View
from nnplay.inspector.moves import Moves
from nnplay.inspector.requests import Requests
from nnplay.inspector.what_if import WhatIf
from nnplay.run.worker import Worker


class InspectorService:
    """The inspector of a worker's run.

    Args:
        worker: asks the thread that owns the trainer.
        seen: called in the training thread with each new view.
        working: called in the training thread with a sentence while something takes long.

    Attributes:
        requests: opens and closes the inspector, and asks for views.
        moves: take the run to another row or step.
        what_if: changes the step, checks its gradient, runs forks.
    """

    def __init__(self, worker: Worker, seen: Callable[[View], None], working: Callable[[str], None]) -> None:
        self.requests = Requests(worker, seen, working)
        self.moves = Moves(self.requests)
        self.what_if = WhatIf(self.requests)
