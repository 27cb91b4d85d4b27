"""The `:` line: what was typed becomes the same actions that the keys do."""

from __future__ import annotations

from nnplay.config import Whole
from nnplay.errors import NnplayError
from nnplay.network.layer_text import split_layers
from nnplay.system.paths import user_path
from nnplay.tui.commands import completion
from nnplay.tui.commands.actions import Action
from nnplay.tui.commands.files import KeepingActions
from nnplay.tui.commands.navigation import LookingActions
from nnplay.tui.dialogs.command_line import CommandLine
from nnplay.tui.forms import entries
from nnplay.tui.forms.problem import data_named


class CommandActions(LookingActions, KeepingActions):
    """The action that opens the line, and every command that takes an argument."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._history: list[str] = []

    def action_command_line(self) -> None:
        """Type a command."""
        self.open_command_line("")

    def open_command_line(self, start: str) -> None:
        """Type a command that begins with `start`."""

        def complete(line: str) -> list[completion.Candidate]:
            return completion.completions(line, self.settable(), self._backend.catalogue, self._backend.branches())

        self.push_screen(CommandLine(complete, self._history, start), self._typed)

    async def _typed(self, line: str | None) -> None:
        if not line:
            return
        self._history.append(line)
        try:
            action, rest = completion.split(line)
            if not rest and action.run:
                await self.perform(action)
            else:
                self._command(action.id, rest)
        except NnplayError as error:
            self.say(error.message, error=True)

    def _command(self, name: str, rest: str) -> None:
        if name == "set":
            word, _, value = rest.partition(" ")
            self._set(word, value.strip())
        elif name == "layers":
            self.change(layers=split_layers(rest))
        elif name == "goto":
            self.say("")
            self._backend.goto(*completion.read_goto(rest))
        elif name == "run":
            self.say("")
            self._backend.run_for(**completion.read_run(rest))
        elif name == "preset":
            self.load_preset(rest)
        elif name == "data":
            dataset, fields = completion.read_data(rest)
            self.open_data({"data": Whole({**data_named(dataset), **fields})})
        elif name == "line":
            self.take_line(rest)
        elif name == "save":
            self.save(rest)
        elif name == "open":
            self.open_run(str(user_path(rest)))

    def _set(self, word: str, value: str) -> None:
        """A setting by name; after a file was refused, what was advised is tried on that file."""
        name = word.lower().replace("-", "_")
        dataset, fields = self.refused or ("", {})
        if dataset and name in {field.name for field in self._backend.catalogue.fields_of_file(dataset)}:
            self.open_data({"data": Whole({"file": dataset, **fields, name: value})})
        else:
            self.change_entry(entries.named(self.settable(), word), value)

    async def perform_by_name(self, action: Action) -> None:
        """Do an action, or open the line for it where it needs an argument."""
        if action.run:
            await self.perform(action)
        else:
            self.open_command_line(f"{action.id} ")
