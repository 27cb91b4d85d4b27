"""A compiling process ends with the program that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_compiler_whose_program_is_gone_ends_before_its_work_is_done(tmp_path: Path) -> None:
    """Its standard input closes, as it does when the program is killed: it ends with status 1, nothing compiled."""
    names = "nnplay.kernels.matmul:multiply,nnplay.operations.copy:copy,nnplay.operations.step.gather:gather"
    child = subprocess.Popen(
        [sys.executable, "-m", "nnplay.kernels.compile.compiler", f"{tmp_path}={names}"],
        env=os.environ | {"NNPLAY_COMPILE": "float32", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = child.communicate()
    assert child.returncode == 1
    assert said == ""
    assert list(tmp_path.glob("*.o")) == []
