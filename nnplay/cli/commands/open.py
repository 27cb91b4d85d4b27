"""`nnplay open SESSION`: opens a saved or recovered session in the playground, where it stopped."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from nnplay.cli.interrupt import without_terminal
from nnplay.cli.parser import Parser
from nnplay.cli.run_flags import add_device_flag
from nnplay.cli.source import find_session
from nnplay.data.catalogue import names_data
from nnplay.errors import InputError
from nnplay.tape.machines.device import choose
from nnplay.text import clean
from nnplay.tui.terminal import can_open

if TYPE_CHECKING:
    from nnplay.tui.backend import Backend

ABOUT: Final = "Open a saved session in the playground"


def run(words: Sequence[str]) -> int:
    """Opens it."""
    parser = Parser("open", ABOUT)
    parser.add_argument("session", help="a session folder, or a packed session")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--light", action="store_true", help="use colours for a light background")
    parser.add_argument("--slow", action="store_true", help="send fewer bytes to the terminal, for a slow connection")
    parser.add_argument(
        "--cells",
        choices=("half", "quadrant", "sextant"),
        default="",
        help="pixels of a cell: 2, or 4 or 6 in two colours",
    )
    parser.add_argument(
        "--pictures",
        choices=("cells", "kitty", "sixel"),
        default="",
        help="true pixels by one of these protocols, or none (default: what the terminal answers that it has)",
    )
    add_device_flag(parser)
    options = parser.read(words)
    choose(options.device, tf32=options.tf32)
    if names_data(options.session):
        where = clean(options.session)
        hint = f"to open it: nnplay --data {shlex.quote(where)}"
        raise InputError("is data, not a saved run", where=where, hint=hint)
    find_session(options.session)
    can_open.check()
    from nnplay.run.playground import PlaygroundBackend
    from nnplay.tui import run as screen

    backend = PlaygroundBackend()
    try:
        opened = backend.open(options.session)
    except BaseException:
        backend.stop()
        raise
    status = screen.run(
        cast("Backend", backend),
        ascii_only=options.ascii,
        light=options.light,
        slow=options.slow,
        cells=options.cells,
        pictures=options.pictures,
        tour=False,
        opened=opened,
    )
    return without_terminal(status)
