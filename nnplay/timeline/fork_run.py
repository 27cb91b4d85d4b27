"""Forks: a second branch of a run from a step on, with one setting changed, to lay its curve beside the run's."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from nnplay.errors import DivergedError, InputError, NnplayError, unknown
from nnplay.network import silenced_frozen
from nnplay.records.registry import optimizer_records
from nnplay.timeline.branch_curves import BranchCurve, branch_curve_names, curve_name, own_curves, parse_curve_name
from nnplay.timeline.branches import Branch, BranchLog, describe_branch, keep_beside
from nnplay.timeline.change_log import DIVERGED, Change, SetValues, skip_in_replay
from nnplay.timeline.checkpoint_store import StoredCheckpoint
from nnplay.timeline.run_label import RunLabel
from nnplay.timeline.segment import Segment
from nnplay.timeline.timeline import Timeline
from nnplay.training import parameter_groups
from nnplay.training.curves.history import History
from nnplay.training.driver import Driver
from nnplay.training.live_settings import LIVE_SETTINGS
from nnplay.training.players.stages import list_layers
from nnplay.training.remake import remake
from nnplay.training.settings import DECLARED
from nnplay.training.state.saved_checkpoint import SavedCheckpoint
from nnplay.training.trainer import Trainer

SegmentOf = Callable[[Trainer, Mapping[str, Any]], Segment]

#: Steps that a fork runs where the run itself has come no further.
STEPS_AHEAD: Final = 500
_OTHER: Final = tuple(name for name, declared in DECLARED.items() if declared.forks)


class ForkRun:
    """One fork on its way; its branch lies beside the run from its first step on.

    Args:
        timeline: at the step where the fork begins; the run on it is not changed.
        words: the setting and its value ("lr 0.1", "optimizer sgd", "batch_size 8").
        segment_of: the segment of a run that a trainer with some changes belongs to, where it needs one of its own.
        working: called for kernels that are compiled.

    Attributes:
        words: as above, written in the usual way.
        until: the step where the fork ends.
        ended: whether it is there, or can go no further.

    Raises:
        InputError: no such setting, or a value that it refuses.
    """

    def __init__(self, timeline: Timeline, words: str, segment_of: SegmentOf, working: Callable[[str], None]) -> None:
        trainer = timeline.trainer
        self._timeline, self._begin = timeline, trainer.step
        self.words = " ".join(words.replace("=", " ").split())
        action, changes = read_fork(trainer, self.words)
        refuse_existing(timeline, self.words)
        self.trainer, _ = remake(
            trainer, lambda done, total, name: working(f"compiling kernels: {done} of {total}"), **changes
        )
        self.trainer.history = own_curves(trainer.history)
        self.trainer.history.truncate(self._begin)
        self.trainer.recorded, self._diverged = self._begin, False
        self.until, self.ended = max(timeline.latest, self._begin + STEPS_AHEAD), False
        common = sum(change.step <= self._begin for change in timeline.changes)
        self._change_count = common + 1
        self._segment = timeline.segment if action is not None else segment_of(trainer, changes)
        first = () if action is not None else (self._present(pinned=True),)
        log = BranchLog((Change(self._begin, self.words, action or skip_in_replay),), first)
        label = RunLabel(describe_branch(self.words, self._begin), timeline.label)
        branch = Branch(
            self.words, self._begin, self._begin, common, self._begin, self.trainer.history, log, label=label
        )
        self.curve_name = branch.curve_name
        timeline.branches.append(branch)

    @property
    def step(self) -> int:
        """The step that the fork has come to."""
        return self.trainer.step

    @property
    def done(self) -> float:
        """How far it has come, 0 to 1."""
        return (self.step - self._begin) / max(1, self.until - self._begin)

    @property
    def is_kept(self) -> bool:
        """Whether something of it is left once it has ended: it took a step, or diverged in its first one."""
        return self.step != self._begin or self._diverged

    def train_for(self, seconds: float) -> str:
        """Trains on for so many seconds, or waits for kernels; returns why it had to end early, if it had to."""
        end, driver = time.perf_counter() + seconds, Driver(self.trainer, self.until)
        compiling = self.trainer.machine.awaited
        try:
            if compiling is not None and not compiling.wait(lambda: time.perf_counter() > end):
                return ""
            while time.perf_counter() < end and not driver.arrived:
                driver.turn()
        except DivergedError as error:
            self.ended = self._diverged = True
            return f"{self.words}: {error.message}"
        except NnplayError as error:  # its kernels cannot be compiled
            self.ended = True
            return f"{self.words}: {error.message}"
        self.ended = driver.arrived
        self._update_branch()
        return ""

    def finish(self) -> None:
        """Ends the fork: its branch and its curve so far lie beside the run's own; the oldest ones give way.

        Of one that took no step, nothing is left.
        """
        if not self.is_kept:
            own = self.curve_name
            self._timeline.branches = [branch for branch in self._timeline.branches if branch.curve_name != own]
            return
        if not self._update_branch(finished=True):
            return
        timeline = self._timeline
        history = timeline.trainer.history
        if "loss" in self.trainer.history:
            history.put(self.curve_name, self.trainer.history["loss"].since(self._begin))
        timeline.limit_branches()
        keep_beside(history, timeline.branches)

    def _update_branch(self, *, finished: bool = False) -> bool:
        """Says how far the branch has come; returns whether it is still there."""
        branches = self._timeline.branches
        for place, branch in enumerate(branches):
            if branch.curve_name == self.curve_name:
                log = self._finish_log(branch.log) if finished else branch.log
                branches[place] = replace(branch, latest=self.step, seconds=self.trainer.seconds, log=log)
                return True
        return False

    def _finish_log(self, log: BranchLog) -> BranchLog:
        """The branch's log with its last step, and that it diverged, if it did."""
        changes = log.changes
        if self._diverged:
            changes = (*changes, Change(self.step, DIVERGED, skip_in_replay))
            self._change_count += 1
        return BranchLog(changes, (*log.checkpoints, self._present(pinned=self._diverged)))

    def _present(self, *, pinned: bool) -> StoredCheckpoint:
        saved = SavedCheckpoint.of(self.trainer.state(), change_count=self._change_count)
        return StoredCheckpoint(self.step, self._change_count, saved, self._segment, pinned)


def branch_curves(history: History, running: ForkRun | None = None) -> tuple[BranchCurve, ...]:
    """The curves of all other branches, as the screen shows them."""
    found = []
    for name in branch_curve_names(history):
        step, words = parse_curve_name(name)
        done = running.done if running is not None and running.curve_name == name else 1.0
        found.append(BranchCurve(words, step, history[name].copy(), done))
    return tuple(found)


def refuse_existing(timeline: Timeline, words: str) -> None:
    """Refuses a fork that is there already.

    Raises:
        InputError: the present branch or another one is the same.
    """
    name = curve_name(timeline.trainer.step, words)
    present = curve_name(timeline.forked_at, timeline.words) if timeline.words else ""
    if name == present:
        raise InputError(f"the run itself is already '{words}' from this step", where="fork")
    if any(branch.curve_name == name for branch in timeline.branches):
        hint = "T continues training from it, X discards the newest fork"
        raise InputError(f"a branch '{words}' from this step already exists", where="fork", hint=hint)


def drop_newest_fork(timeline: Timeline) -> str:
    """Drops the newest fork that was never the run itself; returns what was done."""
    history = timeline.trainer.history
    trained = [branch.curve_name for branch in timeline.branches if branch.trained]
    names = [name for name in branch_curve_names(history) if name not in trained]
    if not names:
        return "no fork to discard; branches that were trained on are kept" if trained else "no fork to discard"
    history.drop(names[-1])
    timeline.branches = [branch for branch in timeline.branches if branch.curve_name != names[-1]]
    return f"discarded: {parse_curve_name(names[-1])[1]}"


def find_branch(timeline: Timeline | None, words: str) -> Branch[BranchLog]:
    """The branch that a user means by "lr 0.1", or by "lr 0.1 from step 40" where there are several such.

    Raises:
        InputError: there is none, or only its curve was kept.
    """
    wanted = " ".join(words.replace("=", " ").lower().split())
    if timeline is None:
        raise _no_other_branch()
    for branch in reversed(timeline.branches):
        if wanted in (branch.words.lower(), branch.description.lower(), branch.curve_name):
            return branch
    if any(parse_curve_name(name)[1] == wanted for name in branch_curve_names(timeline.trainer.history)):
        raise InputError(f"only the curve of '{wanted}' was kept", where="branch", hint="fork again with F")
    names = [branch.words for branch in timeline.branches]
    raise unknown("branch", wanted, names, where="branch") if names else _no_other_branch()


def _no_other_branch() -> InputError:
    return InputError("there is no other branch", where="branch", hint="F in the inspector creates one")


def read_fork(trainer: Trainer, words: str) -> tuple[SetValues | None, dict[str, Any]]:
    """What "lr 0.1", "optimizer sgd" or "l2 0.01" changes: while training goes on, if it can; and for `remake`.

    Raises:
        InputError: no such setting, or a value that it refuses.
    """
    name, value = (*re.split(r"[=\s]+", words.strip(), maxsplit=1), "")[:2]
    name, value = name.lower().replace("-", "_"), value.strip()
    fields = [item.name for item in trainer.optimizer.record.fields]
    if not value:
        raise InputError(f"'{words}' has no value", where="fork", hint="write it as in lr 0.1 or optimizer sgd")
    if name == "optimizer":
        records = optimizer_records()
        if value not in records:
            raise unknown("optimizer", value, records, where="fork")
        return None, {"optimizer": records[value](lr=trainer.optimizer.values["lr"])}
    if name in fields:
        optimizer = trainer.optimizer.with_values(**{name: value})
        live = name not in trainer.optimizer.record.structural
        return SetValues({name: optimizer.values[name]}) if live else None, {"optimizer": optimizer}
    if name in _OTHER:
        settings = trainer.settings.changed(**{name: value})
        silenced_frozen.check(list_layers(trainer.plans), settings.silent, settings.frozen)
        parameter_groups.check(list_layers(trainer.plans), trainer.optimizer, settings.groups)
        live = name in LIVE_SETTINGS
        return SetValues({name: getattr(settings, name)}) if live else None, {name: getattr(settings, name)}
    raise unknown("setting", name, ["optimizer", *fields, *_OTHER], where="fork")
