"""The list editor of the network: one layer a line with its shape, parameters and problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message

from nnplay.errors import InputError
from nnplay.fields import text
from nnplay.tui import actions, fixed
from nnplay.tui.cells import Cells, Row, fit, joined
from nnplay.tui.contract import LayerLine, Ledger
from nnplay.tui.dialogs.choose import Choose
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.editor import editor
from nnplay.tui.layer_text import frozen_or_not, name_of, named, schemes_of, with_units, with_value


class LayerList(Cells, can_focus=True):
    """Shows a ledger, and tells the editor when the user changes its layers."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("layers")

    @dataclass
    class Edit(Message):
        """The user wants to type a layer: the one at `index`, or a new one before it."""

        index: int
        new: bool

    DEFAULT_CSS = "LayerList { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self._ledger: Ledger | None = None
        self.cursor = 0
        self._top = 0

    @property
    def texts(self) -> list[str]:
        """The layers as text."""
        return [line.text for line in self._ledger.lines] if self._ledger else []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Room for all layers, the line that adds one, and the total."""
        return len(self.texts) + 2

    def show(self, ledger: Ledger) -> None:
        """Show this network."""
        self._ledger = ledger
        self.cursor = min(self.cursor, len(ledger.lines))
        self.refresh(layout=True)
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """Layers, the line that adds one, and the total in the last row."""
        if self._ledger is None:
            return ()
        room = max(1, height - 1)
        self._top = max(0, min(self._top, self.cursor), self.cursor - room + 1)
        lines = [self._line(line, index, width) for index, line in enumerate(self._ledger.lines)]
        lines.append(self._adder(len(self._ledger.lines)))
        shown = lines[self._top : self._top + room]
        return [*shown, *[()] * (room - len(shown)), self._total(width)]

    def _line(self, line: LayerLine, index: int, width: int) -> Row:
        active = self.has_focus and index == self.cursor
        marker = self.look.pick("▸ ", "> ") if active else "  "
        ink = self.look.ink("error" if line.problem else "accent" if active else "text", bold=active)
        if line.problem:
            return joined([(marker, self.look.ink("accent")), (fit(line.text, 18), ink), (f" {line.problem}", ink)])
        parameters = fixed.count(line.parameters, 9) if line.parameters else " " * 9
        dim = self.look.ink("dim")
        adds = f" {fixed.short(line.multiply_adds, 7)} m-adds" if width >= 72 and line.multiply_adds else ""
        adds = adds or (" " * 15 if width >= 72 else "")
        return joined(
            [
                (marker, self.look.ink("accent")),
                (fit(line.text, max(12, min(24, width - 25))), ink),
                (fit(line.shape, 12), dim),
                (parameters, dim),
                (adds, dim),
                (f"  {line.note}", dim),
            ]
        )

    def _adder(self, index: int) -> Row:
        active = self.has_focus and index == self.cursor
        marker = self.look.pick("▸ ", "> ") if active else "  "
        return (
            (marker, self.look.ink("accent")),
            ("+ add layer", self.look.ink("accent" if active else "dim", bold=active)),
        )

    def _total(self, width: int) -> Row:
        ledger = self._ledger
        if ledger is None:
            return ()
        dot = self.look.pick("·", "-")
        adds = f" {dot} {fixed.short(ledger.multiply_adds, 0)} mult-adds" if width >= 44 else ""
        text = f"{fixed.count(ledger.parameters)} parameters{adds} {dot} {fixed.size(ledger.bytes)}"
        return ((text.rjust(width - 1), self.look.ink("dim")),)

    def action_move(self, by: int) -> None:
        """Move the cursor; the line after the last layer adds one."""
        self.cursor = (self.cursor + by) % (len(self.texts) + 1)
        self.redraw()

    def action_edit(self) -> None:
        """Type the layer under the cursor."""
        self.post_message(self.Edit(self.cursor, new=self.cursor == len(self.texts)))

    def action_delete(self) -> None:
        """Take the layer out."""
        texts = self.texts
        if self.cursor < len(texts):
            editor(self).change(layers=tuple(texts[: self.cursor] + texts[self.cursor + 1 :]))

    def action_duplicate(self) -> None:
        """Put the same layer once more below."""
        texts = self.texts
        if self.cursor < len(texts):
            editor(self).change(layers=(*texts[: self.cursor + 1], texts[self.cursor], *texts[self.cursor + 1 :]))

    def action_shift(self, by: int) -> None:
        """Swap the layer with its neighbour and follow it."""
        texts, to = self.texts, self.cursor + by
        if self.cursor < len(texts) and 0 <= to < len(texts):
            texts[self.cursor], texts[to] = texts[to], texts[self.cursor]
            self.cursor = to
            editor(self).change(layers=tuple(texts))

    def action_width(self, by: int) -> None:
        """Give the layer one unit more or less."""
        texts = self.texts
        if self.cursor < len(texts):
            changed = with_units(texts[self.cursor], by)
            if changed != texts[self.cursor]:
                texts[self.cursor] = changed
                editor(self).change(layers=tuple(texts))

    def _rewrite(self, change: Callable[[str], str]) -> None:
        """Give the layer under the cursor another text; one that cannot be read stays, and the app says why."""
        texts = self.texts
        if self.cursor < len(texts):
            try:
                texts[self.cursor] = change(texts[self.cursor])
            except InputError as problem:
                editor(self).say(problem.message, error=True)
                return
            editor(self).change(layers=tuple(texts))

    def action_freeze(self) -> None:
        """Freeze the layer, or train it again."""
        self._rewrite(frozen_or_not)

    def action_name(self) -> None:
        """Type a name for the layer."""
        if self.cursor < len(self.texts):
            current = name_of(self.texts[self.cursor])
            field = text("name", "", "a name without spaces; empty for none")

            def answered(name: str | None) -> None:
                if name is not None:
                    self._rewrite(lambda layer: named(layer, name))

            self.app.push_screen(AskValue("name of the layer", field, current), answered)

    def action_initial(self) -> None:
        """Choose the scheme of the layer's first weights."""
        schemes = schemes_of(self.texts[self.cursor]) if self.cursor < len(self.texts) else ()
        if not schemes:
            editor(self).say("this layer has no scheme for its first weights")
            return

        def answered(scheme: str | None) -> None:
            if scheme is not None:
                self._rewrite(lambda layer: with_value(layer, "init", scheme))

        self.app.push_screen(Choose("first weights", "how this layer's first weights are drawn", schemes), answered)

    def on_click(self, event: events.Click) -> None:
        """Choose a line; a second click edits it."""
        line = event.y + self._top
        if line > len(self.texts):
            return
        same, self.cursor = line == self.cursor, line
        self.redraw()
        if same or line == len(self.texts):
            self.action_edit()
