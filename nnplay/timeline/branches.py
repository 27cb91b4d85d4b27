"""Branches of a run: from some step on it went, or was tried, another way, and one may go back and forth between them.

    Branch("lr 0.1", forked_at=40, common_step=40, common_changes=2, latest=500, …)

is the run as it went after step 40 with a rate of 0.1. The branch is kept as what comes after the last step that it has
in common with the present one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from nnplay.records.optimizer import Optimizer
from nnplay.text import clean, counted
from nnplay.timeline.branch_curves import branch_curve_names, curve_name
from nnplay.timeline.change_log import Change
from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.run_label import RunLabel
from nnplay.training.curves.history import History
from nnplay.training.settings import TrainingSettings

#: Branches beside the present one that are kept at the most, and how many whatever memory they take.
MOST_BRANCHES: Final = 40
FEWEST_BRANCHES: Final = 5
#: Bytes that the checkpoints of more than those few may take.
BRANCH_BYTES: Final = 64 << 20
#: Curves of other branches that lie beside the run's own.
MOST_BESIDE: Final = 5
#: What a branch is called that no setting sets apart from the one that left it.
RUN_BEFORE: Final = "previous run"
#: Checkpoints that are kept of a branch that was left, besides those that no replay leads to.
_MOST_CHECKPOINTS: Final = 6
#: A session keeps as many letters of what sets a branch apart.
_MOST_LETTERS: Final = 60
Log = TypeVar("Log")


@dataclass(frozen=True, slots=True)
class BranchLog:
    """What happened on a branch.

    Attributes:
        changes, checkpoints: in order; `StoredCheckpoint.change_count` counts from the beginning of the run.
    """

    changes: tuple[Change, ...] = ()
    checkpoints: tuple[StoredCheckpoint, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Branch(Generic[Log]):
    """A way that the run went, beside the present one.

    Attributes:
        words, forked_at: what sets it apart ("lr 0.1"), and from which step on.
        common_step, common_changes: the last step that it has in common with the present branch, and how many changes.
        latest: how far it has come.
        history: its own curves, from the beginning of the run.
        log: what comes after the last common step, in memory (`BranchLog`) or as a session has it (`SavedBranchLog`).
        seconds: of training so far.
        trained: it was the present branch once; such a branch is never dropped for a new fork.
        label: which of the session's runs it is.
    """

    words: str
    forked_at: int
    common_step: int
    common_changes: int
    latest: int
    history: History
    log: Log
    seconds: float = 0.0
    trained: bool = False
    label: RunLabel = field(default_factory=RunLabel)

    @property
    def curve_name(self) -> str:
        """The name of its curve beside the present branch's."""
        return curve_name(self.forked_at, self.words)

    @property
    def description(self) -> str:
        """Which branch it is, for people: "lr 0.1 from step 40"."""
        return describe_branch(self.words, self.forked_at)

    def shares(self, checkpoint: StoredCheckpoint) -> bool:
        """Whether a checkpoint of the present branch belongs to this one too."""
        return checkpoint.step <= self.common_step and checkpoint.change_count <= self.common_changes


def describe_branch(words: str, forked_at: int) -> str:
    """Which branch that is, for people."""
    return f"{words} from step {forked_at:,}"


def describe_dropped(steps: int) -> str:
    """Says that so many later steps of a run are taken once more; nothing where there were none."""
    if not steps:
        return ""
    return f"{counted(steps, 'later step')} discarded; training on gives the same numbers again"


def describe_left(branch: Branch[Log]) -> str:
    """Says that the later steps of a run stay as a branch."""
    later = branch.latest - branch.common_step
    return f"new branch; {counted(later, 'later step')} kept as '{branch.description}' (:branch returns to it)"


def describe_original(words: str, optimizer: Optimizer, settings: TrainingSettings) -> str:
    """What the run has where a fork has "lr 0.1": "lr 0.01"; "previous run" where no setting sets them apart."""
    name = words.split()[0]
    if name == "optimizer":
        return f"optimizer {optimizer.record.name}"
    if name == "schedule" and settings.schedule is not None:
        return f"schedule {settings.schedule.record.name}"
    if name not in optimizer.values and not hasattr(settings, name):
        return RUN_BEFORE
    value = optimizer.values[name] if name in optimizer.values else getattr(settings, name, "")
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value or 'none'}"


def shorten_common(branch: Branch[BranchLog], step: int, change_count: int, present: BranchLog) -> Branch[BranchLog]:
    """The same branch, which has only the steps and changes until then in common with the present one.

    Args:
        present: what happened on the present branch; what they no longer share becomes the branch's own.
    """
    if (branch.common_step, branch.common_changes) <= (step, change_count):
        return branch
    own = [
        one
        for one in present.checkpoints
        if branch.shares(one) and one.pinned and not (one.step <= step and one.change_count <= change_count)
    ]
    log = BranchLog(
        (*present.changes[change_count : branch.common_changes], *branch.log.changes),
        (*own, *branch.log.checkpoints),
    )
    return replace(branch, common_step=step, common_changes=change_count, log=log)


def drop_oldest(branches: Sequence[Branch[BranchLog]]) -> list[Branch[BranchLog]]:
    """As many branches as are kept: the oldest forks give way first."""
    kept = list(branches)
    while len(kept) > MOST_BRANCHES or (len(kept) > FEWEST_BRANCHES and _nbytes(kept) > BRANCH_BYTES):
        kept.remove(next((branch for branch in kept if not branch.trained), kept[0]))
    return kept


def _nbytes(branches: Sequence[Branch[BranchLog]]) -> int:
    return sum(one.value.nbytes for branch in branches for one in branch.log.checkpoints)


def keep_beside(history: History, branches: Sequence[Branch[BranchLog]]) -> None:
    """Drops curves of other branches beside the run's own, where there are too many to be told apart.

    Those go first of which nothing else was kept, then forks, then what was trained on; of these the oldest ones.
    """
    trained = {branch.curve_name: branch.trained for branch in branches}
    names = sorted(branch_curve_names(history), key=lambda name: (name in trained, trained.get(name, False)))
    for name in names[: max(0, len(names) - MOST_BESIDE)]:
        history.drop(name)


def thin_checkpoints(checkpoints: Sequence[StoredCheckpoint]) -> list[StoredCheckpoint]:
    """Those that are kept of a branch that is left: what no replay leads to, the last one, some between."""
    stride = max(1, len(checkpoints) // _MOST_CHECKPOINTS)
    return [one for place, one in enumerate(reversed(checkpoints)) if one.pinned or place % stride == 0][::-1]


def unused_words(words: str, step: int, branches: Sequence[Branch[BranchLog]]) -> str:
    """The words, with a number behind them where a branch from the same step has them already."""
    taken = {branch.curve_name for branch in branches}
    short = clean(words, _MOST_LETTERS)
    numbered = (short, *(f"{short} {number}" for number in range(2, len(branches) + 3)))
    return next(one for one in numbered if curve_name(step, one) not in taken)


def merge_curves(branch: Branch[BranchLog], before: History, left: Branch[BranchLog]) -> History:
    """The curves of a branch that the run goes on as, with those of all other branches beside them.

    Args:
        before: the curves until now: of the branch that is left, and of the others.
    """
    for name in branch_curve_names(before):
        if name != branch.curve_name:
            branch.history.put(name, before[name])
    branch.history.put(left.curve_name, left.history["loss"].since(left.forked_at))
    return branch.history
