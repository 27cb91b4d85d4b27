"""Sweeps that a screen follows: one that trains in this process, and one whose file another process may be writing."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from nnplay.data.split import Split
from nnplay.errors import NnplayError
from nnplay.sweeps.board import Board, BoardMaker
from nnplay.sweeps.executors.threads import ThreadExecutor
from nnplay.sweeps.results_file import ResultsFile, read_outcome, read_sweep
from nnplay.sweeps.run_sweep import run_sweep
from nnplay.sweeps.sweep import Sweep
from nnplay.sweeps.trial import Outcome
from nnplay.system.paths import shown, user_path
from nnplay.system.processors import cores

#: Seconds between two boards, and between two looks at a file.
BOARD_SECONDS: Final = 0.25
#: Bytes of a file that are taken at once.
_MOST_AT_ONCE: Final = 2**20


class LiveSweep:
    """What both have: a thread that makes boards, of which the newest can be taken at any time.

    Args:
        sweep: what is tried.
        path: of its results.

    Attributes:
        board: what came of it so far.
        asked: trials that the sampler has asked for; 0 where nobody knows.
        fault: why it does not go on, as a sentence.
        training: whether this process trains it now.
        trains_here: whether this process could.
        finished: whether nothing is left to train.
    """

    trains_here = False

    def __init__(self, sweep: Sweep, path: Path) -> None:
        self.sweep, self.path = sweep, path
        self.board = Board()
        self.asked = 0
        self.fault = ""
        self.training = self.finished = False
        self._maker, self._made, self._shown = BoardMaker(sweep), 0.0, 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()
        self._works = self._again = False

    def start(self) -> None:
        """Begins, or goes on; where it has just been asked to stop, once it has. Nobody waits for that."""
        with self._turn:
            self._again = self._works and self._stop.is_set()
            if not self._works:
                self._begin()
                self._works = True
                self._thread = threading.Thread(target=self._guarded, name="nnplay-live-sweep", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Asks it to stop; it soon does."""
        with self._turn:
            self._again = False
            self._interrupt()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop, and still trains."""
        return self.training and self._stop.is_set()

    @property
    def goes_on(self) -> bool:
        """Whether it goes on once it has stopped."""
        return self._again

    def close(self) -> None:
        """Stops, and waits for it."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        self._again, self.fault, self.training = False, "", self.trains_here
        self._stop.clear()

    def _interrupt(self) -> None:
        self._stop.set()

    def _guarded(self) -> None:
        more = True
        while more:
            more = False
            try:
                self._work_or_say_why_not()
                more = True
            finally:  # nothing goes on behind a fault of the program
                with self._turn:
                    more = more and self._again
                    if more:
                        self._begin()
                    else:
                        self._works = self._again = self.training = False

    def _work_or_say_why_not(self) -> None:
        try:
            self._work()
        except NnplayError as error:
            self.fault = error.message

    def _work(self) -> None:
        raise NotImplementedError

    def _show(self, *, last: bool = False) -> None:
        """Makes a board, if the last one is not quite new."""
        if last or time.monotonic() - self._made > BOARD_SECONDS:
            self.board, self._shown = self._maker.board(last), self._maker.added
            self._made = time.monotonic()


class BackgroundSweep(LiveSweep):
    """Trains a sweep in threads, all cores but one, so that there is room for the screen.

    Args:
        sweep, split: what is tried, and its data.
        path: keeps the outcomes; a file of the same sweep goes on.
    """

    trains_here = True

    def __init__(self, sweep: Sweep, split: Split, path: Path) -> None:
        super().__init__(sweep, path)
        self._executor = ThreadExecutor(sweep, split, max(1, cores() - 1))

    def _begin(self) -> None:
        super()._begin()
        self._executor.forget_interrupt()

    def _interrupt(self) -> None:
        """In the middle of a trial."""
        super()._interrupt()
        self._executor.interrupt()

    def _work(self) -> None:
        with ResultsFile(self.path, self.sweep) as results:
            self._maker.add(results.outcomes.values())
            self._show(last=True)
            try:
                run_sweep(self.sweep, self._executor, results, self._take)
            finally:
                self._show(last=True)
        self.finished = not self._stop.is_set()

    def _take(self, new: Sequence[Outcome], asked: int) -> bool:
        self.asked = asked
        self._maker.add(new)
        self._show()
        return self._stop.is_set()


class FollowedSweep(LiveSweep):
    """Reads a results file, and goes on reading what is added to it.

    Raises:
        InputError: not the results file of a sweep.
    """

    def __init__(self, path: str) -> None:
        super().__init__(read_sweep(path), user_path(path))
        self.asked = self.sweep.trials

    def _work(self) -> None:
        try:
            with self.path.open("rb") as file:
                file.readline()
                while not self._stop.is_set():
                    if not self._read(file):
                        self._stop.wait(BOARD_SECONDS)
        except OSError as error:
            self.fault = f"{shown(self.path)} cannot be read: {(error.strerror or str(error)).lower()}"

    def _read(self, file: BinaryIO) -> bool:
        """Takes over whole lines that were added; returns whether there were any."""
        data = file.read(_MOST_AT_ONCE)
        whole = data.rfind(b"\n") + 1
        file.seek(whole - len(data), 1)  # a line that is still being written is read later
        outcomes = [read_outcome(line) for line in data[:whole].splitlines()]
        if None in outcomes:
            self.fault = f"{shown(self.path)} has lines that are not the outcome of a trial; they are left out"
        self._maker.add(outcome for outcome in outcomes if outcome is not None)
        if whole:
            self._show()
        elif self._maker.added != self._shown:
            self._show(last=True)
        return whole > 0
