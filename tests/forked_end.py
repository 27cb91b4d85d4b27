"""How a fork of a process that has imported everything ends."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn


def end_fork(status: int) -> NoReturn:
    """Ends a fork as Python ends, which then takes apart a million objects that all forks share: those are left."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        status = 120  # as Python says it
    finally:
        os._exit(status)
