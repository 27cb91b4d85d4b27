"""The picker of everything: which kinds it offers for the present run, and what a choice changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.app import App

from nnplay.errors import InputError, unknown
from nnplay.network.hidden_layers import common_activation
from nnplay.tui.backend import Backend
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.layers import LayersPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.picker import shelves
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.data_shelf import DataShelf
from nnplay.tui.picker.screen import open_picker
from nnplay.tui.picker.shelf import Shelf
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.views.choosing import view_records
from nnplay.views.view import Group

#: What the groups of views are called.
GROUP_TITLES: dict[Group, str] = {
    "answers": "predictions",
    "scores": "how good they are",
    "inside": "inside the network",
    "gradients": "gradients and updates",
    "why": "why this answer",
}
KINDS = ("preset", "data", "layer", "activation", "loss", "optimizer", "schedule")


class PickActions:
    """The actions that pick something by its name.

    Args:
        app: shows the picker.
        backend: has the settings in force.
        main: has the list of layers, whose cursor says where a new one goes.
        edits: changes settings.
    """

    def __init__(self, app: App[int], backend: Backend, main: MainScreen, edits: EditActions) -> None:
        self._app, self._backend, self._main, self._edits = app, backend, main, edits

    def pick(self, kind: str = KINDS[0]) -> None:
        """Open the picker at a kind.

        Raises:
            InputError: there is no such kind.
        """
        if kind not in KINDS:
            raise unknown("kind", kind, KINDS, where="pick")
        open_picker(self._app, self._shelves(), kind)

    def add_layer(self) -> None:
        """Go to the layers and pick or type one."""
        self._main.go("layers")
        self._main.query_one(LayerList).focus()
        self.pick("layer")

    def pick_data(self) -> None:
        """Open the picker for other data alone."""
        open_picker(self._app, [self._data_shelf()], title="open data")

    def pick_view(self) -> None:
        """Open the picker for the views that suit the run, and go to the output pane."""
        pane = self._output()
        records = {view.name: view for view in view_records()}
        chosen = [records[name] for name in pane.views if name in records]
        choices = [
            Choice(view.name, note=GROUP_TITLES[view.group], what=view.about, when=f"Shows {GROUP_TITLES[view.group]}.")
            for view in chosen
        ]
        shelf = Shelf("view", "what the output pane shows", choices, pane.choose, current=pane.shown_view)
        open_picker(self._app, [shelf], title="view")

    def choose_view(self, name: str) -> None:
        """Show a view by its name, and behind it a place that is written: `landscape 0.weight[0,1] 2.bias[0]`.

        Raises:
            InputError: no view that suits the run is called so, or it has no places to write.
        """
        pane = self._output()
        views = sorted(pane.views, key=len, reverse=True)
        found = next((view for view in views if name == view or name.startswith(f"{view} ")), None)
        if found is None:
            raise unknown("view", name, pane.views, where="view")
        place = name[len(found) :].strip()
        if place and not any(view.typed for view in view_records() if view.name == found):
            raise InputError(f"nothing can be written behind the view {found}", where="view", hint="J and K choose")
        pane.choose(found)
        if place:
            pane.place = place

    def _output(self) -> OutputPane:
        self._main.go("output")
        return self._main.query_one(OutputPane)

    def _data_shelf(self) -> Shelf:
        """The catalogue, and files by their paths."""
        names, source = self._backend.catalogue, self._backend.settings.data.source
        lead = "a data set, or the path of a file, a folder or a database"
        choices = shelves.data_choices(tuple(names.datasets))
        return DataShelf("data", lead, choices, partial(self._change, "data"), current=source, free=True)

    def _shelves(self) -> list[Shelf]:
        names, settings = self._backend.catalogue, self._backend.settings
        return [
            Shelf(
                "preset",
                "ready-made experiments",
                shelves.preset_choices(tuple(names.presets)),
                self._edits.load_preset,
            ),
            self._data_shelf(),
            self._main.query_one(LayersPane).shelf(),
            self._setting(
                "activation",
                "activation of all hidden layers",
                shelves.activation_choices(),
                common_activation(settings.layer_texts),
            ),
            self._setting(
                "loss",
                "what training minimises",
                shelves.loss_choices(tuple(names.losses)),
                settings.loss.record.name if settings.loss else "",
            ),
            self._setting(
                "optimizer",
                "how gradients are turned into steps",
                shelves.optimizer_choices(tuple(names.optimizers)),
                settings.optimizer.record.name if settings.optimizer else "",
            ),
            self._setting(
                "schedule",
                "how the learning rate changes over time",
                shelves.schedule_choices(tuple(names.schedules)),
                settings.schedule.record.name if settings.schedule else "none",
            ),
        ]

    def _setting(self, key: str, lead: str, choices: list[Choice], current: str) -> Shelf:
        """A shelf whose choices are values of the setting with this key."""
        take: Callable[[str], None] = partial(self._change, key)
        return Shelf(key, lead, choices, take, current=current)

    def _change(self, key: str, value: str) -> None:
        entry = next(entry for entry in self._edits.settable() if entry.key == key)
        self._edits.change_entry(entry, value)
