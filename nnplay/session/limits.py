"""Every limit of the session files in one place; a file beyond one is refused before it is parsed."""

from __future__ import annotations

from typing import Final

FORMAT_READ: Final = 2
"""The oldest format number whose programs understand what this version writes."""

FORMAT_WRITE: Final = 2
"""The format number that this version writes; older ones are migrated to it, newer ones opened read-only."""

FORMAT_OLDEST: Final = 1
"""The oldest format number that can still be migrated."""

RECORD_BYTES: Final = 2**20
"""Bytes of `session.toml`."""

RECORD_DEPTH: Final = 32
"""Nesting of arrays, tables and dotted keys in `session.toml`."""

RECORD_ITEMS: Final = 50_000
"""Keys, headings, list entries and dots between keys in `session.toml`; a full past has some 10,000."""

COMMENTED_ITEMS: Final = 20_000
"""The same, of a text whose comments are kept when it is saved; a longer one loses them."""

COMMENTED_BYTES: Final = 2**19
"""Bytes of such a text."""

COMMENTED_LENGTH: Final = 1_000
"""Entries of one table or list in such a text."""

INTEGER_DIGITS: Final = 40
"""Digits in a row outside strings and comments; enough for any 64-bit integer or float with room to spare."""

HEADER_BYTES: Final = 2**20
"""Bytes of a state file's header (safetensors)."""

TENSORS: Final = 10_000
"""Tensors in one state file."""

TENSOR_AXES: Final = 8
"""Axes of one tensor."""

AXIS_LENGTH: Final = 2**32
"""Length of one axis of a tensor."""

NAME_PATTERN: Final = r"[a-z0-9_.-]{1,128}"
"""Names that a tensor may have."""

BLOB_BYTES: Final = 2**33
"""Bytes of one state file: 8 GiB."""

BLOBS: Final = 16
"""State files that one record may name."""

PACK_BYTES: Final = 2**32 - 2**20
"""Bytes of a packed session: what a zip file holds without its 64-bit extension."""

PACK_MEMBERS: Final = BLOBS + 1
"""Members of a packed session: the record and its state files."""

LOCK_BYTES: Final = 4096
"""Bytes of the lock file."""

RECOVERED: Final = 256
"""Recovered sessions that are listed, the newest; those beyond are counted, and never deleted."""
