"""One writer per session, and everybody else sees who it is."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import Moved, load, save, summarize, take_lock
from nnplay.session import lock as lock_module
from nnplay.session.files import Folder

HOLD = """
import sys
from nnplay.session import take_lock
lock = take_lock(sys.argv[1])
print("held" if lock.held else lock.reason, flush=True)
sys.stdin.read()
lock.release()
"""

WRITE = """
import sys
import numpy as np
from nnplay.errors import InputError
from nnplay.session import NotSaved, load, save
folder, who, times = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
done = 0
while done < times:
    try:
        save(folder, {"who": who, "done": done}, {"weight": np.full(1000, who, np.float32)})
        done += 1
    except NotSaved:
        raise
    except InputError as error:
        assert "open" in str(error), error
    loaded = load(folder)
    assert loaded.warnings == () and np.all(loaded.tensors["weight"] == loaded.record["who"]), loaded
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved session."""
    save(tmp_path / "a.nnplay", {"epoch": 1}, {"weight": np.zeros(4, np.float32)})
    return tmp_path / "a.nnplay"


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the session until its standard input closes."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child


def test_a_second_opener_reads_and_sees_who_writes(folder: Path) -> None:
    """While another process holds a session it can be loaded, not saved, and the holder's id and host are shown."""
    with holder(folder) as child:
        lock = take_lock(folder)
        assert not lock.held
        assert lock.holder is not None
        assert (lock.holder.pid, lock.holder.host) == (child.pid, socket.gethostname())
        assert f"process {child.pid}" in lock.reason
        with pytest.raises(
            InputError, match=f"process {child.pid}.*has had it open for 0 min; save it under another name"
        ):
            save(folder, {"epoch": 2}, {})
        assert load(folder).record == {"epoch": 1}
        assert summarize(folder).in_use
    assert not summarize(folder).in_use
    assert "session.lock" not in os.listdir(folder)


def test_a_killed_holders_lock_is_taken_over(folder: Path) -> None:
    """The lock of a process that was killed hinders nobody."""
    with holder(folder) as child:
        child.kill()
        child.wait()
        assert not summarize(folder).in_use
        with take_lock(folder) as lock:
            assert lock.held
            assert save(folder, {"epoch": 2}, {}, lock=lock) == 2


@pytest.mark.parametrize("saves", [15, pytest.param(50, marks=pytest.mark.slow)])
def test_two_writers_never_mix(folder: Path, saves: int) -> None:
    """Two processes that save so often into one folder make as many whole generations and no mixed one."""
    save(folder, {"who": 0.0}, {"weight": np.zeros(1000, np.float32)})
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(folder), str(who), str(saves)], stderr=subprocess.PIPE)
        for who in (1, 2)
    ]
    for writer in writers:
        with writer:
            assert writer.stderr is not None
            errors = writer.stderr.read().decode()
            assert writer.wait() == 0, errors
    assert load(folder).generation == 2 + 2 * saves


def test_a_lock_given_back_leaves_no_trace(folder: Path) -> None:
    """After release nothing is left in the folder, and the next one who asks holds it."""
    take_lock(folder).release()
    assert "session.lock" not in os.listdir(folder)
    with take_lock(folder) as lock:
        assert lock.held
        assert not take_lock(folder).held


def test_the_lock_of_another_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    """A lock protects the folder that it was taken for and no other, and a save with it makes no folder."""
    save(tmp_path / "b.nnplay", {}, {})
    for name in ("b.nnplay", "none.nnplay"):
        with take_lock(folder) as lock, pytest.raises(Moved, match="renamed, deleted or replaced"):
            save(tmp_path / name, {}, {}, lock=lock)
    assert not (tmp_path / "none.nnplay").exists()


def test_releasing_leaves_the_lock_of_the_next_one(folder: Path) -> None:
    """After the lock file was deleted and another one opened the session, giving back changes nothing there."""
    first = take_lock(folder)
    assert first.intact
    (folder / "session.lock").unlink()
    assert not first.intact
    with take_lock(folder) as second:
        first.release()
        assert second.intact
        assert not take_lock(folder).held


@pytest.mark.parametrize("text", [b"", b"\xff", b"[]", b'{"pid": -4}', b'{"pid": 1e999}', b"[" * 4096])
def test_a_lock_file_of_any_content_is_harmless(folder: Path, text: bytes) -> None:
    """What stands in a lock file that nobody holds cannot keep the session from being opened."""
    (folder / "session.lock").write_bytes(text)
    with take_lock(folder) as lock:
        assert lock.held


def test_a_lock_file_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A planted symbolic link is not opened, and what it points to is not emptied."""
    (tmp_path / "mine").write_text("precious")
    (folder / "session.lock").symlink_to(tmp_path / "mine")
    assert not take_lock(folder).held
    assert (tmp_path / "mine").read_text() == "precious"


@pytest.mark.parametrize(
    ("pid", "host", "held"),
    [(os.getppid(), None, False), (2**30, None, True), (5, "moon", False)],
    ids=["lives", "is gone", "elsewhere"],
)
def test_without_flock_the_process_decides(
    folder: Path, monkeypatch: pytest.MonkeyPatch, pid: int, host: str | None, held: bool
) -> None:
    """On a file system without flock a living holder, or one on another machine, is believed; a dead one is not."""
    text = json.dumps({"pid": pid, "host": host or socket.gethostname(), "since": 0})
    (folder / "session.lock").write_text(text)

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock_module.fcntl, "flock", refuse)
    with take_lock(folder) as lock:
        assert lock.held is held


def test_only_a_trusted_folder_can_be_locked(folder: Path) -> None:
    """A folder that others may write to is refused before anything is created in it."""
    folder.chmod(0o770)
    with pytest.raises(InputError, match="chmod go-w"), Folder(folder):
        pass
    with pytest.raises(InputError, match="chmod go-w"):
        take_lock(folder)
    assert "session.lock" not in os.listdir(folder)


def test_looking_whether_it_is_held_hinders_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process looks at a lock that nobody holds, to another one it is free, and can be taken at once."""
    with take_lock(folder) as left:
        text = (folder / "session.lock").read_bytes()
        assert left.held
    (folder / "session.lock").write_bytes(text)  # as a process leaves it that was killed
    whole, looks, seen = lock_module.fcntl.flock, list[int](), list[bool]()

    def stop_while_looking(file: int, how: int) -> None:
        whole(file, how)
        if how & fcntl.LOCK_EX or looks:
            return
        looks.append(os.dup(file))  # it looks for as long as this one is open
        seen.append(summarize(folder).in_use)

    monkeypatch.setattr(lock_module.fcntl, "flock", stop_while_looking)
    assert not summarize(folder).in_use
    assert seen == [False]
    monkeypatch.setattr(lock_module.time, "sleep", lambda seconds: os.close(looks.pop()))
    with take_lock(folder) as lock:
        assert lock.held, lock.reason
    assert looks == []
