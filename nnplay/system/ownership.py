"""Who else may change a file: what is run must come from places that only this user, or root, can write to.

It imports only what Python has loaded by itself: it is asked before the folders to import from can be trusted.
"""

import os
import stat


def weak_place(path: str, users: frozenset[int] = frozenset(), groups: frozenset[int] = frozenset()) -> str:
    """The first place on the way from `path` up to the root that somebody else may change; "" where there is none.

    Args:
        path: absolute; what is missing of it will be this user's.
        users: others who are trusted besides this user and root.
        groups: whose members are trusted.

    Raises:
        OSError: it cannot be looked at.
    """
    if not hasattr(os, "getuid"):
        return ""  # Windows: a user's folders are closed to others unless they open them
    trusted = users | {os.getuid(), 0}
    place = existing(path)
    while not _weak(os.lstat(place), trusted, groups, is_last=place == path):
        above = os.path.dirname(place)
        if above == place:
            return ""
        place = above
    return place


def existing(path: str) -> str:
    """`path`, or the nearest folder above it that is there."""
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def _weak(info: os.stat_result, users: frozenset[int], groups: frozenset[int], is_last: bool) -> bool:
    """Whether others may change what lies there; in a sticky folder above, only what is their own."""
    if info.st_uid not in users:
        return True
    if stat.S_ISLNK(info.st_mode) or (info.st_mode & stat.S_ISVTX and not is_last):
        return False
    group_writes = info.st_mode & stat.S_IWGRP and info.st_gid not in groups
    return bool(group_writes or info.st_mode & stat.S_IWOTH)
