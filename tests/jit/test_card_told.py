"""Who asked for a card is told why the processor trains, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnplay.config import RunConfig
from nnplay.kernels.compile import notices
from nnplay.run.playground import PlaygroundBackend
from nnplay.tape.machines import device
from tests.jit.test_card_driver import fresh_card, put_in
from tests.small_worker import until

__all__ = ["fresh_card"]


def test_the_playground_says_once_why_the_processor_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no card as it opens, and where it is lost while it trains; not once more with each new network."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(notices, "_said", set())
    put_in(monkeypatch, statuses={"cuInit": 100})
    device.choose("cuda")
    backend = PlaygroundBackend(RunConfig.from_dict({"data": "xor", "layers": "linear 2"}))
    try:
        until(lambda: "because" in backend.snapshot.message)
        assert backend.snapshot.message.count("the processor trains, because there is no graphics card") == 1
        put_in(monkeypatch, statuses={"cuMemGetInfo_v2": 719})
        for step, layers in ((3, "linear 3, linear 2"), (6, "linear 4, linear 2")):
            backend.apply(backend.changed(layers=layers))
            backend.run_for(steps=3)
            until(lambda step=step: backend.snapshot.step == step and not backend.snapshot.running)  # type: ignore[misc]
            lost = "the processor goes on, because the graphics card failed: unspecified launch failure; see nvidia-smi"
            assert backend.snapshot.device == "cpu (card failed)"
            assert (lost in backend.snapshot.message) is (step == 3)
    finally:
        device.choose("cpu")
        backend.stop()
