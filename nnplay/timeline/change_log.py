"""The change log of a run: what the user changed, and at which step, so that a replay makes the same changes again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nnplay.errors import InputError
from nnplay.records.optimizer import Optimizer
from nnplay.text import clean
from nnplay.training.live_settings import LIVE_SETTINGS
from nnplay.training.settings import TrainingSettings
from nnplay.training.trainer import Trainer

Action = Callable[[Trainer], None]
#: What a divergence is called in the change log: it changes the weights, back to the last good ones.
DIVERGED: Final = "diverged: returned to the last good weights"
_LINE: Final = re.compile(r"([0-9]{1,16}) (set|weight|best|other) (.*)", re.DOTALL)
_WEIGHT: Final = re.compile(r"(.+)\[([0-9,]*)\] = (\S+)")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the user changed during the run.

    Attributes:
        step: the steps that had been taken when it was changed.
        words: what was changed, for the reader of the log ("lr 0.01 → 0.1").
        apply: makes the same change again on the trainer.
    """

    step: int
    words: str
    apply: Action


@dataclass(frozen=True, slots=True)
class SetValues:
    """Settings that get other values in mid-run."""

    values: Mapping[str, Any]

    def __call__(self, trainer: Trainer) -> None:
        """Makes the change."""
        trainer.set(**self.values)

    @property
    def words(self) -> str:
        """What is changed: "lr 0.1, l2 0.01"."""
        return ", ".join(f"{name} {'none' if value == '' else value}" for name, value in self.values.items())

    @property
    def first_words(self) -> str:
        """The first of them alone, as forks name it: "lr 0.1"."""
        return self.words.partition(", ")[0]


@dataclass(frozen=True, slots=True)
class SetWeight:
    """One weight that gets another value in mid-run."""

    name: str
    index: tuple[int, ...]
    value: float

    def __call__(self, trainer: Trainer) -> None:
        """Makes the change.

        Raises:
            InputError: the network has no such weight.
        """
        weights = trainer.parameters().get(self.name)
        if weights is None or not self.fits(weights.shape):
            raise InputError(f"there is no weight {self.place}", where="change log")
        weights[self.index] = self.value

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a parameter of that shape has such an element."""
        return len(self.index) == len(shape) and all(0 <= at < size for at, size in zip(self.index, shape, strict=True))

    @property
    def place(self) -> str:
        """Which weight: "0.weight[1,2]"."""
        return f"{self.name}[{','.join(map(str, self.index))}]"

    @property
    def words(self) -> str:
        """What is changed: "0.weight[1,2] = 0.5"."""
        return f"{self.place} = {self.value:g}"


@dataclass(frozen=True, slots=True)
class KeepBest:
    """The weights of the best epoch that come back once a run has stopped; a checkpoint right behind it holds them.

    Attributes:
        step: whose weights they are.
    """

    step: int

    def __call__(self, trainer: Trainer) -> None:
        """Nothing: no replay makes this change again."""


def skip_in_replay(trainer: Trainer) -> None:
    """A change that no replay makes again: a checkpoint right behind it holds what came of it."""


def find_kept_step(changes: Iterable[Change], step: int) -> int:
    """The step whose weights are in place at `step`: an earlier one where the best epoch's were brought back there."""
    made = [change.apply for change in changes if change.step == step]
    return made[-1].step if made and isinstance(made[-1], KeepBest) else step


def is_replayed(action: Action) -> bool:
    """Whether a replay makes this change by itself, and a file can hold it in words."""
    return isinstance(action, SetValues | SetWeight)


def settings_after(
    optimizer: Optimizer, settings: TrainingSettings, changes: Iterable[Change]
) -> tuple[Optimizer, TrainingSettings]:
    """The settings in force after some changes.

    Raises:
        InputError: a setting that there is not, or a value that it refuses.
    """
    for change in changes:
        if isinstance(change.apply, SetValues):
            values = change.apply.values
            live = {name: value for name, value in values.items() if name in LIVE_SETTINGS}
            own = {name: value for name, value in values.items() if name not in LIVE_SETTINGS}
            optimizer, settings = optimizer.with_live(**own) if own else optimizer, settings.changed(**live)
    return optimizer, settings


def write_change(change: Change) -> str:
    """One line of text for a change: "40 set lr=0.1; l2=0.01", "52 weight 0.weight[1,2] = 0.5", "60 other layers"."""
    match change.apply:
        case SetValues(values):
            return f"{change.step} set {'; '.join(f'{name}={value}' for name, value in values.items())}"
        case SetWeight() as weight:
            return f"{change.step} weight {weight.place} = {weight.value!r}"
        case KeepBest(step):
            return f"{change.step} best {step}"
        case _:
            return f"{change.step} other {clean(change.words, 200)}"


def read_change(line: Any) -> Change:
    """Reads the change that `write_change` wrote.

    Raises:
        InputError: it is none.
    """
    found = _LINE.fullmatch(line) if isinstance(line, str) else None
    if found is None:
        raise InputError(f"'{clean(str(line), 60)}' is not a change to a run", where="past.changes")
    step, verb, rest = int(found[1]), found[2], found[3]
    if verb == "best":
        return _read_best(step, rest)
    if verb == "other":
        return Change(step, clean(rest, 200), skip_in_replay)
    action = _read_values(rest) if verb == "set" else _read_weight(rest)
    return Change(step, action.words, action)


def _read_best(step: int, text: str) -> Change:
    if not text.isascii() or not text.isdigit() or int(text[:17]) > step:
        raise InputError(f"'{clean(text, 60)}' is not an earlier step", where="past.changes")
    return Change(step, describe_best(int(text)), KeepBest(int(text)))


def describe_best(step: int) -> str:
    """What the change is called in the log: "weights of step 748, the best epoch"."""
    return f"weights of step {step:,}, the best epoch"


def _read_values(text: str) -> SetValues:
    pairs = [pair.partition("=") for pair in text.split("; ")]
    if not all(name.isidentifier() and equals for name, equals, _ in pairs):
        raise InputError(f"'{clean(text, 60)}' has no values", where="past.changes")
    return SetValues({name: value for name, _, value in pairs})


def _read_weight(text: str) -> SetWeight:
    found = _WEIGHT.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        index = tuple(int(part) for part in found[2].split(",") if part)
        return SetWeight(found[1], index, float(found[3]))
    except ValueError:
        raise InputError(f"'{clean(text, 60)}' does not set a weight", where="past.changes") from None
