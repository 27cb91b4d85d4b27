"""What can be read in the inspector: the changes of the run, its keys, and the terms of the row under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.content import Content
from textual.widget import Widget

from nnplay.explain.explanation import Explanation
from nnplay.explain.player_row import PlayerRow
from nnplay.explain.unit import UnitValues
from nnplay.explain.weight import Weight
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import Detail, View
from nnplay.tui.commands.screen_keys import shown
from nnplay.tui.dialogs.reading import Reading, find_cut_texts, whole_texts
from nnplay.tui.explaining import AskExplanation, asking_inspector
from nnplay.tui.help.glossary import Term, find
from nnplay.tui.inspector.keys import KEYS
from nnplay.tui.inspector.walk import Ask, Say, Walk
from nnplay.tui.widgets.cells import Cells


class ReadActions:
    """The keys that show texts.

    Args:
        walk: has the view that is explained.
        ask: opens the text.
        say: tells where there is nothing to read.
        shown: the widgets on the screen.
    """

    def __init__(self, walk: Walk, ask: Ask, say: Say, shown: Callable[[], Iterable[Widget]]) -> None:
        self._walk, self._ask, self._say, self._shown = walk, ask, say, shown

    def _ask_why(self, view: View | None) -> AskExplanation | None:
        """The question why the chosen element is as it is, where that can be told."""
        explain = explainable(view) if view is not None else None
        widget = next(iter(self._shown()))
        return asking_inspector(widget.app, self._walk.inspecting.requests, explain) if explain is not None else None

    def show_whole(self) -> None:
        """Show in full what found no room: formulas, names of rows, operands that are left out."""
        texts = find_cut_texts(self._shown())
        if texts:
            self._ask(whole_texts(texts))
        else:
            self._say("nothing is cut short here")

    def show_changes(self) -> None:
        """Show what was changed during the run, step by step."""
        view = self._walk.view
        if view is None:
            return
        lines: list[tuple[str, str] | str] = []
        for step, words in view.changes:
            lines += [(f"step {step:>8,}  ", "$quiet"), f"{words}\n"]
        text = Content.assemble(*lines) if lines else Content("nothing has been changed since the run began")
        self._ask(Reading("changes", text))

    def show_help(self) -> None:
        """Show why the chosen element is as it is, the terms of the row, and all keys."""
        parts: list[tuple[str, str] | str] = []
        if self._walk.view is not None:
            for term in terms_of(self._walk.view.detail):
                parts += [(f"{term.name}\n", "bold $accent"), f"{term.text}\n\n"]
        parts.append(("keys\n", "bold $accent"))
        plain = any(widget.look.ascii for widget in self._shown() if isinstance(widget, Cells))
        for key in KEYS:
            parts += [(f"{shown(key, plain=plain):>6}  ", "$accent"), f"{key.help}\n"]
        self._ask(Reading("inspector", Content.assemble(*parts), self._ask_why(self._walk.view)))


def explainable(view: View) -> Callable[[Inspector], Explanation] | None:
    """What explains the chosen element: a weight by its update or gradient, a unit by its values over the batch.

    In a run with several objectives other rows are explained by what they are for.
    """
    row, worked = view.detail.row, view.detail.worked
    if worked is None:
        return None
    player_row = PlayerRow(row.number, worked.index, view.detail.parameter)
    in_pass = player_row.explain_step if row.player else None
    if in_pass is not None and view.detail.result.name == "average":
        return in_pass
    name = view.detail.parameter if row.phase == "update" else view.detail.result.slot.removeprefix("d")
    if name in view.parameters and (row.phase == "update" or view.detail.result.slot != name):
        return Weight(name, worked.index).explain_step
    if row.phase == "forward" and view.detail.result.slot == f"{row.path}.output":
        unit = worked.index[-1]
        own = UnitValues(row.path, row.path, unit, f"layer {row.path} unit {unit}").explain_step
        if in_pass is None:
            return own
        return lambda inspector: (player_row.explain_step if player_row.has_meaning(inspector) else own)(inspector)
    return in_pass


def terms_of(detail: Detail) -> list[Term]:
    """Glossary terms that a row's name, words or phase speak of, most telling first."""
    row = detail.row
    phase = {"backward": "backpropagation", "update": "optimizer", "data": "batch"}.get(row.phase, row.phase)
    words = " ".join((row.layer, row.name, row.words)).lower()
    found = [term for term in find("") if term.name in words]
    return [*found, *(term for term in find(phase) if term.name == phase and term not in found)]
