"""The dialog that types a layer: completion, and what it would make of the network while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from nnplay.fields import REQUIRED, Field
from nnplay.network.summary import Ledger
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.draw import number_text


class AskLayer(Dialog[str]):
    """Answers the text of a layer, or nothing."""

    def __init__(
        self,
        title: str,
        current: str,
        known: Mapping[str, Sequence[Field]],
        preview: Callable[[str], Ledger],
        place: int,
    ) -> None:
        super().__init__(title, "→ complete · enter take · esc back")
        self._current, self._known, self._place = current, known, place
        self._preview = lru_cache(maxsize=4)(preview)  # asked several times for each letter typed

    def body(self) -> ComposeResult:
        """Input, the fields of the layer that is being typed, and the outcome."""
        yield Input(
            self._current, placeholder="linear 8", suggester=SuggestFromList(sorted(self._known), case_sensitive=False)
        )
        yield Static(id="fields")
        yield Static(id="outcome")

    def on_mount(self) -> None:
        """Say what can be typed before anything is."""
        self._explain(self._current)

    @property
    def problem(self) -> str:
        """Why the typed layer cannot be used here, or an empty text."""
        text = self.query_one(Input).value.strip()
        if not text:
            return "type a layer, such as linear 8"
        lines = self._preview(text).lines
        return next((line.problem for line in lines if line.problem), "")

    @on(Input.Changed)
    def _explain_input(self, event: Input.Changed) -> None:
        self._explain(event.value)

    def _explain(self, typed: str) -> None:
        word = typed.split(" ")[0].lower()
        self.query_one("#fields", Static).update(self._fields(word))
        outcome = self.query_one("#outcome", Static)
        if not typed.strip():
            outcome.update("")
            return
        if self.problem:
            outcome.update(Content.styled(self.problem, "$error"))
            return
        ledger = self._preview(typed.strip())
        line = ledger.lines[self._place]
        total = f"{number_text.count(ledger.parameters)} parameters, {number_text.size(ledger.bytes)} in all"
        own = f"{line.shape}   {number_text.count(line.parameters)} parameters"
        outcome.update(Content.styled(f"{own} · {total}", "$accent"))

    def _fields(self, word: str) -> Content:
        if word not in self._known:
            names = [name for name in sorted(self._known) if name.startswith(word)] or sorted(self._known)
            return Content.styled("  ".join(names), "$quiet")
        lines = [_described(field) for field in self._known[word]] or ["no settings"]
        return Content.styled("\n".join(lines), "$quiet")

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        if not self.problem:
            self.dismiss(event.value.strip())

    def on_key(self, event: events.Key) -> None:
        """Tab completes, as right does."""
        if event.key == "tab":
            event.stop()
            event.prevent_default()
            self.query_one(Input).action_cursor_right()


def _described(field: Field) -> str:
    default = "" if field.default is REQUIRED else f" ({field.show(field.default)})"
    return f"{field.short or field.name:<12}{field.help}{default}"
