"""A data set dealt into training, validation and test rows, scaled by what the training rows show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nnplay.data.arrays import as_rows
from nnplay.data.augment.augmentation import Augmentation
from nnplay.data.augment.recipe import read_recipe
from nnplay.data.corpus.vocabulary import share_of_unknown
from nnplay.data.features import expand
from nnplay.data.partition import Indices, deal, part_sizes
from nnplay.data.row_keys import row_keys
from nnplay.data.scaler import Scaler, fit_scaler
from nnplay.errors import InputError
from nnplay.fields import flag, integer
from nnplay.text import clean, counted, percent

if TYPE_CHECKING:
    from nnplay.data.dataset import Dataset, Scale, Task

#: Into how many rows at a time an epoch is cut.
BATCH_SIZE: Final = integer("batch_size", 32, "rows per batch, or all", choices=("all",))
COPIES: Final = integer("copies", 3, "augmented copies of each training row", high=1000)
_STRATIFY: Final = flag("stratify", True, "keep the class proportions in every part")


@dataclass(frozen=True, slots=True)
class Split:
    """Training, validation and test parts of a data set, scaled.

    Attributes:
        train, validation, test: data sets with scaled inputs; the last two are None when their fraction is 0.
        scaler: how inputs and targets were scaled, and how to undo it.
        indices: the rows of each part in the whole data set.
        augmentation: how training rows were drawn anew; the drawn ones follow the rows themselves.
        notes: what the data set noted, and what splitting found (duplicates across parts, constant inputs).
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset | None
    scaler: Scaler
    indices: Indices
    notes: tuple[str, ...] = ()
    augmentation: Augmentation | None = None

    def __repr__(self) -> str:
        parts = (("training", self.train), ("validation", self.validation), ("test", self.test))
        rows = ", ".join(counted(len(part), f"{name} row") for name, part in parts if part is not None)
        return f"<Split of {self.name}: {rows}, scaled {self.scaler.kind}>"

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.train.name

    @property
    def task(self) -> Task:
        """classification or regression."""
        return self.train.task

    @property
    def feature_shape(self) -> tuple[int, ...]:
        """Shape of one row of inputs."""
        return self.train.feature_shape

    @property
    def outputs(self) -> int:
        """Number of classes, or of regression targets."""
        return self.train.outputs

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of all classes of the whole data set, whether or not each part has them."""
        return self.train.class_names

    def inputs(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Raw inputs (N, …), in the data's own units, as the network takes them: derived features made, then scaled.

        Raises:
            InputError: not numbers, rows of another size, or a value that is not finite (NaN where gaps are filled is).
        """
        features, fill = self.train.features, self.scaler.fill
        shape = (2,) if features else self.feature_shape
        dtype = np.result_type(self.scaler.input_type, self.train.x.dtype)
        rows = as_rows(raw, shape, dtype, allow_missing=fill is not None, where="inputs")
        return self.scaler.transform(expand(rows, features) if features else rows)

    def batches(self, batch_size: int | Literal["all"]) -> int:
        """Batches per epoch; an incomplete last batch counts.

        Raises:
            InputError: a batch size below 1 or above the number of training rows.
        """
        rows = len(self.train)
        size = BATCH_SIZE.read(batch_size)
        size = rows if size == "all" else size
        if size > rows:
            raise InputError(
                f"a batch of {counted(size, 'row')} cannot be drawn from {counted(rows, 'training row')}",
                where="batch_size",
                hint=f"use 1 to {rows:,}, or 'all'",
            )
        return -(-rows // size)

    def summary(self, batch_size: int | Literal["all"]) -> str:
        """One line: `6,400 training rows in batches of 64 = 100 batches per epoch; 800 validation rows, …`.

        Raises:
            InputError: a batch size below 1 or above the number of training rows.
        """
        rows, count = len(self.train), self.batches(batch_size)
        size = rows if batch_size == "all" else int(batch_size)
        last = rows - (count - 1) * size
        text = f"{_rows(rows, 'training')} in batches of {size:,} = {counted(count, 'batch')} per epoch"
        text += f" (the last one has {last:,})" if last != size else ""
        others = [
            _rows(len(part), word)
            for part, word in ((self.validation, "validation"), (self.test, "test"))
            if part is not None
        ]
        return "; ".join([text, ", ".join(others)]) if others else text


def _rows(count: int, word: str) -> str:
    return counted(count, f"{word} row")


def split_dataset(
    data: Dataset,
    fractions: tuple[float, float, float],
    *,
    seed: int,
    stratify: bool,
    scale: Scale,
    scale_target: Literal["standard", "none"],
    augment: str = "",
    copies: int = 1,
) -> Split:
    """The split that `Dataset.split` describes."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed '{clean(seed)}' is not a whole number from 0", where="split")
    sizes = part_sizes(len(data), fractions)
    stratified = _STRATIFY.read(stratify, "split")
    labels = data.y.astype(np.int64) if stratified and data.task == "classification" and data.y.ndim == 1 else None
    indices, deal_notes = deal(len(data), sizes, int(seed), labels, sequential=data.sequential)
    scaler = fit_scaler(data, indices.train, scale, scale_target)

    def part(rows: NDArray[np.int64], drawing: Augmentation | None = None) -> Dataset | None:
        if not len(rows):
            return None
        x, y = data.x[rows], data.y[rows]
        if drawing is not None:
            drawing.check(x, y, data.task, "augment")
            x, y = drawing.extend(x, y)
            rows = np.tile(rows, drawing.copies + 1)
        return data.part(rows, x=scaler.transform(x), y=scaler.transform_target(y))

    amounts = read_recipe(augment)
    drawing = Augmentation(amounts, COPIES.read(copies), int(seed), data.frames) if amounts else None
    train = part(indices.train, drawing)
    if train is None:
        raise InputError("no rows are left for training", where="split")
    notes = (*data.notes, *deal_notes, *scaler.notes, *_duplicate_notes(data, indices), *_unknown_notes(data, indices))
    if drawing is not None:
        drawn = f"{counted(len(indices.train), 'training row')} and {counted(drawing.copies, 'copy')} of each"
        notes = (*notes, f"{drawn}, augmented by {drawing.text}")
    return Split(train, part(indices.validation), part(indices.test), scaler, indices, notes, drawing)


def _duplicate_notes(data: Dataset, indices: Indices) -> tuple[str, ...]:
    """Rows that are trained on and tested on alike make a score look better than it is."""
    keys = row_keys(data.x)
    seen = np.sort(keys[indices.train])
    notes = []
    for name, rows in (("validation", indices.validation), ("test", indices.test)):
        count = int((seen[np.searchsorted(seen[:-1], keys[rows])] == keys[rows]).sum())
        if count:
            verb = "repeats" if count == 1 else "repeat"
            notes.append(f"{count:,} of {counted(len(rows), f'{name} row')} {verb} the inputs of a training row (leak)")
    return tuple(notes)


def _unknown_notes(data: Dataset, indices: Indices) -> tuple[str, ...]:
    """How much of the held-out text a network cannot know: what is not in the vocabulary, or in no training row."""
    if data.vocabulary is None:
        return ()
    tokens = data.vocabulary.tokens
    new = np.ones(len(tokens), np.bool_)
    new[data.x[indices.train].astype(np.int64).ravel()] = False
    if data.vocabulary.unknown >= 0:
        new[data.vocabulary.unknown] = True
    shares = [
        f"{percent(share_of_unknown(data.x[rows], new, data.vocabulary.special), 1)} of the {name} text"
        for name, rows in (("training", indices.train), ("validation", indices.validation), ("test", indices.test))
        if len(rows) and (name != "training" or data.vocabulary.unknown >= 0)
    ]
    return (f"unknown tokens: {', '.join(shares)}",) if shares else ()
