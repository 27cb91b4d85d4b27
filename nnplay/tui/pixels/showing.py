"""Pictures in true pixels for an app: asking the terminal whether it has them, and sending what is on the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, get_args

from textual.css.query import NoMatches
from textual.errors import NoWidget
from textual.geometry import Region

from nnplay.errors import unknown
from nnplay.tui.pixels.pixel_screen import PixelScreen, Protocol
from nnplay.tui.terminal import textual_private
from nnplay.tui.terminal.picture_answers import Answers
from nnplay.tui.widgets.cells import Cells, place_of_picture

PROTOCOLS: Final[tuple[Protocol, ...]] = get_args(Protocol)
WAYS: Final = ("cells", *PROTOCOLS)
#: Seconds that a terminal gets to answer.
_PATIENCE: Final = 2.0
#: Pixels of a cell of a terminal that does not say.
_USUAL: Final = (10, 20)


def read_way(typed: str, where: str) -> str:
    """How pictures are to be shown; empty for what the terminal has.

    Raises:
        InputError: there is no such way.
    """
    if typed and typed not in WAYS:
        raise unknown("kind of pictures", typed, WAYS, where=where)
    return typed


class PixelPictures:
    """Sends pictures to the terminal of an app whose look draws them in true pixels.

    Args:
        app: has a `look`.
        restyle: draws everything anew after the look has changed.
    """

    def __init__(self, app: Any, restyle: Callable[[], object]) -> None:
        self._app, self._restyle = app, restyle
        self._waits = False

    def begin(self, wanted: str, *, slow: bool) -> None:
        """Use what is wanted, or ask the terminal; over a slow line, and in few colours, it is not even asked.

        Args:
            wanted: "cells", "kitty" or "sixel"; empty for what the terminal has.
        """
        if wanted == "cells" or not textual_private.can_ask(self._app) or self._app.look.colours != "full":
            return
        forced = next((each for each in PROTOCOLS if each == wanted), None)
        if forced is not None:
            self.use(forced, textual_private.cell_size() or _USUAL)
        elif not slow and not self._app.look.ascii and textual_private.is_direct():
            textual_private.ask_about_pictures(self._app, self._take_answers)
            self._app.set_timer(_PATIENCE, textual_private.ANSWERS.note_late)

    def _take_answers(self, answers: Answers) -> None:
        protocol = answers.protocol
        if protocol:
            self.use(protocol, answers.cell if all(answers.cell) else textual_private.cell_size() or _USUAL)

    def use(self, protocol: Protocol, cell: tuple[int, int]) -> None:
        """Draw in true pixels from now on; at the end the terminal forgets all pictures."""
        pixels = PixelScreen(protocol, cell)
        pixels.wake = self._wake
        textual_private.before_leaving(self._app, pixels.erase)
        self._app.look = replace(self._app.look, pixels=pixels)
        self._restyle()

    def note_written(self, cells: list[Region]) -> None:
        """Cells have been sent to the terminal."""
        pixels: PixelScreen | None = self._app.look.pixels
        if pixels is not None:

            def overlaps(at: tuple[int, int], size: tuple[int, int]) -> bool:
                picture = Region(at[1], at[0], size[1], size[0])
                return any(picture.overlaps(region) for region in cells)

            pixels.note_written(overlaps)

    def show_again(self) -> None:
        """The terminal was left to another program, and has no pictures any more."""
        pixels: PixelScreen | None = self._app.look.pixels
        if pixels is not None:
            pixels.forget()
            self._wake()

    def _wake(self) -> None:
        """There is something to send, once the cells around it are on the screen."""
        if not self._waits:
            self._waits = True
            self._app.call_after_refresh(self._send)

    def _send(self) -> None:
        self._waits = False
        pixels: PixelScreen | None = self._app.look.pixels
        if pixels is not None and (text := pixels.take_output(self._place)):
            textual_private.write(self._app, text)

    def _place(self, owner: object, number: int) -> tuple[int, int] | None:
        """Where a picture begins on the screen; None while a part of it cannot be seen."""
        if not isinstance(owner, Cells) or not owner.is_attached or not owner.display:
            return None
        if self._app.look.pixels.protocol == "kitty":  # it belongs to cells, wherever these are
            return 0, 0
        at = place_of_picture(owner.rows, number)
        if at is None or owner.screen is not self._app.screen:
            return None
        try:
            seen = owner.screen.find_widget(owner).visible_region
        except (NoWidget, NoMatches):
            return None
        corner = owner.content_region.offset
        size = self._app.look.pixels.size_of(owner, number)
        region = Region(corner.x + at[1], corner.y + at[0], size[1], size[0])
        last = region.bottom >= self._app.size.height  # sixels in the last row scroll the screen
        return None if last or not seen.contains_region(region) else (region.y, region.x)
