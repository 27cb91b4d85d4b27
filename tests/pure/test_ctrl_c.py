"""Ctrl+C at any time is one word and status 130."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: However this process came by it, Ctrl+C is not ignored.
LISTEN = "import _signal; _signal.signal(2, _signal.default_int_handler); "
START = "import sys; from nnplay.__main__ import main; sys.argv = ['nnplay', 'presets', 'xor']; {}; sys.exit(main())"
#: Interrupts the process while a module is being imported, as a finder that is asked for it.
WHILE_IMPORTING = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
#: Interrupts it at the first call of a function, again in the clean-up where there is one.
IN_A_CALL = """
import os, signal, sys, time
def interrupt(*args):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(600)
    finally:
        print("cleaned up", flush=True)
        {again}
import nnplay.cli
sys.modules["nnplay.cli.main"]._dispatch = interrupt
"""


def interrupt(program: str) -> tuple[int, str, str]:
    """Status and what was written by a process that is interrupted as the program says, then starts a command."""
    command = [sys.executable, "-c", LISTEN + START.format(f"exec({program!r})")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "name", ["nnplay.cli", "pkgutil", "numpy", "numpy._core.multiarray", "nnplay.presets.catalogue"]
)
def test_while_a_module_is_imported(name: str) -> None:
    """The process ends at once: an interruption inside NumPy's own start would be told as a broken installation."""
    assert interrupt(WHILE_IMPORTING.format(name=name)) == (130, "", "nnplay: stopped\n")


def test_while_a_command_works() -> None:
    """What it began is cleaned up first."""
    assert interrupt(IN_A_CALL.format(again="")) == (130, "cleaned up\n", "nnplay: stopped\n")


def test_a_second_one_does_not_wait() -> None:
    """In the midst of the clean-up it ends the process."""
    again = "os.kill(os.getpid(), signal.SIGINT); print('not reached', flush=True)"
    assert interrupt(IN_A_CALL.format(again=again)) == (130, "cleaned up\n", "nnplay: stopped\n")


def test_in_the_midst_of_a_text_that_is_run(tmp_path: Path) -> None:
    """`python -m` would end by the signal itself once an `exec` was interrupted, though the command has answered it."""
    (tmp_path / "interrupted.py").write_text(
        "import sys, nnplay.cli\n"
        "sys.modules['nnplay.cli.main']._dispatch = lambda words: exec('raise KeyboardInterrupt')\n"
        "sys.exit(nnplay.cli.main([]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"], capture_output=True, text=True, env={"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    )
    assert (done.returncode, done.stderr) == (130, "nnplay: stopped\n")


def test_one_after_the_end_changes_nothing() -> None:
    """The command is done: Python's own end is not interrupted, and the status stays."""
    late = "import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.SIGINT)"
    status, message, wrong = interrupt(late)
    assert (status, wrong) == (0, "")
    assert message


def test_ignored_at_the_start_it_stays_ignored() -> None:
    """A shell starts background jobs like that; Ctrl+C is for others."""
    status, message, wrong = interrupt(
        "import signal; signal.signal(2, signal.SIG_IGN)" + WHILE_IMPORTING.format(name="numpy")
    )
    assert (status, wrong) == (0, "")
    assert message


def test_it_is_safe_before_anything_is_imported() -> None:
    """From its first line on a signal ends the process without a traceback, and the shell says 130."""
    ask = LISTEN + "import nnplay.__main__, os; os.kill(os.getpid(), 2)"
    done = subprocess.run(["/bin/sh", "-c", f'"{sys.executable}" -c "{ask}"; echo $?'], capture_output=True, text=True)
    assert done.stdout == "130\n"
    assert done.stderr.strip() == ""
