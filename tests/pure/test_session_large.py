"""Large sessions: what did not change is not written again, what was just written is not read again."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as safetensors_save

from nnplay.session import Lock, load, save, take_lock
from nnplay.session.blob import encode
from nnplay.session.files import FileOperations

LARGE = 2**18
"""Numbers of a tensor that is worth a state file of its own."""


def tensor(number: int, size: int = LARGE) -> dict[str, np.ndarray]:
    return {"seldom": np.full(size, number, np.float32)}


def state_files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("state-*")}


class Counting(FileOperations):
    """Counts the bytes that are read from state files and written, and the syncs."""

    def __init__(self) -> None:
        self.read_bytes = self.written = self.syncs = 0

    def read(self, file: int, count: int) -> bytes:
        data = super().read(file, count)
        self.read_bytes += len(data)
        return data

    def write(self, file: int, data: memoryview) -> int:
        count = super().write(file, data)
        self.written += count
        return count

    def fsync(self, file: int) -> None:
        super().fsync(file)
        self.syncs += 1


@pytest.fixture
def held(tmp_path: Path) -> Lock:
    """A session folder that is open for writing."""
    folder = tmp_path / "a.nnplay"
    folder.mkdir(mode=0o700)
    return take_lock(folder)


def test_what_seldom_changes_is_written_when_it_does(tmp_path: Path, held: Lock) -> None:
    """The same large tensors are not written again, others are; each save holds all, and what none names is deleted."""
    folder = tmp_path / "a.nnplay"
    written = []
    for number, seldom in enumerate((7, 7, 8)):
        counting = Counting()
        often = {"often": np.full(3, number, np.float32)}
        save(folder, {"number": number}, often, lasting=tensor(seldom), lock=held, operations=counting)
        written.append(counting.written)
        loaded = load(folder)
        assert loaded.warnings == ()
        assert np.array_equal(loaded.tensors["often"], often["often"])
        assert np.array_equal(loaded.tensors["seldom"], tensor(seldom)["seldom"])
    assert written[1] < 4 * LARGE < min(written[0], written[2])
    assert state_files(folder) == {
        "state-00000002.safetensors",
        "state-00000003.safetensors",
        "state-000000001.safetensors",
        "state-000000003.safetensors",
    }


def test_a_shared_file_that_was_damaged_is_written_anew(tmp_path: Path, held: Lock) -> None:
    """Where the file that two saves would share is not what was saved any more, the next save writes another one."""
    folder = tmp_path / "a.nnplay"
    save(folder, {"number": 1}, {"often": np.zeros(3)}, lasting=tensor(7), lock=held)
    path = folder / "state-000000001.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    save(folder, {"number": 2}, {"often": np.zeros(3)}, lasting=tensor(7), lock=held)
    loaded = load(folder)
    assert (loaded.warnings, loaded.record["number"]) == ((), 2)
    assert np.array_equal(loaded.tensors["seldom"], tensor(7)["seldom"])


def test_small_ones_share_a_file(tmp_path: Path) -> None:
    """What is small is not worth a file of its own, whether it changes or not."""
    save(tmp_path / "a.nnplay", {}, {"often": np.zeros(3)}, lasting=tensor(7, size=3))
    assert state_files(tmp_path / "a.nnplay") == {"state-00000001.safetensors"}
    assert set(load(tmp_path / "a.nnplay").tensors) == {"often", "seldom"}


def test_what_was_written_under_the_lock_is_not_read_again(tmp_path: Path, held: Lock) -> None:
    """A save does not read back what the one before it wrote, unless somebody has touched it since."""
    folder, read = tmp_path / "a.nnplay", []
    for touched in (False, False, True):
        if touched:
            os.utime(folder / max(state_files(folder)))
        counting = Counting()
        save(folder, {}, tensor(1), lock=held, operations=counting)
        read.append(counting.read_bytes)
    assert read[1] < 4 * LARGE <= read[2]


def test_a_long_save_is_seen_to_go_on(tmp_path: Path) -> None:
    """Every byte that is written is told of, and a large file is synced on the way, not only at its end."""
    counting, moved = Counting(), []
    many = {"a": np.zeros(9 * 2**20, np.float32)}
    save(tmp_path / "small.nnplay", {}, {"a": np.zeros(3)}, operations=(small := Counting()))
    save(tmp_path / "a.nnplay", {}, many, operations=counting, moved=moved.append)
    assert counting.syncs > small.syncs
    assert sum(moved) >= many["a"].nbytes
    assert max(moved) <= 2**24
    assert np.array_equal(load(tmp_path / "a.nnplay").tensors["a"], many["a"])


def test_state_files_are_written_as_safetensors_writes_them() -> None:
    """Names, types and shapes of all kinds, in any order: the same bytes as the library's own."""
    chance = random.Random(0)
    for _ in range(200):
        tensors = {}
        for number in range(chance.randint(0, 9)):
            shape = tuple(chance.randint(0, 4) for _ in range(chance.randint(0, 4)))
            dtype = chance.choice(["float32", "float64", "int64"])
            tensors[chance.choice("abz.-_") * chance.randint(1, 3) + str(number)] = np.full(shape, number, dtype)
        assert b"".join(encode(tensors)) == safetensors_save(tensors)
