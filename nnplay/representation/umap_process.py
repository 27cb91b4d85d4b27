"""UMAP worked out beside the program: a process that is started when it is first needed, and ended when it is idle."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnplay.errors import NnplayError
from nnplay.representation import umap_child

_FORBIDDEN = ("PYTHON", "LD_", "DYLD_")
"""Variables that the process is not given: they say what Python or a library loads."""


class UmapProcess:
    """Embeds rows in the plane. It is for one thread; `end` may be called by any."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def embed(self, rows: NDArray[Any], start: NDArray[Any]) -> NDArray[np.float32]:
        """The embedding (N, 2) of rows (N, D), which begins at `start` (N, 2); takes seconds.

        Raises:
            NnplayError: the process ended.
        """
        if self._process is None:
            self._process = _started()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(rows.shape).encode() + b"\n")
            process.stdin.writelines(np.asarray(values, np.float32).tobytes() for values in (rows, start))
            process.stdin.flush()
            answer = process.stdout.read(8 * len(rows))
        except (OSError, ValueError):  # it has ended, perhaps by `end` in another thread
            answer = b""
        if len(answer) < 8 * len(rows):
            raise NnplayError(f"UMAP failed: {self._last_words(process)}", where="UMAP")
        return np.frombuffer(answer, np.float32).reshape(-1, 2)

    def _last_words(self, process: subprocess.Popen[bytes]) -> str:
        """What the process said at its end, which is waited for."""
        said: list[str] = []
        with contextlib.suppress(OSError, ValueError):
            assert process.stderr is not None
            said = process.stderr.read().decode(errors="replace").strip().splitlines()
        self.end()
        return said[-1] if said else "its process ended"

    def end(self) -> None:
        """Ends the process, whatever it is doing; the next rows start another one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _started() -> subprocess.Popen[bytes]:
    """The process, in a session of its own: a Ctrl+C in the terminal is for the program."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FORBIDDEN)}
    flags = ["-B"] if sys.dont_write_bytecode else []
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-S", "-W", "ignore", *flags, os.path.abspath(umap_child.__file__)],
            env=environment,
            cwd=Path(os.path.abspath(__file__)).anchor,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise NnplayError(f"UMAP cannot be started: {error.strerror or error}", where="UMAP") from None
    assert process.stdin is not None
    folders = [entry for entry in sys.path if os.path.isabs(entry)]
    with contextlib.suppress(BrokenPipeError):  # it has ended, and says so when it is asked
        process.stdin.write(json.dumps({"folders": folders}).encode() + b"\n")
    return process
