"""What is piped in is kept where a session finds it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnplay.data import catalogue
from nnplay.data.catalogue import load_file, read_file
from nnplay.data.reading import standard_input
from nnplay.errors import InputError
from tests.table_files import SOURCES, need

CSV = read_file(str(SOURCES / "houses.csv"), target="price", missing="mean")


@pytest.mark.usefixtures("forked_readers")
@pytest.mark.parametrize("name", ["houses.csv", "houses.jsonl", "houses_split.json", "houses.db", "houses.parquet"])
def test_what_is_piped_in_is_kept_where_a_session_finds_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its kind is told by its first bytes; it is kept by its digest, so that reading it again gives the same."""
    need(name.rpartition(".")[2])
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path))
    with (SOURCES / name).open() as typed, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", typed)
        path = standard_input.kept_input.__wrapped__()
        patched.setattr(catalogue, "kept_input", lambda: path)
        data = read_file("-", target="price", missing="mean")
    assert data.x.shape == CSV.x.shape
    assert Path(path).read_bytes() == (SOURCES / name).read_bytes()
    assert np.array_equal(read_file(path, target="price", missing="mean").x, CSV.x, equal_nan=True)
    assert not Path(path).stat().st_mode & 0o077


@pytest.mark.parametrize("writable", [True, False])
def test_what_is_piped_in_for_this_program_only_is_said_to_be(writable: bool, tmp_path: Path) -> None:
    """Where the cache cannot be written it is read all the same, and a note says what that means for a saved run."""
    (tmp_path / "file").write_text("no folder")
    program = "from nnplay.data.catalogue import read_file; print(read_file('-').notes)"
    cache = tmp_path / ("cache" if writable else "file/cache")
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=b"a,b\n1,2.5\n2,3\n3,1\n",
        capture_output=True,
        check=True,
        env={**os.environ, "NNPLAY_CACHE_DIR": str(cache)},
    )
    assert ("kept for as long as this program runs" in done.stdout.decode()) is not writable


def test_a_full_disk_costs_what_is_piped_in_its_place_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read all the same, kept for this program only, and half of it is nowhere."""
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    put = os.replace

    def replace_elsewhere(old: str, new: Path) -> None:
        if new.is_relative_to(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")
        put(old, new)

    (tmp_path / "typed").write_text("a,b\n1,2.5\n2,3\n3,1\n")
    with (tmp_path / "typed").open() as typed, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", typed)
        patched.setattr(standard_input.os, "replace", replace_elsewhere)
        path = standard_input.kept_input.__wrapped__()
    assert Path(path).read_text() == (tmp_path / "typed").read_text()
    assert standard_input.fleeting(path)
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_a_draft_that_was_left_behind_is_forgotten_in_the_end(tmp_path: Path) -> None:
    """A program that is ended while it reads leaves a draft; one that may still be written stays."""
    folder = tmp_path / "input"
    folder.mkdir(mode=0o700)
    (old := folder / ".new-old").touch()
    (new := folder / ".new-new").touch()
    os.utime(old, (0, 0))
    program = "from nnplay.data.reading.standard_input import kept_input; kept_input()"
    environment = {**os.environ, "NNPLAY_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], input=b"a,b\n1,2\n", check=True, env=environment)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_no_longer_kept_can_be_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is found again by its digest once the same data are piped in; also where the cache could not be
    written before, and it was kept elsewhere for one program.
    """
    program = "from nnplay.data.reading.standard_input import kept_input; print(kept_input())"
    environment = {**os.environ, "NNPLAY_CACHE_DIR": str(tmp_path)}

    def keep() -> Path:
        command = [sys.executable, "-c", program]
        content = (SOURCES / "houses.csv").read_bytes()
        return Path(
            subprocess.run(command, input=content, capture_output=True, check=True, env=environment)
            .stdout.decode()
            .strip()
        )

    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path))
    (path := keep()).unlink()
    fleeting = tmp_path / "nnplay-for-now" / path.parent.name / path.name
    for gone in (path, fleeting):
        with pytest.raises(InputError, match="no longer kept; give the same data to nnplay train - once more"):
            load_file(str(gone), {})
    assert keep() == path
    for again in (path, fleeting):
        assert len(load_file(str(again), {"missing": "mean"})) == len(CSV)


def test_nothing_piped_in_is_one_sentence() -> None:
    """Nothing waits for a keyboard or an empty pipe."""
    program = "from nnplay.cli import main; raise SystemExit(main(['train', '-']))"
    done = subprocess.run([sys.executable, "-c", program], input="", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("standard input: is empty")
