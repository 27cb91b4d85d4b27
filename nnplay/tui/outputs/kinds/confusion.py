"""The confusion matrix, and the worst mistakes below it."""

from __future__ import annotations

from nnplay.explain.confusion_cell import ConfusionCell
from nnplay.text import clean
from nnplay.tui.draw.heatmap import confusion_rows
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.field import Element
from nnplay.tui.outputs.scored_lines import draw_facts, show_interval
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.confusion import Confusion
from nnplay.views.view import Shown


def draw(view: Confusion, width: int, height: int, look: Look) -> list[Row]:
    """The matrix, and the worst mistakes below it where there is room."""
    labels = [clean(label, 24) for label in view.labels]
    rows = confusion_rows(view.matrix, labels, width, height - 1, look, view.cell)
    rows.append(_about_cell(view, labels, width, look))
    names = {"accuracy": "accuracy", "f1": "F1"}
    facts = [(names[name], show_interval(name, value, interval, look)) for name, value, interval in view.scores]
    if view.rows and not view.worst:
        facts.append(("of", view.rows))
    rows += draw_facts(facts, width, look)[: max(0, height - len(rows))]
    room = height - len(rows) - 2
    if room > 0 and view.worst:
        rows += [
            (),
            ((fit(f"worst mistakes in {view.rows}" if view.rows else "worst mistakes", width), look.ink("dim")),),
        ]
        rows += [((fit(clean(text), width), look.ink("text")),) for text in view.worst[:room]]
    return rows


def _about_cell(view: Confusion, labels: list[str], width: int, look: Look) -> Row:
    """The cell under the cursor in words."""
    true, predicted = view.cell
    text = f"true {labels[true]}, predicted {labels[predicted]}: {view.matrix[view.cell]:,}  (? why)"
    return ((fit(text, width), look.ink("accent")),)


def chosen_cell(view: Confusion, element: Element | None, shown: Shown) -> ConfusionCell:
    """What is explained: the cell under the cursor."""
    true, predicted = view.cell
    return ConfusionCell(true, predicted, view.held_out)


CONFUSION = Drawing(Confusion, draw, subject=chosen_cell)
