"""Changing settings: values, layers, presets, weights; undo and redo. What takes long is done beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from nnplay.errors import InputError, NnplayError
from nnplay.system.paths import user_path, whole
from nnplay.text import clean
from nnplay.tui.commands.shell import Shell
from nnplay.tui.dialogs.choose import Choose, choose_line
from nnplay.tui.forms import column_choices, entries
from nnplay.tui.panes.layers import LayersPane

_LONG = 0.05
"""Seconds of reading data after which the next reading is done beside the event loop."""
_DEALT = {"data", "split", "seed"}
"""Settings whose change means that rows are read or dealt anew."""


class ChangingActions(Shell):
    """The actions of the group Changing, and what forms and lists ask for."""

    _reading_took = 0.0
    refused: tuple[str, Mapping[str, str]] | None = None
    """The file that could not be opened last, with the way it was to be read."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._turn = asyncio.Lock()

    def settable(self) -> list[entries.Entry]:
        """All settings that have a name on the `:` line."""
        settings, catalogue = self._backend.settings, self._backend.catalogue
        return entries.data_entries(settings, catalogue, self._backend.columns()) + entries.training_entries(
            settings, catalogue
        )

    def change(self, **values: Any) -> None:
        """Give settings new values; problems are said, not raised."""
        self.refused = None
        if values.get("data", {}).keys() & {"name", "file"}:
            self.open_data(values)
        elif values.keys() & _DEALT and self._reading_took > _LONG:
            self.later(f"loading {self._backend.settings.data.source} …", self._making(values))
        else:
            self._now(self._making(values))

    def open_data(self, values: dict[str, Any]) -> None:
        """Begin a run on a data set or file; what is wrong with a file can be mended by `:set`, as the answer says."""
        data = dict(values["data"])
        dataset = data.pop("file", "") or data.pop("name")

        def make() -> str:
            if "file" in values["data"]:
                self.refused = dataset, data
            said = self._making(values)()
            self.refused = None
            return said

        self.later(f"loading {dataset} …", make)

    def _making(self, values: dict[str, Any]) -> Callable[[], str]:
        def make() -> str:
            began = time.monotonic()
            said = self._put(values)
            if values.keys() & _DEALT:
                self._reading_took = time.monotonic() - began
            return said + (self._told_of_file() if "data" in values else "")

        return make

    def _told_of_file(self) -> str:
        """What is learned from a file; the notes on it go into the log."""
        learned = column_choices.learned(self._backend.columns())
        if not learned:
            return ""
        notes = self._backend.notes()
        self.printed.extend(clean(note, 400) for note in notes)
        if not notes:
            return f"; {learned} is learned"
        more = notes[0] if len(notes) == 1 else f"{len(notes)} notes on the file (L)"
        return f"; {learned} is learned; {more}"

    def _put(self, values: dict[str, Any]) -> str:
        """Apply values; where a new loss needs another last layer, that one follows."""
        before, settings = self._backend.settings, self._backend.changed(**values)
        said = self._backend.apply(settings, anew=self._is_read_again(values))
        if values.keys() != {"loss"} or settings.loss is None or settings.layers == before.layers:
            return said
        return f"{said}; the network now ends with {settings.layer_texts[-1]}, as {settings.loss.record.name} needs"

    def _is_read_again(self, values: dict[str, Any]) -> bool:
        """Whether a file is named that is open already: it may have been mended meanwhile."""
        name, present = values.get("data", {}).get("file"), self._backend.settings.data.file
        if name is None:
            return False
        with contextlib.suppress(InputError):  # no path at all: whoever reads it says so
            name = str(whole(user_path(name))) if name != present else name
        return bool(name == present)

    def _now(self, make: Callable[[], str]) -> None:
        if self.attempt(make):
            self.refill()

    def later(self, meanwhile: str, make: Callable[[], str]) -> None:
        """Do what may take seconds in a thread; the screen stays alive and says `meanwhile`."""

        async def run() -> None:
            async with self._turn:
                self.say(meanwhile)
                try:
                    said = await asyncio.to_thread(make)
                except NnplayError as error:
                    self.say(error.message, error=True)
                    return
                self.say(said)
                self.refill()

        self.run_worker(run(), exit_on_error=True)

    def change_entry(self, entry: entries.Entry, value: Any) -> None:
        """Give the setting behind `entry` another value."""
        try:
            values = entries.changes(entry, value)
        except NnplayError as error:
            self.say(error.message, error=True)
            return
        self.change(**values)

    def set_weight(self, name: str, index: tuple[int, ...], value: float) -> None:
        """Give one weight another value."""
        self.attempt(lambda: self._backend.set_weight(name, index, value))

    def action_undo(self) -> None:
        """Take the last change back."""
        self._back_or_forth(self._backend.undo)

    def action_redo(self) -> None:
        """Make it again."""
        self._back_or_forth(self._backend.redo)

    def action_lines(self) -> None:
        """Choose another line of the run to train on from."""
        lines = self._backend.branches()
        if lines:
            self.push_screen(choose_line(lines), lambda told: self.take_line(told) if told else None)
        else:
            self.say("there is no other line: F in the inspector (i) forks one")

    def take_line(self, words: str) -> None:
        """Train on from another line of the run."""
        self.attempt(lambda: self._backend.switch_branch(words))

    def _back_or_forth(self, move: Callable[[], str]) -> None:
        """Undo or redo; where reading the data takes long, beside the event loop."""
        if self._reading_took > _LONG:
            self.later("taking back …" if move == self._backend.undo else "making again …", move)
        else:
            self._now(move)

    def action_regenerate(self) -> None:
        """Draw the data anew: the next seed of a made set, or another deal of the rows of a table."""
        found = [entry for entry in self.settable() if entry.key == "data.seed"]
        if found:
            self.change_entry(found[0], random.SystemRandom().randrange(1000))
        else:
            self.say("these rows are given; R draws new weights and deals the rows anew; :data reads a file again")

    def action_presets(self) -> None:
        """Choose a ready-made experiment."""
        presets, lessons = self._backend.catalogue.presets, self._backend.catalogue.lessons
        dialog = Choose(
            "presets",
            "ready-made experiments",
            list(presets),
            notes=list(presets.values()),
            about=list(lessons.values()),
        )
        self.push_screen(dialog, self.load_preset)

    def load_preset(self, name: str | None) -> None:
        """Put the settings of a preset in force, if one was chosen."""
        if not name:
            return

        def make() -> str:
            said = self._backend.apply(self._backend.preset(name), anew=True, words=f"preset {name}")
            return f"{self._backend.catalogue.presets.get(name, name)}: {said}"

        self.later(f"loading {name} …", make)

    def action_add_layer(self) -> None:
        """Go to the layers and type one."""
        self._main.go("layers")
        self._main.query_one(LayersPane).add()
