"""A pack of kernels gives what was put into it for these very sources, and nothing else, whatever lies in its place."""

from __future__ import annotations

import errno
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nnplay.kernels.compile import notices, processor, sources
from nnplay.kernels.packs import lookup
from nnplay.kernels.packs.index import Compiled, DamagedPack
from nnplay.kernels.packs.pack import Pack, packed
from nnplay.operations import copy
from nnplay.operations.step import gather

LEVEL, DTYPE = "x86-64-v3", "float32"
CODES = {copy.copy.name: bytes(range(256)) * 30, gather.gather.name: bytes(range(255, -1, -1)) * 20}


def content(made_for: str = lookup.made_for(LEVEL, DTYPE), **digests: str) -> bytes:
    """A pack of two kernels, which follow from one module each."""
    modules = {item.name: item.module for item in (copy.copy, gather.gather)}
    kernels = {
        name: Compiled(code, {modules[name]: digests.get(modules[name], sources.digest(modules[name]))})
        for name, code in CODES.items()
    }
    return packed(made_for, "a compiler", kernels)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user was told."""
    told: list[str] = []
    monkeypatch.setattr(notices, "_said", set())
    monkeypatch.setattr(notices, "tell", told.append)
    return told


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the pack of a level that this machine runs belongs; nothing is there yet, and what comes is private."""
    monkeypatch.setattr(lookup, "FOLDER", tmp_path)
    monkeypatch.setattr(lookup, "_opened", {})
    monkeypatch.setattr(processor, "levels_to_load", lambda: (LEVEL,))
    usual = os.umask(0o077)
    yield lookup.path_of(LEVEL, DTYPE)
    os.umask(usual)


def found() -> list[bytes | None]:
    """What the packs have of the two kernels."""
    return [lookup.code(item, DTYPE) for item in (copy.copy, gather.gather)]


def test_a_pack_gives_what_was_put_into_it(place: Path, said: list[str]) -> None:
    """Each kernel's code comes back, as soon as the file is there; for another type there is none."""
    assert found() == [None, None]
    place.write_bytes(content())
    assert found() == list(CODES.values())
    assert lookup.code(copy.copy, "float64") is None
    assert said == []


def test_the_same_kernels_are_the_same_bytes() -> None:
    """In whatever order they come, a pack has the same bytes."""
    kernels = {name: Compiled(code, {"b": "1", "a": "2"}) for name, code in CODES.items()}
    turned = {name: Compiled(one.code, {"a": "2", "b": "1"}) for name, one in reversed(kernels.items())}
    assert packed("x", "y", kernels) == packed("x", "y", turned)


def test_code_of_other_sources_is_passed_over(place: Path, said: list[str]) -> None:
    """A kernel whose module has changed since is none of the pack's; its neighbour still is; nothing is said."""
    place.write_bytes(content(**{copy.copy.module: "0" * 64}))
    assert found() == [None, CODES[gather.gather.name]]
    assert said == []


def test_a_better_level_comes_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two packs the one for the better level serves, and the other what that one lacks."""
    monkeypatch.setattr(processor, "levels_to_load", lambda: ("x86-64-v4", LEVEL))
    place.write_bytes(content())
    kernels = {copy.copy.name: Compiled(b"better", {copy.copy.module: sources.digest(copy.copy.module)})}
    better = lookup.path_of("x86-64-v4", DTYPE)
    better.write_bytes(packed(lookup.made_for("x86-64-v4", DTYPE), "a compiler", kernels))
    assert found() == [b"better", CODES[gather.gather.name]]


def test_a_level_out_of_reach_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the levels, only those that this machine has reached are loaded, the best first; with "host" none is."""
    ask = processor.levels_to_load.__wrapped__
    monkeypatch.delenv("NNPLAY_PROCESSOR", raising=False)
    monkeypatch.setattr(processor, "possible_levels", lambda: ("x86-64-v2", "x86-64-v3"))
    assert ask() == ("x86-64-v3", "x86-64-v2")
    for named, levels in (("host", ()), ("x86-64-v2", ("x86-64-v2",))):
        monkeypatch.setenv("NNPLAY_PROCESSOR", named)
        monkeypatch.setattr(processor, "level", lambda named=named: named)
        assert ask() == levels


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def cut_in_the_index(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def bit_of_the_index(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"size"', b'"sizf"'))


def of_another_level(path: Path) -> None:
    path.write_bytes(content(lookup.made_for("x86-64-v4", DTYPE)))


def of_another_type(path: Path) -> None:
    path.write_bytes(content(lookup.made_for(LEVEL, "float64")))


def of_another_system(path: Path) -> None:
    path.write_bytes(content(f"beos-{LEVEL}-{DTYPE}"))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES = (cut, longer, cut_in_the_index, empty, zeros, bit_of_the_index, a_folder, a_pipe)
FOREIGN = (of_another_level, of_another_type, of_another_system)


@pytest.mark.parametrize("damage", [*DAMAGES, *FOREIGN])
def test_a_damaged_or_foreign_pack_is_not_used(damage: Callable[[Path], None], place: Path, said: list[str]) -> None:
    """Nothing of it is loaded, and that is said once."""
    place.write_bytes(content())
    damage(place)
    assert [found(), found()] == [[None, None]] * 2
    assert said == [f"{place} is damaged; its kernels are compiled instead"]


def test_a_flipped_bit_costs_one_kernel(place: Path, said: list[str]) -> None:
    """Code that does not fit its digest is not loaded; the other kernel's is."""
    whole = bytearray(content())
    whole[-1] ^= 1  # the last one's code
    place.write_bytes(whole)
    assert found() == [CODES[copy.copy.name], None]
    assert len(said) == 1


def test_no_flipped_bit_and_no_cut_gives_other_code(place: Path, said: list[str]) -> None:
    """Whatever bit is wrong, and wherever the file ends: a kernel has the code that was written, or none."""
    whole = content()
    head = whole.index(bytes(range(256)))
    spans = [*range(head), *range(head, len(whole), 97)]
    damaged = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in spans]
    for wrong in [*damaged, *(whole[:at] for at in spans)]:
        place.unlink(missing_ok=True)
        place.write_bytes(wrong)
        lookup._opened.clear()
        codes = found()
        assert [code in (None, known) for code, known in zip(codes, CODES.values(), strict=True)] == [True, True]
        assert None in codes


def test_a_pack_that_is_cut_while_it_is_open(place: Path, said: list[str]) -> None:
    """What is missing does not fit its digest: it counts as damaged, and nothing crashes."""
    place.write_bytes(content())
    pack = Pack(place, lookup.made_for(LEVEL, DTYPE))
    os.truncate(place, 1000)
    with pytest.raises(DamagedPack):
        pack.compiled(gather.gather)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_pack_that_others_may_change_is_not_used(place: Path, said: list[str], what: str) -> None:
    """One that everybody may write to, or whose folder they may, is left alone, and that is said once."""
    place.write_bytes(content())
    (place if what == "file" else place.parent).chmod(0o777)
    assert [found(), found()] == [[None, None]] * 2
    assert said == [f"{place} is not used because others can write to it; kernels are compiled instead"]


def test_a_new_pack_is_found_and_an_old_one_serves_on(place: Path, said: list[str]) -> None:
    """A pack that is put in the place of another is used from then on; without any, kernels are compiled."""
    place.write_bytes(content(**{copy.copy.module: "0" * 64}))
    assert found()[0] is None
    better = place.with_suffix(".new")
    better.write_bytes(content())
    better.replace(place)
    assert found() == list(CODES.values())
    shutil.rmtree(place.parent)
    assert found() == [None, None]
    assert said == []


def test_a_pack_that_cannot_be_read_is_said_to_be_so(
    place: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system refuses to read it, kernels are compiled, and the reason is told; a later look tries again."""
    place.write_bytes(content())
    assert found() == list(CODES.values())

    def refuse(*_: object) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", refuse)
        assert found() == [None, None]
        os.utime(place, (0, 0))  # another file, as it seems: it is opened anew
        assert found() == [None, None]
    assert found() == list(CODES.values())
    assert said == [f"{place} cannot be read (Permission denied); its kernels are compiled instead"]


def test_a_pack_that_was_replaced_is_closed(place: Path) -> None:
    """However often a build writes a pack anew, a program that looks at it has one of them open."""
    place.write_bytes(content())
    found()
    held = [weakref.ref(pack) for _, pack in lookup._opened.values()]
    better = place.with_suffix(".new")
    better.write_bytes(content())
    better.replace(place)
    assert found() == list(CODES.values())
    assert [one() for one in held] == [None]


def test_the_loop_of_cards_is_not_behind_kernels_of_processors() -> None:
    """Whoever changes it need not compile every kernel anew; the code of cards follows from it."""
    cards = {f"nnplay.kernels.cuda.{name}" for name in ("compiler", "toolchain", "walk")}
    assert not cards & set(sources.behind(copy.copy.module, copy.copy.function.__module__))
    assert cards <= set(sources.behind("nnplay.kernels.cuda.compiler", "nnplay.kernels.cuda.compiler"))
