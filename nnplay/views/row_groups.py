"""Which rows belong together: by their class, or by how large their target is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.data_form import has_numbers

#: Groups with a colour of their own; the most frequent classes have one.
MOST_GROUPS: Final = 10
_THIRDS: Final = ("low", "middle", "high")


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of rows.

    Attributes:
        of: the group of each row, (N,); -1 for none that has a name.
        names: of the groups; empty where rows cannot be told apart.
        kinds: the class that each of them is, where they are classes.
    """

    of: NDArray[np.int64]
    names: tuple[str, ...]
    kinds: tuple[int, ...] = ()

    def find(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """The group of each of these classes; -1 for none."""
        numbers = np.full(labels.shape, -1)
        for number, kind in enumerate(self.kinds):
            numbers[labels == kind] = number
        return numbers


def group_rows(trainer: Trainer, y: NDArray[Any]) -> Groups:
    """The groups of rows with targets y (N, …)."""
    if has_numbers(trainer):
        name = trainer.split.train.target_names[0] if trainer.split.train.target_names else "target"
        cuts = np.quantile(y.reshape(len(y), -1)[:, 0], (1 / 3, 2 / 3))
        return Groups(np.searchsorted(cuts, y.reshape(len(y), -1)[:, 0]), tuple(f"{name} {part}" for part in _THIRDS))
    labels = class_labels(trainer, y)
    if labels is None:
        return Groups(np.full(len(y), -1), ())
    found, counts = np.unique(labels[labels >= 0], return_counts=True)
    kinds = tuple(sorted(found[np.argsort(-counts, kind="stable")[:MOST_GROUPS]].tolist()))
    groups = Groups(labels, tuple(trainer.split.class_names[kind] for kind in kinds), kinds)
    return replace(groups, of=groups.find(labels))


def class_labels(trainer: Trainer, y: NDArray[Any]) -> NDArray[np.int64] | None:
    """One class for each row, (N,): its own, or that of its last step; -1 where it does not count.

    None where rows have none: those with quantities, and those with a class for each place of a picture.
    """
    if has_numbers(trainer) or y.ndim > 2:
        return None
    labels = (y if y.ndim == 1 else y[:, -1]).astype(np.int64)
    return labels if trainer.form.ignored is None else np.where(labels == trainer.form.ignored, -1, labels)
