"""Files that are no files, too large, or changing are refused at once; odd paths open and are shown safely."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import nnplay as nn
from nnplay.data.csv.csv_file import read_csv
from nnplay.data.csv.text.regular_file import open_regular
from nnplay.errors import InputError

GOOD = "a,b\n1,x\n2,y\n3,x\n"


def refused(path: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        read_csv(path)
    return caught.value.message


def read_while_it_grows(path: Path) -> None:
    with open_regular(path, limit=1000) as file:
        file.read()
        with path.open("a", encoding="utf-8") as more:
            more.write("4,y\n")


def test_missing_file_gives_the_reason(tmp_path: Path) -> None:
    """A file that is not there is refused with the system's reason."""
    assert "no such file" in refused(tmp_path / "none.csv")


def test_folder_pipe_and_device_are_not_read(tmp_path: Path) -> None:
    """A folder, a pipe without a writer and an endless device are refused without waiting or reading."""
    assert "not a regular file but a folder" in refused(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        assert "not a regular file but a pipe" in refused(tmp_path / "pipe.csv")
    if sys.platform != "win32":
        assert "not a regular file but a device" in refused("/dev/zero")


def test_huge_sparse_file_is_refused_by_size(tmp_path: Path) -> None:
    """A terabyte of nothing is refused by its size, with both sizes named."""
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    message = refused(path)
    assert "1.0 TiB" in message
    assert "sample" in message


def test_limit_is_exact(tmp_path: Path) -> None:
    """A file of the limit's size opens; one byte more is refused."""
    path = tmp_path / "my.csv"
    path.write_bytes(b"x" * 100)
    with open_regular(path, limit=100) as file:
        assert len(file.read()) == 100
    with pytest.raises(InputError, match="too large"), open_regular(path, limit=99):
        pass


def test_file_that_grows_while_read_is_refused(tmp_path: Path) -> None:
    """What changes under the reader is not used."""
    path = tmp_path / "my.csv"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(InputError, match="changed while it was being read"):
        read_while_it_grows(path)


def test_symbolic_link_is_followed_and_a_loop_refused(tmp_path: Path) -> None:
    """A link to a file is that file; a loop of links is an error with the system's reason."""
    (tmp_path / "my.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "my.csv")
    assert len(read_csv(tmp_path / "link.csv")) == 3
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    assert "too many levels" in refused(tmp_path / "a.csv")


def test_odd_names_open_and_show_safely(tmp_path: Path) -> None:
    """Spaces, newlines and escape characters in a name open, and no control character reaches a message."""
    path = tmp_path / "my \x1b[31m\nfile.csv"
    path.write_text(GOOD, encoding="utf-8")
    assert read_csv(path).name.isprintable()
    path.write_text("a,b\n1\n", encoding="utf-8")
    assert refused(path).isprintable()


def test_cells_and_names_are_shown_safely(tmp_path: Path) -> None:
    """Control characters in headers and cells reach neither names nor messages."""
    path = tmp_path / "my.csv"
    path.write_text("a\x1b[2J,b\n1,x\x07\n2,y\n", encoding="utf-8")
    data = read_csv(path)
    assert all(word.isprintable() for word in (*data.feature_names, *data.class_names, *data.notes))
    path.write_text("a,b\n1,x\n2,y\nq\x1b[2J,x\n", encoding="utf-8")
    assert refused(path).isprintable()


def test_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is expanded and `$NAME` is not."""
    (tmp_path / "my.csv").write_text(GOOD, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(read_csv("~/my.csv")) == 3
    assert "no such file" in refused("$HOME/my.csv")


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    """Bytes of the file, then columns, neither ever going back; whoever is told may end it."""
    path = tmp_path / "long.csv"
    rows = (f"{row},{row % 7},{'long' * 50},{row % 2}\n" for row in range(30_000))
    path.write_text("a,b,words,y\n" + "".join(rows), encoding="utf-8")
    told: list[tuple[int, int, str]] = []
    nn.read_file(path, progress=lambda done, total, what: told.append((done, total, what)))
    read = [done for done, _, what in told if what == "bytes"]
    assert len(read) > 5
    assert read == sorted(read)
    assert {total for _, total, what in told if what == "bytes"} == {path.stat().st_size}
    assert [what for _, _, what in told] == ["bytes"] * len(read) + ["columns"] * (len(told) - len(read))

    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nn.read_file(path, progress=stop)
