"""Taking a copy of the past of a run, between two steps, for its session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.config.live import with_live
from nnplay.timeline.branches import Line
from nnplay.timeline.checkpoint_store import Moment, RunPart
from nnplay.timeline.saved.branch_log import MOST_CHANGES, SMALL, Course, KeptLine, KeptMoment, KeptPast, Stretch
from nnplay.timeline.saved.engine import ENGINE, SEVERAL
from nnplay.timeline.saved.select import Room, chosen, needed
from nnplay.timeline.timeline import Timeline
from nnplay.training.checkpoint_file import KeptState

ConfigOf = Callable[[RunPart], RunConfig | None]


def taken(timeline: Timeline, config_of: ConfigOf, *, lean: bool = False) -> KeptPast | None:
    """The past of a run at this moment, and its other lines; None where nothing of it can be described.

    States are referred to, as nobody changes them.

    Args:
        config_of: what the trainer of a part was made of.
        lean: leave out what only saves time where it is large, as every copy of it would take time too.
    """
    ran = timeline.engine or ENGINE
    if ran != ENGINE and timeline.latest > timeline.recalled:
        ran = SEVERAL
    return Taking(timeline, config_of, lean).past(ran)


class Taking:
    """One copy on its way.

    Args:
        config_of, lean: as in `taken`.
    """

    def __init__(self, timeline: Timeline, config_of: ConfigOf, lean: bool) -> None:
        self._lean = lean
        self._timeline, self._config_of = timeline, config_of
        self._now = timeline.trainer.step
        self._changes = [change for change in timeline.changes if change.step <= self._now]
        known = len(self._changes)
        self._moments = [one for one in timeline.moments if one.step <= self._now and one.made <= known]
        self._lines = [line.leaves_at(self._now, known, timeline.changes, timeline.moments) for line in timeline.lines]
        self._begin: list[Moment] = []
        self._bytes = timeline.trainer.machine.state().nbytes
        self._room = Room(max(SMALL, 2 * self._bytes))

    def past(self, ran: str) -> KeptPast | None:
        """The past; what no replay leads to goes before what only saves time."""
        spared = max(0, len(self._changes) - MOST_CHANGES)
        pinned = needed([one for one in self._moments if one.made >= spared], self._room)
        lines = [line for line in self._lines if self._room.take_all([one for one in line.moments if one.pinned])]
        self._room.narrow(SMALL if self._lean else max(SMALL, self._bytes))
        kept = chosen(self._moments, pinned, self._now, self._room)
        if not kept:
            return None
        self._begin = kept[:1]
        stretches = self._stretches(kept)
        if stretches is None:
            return None
        gone = kept[0].made
        course = Course(tuple(self._changes), stretches).counted_from(gone)
        found = [self._line(line, gone) for line in lines if line.shared >= gone and line.branch >= kept[0].step]
        known = tuple(line for line in found if line is not None)
        return KeptPast(ran, course, known, self._timeline.words, self._timeline.since)

    def _line(self, line: Line, gone: int) -> KeptLine | None:
        last = line.moments[-1:]
        moments = [one for one in line.moments if one.pinned or (one in last and self._room.take_all(last))]
        stretches = self._stretches(moments)
        if stretches is None:
            return None
        course = Course((), stretches).counted_from(gone)
        course = replace(course, changes=tuple(line.changes))
        return KeptLine(
            line.words, line.step, line.branch, line.shared - gone, line.latest, line.seconds, course,
            line.history.copy(), line.trained,
        )  # fmt: skip

    def _stretches(self, moments: Sequence[Moment]) -> tuple[Stretch, ...] | None:
        """The moments in stretches, each of which begins where no replay leads; None where one cannot be described.

        Moments of two networks are never put into one stretch, whatever a file may have said of them.
        """
        found: list[list[Moment]] = []
        for moment in moments:
            if moment.pinned or not found or moment.part is not found[-1][-1].part:
                found.append([])
            found[-1].append(moment)
        made = [self._stretch(one) for one in found]
        known = tuple(one for one in made if one is not None)
        return known if len(known) == len(made) else None

    def _stretch(self, moments: Sequence[Moment]) -> Stretch | None:
        part = moments[0].part
        config = self._config_of(part)
        if config is None:
            return None
        kept = tuple(KeptMoment(moment.made, self._state(moment)) for moment in moments)
        config = with_live(config.untold(), *moments[0].settings)
        loose = not moments[0].pinned and moments[0] not in self._begin
        data = part.made.split if part.made is not None else part.data
        return Stretch(config, data, kept, loose=loose)

    def _state(self, moment: Moment) -> KeptState:
        """A moment as a file can hold it, wherever its memory is."""
        if isinstance(moment.state, KeptState):
            return moment.state
        return KeptState.of(self._timeline.state_of(moment), moment.part.trainer.machine, first=moment.first)
