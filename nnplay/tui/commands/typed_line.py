"""The `:` line: what was typed becomes the same actions that the keys do."""

from __future__ import annotations

from textual.app import App

from nnplay.config import Whole
from nnplay.errors import NnplayError
from nnplay.network.layer_text import split_layers
from nnplay.system.paths import user_path
from nnplay.text import without_password
from nnplay.tui.backend import Backend
from nnplay.tui.commands import completion
from nnplay.tui.commands.actions import Action
from nnplay.tui.commands.comparing import RunActions
from nnplay.tui.commands.dispatch import Dispatch
from nnplay.tui.commands.edits import EditActions
from nnplay.tui.commands.exports import ExportActions
from nnplay.tui.commands.files import FileActions
from nnplay.tui.commands.messages import Messages
from nnplay.tui.commands.navigation import NavigationActions
from nnplay.tui.commands.picking import PickActions
from nnplay.tui.commands.racing import RaceActions
from nnplay.tui.commands.sweeping import SweepActions
from nnplay.tui.dialogs.command_line import CommandLine
from nnplay.tui.forms import entries
from nnplay.tui.forms.player_entries import network_names
from nnplay.tui.forms.problem import data_named


class TypedLine:
    """The action that opens the line, and every command that takes an argument.

    Args:
        app: shows the line.
        backend: completes names, and trains for as long as a command says.
        messages: say what is wrong with a line.
        dispatch: does commands that are actions without an argument.
        edits, picking, files, exports, racing, sweeping, comparing, navigation: do the others.
    """

    def __init__(
        self,
        app: App[int],
        backend: Backend,
        messages: Messages,
        dispatch: Dispatch,
        edits: EditActions,
        picking: PickActions,
        files: FileActions,
        exports: ExportActions,
        racing: RaceActions,
        sweeping: SweepActions,
        comparing: RunActions,
        navigation: NavigationActions,
    ) -> None:
        self._app, self._backend, self._messages, self._dispatch = app, backend, messages, dispatch
        self._edits, self._picking, self._files = edits, picking, files
        self._exports, self._racing, self._sweeping, self._comparing = exports, racing, sweeping, comparing
        self._navigation = navigation
        self._history: list[str] = []

    def command_line(self) -> None:
        """Type a command."""
        self.open_command_line("")

    def open_command_line(self, start: str) -> None:
        """Type a command that begins with `start`."""

        def complete(line: str) -> list[completion.Candidate]:
            settable, backend = self._edits.settable(), self._backend
            networks = tuple(network_names(backend.settings))
            return completion.complete_line(line, settable, backend.catalogue, backend.branches(), networks)

        self._app.push_screen(CommandLine(complete, self._history, start), self._run_line)

    async def _run_line(self, line: str | None) -> None:
        if not line:
            return
        if without_password(line) == line:
            self._history.append(line)
        try:
            action, rest = completion.parse_command(line, self._edits.settable())
            if not rest and action.run:
                await self._dispatch.perform(action)
            else:
                self.run_command(action.id, rest)
        except NnplayError as error:
            self._messages.say(error.message, error=True)

    def run_command(self, name: str, rest: str) -> None:
        """Do a command with its argument."""
        if name == "set":
            word, _, value = rest.partition(" ")
            self._set(word, value.strip())
        elif name == "layers":
            self._edits.change_layers(split_layers(rest))
        elif name == "goto":
            self._messages.say("")
            self._backend.goto(*completion.read_goto(rest))
        elif name == "run":
            self._messages.say("")
            self._backend.run_for(**completion.read_run(rest))
        elif name == "preset":
            self._edits.load_preset(rest)
        elif name == "find":
            completion.read_find(rest)
            self._edits.find_rates()
        elif name == "pick":
            self._picking.pick(rest)
        elif name == "view":
            self._picking.choose_view(rest)
        elif name == "data":
            dataset, fields = completion.read_data(rest)
            self._edits.open_data({"data": Whole({**data_named(dataset), **fields})})
        elif name == "branch":
            self._edits.switch_branch(rest)
        elif name == "save":
            self._files.save(rest)
        elif name == "open":
            self._files.open_run(str(user_path(rest)))
        elif name == "picture":
            self._exports.write_picture(rest)
        elif name == "csv":
            self._exports.write_table(rest)
        elif name == "race":
            self._racing.race(rest)
        elif name == "seeds":
            self._racing.race_seeds(rest)
        elif name == "sweep":
            self._sweeping.sweep(rest)
        elif name == "network":
            self._navigation.show_network(rest)
        elif name == "runs":
            self._comparing.go_to_run(rest)

    def _set(self, word: str, value: str) -> None:
        """A setting by name; after a file was refused, what was advised is tried on that file."""
        name = word.lower().replace("-", "_")
        dataset, fields = self._edits.refused or ("", {})
        if dataset and name in {field.name for field in self._backend.catalogue.fields_of_file(dataset, fields)}:
            self._edits.open_data({"data": Whole({"file": dataset, **fields, name: value})})
        else:
            self._edits.change_entry(entries.find_entry(self._edits.settable(), word), value)

    async def perform_by_name(self, action: Action) -> None:
        """Do an action, or open the line for it where it needs an argument."""
        if action.run:
            await self._dispatch.perform(action)
        else:
            self.open_command_line(f"{action.id} ")
