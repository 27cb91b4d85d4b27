"""The learning rates that a sweep suggests, to be taken by enter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from nnplay.training.rate_finder import Suggestion, Sweep
from nnplay.tui.draw.sweep import draw_sweep
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.shelf import Shelf

#: Steps that the loss of the beginning is the mean of, and what share of it is left where it fell clearly.
_BEGINNING: Final = 30
_FALLS: Final = 0.9


def rate_picker(sweep: Sweep, present: str, take: Callable[[str], None]) -> Picker:
    """Offers the suggestions, each with its place on the curve.

    Args:
        present: the rate in force.
    """
    lead = f"loss while the learning rate grew; the run is as it was (now {present})"
    if sweep.smoothed.min() > _FALLS * sweep.smoothed[:_BEGINNING].mean():
        lead += "; it hardly fell, so these say little: rewind (r) before :find lr"
    choices = [_choice(sweep, suggestion) for suggestion in sweep.suggestions]
    return Picker([Shelf("learning rate", lead, choices, take, free=True)], title="find a learning rate")


def _choice(sweep: Sweep, suggestion: Suggestion) -> Choice:
    text = f"{suggestion.rate:.2g}"
    picture = partial(draw_sweep, sweep, suggestion.rate)
    return Choice(text, f"{suggestion.name} {text}", what=suggestion.why, thumbnail=picture)
