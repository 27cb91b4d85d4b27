"""`nnplay`, or `nnplay playground`: opens the playground on a terminal."""

from __future__ import annotations

import os
import sys
from argparse import BooleanOptionalAction
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from nnplay.cli.interrupt import without_terminal
from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_run_flags, run_config, run_table
from nnplay.cli.source import base_table
from nnplay.config import RunConfig
from nnplay.errors import InputError

if TYPE_CHECKING:
    from nnplay.tui.contract import Backend

ABOUT: Final = "Open the playground (the same as nnplay without a command)"
_MORE: Final = """\
examples:
  nnplay
  nnplay --data my.csv --target y
  nnplay --data spiral --layers "linear 8, tanh, linear 2"
"""


def run(words: Sequence[str]) -> int:
    """Opens it, once it is sure that the run can be and that there is a screen."""
    parser = Parser("playground", ABOUT, epilog=_MORE, usage="nnplay [playground] [options]")
    add = parser.add_argument
    add("--data", dest="source", metavar="DATA", help="a data set, a CSV file, or a TOML file that describes a run")
    add("--ascii", action="store_true", help="draw with plain characters only")
    add("--light", action="store_true", help="colours for a light background")
    add("--slow", action="store_true", help="spend few bytes on pictures, for a slow line")
    add("--tour", action=BooleanOptionalAction, help="begin with the tour (default: at the very first start)")
    add_run_flags(parser)
    options = parser.read(words)
    config: RunConfig | None = None
    if options.source or run_table(options):
        config = run_config(base_table(options.source) if options.source else _first(), options)
    check_screen()
    from nnplay.play.backend import PlaygroundBackend
    from nnplay.play.recent import recovered
    from nnplay.tui import run as screen

    if held := recovered():
        number = "a run was" if len(held) == 1 else f"{len(held)} runs were"
        print(f"nnplay: {number} recovered; nnplay recover lists what can be opened again", file=sys.stderr)
    # The screen's protocol names its own view of the settings; the back end gives and takes the real ones.
    backend = cast("Backend", PlaygroundBackend(config))
    status = screen.run(backend, ascii_only=options.ascii, light=options.light, slow=options.slow, tour=options.tour)
    return without_terminal(status)


def _first() -> dict[str, object]:
    """The run that opens when no data are named."""
    from nnplay.play.backend import FIRST
    from nnplay.presets.catalogue import load_preset

    return load_preset(FIRST).config.to_dict()


def check_screen() -> None:
    """Refuses at once, before anything large is imported."""
    from nnplay.tui import start

    reason = start.why_not(os.environ, input_is_terminal=sys.stdin.isatty(), error_is_terminal=sys.stderr.isatty())
    if reason:
        raise InputError(reason)
