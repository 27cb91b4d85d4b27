"""The confusion matrix of objects, with those that are missed and boxes on background."""

from __future__ import annotations

from nnplay.text import clean
from nnplay.tui.draw.heatmap import confusion_rows
from nnplay.tui.outputs.drawing import Drawing
from nnplay.tui.outputs.scored_lines import draw_facts
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.cells import Row, fit
from nnplay.views.kinds.detection_confusion import DetectionConfusion


def draw(view: DetectionConfusion, width: int, height: int, look: Look) -> list[Row]:
    """The matrix, the cell under the cursor in words, and of which rows it is."""
    names = [clean(label, 24) for label in view.labels]
    beside, above = [*names, "background"], [*names, "missed"]
    rows = confusion_rows(view.matrix, beside, width, height - 2, look, view.cell, above)
    true, predicted = view.cell
    count = f"{view.matrix[view.cell]:,}"
    missed = predicted == len(names)
    what = f"true {names[true]}" if true < len(names) else "background"
    text = f"{what}, {'missed' if missed else f'predicted {names[predicted]}'}: {count}"
    rows.append(((fit(text, width), look.ink("accent")),))
    facts = [("boxes", "score ≥ 0.5"), ("of", view.rows)]
    return [*rows, *draw_facts(facts, width, look)][:height]


DETECTION_CONFUSION = Drawing(DetectionConfusion, draw)
