"""kill -9 at a random moment of a save loop: no acknowledged save is lost, no state is mixed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nnplay.session import load, take_lock

SAVER = """
import os
import sys
import numpy as np
from nnplay.session import save, take_lock

def tell(*words):  # in one write: neither a kill nor the other process can come into the middle of a line
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def save_for_ever(folder, number):
    lock = take_lock(folder)
    assert lock.held, lock.reason
    while True:
        number += 1
        tensors = {f"layer{index}.weight": np.full((125, 500), number, np.float32) for index in range(4)}
        save(folder, {"number": number, "optimizer": {"name": "adam", "lr": float(number)}}, tensors, lock=lock)
        tell(number)

for line in sys.stdin:
    child = os.fork()
    if not child:
        save_for_ever(sys.argv[1], int(line))
    tell("process", child)
    tell("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Starts a process for each number that it reads, which saves for ever, and tells how it ended."""


class Saver:
    """A program whose processes save until they are killed; they are forks, so that none has to import anything."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", SAVER, str(folder)]
        self._program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def killed_after(self, start: int, seconds: float) -> int:
        """Saves from `start` on, killed `seconds` after the first acknowledged save; the last one acknowledged."""
        lines, acknowledged, child = self._program.stdout, start, 0
        assert self._program.stdin is not None
        assert lines is not None
        print(start, file=self._program.stdin, flush=True)
        while acknowledged == start or not child:
            word, *more = next(lines).split()
            assert word != "ended", "it could not save"
            if word == "process":
                child = int(more[0])
            else:
                acknowledged = int(word)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        for line in lines:
            word, *more = line.split()
            if word == "ended":
                assert int(more[0]) == -signal.SIGKILL
                return acknowledged
            acknowledged = int(word)
        raise AssertionError("the program ended")

    def close(self) -> None:
        """Ends the program."""
        self._program.communicate()


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[Saver]:
    """Saves to one folder."""
    (tmp_path / "run.nnplay").mkdir(mode=0o700)
    made = Saver(tmp_path / "run.nnplay")
    yield made
    made.close()


@pytest.mark.parametrize("kills", [8, pytest.param(300, marks=pytest.mark.slow)])
def test_no_kill_loses_an_acknowledged_save_or_mixes_two(saver: Saver, tmp_path: Path, kills: int) -> None:
    """Of 8 (slow: 300) random SIGKILLs during 1 MB saves: 0 acknowledged saves lost, 0 mixed, 0 warnings."""
    rng = random.Random(kills)
    folder = tmp_path / "run.nnplay"
    number = 0
    for _ in range(kills):
        acknowledged = saver.killed_after(number, rng.uniform(0.001, 0.08))
        loaded = load(folder)
        number = loaded.record["number"]
        assert number >= acknowledged
        assert loaded.warnings == ()
        assert loaded.record["optimizer"]["lr"] == number
        assert len(loaded.tensors) == 4
        assert all(np.all(tensor == number) for tensor in loaded.tensors.values())
    with take_lock(folder) as lock:
        assert lock.held
