"""Another run is made, or opened, in the place of one: until it is there, nothing of that one is given up."""

from __future__ import annotations

from typing import Any

import pytest

from nnplay import session
from nnplay.run import crossing
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.provenance import Provenance
from nnplay.run.saving import files
from nnplay.run.saving.files import RunFiles
from nnplay.run.training_thread import TrainingThread
from tests.jit.test_interleaved import backend, config_in_force, once, read_kept, train_to
from tests.small_worker import PATIENCE, until

__all__ = ["backend"]


@pytest.mark.parametrize("anew", [False, True])
def test_a_run_that_is_made_from_the_past_of_another_does_not_hide_its_later_steps(
    anew: bool, backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal goes while that takes long: what is kept then has all steps, and the edit."""
    backend.goto("step", 10)
    until(lambda: backend.snapshot.step == 10)
    rescued: list[str] = []
    rescue: Any = lambda: rescued.append(backend.rescue())  # noqa: E731
    if anew:
        once(monkeypatch, Provenance, "trainer_of", before=rescue)
        backend.apply(backend.changed(seed=7))
    else:
        once(monkeypatch, crossing, "remake_as", before=rescue)
        backend.apply(backend.changed(layers="linear 5, tanh, linear 2"))
    backend.worker.ask(lambda run: None, PATIENCE)
    record = session.summarize(rescued[0]).record
    assert record["progress"]["step"] == 30
    assert (record["run"]["layers"], record["run"]["seed"]) == (["linear 4", "tanh", "linear 2"], 1)
    assert record["edited"]["seed" if anew else "layers"] == (7 if anew else ["linear 5", "tanh", "linear 2"])


@pytest.mark.parametrize(
    ("place", "name"), [(files, "settings_of"), (RunFiles, "_put_opened"), (TrainingThread, "replace_run")]
)
def test_an_opening_that_fails_leaves_the_run_as_it_was_and_one_copy_of_it(
    place: Any, name: str, backend: PlaygroundBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at the second try; at the third, which comes to its end, that copy is what is left of the run."""

    def fail(*given: Any) -> Any:
        raise MemoryError("no room")

    timeline, settings = backend.worker.timeline, backend.settings
    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail)
        for _ in range(2):
            with pytest.raises(MemoryError, match="no room"):
                backend.open("other.nnplay")
            assert backend.worker.timeline is timeline
            assert (backend.settings, config_in_force(backend)) == (settings, settings)
    train_to(backend, 40)
    backend.open("other.nnplay")
    assert config_in_force(backend) == backend.settings != settings
    [kept] = session.autosaves()
    assert read_kept(kept.path) == (40, 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail)
        with pytest.raises(MemoryError, match="no room"):
            backend.open("other.nnplay")
    assert not kept.in_use
    assert backend.autosave.path is None
