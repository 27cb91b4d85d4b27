"""What a session keeps of the screen: the pane in use, full screen, the curves and how they are drawn, the switches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.tui.arrange import PANES
from nnplay.tui.draw.picture import Picture
from nnplay.tui.forms.folding import as_words, from_words
from nnplay.tui.main_screen import MainScreen
from nnplay.tui.panes.curves import FAMILIES, CurvesPane
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView


def capture_view(main: MainScreen) -> dict[str, Any]:
    """The settings of the screen as plain values."""
    curves, picture = main.query_one(CurveView), main.query_one(Picture)
    return {
        "pane": main.current,
        "full": main.full,
        "curves": main.query_one(CurvesPane).family,
        "logarithmic": curves.logarithmic,
        "smoothing": curves.smoothing,
        "held_out_points": picture.held_out_points,
        "discrete": picture.discrete,
        "folded": bool(main.query_one(NetworkView).folded),
        "unfolded": as_words(main.query_one(LayerList).unfolded),
        "answers": main.query_one(OutputPane).view,
    }


def restore_view(main: MainScreen, view: Mapping[str, Any]) -> None:
    """Gives the screen the settings that a session kept; what is missing or no such value stays as it is."""
    present = capture_view(main)
    found = {key: view[key] if type(view.get(key)) is type(value) else value for key, value in present.items()}
    curves, picture = main.query_one(CurveView), main.query_one(Picture)
    if found["curves"] in FAMILIES:
        main.query_one(CurvesPane).choose(found["curves"])
    curves.logarithmic = found["logarithmic"]
    curves.smooth_by(found["smoothing"])
    picture.held_out_points = found["held_out_points"]
    picture.discrete = found["discrete"]
    main.query_one(NetworkView).folded = found["folded"]
    main.query_one(LayerList).unfold(from_words(found["unfolded"]))
    main.query_one(OutputPane).view = found["answers"]
    main.full = found["full"]
    pane = found["pane"]
    if pane in PANES and pane != main.current:
        main.go(pane)
    else:
        main.lay_out()
    picture.redraw()
