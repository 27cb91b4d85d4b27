"""Ways to choose the values of trials, as data: one record in one file each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from nnplay import rng
from nnplay.errors import InputError
from nnplay.fields import Field, bind
from nnplay.records.record import Chosen, Record
from nnplay.sweeps.axis import Axis
from nnplay.sweeps.trial import Outcome, Trial

if TYPE_CHECKING:
    from nnplay.sweeps.sweep import Sweep

#: Yields trials that may be trained in any order, and is sent what came of them in the order of the trials.
Choosing = Generator[Sequence[Trial], Sequence[Outcome], None]
#: Trials where nobody said how many.
USUAL_TRIALS: Final = 100
#: Stream of the random numbers of the first axis.
_STREAM: Final = 0x200000


@dataclass(frozen=True, slots=True, repr=False)
class SamplerRecord(Record):
    """One way to choose values; calling the record makes a sampler: `Halving(factor=4)`.

    Attributes:
        when: one line for people who choose: when to use it.
        choose: `(sweep, field values) -> Choosing`. The same outcomes always lead to the same trials, so that a sweep
            goes on where it stopped, whoever trains.
        check: refuses a sweep that it cannot do.
    """

    folder: ClassVar[str] = "nnplay.sweeps.samplers"
    torch_folder: ClassVar[str] = ""
    name: str
    title: str
    about: str
    when: str
    choose: Callable[[Sweep, dict[str, Any]], Choosing]
    fields: tuple[Field, ...] = ()
    check: Callable[[Sweep], object] = lambda sweep: None
    torch: str = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Sampler:
        """This sampler with its settings."""
        return Sampler(self, self.bind(args, kwargs))

    def bind(self, args: Sequence[Any], kwargs: Any) -> dict[str, Any]:
        """The values of the fields, each legal."""
        return bind(self.fields, args, kwargs, self.name)

    @property
    def formulas(self) -> list[str]:
        """None."""
        return []


class Sampler(Chosen[SamplerRecord]):
    """A sampler with the values of its fields."""

    __slots__ = ()


def random_trials(axes: Sequence[Axis], seed: int, first: int, count: int, epochs: int = 0) -> list[Trial]:
    """Trials `first` … with values drawn at random, each by its number alone."""
    numbers = np.arange(first, first + count, dtype=np.int64)
    columns = []
    for stream, axis in enumerate(axes):
        drawn = rng.bits(seed, _STREAM + stream, 0, numbers).astype(np.float64) * 2.0**-32
        columns.append(axis.at(drawn))
    names = [axis.name for axis in axes]
    return [
        Trial(int(number), dict(zip(names, values, strict=True)), epochs)
        for number, values in zip(numbers, zip(*columns, strict=True), strict=True)
    ]


def need_epochs(sweep: Sweep) -> None:
    """Refuses a sweep whose epochs are an axis themselves.

    Raises:
        InputError: they are.
    """
    if any(axis.name == "epochs" for axis in sweep.axes):
        raise InputError(
            f"{sweep.sampler.record.name} itself chooses how many epochs each trial gets",
            where="--set epochs",
            hint="leave them out, and give the most epochs by --epochs",
        )
