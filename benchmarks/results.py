"""Writes measured tables into RESULTS.md, a section each, with machine and versions."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
_PACKAGES = ("numpy", "numba", "llvmlite", "textual", "torch", "jax", "scikit-learn")


def machine() -> str:
    """Processor, cores, Python and package versions in one line."""
    versions = [f"{name} {version}" for name in _PACKAGES if (version := _version(name))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores; Python {platform.python_version()}; {', '.join(versions)}"


def write_section(title: str, lines: list[str]) -> None:
    """Replaces, or adds, the section of that title in RESULTS.md."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.is_file() else "# Measured\n"
    head, *sections = text.split("\n## ")
    kept = [section for section in sections if not section.startswith(f"{title}\n")]
    kept.append("\n".join([title, "", *lines]).rstrip() + "\n")
    RESULTS.write_text("\n## ".join([head.rstrip() + "\n", *sorted(kept)]), encoding="utf-8")


def installed_environment() -> dict[str, str]:
    """This environment as after an installation with pip, which leaves bytecode: a program may keep its own."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
