"""Identities, such as the branch of a skip connection, left out: who reads one reads what it was given."""

from __future__ import annotations

from dataclasses import replace

from nnplay.layers import concat
from nnplay.layers.identity import IDENTITY
from nnplay.tape.fusion.joined import Joined
from nnplay.tape.tape import Row

_PLAN = IDENTITY.plan({}, (1,))
_FORWARD, _BACKWARD = (uses[0].operation.kernel.name for uses in (_PLAN.forward, _PLAN.backward))


def fuse(joined: Joined) -> None:
    """Leaves out every large identity whose output other layers read, but none of their way back."""
    for row in list(joined.rows):
        if row.operation.kernel.name == _BACKWARD and joined.large(row.writes[0]):
            _skip_backward(joined, row)
    for row in list(joined.rows):
        if row.operation.kernel.name == _FORWARD and joined.large(row.writes[0]):
            _skip_forward(joined, row)


def _skip_backward(joined: Joined, row: Row) -> None:
    """The gradient that a concat hands to this branch goes straight to the branch's input."""
    slope = row.reads[2]
    writers = joined.writers(slope)
    if len(writers) == 1 and writers[0].operation.kernel is concat.take and joined.between(slope, row):
        joined.drop(writers[0])
        joined.put(replace(writers[0], writes=row.writes, adds=row.adds, parts=row.parts), row)


def _skip_forward(joined: Joined, row: Row) -> None:
    source, output = row.reads[0], row.writes[0]
    readers = joined.readers(output)
    if len(joined.writers(output)) > 1 or any(reader.phase != "forward" for reader in readers):
        return
    if not readers or len(joined.writers(source)) > 1:
        return
    for reader in readers:
        joined.redirect(reader, output, source)
    joined.keep(output, source)
    joined.drop(row)
