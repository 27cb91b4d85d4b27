"""What became of one column of a table: the description that the summary, the form and the scaler read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nnplay.text import counted

ColumnKind = Literal["number", "one_hot", "binary", "ordinal", "indicator", "left_out", "target", "weight"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the user's table and the network inputs made from it.

    Attributes:
        name: header of the column, made unique.
        kind: number (as it is), one_hot, binary (two categories in one 0/1 input), ordinal (codes 0, 1, …),
            indicator (1 where another column's value is missing), left_out (constant, empty or unwanted), target (to be
            learned), weight (what each row counts).
        inputs: names of the network inputs made from it, in order; empty when left out.
        categories: the words behind one_hot, binary and ordinal codes, in code order.
        missing: how many of its cells were missing.
        note: how its cells were understood, as in "dates, as days since 2000-01-01", or why it is left out.
    """

    name: str
    kind: ColumnKind
    inputs: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    missing: int = 0
    note: str = ""

    @property
    def scalable(self) -> bool:
        """Whether scaling makes sense: numbers yes; 0/1 inputs and the codes that an embedding looks up no."""
        return self.kind == "number"

    @property
    def text(self) -> str:
        """One line for a listing, as in `sex: 2 categories (female, male) as 1 input`."""
        lost = f", {self.missing:,} missing" if self.missing else ""
        if self.kind == "left_out":
            return f"{self.name}: left out{lost}"
        if not self.categories:
            made = f", {counted(len(self.inputs), 'input')}" if len(self.inputs) > 1 else ""
            return f"{self.name}: {self.kind}{made}{lost}"
        shown = ", ".join(self.categories[:4]) + (", …" if len(self.categories) > 4 else "")
        inputs = f"{counted(len(self.inputs), f'{self.kind} input')}"
        return f"{self.name}: {counted(len(self.categories), 'category')} ({shown}) as {inputs}{lost}"
