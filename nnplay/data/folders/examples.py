"""Files with what is to be learned of each, wherever that was found: in the names of folders, or in a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.data.dataset import Dataset, Task
from nnplay.errors import InputError
from nnplay.text import counted

#: Of so many files one may be damaged; if more are, something else is wrong.
_ONE_IN = 20


@dataclass(frozen=True, slots=True)
class Examples:
    """Files and their targets.

    Attributes:
        files: one for each row.
        y: labels int64 (N,) that number `class_names`, or quantities float64 (N,).
        notes: what was left out, a sentence each.
    """

    files: tuple[Path, ...]
    y: NDArray[Any]
    task: Task
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def select(self, rows: NDArray[np.int64]) -> Examples:
        """Only those rows."""
        return replace(self, files=tuple(self.files[row] for row in rows.tolist()), y=self.y[rows])

    def dataset(self, x: NDArray[np.float32], name: str, notes: tuple[str, ...], *, frames: int = 1) -> Dataset:
        """The data set whose row for each file is in x (N, …).

        Args:
            frames: of how many images each row is a strip.

        Raises:
            InputError: of two classes or more only one is left.
        """
        if self.task == "classification" and len(np.unique(self.y)) < 2:
            only = self.class_names[int(self.y[0])]
            hint = next((note for note in notes if "left out" in note), "")
            raise InputError(f"only files of class '{only}' could be read", where=name, hint=hint)
        return Dataset(
            x,
            self.y,
            name=name,
            task=self.task,
            class_names=self.class_names or None,
            default_scale_target="standard" if self.task == "regression" else "none",
            frames=frames,
            notes=(*self.notes, *notes),
        )


def damage_notes(damaged: list[InputError], count: int, noun: str, where: str) -> tuple[str, ...]:
    """What is said of files that could not be read: they are left out, if they are few.

    Raises:
        InputError: more than one of twenty.
    """
    if not damaged:
        return ()
    first = damaged[0].message
    if len(damaged) == count:
        what = f"none of {counted(count, noun)} can be read" if count > 1 else "cannot be read"
        raise InputError(f"{what}: {first}", where=where)
    if len(damaged) > max(1, count // _ONE_IN):
        what = f"{len(damaged):,} of {counted(count, noun)} cannot be read, the first one: {first}"
        raise InputError(what, where=where, hint="repair them, or remove them from the folder")
    return (f"{counted(len(damaged), noun)} left out: {'; '.join(error.message for error in damaged[:3])}",)
