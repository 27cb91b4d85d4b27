"""Tests shared out among forks of the process that has collected them: what they import is imported once.

Each process that collects all tests itself takes eight seconds for that, and in a fresh clone thirty, for the bytecode
of all modules. A fork has everything from the start, and a new one replaces a fork that dies.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections import deque
from collections.abc import Sequence
from itertools import groupby
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.forked_end import end_fork

#: Folders in the order in which they are begun: in the first ones tests wait for programs, in the last none is long.
FIRST = ("terminal", "slow", "ui", "jit", "pure")
#: Processes that share the tests, at most: each one starts programs and threads of its own.
MOST_PROCESSES = 8


def pytest_addoption(parser: pytest.Parser) -> None:
    """The words of pytest-xdist, which this does without."""
    parser.getgroup("general")._addoption(
        *("-n", "--numprocesses"),
        **{"default": "auto", "metavar": "NUMBER"},
        help="processes that share the tests; 0: none but this one (default: one more than there are cores)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Runs the tests in several processes; None leaves them to this one."""
    count = processes(session.config)
    if session.testsfailed or session.config.option.collectonly or not session.items or not count:
        return None
    run(session, count)
    return True


def processes(config: pytest.Config) -> int:
    """How many forks run the tests; none where this process does: a few files run faster so.

    One more than there are cores when a whole folder is run: many tests wait for a program, a timer or a disk, and
    their core is free for others then.
    """
    wanted = config.option.numprocesses
    if wanted != "auto":
        return int(wanted)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    whole = not any(".py" in argument for argument in config.args)
    return min(cores + 1, MOST_PROCESSES) if whole and cores > 1 and sys.platform == "linux" else 0


class Plan:
    """Which test is next for each fork: of its file, then of its folder, then of the folder that has most left."""

    def __init__(self, items: Sequence[pytest.Item]) -> None:
        folders: dict[str, deque[deque[int]]] = {name: deque() for name in FIRST}
        for file, numbers in groupby(range(len(items)), key=lambda number: items[number].path):
            folders.setdefault(file.parent.name, deque()).append(deque(numbers))
        self._folders = [files for files in folders.values() if files]
        self._own: dict[int, tuple[deque[deque[int]], deque[int]]] = {}

    def next_of(self, fork: int) -> int | None:
        """The number of a test, which is handed out by this; None if none is left."""
        files, own = self._own.get(fork, (deque(), deque()))
        if not own:
            files = files or self._another_folder()
            own = files.popleft() if files else self._longest_of_others()
            self._own[fork] = files, own
        return own.popleft() if own else None

    def put_back(self, number: int) -> None:
        """Another fork takes the test of one that died."""
        self._folders.append(deque([deque([number])]))

    def _another_folder(self) -> deque[deque[int]]:
        """One that no fork is in, if there is one; else that with most tests."""
        left = [files for files in self._folders if files]
        taken = [id(files) for files, _ in self._own.values()]
        fresh = [files for files in left if id(files) not in taken]
        most = max(left, key=lambda files: sum(map(len, files)), default=deque[deque[int]]())
        return fresh[0] if fresh else most

    def _longest_of_others(self) -> deque[int]:
        """Shared from now on with the fork that is at it."""
        return max((own for _, own in self._own.values()), key=len, default=deque())


class Fork:
    """A process that runs tests, as the one that hands them out sees it."""

    def __init__(self, session: pytest.Session, number: int, plan: Plan) -> None:
        self.number, self.handed_out = number, deque[int]()
        self._plan, self.asked_for_last = plan, False
        self.connection, theirs = Pipe()
        self.process = os.fork()
        if self.process == 0:
            self.connection.close()
            _be_fork(session, number, theirs)
        theirs.close()
        self.hand_out()
        self.hand_out()  # a test that ends leaves what the next one needs as well

    def hand_out(self) -> None:
        """One more test; after the last one None, once."""
        number = None if self.asked_for_last else self._plan.next_of(self.number)
        if number is not None:
            self.handed_out.append(number)
        if not self.asked_for_last:
            with contextlib.suppress(BrokenPipeError):
                self.connection.send(number)
        self.asked_for_last = number is None

    def end(self, *, early: bool) -> int:
        """Waits for its end, which is brought about if tests are left; its exit status."""
        if early:
            os.kill(self.process, 15)
        self.connection.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def run(session: pytest.Session, count: int) -> None:
    """Runs all tests of a session in so many forks, and reports what they report.

    Raises:
        pytest.Session.Failed: as many failed as are too many.
        pytest.Session.Interrupted: a plugin wants to stop.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    plan = Plan(session.items)
    numbers = iter(range(1, sys.maxsize))
    forks = [Fork(session, next(numbers), plan) for _ in range(min(count, len(session.items)))]
    try:
        while forks:
            ready, _, _ = select.select([fork.connection for fork in forks], [], [])
            for fork in [fork for fork in forks if fork.connection in ready]:
                if not _hear(session, fork):
                    forks.remove(fork)
                    if not _ended_well(session, fork, plan):
                        forks.append(Fork(session, next(numbers), plan))
    finally:
        for fork in forks:
            fork.end(early=True)


def _hear(session: pytest.Session, fork: Fork) -> bool:
    """Hands on what a fork says of a test that it has run; false at its end."""
    try:
        reports, warnings = fork.connection.recv()
    except (EOFError, ConnectionResetError):
        return False
    fork.handed_out.popleft()
    fork.hand_out()
    hook = session.config.hook
    for told in warnings:
        hook.pytest_warning_recorded.call_historic(kwargs=told)
    for data in reports:
        _report(session, hook.pytest_report_from_serializable(config=session.config, data=data))
    return True


def _report(session: pytest.Session, report: Any) -> None:
    session.config.hook.pytest_runtest_logreport(report=report)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


def _ended_well(session: pytest.Session, fork: Fork, plan: Plan) -> bool:
    """Whether all was run; the test that a fork died of has failed, and others are given what it was to do next."""
    status = fork.end(early=False)
    if status == 0 and not fork.handed_out:
        return True
    if fork.handed_out:
        item = session.items[fork.handed_out.popleft()]
        words = f"the process that ran this test ended with {status}"
        _report(session, pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call"))
    for number in fork.handed_out:
        plan.put_back(number)
    return False


def _be_fork(session: pytest.Session, number: int, connection: Connection) -> NoReturn:
    """Runs the tests that are handed out, and ends."""
    status = 1
    try:
        _settle_in(session.config, number)
        session.config.pluginmanager.register(heard := _Heard(session.config))
        following = connection.recv()
        while following is not None:
            item, following = session.items[following], connection.recv()
            after = None if following is None else session.items[following]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            connection.send(heard.take())
        status = 0
    except (BrokenPipeError, EOFError, KeyboardInterrupt):
        pass
    finally:
        end_fork(status)


def _settle_in(config: pytest.Config, number: int) -> None:
    """What a process has for itself: what it catches of its output, and a folder beside those of the others."""
    manager = config.pluginmanager
    capture = manager.get_plugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    manager.register(_Silent(manager.unregister(name="terminalreporter")), "terminalreporter")
    factory = config._tmp_path_factory  # type: ignore[attr-defined]
    factory._basetemp = own = factory.getbasetemp() / f"process-{number}"
    own.mkdir()


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of all processes that share these tests."""
    own = factory.getbasetemp()
    return own.parent if own.name.startswith("process-") else own


class _Silent:
    """Reports nothing, and has what assertions are put into words with."""

    def __init__(self, reporter: Any) -> None:
        self._tw = reporter._tw


class _Heard:
    """What a fork's tests report, for the process that hands them out."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports: list[Any] = []
        self._warnings: list[dict[str, Any]] = []

    def take(self) -> tuple[list[Any], list[dict[str, Any]]]:
        """All reports and warnings of one test, which are no longer here then."""
        taken, self._reports, self._warnings = (self._reports, self._warnings), [], []
        return taken

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        told = {"warning_message": warning_message, "when": when, "nodeid": nodeid, "location": location}
        self._warnings.append(told)
