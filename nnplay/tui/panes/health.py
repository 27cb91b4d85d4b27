"""The health pane: what the rules see in the run, one sentence each, and the key that applies the cure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.app import ComposeResult

from nnplay.text import clean
from nnplay.tui.cells import Cells, Row
from nnplay.tui.contract import Finding, Snapshot
from nnplay.tui.look import Ink
from nnplay.tui.panes.base import Pane

_LEVELS: dict[str, tuple[str, str, Ink]] = {
    "good": ("✓", "ok", "accent"),
    "hint": ("·", "-", "dim"),
    "warning": ("!", "!", "warning"),
    "error": ("✗", "X", "error"),
}


class Findings(Cells, can_focus=True):
    """Draws findings, wrapped."""

    def __init__(self) -> None:
        super().__init__()
        self._findings: Sequence[Finding] = ()

    def show(self, findings: Sequence[Finding]) -> None:
        """Draw these."""
        self._findings = findings
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """A glyph, the sentence, the key."""
        if not self._findings:
            return [(("nothing to report; press space to train", self.look.ink("dim")),)]
        return [row for finding in self._findings for row in self._rows_of(finding, width)]

    def _rows_of(self, finding: Finding, width: int) -> list[Row]:
        glyph, plain, ink = _LEVELS[finding.level]
        key = f" ({finding.key}: {finding.action})" if finding.key else ""
        lines = textwrap.wrap(clean(finding.sentence + key, 400), max(8, width - 3)) or [""]
        mark = self.look.pick(glyph, plain)
        first: Row = ((f"{mark:<2} ", self.look.ink(ink, bold=True)), (lines[0], self.look.ink("text")))
        return [first, *(((" " * 3 + line, self.look.ink("text")),) for line in lines[1:])]


class HealthPane(Pane):
    """The findings of the newest snapshot."""

    number = "6"
    heading = "Health"

    def __init__(self) -> None:
        super().__init__(id="health")

    def compose(self) -> ComposeResult:
        """One list."""
        yield Findings()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the findings."""
        self.query_one(Findings).show(snapshot.health)
