"""One-file sessions: equal bytes for equal sessions, and only what a session has inside."""

from __future__ import annotations

import io
import os
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import load, pack, save

STATE = "state-00000002.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session saved twice."""
    for epoch in (1, 2):
        save(tmp_path / "a.nnplay", {"epoch": epoch}, {"w": np.full(5, epoch, np.float32)})
    return tmp_path / "a.nnplay"


def test_a_packed_session_loads_like_its_folder(folder: Path, tmp_path: Path) -> None:
    """What is packed and loaded equals what the folder holds, and can be saved to a folder of equal bytes."""
    assert pack(folder, tmp_path / "a.zip") == ()
    packed, loaded = load(tmp_path / "a.zip"), load(folder)
    assert (packed.record, packed.generation, packed.text) == (loaded.record, loaded.generation, loaded.text)
    assert np.array_equal(packed.tensors["w"], loaded.tensors["w"])
    assert stat.S_IMODE((tmp_path / "a.zip").stat().st_mode) == 0o600
    assert os.listdir(folder) == os.listdir(folder)


def test_packing_is_reproducible(folder: Path, tmp_path: Path) -> None:
    """The same session packed twice gives the same bytes, stored without compression and without the save before."""
    for name in ("a.zip", "b.zip"):
        pack(folder, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["session.toml", STATE]
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_a_damaged_session_is_packed_from_the_save_before(folder: Path, tmp_path: Path) -> None:
    """Packing never spreads damage: the whole generation is packed, and the warning says so."""
    (folder / STATE).unlink()
    (warning,) = pack(folder, tmp_path / "a.zip")
    assert "opened the save before it" in warning
    assert load(tmp_path / "a.zip").record == {"epoch": 1}


def test_an_existing_file_is_not_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    """Packing over a file is refused until it is asked for; other names than .zip are refused."""
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(InputError, match="a file of that name already"):
        pack(folder, tmp_path / "a.zip")
    pack(folder, tmp_path / "a.zip", overwrite=True)
    with pytest.raises(InputError, match=r"ends in \.zip"):
        pack(folder, tmp_path / "a.tar")
    with pytest.raises(InputError, match="no such file"):
        pack(folder, tmp_path / "none" / "a.zip")


def rebuilt(packed: bytes, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        change(archive, members)
    return buffer.getvalue()


def with_extra(name: str, mode: int = 0o100600) -> Callable[[zipfile.ZipFile, dict[str, bytes]], None]:
    def change(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
        for member, data in members.items():
            archive.writestr(member, data)
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, "x")

    return change


def compressed(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    for name, data in members.items():
        archive.writestr(name, data, zipfile.ZIP_DEFLATED)


def bomb(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    archive.writestr("session.toml", bytes(50_000_000), zipfile.ZIP_DEFLATED)


def crowd(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    for number in range(1000):
        archive.writestr(f"state-{number:08d}.safetensors", b"")


def without_record(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    archive.writestr(STATE, members[STATE])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_extra("../../x"), "member ../../x: not a member of a packed session"),
        (with_extra("/etc/passwd"), "not a member"),
        (with_extra("a\\..\\b"), "not a member"),
        (with_extra("session.toml/"), "not a member"),
        (with_extra("session.prev.toml"), "not a member"),
        (with_extra("\x1b[2J"), "member ␛"),
        (with_extra("state-00000009.safetensors", 0o120777), "not a regular file"),
        (compressed, "member session.toml: compressed"),
        (bomb, "compressed"),
        (crowd, "more members than the 17"),
        (without_record, "it has no session.toml"),
    ],
)
def test_foreign_members_are_refused(
    folder: Path, tmp_path: Path, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None], words: str
) -> None:
    """Rows 43, 44: a member of any other name or kind refuses the whole file, and nothing is written anywhere."""
    pack(folder, tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(rebuilt((tmp_path / "a.zip").read_bytes(), change))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=words):
        load(tmp_path / "b.zip")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    """Row 44: two members of one name are refused, for readers differ in which of them they believe."""
    pack(folder, tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(rebuilt((tmp_path / "a.zip").read_bytes(), with_extra("session.toml")))
    with pytest.raises(InputError, match="two members have the same name"):
        load(tmp_path / "b.zip")


def test_every_flipped_bit_and_cut_of_a_packed_session_is_an_error_or_changes_nothing(
    folder: Path, tmp_path: Path
) -> None:
    """A flip in the contents or a cut is one clear error; a flip in a date of the zip may change nothing."""
    pack(folder, tmp_path / "a.zip")
    whole = (tmp_path / "a.zip").read_bytes()
    expected = load(tmp_path / "a.zip")
    contents = [(folder / name).read_bytes() for name in ("session.toml", STATE)]
    spans = [range(whole.index(data), whole.index(data) + len(data)) for data in contents]
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        (tmp_path / "b.zip").write_bytes(damaged)
        try:
            loaded = load(tmp_path / "b.zip")
        except InputError:
            continue
        assert not any(position in span for span in spans)
        assert loaded.record == expected.record
        assert np.array_equal(loaded.tensors["w"], expected.tensors["w"])
    for length in range(0, len(whole), 7):
        (tmp_path / "b.zip").write_bytes(whole[:length])
        with pytest.raises(InputError):
            load(tmp_path / "b.zip")


class Opened(Exception):
    """The zip's directory was handed to the parser."""


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever parses a zip from here on ends the test."""

    def refuse(*_: object, **__: object) -> None:
        raise Opened

    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", refuse)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A zip with more members than the fields of its last record can count, so that 64-bit records say how many."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(2**16 + 1):
            archive.writestr(f"state-{number:08d}.safetensors", b"")
    return buffer.getvalue()


def counted_few(data: bytes) -> bytes:
    """The same zip, whose last record claims one member and leaves the truth to the 64-bit records."""
    return data[:-14] + struct.pack("<2H2LH", 1, 1, 46, 0, 0)


@pytest.mark.parametrize("lie", [False, True], ids=["as it is", "counted few"])
def test_a_zip_with_64_bit_records_is_refused_unparsed(
    crowded: bytes, tmp_path: Path, unparsed: None, lie: bool
) -> None:
    """Records that name any number of members beside the last one are refused before the directory is parsed."""
    (tmp_path / "a.zip").write_bytes(counted_few(crowded) if lie else crowded)
    with pytest.raises(InputError, match="64-bit extension"):
        load(tmp_path / "a.zip")


def ending(packed: bytes, **changes: int) -> bytes:
    """A packed session with other numbers in its last record."""
    names = ("mark", "disk", "first_disk", "here", "members", "length", "begins", "comment")
    record = dict(zip(names, struct.unpack("<4s4H2LH", packed[-22:]), strict=True))
    return packed[:-22] + struct.pack("<4s4H2LH", *{**record, **changes}.values())


ENDINGS = {
    "a comment": lambda packed: ending(packed, comment=9) + b"x" * 9,
    "a comment that is a last record": lambda packed: ending(packed, comment=22) + packed[-22:],
    "two last records": lambda packed: packed + packed[-22:],
    "bytes before the first member": lambda packed: b"x" * 100 + packed,
    "another disk": lambda packed: ending(packed, disk=1),
    "more members in all than here": lambda packed: ending(packed, members=3),
    "a directory beyond the end": lambda packed: ending(packed, begins=2**32 - 1),
    "a directory of 4 GiB": lambda packed: ending(packed, length=2**32 - 1),
    "no number at all": lambda packed: ending(packed, here=65535, members=65535, length=2**32 - 1, begins=2**32 - 1),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_last_record_that_lies_is_refused_unparsed(folder: Path, tmp_path: Path, name: str, unparsed: None) -> None:
    """A comment, a second last record, or counts and places that do not fit the file: refused before it is parsed."""
    data = packed_bytes(folder, tmp_path)
    (tmp_path / "b.zip").write_bytes(ENDINGS[name](data))
    with pytest.raises(InputError):
        load(tmp_path / "b.zip")


def packed_bytes(folder: Path, tmp_path: Path) -> bytes:
    pack(folder, tmp_path / "a.zip", overwrite=True)
    return (tmp_path / "a.zip").read_bytes()


def entries(packed: bytes) -> list[int]:
    """Where the entries of the directory begin."""
    mark = b"PK\x01\x02"
    return [at for at in range(len(packed)) if packed.startswith(mark, at)]


@pytest.mark.parametrize("begins", [0, 1, 2**31, 2**32 - 1], ids=["the first", "inside", "beyond", "far beyond"])
def test_members_that_overlap_are_refused(folder: Path, tmp_path: Path, begins: int) -> None:
    """A member that lies where another one does, or beyond the end, is refused by its place alone."""
    data = bytearray(packed_bytes(folder, tmp_path))
    at = entries(bytes(data))[1]
    data[at + 42 : at + 46] = struct.pack("<L", begins)
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(InputError, match="overlaps another member"):
        load(tmp_path / "b.zip")


def test_a_directory_with_more_entries_than_are_counted_is_refused(folder: Path, tmp_path: Path) -> None:
    """What the last record counts and what the directory holds must be the same."""
    data = packed_bytes(folder, tmp_path)
    (tmp_path / "b.zip").write_bytes(ending(data, here=1, members=1))
    with pytest.raises(InputError, match="2 members instead of 1"):
        load(tmp_path / "b.zip")


@pytest.mark.parametrize("size", [2**20, 2**32 - 2**21])
def test_a_large_file_that_is_no_packed_session_is_not_read(tmp_path: Path, size: int) -> None:
    """Whatever the size of a file, its end alone is read to see that it is none."""
    with open(tmp_path / "a.zip", "wb") as file:
        file.truncate(size)
        file.seek(0, os.SEEK_END)
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 17 * 512, size - 17 * 512, 0))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="not a zip file"):
            load(tmp_path / "a.zip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**18
