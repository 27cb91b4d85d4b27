"""The output pane: the decision surface, or whatever shows best what the network answers."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from nnplay.config import RunConfig
from nnplay.explain.explanation import Subject
from nnplay.network.summary import Ledger
from nnplay.run.snapshot import Snapshot
from nnplay.text import clean, counted
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.commands import actions
from nnplay.tui.draw.picture import Picture
from nnplay.tui.forms.editor import host
from nnplay.tui.outputs.point_board import PointBoard
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.base import Pane
from nnplay.tui.theme.look import Look
from nnplay.views.choosing import view_records
from nnplay.views.plane import Surface
from nnplay.views.view import Group, Shown

WORST = -1
"""In place of an example's number: the one that is missed most."""

_MAP = "map"
"""The view that points are drawn on."""

_CORNERS = 4
"""Columns of the border that a text in it does not have."""

_MOST_PIXELS = 5000
"""More would cost the training thread time that the eye does not pay back."""


class OutputPane(Pane, can_focus=True):
    """Shows the surface for two inputs, else the output view; or the neuron that is chosen in the network.

    Attributes:
        neuron: layer and unit of the neuron shown in place of the whole network's answer.
        view, item, place: name of the view that is wanted (empty for the first), which example or target in it (-1 for
            the worst example), and which layer or the like, by number or name.
    """

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("output")

    number, heading = HEADINGS["output"]
    slow = True
    DEFAULT_CSS = "OutputPane { padding: 0; }"

    def __init__(self) -> None:
        super().__init__(id="output")
        self.neuron: tuple[int, int] | None = None
        self._neuron_name = ""
        self.view, self.item = "", 0
        self.place: int | str = 0
        self._follows = False
        self._dataset = ""
        self._shown = Shown()
        self._draws = False

    def compose(self) -> ComposeResult:
        """Both pictures; one is shown."""
        yield PointBoard()
        yield Answer()

    def draw_points(self) -> None:
        """Points are drawn on the map, as soon as there is one."""
        self._draws, self.neuron = True, None
        self.choose(_MAP)
        board = self.query_one(PointBoard)
        if board.display and self._shown.view == _MAP:
            board.begin()

    def end_drawing(self) -> None:
        """The map is only looked at again."""
        self._draws = False
        self.choose("")  # of a game the generated points, to which the drawn ones are the data
        self.query_one(PointBoard).end()
        self.screen.set_focus(self)

    def set_up(self, settings: RunConfig, ledger: Ledger) -> None:
        """Other data begin with their first view and example."""
        if settings.data.source != self._dataset:
            self.view, self.item, self.place = _MAP if self._draws else "", 0, 0
            self._dataset = settings.data.source

    def show(self, snapshot: Snapshot) -> None:
        """Draw the newest answers."""
        picture, answer = self.query_one(PointBoard), self.query_one(Answer)
        neuron = snapshot.neurons.get(self.neuron) if self.neuron is not None else None
        shows_map = snapshot.surface is not None or neuron is not None
        if picture.drawing and not shows_map:  # other data come: a hidden board would lose the focus to any widget
            picture.end()
            self.screen.set_focus(self)
        picture.display = shows_map
        answer.display = not picture.display
        if answer.element is not None and not answer.display:
            answer.leave()
        if self._shown.views and snapshot.shown.views != self._shown.views:
            self.item, self.place = 0, 0  # another task, or another network
        self._shown = snapshot.shown
        title = self._titled(neuron is not None)
        made = snapshot.shown.view.startswith("generated")
        whose = clean(snapshot.players[0], 16) if snapshot.players and title and not made else self.heading
        whole = f"{self.number} {whose}{title}"
        self.border_title = Content(
            whole if len(whole) <= self.size.width - _CORNERS else f"{self.number} {title.removeprefix(': ')}"
        )
        if neuron is not None:
            bound = float(np.abs(np.nan_to_num(neuron)).max()) or 1.0
            side = snapshot.neuron_range
            picture.show(Surface(neuron, 0, -bound, bound, side, side, None))
            self.border_subtitle = Content("esc in the network: whole output")
        elif snapshot.surface is not None:
            picture.show(snapshot.surface)
            self._subtitle(picture)
            if self._draws and not picture.drawing:
                picture.begin()
        else:
            answer.show(snapshot.output, snapshot.shown)
            self._tell()

    @on(Answer.Moved)
    @on(Answer.Left)
    def _tell(self) -> None:
        """What is under the cursor of the view; without one what can be chosen in it."""
        answer = self.query_one(Answer)
        if not answer.display:
            return
        told, look = answer.told, answer.look
        keys = f"{look.pick('← → ↑ ↓', 'arrows')} · ? explain · esc"
        self.border_subtitle = Content(self._fitting([(told, told), (keys, "? esc")]) if told else self._choosing(look))

    @on(Answer.Opened)
    def _open_element(self, event: Answer.Opened) -> None:
        self.choose(event.view)
        self.place, self.item, self.neuron = event.place, event.item, None

    def action_choose_element(self) -> None:
        """A cursor in the view, on one pixel, number or symbol."""
        answer = self.query_one(Answer)
        if not answer.display or not answer.begin():
            host(self).say(f"this view has no elements to choose; {self._next_view} shows the next view")

    def _titled(self, neuron: bool) -> str:
        """What the title says behind the pane's name."""
        if neuron:
            return self._neuron_name
        shown = self._shown
        place = clean(shown.places[shown.place], 24) if shown.places else ""
        parts = [shown.view if len(shown.views) > 1 else "", clean(shown.name, 24), place]
        return "".join(f": {part}" for part in parts if part)

    def _choosing(self, look: Look) -> str:
        """Which example or target is shown, and the keys that lead to others, as far as there is room."""
        return self._fitting(self._choices(look))

    def _choices(self, look: Look) -> list[tuple[str, str]]:
        """The same as texts, each with a short one."""
        shown = self._shown
        sideways, upright = look.pick("← →", "left right"), look.pick("↑ ↓", "up down")
        parts: list[tuple[str, str]] = []
        if shown.items > 1:
            dash = look.pick("–", "-")
            worst = "worst: " if self.item == WORST else ""
            number = f"{worst}{shown.noun} {shown.item:,} of 0{dash}{shown.items - 1:,}"
            parts.append((f"{sideways} {number}", f"{look.pick('←→', sideways)} {shown.noun}"))
        if len(shown.places) > 1:
            short = f"J K {shown.place_noun}"
            parts.append((f"{short} {shown.place + 1} of {len(shown.places)}", short))
        if shown.part:
            parts.append(2 * (f"t: {'validation' if shown.part == 'test' else 'test'}",))
        if len(shown.views) > 1:
            parts.append((f"{upright} {counted(len(shown.views), 'view')}", ""))
        return parts

    def _fitting(self, parts: list[tuple[str, str]]) -> str:
        """Long texts, or as many of the short ones as it takes to find room, the last ones first."""
        chosen = [long for long, _ in parts]
        for place in reversed(range(len(parts))):
            if len(" · ".join(filter(None, chosen))) <= self.size.width - _CORNERS:
                break
            chosen[place] = parts[place][1]
        return " · ".join(filter(None, chosen))

    def action_turn(self, by: int) -> None:
        """Another view, from its first example on."""
        views = self._shown.views
        if len(views) > 1:
            self.choose(views[(views.index(self._wanted_view) + by) % len(views)])
        else:
            host(self).say("this is the only view")

    @property
    def _wanted_view(self) -> str:
        """The view that was asked for last, even where it is still on its way: keys may come faster than pictures."""
        return self.view if self.view in self._shown.views else self._shown.view

    def open_layer(self, view: str, place: str) -> None:
        """The view of one layer; the same example of others, which `follow_layer` may bring."""
        self.choose(view)
        self.place, self.neuron, self._follows = place, None, True

    def follow_layer(self, view: str, place: str) -> None:
        """The view of another layer, if the one that is shown was opened by `open_layer`."""
        if self._follows:
            self.open_layer(view, place)

    def action_turn_group(self, group: Group) -> None:
        """The first view of a group, or the next one where one of them is shown."""
        wanted = {record.name for record in view_records() if record.group == group}
        views = [view for view in self._shown.views if view in wanted]
        if not views:
            host(self).say("this run has no such views")
            return
        at = views.index(self._wanted_view) + 1 if self._wanted_view in views else 0
        self.choose(views[at % len(views)])

    def choose(self, view: str) -> None:
        """Another view, from its first example on."""
        self.view, self._follows = view, False
        if self._shown.noun != "example":
            self.item = 0

    def action_place(self, by: int) -> None:
        """Another layer, or whatever else can be chosen in the view."""
        shown = self._shown
        if len(shown.places) > 1:
            self._follows = False
            asked = self.place if isinstance(self.place, int) and self.place < len(shown.places) else shown.place
            self.place = (asked + by) % len(shown.places)  # keys may come faster than pictures
        else:
            host(self).say(f"there is nothing else to choose in this view; {self._next_view} shows the next view")

    def action_pick_view(self) -> None:
        """All views, to choose from."""
        host(self).picking.pick_view()

    @property
    def subject(self) -> Subject | None:
        """What is selected in the view on the screen."""
        answer = self.query_one(Answer)
        return answer.subject if answer.display else None

    @property
    def room(self) -> tuple[int, int]:
        """Columns and rows of characters for a view."""
        return self.size.width, self.size.height

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that suit the run."""
        return self._shown.views

    @property
    def shown_view(self) -> str:
        """The name of the view on the screen."""
        return self._shown.view

    def action_browse(self, by: int) -> None:
        """Another example or target; in a grid the next pictures."""
        if self._shown.items <= 1:
            host(self).say(f"this view has no examples to browse; {self._next_view} shows the next view")
            return
        items = max(1, self._shown.items)
        page = self.query_one(Answer).page if self.query_one(Answer).display else 1
        start = self._shown.item if self.item == WORST else self.item
        last = (items - 1) // page * page
        to = start + by * page
        self.item = 0 if to >= items else last if to < 0 else to

    @property
    def _next_view(self) -> str:
        """The key of the next view."""
        return self.query_one(Answer).look.pick("↓", "down")

    def action_worst(self) -> None:
        """The example that is missed most, whichever that is at the time."""
        if self._shown.noun != "example" or self._shown.items <= 1:
            host(self).say(f"this view does not show single examples; {self._next_view} shows the next view")
        elif self.item == WORST:
            host(self).say("this is already the worst prediction")
        else:
            self.item = WORST

    @property
    def idle_actions(self) -> frozenset[str]:
        """A single view has no next one, a single example neither."""
        views = set() if len(self._shown.views) > 1 else {"view-next"}
        return frozenset(views if self._shown.items > 1 else {*views, "example-next"})

    def look_at(self, neuron: tuple[int, int] | None, name: str) -> None:
        """Show this neuron in place of the network's answer, or the latter again."""
        self.neuron, self._neuron_name = neuron, f": {clean(name, 24)}" if name else ""

    @property
    def wanted(self) -> tuple[int, int]:
        """Rows and columns of the surface that this pane has room for."""
        width, height = self.query_one(Picture).size if self.query_one(Picture).display else self.size
        look = self.query_one(Picture).look
        rows, columns = max(2, look.down * height), max(2, look.across * width)
        share = min(1.0, (_MOST_PIXELS / (rows * columns)) ** 0.5)
        return max(2, int(rows * share)), max(2, int(columns * share))

    @property
    def held_out_points(self) -> bool:
        """Whether examples that are held out of training are drawn."""
        return self.query_one(Picture).held_out_points

    def toggle(self, what: str) -> bool:
        """Switch `held_out_points` or `discrete` of the surface; returns whether that can be seen.

        Scores are those of the test rows while points that are held out are shown.
        """
        picture = self.query_one(Picture)
        setattr(picture, what, not getattr(picture, what))
        picture.redraw()
        if picture.display:
            self._subtitle(picture)
        return picture.display or (what == "held_out_points" and bool(self._shown.part))

    def _subtitle(self, picture: Picture) -> None:
        look = picture.look
        training, held_out = (look.pick("●", "+/o"), look.pick("○", "+/o"))
        if self.query_one(PointBoard).drawing:
            keys = f"0{look.pick('–', '-')}9 set · backspace erase · esc end"
            self.border_subtitle = Content(keys)
            return
        points = f"{training} training · {held_out} test", f"{held_out} test"
        soft = "x: soft" if picture.discrete else ""
        last = points if picture.held_out_points else (f"{training} training · t: test", "t: test")
        self.border_subtitle = Content(self._fitting([*self._choices(look), (soft, soft), last]))
