"""Drawing points on the map while the network trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from textual.app import App

from nnplay.config.run_config import Whole
from nnplay.data.point_text import FARTHEST, MOST_CLASSES, MOST_POINTS, Point, read_points, write_points
from nnplay.data.synthetic.drawn import BEGINNING
from nnplay.text import counted
from nnplay.tui.backend import Backend
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.commands.messages import Messages
from nnplay.tui.dialogs.ask_image import AskImage
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.outputs.point_board import PointBoard
from nnplay.tui.panes.output import OutputPane
from nnplay.views.kinds.generated_points import GeneratedPoints

DATASET: Final = "drawn"
#: All points are learned from: one that was just set would be missed if it were held out.
_ALL: Final = {"train": 1.0, "validation": 0.0, "test": 0.0}
#: Of the points that are on the map already, at most so many are taken over.
_TAKEN: Final = 200


class DrawActions:
    """The action that begins drawing, and what the board asks for."""

    def __init__(
        self, app: App[int], backend: Backend, main: MainScreen, messages: Messages, edits: EditActions
    ) -> None:
        self._app, self._backend, self._main = app, backend, main
        self._messages, self._edits = messages, edits

    def draw_points(self) -> None:
        """Draw points on the map: those that are there, or a handful to begin with."""
        if self._backend.settings.data.name != DATASET:
            points = self._points_of_game() or self._points_on_map() or BEGINNING
            classes = max(2, 1 + max(point.label for point in points))
            data = Whole({"name": DATASET, "points": write_points(points), "classes": classes})
            self._edits.open_data({"data": data, "split": Whole(_ALL)})
        self._main.go("output")
        self._main.query_one(OutputPane).draw_points()
        self._messages.say("a digit sets a point of that class, backspace erases, esc ends; or click")

    def ask_image(self) -> None:
        """Draw an image, and see what the network takes it for."""
        shape = self._backend.askable_shape()
        if not shape[0]:
            self._messages.say("this network does not distinguish images; :preset digits8 does, or :data digits28")
        else:
            self._app.push_screen(AskImage(shape, self._backend.ask_image, lambda: self._backend.snapshot.step > 0))

    def put(self, event: PointBoard.Set) -> None:
        """One more point; a class that is new makes the network larger."""
        points = self._points()
        if len(points) >= MOST_POINTS:
            self._messages.say(f"{MOST_POINTS:,} points are the most", error=True)
            return
        x, y = (min(max(-FARTHEST, value), FARTHEST) for value in (event.x, event.y))
        self._change([*points, Point(x, y, event.label)])

    def erase(self, event: PointBoard.Erased) -> None:
        """One point less: the nearest one within reach."""
        points = self._points()
        distances = [
            ((point.x - event.x) / event.reach[0]) ** 2 + ((point.y - event.y) / event.reach[1]) ** 2
            for point in points
        ]
        nearest = min(range(len(points)), key=lambda place: distances[place], default=-1)
        if nearest < 0 or distances[nearest] > 1:
            self._messages.say("there is no point here to erase")
        elif len(points) == 1:
            self._messages.say("this is the only point; set another one first")
        else:
            self._change([*points[:nearest], *points[nearest + 1 :]])

    def _change(self, points: Sequence[Point]) -> None:
        classes = int(self._backend.settings.data.values.get("classes", 2))
        wanted = min(MOST_CLASSES, max(classes, 1 + max(point.label for point in points)))
        counts = [sum(point.label == label for point in points) for label in range(wanted)]
        each = ", ".join(f"{count:,} of class {label}" for label, count in enumerate(counts) if count)
        words = f"{counted(len(points), 'point')}: {each}"
        self._edits.change(words, data={"points": write_points(points), "classes": wanted})

    def _points(self) -> list[Point]:
        values = self._backend.settings.data.values
        return read_points(str(values["points"]), DATASET) if "points" in values else list(BEGINNING)

    def _points_on_map(self) -> list[Point]:
        """The examples of the present map with their classes, evenly thinned out; none where it is no such map."""
        surface = self._backend.snapshot.surface
        if surface is None or surface.points is None or not 2 <= surface.classes <= MOST_CLASSES:
            return []
        targets = surface.points.targets
        labels = (targets > 0).astype(int) if surface.classes == 2 else targets.astype(int)
        every = [
            Point(float(x), float(y), int(label))
            for (x, y), label in zip(surface.points.places, labels, strict=True)
            if abs(x) <= FARTHEST and abs(y) <= FARTHEST
        ]
        return _thinned(every)

    def _points_of_game(self) -> list[Point]:
        """The real points beside those that a generator makes, each of the class of its lump; none elsewhere."""
        shown = self._backend.snapshot.output
        if not isinstance(shown, GeneratedPoints):
            return []
        kinds = np.zeros(len(shown.real), np.int64) if shown.kinds is None else shown.kinds.astype(np.int64)
        labels = kinds if kinds.max(initial=0) < MOST_CLASSES else np.zeros_like(kinds)
        return _thinned(
            [Point(float(x), float(y), int(label)) for (x, y), label in zip(shown.real, labels, strict=True)]
        )


def _thinned(points: list[Point]) -> list[Point]:
    """At most so many of them as are taken over, evenly chosen."""
    return points[:: max(1, -(-len(points) // _TAKEN))]
