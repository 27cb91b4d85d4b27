"""How a fork of a process that has imported everything ends."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn


def end_fork(status: int) -> NoReturn:
    """Ends a fork as Python ends, which then takes apart a million objects that all forks share: those are left."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        status = 120  # as Python says it
    os._exit(status)
