"""Changing settings: values, layers, presets, weights; undo and redo. What takes long is done beside the event loop."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual.app import App

from nnplay.config import RunConfig
from nnplay.data.reading.addresses import whole_source
from nnplay.errors import InputError, NnplayError
from nnplay.text import counted
from nnplay.training.rate_finder import find_rates
from nnplay.tui.backend import Backend
from nnplay.tui.commands.background import Background
from nnplay.tui.commands.messages import Messages
from nnplay.tui.dialogs.branches import branch_picker
from nnplay.tui.dialogs.rates import rate_picker
from nnplay.tui.forms import column_choices, entries
from nnplay.tui.forms.entry import Entry
from nnplay.tui.forms.player_entries import layers_change
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.picker.screen import take_picked

_LONG = 0.05
"""Seconds of reading data after which the next reading is done beside the event loop."""
_DEALT = {"data", "split", "seed"}
"""Settings whose change means that rows are read or dealt anew."""


class EditActions:
    """The actions of the group Changing, and the changes that forms and lists ask for.

    Args:
        app: shows the dialogs.
        backend: the run.
        main: shows the settings in force, and has the list of layers.
        messages: say what a change did, or why it cannot be done.
        background: reads data and undoes what takes long.

    Attributes:
        refused: the file that could not be opened last, with the way it was to be read.
    """

    def __init__(
        self, app: App[int], backend: Backend, main: MainScreen, messages: Messages, background: Background
    ) -> None:
        self._app, self._backend, self._main = app, backend, main
        self._messages, self._background = messages, background
        self._reading_took = 0.0
        self.refused: tuple[str, Mapping[str, str]] | None = None

    def settable(self) -> list[Entry]:
        """All settings that have a name on the `:` line."""
        settings, catalogue = self._backend.settings, self._backend.catalogue
        columns, row_shape = self._backend.columns(), self._backend.row_shape()
        of_data = entries.data_entries(settings, catalogue, columns, row_shape)
        return of_data + entries.training_entries(settings, catalogue)

    def change(self, words: str = "", **values: Any) -> None:
        """Give settings new values; problems are shown, not raised.

        Args:
            words: what is said once they are in force, however long that takes; empty for what was kept and learned.
        """
        self.refused = None
        if values.get("data", {}).keys() & {"name", "file"}:
            self.open_data(values)
        elif values.keys() & _DEALT and self._reading_took > _LONG:
            self._background.start(
                f"loading {self._backend.settings.data.source} …", self._prepare_change(values, words)
            )
        else:
            self._run_now(self._prepare_change(values, words))

    def change_layers(self, layers: Sequence[str]) -> None:
        """Give the network that is shown other layers."""
        self.change(**layers_change(self._backend.settings, self._main.network, layers))

    def open_data(self, values: dict[str, Any]) -> None:
        """Begin a run on a data set or file; what is wrong with a file can be mended by `:set`, as the answer says."""
        data = dict(values["data"])
        dataset = data.pop("file", "") or data.pop("name")

        def make() -> str:
            if "file" in values["data"]:
                self.refused = dataset, data
            answer = self._prepare_change(values)()
            self.refused = None
            return answer

        self._background.start(f"loading {dataset} …", make)

    def _prepare_change(self, values: dict[str, Any], words: str = "") -> Callable[[], str]:
        def make() -> str:
            began = time.monotonic()
            answer = self._apply(values)
            if values.keys() & _DEALT:
                self._reading_took = time.monotonic() - began
            return words or answer + (self._describe_file() if "data" in values else "")

        return make

    def _describe_file(self) -> str:
        """What is learned from a table, and the notes on the data, which go into the log."""
        learned = column_choices.name_learned(self._backend.columns())
        if not learned and not self._backend.settings.data.file:
            return ""
        notes = self._backend.notes()
        self._messages.log(*notes)
        target = f"; target: {learned}" if learned else ""
        if not notes:
            return target
        more = notes[0] if len(notes) == 1 else f"{counted(len(notes), 'note')} about the file (L)"
        return f"{target}; {more}"

    def _apply(self, values: dict[str, Any]) -> str:
        """Apply values; where a new loss needs another last layer, that one follows."""
        before, settings = self._backend.settings, self._backend.changed(**values)
        answer = self._backend.apply(settings, anew=self._is_read_again(values))
        if values.keys() != {"loss"} or settings.loss is None or settings.layers == before.layers:
            return answer
        return f"{answer}; the network now ends with {settings.layer_texts[-1]}, as {settings.loss.record.name} needs"

    def _is_read_again(self, values: dict[str, Any]) -> bool:
        """Whether a file is named that is open already: it may have been mended meanwhile."""
        name, present = values.get("data", {}).get("file"), self._backend.settings.data.file
        if name is None:
            return False
        with contextlib.suppress(InputError):  # no path at all: whoever reads it says so
            name = whole_source(name) if name != present else name
        return bool(name == present)

    def _run_now(self, make: Callable[[], str]) -> None:
        if self._messages.attempt(make):
            self._main.show_settings()

    def change_entry(self, entry: Entry, value: Any) -> None:
        """Give the setting behind `entry` another value."""
        try:
            values = entries.changes(entry, value, self._backend.settings)
        except NnplayError as error:
            self._messages.say(error.message, error=True)
            return
        self.change(**values)

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> None:
        """Give one weight another value."""
        self._messages.attempt(lambda: self._backend.set_weight(name, index, value))

    def undo(self) -> None:
        """Take the last change back."""
        self._return("undoing …", self._backend.undo)

    def redo(self) -> None:
        """Make it again."""
        self._return("redoing …", self._backend.redo)

    def go_to_run(self, number: int) -> None:
        """Go on with another run of the session."""
        self._return(f"going to run {number} …", lambda: self._backend.go_to_run(number))

    def choose_branch(self) -> None:
        """Choose another branch of the run to go on with."""
        branches = self._backend.branches()
        if branches:
            curves = self._backend.snapshot.curves
            self._app.push_screen(branch_picker(branches, curves, self.switch_branch), take_picked)
        else:
            self._messages.say("there is no other branch: F in the inspector (i) creates one")

    def switch_branch(self, words: str) -> None:
        """Go on with another branch of the run."""
        self._messages.attempt(lambda: self._backend.switch_branch(words))

    def find_rates(self) -> None:
        """Try ever larger learning rates, put the run back, and offer those that suit."""
        worker = self._backend.worker
        if worker is None:
            self._messages.say("there is no run to try learning rates on", error=True)
            return

        def work() -> str:
            sweep = worker.ask(lambda run: None if run.trainer is None else find_rates(run.trainer))
            if sweep is None:
                return "there is no run to try learning rates on"
            if not sweep.suggestions:
                return "the loss grew at once: rewind (r), or set a smaller learning rate, and try again"
            present = f"{self._backend.settings.optimizer.values['lr']:g}"
            self._app.call_from_thread(self._app.push_screen, rate_picker(sweep, present, self._take_rate), take_picked)
            return ""

        self._background.start("trying learning rates …", work)

    def _take_rate(self, rate: str) -> None:
        self.change(optimizer={"lr": rate})

    def _return(self, doing: str, move: Callable[[], str]) -> None:
        """Undo, redo, or go to another run; where reading the data takes long, beside the event loop."""
        if self._reading_took > _LONG:
            self._background.start(doing, move)
        else:
            self._run_now(move)

    def begin_run(self, run: RunConfig) -> None:
        """Put all settings of a run in force, and go to its step 0."""
        self._run_now(lambda: self._backend.apply(run))
        self._backend.rewind()

    def take_run(self, run: RunConfig, words: str) -> None:
        """Begin a run anew at its step 0, whatever data it is of; undo calls it `words`."""

        def make() -> str:
            return f"{words}: {self._backend.apply(run, anew=True, words=words)}"

        self._background.start(f"taking {words} …", make)

    def regenerate(self) -> None:
        """Draw the data anew: the next seed of a made set, or another deal of the rows of a table."""
        found = [entry for entry in self.settable() if entry.key == "data.seed"]
        if found:
            self.change_entry(found[0], random.SystemRandom().randrange(1000))
        else:
            self._messages.say(
                "this data is not generated; R draws new weights and a new split; :data reads a file again"
            )

    def load_preset(self, name: str) -> None:
        """Put the settings of a preset in force."""

        def make() -> str:
            answer = self._backend.apply(self._backend.preset(name), anew=True, words=f"preset {name}")
            return f"{self._backend.catalogue.presets.get(name, name)}: {answer}"

        self._background.start(f"loading {name} …", make)
