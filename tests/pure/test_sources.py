"""Claims about sources: a kind of file is added by one file, and NumPy archives are read with care."""

from __future__ import annotations

import argparse
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.cli.run_flags import add_run_flags, run_config
from nnplay.cli.source import base_table
from nnplay.config import RunConfig
from nnplay.data.catalogue import file_endings, find_source, load_file, name_sources, source_records
from nnplay.errors import InputError
from nnplay.run.choices import catalogue
from nnplay.tui.commands.completion import complete_paths
from tests.added_record import added_record

PAIRS = '''
from nnplay.data.dataset import Dataset
from nnplay.data.progress import report
from nnplay.data.record import SourceRecord
from nnplay.fields import integer

def read(path, values):
    """A number in each line, and its double to be learned."""
    with open(path) as file:
        lines = file.read().split()[1:]
    report(1, 1, "lines")
    numbers = [float(line) for line in lines[values.get("skip", 0):]]
    return Dataset([[number] for number in numbers], [2 * number for number in numbers])

PAIRS = SourceRecord("pairs", "a file of pairs", "Numbers, one a line.", (".pairs",),
                     (integer("skip", 0, "lines left out", low=0),), read,
                     recognise=lambda head: head.startswith(b"PAIRS"))
'''


@pytest.fixture
def pairs(tmp_path: Path) -> Any:
    """One more kind of file, and one such file."""
    (tmp_path / "my.pairs").write_text("PAIRS\n1\n2\n3\n4\n")
    (tmp_path / "added").mkdir()
    with added_record("nnplay.data.sources", "pairs", PAIRS, tmp_path / "added", source_records):
        yield tmp_path / "my.pairs"


def test_a_source_is_added_by_one_file(pairs: Path) -> None:
    """A run file, the command line, the form, completion and help know a new kind of file, with its fields."""
    assert len(RunConfig.from_dict({"data": {"file": str(pairs), "skip": 1}}).data.load()) == 3
    parser = argparse.ArgumentParser()
    add_run_flags(parser)
    assert "how a file of pairs is read" in parser.format_help()
    config = run_config(base_table(str(pairs)), parser.parse_args(["--skip", "2"]))
    assert len(config.data.load()) == 2
    assert [field.name for field in catalogue().fields_of_file(str(pairs), {})] == ["skip"]
    assert complete_paths(str(pairs.parent / "my"), "data") == [str(pairs)]
    assert "a file of pairs" in name_sources()
    with pytest.raises(InputError, match=r"did you mean '.*my\.pairs'\?"):
        base_table(str(pairs.with_name("may.pairs")))


def test_a_source_is_known_by_its_first_bytes_where_the_name_says_nothing(pairs: Path) -> None:
    """A file without a known ending is read by whoever recognises it; one with an ending by that."""
    pairs.rename(nameless := pairs.with_suffix(".numbers"))
    assert find_source(str(nameless)).name == "pairs"
    nameless.rename(named := pairs.with_suffix(".csv"))
    assert find_source(str(named)).name == "csv"


def test_reading_says_how_far_it_is(pairs: Path) -> None:
    """Whoever loads a file may listen, and may end it."""
    calls: list[tuple[int, int, str]] = []
    load_file(str(pairs), {}, progress=lambda *now: calls.append(now))
    assert calls == [(1, 1, "lines")]

    def refuse(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_file(str(pairs), {}, progress=refuse)


def test_a_field_that_another_kind_of_file_has_is_refused_with_its_name(pairs: Path) -> None:
    """Fields are those of the file's own kind."""
    with pytest.raises(InputError, match="unknown key 'delimiter'"):
        RunConfig.from_dict({"data": {"file": str(pairs), "delimiter": ";"}})


def test_every_ending_has_one_source_and_one_source_takes_the_rest(tmp_path: Path) -> None:
    """No two kinds of files share an ending; exactly one takes any file, and it is the one for what is not there."""
    assert len(set(file_endings())) == len(file_endings())
    assert [record.takes_any for record in source_records().values()].count(True) == 1
    assert find_source("nothing at all").name == find_source(str(tmp_path)).name == "csv"
    for record in source_records().values():
        assert set(record.tables) <= {field.name for field in record.fields}
        assert all(ending == ending.lower() and ending.startswith(".") for ending in record.endings)


X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2)
Y = np.arange(12) % 3


def saved(path: Path, **arrays: Any) -> str:
    """A NumPy archive."""
    np.savez_compressed(path, **arrays)
    return str(path)


@pytest.mark.parametrize(
    ("x", "y", "task"),
    [
        (X, Y, "classification"),
        (X, np.array(["red", "blue", "red"] * 4), "classification"),
        (X, Y.astype(np.float64), "regression"),
        (X, np.stack([Y, -Y], axis=1).astype(np.float16), "regression"),
        (np.asfortranarray(X.astype(">f8")), Y, "classification"),
        (np.arange(12 * 4 * 4 * 3, dtype=np.uint8).reshape(12, 4, 4, 3), Y == 1, "classification"),
        (X, np.zeros((12, 2, 2), np.int64), "classification"),
    ],
    ids=["classes", "words", "quantity", "quantities", "other order", "pictures", "labels per place"],
)
def test_an_archive_of_arrays_is_read_as_it_is(tmp_path: Path, x: Any, y: Any, task: str) -> None:
    """Inputs and targets have the values that were saved, whatever their type, order and shape."""
    data = RunConfig.from_dict({"data": {"file": saved(tmp_path / "my.npz", x=x, y=y)}}).data.load()
    assert data.name == "my"
    assert data.task == task
    assert np.array_equal(data.x, x.astype(np.float32))
    words = np.array(data.class_names)[data.y] if y.dtype.kind == "U" else data.y
    assert np.array_equal(words, y if words.shape == y.shape else y[:, None])
    assert data.x.flags.writeable


def test_arrays_may_have_other_names_and_labels_may_be_a_quantity(tmp_path: Path) -> None:
    """`inputs`, `target` and `task` say what the archive itself does not."""
    path = saved(tmp_path / "my.npz", pictures=X, digits=Y, more=np.array([{}], dtype=object))
    data = load_file(path, {"inputs": "pictures", "target": "digits", "task": "regression"})
    assert data.task == "regression"
    assert (data.default_scale, data.default_scale_target) == ("standard", "standard")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"X_train": X, "y_train": Y},
            "my.npz: there is no array 'x'; it holds X_train, y_train; use inputs='X_train'",
        ),
        ({"images": X, "labels": Y}, "use inputs='images' and target='labels'"),
        ({"x_test": X, "x_train": X, "y_train": Y, "y_test": Y}, "use inputs='x_train' and target='y_train'"),
        ({"x_test": X, "y_train": Y}, "use inputs='…' and target='…'"),
        ({"first": X, "second": Y}, "use inputs='…' and target='…'"),
        ({"x": X}, "my.npz: there is no array 'y'; it holds x alone; write it with numpy.savez"),
        ({"x": X, "y": Y[:5]}, "my.npz: x has 12 rows, y has 5; give one target per row"),
        ({"x": np.full((12, 2), np.nan), "y": Y}, "my.npz, x row 0, column 0: nan is not finite; replace it"),
    ],
)
def test_errors_of_archives_name_the_file_and_the_arrays_to_type(tmp_path: Path, arrays: Any, said: str) -> None:
    """A file keeps its ending, and names that say which array is which are in the way out."""
    with pytest.raises(InputError) as problem:
        load_file(saved(tmp_path / "my.npz", **arrays), {})
    assert said in problem.value.message


def _member(header: bytes, content: bytes = b"", version: int = 1) -> bytes:
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


def _archive(x: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", _member(_plain("<i8"), bytes(16)))
    return file.getvalue()


def _plain(descr: str = "<f4", shape: str = "(2,)") -> bytes:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def _objects() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.array([{}, []], dtype=object), y=Y)
    return file.getvalue()


BAD = {
    "empty": (b"", "is not a NumPy archive"),
    "text": (b"a,b\n1,2\n", "is not a NumPy archive"),
    "cut": (_archive(_member(_plain(), bytes(8)))[:90], "is not a NumPy archive"),
    "one byte wrong": (_archive(_member(_plain(), bytes(8))).replace(b"\x93", b"\x92"), "archive"),
    "objects": (_objects(), "array 'x': holds Python objects, not numbers or words; they are never loaded"),
    "code in the header": (_archive(_member(b"__import__('os').abort()\n")), "its header is not one that NumPy writes"),
    "a deep header": (_archive(_member(b"(" * 9000)), "its header is not one"),
    "a long shape": (_archive(_member(_plain(shape=f"({'1' * 9000}!)"))), "its header is not one"),
    "dates": (
        _archive(_member(_plain("<M8[s]"), bytes(16))),
        "holds dates, not numbers or words; convert them to days",
    ),
    "complex numbers": (_archive(_member(_plain("<c8"), bytes(16))), "holds complex numbers, not numbers or words"),
    "columns": (
        _archive(_member(_plain().replace(b"'<f4'", b"[('a', '<f4')]"), bytes(8))),
        "holds records, not numbers or words; give the array as a table instead: nnplay.read_table",
    ),
    "no such type": (_archive(_member(_plain("<i3"), bytes(6))), "its header is not one"),
    "a huge shape": (_archive(_member(_plain(shape="(1000000000000,)"), bytes(8))), "does not match its shape"),
    "a shape beyond all numbers": (_archive(_member(_plain(shape=f"({', '.join(['99999999999'] * 20)})"))), "shape"),
    "no shape": (_archive(_member(_plain(shape="()"), bytes(4))), "there are no rows"),
    "a header that is not there": (_archive(b"\x93NUMPY\x01\x00\xff\xff"), "its header is not one"),
    "a head cut off": (_archive(b"\x93NUMPY\x02\x00"), "is not a NumPy archive"),
    "no array": (_archive(b"hello"), "is not a NumPy array"),
    "no letters": (_archive(_member(_plain("<U1"), b"\xff\xff\xff\xff" * 2)), "numbers instead of letters"),
}


@pytest.mark.parametrize("name", BAD)
def test_whatever_is_in_an_archive_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    """Damage, objects, code and lies about sizes end in an InputError that names the file; nothing is run."""
    content, words = BAD[name]
    (tmp_path / "my.npz").write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        load_file(str(tmp_path / "my.npz"), {})
    assert caught.value.where.startswith("my")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("each", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_no_damage_is_more_than_an_error(tmp_path: Path, each: int) -> None:
    """With every third byte changed (slow: any one), or cut there, an archive is read or refused; nothing is raised."""
    whole = Path(saved(tmp_path / "whole.npz", x=X, y=np.array(["red", "blue", "red"] * 4))).read_bytes()
    path, draw = tmp_path / "my.npz", np.random.default_rng(0)
    refused, places = 0, range(0, len(whole), each)
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= int(draw.integers(1, 256))
        for content in (bytes(changed), whole[:place]):
            path.write_bytes(content)
            try:
                load_file(str(path), {})
            except InputError:
                refused += 1
    assert refused > len(places)


def test_an_encrypted_or_oddly_packed_array_is_refused(tmp_path: Path) -> None:
    """NumPy writes neither; a password is not asked for."""
    whole = bytearray(Path(saved(tmp_path / "my.npz", x=X, y=Y)).read_bytes())
    listed = whole.index(b"PK\x01\x02")
    for place, value in ((listed + 8, 1), (listed + 10, 12)):
        changed = whole.copy()
        changed[place] = value
        (tmp_path / "my.npz").write_bytes(changed)
        with pytest.raises(InputError, match="array 'x': is encrypted, or compressed"):
            load_file(str(tmp_path / "my.npz"), {})


def test_an_archive_that_unpacks_to_more_than_memory_is_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the size when unpacked: a small file may declare a huge one."""
    path = saved(tmp_path / "my.npz", x=np.zeros((10_000, 100)), y=np.zeros(10_000))
    monkeypatch.setattr("nnplay.data.sources.npz.memory_budget", lambda: 1 << 20)
    with pytest.raises(InputError, match=r"too large: 7\.7 MiB unpacked"):
        load_file(path, {})


def test_an_archive_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    """No more is unpacked than was declared."""
    content = bytearray(_archive(_member(_plain(shape="(500000,)"), bytes(2_000_000))))
    real = len(_member(_plain(shape="(500000,)"), bytes(2_000_000))).to_bytes(4, "little")
    assert content.count(real) >= 1
    (tmp_path / "my.npz").write_bytes(bytes(content).replace(real, (200).to_bytes(4, "little")))
    with pytest.raises(InputError, match="damaged"):
        load_file(str(tmp_path / "my.npz"), {})


def test_an_array_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    """The names come from the file, so they are cleaned; a near one is proposed."""
    path = saved(tmp_path / "my.npz", **{"X": X, "y\x1b[31m": Y})
    with pytest.raises(InputError, match="did you mean 'X'") as caught:
        load_file(path, {})
    with pytest.raises(InputError, match="there is no array 'pixels'; it holds X, y␛") as caught:
        load_file(path, {"inputs": "pixels"})
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.where(X > 0.9, np.nan, X), Y, "my.npz, x row 11, column 0: nan is not finite"),
        (X, Y[:5], "x has 12 rows, y has 5"),
        (X, Y - 1, "-1 is not a class label"),
        (X[:0], Y[:0], "there are no rows"),
    ],
    ids=["nan", "lengths", "labels", "empty"],
)
def test_arrays_that_cannot_be_learned_from_are_refused(tmp_path: Path, x: Any, y: Any, words: str) -> None:
    """What a data set refuses when it is made in Python, it refuses from a file, with row and column."""
    with pytest.raises(InputError, match=re.escape(words)):
        load_file(saved(tmp_path / "my.npz", x=x, y=y), {})


def test_an_archive_without_its_ending_is_recognised(tmp_path: Path) -> None:
    """The first bytes tell an archive of arrays from other zip archives."""
    saved(tmp_path / "my.npz", x=X, y=Y)
    (tmp_path / "my.npz").rename(tmp_path / "my.data")
    assert find_source(str(tmp_path / "my.data")).name == "npz"
    with zipfile.ZipFile(tmp_path / "other.data", "w") as archive:
        archive.writestr("a.csv", "a,b")
    assert find_source(str(tmp_path / "other.data")).name == "csv"
