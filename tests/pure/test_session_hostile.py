"""Hostile session folders: refused in one sentence, nothing followed, nothing run, nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
import random
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.errors import InputError, Problems
from nnplay.session import document, load, pack, save, summarize
from nnplay.session.blob import decode, encode, match
from nnplay.session.document import BlobEntry, body_of, framed
from nnplay.session.limits import HEADER_BYTES, TENSOR_AXES, TENSORS

AUDITED = """
import sys
import unicodedata
from pathlib import Path
from nnplay.errors import NnplayError
from nnplay.session import load

corpus = sorted(Path(sys.argv[1]).iterdir())
load(corpus[0])  # imports what loading needs
seen = []
FORBIDDEN = ("exec", "compile", "import", "subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "socket",
             "pickle", "marshal", "ctypes", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link",
             "os.symlink", "os.truncate")

def watch(event, arguments):
    writes = event == "open" and arguments[2] & 0o3
    if writes or event.startswith(FORBIDDEN):
        seen.append((event, str(arguments)[:200]))

sys.addaudithook(watch)
refused = 0
for path in corpus[1:]:
    try:
        load(path)
    except NnplayError:
        refused += 1
assert not seen, seen
print(refused, len(corpus) - 1)
"""


def state_file(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(shape: list[int], dtype: str = "F32", offsets: tuple[int, int] = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": list(offsets)}


def folder_with(folder: Path, blob: bytes) -> Path:
    """A session whose record vouches for `blob`, as only its author could make it."""
    folder.mkdir(mode=0o700)
    name = "state-00000001.safetensors"
    (folder / name).write_bytes(blob)
    (folder / "session.toml").write_bytes(
        framed(body_of({"epoch": 1}), [BlobEntry(name, len(blob), hashlib.sha256(blob).hexdigest())], 1)
    )
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


HOSTILE_STATES = {
    "empty": b"",
    "short": b"\x05",
    "header beyond the end": struct.pack("<Q", 2**63) + b"{}",
    "header of 80 MB": state_file(b" " * (HEADER_BYTES + 1)),
    "no JSON": state_file(b"{'a': 1}"),
    "no table": state_file([1]),
    "deep": state_file(b"[" * 100_000),
    "not UTF-8": state_file(b'{"\xff": 1}'),
    "one name twice": state_file(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        bytes(4),
    ),
    "name ../../x": state_file({"../../x": tensor([1])}, bytes(4)),
    "name with ESC": state_file({"\x1b[2J": tensor([1])}, bytes(4)),
    "long name": state_file({"a" * 129: tensor([1])}, bytes(4)),
    "metadata": state_file({"__metadata__": {"a": "b"}}),
    "flags": state_file({"a": tensor([4], "BOOL")}, bytes(4)),
    "unknown type": state_file({"a": tensor([1], "PICKLE")}, bytes(4)),
    "type no text": state_file({"a": {"dtype": 7, "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    "type a list": state_file({"a": {"dtype": [], "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    "negative axis": state_file({"a": tensor([-1])}, bytes(4)),
    "huge axis": state_file({"a": tensor([0, 10**18], offsets=(0, 0))}),
    "axes overflow": state_file({"a": tensor([2**31, 2**31, 2**31])}, bytes(4)),
    "nine axes": state_file({"a": tensor([1] * (TENSOR_AXES + 1))}, bytes(4)),
    "fractional axis": state_file(b'{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', bytes(4)),
    "no shape": state_file({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4)),
    "no offsets": state_file({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)),
    "offsets beyond the end": state_file({"a": tensor([2], offsets=(0, 8))}, bytes(4)),
    "a hole": state_file({"a": tensor([1], offsets=(4, 8))}, bytes(8)),
    "overlap": state_file({"a": tensor([1]), "b": tensor([1])}, bytes(4)),
    "trailing bytes": state_file({"a": tensor([1])}, bytes(8)),
    "shape and bytes differ": state_file({"a": tensor([3])}, bytes(4)),
    "10,001 tensors": state_file(b"{" + b",".join(b'"%x":0' % n for n in range(TENSORS + 1)) + b"}"),
}


@pytest.mark.parametrize("blob", HOSTILE_STATES.values(), ids=HOSTILE_STATES)
def test_a_hostile_state_file_is_one_clear_error(tmp_path: Path, blob: bytes) -> None:
    """Row 77: a state file that lies, though its digest is right, is refused; the bytes stay as they were."""
    folder = folder_with(tmp_path / "a.nnplay", blob)
    before = bytes_of(folder)
    with pytest.raises(InputError, match=r"session\.toml, state-00000001\.safetensors") as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert bytes_of(folder) == before


def mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(changed) + 1)
        piece = rng.choice([b"[", b"{", b'"', b"'", b"=", b".", b"\n", b"9" * 20, b"\xff", b"nan", b"-", b"1999-99-99"])
        elsewhere = rng.randrange(len(changed) + 1)
        changed[place : place + rng.randint(0, 8)] = rng.choice([piece, b"", changed[elsewhere : elsewhere + 30]])
    return bytes(changed)


@pytest.mark.parametrize("rounds", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_mutated_files_raise_nothing_but_input_errors(tmp_path: Path, rounds: int) -> None:
    """Of 33,000 mutated records, state files and packed sessions (quick: 1,300) each loads or is refused."""
    record = {"name": "x", "optimizer": {"lr": 0.1}, "layer": [{"kind": "a", "units": 3}, {"kind": "b"}]}
    save(tmp_path / "a.nnplay", record, {"w": np.zeros((3, 4), np.float32), "b": np.zeros(2)})
    pack(tmp_path / "a.nnplay", tmp_path / "a.zip")
    text = (tmp_path / "a.nnplay" / "session.toml").read_bytes()
    body = text[text.index(b"format_read") : text.index(b"# end")]
    state = (tmp_path / "a.nnplay" / "state-00000001.safetensors").read_bytes()
    rng = random.Random(11)
    accepted = 0
    for _ in range(rounds):
        for parse, seed in ((document.read, body), (decode, state), (document.read, text)):
            try:
                parse(mutated(seed, rng), "x")
                accepted += 1
            except InputError:
                continue
    assert 0 < accepted < 1.5 * rounds
    whole = (tmp_path / "a.zip").read_bytes()
    for _ in range(3 * rounds // 10):
        (tmp_path / "b.zip").write_bytes(mutated(whole, rng))
        try:
            load(tmp_path / "b.zip")
        except InputError:
            continue


def test_loading_hostile_files_runs_nothing(tmp_path: Path) -> None:
    """An audit hook sees no exec, import, subprocess, socket or write while every hostile file is loaded."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    save(corpus / "00.nnplay", {"a": 1}, {"w": np.zeros(2, np.float32)})
    for number, blob in enumerate(HOSTILE_STATES.values()):
        folder_with(corpus / f"{number + 1:02}.nnplay", blob)
    for number, text in enumerate(("a = [", "!!python/object:os.system", "import os", "a = 1\na = 2", "[" * 9999)):
        (corpus / f"text{number}.toml").write_text(text)
        (corpus / f"zip{number}.zip").write_bytes(b"PK\x05\x06" + bytes(18) + text.encode())
    command = [sys.executable, "-c", AUDITED, str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused, tried = done.stdout.split()
    assert refused == tried
    assert int(tried) >= 40


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a/b.safetensors", "state-00000001.safetensors\\n", "x.pt"])
def test_a_state_file_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Row 76: a record that names a file outside its folder, or of another kind, is refused with its line."""
    folder = folder_with(tmp_path / "a.nnplay", b"")
    path = folder / "session.toml"
    path.write_text(path.read_text().replace("state-00000001.safetensors", name))
    with pytest.raises(InputError, match=r"line \d+, blob\.0\.name: .* is not the name of a state file"):
        load(folder)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Row 76: a state file or record that is a symbolic link is refused, whatever it points to."""
    save(tmp_path / "a.nnplay", {"epoch": 1}, {"w": np.zeros(4, np.float32)})
    folder = tmp_path / "a.nnplay"
    for name in ("state-00000001.safetensors", "session.toml"):
        moved = tmp_path / name
        (folder / name).rename(moved)
        (folder / name).symlink_to(moved)
        with pytest.raises(InputError, match="not a regular file"):
            load(folder)
        (folder / name).unlink()
        moved.rename(folder / name)
    assert load(folder).record == {"epoch": 1}


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    """A pipe or folder in the place of a record is refused at once, without waiting for a writer."""
    folder = tmp_path / "a.nnplay"
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "session.toml") if kind == "fifo" else (folder / "session.toml").mkdir()
    with pytest.raises(InputError, match="not a regular file"):
        load(folder)


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """A sparse state file of 1 TiB is noticed by its size, before a byte of it is read."""
    folder = folder_with(tmp_path / "a.nnplay", b"12345678")
    os.truncate(folder / "state-00000001.safetensors", 2**40)
    with pytest.raises(InputError, match="more than its 8 bytes"):
        load(folder)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    """Row 76: group- or world-writable folders are neither read nor written, and the remedy is named."""
    folder = tmp_path / "a.nnplay"
    save(folder, {"epoch": 1}, {})
    folder.chmod(mode)
    for action in (load, summarize, lambda path: save(path, {}, {})):
        with pytest.raises(InputError, match="run: chmod go-w"):
            action(folder)


def test_another_users_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 76: a folder that belongs to somebody else is refused."""
    folder = tmp_path / "a.nnplay"
    save(folder, {"epoch": 1}, {})
    if os.geteuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(InputError, match="belongs to another user"):
        load(folder)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_everything_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Every file that a save makes is 0600 and the folder 0700 under any umask."""
    old = os.umask(umask)
    try:
        for epoch in (1, 2):
            save(tmp_path / "a.nnplay", {"epoch": epoch}, {"w": np.zeros(2, np.float32)})
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.nnplay").stat().st_mode) == 0o700
    made = list((tmp_path / "a.nnplay").iterdir())
    assert len(made) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_a_folder_with_other_things_is_not_saved_into(tmp_path: Path) -> None:
    """Saving into a home folder by mistake is refused; what is there stays."""
    (tmp_path / "thesis.txt").write_text("x")
    tmp_path.chmod(0o700)
    with pytest.raises(InputError, match=r"holds other files \('thesis.txt'\).*ending in \.nnplay"):
        save(tmp_path, {}, {})
    assert os.listdir(tmp_path) == ["thesis.txt"]


@pytest.mark.parametrize(
    "path", ["none.nnplay", "a\0b", "empty.nnplay", "file.nnplay", "none.toml", "none.zip", "x" * 999]
)
def test_what_is_no_session_is_said_so(tmp_path: Path, path: str) -> None:
    """A missing, empty or impossible path is one sentence."""
    (tmp_path / "empty.nnplay").mkdir(mode=0o700)
    (tmp_path / "file.nnplay").write_text("x")
    with pytest.raises(InputError):
        load(tmp_path / path)


def test_loaded_tensors_are_compared_by_name_shape_and_type() -> None:
    """Row 77: missing, extra, misshapen and wrongly typed tensors are all named at once; NaN ones are given back."""
    expected = {"a": ("float32", (2, 3)), "b": ("float32", (2,)), "c": ("int64", ())}
    good = {"a": np.zeros((2, 3), np.float32), "b": np.array([1, np.nan], np.float32), "c": np.array(3)}
    assert match(good, expected, "x") == ["b"]
    bad = {"a": np.zeros((3, 2), np.float32), "b": np.zeros(2), "d": np.zeros(1)}
    with pytest.raises(Problems) as caught:
        match(bad, expected, "x")
    text = str(caught.value)
    assert "tensor c: missing" in text
    assert "tensor d: does not belong" in text
    assert "tensor a: its shape is (3, 2) instead of (2, 3)" in text
    assert "tensor b: its type is float64 instead of float32" in text


@pytest.mark.parametrize(
    ("name", "array"),
    [("A", np.zeros(1)), ("", np.zeros(1)), ("a", np.zeros(1, np.int32)), ("a", np.zeros(1, object))],
)
def test_what_cannot_be_loaded_cannot_be_saved(name: str, array: np.ndarray) -> None:
    """A name or type that loading would refuse is refused when saving."""
    with pytest.raises(ValueError, match=r"tensor|saved"):
        encode({name: array})


def test_any_memory_layout_is_saved_by_value() -> None:
    """Transposed, strided, big-endian and empty arrays come back equal, and order of names does not matter."""
    base = np.arange(24.0).reshape(2, 3, 4)
    tensors = {"t": base.T, "s": base[:, ::2], "e": base[:0], "big": base.astype(">f4"), "n": np.array(5)}
    loaded = decode(b"".join(encode(tensors)), "x")
    assert all(np.array_equal(loaded[name], tensors[name]) for name in tensors)
    assert all(loaded[name].shape == tensors[name].shape for name in tensors)
    assert encode(dict(reversed(tensors.items()))) == encode(tensors)


def test_the_number_of_tensors_is_limited_to_the_number() -> None:
    """10,000 tensors are saved and loaded, 10,001 are not."""
    tensors = {f"{number:x}": np.zeros(0, np.float32) for number in range(TENSORS)}
    assert len(decode(b"".join(encode(tensors)), "x")) == TENSORS
    with pytest.raises(InputError, match="10,001 tensors"):
        encode({**tensors, "more": np.zeros(0, np.float32)})
