"""Screens over the main one close once, however many keys were typed before they are gone."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Modal(ModalScreen[Answer]):
    """A modal screen for which a second answer, typed or pasted before the first was handled, does nothing."""

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close with an answer, if this screen is the one on top."""
        # Textual would close whatever lies on top, the main screen last.
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def tell_idle(self, key: str) -> None:
        """Say that a key, as a keyboard shows it, does nothing here; an empty one did something."""


class Palette(CommandPalette):
    """The command palette, which closes once too; of two base classes Textual would see the styles of one."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, if it is on top."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
