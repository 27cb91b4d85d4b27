"""Folders that only this user can use: where caches lie, whether they are private, and how they are made so."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import shlex
import stat
from pathlib import Path
from typing import Final

import platformdirs

from nnplay.system.ownership import existing, weak_place
from nnplay.text import clean

_ELSEWHERE: Final = "set NNPLAY_CACHE_DIR to another folder"


def cache_folder(name: str) -> Path:
    """Where what can be made anew is kept, links followed: in `NNPLAY_CACHE_DIR`, or the user's folder for caches.

    A relative name means what it meant when it was first asked for.

    Raises:
        OSError: a relative name, and the folder that one stands in is gone.
    """
    named = os.environ.get("NNPLAY_CACHE_DIR") or platformdirs.user_cache_dir("nnplay", appauthor=False)
    return Path(os.path.realpath(_absolute(named) / name))


@functools.cache
def _absolute(named: str) -> Path:
    try:
        return Path(named).absolute()
    except FileNotFoundError:
        reason = "the folder that NNPLAY_CACHE_DIR is relative to no longer exists"
        raise FileNotFoundError(errno.ENOENT, reason, clean(named)) from None


def make_private(folder: Path) -> Path:
    """Makes a folder and those above it that are missing, all of them 0700; one that is there is left as it is.

    Raises:
        OSError: it cannot be made.
    """
    for part in (*reversed(folder.parents), folder):
        if not part.is_dir():
            with contextlib.suppress(FileExistsError):  # another nnplay was faster
                part.mkdir(mode=0o700)
    return folder


def weakness(folder: Path) -> str:
    """Who else may change a folder (absolute, links followed), and the command that mends it; "" if nobody may."""
    try:
        weak = weak_place(str(folder))
        if not weak:
            return ""
        info = os.lstat(weak)
    except OSError as error:
        return unwritable(folder, error)
    if info.st_uid in (os.getuid(), 0):
        others = "everybody" if info.st_mode & stat.S_IWOTH else "its group"
        sudo = "" if info.st_uid == os.getuid() else "sudo "
        return f"{clean(weak)} can be changed by {others}; {sudo}chmod go-w {_quoted(weak)} fixes it"
    mend = _become_owner(weak)
    if os.getuid() == 0:
        mend = f"sudo -H uses root's own folders, and so does NNPLAY_CACHE_DIR={_quoted(_root_cache())}"
    return f"{clean(weak)} belongs to {_user(info.st_uid)}; {mend}"


def weakness_within(cache: Path) -> str:
    """The same for a cache of which some folder is weak: one sentence and one command, however many are.

    Where the cache itself is private, what is wrong in it goes with it: it can all be made anew.
    """
    return weakness(cache) or f"others can change folders in {clean(str(cache))}; rm -r {_quoted(str(cache))} fixes it"


def unwritable(folder: Path, error: OSError) -> str:
    """Why nothing can be written to a folder, and a way out."""
    reason = f"{clean(str(folder))} cannot be written ({error.strerror or error})"
    if error.errno == errno.ENOSPC:
        return f"{reason}; free some space, or {_ELSEWHERE}"
    if error.errno == errno.EACCES and os.getuid() != 0:
        closed = existing(str(folder))
        own = os.lstat(closed).st_uid == os.getuid()
        return f"{reason}; {f'chmod u+rwx {_quoted(closed)} fixes it' if own else _become_owner(closed)}"
    return f"{reason}; {_ELSEWHERE}"


def _become_owner(place: str) -> str:
    """The command for a folder in this user's home, as of a program that was run with sudo; others are left alone."""
    import pwd

    try:
        home = os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return _ELSEWHERE
    if home == os.sep or os.path.commonpath([home, place]) != home:
        return _ELSEWHERE
    return f"sudo chown -R {_user(os.getuid())} {_quoted(place)} fixes it, or {_ELSEWHERE}"


def _quoted(path: str) -> str:
    return clean(shlex.quote(path), limit=4096)


def _user(number: int) -> str:
    import pwd

    try:
        return clean(pwd.getpwuid(number).pw_name)
    except KeyError:
        return f"user {number}"


def _root_cache() -> str:
    import pwd

    return f"{pwd.getpwuid(0).pw_dir}/.cache/nnplay"
