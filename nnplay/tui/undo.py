"""Undo and redo of settings: immutable values on two stacks."""

from __future__ import annotations

from typing import Generic, TypeVar

Value = TypeVar("Value")

DEPTH = 200
"""Changes that can be taken back."""


class Undo(Generic[Value]):
    """What was, and what was undone."""

    def __init__(self) -> None:
        self._past: list[Value] = []
        self._future: list[Value] = []

    def record(self, old: Value) -> None:
        """Note the value that a new change replaces; forgets what was undone before."""
        self._past = [*self._past, old][-DEPTH:]
        self._future = []

    def undo(self, now: Value) -> Value | None:
        """The value before the last change, or `None`."""
        if not self._past:
            return None
        self._future.append(now)
        return self._past.pop()

    def redo(self, now: Value) -> Value | None:
        """The value that the last undo took back, or `None`."""
        if not self._future:
            return None
        self._past.append(now)
        return self._future.pop()
