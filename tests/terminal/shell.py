"""A shell of two commands: starts the playground of the tests as a job, and brings it back each time it stops.

Prints `job stopped` while the job is stopped, and goes on when a line is typed.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Run the job; its exit status is ours."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, "-m", "tests.terminal.program", *sys.argv[1:]])
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        os.tcsetpgrp(0, os.getpgrp())
        print("job stopped", flush=True)
        sys.stdin.readline()
        os.tcsetpgrp(0, child)
        os.kill(child, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main())
