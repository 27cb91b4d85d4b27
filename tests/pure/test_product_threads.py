"""Products of views do not take processors away from the training."""

from __future__ import annotations

import os
import subprocess
import sys

_ASK = """
import sys, nnplay.__main__
from nnplay.system import product_threads
product_threads.keep_to_one()
print('numpy' in sys.modules)
"""


def _ask(**environ: str) -> tuple[bool, str]:
    """Whether NumPy was there before the count was set, and the count that a process ends up with."""
    known = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    code = f"{_ASK}\nimport os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    said = subprocess.run(
        [sys.executable, "-c", code], env={**known, **environ}, capture_output=True, text=True, check=True
    )
    early, count = said.stdout.split()
    return early == "True", count


def test_one_thread_multiplies_unless_the_user_wants_more() -> None:
    """The count is set before NumPy reads it; one that stands in the environment is left alone."""
    assert _ask() == (False, "1")
    assert _ask(OPENBLAS_NUM_THREADS="3") == (False, "3")
