"""Data in the picker: sets of the catalogue, and files whose paths are completed as they are typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnplay.data.catalogue import find_source
from nnplay.errors import NnplayError
from nnplay.system.paths import user_path
from nnplay.tui.commands.completion import complete_paths
from nnplay.tui.picker.choice import Choice, matching
from nnplay.tui.picker.shelf import Attempt, Shelf


@dataclass(frozen=True)
class DataShelf(Shelf):
    """Names come first, then files and folders that begin as what is typed."""

    def offer(self, typed: str) -> Sequence[Choice]:
        """Sets whose names fit, and paths."""
        named = matching(self.choices, typed)
        return [*named, *map(_path_choice, complete_paths(typed.strip(), "data"))] if typed.strip() else named

    def attempt(self, typed: str, chosen: Choice | None, *, moved: bool) -> Attempt:
        """A folder is gone into; a file that is typed whole is meant, whatever the cursor is on."""
        if not moved and _is_file(typed.strip()):
            return Attempt(typed.strip())
        if chosen is not None and chosen.value.endswith("/"):
            return Attempt("", chosen.value)
        return super().attempt(typed, chosen, moved=moved)


def _is_file(path: str) -> bool:
    try:
        return user_path(path).is_file()
    except (NnplayError, OSError, ValueError, RuntimeError):  # no path at all
        return False


def _path_choice(path: str) -> Choice:
    if user_path(path).is_dir():
        return Choice(f"{path}/", note="folder", what="A folder; enter or → goes into it.")
    title = find_source(path).title
    return Choice(
        path, note=title, what=f"{title[:1].upper()}{title[1:]}.", when="Enter reads it and starts a run on it."
    )
