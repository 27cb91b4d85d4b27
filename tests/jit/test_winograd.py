"""Convolutions with fewer products: held to their definitions, to direct ones where numbers are not finite, to bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay.kernels.convolution.winograd import fits
from nnplay.tape import assembler
from nnplay.tape.fusion.joined import Joined
from nnplay.tape.machines.interpreter import results_of

#: Every kind of last tile along both axes: of three, two and one output of two taps, of two and one of three taps.
LAYERS = {
    "two taps at a stride of 2": ("conv2d 33 k4 s2 padding=1", (12, 14, 17)),
    "two taps, lines of 8 and 6": ("conv2d 16 k4 s2 padding=1", (16, 13, 8)),
    "two taps at a stride of 1, two channels apart": ("conv2d 24 k2", (6, 9, 40)),
    "three taps": ("conv2d 40 k3 same", (7, 6, 19)),
    "three taps at a stride of 2, zeros behind": ("conv2d 17 k6 s2 same", (11, 8, 5)),
    "padding that differs": ("conv2d 16 k3 padding=0:2x1", (6, 7, 16)),
    "transposed": ("conv_transpose2d 20 k4 s2 padding=1", (7, 5, 32)),
    "transposed, three taps without bias": ("conv_transpose2d 16 k3 s1 padding=1 bias=false", (5, 8, 16)),
}
BATCH = 48


def trainer_of(layer: str, shape: tuple[int, ...], **more: Any) -> nn.Trainer:
    """The layer behind one with a weight, so that it hands its gradient back, on one batch."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((BATCH, *shape)).astype(np.float32)
    y = generator.standard_normal((BATCH, 1)).astype(np.float32)
    layers = f"prelu, {layer}, flatten, linear 1"
    settings = {"batch_size": BATCH, "shuffle": False, "threads": 1} | more
    return nn.Trainer(nn.Network(layers, seed=1), nn.Dataset(x, y), "mse", "sgd lr=0.01", **settings)


def state(trainer: nn.Trainer) -> bytes:
    return trainer.machine.state().tobytes()


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        *((case, "float32") for case in LAYERS),
        *(pytest.param(case, "float64", marks=pytest.mark.slow if n % 2 else ()) for n, case in enumerate(LAYERS)),
    ],
)
def test_each_row_gives_what_its_definition_gives(case: str, dtype: str) -> None:
    """Outputs, gradients of weights and of inputs, row by row, within a few roundings of sums that are as large."""
    trainer = trainer_of(*LAYERS[case], dtype=dtype)
    machine = trainer.machine
    table = machine.train_table(machine.tape.train, BATCH)
    close = 3e-6 if dtype == "float32" else 1e-14
    held = 0
    for number, row in enumerate(table.rows):
        machine.run_table(table, number + 1, number)
        if row.path == "1" and any(word in row.operation.name for word in ("∗", "spread", "of w")):
            if "∗" in row.operation.name:
                channels = row.reads[0].shape[-1], row.writes[0].shape[-1]
                assert fits(*row.integers[:7], *channels, *row.integers[7:9], BATCH // row.parts)
            for slot, wanted in zip(row.writes, results_of(machine, table, number, exact=True), strict=True):
                found = machine.view(slot, BATCH)
                error = np.abs(found - wanted.reshape(found.shape)).max()
                assert error <= close * np.abs(wanted).max() + 1e-30, (row.operation.name, error)
                held += 1
    assert held == 3


@pytest.mark.parametrize("case", ["two taps at a stride of 2", "three taps", "transposed"])
def test_threads_and_joined_rows_change_no_bit(case: str) -> None:
    """Three steps: the same bits on two threads, and with no rows joined."""

    def ran(**more: Any) -> bytes:
        trainer = trainer_of(*LAYERS[case], **more)
        trainer.run(steps=3)
        return state(trainer)

    joined = ran()
    assert ran(threads=2) == joined
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembler, "fuse", lambda rows, batch: Joined(list(rows), batch))
        assert ran() == joined


def test_a_picture_that_is_not_finite_spoils_no_other_and_is_infinite_where_its_windows_are() -> None:
    """An infinite number stays one where a difference of two would be none, and neighbours keep their bits."""
    machine = trainer_of(*LAYERS["three taps"]).machine
    table = machine.train_table(machine.tape.train, BATCH)
    last = next(k for k, row in enumerate(table.rows) if row.operation.name == "x∗w + b")
    machine.run_table(table, last + 1)
    padded, output = (machine.view(slot, BATCH) for slot in (table.rows[last].reads[0], table.rows[last].writes[0]))
    whole = output.copy()
    padded[3, 1, 1, 0] = np.inf
    machine.run_table(table, last + 1, last)
    others = np.arange(BATCH) != 3
    assert output[others].tobytes() == whole[others].tobytes()
    assert np.isinf(output[3, :2, :2]).all()
    assert np.isfinite(output[3, 2:]).all()
    assert np.isfinite(output[3, :, 2:]).all()
