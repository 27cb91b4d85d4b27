"""Runs that a released version saved go on in every later one: names of tensors, settings and numbers stay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nnplay as nn
from nnplay.run.saving import saved_run
from nnplay.timeline.saved import restore_timeline
from nnplay.timeline.timeline import Timeline

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str, folder: Path) -> tuple[Path, NDArray[np.float32], dict[str, Any]]:
    """A copy of a saved run, rows to ask it about, and its answers, which are the same bits on every processor."""
    place = folder / f"{name}.nnplay"
    place.mkdir(mode=0o700)
    for path in (GOLDEN / f"{name}.nnplay").iterdir():
        shutil.copyfile(path, place / path.name)
    wanted = json.loads((GOLDEN / f"{name}.json").read_text())
    return place, np.array(wanted["inputs"], np.float32), wanted


def test_the_first_run_opens_predicts_and_trains_on(tmp_path: Path) -> None:
    """The golden run (batch norm, dropout, Adam, cosine, L2) answers as ever, and 25 steps later, to the last bit."""
    place, inputs, wanted = golden("run-1", tmp_path)
    with nn.Session.open(place) as session:
        assert session.warnings == ()
        assert session.trainer.step == 40
        assert np.array_equal(session.trainer.predict(inputs), wanted["at 40"])
        session.trainer.run(steps=25)
        assert np.array_equal(session.trainer.predict(inputs), wanted["at 65"])


def test_the_second_run_is_gone_back_through_and_its_other_branch_is_gone_to(tmp_path: Path) -> None:
    """Format 2: a run with edits and a fork that was trained on answers at steps of its past as ever, bit for bit."""
    place, inputs, wanted = golden("run-2", tmp_path)
    opened = saved_run.read(place)
    assert opened.past is not None
    timeline = Timeline(opened.trainer)
    restore_timeline(timeline, opened.past, opened.config, lambda config, split: config.trainer(split=split))
    for step in (90, 0, 60, 25, 35):
        timeline.go_to(step)
        assert np.array_equal(timeline.trainer.predict(inputs), wanted[f"at {step}"]), step
    assert (timeline.words, [branch.description for branch in timeline.branches]) == (
        "optimizer sgd",
        ["optimizer adam from step 50"],
    )
    timeline.switch_to(timeline.branches[0])
    timeline.go_to(timeline.latest)
    assert timeline.trainer.step == 80
    assert np.array_equal(timeline.trainer.predict(inputs), wanted["other at 80"])
