"""The text of a session: limits, messages with key and line, comments kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.session import document, load, save
from nnplay.session.limits import INTEGER_DIGITS, RECORD_BYTES, RECORD_DEPTH
from nnplay.session.migrate import migrate
from nnplay.session.record import line_of, parse, plain

BY_HAND = """\
# my first one
name = "spiral"  # the name

[optimizer]  # tuned
name = "adam"
# slower is better
lr = 0.01

[[layer]]
kind = "linear"  # first
units = 8

[[layer]]
kind = "relu"  # second

[unknown_table]
kept = [1, 2.5, "x", {deep = true}]
"""


def put(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "session.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_a_bare_record_written_by_hand_loads(tmp_path: Path) -> None:
    """A five-line text without versions or state files is a session, as a folder or as a lone .toml file."""
    text = 'data = "spiral"\nnetwork = "8 relu 8 relu 1"\nloss = "bce"\noptimizer = "adam"\nseed = 7\n'
    (tmp_path / "mine.toml").write_text(text)
    for path in (put(tmp_path / "a.nnplay", text), tmp_path / "a.nnplay" / "session.toml", tmp_path / "mine.toml"):
        loaded = load(path)
        assert loaded.record["seed"] == 7
        assert (loaded.generation, loaded.tensors, loaded.warnings) == (0, {}, ())


def test_comments_and_unknown_keys_survive_a_rewrite(tmp_path: Path) -> None:
    """After a save over a hand-written text its comments are where they were, beside the new values."""
    folder = put(tmp_path / "a.nnplay", BY_HAND)
    record = load(folder).record
    del record["unknown_table"]
    record["optimizer"]["lr"] = 0.5
    record["layer"].insert(1, {"kind": "dropout", "rate": 0.1})
    record["epoch"] = 3
    save(folder, record, {"w": np.zeros(2, np.float32)})
    text = (folder / "session.toml").read_text()
    for kept in (
        "# my first one\n",
        "  # the name\n",
        "[optimizer]  # tuned\n",
        "# slower is better\nlr = 0.5\n",
        'kind = "linear"  # first\n',
        'kind = "relu"  # second\n',
        'kept = [1, 2.5, "x", {deep = true}]\n',
    ):
        assert kept in text
    loaded = load(folder)
    assert loaded.record == {**record, "unknown_table": {"kept": [1, 2.5, "x", {"deep": True}]}}
    assert [layer["kind"] for layer in loaded.record["layer"]] == ["linear", "dropout", "relu"]


def test_rewriting_does_not_grow_the_text(tmp_path: Path) -> None:
    """Ten saves of an unchanged session leave the text as it was, but for the generation."""
    folder = put(tmp_path / "a.nnplay", BY_HAND)
    texts = set()
    for generation in range(1, 11):
        loaded = load(folder)
        assert save(folder, loaded.record, {}) == generation
        lines = (folder / "session.toml").read_text().split("\n")
        texts.add("\n".join(line for line in lines if not line.startswith(("generation", "# end of session"))))
    assert len(texts) == 1


def test_save_load_save_is_byte_identical(tmp_path: Path) -> None:
    """Saving what was loaded makes the same bytes: text, comments and state file."""
    put(tmp_path / "a.nnplay", BY_HAND)
    tensors = {"b": np.arange(6.0).reshape(2, 3), "a": np.array(7), "c": np.full((2, 0), 1, np.float32)}
    record = {**load(tmp_path / "a.nnplay").record, "note": 'tab\t "quote" \\ ü 🙂\nline', "big": 2**63 - 1}
    record |= {"nan": math.nan, "inf": -math.inf, "tiny": 5e-324, "third": 1 / 3, "whole": 3.0, "none": [], "table": {}}
    save(tmp_path / "a.nnplay", record, tensors)
    for other, keep_comments in (("b", True), ("c", False)):
        loaded = load(tmp_path / "a.nnplay")
        save(tmp_path / f"{other}.nnplay", loaded.record, loaded.tensors, base=loaded.text if keep_comments else "")
        again = load(tmp_path / f"{other}.nnplay")
        save(tmp_path / f"{other}2.nnplay", again.record, again.tensors, base=again.text)
        for name in ("session.toml", "state-00000001.safetensors"):
            bytes_there = (tmp_path / f"{other}.nnplay" / name).read_bytes()
            assert (tmp_path / f"{other}2.nnplay" / name).read_bytes() == bytes_there
            if keep_comments:
                assert bytes_there == (tmp_path / "a.nnplay" / name).read_bytes()


def test_none_removes_a_key_and_absence_keeps_it(tmp_path: Path) -> None:
    """At the top a key left out is kept and one that is None goes; inside a table a key left out goes."""
    folder = tmp_path / "a.nnplay"
    save(folder, {"a": 1, "b": 2, "t": {"x": 1, "y": 2}}, {})
    save(folder, {"b": None, "t": {"y": 2}}, {})
    assert load(folder).record == {"a": 1, "t": {"y": 2}}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a = 1\na = 2\n", 2, "the same key is set twice"),
        ("[t]\nx = 1\n[t]\ny = 2\n", 3, "the same key is set twice"),
        ("a = 1\nb = = 2\n", 2, "invalid value"),
        ("a = 1\nb = 'x\n", 2, "b = 'x"),
        ("a = 1\nb = 1979-05-27\n", None, "dates and times"),
        ("a = 1\nb = 9223372036854775808\n", None, "b: an integer beyond 64 bits"),
        (
            "format_write = 1\ngeneration = 'x'\n# end of session, crc32 00000000\n",
            2,
            "generation: should be an integer",
        ),
        ("generation = 0\n# end of session, crc32 00000000\n", 1, "≥ 1"),
        ("format_read = 1.5\n", 1, "format_read"),
        ("x = 1\nformat_read = 7\nwritten_by = '9.1'\n", None, "9.1.*newer than this nnplay's 2; install nnplay 9.1"),
        ("x = 1\nformat_read = 7\n", None, "install a newer nnplay"),
        ("x = 1\nformat_write = 0\n", None, "format 0 is too old"),
        ("x = 1\nblob = 3\n", 2, "blob"),
        ("blob = [3]\n", None, "name, size and sha256"),
        ("[[blob]]\nname = '../../x'\n", 2, "is not the name of a state file"),
        ("[[blob]]\nname = 'state-00000001.safetensors'\nsize = -1\n", 3, "bytes from 0"),
        ("[[blob]]\nname = 'state-00000001.safetensors'\nsize = 1\nsha256 = 'x'\n", 4, "64 hexadecimal"),
    ],
)
def test_a_bad_text_is_refused_with_key_and_line(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    """Row 74: too new, too old, duplicate keys and wrong types are one sentence each; the bytes stay as they were."""
    folder = put(tmp_path / "a.nnplay", text)
    with pytest.raises(InputError, match=words) as caught:
        load(folder)
    assert line is None or f"session.toml, line {line}" in caught.value.where
    assert "\n" not in str(caught.value)
    assert (folder / "session.toml").read_text() == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a = " + b"[" * 100_000, "nested more than 32"),
        (b"a = " + b"{x=" * 100_000, "nested more than 32"),
        (b".".join([b"a"] * 200_000) + b" = 1", "nested more than 32"),
        (b"[" + b".".join([b'"a"'] * 100_000) + b"]", "nested more than 32"),
        (b"a = 1\nb = " + b"9" * 5000, "line 2: a number of 5000 digits"),
        (b"a = '" + b"x" * 50_000_000 + b"'", "50,000,006 bytes are more than the 1,048,576"),
        (b"\xff\xfe", "line 1: not UTF-8"),
        (b"a = 1\nb = '\xc3'", "line 2: not UTF-8"),
        (b'"\\"' * 300_000, "line 1"),
        (b'"""\\' * 250_000, "line 1"),
        (b"'''" * 300_000, "line 1"),
        (b"a\r" * 500_000, "line 1"),
    ],
    ids=["arrays", "tables", "dots", "header", "digits", "50 MB", "binary", "half", "quotes", "long", "raw", "returns"],
)
def test_a_hostile_text_is_refused(tmp_path: Path, text: bytes, words: str) -> None:
    """Row 75: nesting, digits, size and endless strings end at a limit with one sentence, before a parser sees it."""
    folder = put(tmp_path / "a.nnplay", text)
    with pytest.raises(InputError, match=words):
        load(folder)


def test_each_limit_holds_to_the_number() -> None:
    """Nesting, digits and bytes: the limit itself is read, one more is refused."""
    assert parse(b"a = " + b"[" * (RECORD_DEPTH - 1) + b"]" * (RECORD_DEPTH - 1), "x")
    with pytest.raises(InputError, match="nested"):
        parse(b"a = " + b"[" * (RECORD_DEPTH + 1) + b"]" * (RECORD_DEPTH + 1), "x")
    assert parse(b"a = 0." + b"1" * INTEGER_DIGITS, "x")
    with pytest.raises(InputError, match="digits"):
        parse(b"a = 0." + b"1" * (INTEGER_DIGITS + 1), "x")
    full = b"a = '" + b"x" * (RECORD_BYTES - 6) + b"'"
    assert len(parse(full, "x")["a"]) == RECORD_BYTES - 6
    with pytest.raises(InputError, match="bytes"):
        parse(full + b"\n", "x")
    with pytest.raises(InputError, match="can be saved"):
        document.framed(document.body_of({"a": "x" * RECORD_BYTES}), [], 1)


def test_a_newer_writer_makes_it_read_only(tmp_path: Path) -> None:
    """A session that a newer version wrote, but that this one can read, opens with a note and is never overwritten."""
    folder = put(tmp_path / "a.nnplay", "format_read = 1\nformat_write = 3\nepoch = 5\nnew_thing = 1\n")
    loaded = load(folder)
    assert loaded.read_only
    assert loaded.record == {"epoch": 5, "new_thing": 1}
    assert "newer nnplay" in loaded.warnings[0]
    with pytest.raises(InputError, match=r"newer nnplay.*another name"):
        save(folder, loaded.record, {})


def test_migrations_run_in_order() -> None:
    """A record of format 1 passes through every function up to the newest format; a newer one is left alone."""
    table = {1: lambda record: {**record, "two": 2}, 2: lambda record: {**record, "three": record["two"] + 1}}
    assert migrate({"a": 0}, 1, "x", table=table, target=3, oldest=1) == {"a": 0, "two": 2, "three": 3}
    assert migrate({"a": 0}, 4, "x", table=table, target=3, oldest=1) == {"a": 0}
    with pytest.raises(InputError, match="too old"):
        migrate({}, 1, "x", table=table, target=3, oldest=2)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("name", 2),
        ("optimizer", 4),
        ("optimizer.lr", 7),
        ("layer.0.units", 11),
        ("layer.1.kind", 14),
        ("layer.1", 13),
        ("no", None),
    ],
)
def test_the_line_of_a_key_is_found(key: str, line: int | None) -> None:
    """A message about a value can name the line that it stands on, in tables and in the n-th of several."""
    assert line_of(BY_HAND, key) == line


def test_place_names_file_line_and_key(tmp_path: Path) -> None:
    """What the reader of a record says about a wrong value begins with file, line and key."""
    loaded = load(put(tmp_path / "a.nnplay", BY_HAND))
    assert loaded.place("optimizer.lr").endswith("a.nnplay/session.toml, line 7, optimizer.lr")
    assert loaded.place("optimizer.beta").endswith("session.toml, optimizer.beta")


@pytest.mark.parametrize("value", [np.float32(1), None, {1: 2}, object(), b"x", {3}])
def test_only_plain_values_can_be_saved(value: Any) -> None:
    """A NumPy number or any other object in a record is the program's mistake, named by its key."""
    with pytest.raises(TypeError, match=r"record, a\.0"):
        plain({"a": [value]})


def test_reserved_keys_cannot_be_saved(tmp_path: Path) -> None:
    """A record cannot forge the commit's own keys."""
    with pytest.raises(ValueError, match="'blob' belongs to the session file"):
        save(tmp_path / "a.nnplay", {"blob": []}, {})


def test_foreign_text_is_made_safe_where_it_enters(tmp_path: Path) -> None:
    """Control and direction characters in keys and values of a session file are symbols once it is loaded."""
    record = load(put(tmp_path / "a.nnplay", 'name = "a\\u001b[2Jb\\u202e"\n"k\\u0007" = ["\\u009b"]\n')).record
    assert record == {"name": "a␛[2Jb\ufffd", "k␇": ["\ufffd"]}
