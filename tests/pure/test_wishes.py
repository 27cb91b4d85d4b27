"""What tests fork is asked for whole, however large the environment is that they are run in."""

from __future__ import annotations

import os
import socket

from tests import wishes


def test_a_wish_of_any_size_is_received_with_its_handles() -> None:
    """A megabyte of variables is more than a message of a socket holds."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asked = {f"NAME{number}": "x" * 100_000 for number in range(10)}
    end, began = os.pipe()
    with ours, theirs:
        wishes.send(ours, asked, [began])
        wish, handles = next(wishes.received(theirs, 1))
        assert wish == asked
        os.write(handles[0], b"here")
        assert os.read(end, 4) == b"here"
    for handle in (end, began, *handles):
        os.close(handle)
