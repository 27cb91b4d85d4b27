"""One line of a form: where a value lives in a run, and what may stand there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from nnplay.fields import Field
from nnplay.tui.forms.column_choices import ColumnChoice, kinds_text
from nnplay.tui.forms.problem import titles

#: How the keys of settings of players begin, which are called by their owner's name, too: "generator.every".
OF_PLAYERS: Final = ("objective.", "networks.", "objectives.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a form.

    Attributes:
        key: where the value lives in the table of a run: `seed`, `data.noise`; `data` for the data themselves.
        label: the word shown.
        field: kind, range and help.
        value: the present value.
        shares: parts of a bar drawn below the value (the split).
        many: the value is a set of words out of the field's choices.
        choices: values to choose from where any text may be given.
        meant: what stands there as long as nothing was given.
        group: the heading that it stands under, in a form that has some.
        short: the word shown there, where the heading says the rest.
    """

    key: str
    label: str
    field: Field
    value: Any
    shares: tuple[int, ...] = ()
    many: bool = False
    choices: tuple[ColumnChoice, ...] = ()
    meant: str = ""
    group: str = ""
    short: str = ""

    @property
    def name(self) -> str:
        """What the command line calls it."""
        if self.key.startswith(OF_PLAYERS):
            return self.key.removeprefix("objectives.").removeprefix("networks.")
        return "dataset" if self.key == "data" else self.key.rpartition(".")[2]

    @property
    def shown(self) -> str:
        """The value as text; of a number what there is room for."""
        if self.many:
            return " ".join(titles(self.value))
        if self.key == "data":
            return data_title(str(self.value))
        if self.shares:
            return "/".join(str(share) for share in self.shares)
        if isinstance(self.value, Mapping):
            return kinds_text(self.value)
        if self.key.startswith("stop.") and not self.value and not isinstance(self.value, bool):
            return "never"
        if isinstance(self.value, float):
            return f"{self.value:.6g}"
        return self.field.show(self.value) or self.meant

    @property
    def typed(self) -> str:
        """The value as one would type it."""
        return (
            self.shown if self.many or self.shares or isinstance(self.value, Mapping) else self.field.show(self.value)
        )


def data_title(name: str) -> str:
    """A data set's name; of a file the last part of its path, which tells most where there is little room."""
    return PurePath(name).name or name
