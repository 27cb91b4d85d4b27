"""Where this program imports from: never the folder that one stands in, never a folder that a stranger may write to.

A file called `random.py` or `numba.py` that lies beside a stranger's session would run otherwise. Only what Python
itself has imported before the first line of this program cannot be helped: with `python -m nnplay` these are a few
modules of the standard library (`types`, `functools`, …) and this package; the script `nnplay` has no such gap. It
imports only what Python has loaded by itself.
"""

import os
import site
import stat
import sys

from nnplay.system.ownership import weak_place


def forget_first() -> None:
    """Takes off what Python puts first of its own accord: the folder of the script, or with `-m` the one stood in."""
    started = sys.argv[0]
    with_module = started == "-m" and not sys.flags.safe_path  # so it is called until the module is found
    if with_module or sys.path[:1] == [os.path.dirname(os.path.realpath(started))]:
        del sys.path[0]


def clean() -> list[str]:
    """Keeps the folders to import from that can be trusted; returns those that others may write to, to be told."""
    weak: list[str] = []
    kept: list[str] = []
    for entry in sys.path:
        if is_installed(entry):
            kept.append(entry)
        elif os.path.isabs(entry) and not stood_in(entry):
            (weak if others_may_change(entry) else kept).append(entry)
    sys.path[:] = kept
    return weak


def is_installed(entry: str) -> bool:
    """Whether it belongs to this Python: its library and what is installed there run already."""
    roots = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    libraries = tuple(os.path.join(root, name, "") for root in roots for name in ("lib", sys.platlibdir))
    return entry.startswith(libraries) or entry in (*site.getsitepackages(), site.getusersitepackages())


def others_may_change(entry: str) -> bool:
    """Whether somebody may write to a folder who could not change this program, or Python itself, anyway."""
    users, groups = _trusted_already()
    try:
        return bool(weak_place(entry, users, groups) or weak_place(os.path.realpath(entry), users, groups))
    except OSError:
        return True


def stood_in(entry: str) -> bool:
    """Whether it is the working folder."""
    try:
        return os.path.samefile(entry, os.getcwd())
    except OSError:
        return False  # one of them is gone


def _trusted_already() -> tuple[frozenset[int], frozenset[int]]:
    """The users and groups who may change this program or Python's library: a cluster's account for software, say."""
    users: set[int] = set()
    groups: set[int] = set()
    for place in (os.path.realpath(os.__file__), os.path.realpath(__file__)):
        while place != os.path.dirname(place):
            info = os.lstat(place)
            users.add(info.st_uid)
            if info.st_mode & stat.S_IWGRP and not info.st_mode & stat.S_ISVTX:
                groups.add(info.st_gid)
            place = os.path.dirname(place)
    return frozenset(users), frozenset(groups)
