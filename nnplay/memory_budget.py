"""How much memory a data set may take: half of what is free, the container's limit included."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FALLBACK = 4 << 30


def memory_budget() -> int:
    """Bytes that reading may use: half of the available memory."""
    return min(_available(), _container_limit()) // 2


def size_text(size: float) -> str:
    """`size` in bytes as people read it: `1.5 GiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"


def _available() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return _FALLBACK


def _container_limit() -> int:
    """What the control group still allows (version 2), or a number too large to matter."""
    group = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        used = int((group / "memory.current").read_text(encoding="ascii"))
        return max(limit - used, 0)
    return 1 << 62
