"""Two that save under one name at once: the second is refused, whenever it comes between the steps of the first."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from nnplay import session
from nnplay.errors import InputError
from nnplay.run.saving import saved_run
from nnplay.run.saving.session import Session

RUN = {"data": "xor", "layers": "linear 4, tanh, linear 2"}


def test_whoever_finds_a_free_name_together_with_another_does_not_save_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both see that the name is free; one has saved and the other comes before it has said so: that one is refused."""
    place, refusals = tmp_path / "run.nnplay", list[InputError]()
    looked, written = threading.Event(), threading.Event()
    look, write = saved_run.refuse_taken, saved_run.write

    def save_late() -> None:
        try:
            late.save(place)
        except InputError as error:
            refusals.append(error)

    def look_early(path: Path) -> None:
        look(path)
        if threading.current_thread() is other and not looked.is_set():
            looked.set()
            assert written.wait(120)

    def write_and_wait(*arguments: Any) -> int:
        generation = write(*arguments)
        if threading.current_thread() is not other:
            written.set()
            other.join(120)
        return generation

    with Session.new(None, {**RUN, "seed": 1}) as first, Session.new(None, {**RUN, "seed": 2}) as late:
        other = threading.Thread(target=save_late)
        monkeypatch.setattr(saved_run, "refuse_taken", look_early)
        monkeypatch.setattr(saved_run, "write", write_and_wait)
        other.start()
        assert looked.wait(120)
        assert first.save(place) == 1
        assert len(refusals) == 1
        assert (first.read_only, first.warnings) == (False, ())
        assert session.summarize(place).record["run"]["seed"] == 1
        assert first.save() == 2
