"""Autosaves: private, listed with what they hold, and deleted only when asked."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import autosaves, discard, load, new_autosave, older_autosaves, recovery_folder, save, summarize


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def crash(epoch: int) -> Path:
    """An autosave whose run has ended."""
    path, lock = new_autosave()
    save(path, {"epoch": epoch, "step": 10 * epoch, "loss": 0.5}, {"w": np.zeros(2, np.float32)}, lock=lock)
    lock.release()
    return path


def test_an_autosave_is_listed_with_its_epoch_loss_and_age() -> None:
    """The next start sees each ended run's epoch, step, loss and age, the newest first, and can load it."""
    first, second = crash(3), crash(4)
    os.utime(first / "session.toml", (1000, 1000))
    found = autosaves()
    assert [summary.path for summary in found] == [second, first]
    assert [found[0].number(key) for key in ("epoch", "step", "loss", "none")] == [4, 40, 0.5, None]
    assert found[1].saved == 1000
    assert found[1].age > 0
    assert not found[0].in_use
    assert load(first).record["epoch"] == 3


def test_a_running_one_is_marked_and_cannot_be_discarded() -> None:
    """The autosave of a run that is still going is shown as in use and is not deleted by another start."""
    path, lock = new_autosave()
    assert autosaves() == []
    save(path, {"epoch": 1}, {}, lock=lock)
    assert [summary.in_use for summary in autosaves()] == [True]
    with pytest.raises(InputError, match="open"):
        discard(path)
    discard(path, lock)
    assert autosaves() == []
    assert not path.exists()


def test_discarding_touches_nothing_else(tmp_path: Path, home: Path) -> None:
    """Only an autosave in the recovery folder can be discarded, and of it only a session's own files go."""
    save(tmp_path / "mine.nnplay", {"epoch": 1}, {})
    for path in (tmp_path / "mine.nnplay", recovery_folder(), recovery_folder() / ".." / "x.nnplay"):
        with pytest.raises(InputError, match="not an autosave"):
            discard(path)
    path = crash(1)
    (path / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        discard(path)
    assert os.listdir(path) == ["thesis.txt"]


def test_a_damaged_autosave_is_listed_with_its_problem() -> None:
    """An autosave whose record cannot be read is still offered, with the reason."""
    path = crash(1)
    (path / "session.toml").write_bytes(bytes(100))
    (summary,) = autosaves()
    assert "damaged" in summary.problem
    assert summary.number("epoch") is None


def test_everything_is_private_even_without_a_umask(home: Path) -> None:
    """Under umask 000 every folder made on the way is 0700 and every file 0600."""
    old = os.umask(0)
    try:
        crash(1)
    finally:
        os.umask(old)
    for path in [home, *home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_home_that_cannot_be_written_to_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place for autosaves there is one sentence, so that training can go on with a warning."""
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nothing")
    with pytest.raises(InputError, match="/proc/nothing"):
        new_autosave()


def test_a_clock_that_was_put_back_gives_no_negative_age() -> None:
    """A save from the future is zero seconds old."""
    path = crash(1)
    os.utime(path / "session.toml", (2**32, 2**32))
    assert autosaves()[0].age == 0


def test_a_summary_needs_a_session(tmp_path: Path) -> None:
    """Summarising a folder without a session is an error, not an empty summary."""
    (tmp_path / "a.nnplay").mkdir(mode=0o700)
    with pytest.raises(InputError, match="this is not a session"):
        summarize(tmp_path / "a.nnplay")


def test_more_than_are_listed_are_counted_and_none_is_lost() -> None:
    """Of 260 recovered runs the 256 saved last are listed, whenever they were started, the others counted; all stay."""
    first = crash(1)
    names = [f"20200101-000000-{number:08x}.nnplay" for number in range(260)]
    for number, name in enumerate(names):
        shutil.copytree(first, first.with_name(name))
        os.utime(first.with_name(name) / "session.toml", (2_000_000_000 - number, 2_000_000_000 - number))
    discard(first)
    found = autosaves()
    assert [summary.path.name for summary in found] == names[:256]
    assert older_autosaves() == 4
    assert [summary.path.name for summary in autosaves(None)] == names
    discard(first.with_name(names[-1]))
    assert older_autosaves() == 3
