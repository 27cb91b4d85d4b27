"""Old formats made new: one pure function per format number, dict(n) → dict(n + 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from nnplay.errors import InputError
from nnplay.session.limits import FORMAT_OLDEST, FORMAT_WRITE
from nnplay.session.record import Record

Migration = Callable[[Record], Record]


def _to_2(record: Record) -> Record:
    """Format 2 adds the past of a run, in a table of its own; a session without it is whole."""
    return record


MIGRATIONS: Final[Mapping[int, Migration]] = {1: _to_2}
"""By the format number that a function starts from."""


def migrate(
    record: Record,
    written: int,
    where: str,
    *,
    table: Mapping[int, Migration] = MIGRATIONS,
    target: int = FORMAT_WRITE,
    oldest: int = FORMAT_OLDEST,
) -> Record:
    """`record` of format `written` as one of format `target`; newer ones are given back as they are.

    Raises:
        InputError: older than any format that can still be migrated.
    """
    if written < oldest:
        hint = f"this version reads formats {oldest} to {target}"
        raise InputError(f"format {written} is too old to read", where=where, hint=hint)
    for number in range(written, target):
        record = table[number](record)
    return record
