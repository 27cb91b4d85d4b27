"""What all panes share: a border with number and title, a snapshot shown, a help page."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Vertical
from textual.content import Content

from nnplay.config import RunConfig
from nnplay.network.summary import Ledger
from nnplay.run.snapshot import Snapshot


class Pane(Vertical):
    """One part of the main screen.

    Attributes:
        number: key that leads to it ("" for none).
        heading: title in the border.
        slow: shown at most four times a second, because it is a picture.
    """

    number: ClassVar[str] = ""
    heading: ClassVar[str] = ""
    slow: ClassVar[bool] = False

    DEFAULT_CSS = """
    Pane { border: round $border; padding: 0 1; height: 1fr; border-title-color: $quiet; }
    Pane:focus, Pane:focus-within { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    Pane { border-subtitle-color: $quiet; }
    .-ascii Pane, .-ascii Pane:focus-within { border: ascii $border; }
    .-ascii Pane:focus, .-ascii Pane:focus-within { border: ascii $accent; }
    """

    def on_mount(self) -> None:
        """Write number and title into the border."""
        self.border_title = Content(f"{self.number} {self.heading}".strip())

    def show(self, snapshot: Snapshot) -> None:
        """Draw what this pane shows of `snapshot`."""

    def show_numbers(self, snapshot: Snapshot) -> None:
        """Draw the numbers that stand beside a slow picture: they are those of the header, at any moment."""

    def set_up(self, settings: RunConfig, ledger: Ledger) -> None:
        """Take over settings that the user changed; `ledger` is that of their layers."""

    def entitle(self, network: str, key: str = "") -> None:
        """Say in the border which network of several is shown, and the key that leads to the next one."""
        heading = f"{self.number} {self.heading}".strip()
        self.border_title = Content(f"{heading} · {network}" if network else heading)
        self.border_subtitle = Content(key)

    @property
    def plain_text(self) -> str:
        """What the pane shows, for the clipboard."""
        from nnplay.tui.widgets.cells import Cells

        return "\n".join(cells.plain_text for cells in self.query(Cells) if cells.display)
