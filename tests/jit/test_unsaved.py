"""What counts as unsaved besides steps and edits: whatever else a session keeps."""

from __future__ import annotations

from pathlib import Path

from nnplay import session
from nnplay.inspector.messages import View
from nnplay.inspector.service import InspectorService
from nnplay.run.playground import PlaygroundBackend
from tests.jit.test_undo import backend
from tests.small_worker import until

__all__ = ["backend"]


def test_a_fork_is_unsaved_until_it_is_saved(backend: PlaygroundBackend) -> None:
    """Run after a save, it is asked for before leaving, and autosave keeps it; so is one that was discarded."""
    views = list[View]()
    inspector = InspectorService(backend.worker, views.append, lambda words: None)
    backend.save("mine")
    inspector.requests.open()
    until(lambda: views)
    assert not backend.unsaved()
    inspector.what_if.fork("lr 0.5")
    until(lambda: views[-1].compare)
    assert backend.unsaved()
    until(lambda: session.autosaves() and session.autosaves()[0].record["past"].get("line"))
    backend.save("")
    assert not backend.unsaved()
    inspector.what_if.end_fork()
    until(lambda: "discarded" in views[-1].message)
    assert backend.unsaved()


def test_the_name_of_a_run_is_unsaved_until_it_is_saved(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Given after a save, it is asked for before leaving."""
    backend.save("mine")
    backend.runs.name(1, "the first")
    assert backend.unsaved()
    backend.save("")
    assert not backend.unsaved()
    assert session.summarize(tmp_path / "mine.nnplay").record["labels"][0]["name"] == "the first"
