"""TOML that somebody else wrote: whatever is in it, it is read or refused in work that grows with its size only."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from nnplay.config import RunConfig
from nnplay.errors import MOST_SHOWN, InputError, Problems
from nnplay.session import save
from nnplay.session.document import body_of, framed
from nnplay.session.limits import COMMENTED_LENGTH, RECORD_BYTES, RECORD_ITEMS
from nnplay.session.record import parse
from nnplay.session.toml_text import toml_text
from nnplay.spelling import near_name
from nnplay.tui.commands import keymap

_ROOM = RECORD_BYTES - 300


def many(line: Callable[[int], str], count: int) -> str:
    return 'data = "xor"\n' + "".join(map(line, range(count)))


def filled(before: str, piece: str, after: str) -> str:
    return before + piece * ((_ROOM - len(before) - len(after)) // len(piece)) + after


HOSTILE = {
    "keys": many(lambda n: f"k{n}=1\n", 10_000),
    "as many keys as may be": many(lambda n: f"k{n}=1\n", RECORD_ITEMS - 10),
    "headings": many(lambda n: f"[k{n}]\n", RECORD_ITEMS - 10),
    "settings": 'data = "xor"\n[training]\n' + many(lambda n: f"k{n}=1\n", 40_000).partition("\n")[2],
    "layers that are none": 'data = "xor"\nlayers = [' + '"linaer 1",' * 40_000 + "]",
    "a heading in a text, of spaces": filled('data = "xor"\nabout = """\n[', " ", '\n"""\nzz = 1'),
    "a key in a text, of spaces": filled('data = "xor"\nabout = """\nx', " ", '\n"""\nzz = 1'),
    "a loss of a million letters": filled('data = "xor"\nloss = "', "a", '"'),
    "a data set of a million letters": filled('data = "', "a", '"'),
    "lines": 'data = "xor"\n' + "\n" * 100_000 + "zz = 1",
    "as many lines as may be": filled('data = "xor"\n', "\n", "zz = 1"),
    "a dotted key": filled("a", ".a", " = 1"),
    "a number": filled("epochs = ", "9", ""),
    "lists": filled("a = [", "[],", "]"),
    "nested lists": filled("a = ", "[", ""),
    "a million values": filled("a = [", "1,", "]"),
}


#: Of these another record of their kind is quick.
ALIKE = ("keys", "settings", "a key in a text, of spaces", "as many lines as may be")

READER = """
import json
import os
import resource
import sys
from nnplay.errors import InputError
from nnplay.run.saving import saved_run

def refusal(folder):
    try:
        saved_run.read(folder)
        return "read", ""
    except InputError as error:
        return "refused", str(error)
    except BaseException as error:
        return "failed", repr(error)

def limit_memory(more):
    used = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + more, used + more))

refusal("/nowhere")  # what is imported for it is here before memory is limited
for line in sys.stdin:
    if not os.fork():
        limit_memory(2**26)
        print(json.dumps(refusal(line.strip())), flush=True)
        os._exit(0)
    os.wait()
"""
"""Reads the sessions that it is told, each in a fork that has 64 MiB for it, and says how each was refused."""


@pytest.fixture(scope="module")
def reader() -> Iterator[subprocess.Popen[str]]:
    """One program for all records: measuring memory within this process makes reading many times slower."""
    with subprocess.Popen(
        [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as program:
        yield program
        program.communicate()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in HOSTILE]
)
def test_a_hostile_record_is_refused_in_little_memory(reader: subprocess.Popen[str], tmp_path: Path, name: str) -> None:
    """Up to 1 MiB of keys, headings, lists, spaces or letters is refused in a few lines, within 64 MiB."""
    folder = tmp_path / "a.nnplay"
    folder.mkdir(mode=0o700)
    (folder / "session.toml").write_text(HOSTILE[name])
    assert reader.stdin is not None
    assert reader.stdout is not None
    print(folder, file=reader.stdin, flush=True)
    outcome, refusal = json.loads(reader.stdout.readline())
    assert outcome == "refused", refusal
    assert len(refusal.splitlines()) in range(1, MOST_SHOWN + 2)
    assert len(refusal) < 10_000


def calls_of(read: Callable[[], object]) -> int:
    """Python functions that are called, built-in ones included, until a text is refused."""
    count = 0

    def counted(frame: object, event: str, value: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        with pytest.raises(InputError):
            read()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("section", ["", "[training]\n", "[data]\nname = 'xor'\n"])
def test_work_grows_with_the_number_of_unknown_keys(section: str) -> None:
    """Twice as many keys that nobody knows are twice the work, not four times."""

    def text(count: int) -> str:
        return ("" if "data" in section else 'data = "xor"\n') + section + "".join(f"k{n}=1\n" for n in range(count))

    calls_of(lambda: RunConfig.from_text(text(10)))
    once = calls_of(lambda: RunConfig.from_text(text(1_000)))
    twice = calls_of(lambda: RunConfig.from_text(text(2_000)))
    assert twice < 2.5 * once


def test_what_is_over_a_limit_is_never_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many bytes, items, levels or digits are counted before the parser sees the text."""

    def refuse(_: str) -> dict[str, Any]:
        raise AssertionError("parsed")

    monkeypatch.setattr(tomllib, "loads", refuse)
    over = "a = [" + "1," * RECORD_ITEMS + "]"
    for text in (" " * (RECORD_BYTES + 1), over, HOSTILE["a dotted key"], HOSTILE["a number"], HOSTILE["nested lists"]):
        with pytest.raises(InputError):
            parse(text.encode(), "x")


def test_the_problems_that_are_not_shown_are_counted() -> None:
    """Of 500 unknown keys 20 are named, each with its line, and the rest are counted."""
    with pytest.raises(Problems) as caught:
        RunConfig.from_text(many(lambda n: f"k{n}=1\n", 500))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("run.toml, line 2, k0: unknown key 'k0'")
    assert lines[19].startswith("run.toml, line 21, k19: unknown key 'k19'")
    assert lines[20:] == ["and 480 more"]


def test_a_refused_value_behind_many_problems_makes_nothing() -> None:
    """Where no more problems are noted, a record with a wrong value is still not made of it."""
    with pytest.raises(Problems, match="and 6 more"):
        RunConfig.from_text(many(lambda n: f"k{n}=1\n", 24) + '[optimizer]\nname = "adam"\nlr = "fast"\nbeta1 = "x"\n')


def test_long_words_are_nobodys_misspelling() -> None:
    """Comparing words takes the square of their length, so that a long one is compared with nothing."""
    assert near_name("a" * 10**6, ["a" * 10**6]) is None
    assert near_name("linaer", ["linear"]) == "linear"


def test_a_long_record_is_saved_without_the_editor_of_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the slow editor of commented TOML would take minutes for is written plainly, and read back the same."""
    base = "# mine\n[extra]\n" + "".join(f"k{n} = {n}\n" for n in range(COMMENTED_LENGTH + 1))
    monkeypatch.setattr(tomlkit, "parse", None)
    monkeypatch.setattr(tomlkit, "dumps", None)
    folder = tmp_path / "a.nnplay"
    folder.mkdir(mode=0o700)
    (folder / "session.toml").write_text(base)
    save(folder, {"epoch": 3}, {})
    found = tomllib.loads((folder / "session.toml").read_text())
    assert found["epoch"] == 3
    assert found["extra"] == {f"k{n}": n for n in range(COMMENTED_LENGTH + 1)}


def test_what_nobody_has_touched_is_saved_without_the_editor_of_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record as this program wrote it holds nothing to be kept; spaces of a hand, which it does not write, stay."""
    folder = tmp_path / "a.nnplay"
    record = {"about": "a # and\na line", "epoch": 1, "extra": {"colour": "#fff"}}
    save(folder, record, {})
    assert body_of({"epoch": 2}, "lr   =   0.1\nepoch = 1\n") == "lr   =   0.1\nepoch = 2\n"
    monkeypatch.setattr(tomlkit, "parse", None)
    save(folder, {"epoch": 2, "about": None}, {})
    text = (folder / "session.toml").read_text()
    assert 'epoch = 2\n\n[extra]\ncolour = "#fff"\n' in text
    assert "about" not in text


def test_what_could_not_be_opened_is_not_saved() -> None:
    """A record with more items than are read is refused when it is written."""
    with pytest.raises(InputError, match="the record, line 6: more than 50,000 keys and values"):
        framed(body_of({"a": [1] * RECORD_ITEMS}), [], 1)


_LEAVES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("ab.\"' é\n\x7f-_", max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(st.text("ab.\"' é\n\x7f-_", max_size=5), _VALUES, max_size=6))
def test_any_record_is_written_so_that_it_reads_back(record: dict[str, Any]) -> None:
    """The plain writer's text means what was written, for every nesting of tables, lists and plain values."""

    def shape(value: Any) -> Any:
        return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else value

    assert shape(tomllib.loads(toml_text(record))) == record


KEYMAPS = {
    "a number of 100,000 digits": "[keys]\nrun = " + "9" * 60_000,
    "a dotted key of 60 kB": "a" + ".a" * 30_000 + " = 1",
    "nested lists": "a = " + "[" * 60_000,
    "unknown actions": "[keys]\n" + "".join(f'k{n} = "x"\n' for n in range(4_000)),
    "bytes": b"\xff" * 100,
    "nothing of TOML": "[keys",
    "a date": "[keys]\nrun = 1999-01-01",
    "no table": "keys = 3",
}


@pytest.mark.parametrize("name", KEYMAPS)
def test_a_hostile_keymap_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Whatever stands in the file of one's keys is refused by name and line, never with a traceback."""
    text = KEYMAPS[name]
    file = tmp_path / "keymap.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=r"keymap\.toml") as caught:
        keymap.load(file)
    assert len(str(caught.value)) < 1_000
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [keymap.load, RunConfig.from_file])
def test_a_file_of_3_gib_is_refused_by_its_size(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """A keymap or a run that is far too large is refused before a byte of it is read."""
    file = tmp_path / "keymap.toml"
    with open(file, "wb") as made:
        made.truncate(3 * 2**30)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"keymap\.toml: is too large"):
            read(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20
