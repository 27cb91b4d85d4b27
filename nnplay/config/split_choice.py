"""The `split` section: how rows are dealt to training, validation and test."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from nnplay.config.reading import Reading
from nnplay.data.augment.recipe import EXAMPLE, TRANSFORMS, read_recipe
from nnplay.data.dataset import Dataset
from nnplay.data.partition import part_sizes
from nnplay.data.split import COPIES, Split
from nnplay.errors import InputError
from nnplay.fields import choice, flag, integer, number, text

SPLIT_FIELDS: Final = (
    number("train", 0.7, "fraction of the rows for training", low=0.0, high=1.0),
    number("validation", 0.15, "fraction of the rows for validation", low=0.0, high=1.0),
    number("test", 0.15, "fraction of the rows for the final test", low=0.0, high=1.0),
    integer("seed", -1, "seed of the split; -1 uses the run's seed", low=-1, high=2**62),
    flag("stratify", True, "keep the class proportions in every part"),
    choice("scale", "auto", "scaling of the inputs", ("auto", "standard", "minmax", "none")),
    choice("scale_target", "auto", "scaling of a numeric target", ("auto", "standard", "none")),
    text("augment", "", f"random changes to copies of training rows, as in {EXAMPLE}; also {', '.join(TRANSFORMS)}"),
    COPIES,
)
#: Rows of an imaginary data set, large enough that every part of a legal split has some.
_MANY: Final = 10**12


@dataclass(frozen=True, slots=True)
class SplitChoice:
    """How the rows are dealt; the attributes are those of `Dataset.split`, "auto" for the data set's own default."""

    train: float = 0.7
    validation: float = 0.15
    test: float = 0.15
    seed: int = -1
    stratify: bool = True
    scale: str = "auto"
    scale_target: str = "auto"
    augment: str = ""
    copies: int = COPIES.default

    def apply(self, data: Dataset, seed: int) -> Split:
        """The split of `data`; `seed` is the run's.

        Raises:
            InputError: a part is left without rows.
        """
        scales: dict[str, Any] = {
            "scale": None if self.scale == "auto" else self.scale,
            "scale_target": None if self.scale_target == "auto" else self.scale_target,
        }
        chosen = seed if self.seed < 0 else self.seed
        return data.split(
            self.train,
            self.validation,
            self.test,
            chosen,
            stratify=self.stratify,
            augment=self.augment,
            copies=self.copies,
            **scales,
        )

    @property
    def per_cents(self) -> tuple[int, int, int]:
        """The shares of training, validation and test in whole per cents."""
        train, validation = round(self.train * 100), round(self.validation * 100)
        return train, validation, 100 - train - validation

    def table(self) -> dict[str, Any]:
        """As `read_split` reads it; only what differs from the defaults, the three shares always together."""
        default = SplitChoice()
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        shares = (self.train, self.validation, self.test) != (default.train, default.validation, default.test)
        kept = {"train", "validation", "test"} if shares else set()
        return {key: value for key, value in values.items() if key in kept or value != getattr(default, key)}


def read_split(reading: Reading, given: Any) -> SplitChoice:
    """The `split` section: a table, or shares such as `70/15/15`."""
    if isinstance(given, str):
        shares: dict[str, float] = {}
        given = reading.attempt("split", lambda: read_shares(given), shares)
    found = reading.count
    values = reading.values("split", SPLIT_FIELDS, reading.table("split", given))
    if reading.count > found:
        return SplitChoice()
    if {"train", "validation", "test"} & values.keys():
        for name in ("train", "validation", "test"):
            values.setdefault(name, 0.0)
    split = SplitChoice(**values)
    nothing: dict[str, float] = {}
    reading.attempt("split.augment", lambda: read_recipe(split.augment, ""), nothing)
    reading.attempt("split", lambda: part_sizes(_MANY, (split.train, split.validation, split.test)), (0, 0, 0))
    return split


def read_shares(words: str) -> dict[str, float]:
    """The shares in `70/15/15`, `0.7/0.15/0.15` or `80/20` (training and test).

    Raises:
        InputError: not two or three numbers, or percentages that do not add up to 100.
    """
    try:
        numbers = [float(part.strip().rstrip("%")) for part in words.split("/")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise InputError(f"'{words}' is not three percentages", hint="write 70/15/15 for training, validation and test")
    if len(numbers) == 2:
        numbers.insert(1, 0.0)
    if sum(numbers) > 1.5:
        if abs(sum(numbers) - 100) > 1e-6:
            raise InputError(f"'{words}' adds up to {sum(numbers):g}, not 100", hint="write 70/15/15")
        numbers = [number / 100 for number in numbers]
    return dict(zip(("train", "validation", "test"), numbers, strict=True))
