"""Choosing the moments that a session keeps within a limit of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.timeline.checkpoint_store import Moment, RunPart
from nnplay.timeline.saved.branch_log import MOST_MOMENTS, MOST_STRETCHES
from nnplay.training.checkpoint import State


class Room:
    """Bytes that moments may still take in a file."""

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit
        self._known: dict[RunPart, int] = {}

    def narrow(self, limit: int) -> None:
        """From now on only as much more is taken as stays within a smaller limit."""
        self.left = max(0, min(self.left, limit - (self.limit - self.left)))

    def cost(self, moment: Moment) -> int:
        """Bytes that a file takes for a moment."""
        if moment.first:
            return 0
        if moment.part not in self._known:
            state = moment.state
            views = moment.part.trainer.tensors() if isinstance(state, State) else state.tensors or {}
            self._known[moment.part] = sum(view.nbytes for view in views.values())
        return self._known[moment.part]

    def take_all(self, moments: Sequence[Moment]) -> bool:
        """Takes room for some moments, or for none of them where they are too many."""
        cost = sum(self.cost(moment) for moment in moments)
        if cost > self.left:
            return False
        self.left -= cost
        return True


def needed(moments: Sequence[Moment], room: Room) -> list[Moment]:
    """The moments that no replay leads to, as far back as there is room: the past begins with the first of them."""
    found: list[Moment] = []
    begin = 0
    for place in range(len(moments) - 1, -1, -1):
        moment = moments[place]
        if moment.pinned or place == 0:
            if len(found) == MOST_STRETCHES or not room.take_all([moment]):
                begin = place + 1
                break
            found.insert(0, moment)
    first = moments[begin : begin + 1]
    if begin and first and first[0] not in found and len(found) < MOST_STRETCHES and room.take_all(first):
        found.insert(0, first[0])  # what comes before it is too much
    return found


def chosen(moments: Sequence[Moment], pinned: Sequence[Moment], now: int, room: Room) -> list[Moment]:
    """Those moments, and as many between them as there is room for, which save time on the way back."""
    if not pinned:
        return []
    behind = moments[moments.index(pinned[0]) :]
    loose = [moment for moment in behind if moment not in pinned and moment.step < now]
    most = room.left // max((room.cost(moment) for moment in loose), default=1)
    between = _evenly(loose, max(0, min(MOST_MOMENTS - len(pinned), most)))
    room.take_all(between)
    kept = {id(moment) for moment in (*pinned, *between)}
    return [moment for moment in behind if id(moment) in kept]


def _evenly(moments: Sequence[Moment], count: int) -> list[Moment]:
    """So many of some moments, as far apart as they can be; all of them where they are no more."""
    if count >= len(moments):
        return list(moments)
    return [moments[(2 * k + 1) * len(moments) // (2 * count)] for k in range(count)]
