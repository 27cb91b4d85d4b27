"""A past that was kept becomes the past of a timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.config.live import live_changes
from nnplay.data.fingerprint import fingerprint
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.timeline.branches import Line
from nnplay.timeline.checkpoint_store import Moment, RunPart
from nnplay.timeline.saved.branch_log import Course, KeptLine, KeptPast
from nnplay.timeline.saved.engine import ENGINE
from nnplay.timeline.timeline import Timeline
from nnplay.training.trainer import Trainer

Make = Callable[[RunConfig, Split | None], Trainer]


def recall(timeline: Timeline, past: KeptPast, config: RunConfig, make: Make) -> None:
    """Puts a past before the moment where a timeline began.

    Trainers of other networks than the present one are made when somebody goes there.

    Args:
        config: what the timeline's trainer is made of.
        make: makes the trainer of a run; the split is given where it is known.
    """
    parts = Parts(timeline.part, config, make)
    timeline.recall(parts.moments(past.course), past.course.changes, past.engine if past.engine != ENGINE else "")
    timeline.words, timeline.since = past.words, past.since
    timeline.lines = [parts.line(line) for line in past.lines]


class Parts:
    """The parts of a run by what they are made of.

    Args:
        present: the one that is there, made of `config`.
    """

    def __init__(self, present: RunPart, config: RunConfig, make: Make) -> None:
        self._make, self._like = make, config
        data = fingerprint(present.trainer.split)
        self._known: list[tuple[RunConfig, str, RunPart]] = [(_bare(config), data, present)]

    def moments(self, course: Course) -> list[Moment]:
        """The moments of a course, in order."""
        found: list[Moment] = []
        for stretch in course.stretches:
            assert isinstance(stretch.data, str)
            part = self._part(stretch.config, stretch.data)
            for number, moment in enumerate(stretch.moments):
                state = moment.state
                pinned = not number and not stretch.loose
                found.append(Moment(state.step, moment.made, state, part, pinned, state.proof))
        return found

    def line(self, kept: KeptLine) -> Line:
        """A line beside the present one."""
        moments, changes = self.moments(kept.course), list(kept.course.changes)
        history = kept.history.copy()
        return Line(
            kept.words, kept.step, kept.branch, kept.shared, kept.latest, history, changes, moments, kept.seconds,
            kept.trained,
        )  # fmt: skip

    def _part(self, config: RunConfig, data: str) -> RunPart:
        """The part that a stretch belongs to: one network on the same rows, whatever its live settings are."""
        for known, digest, part in self._known:
            if digest == data and live_changes(known, _bare(config)) is not None:
                return part
        titled = replace(config, title=self._like.title, about=self._like.about, epochs=self._like.epochs)
        split = next((p.made.split for _, digest, p in self._known if digest == data and p.made is not None), None)
        part = RunPart(None, lambda: self._made(titled, data, split), titled, data)
        self._known.append((_bare(config), data, part))
        return part

    def _made(self, config: RunConfig, data: str, split: Split | None) -> Trainer:
        trainer = self._make(config, split)
        if fingerprint(trainer.split) != data:
            raise InputError("the data are not those of then", where=config.data.file or config.data.name)
        return trainer


def _bare(config: RunConfig) -> RunConfig:
    """What decides the numbers of a run."""
    return config.anywhere().untold()
