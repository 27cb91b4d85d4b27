"""Dialogs that pick one word, or several, out of a list that typing narrows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Input, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from nnplay.text import clean
from nnplay.tui.dialogs.base import Dialog
from nnplay.tui.widgets.cells import fit


class Choose(Dialog[str]):
    """Answers one of `choices`, or nothing; typing narrows the list.

    Args:
        notes: a remark beside each choice.
        shown: what stands on the screen for each choice, where that is not itself.
        free: what was typed may be the answer too, where it narrows the list to nothing.
        about: some sentences on each choice, shown below the list for the one under the cursor.
    """

    DEFAULT_CSS = """
    Choose > Vertical { width: 84; }
    Choose .about { height: 3; margin-top: 1; color: $quiet; }
    """

    def __init__(
        self,
        title: str,
        lead: str,
        choices: Sequence[str],
        current: str = "",
        notes: Sequence[str] = (),
        *,
        shown: Sequence[str] = (),
        free: bool = False,
        about: Sequence[str] = (),
    ) -> None:
        super().__init__(title, "↑ ↓ choose · enter take · type to filter · esc back")
        self._lead, self._choices, self._current = lead, list(choices), current
        self._notes = list(notes) or [""] * len(self._choices)
        self._shown = list(shown) or self._choices
        self._free = free
        self._about = list(about)

    def body(self) -> ComposeResult:
        """Lead, filter, list."""
        yield Static(Content(self._lead), classes="lead")
        yield Input(placeholder="filter")
        yield OptionList(markup=False)
        if self._about:
            yield Static(classes="about")

    @on(OptionList.OptionHighlighted)
    def _tell(self, event: OptionList.OptionHighlighted) -> None:
        if self._about:
            self.query_one(".about", Static).update(Content(clean(self._about[_number(event.option)], 400)))

    def on_mount(self) -> None:
        """Fill the list and put the cursor on the present value."""
        self._fill("")
        options = self.query_one(OptionList)
        if self._current in self._choices:
            options.highlighted = self._choices.index(self._current)

    def _fill(self, words: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        wanted = words.strip().lstrip("/").lower() if not self._free else words.strip().lower()
        width = max((cell_len(clean(text)) for text in self._shown), default=0) + 2
        room = max(8, min(84, int(0.96 * self.size.width)) - 6 - width)
        for index, (text, note) in enumerate(zip(self._shown, self._notes, strict=True)):
            if wanted in f"{text} {note}".lower():
                line = Content.assemble(fit(clean(text), width), (fit(clean(note), room).rstrip(), "$quiet"))
                options.add_option(Option(line, id=f"choice-{index}"))
        if options.option_count:
            options.highlighted = 0

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _take(self) -> None:
        options = self.query_one(OptionList)
        typed = self.query_one(Input).value.strip()
        if options.highlighted is not None:
            options.action_select()
        elif self._free and typed:
            self.dismiss(typed)

    @on(OptionList.OptionSelected)
    def _take_choice(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[_number(event.option)])

    def on_key(self, event: events.Key) -> None:
        """Arrows move the list while the filter has the focus."""
        options = self.query_one(OptionList)
        if event.key == "up" and not options.has_focus:
            options.action_cursor_up()
            event.stop()
        elif event.key == "down" and not options.has_focus:
            options.action_cursor_down()
            event.stop()


def line_dialog(lines: Sequence[tuple[str, str]]) -> Choose:
    """Which other line of a run is trained from now on: each with how far it has come."""
    lead = "it is trained, shown and saved from now on; the present line lies beside it"
    return Choose("train on from another line", lead, [words for words, _ in lines], notes=[note for _, note in lines])


def _number(option: Option) -> int:
    return int(str(option.id).removeprefix("choice-"))


class Switches(SelectionList[int]):
    """Shows by a letter, not by colour alone, what is switched on."""

    def render_line(self, y: int) -> Strip:
        """The choice behind `[x]` or `[ ]`."""
        strip = super().render_line(y)
        place = self.scroll_offset.y + y
        if place >= self.option_count:
            return strip
        _, mark, _, *rest = strip
        on = self.get_option_at_index(place).value in self.selected
        return Strip([Segment("[x]" if on else "[ ]", mark.style), *rest])


class ChooseMany(Dialog[tuple[str, ...]]):
    """Answers a selection of `choices` in their order, or nothing."""

    def __init__(self, title: str, lead: str, choices: Sequence[str], current: Sequence[str]) -> None:
        super().__init__(title, "↑ ↓ move · space switch · enter done · esc back")
        self._lead, self._choices, self._current = lead, list(choices), set(current)

    def body(self) -> ComposeResult:
        """Lead and a list of switches."""
        yield Static(Content(self._lead), classes="lead")
        yield Switches(
            *(
                Selection(Content(clean(choice)), index, choice in self._current)
                for index, choice in enumerate(self._choices)
            )
        )

    def on_key(self, event: events.Key) -> None:
        """Enter ends the dialog; space switches."""
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            chosen = set(self.query_one(SelectionList).selected)
            self.dismiss(tuple(choice for index, choice in enumerate(self._choices) if index in chosen))
