"""The past of a run as immutable values: changes, moments, and the lines beside the one that is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.timeline.change_log import Change
from nnplay.training.checkpoint_file import KeptState
from nnplay.training.history import History

#: Limits of what a session keeps of the past of one line.
MOST_CHANGES: Final = 1_000
MOST_STRETCHES: Final = 24
MOST_MOMENTS: Final = 32
#: Bytes that moments may take, whatever the state's size. Beside a large state, those that no replay can make may take
#: twice as much as the state of weights and optimizer, and those that only save time as much as it.
SMALL: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class KeptMoment:
    """A moment, and how many changes of the journal were made before it."""

    made: int
    state: KeptState


@dataclass(frozen=True, slots=True)
class Stretch:
    """Moments of one network, each of which leads to the next by steps and changes alone.

    Attributes:
        config: everything that was chosen, with the settings at its first moment.
        data: the rows, or the digest of them.
        moments: at least one.
        loose: its first moment could be run again too, from those before it.
    """

    config: RunConfig
    data: Split | str
    moments: tuple[KeptMoment, ...]
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What one line of a run went through; nothing before its first moment can be reached."""

    changes: tuple[Change, ...]
    stretches: tuple[Stretch, ...]

    def counted_from(self, gone: int) -> Course:
        """Without the first changes, which come before the first moment."""
        if not gone:
            return self
        stretches = (
            replace(one, moments=tuple(replace(moment, made=moment.made - gone) for moment in one.moments))
            for one in self.stretches
        )
        return Course(self.changes[gone:], tuple(stretches))

    def shortened(self) -> Course:
        """Without its first stretch."""
        rest = self.stretches[1:]
        return Course(self.changes, rest).counted_from(rest[0].moments[0].made if rest else len(self.changes))


@dataclass(frozen=True, slots=True)
class KeptLine:
    """Another line of a run.

    Attributes:
        words, step: what sets it apart, and from which step on.
        branch, shared: the last step that it has in common with the line that is trained, and how many changes.
        latest: how far it has come.
        seconds: of training, so far.
        course: what comes after that; changes before a moment are counted from the beginning of the run.
        history: its curves.
        trained: it was the trained line once.
    """

    words: str
    step: int
    branch: int
    shared: int
    latest: int
    seconds: float
    course: Course
    history: History
    trained: bool = False


@dataclass(frozen=True, slots=True)
class KeptPast:
    """The past of a run.

    Attributes:
        engine: what ran it.
        course: what the trained line went through.
        lines: the others.
        words, since: what sets the trained line apart, once there was another one, and from which step on.
    """

    engine: str
    course: Course
    lines: tuple[KeptLine, ...] = ()
    words: str = ""
    since: int = 0

    @property
    def first(self) -> int:
        """The earliest step that can be reached."""
        return self.course.stretches[0].moments[0].state.step
