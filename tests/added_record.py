"""A file that is put into a folder of records for one test, as somebody would who adds a source or a view."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def added_record(package: str, name: str, text: str, folder: Path, found: Any) -> Iterator[None]:
    """Within the block `package.name` is a module with that text, and `found` (a cached scan) looks anew.

    Args:
        folder: an empty one, which becomes a second place of the package.
    """
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    module = importlib.import_module(package)
    before = list(module.__path__)
    module.__path__.append(str(folder))
    importlib.invalidate_caches()
    found.cache_clear()
    try:
        yield
    finally:
        module.__path__[:] = before
        sys.modules.pop(f"{package}.{name}", None)
        vars(module).pop(name, None)
        found.cache_clear()
