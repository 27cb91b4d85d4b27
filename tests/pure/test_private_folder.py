"""Which folders are trusted with what is run later, and what is said about the others."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from nnplay.system import ownership
from nnplay.system.private_folder import cache_folder, unwritable, weakness


def test_a_cache_behind_a_link_is_the_real_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home on another disk, reached by a link, is as good as any: the real folder is private."""
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "home").symlink_to("disk")
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "home" / "cache"))
    folder = cache_folder("kernels")
    assert folder == Path(os.path.realpath(tmp_path)) / "disk" / "cache" / "kernels"
    assert weakness(folder) == ""


def test_a_link_into_a_folder_of_everybody_is_none_the_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is where the link leads."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    (tmp_path / "cache").symlink_to("shared")
    monkeypatch.setenv("NNPLAY_CACHE_DIR", str(tmp_path / "cache"))
    assert "can be changed by everybody" in weakness(cache_folder("kernels"))


def test_a_relative_name_is_resolved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It means what it meant at first, wherever the process goes, and if the folder stood in is deleted."""
    (tmp_path / "one").mkdir()
    monkeypatch.setenv("NNPLAY_CACHE_DIR", "relative-cache")
    monkeypatch.chdir(tmp_path / "one")
    first = cache_folder("kernels")
    assert first == Path(os.path.realpath(tmp_path)) / "one" / "relative-cache" / "kernels"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one").rmdir()
    assert cache_folder("kernels") == first


def test_a_relative_name_without_a_working_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable and its value."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setenv("NNPLAY_CACHE_DIR", "another-relative-cache")
    with pytest.raises(
        FileNotFoundError, match=r"NNPLAY_CACHE_DIR is relative to no longer exists: 'another-relative-cache'"
    ):
        cache_folder("kernels")


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_above_that_others_may_write_to_is_named(mode: int, tmp_path: Path) -> None:
    """The one to mend is named, with the command: what lies below could be exchanged as a whole."""
    above = tmp_path / "a b"
    (above / "kernels").mkdir(parents=True, mode=0o700)
    above.chmod(mode)
    assert f"chmod go-w '{os.path.realpath(above)}' fixes it" in weakness(above.resolve() / "kernels")
    above.chmod(0o1777)  # as /tmp: what is there may be removed by its owner only
    assert weakness(above.resolve() / "kernels") == ""
    assert weakness(above.resolve()) != ""
    assert weakness(above.resolve() / "to be made") == ""


def test_the_folder_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as it is nor to make another one in, not even by root; the sentence names its owner and a way out."""
    mine = os.lstat(tmp_path)
    stranger = os.stat_result((*mine[:4], 12345, *mine[5:]))
    real = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: stranger if str(path) == str(tmp_path) else real(path))
    found = weakness(tmp_path / "kernels")
    assert found.startswith(f"{tmp_path} belongs to user 12345; s")
    assert "NNPLAY_CACHE_DIR" in found
    assert ownership.weak_place(str(tmp_path), frozenset({12345})) == ""


@pytest.mark.parametrize(
    ("owner", "home", "mend"),
    [
        ("mine", "", "chmod u+rwx {0} fixes it"),
        ("another's", ".", "sudo chown -R user 4321 {0} fixes it, or set NNPLAY_CACHE_DIR to another folder"),
        ("another's", "elsewhere", "set NNPLAY_CACHE_DIR to another folder"),
    ],
)
def test_what_is_closed_is_opened_by_its_owner_alone(
    owner: str, home: str, mend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told to take over a folder outside of their home, such as root's."""
    mine = os.lstat(tmp_path)
    users = {4321: SimpleNamespace(pw_dir=str(tmp_path / home), pw_name="user 4321")}
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    monkeypatch.setattr(os, "lstat", lambda path: os.stat_result((*mine[:4], 4321 * (owner == "mine"), *mine[5:])))
    monkeypatch.setattr(pwd, "getpwuid", users.__getitem__)
    found = unwritable(tmp_path, PermissionError(errno.EACCES, "Permission denied"))
    assert found == f"{tmp_path} cannot be written (Permission denied); {mend.format(tmp_path)}"
