"""A sweep as one frozen value: the run, what is changed in it, and how the values are chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nnplay.config import RunConfig
from nnplay.config.new_run import check_new_run
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.sweeps.axis import Axis, Value, parse_axis
from nnplay.sweeps.change import RUN_SETTINGS, changed_run, changes_rows, check_axes
from nnplay.sweeps.game_scores import game_caution
from nnplay.sweeps.objective import Objective, parse_objectives
from nnplay.sweeps.registry import sampler_records
from nnplay.sweeps.sampler import Sampler

MOST_TRIALS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is tried.

    Attributes:
        run: the run that is changed: complete, with the seed of its split fixed, so that trials share the rows.
        axes: what is changed.
        sampler: chooses the values.
        trials: how many to start; 0 where the sampler itself knows.
        objectives: what is looked for; the first one ranks.
        seed: of the sampler's choices.
        usual: settings of training that nobody chose, where trials differ in their optimizer.
    """

    run: RunConfig
    axes: tuple[Axis, ...]
    sampler: Sampler
    trials: int
    objectives: tuple[Objective, ...]
    seed: int = 0
    usual: tuple[str, ...] = ()

    def run_of(self, settings: Mapping[str, Value]) -> RunConfig:
        """The run of a trial with these settings.

        Raises:
            InputError: a value that its setting refuses.
        """
        return changed_run(self.run, settings, self.usual)

    @property
    def is_game(self) -> bool:
        """Whether another network makes rows for the run's own to tell from real ones: no score ranks that."""
        return self.run.players.target is not None

    @property
    def caution(self) -> str:
        """That what ranks the trials does not say which of them is the best game; empty where it does."""
        goal = self.objectives[0].name
        ranks = not self.is_game or goal in ("seconds", "parameters")
        return "" if ranks else game_caution(self.run.players.own, goal)

    @property
    def superlative(self) -> str:
        """What the trial in front is called: of a game that its score is the highest or lowest, not that it is best."""
        if not self.caution:
            return "best"
        return "highest" if self.objectives[0].maximise else "lowest"

    @property
    def moves_data(self) -> bool:
        """Whether trials differ in their data or split."""
        return any(axis.name.partition(".")[0] in ("data", "split") or is_data(axis.name) for axis in self.axes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back as an equal sweep."""
        usual = {"usual": list(self.usual)} if self.usual else {}
        return usual | {
            "run": self.run.to_dict(),
            "axes": [str(axis) for axis in self.axes],
            "sampler": {"name": self.sampler.record.name, **self.sampler.values},
            "trials": self.trials,
            "objective": ",".join(objective.name for objective in self.objectives),
            "seed": self.seed,
        }

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> Sweep:
        """The sweep that a table of plain values describes.

        Raises:
            InputError, KeyError, TypeError, ValueError: it describes none.
        """
        sampler = dict(table["sampler"])
        return Sweep(
            RunConfig.from_dict(table["run"]),
            tuple(parse_axis(axis) for axis in table["axes"]),
            sampler_records()[sampler.pop("name")](**sampler),
            int(table["trials"]),
            parse_objectives(table["objective"]),
            int(table["seed"]),
            tuple(map(str, table.get("usual", ()))),
        )

    @property
    def digest(self) -> str:
        """The same for equal sweeps, whoever makes them."""
        written = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()


def is_data(name: str) -> bool:
    """Whether a setting without a section is one of the data set."""
    return "." not in name and name not in RUN_SETTINGS


def plan_sweep(
    run: RunConfig,
    axes: Sequence[str],
    sampler: str = "",
    trials: int = 0,
    objective: str = "",
    seed: int = 0,
    split: Split | None = None,
    usual: Collection[str] | None = None,
) -> tuple[Sweep, Split]:
    """The sweep that a user means, complete and checked, and the data of its run.

    Args:
        axes: as `parse_axis` reads them.
        sampler: as in `halving factor=4`; by default a grid where all values are listed and `trials` is 0, else random.
        objective: names of scores; by default accuracy for classes, else the loss.
        split: the data of the run, where they are at hand; else they are loaded.
        usual: settings of training that nobody chose; by default those that the run leaves open.

    Raises:
        InputError: anything that cannot be, before a step is trained.
    """
    if not axes:
        raise InputError("a sweep changes at least one setting", where="--set", hint="--set optimizer.lr=0.1,0.01")
    split = run.load() if split is None else split
    complete = run.anywhere().completed(split)
    if complete.split.seed < 0:
        complete = replace(complete, split=replace(complete.split, seed=complete.seed))
    check_new_run(complete, split)
    parsed = tuple(parse_axis(axis) for axis in axes)
    check_axes(complete, parsed)
    listed = all(axis.values or axis.points for axis in parsed)
    chosen = _read_sampler(sampler or ("grid" if listed and not trials else "random"))
    if not 0 <= trials <= MOST_TRIALS:
        raise InputError(f"{trials:,} trials are not possible", where="--trials", hint=f"up to {MOST_TRIALS:,}")
    goal = objective or ("accuracy" if split.train.task == "classification" else "loss")
    nobodys = set(complete.training) - set(run.training) if usual is None else set(usual)
    left_open = tuple(sorted(nobodys)) if changes_rows(complete, parsed) else ()
    sweep = Sweep(complete, parsed, chosen, trials, parse_objectives(goal), seed, left_open)
    chosen.record.check(sweep)
    return sweep, split


def _read_sampler(text: str) -> Sampler:
    from nnplay.config.assignments import read_named
    from nnplay.errors import unknown

    table = read_named("sampler", text)
    name = table.pop("name")
    if name not in sampler_records():
        raise unknown("sampler", name, sampler_records(), where="--sampler")
    return sampler_records()[name](**table)
