"""What a process that forks is asked for: a wish of any size, in a file without a name, and handles, over a socket."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any


def send(connection: socket.socket, wish: Any, handles: Sequence[int]) -> None:
    """Asks for a fork: variables of an environment may be more than a message of a socket holds."""
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(wish).encode())
        file.flush()
        socket.send_fds(connection, [b"wish"], [file.fileno(), *handles])


def received(connection: socket.socket, handles: int) -> Iterator[tuple[Any, list[int]]]:
    """Each wish with its handles until nobody can wish any more; forks that have ended are waited for meanwhile."""
    while True:
        _, given, _, _ = socket.recv_fds(connection, 16, 1 + handles)
        with contextlib.suppress(ChildProcessError):  # their time counts as this one's once they are waited for
            while os.waitpid(-1, os.WNOHANG if given else 0)[0]:
                pass
        if not given:
            return
        with os.fdopen(given[0], "rb") as file:
            file.seek(0)
            wish = json.load(file)
        yield wish, given[1:]
