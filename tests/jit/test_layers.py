"""Layers, driven by their records: kernels, gradients, explanations and refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.registry import layer_records, loss_records, optimizer_records
from nnplay.tape.machines.interpreter import results_of
from tests.records import (
    BATCHES,
    WIDTHS,
    Bench,
    Trial,
    accepts,
    cases_of,
    close,
    gradient_errors,
    layer_named,
    layers_with_rows,
    network_of,
    shared_widths,
    tape_of,
    trials,
)

pytestmark = pytest.mark.usefixtures("kernels")
LAYERS = pytest.mark.parametrize("record", layers_with_rows(), ids=lambda record: record.name)
DTYPES = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
#: Steep and flat places of activations, and both ends.
MARKS = (-1e4, -100.0, -20.0, -5.0, -1.0, -1e-3, -1e-30, 0.0, 1e-30, 1e-3, 1.0, 2.0, 5.0, 20.0, 100.0, 1e4)


@LAYERS
@DTYPES
def test_rows_are_their_definitions(record: LayerRecord, dtype: str) -> None:
    """Every row equals its definition, adds where asked, writes nothing else and is worked out right, at all sizes.

    The slow one tries each case at each size. In the quick one the cases share the sizes; the first one comes in each
    batch, the others as a single row and as several that are cut into parts by turns.
    """
    cases, slow = cases_of(record), dtype == "float64"
    for number, case in enumerate(cases):
        widths = range(len(WIDTHS)) if slow else shared_widths(len(cases), number)
        batches = BATCHES if slow or number == 0 else (BATCHES[1 + number % 2],)
        for trial in trials(record, case, widths, batches):
            bench = Bench(trial, dtype, seed=trial.n)
            tested = bench.plan.layers[-1].path
            held = bench.hold_to_definitions(lambda row, path=tested: row.path == path)
            assert held >= 2, f"{record.name} has no rows for {trial}"


@LAYERS
def test_backward_is_the_derivative_of_forward(record: LayerRecord) -> None:
    """Gradients behind and inside a layer agree with central differences to 1e-5."""
    for case in cases_of(record):
        if not case.exact:
            continue
        layers, shape = network_of(record, case)
        bench = Bench(Trial(layers, shape, 3, tokens=case.tokens), "float64", seed=5)
        for name, error in gradient_errors(bench):
            assert error <= 1e-5, f"{record.name} {dict(case.values)}: gradient of {name} is off by {error:.2g}"


@LAYERS
def test_refused_inputs_name_the_rule(record: LayerRecord) -> None:
    """What a layer cannot do is refused with the rule in the message."""
    for refused in record.refused:
        with pytest.raises(InputError, match=re.escape(refused.message)):
            record.plan(record(**refused.values).values, refused.shape)


@LAYERS
def test_every_record_explains_itself(record: LayerRecord) -> None:
    """Each record says what the layer is for, and each of its rows has formula and words of at most two sentences."""
    assert record.about
    assert record.torch
    for case in cases_of(record):
        layers, shape = network_of(record, case)
        tape = tape_of(
            Trial(layers, shape, 1, tokens=case.tokens), loss_records()["mse"](), optimizer_records()["sgd"]()
        )
        for row in tape.train:
            assert row.operation.formula
            assert 1 <= len(re.findall(r"[.!?](?:\s|$)", row.operation.words)) <= 3, row.operation.words


def test_a_record_without_cases_fails() -> None:
    """A new layer that brings no cases cannot slip through the tests."""
    with pytest.raises(AssertionError, match="no cases"):
        cases_of(replace(layer_records()["relu"], cases=()))


@pytest.mark.parametrize(
    "record", [r for r in layers_with_rows() if r.family == "activation"], ids=lambda record: record.name
)
@DTYPES
def test_activations_at_their_ends(record: LayerRecord, dtype: str) -> None:
    """Activations equal their definitions far out and next to 0, and NaN comes out as NaN."""
    layers, _ = network_of(record, Case(cases_of(record)[0].values, (len(MARKS),)))
    bench = Bench(Trial(layers, (len(MARKS),), 1), dtype)
    row = next(row for row in bench.tape.train if row.path == "1")
    number = bench.tape.train.index(row)
    x, y = bench.machine.view(row.reads[0], 1), bench.machine.view(row.writes[0], 1)
    for marks in (np.array(MARKS), np.full(len(MARKS), np.nan)):
        x[...] = marks
        with np.errstate(all="ignore"):
            wanted = results_of(bench.machine, bench.table, number, exact=True)[0]
        bench.run(number + 1, number)
        for found, right in zip(y.ravel(), wanted.ravel(), strict=True):
            close(np.array([found]), np.array([right]), dtype, f"{record.name} near {right:.3g}")


def test_float64_has_the_accuracy_of_float64() -> None:
    """In float64 every activation equals its definition to a few units in the last place, far below 0 too."""
    grid = np.concatenate([np.linspace(-12, 12, 97), -np.logspace(-30, 1, 31)])
    for record in layers_with_rows():
        values = cases_of(record)[0].values
        if record.family != "activation" or not accepts((record(**values),), (grid.size,)):
            continue
        bench = Bench(Trial((record(**values),), (grid.size,), 1), "float64")
        number, row = next((k, row) for k, row in enumerate(bench.tape.train) if row.path == "0")
        x, y = bench.machine.view(row.reads[0], 1), bench.machine.view(row.writes[0], 1)
        x[...] = grid
        wanted = results_of(bench.machine, bench.table, number, exact=True)[0]
        bench.run(number + 1, number)
        np.testing.assert_allclose(y, wanted, rtol=4e-15, atol=4e-15, err_msg=record.name)


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    """About p of the numbers become 0, the others grow so that the mean stays, and every step draws anew."""
    bench = Bench(Trial((layer_named("linear", 50, name="front"), layer_named("dropout", 0.3)), (4,), 200), "float32")
    mask = bench.machine.view(bench.tape.layout.find("1.mask"), 200)
    masks: list[Any] = []
    for step in (0, 1):
        bench.machine.clock = bench.machine.clock._replace(step=step)
        bench.run(bench.count("data", "forward"))
        masks.append(mask.copy())
    assert abs((masks[0] == 0).mean() - 0.3) < 0.02
    assert abs(masks[0].mean() - 1) < 0.03
    assert (masks[0] != masks[1]).mean() > 0.3


def test_two_dropouts_draw_different_numbers() -> None:
    """Each layer has its own stream of random numbers."""
    layers = (layer_named("linear", 50, name="front"), layer_named("dropout", 0.5), layer_named("dropout", 0.5))
    bench = Bench(Trial(layers, (4,), 20), "float32")
    bench.run(bench.count("data", "forward"))
    first, second = (bench.machine.view(bench.tape.layout.find(f"{k}.mask"), 20) for k in (1, 2))
    assert 0.4 < (first == second).mean() < 0.6


@pytest.mark.parametrize("offset", [1e5, -3e4, 1e7])
def test_log_softmax_keeps_its_digits_far_from_zero(offset: float) -> None:
    """A constant in front of all inputs changes nothing, as far as float32 holds the inputs themselves."""
    bench = Bench(Trial((layer_named("log_softmax"),), (4,), 2), "float32")
    forward = bench.count("data")
    bench.run(forward)
    bench.machine.view(bench.tape.named["input"], 2)[...] = np.arange(4) + offset
    bench.run(bench.count("data", "forward"), forward)
    wanted = np.arange(4) - np.log(np.exp(np.arange(4)).sum())
    np.testing.assert_allclose(bench.machine.view(bench.tape.named["output"], 2)[0], wanted, rtol=3e-7)
