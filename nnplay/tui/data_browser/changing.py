"""Keys of the data browser that change what a column is: predicted, left out, or read as another kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from nnplay.config import RunConfig
from nnplay.data.profile.columns import ProfiledColumn
from nnplay.tui.data_browser.browser_view import BrowserView
from nnplay.tui.forms.column_choices import read_kinds
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.screen import Picker, take_picked
from nnplay.tui.picker.shelf import Shelf

_FOUND = "found"
_WORDS = {
    "target": ("predict it", "the target: predicted from the other columns"),
    _FOUND: ("as found", "what its cells look like decides"),
    "number": ("a number", "one input, scaled"),
    "category": ("words", "an input for each word"),
    "skip": ("leave it out", "the network never sees it"),
}
_GENERATED = "only columns of a table have roles; these inputs are the whole data set"


class Changer(Protocol):
    """Changes the settings of the run, and says what came of it."""

    def change(self, **values: Any) -> None:
        """Give settings new values."""

    def undo(self) -> None:
        """Take the last change back."""


class ChangeActions:
    """Changes the role or the encoding of the column under the cursor.

    Args:
        body: has the cursor.
        settings: of the run at this moment.
        changer: puts changes in force.
        ask: opens a dialog, whose answer it hands on.
        say: tells what cannot be changed.
    """

    def __init__(
        self,
        body: BrowserView,
        settings: Callable[[], RunConfig],
        changer: Changer,
        ask: Callable[..., Any],
        say: Callable[..., None],
    ) -> None:
        self._body, self._settings, self._changer, self._ask, self._say = body, settings, changer, ask, say

    def change_column(self) -> None:
        """Choose what the column is to be."""
        column = self._column()
        if column is None:
            return
        if column.role == "target":
            self._say("this is the target; t on another column makes that the target instead")
            return
        kind = self._kinds().get(self._name(column), _FOUND)
        choices = [Choice(value, title, note=note) for value, (title, note) in _WORDS.items()]
        shelf = Shelf(column.name, f"what '{column.name}' is to be", choices, self._take, current=kind)
        self._ask(Picker([shelf], title=column.name), take_picked)

    def predict_column(self) -> None:
        """Make the column the target."""
        column = self._column()
        if column is None:
            return
        if column.role == "target":
            self._say("this column is the target already")
        else:
            self._take("target")

    def leave_out(self) -> None:
        """Leave the column out, or take it back in."""
        column = self._column()
        if column is None:
            return
        if column.role == "target":
            self._say("the target cannot be left out; t on another column makes that the target")
        elif column.role == "feature":
            self._take("skip")
        elif self._kinds().get(self._name(column)) == "skip":
            self._take(_FOUND)
        else:
            self._say(f"it is left out as found: {self._why(column)}; enter reads it as another kind")

    def undo(self) -> None:
        """Take the last change back."""
        self._changer.undo()

    def _why(self, column: ProfiledColumn) -> str:
        return column.column.note if column.column is not None else ""

    def _column(self) -> ProfiledColumn | None:
        place = self._body.place
        if place is None:
            return None
        column = place.profile.columns[place.column]
        if column.number < 0:
            self._say(_GENERATED)
            return None
        return column

    def _name(self, column: ProfiledColumn) -> str:
        """Its name in the settings, which is not cleaned for the screen."""
        return column.column.name if column.column is not None else column.name

    def _kinds(self) -> dict[str, str]:
        return read_kinds(self._settings().data.values.get("kinds", {}))

    def _take(self, kind: str) -> None:
        column = self._column()
        if column is None:
            return
        name = self._name(column)
        kinds = {other: known for other, known in self._kinds().items() if other != name}
        values: Mapping[str, Any] = {"kinds": kinds if kind in (_FOUND, "target") else {**kinds, name: kind}}
        if kind == "target":
            values = {**values, "target": name}
        self._changer.change(data=dict(values))
