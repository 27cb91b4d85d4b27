"""The door for machines: what trains by definitions trains as what trains by compiled kernels."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import DivergedError
from nnplay.kernels.compile import library
from nnplay.tape.machines.interpreter import InterpretedMachine
from tests.small_trainer import spiral, trainer

#: No bias in front of a normalisation: its gradient is 0 but for rounding, which Adam would make steps of.
LAYERS = "linear 6 bias=no, batch_norm, tanh, dropout 0.2, linear 2"


def both(layers: str = LAYERS, **more: object) -> tuple[nn.Trainer, nn.Trainer]:
    """The same run on the compiled loop and on the interpreter."""
    settings = {"dtype": "float64", "threads": 1, "clip_norm": 0.5, "l2": 0.01, **more}
    return trainer(layers=layers, **settings), trainer(layers=layers, machine=InterpretedMachine, **settings)


def test_the_interpreter_trains_as_the_loop_does() -> None:
    """Two epochs and a bit, shuffled, with a shorter last batch, dropout, clipping: state, curves, scores agree."""
    compiled, plain = both()
    for made in (compiled, plain):
        made.run(steps=12)
    assert compiled.machine.clock == plain.machine.clock == (0, 12, 2, 2)
    assert np.allclose(compiled.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)
    assert compiled.history.names() == plain.history.names()
    for name in compiled.history.names():
        assert np.allclose(compiled.history[name].last, plain.history[name].last, rtol=1e-6), name
    assert compiled.evaluate("validation") == pytest.approx(plain.evaluate("validation"), abs=1e-9)
    x = spiral().train.x[:5]
    assert np.allclose(compiled.predict(x), plain.predict(x), rtol=0, atol=1e-9)


def test_the_interpreter_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernel is looked for, in the cache or elsewhere, also where settings bring a new tape, and in a copy."""

    def refuse(*given: object) -> dict[str, int]:
        raise AssertionError("a kernel was asked for")

    monkeypatch.setattr(library, "addresses", refuse)
    made = trainer(machine=InterpretedMachine)
    made.run(steps=2)
    made.set(clip_norm=1.0)
    made.run(steps=1)
    other, _ = nn.remake(made, batch_size=16)
    twin = copy.deepcopy(other)
    twin.run(steps=1)
    assert isinstance(twin.machine, InterpretedMachine)
    assert (other.step, twin.step) == (3, 4)


def test_a_restored_state_goes_on_alike() -> None:
    """What one machine kept, the other goes on from."""
    compiled, plain = both()
    compiled.run(steps=7)
    state = compiled.state()
    plain.restore(state)
    for made in (compiled, plain):
        made.run(steps=5)
    assert np.allclose(compiled.machine.state(), plain.machine.state(), rtol=0, atol=1e-10)


def test_both_stop_at_the_same_fault() -> None:
    """A learning rate that throws the weights away ends both at the same step, with the same weights in place."""
    messages = []
    for made in both("linear 6, tanh, linear 2", optimizer=nn.SGD(lr=1e300)):
        with pytest.raises(DivergedError) as caught:
            made.run(steps=50)
        messages.append(caught.value.what.partition(" (")[0])
        assert np.isfinite(made.machine.state()).all()
    assert messages[0] == messages[1]


def test_a_call_ends_at_the_stop_flag() -> None:
    """A raised flag lets a call take one step, on either machine."""
    for made in both():
        made.machine.rates[:] = 0.01
        made.machine.stop = True
        assert made.machine.advance(10) == 1
        made.machine.stop = False
        assert made.machine.advance(10) == made.machine.steps_taken == 10
