"""From the words behind `nnplay` to an exit status."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from nnplay import __version__
from nnplay.cli import commands
from nnplay.cli.interrupt import without_terminal
from nnplay.cli.progress import is_terminal
from nnplay.data.csv.advice import advise_for
from nnplay.errors import InputError, NnplayError, Problems, unknown
from nnplay.kernels.compile import notices
from nnplay.system.ctrl_c import INTERRUPTED, forget_interrupted_exec
from nnplay.text import clean
from nnplay.tui.terminal.panic import FaultFile, describe_error

_PLAYGROUND: Final = "playground"
_HELP: Final = """\
nnplay: a playground for neural networks in the terminal.

  nnplay                      open the playground
  nnplay train spiral         train a network on a data set, a CSV file or a TOML run file, and print its score

commands:
{commands}

`nnplay COMMAND --help` explains a command, `nnplay playground --help` the playground
(`nnplay --data my.csv --target y`).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; never raises for wrong input.

    Args:
        arguments: the words behind `nnplay`; those of this process by default.

    Returns:
        The exit status.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _prepare_streams()
    notices.tell = warn
    try:
        with advise_for("command"):
            status = _dispatch(words)
            sys.stdout.flush()  # what cannot be written is found out here, not by the interpreter as it ends
            return status
    except NnplayError as error:
        problems: tuple[NnplayError, ...] = error.problems if isinstance(error, Problems) else (error,)
        return _report("\n".join(f"nnplay: {problem.message}" for problem in problems), error.exit_code)
    except KeyboardInterrupt:
        forget_interrupted_exec()
        return _report("nnplay: stopped", INTERRUPTED)
    except BrokenPipeError:
        # The reader (`| head`) has left: nothing more may be written, not even by the interpreter as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (MemoryError, OSError) as error:
        return _report(f"nnplay: error: {error or 'not enough memory'}", 1)
    except Exception as error:
        if os.environ.get("NNPLAY_TRACEBACK"):
            raise
        return _report(
            f"nnplay: internal error: {describe_error(error)}; this is a bug in nnplay; {FaultFile().note(error)}", 1
        )


def _report(text: str, status: int) -> int:
    """Says on standard error what went wrong, if that can still be written to; returns the exit status for it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr)
    return without_terminal(status)


_PROBE: Final = "\x1b[0m" + 100 * "a" + "\n"


def warn(sentence: str) -> None:
    """One line on standard error, over a line that is being drawn there."""
    over = "\r\x1b[K" if is_terminal(sys.stderr) else ""
    with contextlib.suppress(OSError):  # nobody is left to be told
        print(f"{over}nnplay: warning: {sentence}", file=sys.stderr, flush=True)


def _prepare_streams() -> None:
    """Let every text be printed: a closed stream swallows it, and signs that an encoding lacks become `?`.

    An encoding that cannot write plain text, or not as a terminal reads it, gives way to UTF-8.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if _can_be_read(stream) else "utf-8", errors="replace")


def _can_be_read(stream: io.TextIOWrapper) -> bool:
    try:
        coded = _PROBE.encode(stream.encoding)
    except (UnicodeError, LookupError):
        return False
    return coded == _PROBE.encode() or not stream.isatty()


def command_names() -> list[str]:
    """Every command, by name."""
    return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


def command(name: str) -> Any:
    """The module of a command, with `ABOUT` and `run`."""
    return importlib.import_module(f"{commands.__name__}.{name}")


def _no_command(word: str) -> InputError:
    """What is wrong with the first word; where it names something to train, how to do that."""
    from nnplay.cli.source import base_table, is_session

    problem = unknown("command", word, command_names())
    if is_session(word):
        return InputError(problem.what, hint=f"to open it: nnplay open {clean(word)}")
    try:
        base_table(word)
    except InputError:
        return problem
    name = clean(word)
    return InputError(problem.what, hint=f"to open it: nnplay --data {name}; to train it here: nnplay train {name}")


def _dispatch(words: list[str]) -> int:
    first = words[0] if words else ""
    if first == "help" and words[1:2]:
        return _dispatch([words[1], "--help"])
    if first in ("-h", "--help", "help"):
        lines = "\n".join(f"  {name:<12} {command(name).ABOUT}" for name in command_names())
        print(_HELP.format(commands=lines), end="")
        return 0
    if first in ("-V", "--version"):
        from nnplay.tape.machines.device import describe

        print(f"nnplay {__version__}\n{describe()}")
        return 0
    if not first or first.startswith("-"):
        return int(command(_PLAYGROUND).run(words))
    if first not in command_names():
        raise _no_command(first)
    return int(command(first).run(words[1:]))
