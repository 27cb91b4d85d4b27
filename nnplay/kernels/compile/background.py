"""Compiling beside everything else: one thread, the newest wish first, and nobody has to wait for it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Final

from nnplay.errors import NnplayError
from nnplay.kernels.compile import library
from nnplay.kernels.compile.jit import Kernel

#: Seconds between two looks at whether somebody who waits is wanted elsewhere.
_LOOK_EVERY: Final = 0.02


class Compilation:
    """Kernels that are being compiled in the background; it is given up once nobody holds it any more.

    Args:
        kernels, dtype: what is wanted, as for `library.addresses`.
        total: how many of them are missing.

    Attributes:
        done, total: kernels that have been compiled, and all that must be.
        addresses: of each kernel, by name, once they are all there.
        error: why they cannot be compiled.
    """

    def __init__(self, kernels: Sequence[Kernel], dtype: str, total: int) -> None:
        self._kernels, self._dtype = kernels, dtype
        self.done, self.total = 0, total
        self.addresses: dict[str, int] | None = None
        self.error: NnplayError | None = None
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether the kernels are there, or cannot be."""
        return self._over.is_set()

    @property
    def words(self) -> str:
        """How far it is, or what went wrong, in words."""
        if self.error is not None:
            return self.error.message
        once = ", once" if library.kept() else ""
        return f"compiling kernels{once}: {self.done} of {self.total}"

    def wait(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Waits for the kernels; returns whether they are there.

        Args:
            stopped: ends the waiting when it returns True.

        Raises:
            NnplayError: they cannot be compiled.
        """
        while not self._over.wait(_LOOK_EVERY):
            if stopped():
                return False
        if self.error is not None:
            raise self.error
        return True

    def retry(self) -> None:
        """Begins once more where they could not be compiled: what was in the way, such as full memory, may be gone."""
        if self.error is not None:
            self.error = None
            self._over.clear()
            _background.add(self)

    def compile(self, superseded: Callable[[], bool]) -> bool:
        """Compiles what is missing; returns False if it broke off because something newer is wanted first."""

        try:
            self._make(superseded)
        except SupersededError:
            return False
        except NnplayError as error:
            self.fail(error)
        except Exception as error:  # a fault of the program belongs to those who wait, too
            self.fail(NnplayError(f"internal error: {type(error).__name__}: {error}", where="kernel cache"))
        else:
            self._over.set()
        return True

    def _make(self, superseded: Callable[[], bool]) -> None:
        """Compiles what is missing.

        Raises:
            SupersededError: something newer is wanted first.
        """

        def count(done: int, total: int, name: str) -> None:
            self.done, self.total = done, total
            if done < total and superseded():
                raise SupersededError

        self.addresses = library.addresses(self._kernels, self._dtype, count)

    def fail(self, error: NnplayError) -> None:
        """Tells those who wait why there will be no kernels."""
        self.error = error
        self._over.set()


class SupersededError(Exception):
    """Something newer is wanted first."""


class Background:
    """A thread that compiles; it is there only while something is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: list[weakref.ref[Compilation]] = []
        self._asked = self._seen = 0
        self._working = False

    def add(self, wanted: Compilation) -> None:
        """Compiles this next."""
        with self._lock:
            self._wanted.append(weakref.ref(wanted))
            self._asked += 1
            if self._working:
                return
            try:
                threading.Thread(target=self._work, name="nnplay-compiling", daemon=True).start()
            except RuntimeError as error:  # the system has none left
                self._wanted.pop()
                wanted.fail(NnplayError(f"kernels cannot be compiled: {error}", where="kernel cache"))
            else:
                self._working = True

    def _work(self) -> None:
        while (wanted := self._next()) is not None:
            if not wanted.compile(lambda: self._asked > self._seen):
                with self._lock:
                    self._wanted.insert(0, weakref.ref(wanted))

    def _next(self) -> Compilation | None:
        """The newest one that somebody still holds; the thread ends where there is none."""
        with self._lock:
            self._seen = self._asked
            while self._wanted:
                wanted = self._wanted.pop()()
                if wanted is not None:
                    return wanted
            self._working = False
            return None


_background: Final = Background()


def begin(kernels: Sequence[Kernel], dtype: str) -> Compilation | None:
    """Begins to compile what is missing of these kernels; None where nothing is."""
    lacking = len(library.missing(kernels, dtype))
    if not lacking:
        return None
    wanted = Compilation(kernels, dtype, lacking)
    _background.add(wanted)
    return wanted
