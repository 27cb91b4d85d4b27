"""Layers that use the weights of another one: one tensor, whose gradients add up, known to everything around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError
from nnplay.network.edit_layers import renamed
from nnplay.network.network import Network
from nnplay.network.notation import parse_layers, show_layers
from nnplay.network.summary import ledger
from nnplay.tape.machines.interpreter import InterpretedMachine
from tests.records import Bench, Trial, gradient_errors
from tests.small_trainer import trainer

pytestmark = pytest.mark.usefixtures("kernels")
SIAMESE = "difference[linear 4 name=enc, tanh | scale 0.5, linear 4 share=enc, tanh], linear 2"
BLOCKS = (
    "sequential name=enc[linear 4, tanh, sum[identity | linear 4]], relu, "
    "sequential share=enc[linear 4, tanh, sum[identity | linear 4]], linear 2"
)


@pytest.mark.parametrize(
    ("text", "shape", "names"),
    [
        (SIAMESE, (3,), ["0.0.enc.weight", "1.weight", "0.0.enc.bias", "1.bias"]),
        (BLOCKS, (4,), ["enc.0.weight", "enc.2.1.0.weight", "3.weight", "enc.0.bias", "enc.2.1.0.bias", "3.bias"]),
        ("rnn 3 name=r output=sequence, relu, rnn 3 share=r", (5, 3), ["r.weight_ih_l0", "r.weight_hh_l0"]),
    ],
)
def test_gradients_of_all_uses_add_up(text: str, shape: tuple[int, ...], names: list[str]) -> None:
    """Each shared tensor is there once, and its gradient agrees with differences."""
    bench = Bench(Trial(parse_layers(text), shape, 3), "float64", seed=3)
    assert [name for name in bench.tape.parameters if name in names] == names
    bench.hold_to_definitions()
    for name, error in gradient_errors(bench):
        assert error <= 1e-5, name


def test_a_shared_layer_trains_as_its_definition_in_numpy() -> None:
    """The compiled loop and the plain definitions take the same steps with the one matrix of two layers."""
    layers = "linear 2 name=a bias=no, tanh, linear 2 share=a bias=no"
    compiled = trainer(layers=layers, dtype="float64")
    plain = trainer(layers=layers, dtype="float64", machine=InterpretedMachine)
    assert list(compiled.parameters()) == ["a.weight"]
    before = compiled.parameters()["a.weight"].copy()
    for made in (compiled, plain):
        made.run(steps=3)
    assert np.allclose(compiled.machine.state(), plain.machine.state(), rtol=0, atol=1e-12)
    assert not np.allclose(before, compiled.parameters()["a.weight"])


def test_a_frozen_owner_freezes_every_use() -> None:
    """Freezing the layer that has the weights, in the text or while it runs, holds them; the other one says so."""
    layers = "linear 4 name=a, tanh, linear 4 name=b, tanh, linear 4 share=b, linear 2"
    made = trainer(layers=layers)
    made.set(frozen="b")
    before = made.parameters()["b.weight"].copy()
    made.run(steps=3)
    assert np.array_equal(before, made.parameters()["b.weight"])
    with pytest.raises(InputError, match="layer 4 uses the weights of layer b: freeze that one"):
        made.set(frozen="4")
    with pytest.raises(InputError, match="freeze layer b instead"):
        trainer(layers=layers.replace("share=b", "share=b frozen"))
    assert trainer(layers=layers.replace("name=b", "name=b frozen")).parameters()["b.weight"].shape == (4, 4)


def test_a_session_keeps_shared_weights_and_formulas(tmp_path: Path) -> None:
    """A saved run opens with one tensor for both layers, and goes on with the same bits."""
    layers = 'linear 3 name=a, expr "max(x, c*x)", linear 2, linear 3 share=a, tanh, linear 2'
    run = {"data": {"name": "spiral", "samples": 60}, "layers": layers, "training": {"batch_size": 16}}
    with nn.Session.new(tmp_path / "one.nnplay", run) as session:
        session.trainer.run(steps=4)
        session.save()
        session.trainer.run(steps=3)
        wanted = session.trainer.machine.state()
    with nn.Session.open(tmp_path / "one.nnplay") as session:
        names = " ".join(session.trainer.parameters())
        assert names == "a.weight a.bias 1.c 2.weight 2.bias 5.weight 5.bias"
        session.trainer.run(steps=3)
        assert np.array_equal(session.trainer.machine.state(), wanted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linear 4 share=zz", "there is no layer 'zz' in front of it to share with"),
        ("tanh name=t, tanh share=t", "a tanh has no weights, so it cannot share any"),
        ("linear 4 name=a, linear 4 share=a", "its weight would be [4, 4], that of 'a' is [3, 4]"),
        ("prelu name=a, linear 5 share=a", "cannot use the weights of 'a', which is prelu; share with another linear"),
        ("batch_norm name=b, batch_norm share=b", "a batch_norm keeps numbers of its own"),
        ("layer_norm bias=no name=l, layer_norm bias=no share=l", "a layer_norm keeps numbers of its own"),
        ("sum[linear 3 name=a | linear 3 name=a], linear 3 share=a", "'a' names 2 layers; write share=0.0.a"),
        ("sequential name=s[linear 3], linear 3 share=s", "cannot use the weights of 's', which is a block"),
        ("sum[linear 3 share=b | linear 3 name=b]", "there is no layer 'b' in front of it"),
    ],
)
def test_what_cannot_be_shared_is_refused(text: str, message: str) -> None:
    """The refusal says what does not fit, at the network and in the ledger of a form."""
    with pytest.raises(InputError, match="layer ") as refused:
        Network(text).plan((3,))
    assert message in refused.value.message
    texts = [show_layers((layer,)) for layer in parse_layers(text)]
    assert any(message in line.problem for line in ledger(texts, (3,), ("a", "b", "c"), ()).lines)


def test_the_ledger_counts_shared_weights_once() -> None:
    """Line by line and in sum: 12 + 4 of the encoder, 8 + 2 of the last layer."""
    found = ledger([SIAMESE.rpartition(", ")[0], "linear 2"], (3,), ("a", "b", "c"), ("y", "z"))
    assert [line.parameters for line in found.lines] == [16, 10]
    assert found.parameters == Network(SIAMESE).plan((3,)).parameter_count == 26
    shared = found.lines[0].parts[1][1]
    assert (shared.parameters, shared.note) == (0, "weights of enc")


def test_a_new_name_is_followed() -> None:
    """Who shares with a layer that gets another name goes on sharing with it, in blocks too."""
    chain = ["linear 3 name=a", "sum[identity | linear 3 share=a]", "linear 3 share=b", "tanh"]
    assert renamed("c")(chain, 0) == [
        "linear 3 name=c",
        "sum[identity | linear 3 share=c]",
        "linear 3 share=b",
        "tanh",
    ]
