"""For all tests: how many processes share them, and surroundings that are the same wherever they are started."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from nnplay.system import product_threads
from nnplay.system.private_folder import cache_folder, make_private

product_threads.keep_to_one()  # as the program does, before NumPy is imported: threads that wait for products spin

from tests.held_compiler import held_compiler  # noqa: E402

__all__ = ["held_compiler"]

# Where bytecode is forbidden, as in many images of containers, each of the hundreds of programs that tests start would
# compile all modules of the package first: that makes the tests take twice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples at every run, however slow the machine is: a failure is one of the program, and comes again.
settings.register_profile(
    "repeatable",
    **{"deadline": None, "derandomize": True, "database": None, "suppress_health_check": [HealthCheck.too_slow]},
    max_examples=40,
)
settings.register_profile("thorough", settings.get_profile("repeatable"), max_examples=400)
settings.load_profile("repeatable")

FOLDERS = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
#: What terminals, shells and images of containers set, by the beginnings of names; a test that needs one sets it.
UNSET = (
    *("COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "SSH_", "TEXTUAL", "LANG", "LC_"),
    *("PYTHONIOENCODING", "PYTHONUTF8", "PYTHONCOERCECLOCALE", "PYTHONWARNINGS", "PYTHONDEVMODE", "NNPLAY_AUTOSAVE"),
)
#: Processes that share the tests, at most: each one imports everything, and starts programs and threads of its own.
MOST_WORKERS = 8
#: After as many tests cycles of objects are looked for: whole playgrounds, mostly.
TESTS_PER_SWEEP = 40
#: Of a text that a test is named by.
LONGEST_NAME = 60
_tests_run = 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than there are cores when a whole folder is run; a few files run faster without any.

    Many tests wait for a program, a timer or a disk: their core is free for others then.
    """
    if any(".py" in argument for argument in config.args):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 1, MOST_WORKERS) if cores > 1 else 0


def pytest_configure(config: pytest.Config) -> None:
    """The slow tests try ten times as many examples of whatever is tried by examples.

    The quick ones do without the numbers and texts in the sources of all modules that are imported so far: to look for
    them takes a fifth of the time until all tests are collected, and examples would change with them.
    """
    if config.option.markexpr == "slow":
        settings.load_profile("thorough")
    elif hasattr(providers, "_get_local_constants"):  # a later Hypothesis may have another name for it: no harm done
        providers._get_local_constants = lambda: providers._local_constants


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each process that shares the tests begins to read them at another file.

    In a new clone Python has to compile them first: so each is compiled by one of them, and the others load that.
    """
    report = yield
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    if workers > 1 and isinstance(collector, pytest.Directory) and report.passed:
        first = len(report.result) * int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) // workers
        report.result = [*report.result[first:], *report.result[:first]]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All processes have one order. What is tried by examples is quick, and slow too, where it gets more of them.

    The first process has the first tests, all that need PyTorch: so none else spends seconds on importing that.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        beside_torch = {item.path for item in items if item.get_closest_marker("torch") is not None}
        items.sort(key=lambda item: (item.path not in beside_torch, item.path.parts))
    if config.option.markexpr == "slow":
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker(pytest.mark.slow)


def pytest_make_parametrize_id(val: object) -> str | None:
    """A long text is named by its beginning and length: names go from process to process, and some have a megabyte."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_NAME:
        return f"{val[:LONGEST_NAME]!a} and so on, {len(val)}"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """PyTorch multiplies in one thread: others spin while they wait, which takes two thirds more processor time."""
    if item.get_closest_marker("torch") is not None:
        pytest.importorskip("torch").set_num_threads(1)


def pytest_collection_finish() -> None:
    """A million objects of modules and tests are there before the first test: they are not looked through again.

    Between tests what is left is looked through once in a while; within a test hardly anything can be found.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 1000)


def pytest_runtest_logfinish() -> None:
    """What the last tests left in cycles is freed; what many more share is not looked through again."""
    global _tests_run
    _tests_run += 1
    if _tests_run % TESTS_PER_SWEEP == 0:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """State, settings and data of this run of the tests lie in a folder of its own; the terminal is always the same.

    The cache of compiled kernels stays where it is, if it can be written: it is keyed by content, and compiling them
    anew takes minutes.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(UNSET)]:
            patch.delenv(name)
        patch.setenv("TERM", "xterm-256color")
        for name in FOLDERS:
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        if not _can_keep(cache_folder("kernels")):
            patch.setenv("NNPLAY_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def _can_keep(folder: Path) -> bool:
    """Whether kernels can be stored in a folder, which is made if it is missing."""
    try:
        return os.access(make_private(folder), os.W_OK)
    except OSError:
        return False
