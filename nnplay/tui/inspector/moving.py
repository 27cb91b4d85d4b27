"""Moves through a run: by rows, steps and epochs, to a step, and until a condition holds."""

from __future__ import annotations

from nnplay.fields import REQUIRED, integer
from nnplay.inspector.breakpoints import KINDS, Breakpoint
from nnplay.tui.inspector.asking import AskText
from nnplay.tui.inspector.walk import Ask, Say, Walk
from nnplay.tui.picker.choice import plain_choices
from nnplay.tui.picker.screen import Picker, take_picked
from nnplay.tui.picker.shelf import Shelf

_STEP = integer("step", REQUIRED, "a step's number", low=1, high=10**9)


class MoveActions:
    """The keys that move the run.

    Args:
        walk: makes the moves.
        ask: opens the dialogs for a step and for a condition.
        say: tells where there is no way to go.
    """

    def __init__(self, walk: Walk, ask: Ask, say: Say) -> None:
        self._walk, self._ask, self._say = walk, ask, say
        self._moves = walk.inspecting.moves

    def next_row(self) -> None:
        """Run one row."""
        self._walk.move(self._moves.next)

    def previous_row(self) -> None:
        """Undo one row."""
        self._walk.move(self._moves.previous)

    def finish_phase(self) -> None:
        """Run the rest of the phase."""
        self._walk.move(self._moves.phase_end)

    def go_by_steps(self, by: int) -> None:
        """Go some steps forward or back."""
        self._walk.move(lambda: self._moves.step(by))

    def go_by_epochs(self, by: int) -> None:
        """Go some epochs forward or back."""
        self._walk.move(lambda: self._moves.epoch(by))

    def go_to_end(self, side: int) -> None:
        """Go to the first or the latest step."""
        if self._walk.view is not None:
            self._walk.go_to(self._walk.view.first if side < 0 else self._walk.view.latest)

    def mark_row(self) -> None:
        """Make the row that is looked at the next one to run."""
        if self._walk.view is not None:
            row = self._walk.view.detail.row.number
            if row == self._walk.view.at:
                self._say("this is the next row to run already")
            else:
                self._walk.move(lambda: self._moves.to_row(row))

    def ask_step(self) -> None:
        """Type the step to go to."""
        if self._walk.view is None:
            return
        view = self._walk.view
        taken = (
            f"steps {view.first + 1:,} to {view.latest:,} have been taken" if view.latest > view.first else "none yet"
        )
        lead = f"{taken}; for a later one, training continues up to it"

        def go(text: str | None) -> None:
            if text is not None:
                step: int = _STEP.read(text)
                self._walk.move(lambda: self._moves.train_to(step - 1))

        self._ask(AskText("go to step", lead, str(view.step + 1), _STEP.read), go)

    def run_until(self) -> None:
        """Choose the condition to stop at."""
        view = self._walk.view
        if view is None:
            return

        def hunt(kind: str) -> None:
            if kind == "step":
                self.ask_step()
            else:
                stop = Breakpoint(kind, row=view.detail.row.number)  # type: ignore[arg-type]
                self._walk.move(lambda: self._moves.hunt(stop))

        lead = "stops before the next step"
        choices = plain_choices(list(KINDS), list(KINDS.values()))
        self._ask(Picker([Shelf("run until", lead, choices, hunt)]), take_picked)
