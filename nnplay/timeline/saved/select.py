"""Selecting the checkpoints that a session keeps within a limit of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.saved.saved_timeline import MOST_CHECKPOINTS, MOST_SEGMENTS
from nnplay.timeline.segment import Segment
from nnplay.training.state.checkpoint import Checkpoint


class ByteBudget:
    """Bytes that checkpoints may still take in a file."""

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit
        self._known: dict[Segment, int] = {}

    def lower_limit(self, limit: int) -> None:
        """From now on only as much more is reserved as stays within a smaller limit."""
        self.left = max(0, min(self.left, limit - (self.limit - self.left)))

    def cost(self, stored: StoredCheckpoint) -> int:
        """Bytes that a file takes for a checkpoint."""
        if stored.proof:
            return 0
        if stored.segment not in self._known:
            value = stored.value
            is_saved = not isinstance(value, Checkpoint)
            views = value.tensors or {} if is_saved else stored.segment.trainer.tensors()
            self._known[stored.segment] = sum(view.nbytes for view in views.values())
        return self._known[stored.segment]

    def reserve(self, checkpoints: Sequence[StoredCheckpoint]) -> bool:
        """Reserves room for some checkpoints, or for none of them where they are too many."""
        cost = sum(self.cost(one) for one in checkpoints)
        if cost > self.left:
            return False
        self.left -= cost
        return True


def select_pinned(checkpoints: Sequence[StoredCheckpoint], budget: ByteBudget) -> list[StoredCheckpoint]:
    """Those that no replay leads to, as far back as there is room: the past begins with the first of them."""
    found: list[StoredCheckpoint] = []
    begin = 0
    for place in range(len(checkpoints) - 1, -1, -1):
        one = checkpoints[place]
        if one.pinned or place == 0:
            if len(found) == MOST_SEGMENTS or not budget.reserve([one]):
                begin = place + 1
                break
            found.insert(0, one)
    first = checkpoints[begin : begin + 1]
    if begin and first and first[0] not in found and len(found) < MOST_SEGMENTS and budget.reserve(first):
        found.insert(0, first[0])  # what comes before it is too much
    return found


def select_between(
    checkpoints: Sequence[StoredCheckpoint], pinned: Sequence[StoredCheckpoint], now: int, budget: ByteBudget
) -> list[StoredCheckpoint]:
    """The pinned ones, and as many between them as there is room for, which save time on the way back."""
    if not pinned:
        return []
    behind = checkpoints[checkpoints.index(pinned[0]) :]
    loose = [one for one in behind if one not in pinned and one.step < now]
    dearest = max((budget.cost(one) for one in loose), default=0)  # nothing for a network without parameters
    most = budget.left // dearest if dearest else len(loose)
    between = _spread_evenly(loose, max(0, min(MOST_CHECKPOINTS - len(pinned), most)))
    budget.reserve(between)
    kept = {id(one) for one in (*pinned, *between)}
    return [one for one in behind if id(one) in kept]


def _spread_evenly(checkpoints: Sequence[StoredCheckpoint], count: int) -> list[StoredCheckpoint]:
    """So many of some checkpoints, as far apart as they can be; all of them where they are no more."""
    if count >= len(checkpoints):
        return list(checkpoints)
    return [checkpoints[(2 * k + 1) * len(checkpoints) // (2 * count)] for k in range(count)]
