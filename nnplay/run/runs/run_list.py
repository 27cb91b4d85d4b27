"""All runs of a session: no rewind, fork, edit, preset or other data overwrites what was trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from nnplay.config import RunConfig
from nnplay.config.live import with_live
from nnplay.errors import InputError
from nnplay.run.open_run import OpenRun
from nnplay.run.provenance import Provenance
from nnplay.run.runs.listed_run import ListedRun
from nnplay.run.undo import Side
from nnplay.text import clean
from nnplay.timeline.branch_curves import own_curves
from nnplay.timeline.branch_end import BranchEnd, end_of_branch
from nnplay.timeline.branches import Branch, BranchLog
from nnplay.timeline.run_at_step import last_settings
from nnplay.timeline.run_label import RunLabel
from nnplay.timeline.saved.kept_label import KeptLabel
from nnplay.timeline.saved.kept_run import KeptRun
from nnplay.timeline.timeline import Timeline
from nnplay.training.curves.history import BRANCH_PREFIX, Curve, History
from nnplay.training.state.saved_checkpoint import SavedCheckpoint

#: Bytes that the pasts of runs that others took the place of may take; of older ones their end stays.
PAST_BYTES: Final = 256 << 20
#: Bytes that the ends of those may take; of still older ones curves and settings stay.
END_BYTES: Final = 128 << 20
_LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class _Left:
    """A run that another one took the place of, with its branches: its past, and where it stood."""

    timeline: Timeline
    side: Side

    @property
    def nbytes(self) -> int:
        checkpoint = self.side.checkpoint
        return self.timeline.nbytes + (0 if checkpoint is None else checkpoint.nbytes)


class RunList:
    """The runs of the session that is open.

    `leave` and `enter` belong to the training thread; everything else may be asked from any thread.

    Attributes:
        provenance: what trainers were made of.
    """

    def __init__(self, run: OpenRun, provenance: Provenance) -> None:
        self._run, self.provenance = run, provenance
        self._left: list[_Left] = []
        self._gone: list[ListedRun] = []
        self._count = 0

    # -- what happens to runs --------------------------------------------------------------------------------------

    def leave(self, timeline: Timeline, side: Side) -> None:
        """Another run is about to take the place of this one, which stays in the list if it was ever trained."""
        if not _is_untouched(timeline):
            self._left = [*(one for one in self._left if one.timeline is not timeline), _Left(timeline, replace(side))]
            self._limit_memory()

    def enter(self, timeline: Timeline, words: str, before: Timeline | None, label: RunLabel | None = None) -> None:
        """A run has taken the place of another one.

        Args:
            words: what set it apart when it was made.
            before: the one that was left.
            label: which run it is, where it goes on from the end of one whose past is not kept.
        """
        if label is not None:
            timeline.label = label
            for one in (*(left.timeline for left in self._left), *([] if before is None else [before])):
                one.ended = [end for end in one.ended if end.branch.label is not label]
        self._gone = [row for row in self._gone if row.label is not timeline.label]
        known = [one for one in self._left if one.timeline is timeline]
        self._left = [one for one in self._left if one.timeline is not timeline]
        if known or timeline is before or label is not None or timeline.label.words:
            return
        timeline.label.words = clean(words, 120)
        if before is not None and before.label is not timeline.label:
            timeline.label.parent = before.label.parent if _is_untouched(before) else before.label

    def forget(self) -> None:
        """Another session was opened."""
        self._left, self._gone, self._count = [], [], 0

    def _limit_memory(self) -> None:
        """Keeps of the runs that were left longest only what is shown of them, where all are too large."""
        while len(self._left) > 1 and sum(one.nbytes for one in self._left) > PAST_BYTES:
            oldest = self._left[0]
            kept = [replace(row, timeline=None, branch=None, side=_end_of(row)) for row in self._rows_left(oldest)]
            self._left, self._gone = self._left[1:], [*self._gone, *kept]
        left = END_BYTES
        for place in range(len(self._gone) - 1, -1, -1):
            row = self._gone[place]
            left -= _bytes_of_end(row)
            if left < 0:
                self._gone[place] = replace(row, side=None)

    # -- what a session keeps of them ------------------------------------------------------------------------------

    def capture(self) -> tuple[KeptRun, ...]:
        """The runs that others took the place of and their branches, each where it ended; those of the present run that
        gave way to newer ones too.
        """
        self.rows()
        timeline = self._run.worker.timeline
        ended = [] if timeline is None else self._rows_ended(timeline)
        rows = [*self._gone, *ended, *(row for left in tuple(self._left) for row in self._rows_left(left))]
        shown = set() if timeline is None else {timeline.label, *(branch.label for branch in timeline.branches)}
        newest = {row.label: row for row in rows if row.label not in shown}
        return tuple(kept for row in newest.values() if (kept := _kept(row)) is not None)

    def capture_labels(self) -> tuple[KeptLabel, ...]:
        """Numbers, names and parents of the present run and its branches."""
        self.rows()
        timeline = self._run.worker.timeline
        if timeline is None:
            return ()
        branches = [(branch.curve_name, branch.label) for branch in timeline.branches]
        return tuple(
            KeptLabel(place, one.number, one.name, one.words, 0 if one.parent is None else one.parent.number)
            for place, one in [("", timeline.label), *branches]
            if one.number
        )

    def adopt(self, kept: Sequence[KeptRun], named: Sequence[KeptLabel] = ()) -> None:
        """Takes over the other runs of a session that was opened, before anything is listed.

        Args:
            named: the present run and its branches.
        """
        every: tuple[KeptRun | KeptLabel, ...] = (*kept, *named)
        labels = {one.number: RunLabel(one.words, None, one.name, one.number) for one in every}
        for known in every:
            labels[known.number].parent = labels.get(known.parent)
        self._name_present({one.branch: labels[one.number] for one in named})
        for one in kept:
            side = Side(one.config, checkpoint=one.end, history=one.history, recorded=one.end.step, seconds=one.seconds)
            self._gone.append(
                ListedRun(
                    labels[one.number], one.config, one.end.step, one.seconds, one.batches,
                    _curves(one.history), one.history.clock, side=side,
                )
            )  # fmt: skip
        self._count = max([self._count, *labels])

    def _name_present(self, labels: Mapping[str, RunLabel]) -> None:
        """Gives the present run and its branches their labels, by the names of their curves."""
        timeline = self._run.worker.timeline
        if timeline is not None:
            timeline.label = labels.get("", timeline.label)
            timeline.branches = [
                replace(branch, label=labels.get(branch.curve_name, branch.label)) for branch in timeline.branches
            ]

    # -- the list --------------------------------------------------------------------------------------------------

    def rows(self) -> list[ListedRun]:
        """Every run, the oldest first; each keeps its number."""
        every = [*self._gone]
        for left in tuple(self._left):
            every += self._rows_left(left)
        every += self._rows_present()
        found = list({row.label: row for row in sorted(every, key=lambda row: row.timeline is not None)}.values())
        found.sort(key=lambda row: (row.label.number or 1 << 30, row.label.born))
        for row in found:
            if not row.label.number:
                self._count += 1
                row.label.number = self._count
        return found

    def find(self, number: int) -> ListedRun:
        """The run of a number.

        Raises:
            InputError: there is none.
        """
        rows = self.rows()
        for row in rows:
            if row.number == number:
                return row
        raise InputError(f"there is no run {number}", where="runs", hint=f"there are 1 to {len(rows)}; C lists them")

    def name(self, number: int, name: str) -> None:
        """Calls a run by a name; an empty one takes the name away.

        Raises:
            InputError: there is no such run.
        """
        self.find(number).label.name = clean(" ".join(name.split()), _LONGEST_NAME)

    def _rows_present(self) -> Iterator[ListedRun]:
        worker = self._run.worker
        timeline, snapshot = worker.timeline, worker.snapshot
        if timeline is None:
            return
        curves = {name: curve for name, curve in snapshot.curves.items() if not name.startswith(BRANCH_PREFIX)}
        trainer, latest = timeline.trainer, timeline.latest
        yield ListedRun(
            timeline.label, self._run.config, latest, trainer.seconds, trainer.batches, curves,
            trainer.history.clock.copy(), timeline, present=True,
        )  # fmt: skip
        yield from self._rows_of_branches(timeline, None)

    def _rows_left(self, left: _Left) -> Iterator[ListedRun]:
        timeline, side = left.timeline, left.side
        history = side.history or History()
        yield ListedRun(
            timeline.label, side.config, timeline.latest, side.seconds, timeline.trainer.batches,
            _curves(history), history.clock, timeline, side=side,
        )  # fmt: skip
        yield from self._rows_of_branches(timeline, side)

    def _rows_of_branches(self, timeline: Timeline, side: Side | None) -> Iterator[ListedRun]:
        for branch in tuple(timeline.branches):
            row = self._row_of_branch(timeline, branch, side)
            if row is not None:
                yield row
        yield from self._rows_ended(timeline)

    def _rows_ended(self, timeline: Timeline) -> Iterator[ListedRun]:
        """Branches that gave way to newer ones, each where it ended."""
        for end in tuple(timeline.ended):
            row = self._row_of_end(timeline, end)
            if row is not None:
                yield row

    def _row_of_end(self, timeline: Timeline, end: BranchEnd) -> ListedRun | None:
        branch, config = end.branch, self.provenance.config_of(end.segment)
        if config is None:
            return None
        trainer = end.segment.trainer_if_made
        return ListedRun(
            branch.label, with_live(config, end.optimizer, end.settings), branch.latest, branch.seconds,
            (timeline.trainer if trainer is None else trainer).batches, _curves(branch.history), branch.history.clock,
            side=_side_at(end, config),
        )  # fmt: skip

    def _row_of_branch(self, timeline: Timeline, branch: Branch[BranchLog], side: Side | None) -> ListedRun | None:
        segment, optimizer, settings = last_settings(timeline, branch)
        config = self.provenance.config_of(segment)
        if config is None:
            return None
        trainer = segment.trainer_if_made
        batches = (timeline.trainer if trainer is None else trainer).batches
        return ListedRun(
            branch.label, with_live(config, optimizer, settings), branch.latest, branch.seconds, batches,
            _curves(branch.history), branch.history.clock, timeline, branch, side,
        )  # fmt: skip


def first_words(label: RunLabel) -> str:
    """What a run came from, for the list: "of 2"; empty for the first one."""
    return f"of {label.parent.number}" if label.parent is not None and label.parent.number else ""


def _kept(row: ListedRun) -> KeptRun | None:
    """A run as a session keeps it; None where its end is not known."""
    side, label = _end_of(row), row.label
    if side is None or side.checkpoint is None or side.history is None:
        return None
    end = side.checkpoint if isinstance(side.checkpoint, SavedCheckpoint) else SavedCheckpoint.of(side.checkpoint)
    parent = 0 if label.parent is None else label.parent.number
    history = own_curves(side.history)
    history.truncate(end.step)
    config = with_live(row.config, end.optimizer, end.settings)
    return KeptRun(label.number, label.name, label.words, parent, config, end, history, row.seconds, row.batches)


def _end_of(row: ListedRun) -> Side | None:
    """Where a run stood when it was left, or where a branch of it ended, without the past."""
    if row.branch is not None and row.timeline is not None:
        return _side_at(end_of_branch(row.timeline, row.branch), row.config)
    return None if row.side is None else replace(row.side, timeline=None)


def _side_at(end: BranchEnd, config: RunConfig) -> Side | None:
    """The end of a branch as a place to go on from; None where only its curves are kept."""
    last, branch = end.checkpoint, end.branch
    if last is None:
        return None
    there = with_live(config, last.optimizer, last.settings)
    return Side(there, checkpoint=last, history=branch.history, recorded=last.step, seconds=branch.seconds)


def _bytes_of_end(row: ListedRun) -> int:
    return 0 if row.side is None or row.side.checkpoint is None else row.side.checkpoint.nbytes


def _curves(history: History) -> dict[str, Curve]:
    return {name: history[name] for name in history.names() if not name.startswith(BRANCH_PREFIX)}


def _is_untouched(timeline: Timeline) -> bool:
    """Whether a run never took a step: then it is nothing that could be lost."""
    return not timeline.latest and not timeline.branches
