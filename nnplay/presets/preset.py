"""A preset: a run, what it teaches, and the score that it must reach."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nnplay.config import RunConfig, merged
from nnplay.data.split import Split
from nnplay.training.players.made_rows import scores
from nnplay.training.trainer import Trainer


@dataclass(frozen=True)
class Preset:
    """One ready-made experiment.

    Attributes:
        name: what the user types; the name of its file.
        group: under which heading it is listed.
        table: the run, as `RunConfig.from_dict` reads it; its `title` and `about` say what is taught.
        metric: what is scored: one that `Trainer.evaluate` gives, "gradient_norm", the longest gradient met, or
            "modes", the lumps of the data that a generator's rows cover.
        part: of the data that is scored.
        at_least, at_most: the score is between them, by a margin that other seeds keep to as well.
        seconds: about how long training takes on two processors.
    """

    name: str
    group: str
    table: Mapping[str, Any]
    metric: str
    seconds: float
    part: Literal["train", "validation", "test"] = "test"
    at_least: float = -math.inf
    at_most: float = math.inf

    @property
    def title(self) -> str:
        """What the screen shows."""
        return str(self.table["title"])

    @property
    def teaches(self) -> str:
        """What there is to be learned from it, in a sentence or two."""
        return " ".join(str(self.table["about"]).split())

    @functools.cached_property
    def config(self) -> RunConfig:
        """The run."""
        return RunConfig.from_dict(self.table, where=self.name)

    def changed(self, **changes: Any) -> Preset:
        """A copy with some entries of the run changed: `changed(seed=3)`, `changed(optimizer={"lr": 0.1})`."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Preset(**{**values, "table": merged(self.table, changes)})

    def trainer(self, progress: Callable[[int, int, str], None] | None = None, split: Split | None = None) -> Trainer:
        """The trainer of the run, at step 0; see `RunConfig.trainer`."""
        made: Trainer = self.config.trainer(progress, split)
        return made

    def train(self, trainer: Trainer, after: Callable[[Trainer], bool] | None = None) -> str:
        """Trains to the end, and says why it ended.

        Args:
            after: called now and then; training stops when it returns True.

        Raises:
            DivergedError: a number that is not finite.
        """
        stops = self.config.completed(trainer.split).stop_conditions()
        stops.begin(trainer)
        stopped = False

        def ask_after(trainer: Trainer) -> bool:
            nonlocal stopped
            stopped = after is not None and after(trainer)
            return stopped

        reason = ""
        while not reason:
            trainer.run(epochs=1, after=ask_after)
            reason = "stopped by the user" if stopped else stops.reason(trainer)
        return reason

    def score(self, trainer: Trainer) -> float:
        """The metric, for a trainer of this run."""
        if self.metric == "gradient_norm":
            return float(trainer.history["gradient_norm"].maximum.max())
        if self.metric == "modes":
            return scores(trainer)["modes"]
        return trainer.evaluate(self.part)[self.metric]

    def reached(self, score: float) -> bool:
        """Whether a score is what this preset promises."""
        return self.at_least <= score <= self.at_most
