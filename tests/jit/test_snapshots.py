"""What the training thread shows of a run: whole, in order, never changed once it is out."""

from __future__ import annotations

import dataclasses
import itertools
import time

import numpy as np
import pytest

from nnplay.run.render import Look
from nnplay.run.snapshot import Snapshot
from nnplay.run.worker import Worker
from tests.small_worker import PATIENCE, settle, until


def _frozen_copy(shown: Snapshot) -> dict[str, bytes]:
    arrays = {f"w {name}": value for name, value in shown.weights.items()}
    arrays |= {f"c {name}": curve.last for name, curve in shown.curves.items()}
    arrays |= {f"n {key}": value for key, value in shown.neurons.items()}
    if shown.surface is not None:
        arrays["surface"] = shown.surface.values
    return {name: np.asarray(value).tobytes() for name, value in arrays.items()}


def test_a_snapshot_never_changes_once_it_is_out(worker: Worker) -> None:
    """What the screen holds stays as it was while training goes on; and its fields cannot be set."""
    worker.run()
    until(lambda: worker.snapshot.surface is not None and worker.snapshot.weights, "a picture")
    held = worker.snapshot
    before = _frozen_copy(held)
    until(lambda: worker.snapshot.step > held.step + 500 and worker.snapshot.surface is not held.surface, "a later one")
    assert _frozen_copy(held) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        held.step = 0  # type: ignore[misc]


def test_snapshots_of_a_run_are_in_order_and_whole(worker: Worker) -> None:
    """While it runs the step never goes down, and epoch, batch and step of a snapshot belong together."""
    seen: list[Snapshot] = [worker.snapshot]
    worker.run()
    deadline = time.monotonic() + PATIENCE
    while len(seen) < 12 and time.monotonic() < deadline:
        if worker.snapshot is not seen[-1]:
            seen.append(worker.snapshot)
        time.sleep(0.001)
    running = [shown for shown in seen if shown.running]
    assert len(running) > 5
    assert all(a.step <= b.step for a, b in itertools.pairwise(running))
    for shown in running:
        assert shown.epoch * shown.batches + shown.batch == shown.step
        assert shown.first <= shown.step == shown.latest


def test_only_what_is_shown_is_computed(worker: Worker) -> None:
    """A screen that shows no pictures gets none; the numbers, curves and findings are always there."""
    worker.controls.look = Look(surface=None, neurons=0, output=False)
    worker.run(steps=300)
    shown = settle(worker)
    assert (shown.surface, shown.output, shown.neurons) == (None, None, {})
    assert set(shown.curves) >= {"loss", "validation_loss", "gradient_norm", "lr"}
    worker.controls.look = Look(surface=(6, 9), neurons=5)
    shown = settle(worker)
    assert shown.surface is not None
    assert shown.surface.values.shape == (6, 9)
    assert shown.neurons[(0, 0)].shape == (5, 5)


def test_findings_are_part_of_the_snapshot(worker: Worker) -> None:
    """What the health rules see comes with the pictures."""
    worker.make_change("weights", lambda trainer: trainer.parameters()["0.bias"].fill(50.0))
    worker.run(steps=200)
    assert any("saturated" in finding.sentence for finding in settle(worker).health)


def test_messages_are_shown(worker: Worker) -> None:
    """`tell` shows a message at once, `say` with the next snapshot."""
    settle(worker)
    worker.show_message("compiling")
    assert worker.snapshot.message == "compiling"
    worker.say("weights kept")
    assert settle(worker).message == "weights kept"
