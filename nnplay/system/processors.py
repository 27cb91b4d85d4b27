"""The processors that this process may use, and on which of them a thread is."""

from __future__ import annotations

import ctypes
import functools
import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc/self/cgroup")
_GROUPS: Final = Path("/sys/fs/cgroup")


def cores() -> int:
    """Processors that threads of this process can keep busy at the same time, at least 1."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(bound, allowance())))


@functools.cache
def address_of_getcpu() -> int:
    """Address of the C function that returns the processor of the thread that calls it; 0 where there is none."""
    found = getattr(ctypes.CDLL(None), "sched_getcpu", None) if hasattr(os, "sched_setaffinity") else None
    return ctypes.cast(found, ctypes.c_void_p).value or 0 if found is not None else 0


def seconds_waited(thread: int) -> float:
    """Seconds for which a thread of this process could have run, but had no processor; 0 where nobody counts.

    Args:
        thread: its number, as `threading.get_native_id` says.
    """
    try:
        with open(f"/proc/self/task/{thread}/schedstat", "rb", buffering=0) as file:
            return int(file.read(64).split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def leave(number: int) -> bool:
    """Moves the calling thread off a processor, and leaves it free to go anywhere from there; False if it has no other.

    Some systems leave a new thread on the processor of the thread that made it for tens of milliseconds.
    """
    allowed = os.sched_getaffinity(0)
    if not allowed - {number}:
        return False
    try:
        os.sched_setaffinity(0, allowed - {number})
        os.sched_setaffinity(0, allowed)
    except OSError:  # a container may forbid it, or have taken processors away since
        return False
    return True


def allowance(listing: Path = _PROC, groups: Path = _GROUPS) -> float:
    """Processors' worth of time that the control groups of this process leave it; infinite without a limit.

    A container that may use the time of one processor sees all processors of its machine; a second thread only makes
    it wait sooner.

    Args:
        listing: the groups that this process is in, as Linux lists them.
        groups: the folder of all groups.
    """
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return float("inf")
    found = [float("inf")]
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = groups / "cpu" if controllers else groups
        group = base / path.lstrip("/")
        # A limit of any group above counts too. Within a container the path may be the one outside of it.
        found += [_limit(folder) for folder in (group, *group.parents) if folder == base or base in folder.parents]
    return min(found)


def _limit(group: Path) -> float:
    """Processors' worth of time that one group may use, as either version of control groups writes it."""
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (group / "cpu.cfs_period_us").read_text(encoding="ascii")
        return int(quota) / int(period) if int(quota) > 0 < int(period) else float("inf")
    except (OSError, ValueError):  # no such group, or "max"
        return float("inf")
