"""Open the playground for a back end: checks, look, keymap, signals; and the exit status of the process."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from nnplay.data.csv.advice import advise_for
from nnplay.errors import NnplayError
from nnplay.session import state_folder
from nnplay.system import ctrl_c
from nnplay.tui.app import Playground
from nnplay.tui.backend import Backend
from nnplay.tui.commands import keymap
from nnplay.tui.pixels import showing
from nnplay.tui.terminal import can_open, signals
from nnplay.tui.terminal.colours import has_no_boxes
from nnplay.tui.terminal.frame_rate import SLOW_BUDGET
from nnplay.tui.terminal.opening import Opening
from nnplay.tui.theme import look

#: Seconds after which one wonders why a program that was told to end is still there.
_MOMENT = 1.0


def run(
    backend: Backend,
    *,
    ascii_only: bool = False,
    light: bool = False,
    slow: bool = False,
    cells: str = "",
    pictures: str = "",
    tour: bool | None = None,
    opening: Opening | None = None,
    opened: str = "",
    offer: bool = True,
) -> int:
    """Show the playground until the user leaves; returns the exit status.

    Args:
        opening: what is on the terminal until the playground draws.
        slow: spend fewer bytes on pictures; also chosen when the session comes over SSH.
        opened: what there is to say about the session that was opened.
        offer: whether recovered runs are offered at the start, where no session was opened.
        cells: how pictures are drawn, "half", "quadrant" or "sextant"; empty for what the environment says.
        pictures: "cells", "kitty" or "sixel"; empty for what `NNPLAY_PICTURES` says, else for what the terminal has.
        tour: whether to begin with the hints of the first minute; by default only at the very first start.

    Raises:
        InputError: no screen can be opened here, or the keymap file is wrong.
    """
    can_open.check()
    keys = keymap.load(keymap.path())
    first_start = _first_start() if tour is None else tour
    app = Playground(backend, _look(ascii_only, light, cells), keymap=keys, first_start=first_start)
    wanted = pictures or ("cells" if cells else os.environ.get("NNPLAY_PICTURES", ""))  # kinds of cells are for cells
    app.pictures = showing.read_way(wanted, "--pictures" if pictures else "NNPLAY_PICTURES")
    app.offers_recovered, app.greeting, app.opening = offer and not opened, opened, opening
    if slow or os.environ.get("SSH_CONNECTION"):
        rate = app.refresher.frame_rate
        rate.budget, rate.slow = SLOW_BUDGET, True
    restore = opening.abandon if opening is not None else lambda: None
    signals.install(signals.Ending(backend.rescue, app.leave_from_signal, restore, backend.rescue_progress))
    ctrl_c.hand_over()
    try:
        with advise_for("playground"):
            status = app.run()
    finally:
        if opening is not None:
            opening.give_back()
        with _telling_of_a_long_save() if app.keep else contextlib.nullcontext():
            backend.stop(keep=app.keep)
        if app.files.farewell:
            print(app.files.farewell)
        if app.fault:
            print(app.fault, file=sys.stderr)
    return app.return_code or status or 0


def _look(ascii_only: bool, light: bool, cells: str) -> look.Look:
    """How to draw on this terminal, as far as the user did not say."""
    encoding = (sys.__stderr__ and sys.__stderr__.encoding) or "utf-8"
    plain = ascii_only or has_no_boxes(sys.__stderr__)
    return look.detect(os.environ, ascii_only=plain, light=light, cells=cells, encoding=encoding)


@contextlib.contextmanager
def _telling_of_a_long_save() -> Iterator[None]:
    """Says why the program has not ended yet, where keeping a large run takes longer than a moment."""

    def tell() -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            print("nnplay: keeping the run ...", file=sys.stderr, flush=True)

    timer = threading.Timer(_MOMENT, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _first_start() -> bool:
    """Whether this user has never opened the playground; a folder that cannot be written counts as not the first."""
    try:
        seen = state_folder() / "tour-seen"
        if seen.exists():
            return False
        seen.touch(mode=0o600)
    except (OSError, NnplayError):
        return False
    return True
