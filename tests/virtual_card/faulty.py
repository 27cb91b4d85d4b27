"""A driver that fails when a test says so, as one whose card is taken away, or that another program has filled."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

#: cuda.h: a launch failed; whatever is asked afterwards fails with it.
LAUNCH_FAILED: Final = 719


class FaultyDriver:
    """Hands each call on to a card, until one is to fail.

    Args:
        card: what answers.

    Attributes:
        calls: how many there were of each function.
        status: what the call that is to fail returns.
    """

    def __init__(self, card: Any) -> None:
        self._card = card
        self.calls: Counter[str] = Counter()
        self.status = LAUNCH_FAILED
        self._name, self._number, self._lasts, self._broken = "", 0, True, False

    def fail(self, name: str, number: int, *, lasts: bool = True) -> None:
        """Has the call of that number fail; with it, or not, all calls of any function behind it."""
        self._name, self._number, self._lasts = name, number, lasts

    def __getattr__(self, name: str) -> Callable[..., int]:
        function = getattr(self._card, name)

        def call(*given: Any) -> int:
            self.calls[name] += 1
            if name == "cuGetErrorString":
                given[1]._obj.value = b"planted"
                return 0
            if self._broken or (name, self.calls[name]) == (self._name, self._number):
                self._broken = self._lasts
                if name == "cuMemcpyDtoH_v2":  # half of it had come
                    ctypes.memset(given[0].value, 0x7F, given[2].value // 2)
                return self.status
            return function(*given)

        return call
