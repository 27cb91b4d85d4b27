"""kill -9 of the real `nnplay train … --save` at random moments: no save that was reported is ever lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnplay import session
from nnplay.cli import main
from nnplay.run.saving.session import Session

#: Trains and saves for ever through the command line's own entry; says after each command how far it has come.
LOOP = """
import sys
from nnplay.cli import main
number = int(sys.argv[1])
while True:
    assert main(["train", "run.nnplay", "--epochs", "1", "--json"]) == 0
    number += 1
    print("saved", number, file=sys.stderr, flush=True)
"""
RUN = ["train", "spiral", "--layers", "linear 256, tanh, linear 256, tanh, linear 2", "--epochs", "1", "--no-plot"]


def kill_training(number: int, seconds: float) -> int:
    """Runs the loop, kills it so long after its first reported save; the epochs that were reported as saved."""
    command = [sys.executable, "-c", LOOP, str(number)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        said = list[str]()
        while not said or (said[-1] and not said[-1].startswith("saved")):  # what is wrong with a run is said first
            said.append(child.stderr.readline())
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
        said.append(child.stderr.read())
        assert child.wait() == -signal.SIGKILL, "".join(said)
    lines = [line for line in "".join(said).split("\n")[:-1] if line.startswith("saved")]
    return int(lines[-1].split()[1])


@pytest.mark.parametrize("kills", [1, pytest.param(300, marks=pytest.mark.slow)])
def test_no_kill_loses_a_reported_save_or_mixes_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    """Of a random SIGKILL (slow: 300): 0 reported saves lost, 0 mixed, 0 damaged; the last one is a legal state."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main([*RUN, "--save", "run.nnplay"]) == 0
    rng = random.Random(kills)
    epochs = 1
    for _ in range(kills):
        reported = kill_training(epochs, rng.uniform(0.001, 0.4))
        loaded = session.load("run.nnplay")
        assert loaded.warnings == ()
        epochs = loaded.record["progress"]["epoch"]
        assert epochs >= reported
        assert loaded.record["progress"]["step"] == epochs * 22
    with Session.open("run.nnplay") as found:
        fresh = found.config.trainer()
        fresh.run(epochs=epochs)
        assert all(np.array_equal(value, found.trainer.tensors()[name]) for name, value in fresh.tensors().items())
