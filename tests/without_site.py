"""A Python that reads no `.pth` files, which name a checkout that is installed as editable.

In the locale C, Python itself ends at one that has a letter outside ASCII, before anything of a program is run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nnplay

#: Goes in front of the words of Python.
OPTION = "-S"


def python_path() -> str:
    """Where such a Python finds the package and all that is installed, as a value of PYTHONPATH."""
    installed = (folder for folder in sys.path if folder.endswith("-packages"))
    return os.pathsep.join([str(Path(nnplay.__file__).resolve().parents[1]), *installed])
