"""Choosing what a session keeps of the past: what no replay can make again first, then moments that save time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.config.live import with_live
from nnplay.journal import Change
from nnplay.kept_state import KeptState
from nnplay.moments import Moment, Part
from nnplay.past.engine import SEVERAL, engine
from nnplay.past.kept import MOST_CHANGES, MOST_MOMENTS, MOST_STRETCHES, SMALL, Course, KeptMoment, KeptPast, Stretch
from nnplay.run_state import State
from nnplay.timeline import Timeline

ConfigOf = Callable[[Part], RunConfig | None]


def taken(timeline: Timeline, config_of: ConfigOf) -> KeptPast | None:
    """The past of a run at this moment; None where nothing before it can be reached.

    It is taken between two steps: states are referred to, as nobody changes them.

    Args:
        config_of: what the trainer of a part was made of.
    """
    here = engine(timeline.trainer.setup.real)
    ran = timeline.engine or here
    if ran != here and timeline.latest > timeline.recalled:
        ran = SEVERAL
    step = timeline.trainer.step
    changes = [change for change in timeline.changes if change.step <= step]
    moments = [moment for moment in timeline.moments if moment.step <= step and moment.made <= len(changes)]
    costs = Costs()
    limit = max(SMALL, 2 * timeline.trainer.machine.state().nbytes)
    course, _ = course_of(timeline, moments, changes, config_of, limit, costs)
    return None if course is None else KeptPast(ran, course)


class Costs:
    """Bytes of the moments of each part."""

    def __init__(self) -> None:
        self._known: dict[Part, int] = {}

    def of(self, moment: Moment) -> int:
        """Bytes that a file takes for a moment."""
        if moment.first:
            return 0
        if moment.part not in self._known:
            state = moment.state
            views = moment.part.trainer.tensors() if isinstance(state, State) else state.tensors or {}
            self._known[moment.part] = sum(view.nbytes for view in views.values())
        return self._known[moment.part]


def course_of(
    timeline: Timeline,
    moments: Sequence[Moment],
    changes: Sequence[Change],
    config_of: ConfigOf,
    limit: int,
    costs: Costs,
) -> tuple[Course | None, int]:
    """What is kept of the way to the present moment within a limit of bytes; and how many bytes are left."""
    spared = max(0, len(changes) - MOST_CHANGES)
    chosen, left = _chosen([moment for moment in moments if moment.made >= spared], limit, costs, timeline.trainer.step)
    stretches: list[list[Moment]] = []
    for moment in chosen:
        if moment.pinned or not stretches:
            stretches.append([])
        stretches[-1].append(moment)
    made = [_stretch(timeline, one, config_of) for one in stretches]
    known = [one for one in made if one is not None]
    if not known or len(known) < len(made):
        return None, limit
    return Course(tuple(changes), tuple(known)).counted_from(known[0].moments[0].made), left


def _chosen(moments: Sequence[Moment], limit: int, costs: Costs, now: int) -> tuple[list[Moment], int]:
    """The newest moments that no replay leads to, as far as they fit, and where there is room some between them."""
    pinned: list[Moment] = []
    left, begin = limit, 0
    for place in range(len(moments) - 1, -1, -1):
        moment = moments[place]
        if moment.pinned or place == 0:
            if costs.of(moment) > left or len(pinned) == MOST_STRETCHES:
                begin = place + 1
                break
            pinned.insert(0, moment)
            left -= costs.of(moment)
    behind = moments[begin:]
    if begin and behind and not behind[0].pinned and costs.of(behind[0]) <= left and len(pinned) < MOST_STRETCHES:
        pinned.insert(0, behind[0])  # the past begins here: what comes before is too much
        left -= costs.of(behind[0])
    if not pinned:
        return [], limit
    loose = [moment for moment in behind[behind.index(pinned[0]) :] if moment not in pinned and moment.step < now]
    room = min(MOST_MOMENTS - len(pinned), left // max((costs.of(moment) for moment in loose), default=1))
    between = evenly(loose, max(0, room))
    left -= sum(costs.of(moment) for moment in between)
    kept = {id(moment) for moment in (*pinned, *between)}
    return [moment for moment in behind if id(moment) in kept], left


def evenly(moments: Sequence[Moment], count: int) -> list[Moment]:
    """So many of some moments, as far apart as they can be; all of them where they are no more."""
    if count >= len(moments):
        return list(moments)
    return [moments[(2 * k + 1) * len(moments) // (2 * count)] for k in range(count)]


def _stretch(timeline: Timeline, moments: Sequence[Moment], config_of: ConfigOf) -> Stretch | None:
    part = moments[0].part
    config = config_of(part)
    if config is None:
        return None
    kept = tuple(KeptMoment(moment.made, kept_state(timeline, moment)) for moment in moments)
    config = with_live(replace(config, title="", about="", epochs=0), *moments[0].settings)
    data = part.made.split if part.made is not None else part.data
    return Stretch(config, data, kept, loose=not moments[0].pinned and moments[0].made > 0)


def kept_state(timeline: Timeline, moment: Moment) -> KeptState:
    """A moment as a file can hold it, wherever its memory is."""
    if isinstance(moment.state, KeptState):
        return moment.state
    return KeptState.of(timeline.state_of(moment), moment.part.trainer.machine, first=moment.first)
