"""The timeline bar: the whole run as one line, with the present step and the changes of the change log on it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from nnplay.run.snapshot import Snapshot
from nnplay.tui.widgets.cells import Cells, Row, Run, joined


class TimelineBar(Cells):
    """One line; a click or a drag asks for the step under the mouse.

    Args:
        word: what is said before the numbers; where the next step is shown, they are of steps that have been taken.
    """

    DEFAULT_CSS = "TimelineBar { height: 1; }"

    class Wanted(Message):
        """The user wants to be at a step."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, word: str = "step") -> None:
        super().__init__(id="timeline-bar")
        self._word = word
        self.first = self.step = self.latest = 0
        self._marks: tuple[int, ...] = ()
        self._begin, self._length = 0, 1
        self._held = self._runs = False

    def show(self, first: int, step: int, latest: int, marks: Sequence[int] = ()) -> None:
        """Draw a run from `first` to `latest` that stands at `step`, with marks at some steps."""
        self.first, self.step, self.latest, self._marks = first, step, latest, tuple(marks)
        self.redraw()

    def follow(self, now: Snapshot) -> None:
        """Draw where a run stands; while it trains only its changes are news, as the header counts the steps."""
        if now.running:
            self._runs, self._marks = True, ()
            self.redraw()
        else:
            self._runs = False
            self.show(now.first, now.step, now.latest, now.marks)

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """First step, track, latest step."""
        look = self.look
        if self._runs:
            return [((f" {look.pick('━', '=') * (width - 2)} ", look.ink("faint")),)]
        digits = len(f"{self.latest:,}")
        left, right = f" {self.first:,} ", f" {self._word} {self.step:>{digits},} of {self.latest:,} "
        self._begin, self._length = len(left), max(1, width - len(left) - len(right))
        knob, marked = self._column(self.step), {self._column(step) for step in self._marks}
        runs: list[Run] = [(left, look.ink("dim"))]
        for column in range(self._length):
            if column == knob:
                runs.append((look.pick("●", "O"), look.ink("accent", bold=True)))
            elif column in marked:
                runs.append((look.pick("┻", "^"), look.ink("warning")))
            else:
                past = column < knob
                runs.append(
                    (look.pick("━" if past else "─", "=" if past else "-"), look.ink("accent" if past else "faint"))
                )
        return [joined([*runs, (right, look.ink("text"))])]

    def _column(self, step: int) -> int:
        span = max(1, self.latest - self.first)
        return round((step - self.first) / span * (self._length - 1)) if self.latest > self.first else 0

    def step_at(self, column: int) -> int:
        """The step under a column of the widget."""
        share = (column - self._begin) / max(1, self._length - 1)
        return self.first + round(min(1.0, max(0.0, share)) * (self.latest - self.first))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the knob."""
        if self._runs:
            return
        self._held = True
        self.capture_mouse()
        self.post_message(self.Wanted(self.step_at(event.x)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw the knob along."""
        if self._held:
            self.post_message(self.Wanted(self.step_at(event.x)))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go."""
        self._held = False
        self.release_mouse()
