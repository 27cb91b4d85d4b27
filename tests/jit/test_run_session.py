"""A session goes on exactly where it stopped, in another process too, and says what it cannot keep."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay.data import fingerprint
from nnplay.data.split import Split
from nnplay.errors import InputError

RUNS = {
    "adam, dropout, cosine": {
        "data": {"name": "spiral", "samples": 200},
        "layers": "linear 8, tanh, dropout 0.2, linear 2",
        "optimizer": {"name": "adam", "lr": 0.01},
        "schedule": {"name": "cosine", "steps": 300},
        "seed": 3,
    },
    "sgd, plateau, penalties": {
        "data": {"name": "moons", "samples": 150},
        "layers": "linear 6, relu, linear 2",
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
        "schedule": {"name": "plateau", "patience": 2},
        "training": {"l2": 0.001, "clip_norm": 1.0, "batch_size": 16},
        "seed": 5,
    },
}
#: Each session that is named is trained on; what it comes to lies beside it.
_RESUME = """
import sys, numpy, nnplay
for place in sys.argv[2:]:
    with nnplay.Session.open(place) as session:
        session.trainer.run(steps=int(sys.argv[1]))
        arrays = {**session.trainer.tensors(), **session.trainer.history.to_arrays()}
        numpy.savez(f"{place}.npz", **arrays)
"""


def test_resuming_in_another_process_gives_the_bits_of_the_uninterrupted_run(tmp_path: Path) -> None:
    """Saved at any step and resumed in a new process, weights, slots and curves equal those of a run without a stop."""
    wanted = {}
    for number, run in enumerate(RUNS.values()):
        for stop in (1, 13, 87):
            place = tmp_path / f"{number}-{stop}.nnplay"
            with nn.Session.new(place, run) as session:
                session.trainer.run(steps=stop)
                session.save()
                session.trainer.run(steps=60)
                wanted[place] = {**session.trainer.tensors(), **session.trainer.history.to_arrays()}
    subprocess.run([sys.executable, "-c", _RESUME, "60", *wanted], check=True)
    for place, arrays in wanted.items():
        with np.load(f"{place}.npz") as got:
            assert set(got.files) == set(arrays)
            for key, value in arrays.items():
                assert np.array_equal(got[key], value, equal_nan=True), f"{key} of {place.name}"


def test_save_load_save_gives_the_same_bytes(tmp_path: Path) -> None:
    """Opening a session and saving it again under another name writes the same state, byte for byte."""
    with nn.Session.new(tmp_path / "one.nnplay", RUNS["adam, dropout, cosine"]) as session:
        session.trainer.run(steps=20)
        session.save()
    with nn.Session.open(tmp_path / "one.nnplay") as session:
        session.save(tmp_path / "two.nnplay")
    first, second = (next((tmp_path / f"{name}.nnplay").glob("state-*")) for name in ("one", "two"))
    newest = max((tmp_path / "one.nnplay").glob("state-*"))
    assert newest.read_bytes() == second.read_bytes()
    assert first.exists()


def test_five_lines_by_hand_are_a_session(tmp_path: Path) -> None:
    """A hand-written session.toml of five lines opens at step 0 and trains."""
    place = tmp_path / "hand.nnplay"
    place.mkdir(mode=0o700)
    text = 'data = "xor"\nlayers = "linear 4, tanh, linear 2"\noptimizer = "adam"\nepochs = 5\nseed = 1\n'
    (place / "session.toml").write_text(text)
    (place / "session.toml").chmod(0o600)
    with nn.Session.open(place) as session:
        assert session.trainer.step == 0
        session.trainer.run(epochs=1)
        assert session.trainer.epoch == 1


def test_a_saved_text_has_the_run_once(tmp_path: Path) -> None:
    """Saving over a hand-written text moves its keys into [run]: none is left at the top, where it would do nothing."""
    place = tmp_path / "mine.nnplay"
    place.mkdir(mode=0o700)
    text = '# my first run\ndata = "xor"\nlayers = "linear 4, tanh, linear 2"\nepochs = 5\n'
    (place / "session.toml").write_text(text)
    with nn.Session.open(place) as session:
        session.save()
    saved = tomllib.loads((place / "session.toml").read_text())
    assert "# my first run" in (place / "session.toml").read_text()
    assert saved["run"]["epochs"] == 5
    assert not {"data", "layers", "epochs"} & saved.keys()
    with nn.Session.open(place) as session:
        assert session.config.epochs == 5


def test_a_second_opener_is_read_only_and_told_why(tmp_path: Path) -> None:
    """While a session is open, opening it again gives a read-only one whose save is refused."""
    place = tmp_path / "run.nnplay"
    with nn.Session.new(place, RUNS["adam, dropout, cosine"]), nn.Session.open(place) as second:
        assert second.read_only
        assert any("read-only" in warning for warning in second.warnings)
        with pytest.raises(InputError, match="read-only"):
            second.save()


def test_changed_data_are_noticed(tmp_path: Path) -> None:
    """A session whose data set no longer gives the same rows opens with a warning."""
    table = tmp_path / "rows.csv"
    table.write_text("a,b,kind\n" + "".join(f"{k},{k % 7},{'u' if k % 2 else 'v'}\n" for k in range(40)))
    run = {"data": {"file": str(table), "target": "kind"}, "layers": "linear 2"}
    with nn.Session.new(tmp_path / "run.nnplay", run) as session:
        session.trainer.run(epochs=1)
        session.save()
    table.write_text(table.read_text().replace("3,3,u", "3,4,u"))
    with nn.Session.open(tmp_path / "run.nnplay") as session:
        assert any("not the data" in warning for warning in session.warnings)


def test_a_tensor_of_another_shape_is_refused_by_name(tmp_path: Path) -> None:
    """A session whose network was edited by hand so that the weights no longer fit is refused, naming the tensor."""
    place = tmp_path / "run.nnplay"
    with nn.Session.new(place, RUNS["adam, dropout, cosine"]) as session:
        session.save()
    record = place / "session.toml"
    record.write_text(record.read_text().replace('"linear 8"', '"linear 128"'))
    with pytest.raises(InputError, match=r"0\.weight"):
        nn.Session.open(place)


def test_training_does_not_stand_still_for_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are digested at the first save of a run and not again, however often it is saved."""
    counted: list[Split] = []
    real = fingerprint._digest
    monkeypatch.setattr(fingerprint, "_digest", lambda split: (counted.append(split), real(split))[1])
    with nn.Session.new(None, {"data": "xor", "layers": "linear 2"}) as session:
        first = session.capture()
        session.trainer.run(steps=3)
        second = session.capture()
    assert len(counted) == 1
    assert first.progress["data"] == second.progress["data"]
