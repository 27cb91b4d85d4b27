"""Joined rows: the same bits as the rows that they stand for, and nothing that a reader looks for is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnplay.config.run_config import RunConfig
from nnplay.data.dataset import Dataset
from nnplay.errors import DivergedError
from nnplay.health.layer_facts import describe_activations
from nnplay.inspector.inspector import Inspector
from nnplay.network.network import Network
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.tape import assembler
from nnplay.tape.fusion.joined import Joined
from nnplay.training.trainer import Trainer

ADAM = optimizer_records()["adam"]
RELU_AND_ZEROS, SUMS, SLOPE = "normalise, relu, zero padding", "relu backward, sums", "relu backward, gradient of x"
CONCAT, SPREAD = "concat, zero padding", "zero padding, spread by w"
NORMED = "conv2d 16 same, batch_norm, relu"

CASES = {
    "a convolution behind": (f"{NORMED}, conv2d 8 k3 same, flatten, linear 3", {RELU_AND_ZEROS, SUMS, SLOPE, SPREAD}),
    "channels that no vector divides, and an even kernel": (
        "conv2d 35 k3 same, batch_norm, relu, conv2d 7 k4 same, global_avg_pool, linear 3",
        {RELU_AND_ZEROS, SUMS, SLOPE, SPREAD},
    ),
    "more channels than are worked on at once": (
        "conv2d 130 k1, batch_norm, relu, conv2d 4 k3 same, global_avg_pool, linear 3",
        {RELU_AND_ZEROS, SUMS, SLOPE},
    ),
    "strides and a pool": (
        f"{NORMED}, max_pool2d, conv2d 64 k4 s2 padding=1, batch_norm, relu, flatten, linear 3",
        {RELU_AND_ZEROS, SUMS, SLOPE, SPREAD},
    ),
    "a skip: the gradient of x is added": (
        f"{NORMED}, sum[identity | {NORMED}, conv2d 16 same, batch_norm], relu, flatten, linear 3",
        {RELU_AND_ZEROS, SUMS, SLOPE, SPREAD},
    ),
    "a U-Net's concat": (
        f"{NORMED}, concat[identity | max_pool2d, {NORMED}, upsample 2], {NORMED}, flatten, linear 3",
        {RELU_AND_ZEROS, SUMS, SLOPE, SPREAD, CONCAT},
    ),
    "weights that are used again": (
        "conv2d 16 k3 same name=b, batch_norm, relu, conv2d 16 k3 same, batch_norm, relu, conv2d 16 k3 same, "
        "batch_norm, relu, conv2d 16 k3 same share=3, product[identity | global_avg_pool, linear 16, sigmoid], "
        "flatten, linear 3",
        {RELU_AND_ZEROS, SUMS, SLOPE, SPREAD},
    ),
    "features, not pictures": ("linear 4096, batch_norm, relu, linear 3", {RELU_AND_ZEROS, SUMS, SLOPE}),
}


#: A discriminator with a penalty at real rows, against a generator with batch normalisation.
GAME = {
    "layers": "conv2d 16 k4 s2 padding=1, leaky_relu 0.2, conv2d 48 k4 s2 padding=1, leaky_relu 0.2, flatten, linear 1",
    "loss": "binary_cross_entropy_logits",
    "data": {"name": "digits28", "samples": 40, "noise": 0},
    "split": {"train": 1.0, "validation": 0.0, "test": 0.0, "scale": "none"},
    "objective": {"name": "critic", "target": 1},
    "networks": {
        "maker": {
            "layers": "linear 2352, reshape 7x7x48, batch_norm, relu, conv_transpose2d 8 k4 s4, batch_norm, relu, "
            "conv2d 1 same, sigmoid",
            "noise": 4,
        }
    },
    "objectives": [
        {"name": "made", "path": ["maker", "critic"], "target": 0, "adds_to": "critic"},
        {"name": "penalty", "path": ["critic"], "gradient_norm": 0, "adds_to": "critic"},
        {"name": "maker", "path": ["maker", "critic"], "target": 1, "trains": ["maker"]},
    ],
    "optimizer": {"name": "adam", "lr": 0.01},
    "training": {"batch_size": 16},
}


def make_trainer(layers: str, threads: int = 1, batch: int = 16, **more: Any) -> Trainer:
    """On 40 pictures of 16×16×2, or 8 numbers of each, in batches of 16: two full ones and a smaller one."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((40, 16, 16, 2)).astype(np.float32)
    data = Dataset(x if layers.startswith("conv") else x.reshape(40, -1)[:, :8], generator.integers(0, 3, 40))
    loss = loss_records()["cross_entropy"]()
    network = Network(layers, seed=1)
    return Trainer(network, data, loss=loss, optimizer=ADAM(lr=0.01), batch_size=batch, threads=threads, seed=2, **more)


def plain(layers: str, **more: Any) -> Trainer:
    """The same, with no rows joined."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembler, "fuse", lambda rows, batch: Joined(list(rows), batch))
        return make_trainer(layers, **more)


def ran(trainer: Trainer, steps: int) -> Trainer:
    """Trained for some steps."""
    trainer.run(steps=steps)
    return trainer


def state(trainer: Trainer) -> bytes:
    """Parameters, optimizer's slots and running statistics."""
    return trainer.machine.state().tobytes()


def names(trainer: Trainer) -> set[str]:
    """The joined rows' names."""
    tape = trainer.machine.tape
    return {row.operation.name for row in tape.fused} - {row.operation.name for row in tape.train}


@pytest.mark.parametrize("case", CASES)
def test_joined_rows_give_the_same_bits(case: str) -> None:
    """Five steps, a smaller batch among them: the bits of the single rows, on one thread and on two."""
    layers, wanted = CASES[case]
    joined = ran(make_trainer(layers), 5)
    assert names(joined) == wanted
    assert state(joined) == state(ran(plain(layers), 5))
    assert state(joined) == state(ran(make_trainer(layers, threads=2), 5))


def test_the_joined_rows_of_two_players_give_the_same_bits() -> None:
    """A pass that nothing goes back through, a penalty that repeats a pass, and what stands in another one's memory."""
    config = RunConfig.from_dict(GAME)
    joined = config.trainer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembler, "fuse", lambda rows, batch: Joined(list(rows), batch))
        written = config.trainer()
    tape = joined.machine.tape
    left_out = {"penalty.0.output", "made.maker.6.output", "made.4.output", "d4.output", "dmaker.maker.1.output"}
    assert left_out <= tape.kept_in.keys()
    assert state(ran(joined, 5)) == state(ran(written, 5))
    for name in tape.kept_in:
        slot = tape.layout.find(name)
        assert joined.machine.value_after_step(slot).tobytes() == written.machine.view(slot).tobytes(), name


def test_the_inspector_shows_the_rows_of_a_joined_run() -> None:
    """Gradients that the single rows give, looked at in the inspector, are those that the joined step worked with."""
    trainer = ran(make_trainer(CASES["a U-Net's concat"][0]), 2)
    inspector = Inspector(trainer)
    assert inspector.rows is trainer.machine.tape.train
    seen = {
        slot.name: inspector.values(number)[name].copy()
        for number, row in enumerate(inspector.rows)
        for name, slot in zip(row.operation.writes, row.writes, strict=True)
        if slot.region == "gradients" and row.phase == "backward"
    }
    inspector.leave()
    trainer.run(steps=1)
    assert len(seen) > 10
    for name, gradient in seen.items():
        assert gradient.tobytes() == trainer.machine.view(trainer.machine.tape.layout.find(name)).tobytes()


@pytest.mark.parametrize(
    "layers",
    [
        "linear 64, batch_norm, relu, linear 3",
        "conv2d 16 same, batch_norm, tanh, max_pool2d, flatten, linear 3",
        "conv2d 16 same, batch_norm, max_pool2d, flatten, linear 3",
    ],
)
def test_what_is_small_or_different_is_left_alone(layers: str) -> None:
    """Small tensors, another activation, no activation: the loop walks the very rows of the inspector."""
    trainer = make_trainer(layers)
    assert trainer.machine.tape.fused == trainer.machine.tape.train


def test_a_value_that_somebody_else_reads_is_written() -> None:
    """A silent unit stands between normalisation and ReLU, so these stay apart, and the bits are those of the rows."""
    layers = f"{NORMED}, conv2d 8 k3 same, flatten, linear 3"
    silent = make_trainer(layers, silent="1:3")
    assert names(silent) == {SPREAD}
    assert state(ran(silent, 3)) == state(ran(plain(layers, silent="1:3"), 3))


def test_health_sees_units_whose_values_were_never_written() -> None:
    """Dead and living ReLU units are counted alike in a joined run and in one that wrote every value."""
    layers = "conv2d 16 k7 same, batch_norm, relu, conv2d 64 k7 same, flatten, linear 3"
    joined, written = make_trainer(layers, batch=32), plain(layers, batch=32)
    for trainer in (joined, written):
        trainer.parameters()["1.bias"][:5] = -100.0
        trainer.run(steps=1)
    relu = joined.machine.tape.layout.find("2.output")
    assert not joined.machine.view(relu).any()
    assert joined.machine.value_after_step(relu).tobytes() == written.machine.view(relu).tobytes()
    assert describe_activations(joined)[0].silent == describe_activations(written)[0].silent == 5 / 16


def test_divergence_names_the_first_tensor_of_a_joined_run() -> None:
    """The tensor that became infinite first is found among those that a joined run writes."""
    trainer = make_trainer(f"{NORMED}, conv2d 8 k3 same, flatten, linear 3")
    trainer.run(steps=1)
    trainer.parameters()["3.weight"][...] = np.nan
    with pytest.raises(DivergedError, match=r"'3.output' \(layer 3\) became infinite"):
        trainer.run(steps=1)
