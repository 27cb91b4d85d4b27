"""The steps of a run that the present one can be compared with: some of its own branch, and the ends of the others."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Final

from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.timeline import Timeline
from nnplay.views.view import Moment, Way

#: How far into the run steps are offered, as shares of it.
_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Steps of a branch that make up its way.
_MOST_OF_WAY: Final = 60


def find_moments(timeline: Timeline) -> tuple[Moment, ...]:
    """Five checkpoints spread over the run, fewer near its beginning, then the last one of each other branch."""
    own = timeline.checkpoints
    spread = [min(own, key=lambda one: abs(one.step - share * timeline.latest)) for share in _SHARES]
    chosen = [(f"step {one.step:,}", one) for one in {one.step: one for one in spread}.values()]
    return tuple(_moments(timeline, [*chosen, *_ends(timeline)]))


def find_ways(timeline: Timeline) -> tuple[Way, ...]:
    """The checkpoints of this run, and of each other branch from where it left: at the most so many of each, spread."""
    ways = [("this run", timeline.checkpoints, timeline.trainer.history)]
    ways += [(each.description, each.log.checkpoints, each.history) for each in timeline.branches]
    return tuple(Way(name, tuple(_moments(timeline, _spread(own))), history.by_layer) for name, own, history in ways)


def _spread(own: Sequence[StoredCheckpoint]) -> list[tuple[str, StoredCheckpoint]]:
    """Some of many, evenly by their number, the first and the last among them."""
    count = len(own)
    places = sorted({round(k * (count - 1) / max(1, _MOST_OF_WAY - 1)) for k in range(_MOST_OF_WAY)}) if count else []
    chosen = own if count <= _MOST_OF_WAY else [own[at] for at in places]
    return [(f"step {one.step:,}", one) for one in chosen]


def _ends(timeline: Timeline) -> list[tuple[str, StoredCheckpoint]]:
    """The last checkpoint of each other branch, with the branch's name."""
    return [
        (f"{branch.description}, step {branch.log.checkpoints[-1].step:,}", branch.log.checkpoints[-1])
        for branch in timeline.branches
        if branch.log.checkpoints
    ]


def _moments(timeline: Timeline, named: list[tuple[str, StoredCheckpoint]]) -> Iterator[Moment]:
    for name, stored in named:
        trainer = stored.segment.trainer_if_made  # one that is not there yet costs seconds to make
        if trainer is not None:
            yield Moment(name, stored.step, trainer, functools.partial(timeline.read_checkpoint, stored))
