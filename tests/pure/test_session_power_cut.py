"""A power cut during a save: every state that the disk may be left in loads."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import load, save
from nnplay.session.files import FileOperations

SAVES = 4


def record(number: int) -> dict[str, object]:
    return {"number": number, "optimizer": {"name": "adam", "lr": 0.1 * number}}


def tensors(number: int) -> dict[str, np.ndarray]:
    return {"layer0.weight": np.full((3, 5), number, np.float32), "layer0.bias": np.full(7, number, np.float64)}


@dataclass
class Inode:
    """A file's writes in order, and how many of them are on the disk at each moment."""

    writes: list[tuple[int, bytes | None]] = field(default_factory=list)
    syncs: list[int] = field(default_factory=list)


class Recorder(FileOperations):
    """Does what is asked for and writes down what a disk would see, with a clock that ticks at every operation."""

    def __init__(self) -> None:
        self.clock = 0
        self.entries: list[tuple[int, str, str, Inode | None]] = []
        self.folder_syncs: list[int] = []
        self.acknowledged: list[tuple[int, int]] = []
        self._open: dict[int, Inode] = {}
        self._names: dict[str, Inode] = {}

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def open(self, name: str, flags: int, folder: int) -> int:
        file = super().open(name, flags, folder)
        if flags & os.O_CREAT:
            if name not in self._names:
                self._names[name] = Inode()
                self.entries.append((self.tick(), "link", name, self._names[name]))
            self._open[file] = self._names[name]
        return file

    def write(self, file: int, data: memoryview) -> int:
        taken = super().write(file, data[: max(1, len(data) // 3)])
        self._open[file].writes.append((self.tick(), bytes(data[:taken])))
        return taken

    def truncate(self, file: int) -> None:
        super().truncate(file)
        self._open[file].writes.append((self.tick(), None))

    def fsync(self, file: int) -> None:
        super().fsync(file)
        if file in self._open:
            self._open[file].syncs.append(self.tick())
        else:
            self.folder_syncs.append(self.tick())

    def close(self, file: int) -> None:
        super().close(file)
        self._open.pop(file, None)

    def rename(self, old: str, new: str, folder: int) -> None:
        super().rename(old, new, folder)
        self._names[new] = self._names.pop(old)
        self.entries.append((self.tick(), "unlink", old, None))
        self.entries.append((self.clock, "link", new, self._names[new]))

    def unlink(self, name: str, folder: int) -> None:
        super().unlink(name, folder)
        del self._names[name]
        self.entries.append((self.tick(), "unlink", name, None))


def before(moments: list[int], now: int) -> int:
    return max((moment for moment in moments if moment <= now), default=0)


def contents(inode: Inode, now: int, rng: random.Random) -> bytes:
    """A file's bytes after a cut at `now`: synced writes are there; the others kept, cut in half, zeroed or dropped."""
    durable = before(inode.syncs, now)
    data = b""
    fate = rng.choice(["kept", "half", "zeroed", "dropped", "each"])
    for moment, written in inode.writes:
        if moment > now:
            break
        chosen = "kept" if moment <= durable else rng.choice(["kept", "half", "zeroed"]) if fate == "each" else fate
        if written is None:
            data = data if chosen == "dropped" else b""
        elif chosen != "dropped":
            part = written if chosen != "half" else written[: len(written) // 2]
            data += bytes(len(part)) if chosen == "zeroed" else part
    return data


def directory(log: Recorder, now: int, rng: random.Random, ordered: bool) -> dict[str, Inode]:
    """A folder's entries after a cut at `now`: synced ones are there, of the others a prefix or any subset."""
    durable = before(log.folder_syncs, now)
    pending = sorted({moment for moment, *_ in log.entries if durable < moment <= now})
    if ordered:
        happened = set(pending[: rng.randint(0, len(pending))])
    else:
        happened = {moment for moment in pending if rng.random() < 0.5}
    names: dict[str, Inode] = {}
    for moment, kind, name, inode in log.entries:
        if moment <= durable or moment in happened:
            if kind == "link" and inode is not None:
                names[name] = inode
            else:
                names.pop(name, None)
    return names


def record_saves(folder: Path) -> Recorder:
    log = Recorder()
    for number in range(1, SAVES + 1):
        save(folder, record(number), tensors(number), operations=log)
        log.acknowledged.append((log.tick(), number))
    return log


@pytest.mark.parametrize("states", [500, pytest.param(2000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("ordered", [True, False], ids=["ordered prefix", "any subset"])
def test_every_power_cut_state_loads_and_keeps_what_was_acknowledged(
    tmp_path: Path, ordered: bool, states: int
) -> None:
    """Of 500 (slow: 2,000) disk states in each model none is unloadable or mixed, and no acknowledged save is lost."""
    log = record_saves(tmp_path / "real.nnplay")
    rng = random.Random(7)
    folder = tmp_path / "cut.nnplay"
    folder.mkdir(mode=0o700)
    found: set[int] = set()
    for state in range(states):
        now = state % log.clock + 1
        for old in folder.iterdir():
            old.unlink()
        for name, inode in directory(log, now, rng, ordered).items():
            (folder / name).write_bytes(contents(inode, now, rng))
        safe = max((number for moment, number in log.acknowledged if moment <= now), default=0)
        try:
            loaded = load(folder)
        except InputError:
            assert safe == 0, f"nothing loads after a cut at {now}, though save {safe} was acknowledged"
            continue
        number = loaded.record["number"]
        found.add(number)
        assert number >= safe
        assert loaded.record == record(number)
        assert all(np.array_equal(loaded.tensors[name], tensor) for name, tensor in tensors(number).items())
        if state % 20 == 0:
            assert save(folder, record(99), tensors(99)) > loaded.generation
            assert load(folder).record == record(99)
    assert found == set(range(1, SAVES + 1))


def test_the_model_notices_a_save_that_does_not_sync(tmp_path: Path) -> None:
    """The same harness finds losses when the recorded syncs are left out, so it can fail."""
    log = record_saves(tmp_path / "real.nnplay")
    log.folder_syncs.clear()
    for _, _, _, inode in log.entries:
        if inode is not None:
            inode.syncs.clear()
    rng = random.Random(8)
    folder = tmp_path / "cut.nnplay"
    folder.mkdir(mode=0o700)
    lost = 0
    for _ in range(100):
        for old in folder.iterdir():
            old.unlink()
        for name, inode in directory(log, log.clock, rng, False).items():
            (folder / name).write_bytes(contents(inode, log.clock, rng))
        try:
            lost += load(folder).record["number"] < SAVES
        except InputError:
            lost += 1
    assert lost > 50
