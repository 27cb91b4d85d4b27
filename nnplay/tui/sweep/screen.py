"""The screen of a sweep: how far it is, one of its views, the trial under the cursor, message, keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.fields import text
from nnplay.sweeps.live import BOARD_SECONDS, LiveSweep
from nnplay.sweeps.ranking import score_text
from nnplay.sweeps.trial_filter import parse_filter
from nnplay.system.paths import shown as shown_path
from nnplay.text import clean, counted
from nnplay.tui.commands.actions import connect
from nnplay.tui.commands.screen_keys import bindings, methods_of_screen
from nnplay.tui.dialogs.key_screen import KeyScreen
from nnplay.tui.dialogs.reading import find_cut_texts, whole_texts
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.sweep.keys import KEYS
from nnplay.tui.sweep.view_state import ViewState, short_name
from nnplay.tui.sweep.views import VIEWS, SweepView, TrialLine
from nnplay.tui.widgets.keys_line import KeysLine
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.screen_head import ScreenHead

_GO_ON: Final = "space goes on"


@dataclass(frozen=True, slots=True)
class TakenTrial:
    """A trial that goes into the playground: its number and its run."""

    number: int
    run: RunConfig


class SweepScreen(KeyScreen[TakenTrial]):
    """Answers the trial that was taken, or nothing; the sweep goes on when the screen is left.

    Args:
        sweep: is followed.
    """

    AUTO_FOCUS = None
    OWN_KEYS = KEYS
    HEADING = "sweep"
    PLACE = "a sweep"
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = "SweepScreen { background: $background; color: $foreground; }"

    def __init__(self, sweep: LiveSweep) -> None:
        super().__init__()
        self._sweep = sweep
        self.state = ViewState(sweep.sweep)
        self._view = SweepView(self.state)
        self._head, self._trial = ScreenHead("sweep", tuple(VIEWS)), TrialLine()
        self._told, self._stops = "", False
        self.groups: tuple[object, ...] = (self,)
        connect(self, methods_of_screen(KEYS), self.groups)

    def compose(self) -> ComposeResult:
        """Head, view, trial, message, keys."""
        yield self._head
        yield self._view
        yield self._trial
        yield MessageLine()
        yield KeysLine(KEYS)

    def on_mount(self) -> None:
        """Follow the sweep."""
        self._look()
        self.set_interval(BOARD_SECONDS, self._look)

    # -- following the sweep ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._sweep.board is not self.state.board:
            self.state.show(self._sweep.board)
            self._view.redraw()
        self._head.show(self._describe(), self._view.name_of_view)
        self._trial.show(self._trial_words())
        if self._stops and not self._sweep.training:
            self._stops = False
            self.say(f"stopped; {_GO_ON}")
        news = self._sweep.fault or (self._result() if self._sweep.finished else self.state.sweep.caution)
        if news != self._told:
            self._told = news
            self.say(news, error=bool(self._sweep.fault))

    def _draw(self) -> None:
        """Everything anew after a key."""
        self.state.show(self.state.board)
        self._view.redraw()
        self._look()

    def _describe(self) -> str:
        done = len(self.state.board.outcomes)
        state = "finished" if self._sweep.finished else "training" if self._sweep.training else "stopped"
        if not self._sweep.trains_here:
            state = "of a file"
        elif self._sweep.stopping:
            state = "goes on once its last trials have ended" if self._sweep.goes_on else "stopping"
        shown = f"{len(self.state.rows):,} shown: {self.state.filter.text}" if self.state.filter.clauses else ""
        of = f"{done:,} of {counted(self._sweep.asked, 'trial')}" if self._sweep.asked else counted(done, "trial")
        parts = [
            clean(self._sweep.sweep.run.data.source, 60),
            of,
            shown,
            state,
            self._best(),
            shown_path(self._sweep.path),
        ]
        return " · ".join(part for part in parts if part)

    def _best(self) -> str:
        best, goal = self.state.board.best, self.state.sweep.objectives[0].name
        first = self.state.sweep.superlative
        return f"{first} {goal} {score_text(goal, float(best[-1]))}" if len(best) and best[-1] == best[-1] else ""

    def _result(self) -> str:
        best = self._best()
        if not best:
            return "it is finished"
        of_game = f"{self.state.sweep.caution}; " if self.state.sweep.caution else ""
        return f"the sweep is finished: {best}; {of_game}enter takes the trial under the cursor"

    def _trial_words(self) -> str:
        row, outcome = self.state.row, self.state.outcome
        if row is None or outcome is None:
            return "the trials appear here"
        goal = self.state.goal
        names = [goal, *(name for name in self.state.columns if name not in ("trial", goal))]
        words = [f"trial {outcome.trial.number}", *(f"{short_name(one)} {self.state.text(row, one)}" for one in names)]
        return " · ".join(words) + (f" · {clean(outcome.reason, 200)}" if outcome.reason else "")

    # -- keys ------------------------------------------------------------------------------------------------------

    def turn(self, by: int) -> None:
        """The next view."""
        self._view.turn(by)
        self.say("")
        self._draw()

    @on(ScreenHead.ViewClicked)
    def _view_clicked(self, event: ScreenHead.ViewClicked) -> None:
        self.turn(event.by)

    def take_trial(self) -> None:
        """Close with the trial under the cursor."""
        outcome = self.state.outcome
        if outcome is None:
            self.say("there is no trial yet", error=True)
            return
        try:
            run = self._sweep.sweep.run_of(outcome.trial.settings)
        except InputError as error:
            self.say(error.message, error=True)
            return
        self.dismiss(TakenTrial(outcome.trial.number, run))

    @on(SweepView.Chosen)
    def _clicked(self) -> None:
        self.take_trial()

    def toggle_sweep(self) -> None:
        """Stop or go on."""
        if not self._sweep.trains_here:
            self.say("this file is only read; the command that made it goes on with it")
        elif self._sweep.finished:
            self.say("the sweep is finished; enter takes the trial under the cursor")
        elif self._sweep.training and (self._sweep.goes_on or not self._sweep.stopping):
            self._sweep.stop()
            self._stops = True
            self.say(f"stopping; {_GO_ON}")
        elif self._sweep.training:
            self._sweep.start()
            self._stops = False
            self.say("its last trials are still ending; then it goes on")
        else:
            self._sweep.start()
            self.say("training")
        self._look()

    def move(self, by: int) -> None:
        """The trial above or below."""
        if self.state.move(by):
            self.say("")
        elif self.state.row is None:
            self.say("there is no trial yet")
        else:
            self.say("this is the first trial" if by < 0 else "this is the last trial")
        self._draw()

    def sort(self, by: int) -> None:
        """Sort by another column; between the last and the first one, by rank."""
        names = ["", *self.state.columns]
        self.state.sort = names[(names.index(self.state.sort) + by) % len(names)]
        self.state.descending = False
        self._say_sorting()

    def ask_filter(self) -> None:
        """Show only the trials of which some conditions hold."""
        names = self.state.columns
        shown = ", ".join(short_name(name) for name in names)
        field = text("filter", "", f"conditions such as lr>0.01 width=16 diverged; of {shown}")

        def take(written: str | None) -> None:
            if written is None:
                return
            try:
                self.state.filter = parse_filter(written, names)
            except InputError as error:
                self.say(error.message, error=True)
                return
            self._draw()
            count = f"{len(self.state.rows):,} of {counted(len(self.state.board.outcomes), 'trial')}"
            self.say(f"the table has {count}" if self.state.filter.clauses else "the table has all trials")

        self.ask(AskValue("which trials", field, self.state.filter.text), take)

    def reverse(self) -> None:
        """Sort the other way round."""
        self.state.descending = not self.state.descending
        self._say_sorting()

    def _say_sorting(self) -> None:
        descending, name = self.state.descending, self.state.sort
        first = "largest" if descending else "smallest"
        self.say(f"sorted by {name}, the {first} first" if name else f"the {'worst' if descending else 'best'} first")
        self._draw()

    def across(self) -> None:
        """Another column across the scatter."""
        self.state.x = self._next(self.state.x, self.state.y)
        self._say_axes()

    def upwards(self) -> None:
        """Another column upwards in the scatter."""
        self.state.y = self._next(self.state.y, self.state.x)
        self._say_axes()

    def _next(self, name: str, other: str) -> str:
        names = [one for one in self.state.columns if one != other]
        return names[(names.index(name) + 1) % len(names)] if name in names else names[0]

    def _say_axes(self) -> None:
        where = "" if self._view.name_of_view == "scatter" else "the scatter: "
        self.say(f"{where}{self.state.y} against {self.state.x}")
        self._draw()

    def log_scale(self) -> None:
        """Logarithmic or linear scores."""
        self.state.log = not self.state.log
        self.say("logarithmic scale of scores" if self.state.log else "linear scale of scores")
        self._draw()

    def copy_view(self) -> None:
        """The view as text."""
        self.app.copy_to_clipboard(self._view.plain_text)
        self.say(f"copied this view ({self._view.name_of_view})")

    def show_whole(self) -> None:
        """Show in full what found no room."""
        texts = find_cut_texts([self._head, self._view, self._trial])
        if texts:
            self.ask(whole_texts(texts))
        else:
            self.say("nothing is cut short here")
