"""The screen of a race: head, curves of all variants, table, message, keys."""

from __future__ import annotations

import math
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from nnplay.config import RunConfig
from nnplay.fields import number
from nnplay.sweeps.race import MOST_VARIANTS, Race, VariantState, band, rank_variants
from nnplay.sweeps.seed_summary import summarize_seeds
from nnplay.text import counted, figure, percent
from nnplay.training.curves.history import Curve
from nnplay.tui.commands.actions import connect
from nnplay.tui.commands.screen_keys import bindings, methods_of_screen
from nnplay.tui.dialogs.key_screen import KeyScreen
from nnplay.tui.dialogs.reading import find_cut_texts, whole_texts
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.race.keys import KEYS
from nnplay.tui.race.race_table import RaceTable
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.keys_line import KeysLine
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.screen_head import ScreenHead

_LOOKS: Final = 0.3
"""Seconds between two frames: eight curves cost up to 10 KiB each time, and a screen may send 40 KiB a second."""


class RaceScreen(KeyScreen[RunConfig]):
    """Answers the run of the variant that was taken, or nothing.

    Args:
        race: begins when the screen opens.
        about: what the run is about, for the head.
    """

    AUTO_FOCUS = None
    OWN_KEYS = KEYS
    HEADING = "race"
    PLACE = "a race"
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    RaceScreen { background: $background; color: $foreground; }
    RaceScreen RaceTable { height: auto; max-height: 50%; }
    """

    def __init__(self, race: Race, about: str) -> None:
        super().__init__()
        self._race, self._about = race, about
        self._states: list[VariantState] = race.states()
        self._curves, self._table = CurveView(id="race-curves"), RaceTable(race.has_accuracy, not race.only_seeds)
        self._curves.has_legend = race.only_seeds
        self._curves.can_focus = False  # the keys are the screen's own
        self._head = ScreenHead("race")
        self._timer: Timer | None = None
        self._told = False
        self.groups: tuple[object, ...] = (self,)
        connect(self, methods_of_screen(KEYS), self.groups)

    def compose(self) -> ComposeResult:
        """Head, curves, table, message, keys."""
        yield self._head
        yield self._curves
        yield self._table
        yield MessageLine()
        yield KeysLine(KEYS)

    def on_mount(self) -> None:
        """Start the race."""
        self._table.styles.height = min(len(self._states), 2 * MOST_VARIANTS) + 1
        self._curves.invite("the curves of all variants appear here")
        self._race.start()
        self.say(self._race.caution)
        self._look()
        self._timer = self.set_interval(_LOOKS, self._look)

    def on_unmount(self) -> None:
        """End the threads, however the screen was left."""
        self._race.close()

    # -- following the race ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._states = self._race.states()
        finished = self._race.finished
        self._curves.running = not finished
        self._curves.show(self._shown_curves())
        self._table.show(self._states)
        self._head.show(self._describe())
        if finished and not self._told:
            self._told = True
            self.say(self._result())

    def _shown_curves(self) -> dict[str, Curve]:
        if self._race.only_seeds:
            middle = band(self._states)
            title = f"median of {counted(len(self._states), 'seed')}, quartiles dimmed"
            return {} if middle is None else {title: middle}
        return {state.name: state.curve for state in self._states if state.curve is not None}

    def _describe(self) -> str:
        epoch = min((state.epoch for state in self._states if not state.fault), default=0)
        noun = "seed" if self._race.only_seeds else "variant"
        parts = [self._about, counted(len(self._states), noun), f"epoch {epoch:,} of {self._race.epochs:,}"]
        if self._race.line:
            parts.append(f"line: {self._line_words()}")
        parts.append("finished" if self._race.finished else "running" if self._race.running else "paused")
        return " · ".join(part for part in parts if part)

    def _line_words(self) -> str:
        if self._race.has_accuracy:
            return f"accuracy {percent(self._race.line, 1)}"
        return f"loss {figure(self._race.line, 4)}"

    def _result(self) -> str:
        """Who won, by what; of seeds what they say together."""
        if self._race.only_seeds:
            values = [math.nan if one.fault else getattr(one, self._race.score) for one in self._states]
            words = summarize_seeds(self._race.score, values)
            return f"{self._race.caution}; {words}" if self._race.caution else words
        first = self._states[rank_variants(self._states, self._race.has_accuracy)[0]]
        if first.fault:
            return "no variant came to the end"
        score = f"accuracy {percent(first.accuracy, 1)}" if self._race.has_accuracy else f"loss {figure(first.loss, 4)}"
        if self._race.caution:
            return f"{first.name} leads with {score}, but {self._race.caution}; {self._taking()}"
        if first.crossed:
            return f"{first.name} was first over the line, at epoch {first.crossed:,}; {self._taking()}, + goes on"
        return f"{first.name} is ahead with validation {score}; {self._taking()}, + goes on"

    def _taking(self) -> str:
        """What enter takes: the cursor may have been moved away from the one that leads."""
        leader = rank_variants(self._states, self._race.has_accuracy)[0]
        return (
            "enter takes it" if self._table.chosen == leader else f"enter takes {self._states[self._table.chosen].name}"
        )

    # -- keys ------------------------------------------------------------------------------------------------------

    def toggle_race(self) -> None:
        """Run or pause."""
        if self._race.finished:
            self._look()  # says the result first, which would replace this later
            self.say("the race is over; + goes on, enter takes a variant")
        elif self._race.running:
            self._race.pause()
            self.say("paused")
        else:
            self._race.start()
            self.say("")
        self._look()

    def go_on(self) -> None:
        """Half as many epochs more."""
        self._race.extend(max(1, self._race.epochs // 2))
        self._told = False
        self._race.start()
        self.say(f"to epoch {self._race.epochs:,}")
        self._look()

    def take_variant(self) -> None:
        """Close with the run under the cursor."""
        run = self._race.run_of(self._table.chosen)
        if run is None:
            self.say("this variant cannot be trained", error=True)
        else:
            self.dismiss(run)

    @on(RaceTable.Chosen)
    def _clicked(self) -> None:
        self.take_variant()

    def move(self, by: int) -> None:
        """The variant above or below."""
        if not self._table.move(by):
            self.say("this is the first variant" if by < 0 else "this is the last variant")

    def ask_line(self) -> None:
        """Set the line."""
        judge = self._race.judge
        if self._race.has_accuracy:
            score = f"share of real rows that the {judge} takes for real" if judge else "accuracy on validation rows"
            field = number("line", 0.9, f"{score} that decides; 0 for none", low=0.0, high=1.0)
        else:
            field = number("line", 0.1, "validation loss that decides; 0 for none", low=0.0)

        def take(text: str | None) -> None:
            if text is not None:
                self._race.draw_line(float(field.read(text)))
                self._told = False
                self._look()

        self.ask(AskValue("the line", field, f"{self._race.line:g}"), take)

    def log_scale(self) -> None:
        """Logarithmic or linear."""
        self._curves.logarithmic = not self._curves.logarithmic
        self._curves.forget()
        self._curves.redraw()
        self.say("logarithmic scale" if self._curves.logarithmic else "linear scale")

    def smooth(self) -> None:
        """The next degree."""
        self.say(self._curves.smoother())

    def cursor(self, by: int) -> None:
        """Read values at another step."""
        self._curves.action_cursor(by)
        if not any(len(curve) for curve in self._shown_curves().values()):
            self.say("there are no values yet")

    def copy_view(self) -> None:
        """The table as text."""
        self.app.copy_to_clipboard(self._table.plain_text)
        self.say("copied the table")

    def show_whole(self) -> None:
        """Show in full what found no room."""
        texts = find_cut_texts([self._table])
        if texts:
            self.ask(whole_texts(texts))
        else:
            self.say("nothing is cut short here")
