"""Object code in the kernel cache is loaded only as it was written, and what is wrong with the cache is said once."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from nnplay.kernels.compile import notices, objects

CODE = bytes(range(256)) * 40
ABOUT = "nnplay.operations.copy:copy float32"


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user was told."""
    messages: list[str] = []
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "tell", messages.append)
    return messages


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where an object belongs; its folder is made when it is written."""
    return tmp_path / "kernels" / "key" / "copy.o"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def bit_of_the_digest(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def of_another_kernel(path: Path) -> None:
    objects.write(path, ABOUT.replace("copy", "gather"), CODE)


def of_another_key(path: Path) -> None:
    other = path.parent.with_name("other") / path.name
    objects.write(other, ABOUT, CODE)
    other.replace(path)


def open_to_all(path: Path) -> None:
    path.chmod(0o666)


@pytest.mark.parametrize(
    "damage",
    [cut, empty, zeros, longer, one_bit, bit_of_the_digest, of_another_kernel, of_another_key, open_to_all],
)
def test_only_what_was_written_is_read(damage: object, place: Path, messages: list[str]) -> None:
    """Whole, it is the same bytes; damaged in any way, it counts as missing, and that is said once."""
    assert objects.read(place, ABOUT) is None
    assert objects.write(place, ABOUT, CODE)
    assert objects.read(place, ABOUT) == CODE
    assert messages == []
    assert callable(damage)
    damage(place)
    assert [objects.read(place, ABOUT) for _ in range(2)] == [None, None]
    assert messages == ["the kernel cache was damaged: the damaged kernels are compiled again"]
    assert objects.write(place, ABOUT, CODE)
    assert objects.read(place, ABOUT) == CODE


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_file_holds_nothing_up(kind: str, place: Path, messages: list[str]) -> None:
    """A pipe, a link or a folder in the place of an object counts as missing, at once."""
    objects.write(place, ABOUT, CODE)
    if kind == "folder":
        place.unlink()
        place.mkdir()
    elif kind == "pipe":
        place.unlink()
        os.mkfifo(place, 0o600)
    else:
        place.rename(place.with_name("real.o"))
        place.symlink_to("real.o")
    assert objects.read(place, ABOUT) is None


def test_a_cache_that_is_deleted_meanwhile_is_made_anew(place: Path, messages: list[str]) -> None:
    """The next object lies in it again, in a private folder, and nothing is said."""
    objects.write(place, ABOUT, CODE)
    shutil.rmtree(place.parents[1])
    assert objects.read(place, ABOUT) is None
    assert objects.write(place, ABOUT, CODE)
    assert objects.read(place, ABOUT) == CODE
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert messages == []


def test_a_full_disk_is_said_once_and_leaves_nothing(
    place: Path, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the reason, what it costs and a way out; no partial file stays."""

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert [objects.write(place, ABOUT, CODE) for _ in range(2)] == [False, False]
    assert list(place.parent.iterdir()) == []
    assert len(messages) == 1
    assert "compiled at every start" in messages[0]
    assert "No space left on device" in messages[0]
    assert "free some space" in messages[0]


def test_a_file_in_the_way_of_the_cache_is_said(tmp_path: Path, messages: list[str]) -> None:
    """Where the folder cannot be, the sentence names it and NNPLAY_CACHE_DIR."""
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / "file" / "kernels" / "key" / "copy.o"
    assert not objects.write(place, ABOUT, CODE)
    assert objects.read(place, ABOUT) is None
    assert len(messages) == 1
    assert str(tmp_path / "file") in messages[0]
    assert "NNPLAY_CACHE_DIR" in messages[0]


def test_partial_files_of_killed_processes_are_taken_away(place: Path, messages: list[str]) -> None:
    """One that is older than an hour goes with the next write; a fresh one may be of a process that writes now."""
    objects.write(place, ABOUT, CODE)
    old, fresh = place.with_name(".new-old"), place.with_name(".new-fresh")
    for partial in (old, fresh):
        partial.write_bytes(b"half")
    os.utime(old, (0, 0))
    objects.write(place, ABOUT, CODE)
    assert not old.exists()
    assert fresh.exists()


def test_nothing_is_read_from_a_folder_of_a_group(place: Path, messages: list[str]) -> None:
    """An object in a folder that others may write to is not run, though it is whole; the command that mends is said."""
    objects.write(place, ABOUT, CODE)
    place.parents[1].chmod(0o770)
    assert objects.read(place, ABOUT) is None
    assert not objects.write(place, ABOUT, CODE)
    assert len(messages) == 1
    assert f"chmod go-w {place.parents[1]}" in messages[0]


def test_folders_of_a_group_are_said_once_together(place: Path, messages: list[str]) -> None:
    """However many folders of the cache others may write to, there is one sentence, and its command mends them all."""
    kernels = place.parents[1]
    for key in ("key", "another key"):
        objects.write(kernels / key / "copy.o", ABOUT, CODE)
        (kernels / key).chmod(0o770)
    assert [objects.write(kernels / key / "copy.o", ABOUT, CODE) for key in ("key", "another key")] == [False, False]
    assert len(messages) == 1
    assert f"rm -r {kernels} fixes it" in messages[0]
