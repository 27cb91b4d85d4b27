"""The list of recent sessions, which several playgrounds keep together."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from nnplay import session
from nnplay.run.saving import recent


def test_of_two_that_save_at_once_both_are_in_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes while the first has read the list and not written it yet: it waits, and adds to that."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    session.state_folder()
    waits, goes_on, read = threading.Event(), threading.Event(), recent._paths

    def wait(seconds: float) -> None:
        waits.set()
        assert goes_on.wait(60)

    def let_the_other_come() -> list[str]:
        found = read()
        if threading.current_thread() is not second:
            second.start()
            while second.is_alive() and not waits.wait(0.01):
                pass
        return found

    second = threading.Thread(target=recent.remember, args=(tmp_path / "second.nnplay",))
    monkeypatch.setattr(recent.time, "sleep", wait)
    monkeypatch.setattr(recent, "_paths", let_the_other_come)
    recent.remember(tmp_path / "first.nnplay")
    goes_on.set()
    second.join(60)
    assert [Path(path).name for path in read()] == ["second.nnplay", "first.nnplay"]


@pytest.mark.parametrize("code", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_folder_that_cannot_be_locked_has_a_list_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As on some network file systems: the list is kept without a lock."""

    def refuse(*_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(recent.fcntl, "flock", refuse)
    for name in ("first", "second"):
        recent.remember(tmp_path / f"{name}.nnplay")
    assert [Path(path).name for path in recent._paths()] == ["second.nnplay", "first.nnplay"]
