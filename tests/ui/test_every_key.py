"""Each key of the help does what it says: one claim an action, tried with each of its keys over a hand-made run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from textual.pilot import Pilot

from nnplay.run.speed_limit import FULL, SpeedLimit
from nnplay.tui.app import Playground
from nnplay.tui.commands.actions import ACTIONS, BY_ID
from nnplay.tui.draw.picture import Picture
from nnplay.tui.forms.form import Form
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.panes.health import Findings
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.hint_line import HintLine
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.message_line import MessageLine
from nnplay.tui.widgets.network_view import NetworkView
from tests.ui.playing import asked, main, make, type_line

Read = Callable[[Playground], Any]


@dataclass(frozen=True)
class Claim:
    """Keys that lead to the place, what to look at there, and what it must be after the key."""

    reach: str
    read: Read
    after: Any


def _asked(app: Playground) -> Any:
    return asked(app)[-1] if asked(app) else None


def _screen(app: Playground) -> str:
    return type(app.screen).__name__


def _pane(app: Playground) -> str:
    return main(app).current


def _layers(app: Playground) -> tuple[str, ...]:
    return tuple(app._backend.settings.layer_texts)


def _of(kind: type[Any], read: Read) -> Read:
    """What `read` says of the screen's first widget of a kind."""
    return lambda app: read(main(app).query_one(kind))


def _clipboard(app: Playground) -> bool:
    return "samples" in app.clipboard


_message = _of(MessageLine, lambda line: line.text)
_refused_table = _of(MessageLine, lambda line: "the view map is not a table" in line.text)
_FORM = _of(Form, lambda form: form.cursor)
_LAYER = _of(LayerList, lambda layers: layers.cursor)
_UNIT = _of(NetworkView, lambda view: view.chosen)
_LINK = _of(NetworkView, lambda view: view.link)
_CURSOR = _of(CurveView, lambda view: view.cursor)
_FAMILY = _of(CurvesPane, lambda pane: pane.family)
_VIEW = _of(OutputPane, lambda pane: pane.view)
_ITEM = _of(OutputPane, lambda pane: pane.item)
_FINDING = _of(Findings, lambda pane: pane.cursor)
START = ("linear 8", "tanh", "linear 8", "tanh", "linear 2")
OTHER = object()
"""Something else than before."""

CLAIMS: dict[str, Claim] = {
    "run": Claim("", _asked, ("pause",)),
    "step": Claim("", _asked, ("batch",)),
    "back": Claim("", _asked, ("back",)),
    "epoch": Claim("", _asked, ("epoch",)),
    "rewind": Claim("", _asked, ("rewind",)),
    "new-weights": Claim("", _asked, ("reseed",)),
    "faster": Claim("", _asked, ("limit_speed", FULL)),
    "slower": Claim("", _asked, ("limit_speed", SpeedLimit(1000.0))),
    "latest": Claim("", _asked, ("goto", "step", 2745)),
    "jump-back": Claim("", _asked, ("goto", "step", 2745 - 137)),
    "jump-forward": Claim("", _asked, ("goto", "step", 2745)),
    "data": Claim("", _screen, "DataBrowser"),
    "pick": Claim("", _screen, "Picker"),
    "regenerate": Claim("", lambda app: app._backend.settings.data.values.get("seed"), OTHER),
    "find-setting": Claim("", _screen, "Picker"),
    "undo": Claim("1 j j right", lambda app: dict(app._backend.settings.data.values), OTHER),
    "redo": Claim("1 j j right z", lambda app: dict(app._backend.settings.data.values), OTHER),
    "add-layer": Claim("", _screen, "Picker"),
    "edit": Claim("1", _screen, "Picker"),
    "less": Claim("1 j j", lambda app: app._backend.settings.data.values["noise"], OTHER),
    "more": Claim("1 j j", lambda app: app._backend.settings.data.values["noise"], OTHER),
    "up": Claim("1 j j", _FORM, 1),
    "down": Claim("1", _FORM, 1),
    "layer-edit": Claim("2 2", _screen, "Picker"),
    "layer-delete": Claim("2 2 j", _layers, ("linear 8", "linear 8", "tanh", "linear 2")),
    "layer-copy": Claim("2 2 j", _layers, ("linear 8", "tanh", "tanh", "linear 8", "tanh", "linear 2")),
    "layer-freeze": Claim("2 2", _layers, ("linear 8 frozen", *START[1:])),
    "layer-name": Claim("2 2", _screen, "AskValue"),
    "layer-init": Claim("2 2", _screen, "Picker"),
    "layer-fold": Claim(
        "2 2", _message, "this is not a block: only layers that hold others, such as sum, can be folded"
    ),
    "layer-down": Claim("2 2", _layers, ("tanh", "linear 8", *START[2:])),
    "layer-up": Claim("2 2 j", _layers, ("tanh", "linear 8", *START[2:])),
    "layer-wider": Claim("2 2", _layers, ("linear 9", *START[1:])),
    "layer-narrower": Claim("2 2", _layers, ("linear 7", *START[1:])),
    "layer-next": Claim("2 2", _LAYER, 1),
    "layer-previous": Claim("2 2 j j", _LAYER, 1),
    "unit-right": Claim("2 right", _UNIT, (2, 0)),
    "unit-left": Claim("2 right right", _UNIT, (1, 0)),
    "unit-down": Claim("2 right", _UNIT, (1, 1)),
    "unit-up": Claim("2 right down down", _UNIT, (1, 1)),
    "view": Claim("4", _screen, "Picker"),
    "weight-next": Claim("2 right", _LINK, 1),
    "weight-previous": Claim("2 right w w", _LINK, 1),
    "weight-edit": Claim("2 right w", _screen, "AskValue"),
    "unit-add": Claim("2 right", _layers, ("linear 9", *START[1:])),
    "unit-remove": Claim("2 right", _layers, ("linear 7", *START[1:])),
    "weight-more": Claim("2 right w", _asked, OTHER),
    "weight-less": Claim("2 right w", _asked, OTHER),
    "weight-leave": Claim("2 right", _UNIT, None),
    "cure": Claim("4 6 down", _pane, "training"),
    "finding-next": Claim("6", _FINDING, 1),
    "finding-previous": Claim("6 down", _FINDING, 0),
    **{f"pane-{name}": Claim("", _pane, name) for name in ("network", "data", "training", "curves", "health")},
    "pane-output": Claim("1", _pane, "output"),
    "next-pane": Claim("1", _pane, "training"),
    "previous-pane": Claim("5", _pane, "output"),
    "hide-hints": Claim("question_mark escape", lambda app: main(app).query_one(HintLine).display, False),
    "inspect": Claim("", _message, "there is no network to inspect"),  # the hand-made run has no network to inspect
    "maximise": Claim("5", lambda app: main(app).full, True),
    "reset-layout": Claim("5 f", lambda app: main(app).full, False),
    "cursor-left": Claim("5 left", _CURSOR, OTHER),
    "cursor-right": Claim("5 left left", _CURSOR, OTHER),
    "cursor-hide": Claim("5 left", _CURSOR, None),
    "log-scale": Claim("5", _of(CurveView, lambda view: view.logarithmic), False),
    "whole": Claim("", _message, "nothing is cut short in the output pane"),
    "smooth": Claim("", _of(CurveView, lambda view: view._smoothing), 1),
    "network": Claim("", _message, "this run has only one network"),
    "fold": Claim("", _of(NetworkView, lambda view: view.folded), True),
    "axis": Claim("", _message, "curves by epoch"),
    "curve-next": Claim("", _FAMILY, "accuracy"),
    "curve-previous": Claim("]", _FAMILY, "loss"),
    "view-next": Claim("", _VIEW, "confusion matrix"),
    "view-previous": Claim("", _VIEW, "confusion matrix"),
    **{f"view-{group}": Claim("", _message, "this run has no such views") for group in ("gradients", "why")},
    "example-next": Claim("", _ITEM, 1),
    "example-previous": Claim("", _ITEM, 11),
    "place-next": Claim("4", _message, "there is nothing else to choose in this view; ↓ shows the next view"),
    "place-previous": Claim("4", _message, "there is nothing else to choose in this view; ↓ shows the next view"),
    "example-worst": Claim("", _ITEM, -1),
    "element": Claim("4", _message, "this view has no elements to choose; ↓ shows the next view"),
    "test-points": Claim("", _of(OutputPane, lambda pane: pane.held_out_points), True),
    "discrete": Claim("", _of(Picture, lambda picture: picture.discrete), True),
    "draw": Claim("", _message, OTHER),
    "ask": Claim("", _message, OTHER),
    "theme": Claim("", lambda app: app.look.palette.dark, False),
    "log": Claim("", _screen, "Log"),
    "runs": Claim("", _message, "there are no runs to compare"),  # nor a list of those before
    "copy": Claim("1", _clipboard, True),
    "save": Claim("", _asked, ("save", "")),
    "open": Claim("", _screen, "Picker"),
    "quit": Claim("", lambda app: app._exit, True),
    "interrupt": Claim("", lambda app: app._exit, True),
    "command": Claim("", _screen, "CommandLine"),
    "palette": Claim("", _screen, "Palette"),
    "help": Claim("", _screen, "Help"),
}
BY_COMMAND: dict[str, tuple[str, Read, Any]] = {
    "goto": ("goto step 500", _asked, ("goto", "step", 500)),
    "set": ("set lr 0.003", lambda app: app._backend.settings.optimizer.values["lr"], 0.003),
    "preset": ("preset circle", lambda app: app._backend.settings.data.source, "circle"),
    "layers": ("layers linear 8, tanh, linear 1", _layers, ("linear 8", "tanh", "linear 1")),
    "branch": ("branch lr 0.1", _asked, ("switch_branch", "lr 0.1")),
    "tour": ("tour", lambda app: main(app).query_one(HintLine).text[:3], "1/5"),
    "picture": ("picture view.doc", _message, "view.doc: is not the name of a .svg file; give a name such as view.svg"),
    "csv": ("csv view.csv", _refused_table, True),
    "sweep": ("sweep", lambda app: _message(app)[:16], "no sweep is open"),
    "find": ("find lr", _message, "there is no run to try learning rates on"),  # nor has it a worker
    "race": ("race optimizer=sgd,adam", _screen, "RaceScreen"),
    "seeds": ("seeds 5", _screen, "RaceScreen"),
    "recovered": ("recovered", _message, "there are no unsaved runs to recover"),
}


DRAWING = {action.id for action in ACTIONS if action.where == "drawing"}
"""Need points to draw: see `tests/ui/test_drawing_points.py`."""


ELEMENTS = {action.id for action in ACTIONS if action.where == "elements"}
"""Need a view with a cursor in it: see `tests/ui/test_elements.py`."""


ON_A_TERMINAL = {"suspend"}
"""Needs a shell to go back to: see `tests/terminal/test_screen.py`."""


async def back_to_main(pilot: Pilot[Any], app: Playground) -> None:
    """Leaves the dialog or screen that a key has opened."""
    for _ in range(3):
        if app.screen is not main(app):
            await pilot.press("escape")
            await pilot.pause()
    assert app.screen is main(app)


def test_every_action_has_a_claim() -> None:
    """No action of the help is without a test."""
    assert {action.id for action in ACTIONS} == CLAIMS.keys() | BY_COMMAND.keys() | DRAWING | ELEMENTS | ON_A_TERMINAL
    assert {action.id for action in ACTIONS if not action.keys} == BY_COMMAND.keys()


APART = {"slower", "jump-back", "jump-forward"}
"""What they come to depends on the speed and the step that were chosen before."""
SHARED = {
    (read, reach): [
        name for name, claim in CLAIMS.items() if (claim.read, claim.reach) == (read, reach) and name not in APART
    ]
    for read, reach in ((_asked, ""), (_screen, ""), (_screen, "2 2"), (_pane, ""), (_message, ""), (_message, "4"))
}
"""Actions of one place that leave the playground as it is, but for a question, a screen, the focus or a message."""


@pytest.mark.parametrize(
    ("read", "reach"), SHARED, ids=["asks", "opens", "opens for a layer", "leads", "says", "says of the output"]
)
async def test_keys_of_one_place_do_what_the_help_says(read: Read, reach: str) -> None:
    """The same, one after the other in one playground, of which nothing is left to the next by a question asked."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*reach.split())
        await pilot.pause()
        for name, key in [(one, key) for one in SHARED[read, reach] for key in BY_ID[one].keys]:
            asked(app).clear()
            app.say("as before")
            before = read(app)
            await pilot.press(key)
            await pilot.pause()
            assert read(app) != before, f"{key} for {name}"
            assert CLAIMS[name].after is OTHER or read(app) == CLAIMS[name].after, f"{key} for {name}"
            await back_to_main(pilot, app)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param(name, key, marks=pytest.mark.slow if number else ())  # further keys of an action are bound alike
        for name in CLAIMS
        if not any(name in names for names in SHARED.values())
        for number, key in enumerate(BY_ID[name].keys)
    ],
)
async def test_key_does_what_the_help_says(name: str, key: str) -> None:
    """The key, pressed where it belongs, has the effect of its action and had not before."""
    claim = CLAIMS[name]
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*claim.reach.split())
        await pilot.pause()
        before = claim.read(app)
        await pilot.press(key)
        await pilot.pause()
        assert claim.read(app) != before
        assert claim.after is OTHER or claim.read(app) == claim.after


async def test_commands_do_what_the_help_says() -> None:
    """Commands without a key have their effects from the `:` line, one after the other in one playground."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        for name, (line, read, after) in BY_COMMAND.items():
            asked(app).clear()
            app.say("as before")
            assert read(app) != after, name
            await type_line(pilot, line)
            assert read(app) == after, name
            await back_to_main(pilot, app)
