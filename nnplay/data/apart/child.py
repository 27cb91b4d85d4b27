"""Where the reading process begins: run by its path with `python -P -s -S`, so that nothing comes in by accident.

The order is one line of JSON on standard input: `folders` to import from, the `module` whose `read_rows` is called with
`order`, and the limits: bytes of `memory`, and `seconds` of computing. When standard input ends, whoever wanted the
rows is gone, or wants them no more: then `stop`, if the module has one, ends what was begun elsewhere, and the process
ends.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
from typing import Any

_ROOM_FOR_LIBRARIES = 3 << 30
"""Addresses that libraries reserve and hardly use."""


def main() -> None:
    """Reads the order, takes the limits upon itself, and reads."""
    order = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    sys.path += order["folders"]
    from nnplay.data.apart.wire import TooSlow, send
    from nnplay.data.reading.gathering import Unreadable
    from nnplay.errors import InputError

    module = importlib.import_module(order["module"])
    threading.Thread(target=_end_with_input, args=(module,), daemon=True).start()
    _limit(order["memory"], order["seconds"])
    try:
        module.read_rows(order["order"], out)
    except Unreadable as error:
        send(out, {"error": error.what, "column": error.column, "hint": error.hint})
    except InputError as error:
        send(out, {"error": error.what, "place": error.where, "hint": error.hint})
    except TooSlow:
        send(out, {"late": True})
    except MemoryError:
        send(out, {"memory": True})
    out.close()
    os._exit(0)  # libraries' threads are not waited for


def _end_with_input(module: Any) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1 << 10):
            pass
    stop = getattr(module, "stop", None)
    if stop is not None:
        with contextlib.suppress(Exception):
            stop()
    os._exit(1)


def _limit(memory: int, seconds: int) -> None:
    """No more memory and time than that, not a byte into any file, and no picture of the memory on disk."""
    try:
        import resource
    except ImportError:
        return  # Windows: whoever waits ends it after its time
    limits = {"RLIMIT_AS": memory + _ROOM_FOR_LIBRARIES, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, value in limits.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (value, value))


if __name__ == "__main__":
    main()
