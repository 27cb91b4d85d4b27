"""Optimizers, driven by their records: update rows, settings, refusals."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.registry import optimizer_records
from tests.records import Bench, Trial, cases_of, layer_named

pytestmark = pytest.mark.usefixtures("kernels")
OPTIMIZERS = pytest.mark.parametrize("record", optimizer_records().values(), ids=lambda record: record.name)
#: Those with a row for the parameters by themselves; `test_whole_optimizers` has the others.
ELEMENTWISE = pytest.mark.parametrize(
    "record", [item for item in optimizer_records().values() if item.whole is None], ids=lambda record: record.name
)
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
TINY = (layer_named("linear", 1, name="front"), layer_named("tanh"), layer_named("linear", 3))
NETWORK = (layer_named("linear", 17, name="front"), layer_named("tanh"), layer_named("linear", 3))


@ELEMENTWISE
@pytest.mark.parametrize(
    ("dtype", "share"),
    [
        *(("float32", 64), ("float64", 10**9)),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (("float32", 10**9), ("float64", 64))),
    ],
)
def test_update_is_its_definition(record: OptimizerRecord, dtype: str, share: int) -> None:
    """The update equals its definition at the first and at later steps, whole and in parts, and is worked out right."""
    for values in cases_of(record):
        bench = Bench(Trial(NETWORK, (5,), 4, share=share), dtype, optimizer=record(**values))
        for step in (0, 1, 1000):
            bench.fill()
            assert bench.hold_to_definitions(lambda row: row.phase == "update", step) >= 3


@OPTIMIZERS
def test_training_from_zero_lowers_the_loss(record: OptimizerRecord) -> None:
    """From zeroed state, steps on one batch bring the loss down, and nothing in the gaps of memory turns into NaN."""
    for values in cases_of(record):
        network = TINY if record.name == "newton" else NETWORK  # which measures two evaluations a weight
        bench = Bench(Trial(network, (5,), 8), "float32", optimizer=record(**values))
        machine = bench.machine
        weights = {name: machine.view(slot).copy() for name, slot in bench.tape.parameters.items()}
        machine.memory[:] = 0
        for name, slot in bench.tape.parameters.items():
            machine.view(slot)[...] = weights[name]
        bench.write_settings()
        machine.rates[:] = values["lr"] * 0.1
        assert machine.advance(50) == 50
        assert machine.take_fault() is None
        losses = machine.trace[:50, 0, 0]
        assert losses[-1] < losses[0]


@ELEMENTWISE
@DTYPES
def test_a_parameter_that_is_not_finite_is_noticed(record: OptimizerRecord, dtype: str) -> None:
    """One infinite or undefined parameter, in any share, makes its share's check NaN; the others stay 0."""
    bench = Bench(Trial(NETWORK, (5,), 4, share=64), dtype, optimizer=record(**cases_of(record)[0]))
    machine, rows = bench.machine, bench.tape.train
    for number, row in enumerate(rows):
        if row.operation.writes[-1] != "finite_flags":
            continue
        checks = machine.view(row.writes[-1])
        for bad, place in ((bad, place) for bad in (np.inf, -np.inf, np.nan) for place in (0, 0.5, 1)):
            bench.fill()
            span = machine.view(row.writes[0]).reshape(-1)
            span[int(place * (span.size - 1))] = bad
            bench.run(number + 1, number)
            assert np.isnan(checks).sum() >= 1, (bad, place, checks)
            assert "parameter" in row.operation.writes or np.isnan(checks).sum() == 1
            assert (checks[~np.isnan(checks)] == 0).all()


@OPTIMIZERS
def test_all_settings_are_live_and_lr_comes_first(record: OptimizerRecord) -> None:
    """Every field lives in the settings vector, the learning rate first; all can change while training but switches."""
    assert record.fields[0].name == "lr"
    assert all(item.live != (item.name in record.structural) for item in record.fields)
    for values in cases_of(record):
        optimizer = record(**values)
        if record.rule is not None:
            assert optimizer.operation.reads == ("optimizer", "gradients", "parameters", *optimizer.slots)
            assert optimizer.operation.writes == ("parameters", *optimizer.slots, "finite_flags")
        for shape in ((3,), (3, 2), (2, 3, 4)):
            rule = record.by_tensor(shape)
            if rule is not None:
                assert rule.uses[-1].operation.writes[::len(rule.uses[-1].operation.writes) - 1] == (
                    "parameter", "finite_flags",
                )  # fmt: skip


@OPTIMIZERS
def test_refused_settings_name_the_rule(record: OptimizerRecord) -> None:
    """Settings that cannot work are refused with the rule in the message."""
    for refused in record.refused:
        with pytest.raises(InputError, match=re.escape(refused.message)):
            record(**refused.values)
    for lr in (-0.1, "nan", float("inf"), "fast"):
        with pytest.raises(InputError, match="lr"):
            record(lr=lr)


@OPTIMIZERS
def test_a_frozen_parameter_does_not_move(record: OptimizerRecord) -> None:
    """A frozen layer keeps its weights, bit for bit, whatever the optimizer."""
    layers = (layer_named("linear", 4, name="front", frozen=True), layer_named("tanh"), layer_named("linear", 3))
    bench = Bench(Trial(layers, (5,), 4), "float32", optimizer=record(**cases_of(record)[-1]))
    weight = bench.machine.view(bench.tape.parameters["front.weight"])
    before = weight.copy()
    bench.run(len(bench.tape.train))
    assert np.array_equal(weight, before)


def test_betas_come_as_a_pair_or_apart() -> None:
    """Adam takes PyTorch's pair of betas by name and by position, and its parts by name."""
    adam = optimizer_records()["adam"]
    wanted = adam(beta1=0.8, beta2=0.95).values
    assert adam(betas=(0.8, 0.95)).values == wanted
    assert adam(0.001, (0.8, 0.95), 1e-8).values == wanted
    assert adam().with_values(betas=[0.8, 0.95]).values == wanted
    with pytest.raises(InputError, match="twice"):
        adam(0.1, lr=0.2)
