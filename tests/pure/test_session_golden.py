"""Sessions of every released format open for ever."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from nnplay.session import load, save
from nnplay.training.curves.history import History

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def format_1(tmp_path: Path) -> Path:
    """A private copy of the golden session: a checkout may be writable for a group."""
    folder = tmp_path / "format-1.nnplay"
    folder.mkdir(mode=0o700)
    for path in (GOLDEN / "format-1.nnplay").iterdir():
        shutil.copyfile(path, folder / path.name)
    return folder


def test_the_first_format_loads(format_1: Path) -> None:
    """The golden session of format 1 has exactly the values that it was made with."""
    loaded = load(format_1)
    assert (loaded.generation, loaded.warnings, loaded.read_only) == (2, (), False)
    assert loaded.record == {
        "name": "spiral",
        "seed": 7,
        "epoch": 2,
        "step": 20,
        "data": {"kind": "spiral", "noise": 0.1},
        "optimizer": {"name": "adam", "lr": 0.01},
        "layer": [{"kind": "linear", "units": 8}, {"kind": "relu"}],
        "from_the_future": {"kept": [1, 2.5, "three", True]},
    }
    weight = (np.arange(16, dtype=np.float32).reshape(8, 2) - 8) / 2
    assert np.array_equal(loaded.tensors["params.layer0.weight"], weight)
    assert loaded.tensors["optimizer.step"] == 20
    assert loaded.tensors["data.mean"].dtype == np.float64
    history = History.from_arrays(loaded.tensors)
    assert history.names() == ("loss", "train_accuracy")
    assert (len(history["loss"]), history["train_accuracy"].last[0]) == (20, 0.5)


def test_the_save_before_loads_too(format_1: Path) -> None:
    """Of a golden session whose last state is lost, the save before it opens."""
    (format_1 / "state-00000002.safetensors").unlink()
    assert load(format_1).record["epoch"] == 1


def test_the_first_format_is_rewritten_with_its_comments(format_1: Path) -> None:
    """Saving a golden session again keeps its comments, its unknown keys and the bytes of its state."""
    before = load(format_1)
    save(format_1, before.record, before.tensors)
    text = (format_1 / "session.toml").read_text()
    assert "# The first session format." in text
    assert "noise = 0.1  # spread of the points" in text
    after = load(format_1)
    assert after.record == before.record
    states = [(format_1 / f"state-0000000{number}.safetensors").read_bytes() for number in (2, 3)]
    assert states[0] == states[1]
