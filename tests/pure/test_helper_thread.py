"""A helping thread runs what it is called for, one after the other, and ends when nobody calls it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref

import pytest

from nnplay.tape.machines.helper_thread import HelperThread


def test_calls_are_run_by_one_other_thread() -> None:
    """Each call is run, by a thread that is not the caller's, and the same one each time."""
    helper = HelperThread(idle=60.0)
    found: list[int] = []
    for count in (1, 2, 3):
        ran = threading.Event()
        helper.call(lambda ran=ran: (found.append(threading.get_ident()), ran.set()))  # type: ignore[misc]
        assert ran.wait(60)
        assert len(found) == count
    assert len(set(found)) == 1
    assert threading.get_ident() not in found


def test_the_caller_does_not_wait_and_only_the_last_call_is_kept() -> None:
    """Calls that come while it is at work return at once; of those, it runs the last."""
    helper = HelperThread(idle=60.0)
    began, go, ran, found = threading.Event(), threading.Event(), threading.Event(), []
    helper.call(lambda: (began.set(), go.wait(60)))  # type: ignore[arg-type, return-value]
    assert began.wait(60)
    helper.call(lambda: found.append(1))
    helper.call(lambda: (found.append(2), ran.set()))  # type: ignore[func-returns-value]
    assert found == []
    go.set()
    assert ran.wait(60)
    assert found == [2]


def test_one_that_nobody_calls_ends_and_another_call_starts_it() -> None:
    """After its idle time the thread is gone; the next call is run all the same."""
    helper = HelperThread(idle=0.0)
    for _ in range(3):
        threads: list[threading.Thread] = []
        helper.call(lambda threads=threads: threads.append(threading.current_thread()))  # type: ignore[misc]
        while helper.started:
            pass
        threads[0].join(60)
        assert not threads[0].is_alive()


def test_it_does_not_keep_what_it_worked_on() -> None:
    """A sleeping helper holds nothing of its last call."""

    class Work:
        def __init__(self) -> None:
            self.done = threading.Event()

        def run(self) -> None:
            self.done.set()

    helper, work = HelperThread(idle=60.0), Work()
    done, held = work.done, weakref.ref(work)
    helper.call(work.run)
    del work
    assert done.wait(60)
    after = threading.Event()
    helper.call(after.set)
    assert after.wait(60)
    gc.collect()
    assert held() is None


def test_without_a_thread_left_the_caller_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system starts no further thread, a call does nothing; as soon as it does, calls are run again."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    helper, ran = HelperThread(idle=60.0), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            helper.call(ran.set)
            assert not helper.started
    helper.call(ran.set)
    assert ran.wait(60)


#: Forks while a helper sleeps, then while one holds its lock; the other process calls both.
FORK = """
import os, threading
from nnplay.tape.machines.helper_thread import HelperThread
sleeps, locked = HelperThread(60.0), HelperThread(60.0)
for helper in (sleeps, locked):
    ran = threading.Event()
    helper.call(ran.set)
    ran.wait()
with locked._called:
    child = os.fork()
    if child == 0:
        for helper in (sleeps, locked):
            ran = threading.Event()
            helper.call(ran.set)
            ran.wait()
        os._exit(0)
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_has_helpers_of_its_own() -> None:
    """Calls are run in the other process too, whatever the thread that it does not have was about to do."""
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("0\n", "")
