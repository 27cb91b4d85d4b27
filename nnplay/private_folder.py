"""Folders that only this user can use: made so from the first one that is missing, whatever the umask."""

from __future__ import annotations

import contextlib
from pathlib import Path


def make_private(folder: Path) -> Path:
    """Makes a folder and those above it that are missing, all of them 0700; one that is there is left as it is.

    Raises:
        OSError: it cannot be made.
    """
    for part in (*reversed(folder.parents), folder):
        if not part.is_dir():
            with contextlib.suppress(FileExistsError):  # another nnplay was faster
                part.mkdir(mode=0o700)
    return folder
