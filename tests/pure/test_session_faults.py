"""Disks that refuse: every file operation of a save fails in turn, and the session is the old or the new one."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import NotSaved, load, save
from nnplay.session.files import FileOperations

MOST_OPERATIONS = 200
#: The number of a user who owns nothing.
NOBODY = 65534
NAMES = [name for name in vars(FileOperations) if not name.startswith("_")]


def state(number: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    return {"number": number}, {"weight": np.full((4, 4), number, np.float32)}


class Failing(FileOperations):
    """Fails its `at`-th operation, and with `forever` all later ones; `hit` says whether it came to that."""

    def __init__(self, at: int, code: int, forever: bool) -> None:
        self.count = 0
        self.at = at
        self.code = code
        self.forever = forever
        self.synced: list[int] = []
        self.last = ""

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        if name not in NAMES:
            return method

        def maybe(*args: Any) -> Any:
            self.count += 1
            if name == "fsync":
                self.synced.append(os.fstat(args[0]).st_ino)
            fails = self.count == self.at or (self.forever and self.count > self.at)
            if fails and name == "close":
                method(*args)  # a close that reports an error has closed the file all the same
            if fails:
                self.last = name
                raise OSError(self.code, os.strerror(self.code))
            return method(*args)

        return maybe


@pytest.mark.parametrize("forever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize(
    "code",
    [
        errno.ENOSPC,
        *(
            pytest.param(code, marks=pytest.mark.slow) for code in (errno.EIO, errno.EDQUOT, errno.EACCES)
        ),  # handled alike
    ],
    ids=lambda code: errno.errorcode[code],
)
def test_a_failing_operation_leaves_the_old_or_the_new_state(tmp_path: Path, code: int, forever: bool) -> None:
    """Every operation fails in turn: the session loads, is old or new, and a reported success is the new one."""
    for at in range(1, MOST_OPERATIONS):
        folder = tmp_path / f"{at}.nnplay"
        for number in (1, 2):
            save(folder, *state(number))
        operations = Failing(at, code, forever)
        try:
            save(folder, *state(3), operations=operations)
            succeeded = True
        except InputError:
            succeeded = False
        loaded = load(folder)
        assert loaded.record["number"] in (2, 3)
        assert np.array_equal(loaded.tensors["weight"], state(loaded.record["number"])[1]["weight"])
        assert not succeeded or loaded.record["number"] == 3
        save(folder, *state(4))
        assert load(folder).record["number"] == 4
        assert not [name for name in os.listdir(folder) if name.startswith(".new-")]
        if operations.count < at:
            assert at > 20
            return
    pytest.fail(f"a save took more than {MOST_OPERATIONS} operations")


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
def test_the_first_save_fails_to_nothing_or_to_the_whole(tmp_path: Path, code: int) -> None:
    """A failing first save leaves no session or the whole new one, never something in between."""
    for at in range(1, MOST_OPERATIONS):
        folder = tmp_path / f"{at}.nnplay"
        operations = Failing(at, code, forever=True)
        try:
            save(folder, *state(1), operations=operations)
            succeeded = True
        except InputError:
            succeeded = False
        try:
            assert load(folder).record["number"] == 1
        except InputError:
            assert not succeeded
        if operations.count < at:
            return


def test_a_failed_sync_is_not_tried_again_on_the_same_file(tmp_path: Path) -> None:
    """After fsync has failed the save fails, and that file is never synced a second time."""
    failures = 0
    for at in range(1, MOST_OPERATIONS):
        folder = tmp_path / f"{at}.nnplay"
        save(folder, *state(1))
        inode_of_folder = folder.stat().st_ino
        operations = Failing(at, errno.EIO, forever=False)
        try:
            save(folder, *state(2), operations=operations)
        except InputError:
            failures += operations.last == "fsync"
        files = [inode for inode in operations.synced if inode != inode_of_folder]
        assert len(set(files)) == len(files)
        if operations.count < at:
            break
    assert failures == 6


def test_a_full_disk_is_named_and_the_way_out_given(tmp_path: Path) -> None:
    """The message of a refused save says what the disk said, and to save elsewhere."""
    folder = tmp_path / "a.nnplay"
    save(folder, *state(1))
    with pytest.raises(NotSaved, match=r"a\.nnplay: not saved: no space left on device; save it under another name"):
        save(folder, *state(2), operations=Failing(14, errno.ENOSPC, forever=True))


def test_a_commit_whose_last_sync_failed_is_called_saved_but_not_durable(tmp_path: Path) -> None:
    """When the new state is visible although the save failed, the message says so instead of 'not saved'."""
    messages = set()
    for at in range(1, MOST_OPERATIONS):
        folder = tmp_path / f"{at}.nnplay"
        save(folder, *state(1))
        operations = Failing(at, errno.EIO, forever=False)
        try:
            save(folder, *state(2), operations=operations)
        except InputError as error:
            messages.add((load(folder).record["number"], "may not survive a power failure" in error.what))
        if operations.count < at:
            break
    assert messages == {(1, False), (2, True)}


@pytest.fixture
def folder_of_a_user() -> Iterator[Path]:
    """A folder of somebody who may not write everywhere: root becomes nobody for the test, in a place of nobody's."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        os.chown(name, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def test_a_read_only_folder_is_refused_in_one_sentence(folder_of_a_user: Path) -> None:
    """A folder without write permission gives an error and keeps its session."""
    folder = folder_of_a_user / "a.nnplay"
    save(folder, *state(1))
    folder.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        save(folder, *state(2))
    assert load(folder).record["number"] == 1
    folder.chmod(0o700)
