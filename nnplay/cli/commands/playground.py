"""`nnplay`, or `nnplay playground`: opens the playground on a terminal."""

from __future__ import annotations

import contextlib
import sys
from argparse import BooleanOptionalAction
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from platformdirs import user_state_path

from nnplay.cli.interrupt import without_terminal
from nnplay.fields import integer
from nnplay.system import ctrl_c
from nnplay.tui.terminal import can_open

if TYPE_CHECKING:
    from nnplay.config import RunConfig
    from nnplay.run.playground import PlaygroundBackend

ABOUT: Final = "Open the playground (same as nnplay without a command)"
_MORE: Final = """\
examples:
  nnplay
  nnplay --data my.csv --target y
  nnplay --data spiral --layers "linear 8, tanh, linear 2"
"""


#: Options that only say how to draw: with no others, there is nothing that could be wrong about the run.
_DRAWING: Final = ("--ascii", "--light", "--slow", "--tour", "--no-tour")


_PAST: Final = integer("past", 128, "MiB of memory for going back in time", low=1, high=2**20)


def run(words: Sequence[str]) -> int:
    """Opens it, once it is sure that the run can be and that there is a screen."""
    if set(words) <= set(_DRAWING):
        return _first_run(words)
    from nnplay.cli.parser import Parser
    from nnplay.cli.run_flags import add_device_flag, add_run_flags, run_config, run_table
    from nnplay.cli.source import base_table
    from nnplay.data.catalogue import name_sources
    from nnplay.run.playground import PlaygroundBackend
    from nnplay.tape.machines.device import choose

    parser = Parser("playground", ABOUT, epilog=_MORE, usage="nnplay [playground] [options]")
    add = parser.add_argument
    add(
        "--data",
        dest="source",
        metavar="DATA",
        help=f"a data set, {name_sources()}, or a TOML file that describes a run",
    )
    add("--ascii", action="store_true", help="draw with ASCII characters only")
    add("--light", action="store_true", help="use colours for a light background")
    add("--slow", action="store_true", help="send fewer bytes to the terminal, for a slow connection")
    add(
        "--cells",
        choices=("half", "quadrant", "sextant"),
        default="",
        help="pixels of a cell: 2, or 4 or 6 in two colours",
    )
    add(
        "--pictures",
        choices=("cells", "kitty", "sixel"),
        default="",
        help="true pixels by one of these protocols, or none (default: what the terminal answers that it has)",
    )
    add("--past", metavar="MIB", default="128", help="memory for going back in time, in MiB (default 128)")
    add("--tour", action=BooleanOptionalAction, help="show the hints (default: only the first time)")
    add_device_flag(parser)
    add_run_flags(parser)
    options = parser.read(words)
    choose(options.device, tf32=options.tf32)
    past: int = _PAST.read(options.past, "--past")
    config: RunConfig | None = None
    asked = bool(options.source or run_table(options))
    if asked:
        config = run_config(base_table(options.source) if options.source else _first(), options)
    can_open.check()
    return _show(
        lambda: PlaygroundBackend(config, past=past << 20),
        Drawing(options.ascii, options.light, options.slow, options.tour, options.cells, options.pictures),
        asked=asked,
    )


def _first_run(words: Sequence[str]) -> int:
    """Without a word about the run the frame is on the screen before the first preset's run is made."""

    def make() -> PlaygroundBackend:
        from nnplay.run.playground import PlaygroundBackend

        return PlaygroundBackend()

    can_open.check()
    tours = [word == "--tour" for word in words if word.endswith("tour")]
    drawing = Drawing("--ascii" in words, "--light" in words, "--slow" in words, tours[-1] if tours else None)
    return _show(make, drawing)


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the user wants it drawn.

    Attributes:
        tour: whether to begin with the hints of the first minute; None where that follows from whether it is the first
            start.
        cells: "half", "quadrant" or "sextant"; empty for what the environment says.
        pictures: "cells", "kitty" or "sixel"; empty for what the environment or the terminal says.
    """

    ascii: bool
    light: bool
    slow: bool
    tour: bool | None
    cells: str = ""
    pictures: str = ""


def _show(make: Callable[[], PlaygroundBackend], drawing: Drawing, *, asked: bool = False) -> int:
    """Opens the screen, then makes the run behind its first frame: drawing data can take seconds.

    Args:
        asked: whether a certain run was asked for; if so, no other one is offered in its place.
    """
    from nnplay.tui.commands import keymap
    from nnplay.tui.terminal.opening import Opening

    keymap.load(keymap.path())  # what is wrong with it is said before the screen changes
    _tell_of_recovered()
    with Opening(ascii_only=drawing.ascii, light=drawing.light) as opening, ctrl_c.restoring(opening.abandon):
        made = make()
        from nnplay.tui import run as screen

        status = screen.run(
            made,
            ascii_only=drawing.ascii,
            light=drawing.light,
            slow=drawing.slow,
            cells=drawing.cells,
            pictures=drawing.pictures,
            tour=drawing.tour,
            opening=opening,
            offer=not asked,
        )
    return without_terminal(status)


def _tell_of_recovered() -> None:
    """Names the command for runs that ended without being saved; where there are none, nothing is imported for it."""
    folder = user_state_path("nnplay", appauthor=False) / "recovery"
    with contextlib.suppress(OSError):
        if not any(folder.iterdir()):
            return
        from nnplay.run.saving.recent import older_recovered, recovered
        from nnplay.text import counted

        if held := len(recovered()) + older_recovered():
            print(f"nnplay: {counted(held, 'run')} recovered; nnplay recover lists what can be opened", file=sys.stderr)


def _first() -> dict[str, object]:
    """The run that opens when no data are named."""
    from nnplay.presets.catalogue import load_preset
    from nnplay.run.playground import FIRST

    return load_preset(FIRST).config.to_dict()
