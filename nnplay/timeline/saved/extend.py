"""A past that goes on without a timeline: where a session is trained by the command line or in Python."""

from __future__ import annotations

from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.timeline.change_log import Change, other
from nnplay.timeline.saved.branch_log import MOST_MOMENTS, SMALL, Course, KeptMoment, KeptPast, Stretch
from nnplay.timeline.saved.engine import ENGINE, SEVERAL
from nnplay.training.checkpoint_file import KeptState, first_digest
from nnplay.training.trainer import Trainer


def begun(config: RunConfig, trainer: Trainer) -> KeptPast | None:
    """The past of a run that stands at its first step; None where seed and settings do not make that step."""
    state = trainer.state()
    proof = first_digest(state, trainer)
    if not proof:
        return None
    first = KeptMoment(0, KeptState.of(state, trainer.machine, first=proof))
    return KeptPast(ENGINE, Course((), (Stretch(config.untold(), trainer.split, (first,)),)))


def trained_on(past: KeptPast, opened: KeptMoment) -> KeptPast:
    """A past that was trained on from the moment `opened`, which is kept where there is room."""
    last = past.course.stretches[-1]
    known = [moment for one in past.course.stretches for moment in one.moments]
    taken = sum(moment.state.nbytes for moment in known)
    room = len(known) < MOST_MOMENTS and taken + opened.state.nbytes <= max(SMALL, opened.state.nbytes)
    if room and last.moments[-1].state.step < opened.state.step:
        last = replace(last, moments=(*last.moments, opened))
    stretches = (*past.course.stretches[:-1], last)
    return replace(
        past, engine=ENGINE if past.engine == ENGINE else SEVERAL, course=replace(past.course, stretches=stretches)
    )


def followed(past: KeptPast, before: Trainer, config: RunConfig, trainer: Trainer, words: str) -> KeptPast:
    """The past of a run that was changed into another one at its last step: `before` became `trainer`."""
    changes = (*past.course.changes, Change(trainer.step, words, other))
    moment = KeptMoment(len(changes), KeptState.of(trainer.state(), trainer.machine))
    last = trained_on(past, KeptMoment(len(changes) - 1, KeptState.of(before.state(), before.machine)))
    stretches = (*last.course.stretches, Stretch(config.untold(), trainer.split, (moment,)))
    return replace(last, course=Course(changes, stretches))


def changed(past: KeptPast, change: Change) -> KeptPast:
    """The past of a run that was changed at its last step, in a way that a replay makes by itself."""
    return replace(past, course=replace(past.course, changes=(*past.course.changes, change)))
