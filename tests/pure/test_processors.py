"""How many processors a process may use, and where its threads are."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

import pytest

from nnplay.system import processors

NONE = float("inf")


def group(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def of_the_first_version(quota: str) -> dict[str, str]:
    return {"cpu__cfs_quota_us": quota, "cpu__cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("listing", "limits", "wanted"),
    [
        ("0::/\n", {"": {"cpu__max": "150000 100000\n"}}, 1.5),
        ("0::/\n", {"": {"cpu__max": "max 100000\n"}}, NONE),
        ("0::/a/b\n", {"a": {"cpu__max": "300000 100000"}, "a/b": {"cpu__max": "max 100000"}}, 3.0),
        ("0::/a/b\n", {"a": {"cpu__max": "300000 100000"}, "a/b": {"cpu__max": "50000 100000"}}, 0.5),
        ("0::/outside/of/the/container\n", {"": {"cpu__max": "200000 100000"}}, 2.0),
        (
            "4:memory:/x\n3:cpu,cpuacct:/x\n",
            {"cpu/x": {"cpu__cfs_quota_us": "200000", "cpu__cfs_period_us": "100000"}},
            2,
        ),
        ("3:cpu:/\n", {"cpu": {"cpu__cfs_quota_us": "-1\n", "cpu__cfs_period_us": "100000\n"}}, NONE),
        ("3:cpuset:/\n", {"cpu": {"cpu__cfs_quota_us": "100000", "cpu__cfs_period_us": "100000"}}, NONE),
        ("0::/\n", {"": {"cpu__max": "rubbish\n"}}, NONE),
        ("0::/\n", {"": {"cpu__max": "100000 0\n"}}, NONE),
        ("rubbish", {}, NONE),
        ("", {}, NONE),
    ],
)
def test_a_limit_of_time_is_found(
    listing: str, limits: dict[str, dict[str, str]], wanted: float, tmp_path: Path
) -> None:
    """The smallest limit of the groups that a process is in, in either version of control groups; rubbish is none."""
    (tmp_path / "listing").write_text(listing)
    for name, files in limits.items():
        group(tmp_path / "groups" / name, **files)
    assert processors.allowance(tmp_path / "listing", tmp_path / "groups") == wanted


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    """A system that has none limits nothing."""
    assert processors.allowance(tmp_path / "listing", tmp_path) == NONE


@pytest.mark.parametrize(("allowed", "wanted"), [(NONE, 4), (8.0, 4), (2.5, 2), (0.5, 1)])
def test_cores_are_what_can_be_kept_busy(allowed: float, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processors that a process is bound to, but no more than its share of time allows, and at least one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 2, 5, 6}, raising=False)
    monkeypatch.setattr(processors, "allowance", lambda: allowed)
    assert processors.cores() == wanted


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not tell threads where they are")
def test_a_thread_leaves_a_processor_and_stays_free() -> None:
    """A thread that leaves a processor may run on all that it might before; one that has no other says so."""
    where = ctypes.CFUNCTYPE(ctypes.c_int)(processors.address_of_getcpu())
    found: list[object] = []

    def leave() -> None:
        before = os.sched_getaffinity(0)
        found.append(processors.leave(where()) == (len(before) > 1))
        found.append(os.sched_getaffinity(0) == before)
        os.sched_setaffinity(0, {min(before)})
        found.append(where() == min(before))
        found.append(not processors.leave(min(before)))

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert found == [True] * 4


def test_a_thread_that_is_not_there_has_not_waited() -> None:
    """Where the system has no count for a thread, it has not waited; where it has one, that never becomes less."""
    assert processors.seconds_waited(0) == 0.0
    here = threading.get_native_id()
    first = processors.seconds_waited(here)
    assert 0.0 <= first <= processors.seconds_waited(here)
