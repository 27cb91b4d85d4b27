"""UMAP in a process of its own: what it is asked, what it answers, and what is said where it cannot."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnplay.config import RunConfig
from nnplay.errors import NnplayError
from nnplay.representation.umap_process import UmapProcess
from nnplay.views.choosing import make_view
from nnplay.views.clouds import Clouds
from nnplay.views.kinds import umap as umap_view
from nnplay.views.layer_values import compared_rows, read_layers
from nnplay.views.umap_rounds import UmapRounds

_RUN = {"data": {"name": "iris"}, "layers": ["linear 4", "tanh", "linear 3"]}
#: In place of the library: its places are where they were to begin, three times as far; its settings are on record.
_STAND_IN = """
import json, pathlib
class UMAP:
    def __init__(self, **settings):
        self.start = settings.pop("init")
        (pathlib.Path(__file__).parent / "settings").write_text(json.dumps(settings))
    def fit_transform(self, rows):
        if rows.shape[1] == 1:
            raise ValueError("one column is not enough")
        return 3 * self.start + rows.sum()
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is imported from first, with something in place of umap-learn."""
    (tmp_path / "umap.py").write_text(_STAND_IN)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "umap", raising=False)
    return tmp_path


def test_the_process_gets_rows_and_gives_places(stand_in: Path) -> None:
    """Bit for bit, again and again; its seed is fixed, and few rows have few neighbours. A failure is told, once."""
    process = UmapProcess()
    try:
        for count in (40, 7):
            rows = np.random.default_rng(count).normal(size=(count, 5)).astype(np.float32)
            places = process.embed(rows, rows[:, :2])
            assert np.allclose(places, 3 * rows[:, :2] + rows.sum(), atol=1e-5)
            settings = json.loads((stand_in / "settings").read_text())
            assert settings == {"n_neighbors": min(15, count - 1), "random_state": 0, "n_jobs": 1}
        with pytest.raises(NnplayError, match="one column is not enough"):
            process.embed(np.zeros((9, 1)), np.zeros((9, 2)))
        assert process.embed(np.zeros((9, 2)), np.ones((9, 2))).tolist() == [[3.0, 3.0]] * 9
    finally:
        process.end()


def test_a_round_shows_every_layer_and_the_next_one_follows_the_run(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First that it is on its way, then the clouds of that step; as long as nothing changes no layer is read again."""
    rounds = UmapRounds()
    monkeypatch.setattr(umap_view, "umap_rounds", lambda: rounds)
    trainer = RunConfig.from_dict(_RUN).trainer()

    def show(finished: bool) -> Clouds:
        end = time.monotonic() + 60
        while True:
            _, output, _ = make_view(trainer, "UMAP")
            assert isinstance(output, Clouds)
            if output.unfinished != finished or time.monotonic() > end:
                return output
            time.sleep(0.01)

    try:
        first = show(finished=False)
        assert (first.clouds, "of 4 layers" in first.words) == ((), True)
        whole = show(finished=True)
        assert [cloud.name for cloud in whole.clouds] == ["input", "0 linear", "1 tanh", "2 linear"]
        assert whole.words.startswith("step 0, ")
        read = [read_layers(trainer, compared_rows(trainer).x)]
        with monkeypatch.context() as inner:
            inner.setattr(umap_view, "read_layers", lambda *_: read.pop())
            assert show(finished=True).words == whole.words
        assert read
        trainer.advance(1)
        assert show(finished=False).words.startswith("step 0, ")
        assert trainer.step > 0
        assert show(finished=True).words.startswith(f"step {trainer.step}, ")
    finally:
        rounds.end()


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that brings it."""
    monkeypatch.setitem(sys.modules, "umap", None)
    _, output, _ = make_view(RunConfig.from_dict(_RUN).trainer(), "UMAP")
    assert isinstance(output, Clouds)
    assert "umap-learn, which is not installed" in output.words
    assert 'pip install "nnplay[umap]"' in output.words
    assert not output.unfinished
