"""One unit or hidden layer more or less, where the cursor is; what has no size says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.widget import Widget

from nnplay.errors import InputError
from nnplay.network.hidden_layers import add_hidden_layer, remove_hidden_layer
from nnplay.network.layer_text import with_units
from nnplay.tui.forms.editor import editor, host

SIGNS: Final = " - +"
"""What a click takes a unit or a hidden layer away with, or adds one; the end of a row."""


def wider(widget: Widget, text: str, by: int) -> str:
    """The layer with so many units more; the same text, and why in the line for messages, where that cannot be."""
    changed = with_units(text, by)
    if changed == text:
        name, _, rest = text.partition(" ")
        why = f"{name} has one unit left; d deletes the layer" if rest else f"{name} has no number of units"
        host(widget).say(why)
    return changed


def change_hidden_layers(widget: Widget, texts: Sequence[str], by: int) -> None:
    """One hidden layer more (`by` > 0) or less."""
    try:
        layers = add_hidden_layer(texts) if by > 0 else remove_hidden_layer(texts)
    except InputError as problem:
        host(widget).say(problem.message, error=True)
        return
    editor(widget).change_layers(layers)
