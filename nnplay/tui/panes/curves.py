"""The curves pane: loss, accuracy, gradient norm and learning rate, one family at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from textual.app import ComposeResult
from textual.content import Content

from nnplay.run.runs.listed_run import AXES, ListedRun, place_steps
from nnplay.run.snapshot import Snapshot
from nnplay.timeline.branch_curves import branch_title, parse_curve_name
from nnplay.training.curves.history import BRANCH_PREFIX, Curve
from nnplay.training.numbers import label, short
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.panes.base import Pane
from nnplay.tui.widgets.curve_view import CurveView, Places

FAMILIES: Mapping[str, Mapping[str, str]] = {
    "loss": {"train_loss": short("train_loss"), "validation_loss": short("validation_loss")},
    "accuracy": {"validation_accuracy": label("validation_accuracy")},
    "gradient": {"gradient_norm": "each batch"},
    "rate": {"lr": "each step"},
}
_TITLES: Mapping[str, str] = {
    "gradient": label("gradient_norm"),
    "rate": label("lr"),
    "players": "loss of each player",
    "forks": f"{label('loss')} of this run and others",
}
"""What families are called where their own name does not say it."""
_FIRST_EPOCH = {"loss": label("loss")}
"""Shown until the first epochs are over: the loss of single batches."""
PLAYERS = "players"
"""The losses of several objectives, side by side."""
FORKS = "forks"
"""The run and its forks, and other runs of the session that are laid over it, compared."""
_OTHER = "run."
"""What stands before the number of another run where its curve is meant."""


class CurvesPane(Pane):
    """Shows one family of curves; `[` and `]` change it."""

    number, heading = HEADINGS["curves"]
    slow = True

    def __init__(self) -> None:
        super().__init__(id="curves")
        self.family = "loss"
        self._curves: Mapping[str, Curve] = {}
        self._values: Mapping[str, float] = {}
        self._players: tuple[str, ...] = ()
        self._axis, self._batches, self._clock, self._end = AXES[0], 0, Curve(2), (0, 0.0)
        self._others: Sequence[ListedRun] = ()

    def compose(self) -> ComposeResult:
        """One view."""
        yield CurveView()

    def on_mount(self) -> None:
        """Name the families in the border."""
        self._write_title()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the newest values."""
        view = self.query_one(CurveView)
        if snapshot.step == 0:
            view.forget()
        view.running = snapshot.running
        if snapshot.players != self._players:
            self._players = snapshot.players
            self.choose(PLAYERS if self._players else "loss")
        self._curves = snapshot.curves
        self._batches, self._clock, self._end = snapshot.batches, snapshot.clock, (snapshot.latest, snapshot.seconds)
        self._draw()

    def show_numbers(self, snapshot: Snapshot) -> None:
        """The legend's values: those of the header, newer than the curves, in the past older."""
        self._values = {
            "loss": snapshot.batch_loss,
            "train_loss": snapshot.train_loss,
            "validation_loss": snapshot.validation_loss,
            **snapshot.metrics,
        }
        self._write_values()

    def invite(self, key: str, *, waiting: bool) -> None:
        """Say what leads to the first values.

        Args:
            key: that starts the training.
            waiting: whether it has been pressed, and the training starts as soon as it can.
        """
        words = "training starts soon" if waiting else f"press {key}"
        self.query_one(CurveView).invite(f"{words}: the loss appears here")

    def turn(self, by: int) -> bool:
        """Show the next family that has values; returns whether there is another one."""
        every = self._families()
        names = [name for name in every if any(key in self._curves for key in every[name])] or list(FAMILIES)
        place = names.index(self.family) if self.family in names else 0
        self.choose(names[(place + by) % len(names)])
        return len(names) > 1

    def choose(self, family: str) -> None:
        """Show this family."""
        self.family = family
        view = self.query_one(CurveView)
        view.logarithmic = self.family != "accuracy"
        view.forget()
        self._write_title()
        self._draw()

    def lay_over(self, others: Sequence[ListedRun]) -> None:
        """Lay other runs of the session over this one's curves; none takes them away."""
        before, self._others = self._others, others
        if [run.number for run in before] != [run.number for run in others]:
            self.choose(FORKS if others else "loss")

    def turn_axis(self) -> str:
        """Draw by step, by epoch or by seconds; returns which."""
        self._axis = AXES[(AXES.index(self._axis) + 1) % len(AXES)]
        self._draw()
        return self._axis

    def _families(self) -> Mapping[str, Mapping[str, str]]:
        """Those of every run, and its forks where it has some."""
        names = [name for name in self._curves if name.startswith(BRANCH_PREFIX)]
        forks = {name: _title_of_fork(name) for name in names}
        families = dict(FAMILIES)
        if self._players:
            own, *others = self._players
            families = {PLAYERS: {"loss": own, **{f"{name}_loss": name for name in others}}, **families}
            families["gradient"] = {"gradient_norm": own, **{f"{name}_gradient_norm": name for name in others}}
            families["rate"] = {"lr": own, **{f"{name}_lr": name for name in others}}
        laid_over = {f"{_OTHER}{run.number}": run.legend for run in self._others}
        return {**families, FORKS: {"loss": "this run", **laid_over, **forks}} if forks or laid_over else families

    def _draw(self) -> None:
        view = self.query_one(CurveView)
        view.comparing = self.family == FORKS
        self._write_values()
        found = {**self._curves, **{f"{_OTHER}{run.number}": _losses(run) for run in self._others}}
        shown = {name: key for key, name in self._names(found).items() if key in found}
        places = {name: self._places_of(key) for name, key in shown.items()}
        view.show({name: found[key] for name, key in shown.items()}, self._axis, places)

    def _places_of(self, key: str) -> Places:
        """Where the steps of a curve lie on the axis: of another run by its own epochs and seconds."""
        other = next((run for run in self._others if key == f"{_OTHER}{run.number}"), None)
        if other is not None:
            return partial(other.places, axis=self._axis)
        return partial(place_steps, axis=self._axis, batches=self._batches, clock=self._clock, end=self._end)

    def _write_values(self) -> None:
        names = self._names(self._curves)
        shown = {names[key]: value for key, value in self._values.items() if key in names}
        self.query_one(CurveView).show_values(shown)

    def _names(self, curves: Mapping[str, Curve]) -> Mapping[str, str]:
        """The curves of the family that is shown, each with its name in the legend."""
        if self.family == "loss" and ("train_loss" not in curves or len(curves["train_loss"].steps) < 2):
            return _FIRST_EPOCH
        return self._families().get(self.family, FAMILIES["loss"])

    def _write_title(self) -> None:
        self.border_title = Content(f"{self.number} {self.heading}: {_TITLES.get(self.family, self.family)}")
        self.border_subtitle = Content("[ ] · g log · m smooth · X axis")


def _losses(run: ListedRun) -> Curve:
    return run.curves.get("loss", Curve(2))


def _title_of_fork(name: str) -> str:
    step, words = parse_curve_name(name)
    return branch_title(words, step)
