"""The chain of layers that stands for a network whose graph finds no room, and the cursor in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnplay.network.edit_layers import Path
from nnplay.network.summary import Ledger
from nnplay.tui.draw.chain import chain
from nnplay.tui.forms.folding import Item, block_of, items
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row
from nnplay.views.layer_pictures import LayerPicture


class LayerChain:
    """Lines of layers and blocks, which can be unfolded.

    Attributes:
        ledger: the network.
        pictures: what its layers give.
        unfolded: blocks whose layers are shown.
        row: the line under the cursor.
        owners: for each row of cells the line that it belongs to, as it was drawn last; empty while it is not drawn.
    """

    def __init__(self) -> None:
        self.ledger: Ledger | None = None
        self.pictures: Mapping[Path, LayerPicture] = {}
        self.unfolded: frozenset[Path] = frozenset()
        self.row = 0
        self.owners: list[int | None] = []

    @property
    def items(self) -> list[Item]:
        """The lines."""
        return list(items(self.ledger.lines, self.unfolded)) if self.ledger else []

    @property
    def item(self) -> Item | None:
        """The line under the cursor."""
        known = self.items
        return known[self.row] if known else None

    @property
    def opened(self) -> LayerPicture | None:
        """What the layer under the cursor gives, where a view shows it at full size."""
        item = self.item
        shown = self.pictures.get(item.path) if item is not None else None
        return shown if shown is not None and shown.view else None

    def draw(self, width: int, height: int, look: Look, *, focused: bool) -> Sequence[Row]:
        """The lines, with pictures where there is room."""
        assert self.ledger is not None
        self.row = min(self.row, max(0, len(self.items) - 1))
        cursor = self.row if focused else None
        drawn = chain(self.ledger, width, height, look, self.unfolded, cursor, self.pictures)
        self.owners = drawn.owners
        return drawn.rows

    def fold(self, wanted: bool | None) -> Path | str:
        """Goes to the block under the cursor, or the one around it, to unfold it (True), fold it, or change it (None).

        Returns its path, or why there is nothing to be done.
        """
        item = self.item
        if item is None:
            return ""
        path = block_of(item) if not wanted else item.path if item.line.parts else ()
        if not path:
            return "this is not a block: only layers that hold others, such as sum, can be folded; 2 goes to the layers"
        if wanted is not None and item.line.parts and (item.path in self.unfolded) == wanted:
            return f"this block is {'unfolded' if wanted else 'folded'} already"
        self.row = [each.path for each in self.items].index(path)
        return path
