"""The screen of the runs of a session: their list, one way to compare them, message, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from nnplay.fields import text
from nnplay.run.runs.comparison import difference
from nnplay.run.runs.listed_run import AXES, ListedRun, name_number
from nnplay.run.runs.run_list import RunList
from nnplay.text import counted
from nnplay.training.curves.history import Curve
from nnplay.tui.commands.actions import connect
from nnplay.tui.commands.screen_keys import bindings, methods_of_screen
from nnplay.tui.dialogs.key_screen import KeyScreen
from nnplay.tui.dialogs.reading import find_cut_texts, whole_texts
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.runs import panels
from nnplay.tui.runs.keys import KEYS
from nnplay.tui.runs.run_table import RunTable
from nnplay.tui.runs.side_by_side import Made, SideBySide
from nnplay.tui.runs.view_state import VIEWS, RunsViewState
from nnplay.tui.widgets.cells import Cells, Row
from nnplay.tui.widgets.curve_view import CurveView, Places
from nnplay.tui.widgets.keys_line import KeysLine
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.screen_head import ScreenHead

#: Curves in the order in which they are turned.
_CURVES: Final = ("validation_loss", "train_loss", "validation_accuracy", "loss", "gradient_norm", "lr")
#: Runs that are compared at the most: as many as there are colours.
MOST_SHOWN: Final = 6
_LOOK_SECONDS: Final = 0.5
#: Shares of a run between two steps of the difference.
_STEPS: Final = 20


class RunsPanel(Cells):
    """Draws what is not a curve: settings, a difference, or outputs."""

    def __init__(self) -> None:
        super().__init__(id="runs-panel")
        self._draw: Callable[[int, int], Sequence[Row]] = lambda width, height: ()

    def show(self, draw: Callable[[int, int], Sequence[Row]]) -> None:
        """Draw by this from now on."""
        self._draw = draw
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """What was asked for."""
        return self._draw(width, height)


class RunsScreen(KeyScreen[tuple[str, int]]):
    """Answers what is to be done with a run, `go` or `restart`, and its number; or nothing.

    Args:
        runs: of the session.
        side_by_side: makes them again.
        state: how the screen was left.
        about: what the present run is about.
    """

    AUTO_FOCUS = None
    OWN_KEYS = KEYS
    HEADING = "runs"
    PLACE = "the list of runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    DEFAULT_CSS = """
    RunsScreen { background: $background; color: $foreground; }
    RunsScreen RunTable { height: auto; }
    """

    def __init__(self, runs: RunList, side_by_side: SideBySide, state: RunsViewState, about: str) -> None:
        super().__init__()
        self._list, self._making, self.state, self._about = runs, side_by_side, state, about
        self._rows: list[ListedRun] = []
        self._made: Made = Made()
        self._asked: object = None
        self._asked_steps: Sequence[int] = ()
        self._under_way = False
        self._step: int | None = None
        self._head, self._table, self._panel = ScreenHead("runs", VIEWS), RunTable(), RunsPanel()
        self._curves = CurveView(id="runs-curves")
        self._curves.can_focus = False  # the keys are the screen's own
        self._curves.comparing, self._curves.running = True, False
        self.groups: tuple[object, ...] = (self,)
        connect(self, methods_of_screen(KEYS), self.groups)

    def compose(self) -> ComposeResult:
        """Head, list, view, message, keys."""
        yield self._head
        yield self._table
        yield self._curves
        yield self._panel
        yield MessageLine()
        yield KeysLine(KEYS)

    def on_mount(self) -> None:
        """Follow the runs: the present one may train on."""
        self._curves.invite("the curves of the runs appear here: press esc, then space, to train")
        self._look()
        self.set_interval(_LOOK_SECONDS, self._look)

    def on_unmount(self) -> None:
        """Nothing is made any more."""
        self._making.close()

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> ListedRun | None:
        """The run under the cursor."""
        return next((run for run in self._rows if run.number == self._table.chosen), None)

    @property
    def shown(self) -> list[ListedRun]:
        """The runs that are compared: those that were marked, and that under the cursor; else the present one too."""
        numbers = [*self.state.marked, self._table.chosen]
        if not self.state.marked:
            numbers = [*(run.number for run in self._rows if run.present), self._table.chosen]
        by_number = {run.number: run for run in self._rows}
        return [by_number[one] for one in dict.fromkeys(numbers) if one in by_number][-MOST_SHOWN:]

    def _look(self) -> None:
        """Everything anew."""
        self._rows = self._list.rows()
        numbers = [run.number for run in self._rows]
        self.state.marked[:] = [number for number in self.state.marked if number in numbers]
        if self._table.chosen not in numbers:
            self._table.chosen = next((run.number for run in self._rows if run.present), 0)
        self._table.styles.height = max(2, min(len(numbers) + 1, (self.size.height - 4) * 2 // 5))
        self._table.show(self._rows, [run.number for run in self.shown], self.state.marked)
        self._curves.display = self.state.view == "curves"
        self._panel.display = not self._curves.display
        {"curves": self._show_curves, "settings": self._show_settings}.get(self.state.view, self._show_made)()
        self._head.show(self._describe(), self.state.view)

    def _describe(self) -> str:
        marked = f"{len(self.state.marked)} laid over" if self.state.marked else ""
        what = ""
        if self.state.view == "curves":
            what = f"{name_number(self._curve, self.shown)} by {self.state.axis}"
        elif self.state.view == "output":
            what = self._made.view
        return " · ".join(part for part in (self._about, counted(len(self._rows), "run"), marked, what) if part)

    @property
    def _known_curves(self) -> list[str]:
        known = [name for name in _CURVES if any(name in run.curves and not run.hides(name) for run in self.shown)]
        return known or [_CURVES[0]]

    @property
    def _curve(self) -> str:
        known = self._known_curves
        return self.state.curve if self.state.curve in known else known[0]

    def _show_curves(self) -> None:
        found, places = dict[str, Curve](), dict[str, Places]()
        for run in self.shown:
            found[run.legend] = run.curves.get(self._curve, Curve(2))
            places[run.legend] = _places(run, self.state.axis)
        self._curves.show(found, self.state.axis, places)

    def _show_settings(self) -> None:
        runs = self.shown
        self._panel.show(lambda width, height: panels.draw_settings(runs, width, height, self._panel.look))

    @property
    def step(self) -> int:
        """The step at which two runs are compared: the newest one that both have, unless another was chosen."""
        most = min((run.latest for run in self.shown[-2:]), default=0)
        return most if self._step is None else min(self._step, most)

    def _show_made(self) -> None:
        """A difference or outputs: what there is of them, and asks for what there is not."""
        runs, look = self.shown, self._panel.look
        if self.state.view == "output":
            made = self._made
            self._panel.show(
                lambda width, height: panels.draw_panels(runs, made.panels, made.view, width, height, look)
            )
            room = panels.room_of(len(runs), *self._panel.size) if all(self._panel.size) else (0, 0)
            if all(room):
                pixels = max(2, look.down * room[1]), max(2, look.across * room[0])
                ask = ("output", [run.number for run in runs], self.state.output, room)
                self._ask_for(
                    ask,
                    [run.latest for run in runs],
                    lambda request: self._making.show(request, runs, self.state.output, room, pixels),
                )
            return
        pair, step = runs[-2:], self.step
        if len(pair) < 2:
            self._panel.show(lambda width, height: panels.draw_difference(pair, None, width, height, look))
            return
        whole = self._made.difference
        found = whole if whole is not None and whole.step == step else difference(pair, step)
        self._panel.show(lambda width, height: panels.draw_difference(pair, found, width, height, look))
        self._ask_for([run.number for run in pair], [step], lambda request: self._making.compare(request, pair, step))

    def _ask_for(self, what: object, steps: Sequence[int], make: Callable[[int], Made | None]) -> None:
        """Has something made beside the event loop; what is there stays until then.

        Args:
            what: for another one of these, the request before is broken off.
            steps: for others of these, it is made anew once that is done.
        """
        if what == self._asked and (self._under_way or steps == self._asked_steps):
            return
        self._asked, self._asked_steps, self._under_way, request = what, steps, True, self._making.begin()

        async def run() -> None:
            try:
                made = await asyncio.to_thread(make, request)
            finally:
                self._under_way = self._under_way and self._asked != what
            if made is not None and self._asked == what and self.is_attached:
                self._made = made
                if made.fault:
                    self.say(made.fault, error=True)
                self._look()

        self.run_worker(run(), exit_on_error=False)

    # -- keys ------------------------------------------------------------------------------------------------------

    def turn(self, by: int) -> None:
        """The next view."""
        self.state.view = VIEWS[(VIEWS.index(self.state.view) + by) % len(VIEWS)]
        self._made, self._asked = Made(), None
        self._look()

    @on(ScreenHead.ViewClicked)
    def _view_clicked(self, event: ScreenHead.ViewClicked) -> None:
        self.turn(event.by)

    def move(self, by: int) -> None:
        """The run above or below."""
        if not self._table.move(by):
            self.say("this is the first run" if by < 0 else "this is the last run")
        self._look()

    @on(RunTable.Moved)
    def _moved(self) -> None:
        self._look()

    def mark(self) -> None:
        """Lay the run over the others, or take it away."""
        number, marked = self._table.chosen, self.state.marked
        if number in marked:
            marked.remove(number)
        elif len(marked) == MOST_SHOWN:
            self.say(f"at most {MOST_SHOWN} runs are laid over each other; space takes one away")
        else:
            marked.append(number)
        self._look()

    def turn_part(self, by: int) -> None:
        """Another curve, or another view of the output."""
        if self.state.view == "curves":
            known = self._known_curves
            self.state.curve = known[(known.index(self._curve) + by) % len(known)]
            self._curves.logarithmic = self.state.curve != "validation_accuracy"
            self._curves.forget()
        elif self.state.view == "output" and self._made.views:
            views = self._made.views
            self.state.output = views[(views.index(self._made.view) + by) % len(views)]
        else:
            self.say("[ and ] turn curves, and views of the output; tab turns to them")
        self._look()

    def turn_axis(self) -> None:
        """Steps, epochs or seconds."""
        if self.state.view != "curves":
            self.say("x is for the curves; tab turns to them")
            return
        self.state.axis = AXES[(AXES.index(self.state.axis) + 1) % len(AXES)]
        self.say(f"by {self.state.axis}" + (" of training" if self.state.axis == "seconds" else ""))
        self._look()

    def cursor(self, by: int) -> None:
        """Another step."""
        if self.state.view == "difference":
            most = min((run.latest for run in self.shown[-2:]), default=0)
            self._step = max(0, min(most, self.step + by * max(1, most // _STEPS)))
            self._look()
        elif self.state.view == "curves":
            self._curves.action_cursor(by)
        else:
            self.say("left and right choose a step of curves and differences; tab turns to them")

    def log_scale(self) -> None:
        """Logarithmic or linear."""
        self._curves.logarithmic = not self._curves.logarithmic
        self._curves.forget()
        self._curves.redraw()
        self.say("logarithmic scale" if self._curves.logarithmic else "linear scale")

    def smooth(self) -> None:
        """The next degree."""
        self.say(self._curves.smoother())

    def go_to_run(self) -> None:
        """Close with the run under the cursor."""
        run = self.chosen
        if run is None:
            return
        if run.present:
            self.say("this run is the one on the screen; esc goes back to it")
        elif not run.is_kept:
            self.say(
                "only curves and settings of this run are kept; n restarts it from step 0, with the same numbers",
                error=True,
            )
        else:
            self.dismiss(("go", run.number))

    @on(RunTable.Chosen)
    def _clicked(self) -> None:
        self.go_to_run()

    def restart_run(self) -> None:
        """Close with the settings of the run under the cursor."""
        if (run := self.chosen) is not None:
            self.dismiss(("restart", run.number))

    def ask_name(self) -> None:
        """A name for the run under the cursor."""
        run = self.chosen
        if run is None:
            return

        def take(name: str | None) -> None:
            if name is not None:
                self._list.name(run.number, name)
                self._look()

        self.ask(
            AskValue(f"name of run {run.number}", text("name", "", "what this run is called"), run.label.name), take
        )

    def copy_view(self) -> None:
        """List and view as text."""
        view = self._curves if self.state.view == "curves" else self._panel
        self.app.copy_to_clipboard(f"{self._table.plain_text}\n{view.plain_text}")
        self.say("copied the list and the view")

    def show_whole(self) -> None:
        """Show in full what found no room."""
        self.ask(whole_texts(find_cut_texts([self._head, self._table, self._curves, self._panel])))


def _places(run: ListedRun, axis: str) -> Places:
    return lambda steps: run.places(steps, axis)
