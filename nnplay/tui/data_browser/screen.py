"""The screen of the data browser: head, tabs of views, the view, what is said, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer

from nnplay.data.profile.profile import Profile
from nnplay.errors import NnplayError
from nnplay.text import clean
from nnplay.tui.backend import Backend
from nnplay.tui.commands.actions import connect
from nnplay.tui.commands.screen_keys import bindings, methods_of_screen
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.data_browser.changing import ChangeActions, Changer
from nnplay.tui.data_browser.head import BrowserHead
from nnplay.tui.data_browser.keys import KEYS
from nnplay.tui.data_browser.moving import MoveActions
from nnplay.tui.data_browser.place import BatchMaker, Place
from nnplay.tui.dialogs.key_screen import KeyScreen
from nnplay.tui.dialogs.reading import Reading, find_cut_texts, whole_texts
from nnplay.tui.picker.tabs import ShelfTabs
from nnplay.tui.widgets.keys_line import KeysLine
from nnplay.tui.widgets.message_line import MessageLine

_LOOKS = 0.1
"""Seconds between two looks at whether other data are in force, or something was said."""
_OF_COLUMNS = ("change_column", "predict_column", "leave_out")
"""Keys that only columns of a table have."""


class DataBrowser(KeyScreen[None]):
    """The data of the run; follows when they change.

    Args:
        backend: has the data.
        changer: puts changes in force.
        open_data: asks which other data to take.
        last_message: what the playground said last, for changes answer there.
        column: where the cursor begins, if there is a column of that name.
    """

    AUTO_FOCUS = None
    OWN_KEYS = KEYS
    HEADING = "data browser"
    PLACE = "the data browser"
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    DataBrowser { background: $background; color: $foreground; }
    DataBrowser ShelfTabs { padding: 0; }
    """

    def __init__(
        self,
        backend: Backend,
        changer: Changer,
        open_data: Callable[[], None],
        last_message: Callable[[], tuple[str, bool]],
        column: str = "",
    ) -> None:
        super().__init__()
        self._backend, self._open_data, self._last_message = backend, open_data, last_message
        self._body, self._head, self._keys = BrowserView(), BrowserHead(), KeysLine(KEYS)
        self._shown: object = None
        self._column = column
        self._said = last_message()
        self._timer: Timer | None = None
        self._moving = MoveActions(self._body, self._show_place, self.ask, self.say)
        changing = ChangeActions(self._body, lambda: backend.settings, changer, self.ask, self.say)
        self.groups: tuple[object, ...] = (self._moving, changing, self)
        connect(self, methods_of_screen(KEYS), self.groups)

    @property
    def place(self) -> Place | None:
        """Where the cursor is; None while the data are read."""
        return self._body.place

    def compose(self) -> ComposeResult:
        """Head, tabs, view, message, keys."""
        yield self._head
        yield ShelfTabs([])
        yield self._body
        yield MessageLine()
        yield self._keys

    def on_mount(self) -> None:
        """Read the data, and follow them."""
        self._follow()
        self._timer = self.set_interval(_LOOKS, self._follow)

    # -- following the run -----------------------------------------------------------------------------------------

    def _follow(self) -> None:
        said = self._last_message()
        if said != self._said:
            self._said = said
            self.say(said[0], error=said[1])
        settings = self._backend.settings
        wanted = (settings.data, settings.split, settings.seed, settings.training.get("batch_size"))
        if wanted != self._shown:
            self._shown = wanted
            self.run_worker(self._read(), exclusive=True, group="data")

    async def _read(self) -> None:
        """Look at the data that are in force now; the cursor stays on its column and row where there is such."""
        try:
            place = await asyncio.to_thread(self._make_place)
        except NnplayError as error:
            self._body.show(None, None, clean(error.message, 400))
            return
        before, wanted = self._body.place, self._column
        self._column = ""
        if before is not None and before.profile.data.name == place.profile.data.name:
            wanted = before.profile.columns[before.column].name
            place.row = min(before.row, len(place.profile) - 1)
        names = [column.name for column in place.profile.columns]
        place.column = names.index(wanted) if wanted in names else 0
        view = self._body.view
        self._body.show(place, view)
        views = self._moving.views
        self._body.show(place, view if view in views else views[0])
        self._show_place()
        await self._count(place)

    def _make_place(self) -> Place:
        """Beside the event loop: the first look at a cell goes through its whole column."""
        profile: Profile = self._backend.profile()
        for column in profile.columns:
            profile.cells(column, 0, 1)
        settings = self._backend.settings.training_settings()
        rows = len(profile.split.train)
        size = rows if settings.batch_size == "all" else int(settings.batch_size)
        maker = BatchMaker(profile, size, settings.seed, shuffle=settings.shuffle, epoch=self._backend.snapshot.epoch)
        return Place(profile, maker)

    async def _count(self, place: Place) -> None:
        """Count the columns one after the other, those on the screen first."""
        left = list(range(len(place.profile.columns)))
        while left:
            seen = {column for _, _, column in place.column_spots}
            number = next((number for number in left if number in seen), left[0])
            left.remove(number)
            await asyncio.to_thread(place.profile.facts, place.profile.columns[number])
            if not self.is_attached or self._body.place is not place:
                return
            if number in seen:
                self._body.redraw()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _show_place(self) -> None:
        views = list(self._moving.views)
        self._head.show(self._body.place)
        columns = () if self._body.place is None else self._body.place.profile.columns
        self._keys.leave_out(() if any(column.number >= 0 for column in columns) else _OF_COLUMNS)
        self._body.redraw()
        if self._body.view in views:
            tabs = self.query_one(ShelfTabs)
            tabs.name_all([view.name for view in views])
            tabs.show(views.index(self._body.view))

    @on(ShelfTabs.Turned)
    def _turned(self, event: ShelfTabs.Turned) -> None:
        self._moving.turn_to(event.to)

    @on(BrowserView.Moved)
    def _moved(self) -> None:
        self._show_place()

    # -- keys ------------------------------------------------------------------------------------------------------

    def open_data(self) -> None:
        """Ask for other data."""
        self._open_data()

    def copy_view(self) -> None:
        """What is shown as text to the clipboard."""
        self.app.copy_to_clipboard(self._body.plain_text)
        self.say("copied what is shown")

    def show_whole(self) -> None:
        """Show in full what found no room."""
        texts = find_cut_texts([self._body, self._head])
        if texts:
            self.ask(whole_texts(texts))
        else:
            self.say("nothing is cut short here")

    def show_notes(self) -> None:
        """What reading, encoding and dealing did."""
        notes = self._backend.notes()
        text = "\n\n".join(clean(note, 400) for note in notes) or "there was nothing to note about these data"
        self.ask(Reading("notes on the data", Content(text)))
