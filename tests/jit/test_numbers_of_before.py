"""After a change, no number and no picture of the run before stands as one of the present run."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnplay.config import RunConfig
from nnplay.errors import InputError
from nnplay.run.playground import PlaygroundBackend
from nnplay.run.snapshot import Snapshot
from nnplay.run.training_thread import TrainingThread
from tests.small_worker import settle, until

ROWS = "".join(f"{k},{(7 * k) % 50 / 10},{'yes' if k % 3 else 'no'}\n" for k in range(80))


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaygroundBackend]:
    """Classes of a table, learned for some epochs, with a stop by accuracy and one by loss."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("switch.csv").write_text(f"a,b,kind\n{ROWS}")
    run = {"data": {"file": "switch.csv"}, "layers": "linear 6, tanh, linear 2", "epochs": 4}
    made = PlaygroundBackend(RunConfig.from_dict(run).stopping({"accuracy": 0.999, "loss": 1e-6}))
    made.run_for(epochs=10)
    settle(made.worker)
    assert made.snapshot.metrics["validation_accuracy"] > 0
    yield made
    made.stop()


def change(backend: PlaygroundBackend, **values: object) -> str:
    """An edit of settings, in force when it returns; what was said of it."""
    answer = backend.apply(backend.changed(**values))
    settle(backend.worker)
    return answer


def is_blank(shown: Snapshot) -> bool:
    """Whether a snapshot has no score, no curve and no finding."""
    losses = math.isnan(shown.train_loss) and math.isnan(shown.validation_loss)
    return losses and not shown.metrics and not shown.curves


def test_another_target_begins_another_run(backend: PlaygroundBackend) -> None:
    """From classes to a quantity: step 0, no accuracy, no curve of two losses; the stop by accuracy goes."""
    answer = change(backend, data={"target": "b"})
    assert answer.startswith(
        "applied; starting a new run (z: back to the one before); the stop at 99.9 % accuracy was removed"
    )
    assert (backend.snapshot.step, backend.snapshot.latest) == (0, 0)
    assert is_blank(backend.snapshot)
    assert "accuracy" not in backend.settings.stops
    backend.run_for(epochs=3)
    shown = settle(backend.worker)
    assert not any("accuracy" in name for name in (*shown.metrics, *shown.curves))
    assert "accuracy" not in shown.message
    backend.undo()
    assert settle(backend.worker).metrics["validation_accuracy"] > 0
    assert backend.settings.stops["accuracy"] == 0.999


def test_a_stop_by_accuracy_is_refused_where_there_is_none(backend: PlaygroundBackend) -> None:
    """On a quantity the stop by accuracy is refused with what to use; other stops are taken."""
    change(backend, data={"target": "b"})
    with pytest.raises(InputError, match="'b' is a number, so there is no accuracy"):
        backend.apply(backend.changed(stop={"accuracy": 0.9}))
    assert backend.apply(backend.changed(stop={"patience": 9})) == "stop conditions apply from now on"


def test_another_loss_has_a_curve_of_its_own(backend: PlaygroundBackend) -> None:
    """Scores and losses of before are gone from the header; each loss has curves of its own."""
    step = backend.snapshot.step
    before = backend.snapshot.curves["loss"]
    answer = change(backend, loss={"name": "mse"})
    assert answer.endswith("the stop at a loss of 1e-06 was removed: it applied to another loss function")
    shown = backend.snapshot
    assert math.isnan(shown.train_loss)
    assert math.isnan(shown.validation_loss)
    assert not {"loss", "train_loss", "validation_loss"} & shown.curves.keys()
    backend.run_for(epochs=3)
    shown = settle(backend.worker)
    assert shown.curves["loss"].steps[0] == step + 1
    assert not math.isnan(shown.train_loss)
    backend.goto("step", step - 1)
    until(lambda: backend.snapshot.step == step - 1)
    there = settle(backend.worker).curves["loss"]
    assert there.last.tobytes() == before.last.tobytes()


def test_scores_of_another_network_are_not_shown(backend: PlaygroundBackend) -> None:
    """After an edit of the network the header has dashes and health nothing, until the new network has been scored."""
    change(backend, layers=("linear 4", "tanh", "linear 2"))
    shown = backend.snapshot
    assert shown.step > 0
    assert math.isnan(shown.train_loss)
    assert not shown.metrics
    assert not [one for one in shown.health if "loss" in one.sentence]
    backend.run_for(epochs=1)
    assert settle(backend.worker).metrics


def test_freezing_a_layer_keeps_the_scores(backend: PlaygroundBackend) -> None:
    """A change that leaves all answers as they are leaves the scores, too."""
    before = backend.snapshot
    change(backend, layers=("linear 6 frozen", "tanh", "linear 2"))
    assert backend.snapshot.metrics == before.metrics
    assert backend.snapshot.train_loss == before.train_loss


def test_scores_of_another_network_stay_away_when_the_run_is_opened(backend: PlaygroundBackend, tmp_path: Path) -> None:
    """Saved right behind an edit of the network and opened again, the session has no score either."""
    change(backend, layers=("linear 4", "tanh", "linear 2"))
    backend.save("edited")
    other = PlaygroundBackend(RunConfig.from_dict({"data": "xor"}))
    other.open(str(tmp_path / "edited.nnplay"))
    assert math.isnan(settle(other.worker).train_loss)
    other.stop()


def test_nothing_of_the_run_before_is_shown_while_another_is_made(backend: PlaygroundBackend) -> None:
    """While a preset is on its way its settings are there already, and no picture or score of the old run is."""
    going = threading.Event()

    def hold(run: TrainingThread) -> None:
        going.wait(240)

    backend.worker.send(hold)
    backend.apply(backend.preset("iris"), anew=True)
    shown = backend.snapshot
    assert is_blank(shown)
    assert (shown.output, shown.surface, shown.health, shown.step) == (None, None, (), 0)
    going.set()
    settle(backend.worker)
    assert backend.snapshot.surface is not None or backend.snapshot.output is not None
