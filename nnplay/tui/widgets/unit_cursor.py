"""The cursor in the graph of a network: the chosen unit, which of its numbers is meant, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence

from nnplay.explain.explanation import Subject
from nnplay.explain.unit import UnitValues
from nnplay.explain.weight import Weight
from nnplay.tape.objective import full_name
from nnplay.text import clean
from nnplay.tui.draw.graph import Column
from nnplay.tui.theme.look import Look

Unit = tuple[int, int]


class UnitCursor:
    """A place in the drawn columns of units.

    Attributes:
        ranks: the columns, the inputs first; empty while no graph is drawn.
        chosen: column and unit; None where none is chosen.
        link: which number of that unit is meant: 0 its bias, k its weight from unit k - 1.
        network: the one beside the run's own whose units they are; empty: the run's own.
    """

    def __init__(self) -> None:
        self.ranks: Sequence[Column] = []
        self.chosen: Unit | None = None
        self.link = 0
        self.network = ""

    @property
    def rank(self) -> Column | None:
        """The column of the chosen unit."""
        return self.ranks[self.chosen[0]] if self.chosen is not None and self.ranks else None

    @property
    def links(self) -> int:
        """How many weights lead to the chosen unit."""
        rank = self.rank
        return 0 if rank is None or rank.weights is None else int(rank.weights.shape[1])

    def keep_inside(self) -> None:
        """Go to a unit and a weight that there are."""
        if self.chosen is not None:
            column = min(self.chosen[0], len(self.ranks) - 1)
            self.chosen = column, min(self.chosen[1], self.ranks[column].count - 1)
            self.link = min(self.link, self.links)

    @property
    def value(self) -> float | None:
        """The number that is meant."""
        rank = self.rank
        if rank is None or self.chosen is None:
            return None
        if self.link == 0:
            return None if rank.bias is None else float(rank.bias[self.chosen[1]])
        return None if rank.weights is None else float(rank.weights[self.chosen[1], self.link - 1])

    @property
    def place(self) -> tuple[str, tuple[int, ...]]:
        """Parameter and index of that number; a unit must be chosen."""
        rank, chosen = self.rank, self.chosen
        assert rank is not None
        assert chosen is not None
        if self.link == 0:
            return full_name(self.network, f"{rank.layer}.bias"), (chosen[1],)
        return full_name(self.network, f"{rank.layer}.weight"), (self.link - 1, chosen[1])

    @property
    def subject(self) -> Subject | None:
        """The weight, or the unit with its bias."""
        rank, chosen = self.rank, self.chosen
        if rank is None or chosen is None:
            return None
        if self.link:
            return Weight(*self.place)
        name = self.name(*chosen)
        if rank.weights is None:
            return UnitValues("", "", chosen[1], name) if not self.network else None
        path, shown = (full_name(self.network, f"{layer}") for layer in (rank.layer, rank.pictures))
        name = f"{name} of '{self.network}'" if self.network else name
        return UnitValues(path, shown, chosen[1], name, bias=rank.bias is not None)

    def name(self, column: int, unit: int) -> str:
        """What a unit is called."""
        rank = self.ranks[column]
        if unit < len(rank.names):
            return clean(rank.names[unit], 24)
        return f"input {unit}" if rank.weights is None else f"layer {rank.layer} unit {unit}"

    def between(self, column: int, unit: int, source: int, look: Look) -> str:
        """A unit and the one that a weight leads from."""
        return f"{self.name(column, unit)} {look.pick('←', '<')} {self.name(column - 1, source)}"

    def describe(self, look: Look, *, focused: bool) -> str:
        """What is known of the number that is meant; without a unit, the keys that choose one."""
        rank, chosen = self.rank, self.chosen
        if rank is None or chosen is None:
            return f"{look.pick('← → ↑ ↓', 'arrows')} select a unit" if focused else ""
        name = self.name(*chosen)
        if rank.weights is None:
            return f"{name}: an input"
        shown = "none" if self.value is None else f"{self.value:.4g}"
        what = f"{name}, bias" if self.link == 0 else self.between(*chosen, self.link - 1, look)
        return f"{what}: {shown}"
