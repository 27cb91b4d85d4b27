"""The presets that come with nnplay, found by scanning this folder for TOML files."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nnplay.errors import unknown
from nnplay.presets.preset import Preset

_FOLDER: Final = Path(__file__).resolve().parent
#: Groups in the order in which they are listed.
GROUPS: Final = (
    "first steps",
    "curves and tables",
    "digits",
    "images",
    "sequences",
    "two players",
    "lessons",
)


@functools.cache
def preset_records() -> MappingProxyType[str, Preset]:
    """All presets by name, group by group, quick ones first."""
    found = [read(_FOLDER / f"{name}.toml") for name in _names()]
    found.sort(key=lambda preset: (GROUPS.index(preset.group), preset.seconds, preset.name))
    return MappingProxyType({preset.name: preset for preset in found})


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


def load_preset(name: str) -> Preset:
    """The preset called `name`.

    Raises:
        InputError: there is none; the hint names the nearest.
    """
    if name not in _names():
        raise unknown("preset", str(name), preset_records())
    return read(_FOLDER / f"{name}.toml")


def preset_text(name: str) -> str:
    """The TOML file of a preset as it stands, to be read, copied and changed.

    Raises:
        InputError: there is no such preset.
    """
    return (_FOLDER / f"{load_preset(name).name}.toml").read_text(encoding="utf-8")


@functools.cache
def read(path: Path) -> Preset:
    """The preset in a file; its name is the file's."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Preset(name=path.stem, **table.pop("preset"), table=table)
