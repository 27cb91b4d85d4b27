"""Compiling processes: how they are started apart from all that could lead them astray, listened to, and ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from nnplay.errors import NnplayError
from nnplay.kernels.compile import isolated
from nnplay.kernels.compile.jit import SHARED, Kernel
from nnplay.system.import_path import is_installed, others_may_change, stood_in
from nnplay.text import clean

#: What a compiling process may know of the environment: how names of files are written, and where Python's own
#: libraries lie.
_ALLOWED: Final = (
    *("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
)
#: Sets have one order in every process, so that the same kernel is the same bytes.
_SAME: Final = {"PYTHONHASHSEED": "0"}
#: No folder of the script, none of the user's, none that is installed: the path is as `isolated` makes it.
_ALONE: Final = ("-P", "-s", "-S")
_PACKAGES: Final = ("numpy", "llvmlite", "numba")
_PIECE: Final = 1 << 16
#: How long Linux refuses to change the share of another session, in seconds, and how often that is waited for.
_BETWEEN_CHANGES: Final = 0.1
_TRIES: Final = 5
#: Seconds between two looks at whether anybody still wants what is compiled.
_LOOK_EVERY: Final = 0.1
#: Compiling a shared function takes as long as so many kernels.
_SHARED_WEIGHT: Final = 7


@dataclass(frozen=True, slots=True)
class Share:
    """What one process compiles: kernels, for one floating-point type and one level of processors (or "host").

    Attributes:
        capability: that of graphics cards, for which all the kernels become functions that walk rows; None for a
            processor.
        functions: which of those.
    """

    kernels: tuple[Kernel, ...]
    dtype: str
    level: str
    capability: tuple[int, int] | None = None
    functions: tuple[str, ...] = ()


def shared_out(kernels: Sequence[Kernel], processes: int, dtype: str, level: str) -> list[Share]:
    """About equal work for so many processes, none of them idle: a shared function is as large as several kernels."""
    shares: list[list[Kernel]] = [[] for _ in range(processes)]
    loads = [0] * processes
    for item in kernels:
        least = loads.index(min(loads))
        shares[least].append(item)
        loads[least] += _SHARED_WEIGHT if item.name in SHARED else 1
    return [Share(_light_first(share), dtype, level) for share in shares if share]


def _light_first(kernels: Sequence[Kernel]) -> tuple[Kernel, ...]:
    """In the same order, but for the shortest kernel: whoever waits soon sees that something is done."""
    first = min(kernels, key=lambda item: (item.name in SHARED, len(item.function.__code__.co_code)))
    return (first, *(item for item in kernels if item is not first))


def compiled(
    shares: Sequence[Share], unwanted: Callable[[], bool] = lambda: False
) -> Generator[tuple[Share, str, bytes]]:
    """The object code of each kernel by share and name, as it is ready; each share is compiled by a process of its own.

    Whatever ends this (an error, Ctrl+C, a caller that stops asking) ends the processes, too.

    Args:
        unwanted: ends it as well, with what is there by then.

    Raises:
        NnplayError: a kernel cannot be compiled.
    """
    with contextlib.ExitStack() as running:
        children = [running.enter_context(_Child(share)) for share in shares]
        yield from _heard(children, unwanted)
        for child in () if unwanted() else children:
            child.finish()


def _heard(children: list[_Child], unwanted: Callable[[], bool]) -> Iterator[tuple[Share, str, bytes]]:
    """What the children write, whoever is first, until all have closed their streams, or nobody wants it."""
    with selectors.DefaultSelector() as ready:
        for child in children:
            ready.register(child.out, selectors.EVENT_READ, child.hear)
            ready.register(child.err, selectors.EVENT_READ, child.hear_complaint)
        while ready.get_map() and not unwanted():
            for key, _ in ready.select(_LOOK_EVERY):
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    ready.unregister(key.fileobj)
                yield from key.data(piece)


class _Child:
    """A compiling process; leaving its `with` block ends it, whatever it is in the midst of.

    It is in a session of its own: a Ctrl+C in the terminal is for the program, which ends it. Should the program be
    killed, or end while a thread that nobody waits for is in that block, its standard input closes, which ends it, too.
    """

    def __init__(self, share: Share) -> None:
        self._share = share
        self._rest = self._complaint = b""
        self._error = ""
        self._process = _started(
            [sys.executable, *_ALONE, *_like_this_python(), os.path.abspath(isolated.__file__)],
            _SAME | {name: os.environ[name] for name in _ALLOWED if name in os.environ},
        )
        _make_way_alike(self._process.pid)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.out, self.err = self._process.stdout, self._process.stderr
        with contextlib.suppress(BrokenPipeError):  # it has ended: `finish` says why
            self._process.stdin.write(json.dumps(_order(share)).encode() + b"\n")

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self.out, self.err):
            if stream is not None:
                stream.close()

    def hear(self, piece: bytes) -> Iterator[tuple[Share, str, bytes]]:
        """Takes what it wrote; gives the objects that are whole by now."""
        self._rest += piece
        while b"\n" in self._rest:
            head, rest = self._rest.split(b"\n", 1)
            kind, _, words = head.decode().partition(" ")
            if kind == "error":
                self._error, self._rest = words, rest
                continue
            name, _, size = words.rpartition(" ")
            if len(rest) < int(size):
                return
            self._rest = rest[int(size) :]
            yield self._share, name, rest[: int(size)]

    def hear_complaint(self, piece: bytes) -> Iterator[tuple[Share, str, bytes]]:
        """Takes what it, or a library, wrote to standard error; the end of it is enough."""
        self._complaint = (self._complaint + piece)[-_PIECE:]
        return iter(())

    def finish(self) -> None:
        """Waits for its end.

        Raises:
            NnplayError: it did not compile all that it was asked for.
        """
        status = self._process.wait()
        if status == 0 and not self._rest:
            return
        last = self._complaint.decode(errors="replace").strip().splitlines()[-1:]
        by_signal = f"the compiler was killed by {signal.Signals(-status).name}" if status < 0 else ""
        reason = self._error or by_signal or "".join(last) or f"the compiler exited with status {status}"
        raise NnplayError(f"a kernel could not be compiled: {clean(reason, limit=1000)}", where="kernel cache")


def _started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process in a session of its own, with pipes to and from it.

    Raises:
        NnplayError: the system starts no further one.
    """
    try:
        return subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except OSError as error:
        raise NnplayError(
            f"the compiler cannot be started: {error.strerror or error}",
            where="kernel cache",
            hint="close programs you do not need, and try again",
        ) from error


def _make_way_alike(child: int) -> None:
    """Has a child in a session of its own make way for others as this process does.

    Linux gives each session its share of the processor, so that being nice counts among processes of one session only.
    """
    own = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0
    if own <= 0:
        return
    for _ in range(_TRIES):
        try:
            Path(f"/proc/{child}/autogroup").write_text(str(own))
        except BlockingIOError:
            time.sleep(_BETWEEN_CHANGES)
        except OSError:
            return  # another system, or sessions are not weighed
        else:
            return


def _like_this_python() -> list[str]:
    """Flags of this Python that the other one would not take from the environment."""
    flags = ["-B"] if sys.dont_write_bytecode else []
    return [*flags, "-X", f"utf8={sys.flags.utf8_mode}"]


def _order(share: Share) -> dict[str, object]:
    """What a compiling process is told: see `isolated`."""
    package = Path(os.path.abspath(__file__)).parents[2] / "__init__.py"
    modules = {"nnplay": str(package)}
    for module in dict.fromkeys(kernel.module for kernel in share.kernels):
        file = getattr(sys.modules.get(module), "__file__", None)
        if file and not module.startswith("nnplay."):
            modules[module] = os.path.abspath(file)  # a user's own kernels: their code runs here already
    names = [kernel.name for kernel in share.kernels]
    folders = _folders()
    order: dict[str, object] = {
        "dtype": share.dtype,
        "level": share.level,
        "folders": folders,
        "modules": modules,
        "kernels": names,
    }
    if share.capability is not None:
        order |= {"capability": share.capability, "functions": share.functions}
    return order


def _folders() -> list[str]:
    """The folders that hold what the compiler needs; those of packages that run here already, first.

    Raises:
        NnplayError: a package lies in no folder that can be trusted.
    """
    running = [getattr(sys.modules.get(package), "__file__", None) for package in _PACKAGES]
    folders = [str(Path(os.path.abspath(file)).parents[1]) for file in running if file]
    trusted = [*folders, *(entry for entry in sys.path if os.path.isabs(entry) and _can_be_trusted(entry))]
    for package in _PACKAGES:
        found = PathFinder.find_spec(package, trusted)
        if found is None or found.origin is None:
            raise NnplayError(
                f"'{package}' is not in any import folder that only you or root can write to",
                where="kernel cache",
                hint=f"pip install {package} installs it beside nnplay",
            )
        folders.append(str(Path(found.origin).parents[1]))
    return list(dict.fromkeys(folders))


def _can_be_trusted(entry: str) -> bool:
    return is_installed(entry) or not (stood_in(entry) or others_may_change(entry))
