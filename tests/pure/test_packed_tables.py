"""Tables inside gzip and zip archives: read as they are, within bounds, and never written anywhere."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from nnplay.cli.source import is_session
from nnplay.data.catalogue import load_file
from nnplay.data.csv.csv_file import read_csv
from nnplay.errors import InputError

TABLE = b"a,b\n1,x\n2,y\n3,x\n"


def zipped(*members: tuple[str, bytes]) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("my.csv.gz", gzip.compress(TABLE, mtime=0)),
        ("my.gz", gzip.compress(TABLE, mtime=0)),
        ("my.zip", zipped(("my.csv", TABLE))),
        ("my.zip", zipped(("folder/my.tsv", TABLE.replace(b",", b"\t")), ("README.txt", b"hello"))),
        ("my.csv", zipped(("__MACOSX/._my.csv", b"\0\1"), ("my.csv", TABLE), ("my.names", b"about it"))),
    ],
    ids=["csv.gz", "gz", "zip", "zip with notes", "zip under another name"],
)
def test_a_packed_table_is_read(name: str, content: bytes, tmp_path: Path) -> None:
    """By whatever name, as the first bytes tell; the data set is called after the table."""
    path = tmp_path / name
    path.write_bytes(content)
    for data in (read_csv(path), load_file(str(path), {})):
        assert (len(data), data.class_names, data.name) == (3, ("x", "y"), "my")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (
            zipped(("a.csv", TABLE), ("b.csv", TABLE)),
            "holds 2 tables: a.csv, b.csv; use member='a.csv' for the first of them",
        ),
        (zipped(("a.png", b"x")), "looks like a zip archive of images"),
        (zipped(("a.bin", b"x")), "looks like a zip archive, not like a table"),
        (gzip.compress(TABLE, mtime=0)[:-10], "but is damaged"),
        (zipped(("a.csv", TABLE))[:-30], "but is damaged"),
        (zipped(("a.csv", TABLE * 99)).replace(b"\0\0a.csv", b"\0\0b.csv", 1), "but is damaged"),
        (gzip.compress(b"1,2\n" * 3_000_000, mtime=0), "unpacks from"),
        (zipped(("a.csv", b"1,2\n" * 3_000_000)), "unpacks from"),
        (gzip.compress(gzip.compress(TABLE, mtime=0), mtime=0), "looks like a gzip archive"),
    ],
    ids=["two", "pictures", "other", "cut gzip", "cut zip", "names differ", "gzip bomb", "zip bomb", "twice"],
)
def test_an_archive_that_cannot_be_read_is_refused(content: bytes, wanted: str, tmp_path: Path) -> None:
    """Several tables or none, damage, and bombs, each in a sentence that names the file."""
    path = tmp_path / "my.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=wanted) as caught:
        read_csv(path)
    assert caught.value.message.startswith("my.zip")


def test_files_of_one_name_and_folder_have_a_way_out_that_works(tmp_path: Path) -> None:
    """No name tells them apart, so none is asked for."""
    path = tmp_path / "my.zip"
    with pytest.warns(UserWarning, match="Duplicate name"):
        path.write_bytes(zipped(("a.csv", TABLE), ("a.csv", TABLE)))
    with pytest.raises(InputError, match=r"a\.csv, a\.csv; unpack it and give the file that is meant"):
        read_csv(path, member="a.csv")


def test_one_of_several_tables_is_chosen_by_name(tmp_path: Path) -> None:
    """With its folder or without; a name that is not there, or there twice, is refused with those that are."""
    path = tmp_path / "my.zip"
    path.write_bytes(zipped(("one/a.csv", TABLE), ("two/a.csv", TABLE * 2), ("b.csv", TABLE.replace(b"x", b"z"))))
    assert read_csv(path, member="b.csv").class_names == ("y", "z")
    assert len(read_csv(path, member="two/a.csv", skip_bad_rows=True, target="b")) > 3
    with pytest.raises(InputError, match=r"holds 2 files of that name: one/a.csv, two/a.csv; give its folder too"):
        read_csv(path, member="a.csv")
    with pytest.raises(InputError, match=r"unknown file in the archive 'c.csv'"):
        read_csv(path, member="c.csv")
    plain = tmp_path / "plain.csv"
    plain.write_bytes(TABLE)
    with pytest.raises(InputError, match=r"is not a zip archive, so it does not contain 'a.csv'"):
        read_csv(plain, member="a.csv")


def test_a_zip_file_is_data_unless_it_is_a_packed_session(tmp_path: Path) -> None:
    """The command line tells them apart by what is in them."""
    table, session = tmp_path / "table.zip", tmp_path / "run.zip"
    table.write_bytes(zipped(("a.csv", TABLE)))
    session.write_bytes(zipped(("session.toml", b"")))
    assert not is_session(str(table))
    assert is_session(str(session))
    assert is_session(str(tmp_path / "not there.zip"))
