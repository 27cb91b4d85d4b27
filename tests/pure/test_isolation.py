"""Claims about the tests themselves."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from nnplay.session import recovery_folder, state_folder


def test_the_users_folders_are_left_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the program keeps of its own lies in the temporary folder of this run of the tests, never in the home."""
    base = tmp_path_factory.getbasetemp()
    for folder in (state_folder(), recovery_folder(), platformdirs.user_config_path("nnplay", appauthor=False)):
        assert Path(folder).is_relative_to(base), folder
