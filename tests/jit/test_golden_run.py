"""Runs that a released version saved go on in every later one: names of tensors, settings and numbers stay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

import nnplay as nn

GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_first_run_opens_predicts_and_trains_on(tmp_path: Path) -> None:
    """The golden run (batch norm, dropout, Adam, cosine, L2) answers as when saved, and 25 steps later, to 1e-6."""
    place = tmp_path / "run-1.nnplay"
    place.mkdir(mode=0o700)
    for path in (GOLDEN / "run-1.nnplay").iterdir():
        shutil.copyfile(path, place / path.name)
    wanted = json.loads((GOLDEN / "run-1.json").read_text())
    inputs = np.array(wanted["inputs"], np.float32)
    with nn.Session.open(place) as session:
        assert session.warnings == ()
        assert session.trainer.step == 40
        assert np.allclose(session.trainer.predict(inputs), wanted["at 40"], rtol=0, atol=1e-6)
        session.trainer.run(steps=25)
        assert np.allclose(session.trainer.predict(inputs), wanted["at 65"], rtol=0, atol=1e-6)
