"""A helping thread runs what it is called for, one after the other, and ends when nobody calls it."""

from __future__ import annotations

import gc
import threading
import weakref

from nnplay.tape.helper_thread import HelperThread


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
