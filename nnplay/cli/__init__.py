"""The command line. `main` finds the command, runs it, and turns what went wrong into one sentence and an exit status.

Every module in `commands` is a command of that name: it has an `ABOUT` sentence and `run(words) -> int`. Without a
command the playground opens.

Exit status: 0 done, 1 the program's own fault or the machine's, 2 wrong input, 3 training diverged, 130 stopped by
Ctrl+C.
"""

from nnplay.cli.main import main, warn

__all__ = ["main", "warn"]
