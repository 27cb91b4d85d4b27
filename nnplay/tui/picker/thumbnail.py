"""The small picture in the picker's card, drawn beside the event loop, since data may have to be made for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import events
from textual.worker import Worker

from nnplay.errors import NnplayError
from nnplay.text import clean
from nnplay.tui.picker.choice import Thumbnail
from nnplay.tui.widgets.cells import Cells, Row


class ThumbnailView(Cells):
    """Shows the thumbnail of one choice at the size that the view has."""

    def __init__(self) -> None:
        super().__init__()
        self._thumbnail: Thumbnail | None = None
        self._picture: Sequence[Row] = ()

    def show(self, thumbnail: Thumbnail | None) -> None:
        """Show this thumbnail as soon as it is drawn; the one before stays until then."""
        if thumbnail is not self._thumbnail:
            self._thumbnail = thumbnail
            self._begin()

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new size."""
        super().on_resize(event)
        self._begin()

    def _begin(self) -> None:
        thumbnail, (width, height) = self._thumbnail, self.size

        async def draw() -> Sequence[Row]:
            if thumbnail is None or width < 1 or height < 1:
                self._picture = ()
            else:
                try:
                    self._picture = await asyncio.to_thread(thumbnail, width, height, self.look)
                except NnplayError as error:
                    self._picture = [((clean(error.message), self.look.ink("error")),)]
            self.redraw()
            return self._picture

        self._drawing: Worker[Sequence[Row]] = self.run_worker(draw, exclusive=True)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """The picture as it was drawn."""
        return self._picture
