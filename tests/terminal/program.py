"""The playground over the hand-made back end, as a program of its own for tests on a real pseudo-terminal.

`--crash rewind` makes the rewind fail as a bug would, `--crash start` what the first frame needs; `--hang` makes the
rewind take for ever; `--rescue FILE` is where the run is saved on a signal or a crash, in so many `--pieces` a quarter
of a second apart, and with `--stuck` never to the end, which is noticed after half a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnplay.cli.interrupt import without_terminal
from nnplay.errors import InputError
from nnplay.tui.app import Playground
from nnplay.tui.commands import keymap
from nnplay.tui.run import run
from nnplay.tui.terminal import signals
from nnplay.tui.terminal.can_open import check
from nnplay.tui.terminal.opening import Opening
from nnplay.tui.theme.look import Look
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.fake_settings import FakeLedger


class LiveBackend(FakeBackend):
    """Publishes a new snapshot 30 times a second while it runs."""

    def __init__(self, rescue: Path, *, crash: str, hang: bool, pieces: int, stuck: bool) -> None:
        self._changing = threading.Lock()
        super().__init__()
        self._rescue, self._crash, self._hang = rescue, crash, hang
        self._pieces, self._stuck, self._rescued = pieces, stuck, 0
        self._rescuing = threading.Lock()
        self._end = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while not self._end.wait(1 / 30):
            with self._changing:
                if self.snapshot.running:
                    self.snapshot = train_run(self.snapshot.step + 137)

    def _do(self, *what: Any, **changed: Any) -> None:
        with self._changing:  # or the snapshot that is just made would take a pause back
            super()._do(*what, **changed)

    def rewind(self) -> None:
        if self._crash == "rewind":
            raise RuntimeError("a bug of the tests")
        if self._hang:
            self._rescue.with_name("hangs").touch()
            time.sleep(10_000)
        super().rewind()

    def ledger(self, layers: Sequence[str], network: str = "") -> FakeLedger:
        if self._crash == "start":
            raise RuntimeError("a bug of the tests")
        return super().ledger(layers)

    def rescue(self) -> str:
        with self._rescuing:
            if self._stuck:
                time.sleep(10_000)
            while self._rescued < self._pieces:
                time.sleep(0.25)
                self._rescued += 1
            self._rescue.write_text(f"step {self.snapshot.step}")
        return f"the run was saved to {self._rescue.name}"

    def rescue_progress(self) -> int:
        return self._rescued

    def stop(self, *, keep: bool = False) -> None:
        self._end.set()
        if keep:
            self.rescue()  # as the real one does: it waits for the one that goes on


def show_unseen() -> None:
    """The playground over the same back end, drawn for no terminal and left at once."""

    async def show() -> None:
        async with Playground(FakeBackend(), Look()).run_test(size=(120, 40)) as pilot:
            await pilot.pause()

    asyncio.run(show())


def main() -> int:
    """Run; refusals are one line on standard error and status 2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--crash", choices=("rewind", "start"), default="")
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--stuck", action="store_true")
    parser.add_argument("--pieces", type=int, default=0)
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--rescue", type=Path, default=Path("rescued"))
    options = parser.parse_args()
    if options.stuck:
        signals.STUCK_AFTER = 0.5
    try:
        check()
        keymap.load(keymap.path())
        with Opening(ascii_only=options.ascii) as opening:
            backend = LiveBackend(
                options.rescue, crash=options.crash, hang=options.hang, pieces=options.pieces, stuck=options.stuck
            )
            return without_terminal(run(backend, ascii_only=options.ascii, tour=False, opening=opening))
    except InputError as error:
        print(error.message, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
