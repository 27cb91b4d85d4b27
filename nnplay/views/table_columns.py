"""The columns of a table as a person knows them: one for all the inputs that were made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from nnplay.training.trainer import Trainer
from nnplay.views.input_form import column_names, in_units


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of the user's table.

    Attributes:
        inputs: numbers of the network's inputs that were made of it.
        categories: words that its codes stand for; empty where it holds numbers.
    """

    name: str
    inputs: tuple[int, ...]
    categories: tuple[str, ...] = ()

    def values(self, trainer: Trainer, x: NDArray[Any]) -> NDArray[Any]:
        """What stands in it in rows x (N, columns): numbers in its own unit, or numbers of categories."""
        own = in_units(trainer, x)[:, list(self.inputs)]
        return own.argmax(axis=1) if len(self.inputs) > 1 else own[:, 0]


def table_columns(trainer: Trainer) -> tuple[TableColumn, ...]:
    """The columns in the order of the inputs."""
    names = column_names(trainer)
    number = {name: k for k, name in enumerate(names)}
    found: list[TableColumn] = []
    for column in trainer.split.train.columns:
        if column.inputs and all(name in number for name in column.inputs):
            words = column.categories if column.kind in ("one_hot", "binary", "ordinal") else ()
            found.append(TableColumn(column.name, tuple(number[name] for name in column.inputs), words))
    known = {k for column in found for k in column.inputs}
    found += [TableColumn(name, (k,)) for k, name in enumerate(names) if k not in known]
    return tuple(sorted(found, key=lambda column: column.inputs))
