"""How long work on data tells the screen or the command line how far it is, without every function passing it on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nnplay.errors import InputError
from nnplay.text import shown

Report = Callable[[int, int, str], None]

_listener: ContextVar[Report | None] = ContextVar("nnplay_data_progress", default=None)


@contextmanager
def report_to(listener: Report | None) -> Iterator[None]:
    """Within the block, `report` calls `listener(done, total, what)`; what it raises ends the work."""
    if listener is not None and not _takes_three(listener):
        what = f"{shown(listener)} cannot be called"
        raise InputError(what, where="progress", hint="give a function of (done, total, what)")
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def _takes_three(listener: object) -> bool:
    """Whether it can be called as a listener is, as far as that can be known."""
    if isinstance(listener, type) or not callable(listener):
        return False
    try:
        inspect.signature(listener).bind(0, 0, "")
    except TypeError:
        return False
    except ValueError:  # of some functions written in C nothing is known
        return True
    return True


def report(done: int, total: int, what: str) -> None:
    """Says that `done` of `total` parts of `what` are finished."""
    listener = _listener.get()
    if listener is not None:
        listener(done, total, what)
