"""The health pane: what the rules see in the run, one sentence each; enter applies the cure under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from nnplay.explain.explanation import Subject
from nnplay.explain.finding import FindingShown
from nnplay.health.finding import Finding
from nnplay.run.snapshot import Snapshot
from nnplay.text import clean
from nnplay.tui.arrange import HEADINGS
from nnplay.tui.commands import actions
from nnplay.tui.forms.editor import editor, host
from nnplay.tui.panes.base import Pane
from nnplay.tui.theme.look import Ink
from nnplay.tui.widgets.cells import Cells, Row, wrap

_LEVELS: dict[str, tuple[str, str, Ink]] = {
    "good": ("✓", "ok", "accent"),
    "hint": ("·", "-", "dim"),
    "warning": ("!", "!", "warning"),
    "error": ("✗", "X", "error"),
}


class Findings(Cells, can_focus=True):
    """Draws findings, wrapped, with a cursor.

    Attributes:
        cursor: the finding that enter means.
        trained: whether there was anything to judge.
    """

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("health")

    def __init__(self) -> None:
        super().__init__()
        self._findings: Sequence[Finding] = ()
        self._lines: list[int] = []
        self.cursor = 0
        self.trained = False

    def show(self, findings: Sequence[Finding]) -> None:
        """Draw these."""
        self._findings = findings
        self.cursor = min(self.cursor, max(0, len(findings) - 1))
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Row]:
        """A glyph, the sentence, the key; scrolled to the finding under the cursor, one too long to its beginning."""
        if not self._findings:
            self._lines = []
            text = "nothing wrong so far" if self.trained else "nothing to report yet: train first"
            return [((text, self.look.ink("dim")),)]
        blocks = [self._rows_of(index, finding, width) for index, finding in enumerate(self._findings)]
        rows = [(index, row) for index, block in enumerate(blocks) for row in block]
        begin = sum(len(block) for block in blocks[: self.cursor])
        top = min(begin, max(0, begin + len(blocks[self.cursor]) - height))
        self._lines = [index for index, _ in rows[top:]]
        return [row for _, row in rows[top : top + height]]

    def _rows_of(self, index: int, finding: Finding, width: int) -> list[Row]:
        glyph, plain, ink = _LEVELS[finding.level]
        here = self.has_focus and index == self.cursor
        key = f" ({_key(finding, here)}: {_title(finding)})" if finding.action or finding.mend else ""
        lines = wrap(clean(finding.sentence + key, 400), max(8, width - 3)) or [""]
        mark = self.look.pick(glyph, plain)
        style = self.look.ink("accent" if here else "text", bold=here)
        first: Row = ((f"{mark:<2} ", self.look.ink(ink, bold=True)), (lines[0], style))
        return [first, *(((" " * 3 + line, style),) for line in lines[1:])]

    def action_move(self, by: int) -> None:
        """Another finding."""
        if len(self._findings) < 2:
            host(self).say("there is only this finding" if self._findings else "there are no findings yet")
        else:
            self.cursor = (self.cursor + by) % len(self._findings)
            self.redraw()

    @property
    def subject(self) -> Subject | None:
        """The finding under the cursor."""
        if not self._findings:
            return None
        finding = self._findings[self.cursor]
        return FindingShown(finding.rule, finding.sentence)

    @property
    def idle_actions(self) -> frozenset[str]:
        """A finding without a cure, or none, leaves nothing to apply."""
        here = self._findings[self.cursor] if self._findings else None
        mends = here is not None and (here.mend or here.action in actions.BY_ID)
        return frozenset() if mends else frozenset({"cure"})

    async def action_cure(self) -> None:
        """Do what the finding proposes."""
        if not self._findings:
            host(self).say("there is nothing to fix: no findings yet")
        elif self._findings[self.cursor].mend:
            editor(self).change(**self._findings[self.cursor].mend)
        elif self._findings[self.cursor].action not in actions.BY_ID:
            host(self).say("this finding just says how the run is doing; there is nothing to fix")
        else:
            await host(self).perform_by_name(actions.BY_ID[self._findings[self.cursor].action])

    async def on_click(self, event: events.Click) -> None:
        """Choose a finding; a second click applies its cure."""
        if event.y < len(self._lines):
            same, self.cursor = self._lines[event.y] == self.cursor and event.chain > 1, self._lines[event.y]
            self.redraw()
            if same:
                await self.action_cure()


def _key(finding: Finding, here: bool) -> str:
    """The keys that apply the cure from where the user is."""
    if here:
        return "enter"
    return f"{HealthPane.number} enter" if finding.mend else finding.key


def _title(finding: Finding) -> str:
    if finding.mend:
        return "fix it"
    action = actions.BY_ID.get(finding.action)
    return action.title if action is not None else finding.action


class HealthPane(Pane):
    """The findings of the newest snapshot."""

    number, heading = HEADINGS["health"]

    def __init__(self) -> None:
        super().__init__(id="health")

    def compose(self) -> ComposeResult:
        """One list."""
        yield Findings()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the findings."""
        findings = self.query_one(Findings)
        findings.trained = snapshot.step > 0
        findings.show(snapshot.health)
