"""Losses, driven by their records: kernels, gradients, scores, decisions and refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from nnplay.errors import InputError
from nnplay.records.layer import Case, Layer
from nnplay.records.loss import Loss, LossRecord
from nnplay.records.registry import loss_records
from tests.records import WIDTHS, Bench, Trial, cases_of, gradient_errors, layer_named, shared_widths

pytestmark = pytest.mark.usefixtures("kernels")
LOSSES = pytest.mark.parametrize("record", loss_records().values(), ids=lambda record: record.name)


def network(record: LossRecord, shape: tuple[int, ...]) -> tuple[Layer, ...]:
    """A network whose output is of that shape and of the kind that the loss takes."""
    front = layer_named("linear", shape[-1], name="front")
    return (front, layer_named(record.ends)) if record.ends else (front,)


def benches(
    record: LossRecord, case: Case, dtypes: Sequence[str], widths: Sequence[int], kind: type[Bench] = Bench
) -> Iterator[Bench]:
    """The case with several sizes of batch, whole and in parts, and those other widths that the loss accepts.

    Args:
        record, case: the loss, and what it is made with.
        dtypes: of a whole batch, and of all others.
        widths: that are tried besides.
        kind: what is made of them.
    """
    whole, others = dtypes
    shapes = [(case.shape, 1, 10**9, others), (case.shape, 6, 10**9, whole), (case.shape, 9, 16, others)]
    if case.shape[-1] != 1:
        shapes += [((*case.shape[:-1], width), 4, 64, others) for width in widths if width > 1]
    loss = record(**case.values)
    for shape, n, share, dtype in shapes:
        if not accepts(loss, shape):
            continue
        yield kind(Trial(network(record, shape), shape, n, share=share), dtype, loss=loss, seed=n)


def accepts(loss: Loss, shape: tuple[int, ...]) -> bool:
    """Whether a loss takes predictions of that shape."""
    try:
        loss.plan(shape)
    except InputError:
        return False
    return True


@LOSSES
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
def test_rows_are_their_definitions(record: LossRecord, every: bool) -> None:
    """Loss, gradient and score equal their definitions, write nothing else and are worked out right, at all sizes.

    The slow one tries each case at each size in float64. In the quick one the cases of a loss share the sizes, and a
    whole batch of each is in float64, in which elements are worked out; all else is in float32.
    """
    cases = cases_of(record)
    for number, case in enumerate(cases):
        widths = WIDTHS if every else [WIDTHS[k] for k in shared_widths(len(cases), number)]
        for bench in benches(record, case, ("float64", "float64" if every else "float32"), widths):
            held = bench.hold_to_definitions(
                lambda row: row.phase == "loss" or (row.phase == "backward" and not row.path)
            )
            assert held >= 3


@LOSSES
def test_gradient_is_the_derivative_of_the_loss(record: LossRecord) -> None:
    """The gradient agrees with central differences of the loss to 1e-5."""
    for case in cases_of(record):
        if not case.exact:
            continue
        trial = Trial(network(record, case.shape), case.shape, 7)
        bench = Bench(trial, "float64", loss=record(**case.values), seed=5)
        for name, error in gradient_errors(bench):
            assert error <= 1e-5, f"{record.name} {dict(case.values)}: gradient of {name} is off by {error:.2g}"


@LOSSES
def test_refused_settings_and_outputs_name_the_rule(record: LossRecord) -> None:
    """What a loss cannot take is refused with the rule in the message."""
    for refused in record.refused:
        with pytest.raises(InputError, match=re.escape(refused.message)):
            record.plan(record(**refused.values).values, refused.shape)


@LOSSES
def test_score_counts_what_decide_decides(record: LossRecord) -> None:
    """The score that the loop counts is the number of rows whose decision is their label; regression has neither."""
    case = cases_of(record)[-1]
    bench = Bench(Trial(network(record, case.shape), case.shape, 9), "float32", loss=record(**case.values), seed=2)
    rows = [number for number, row in enumerate(bench.tape.evaluation) if row.operation.writes == ("score",)]
    classes = record.target in ("labels", "binary", "sequence")
    assert (record.decide is not None) == classes
    assert (record.probabilities is not None) == (record.target in ("labels", "binary"))
    assert bool(rows) == (classes or record.target == "distribution")
    if record.decide is None or record.target == "sequence":
        return
    bench.machine.run_table(bench.eval_table, rows[0] + 1, 1)
    output = bench.machine.view(bench.tape.named["eval.output"], 9)
    right = record.decide(output).ravel() == bench.y.ravel()
    score = float(bench.machine.view(bench.tape.named["eval.score"])[0])
    assert score == pytest.approx(right.mean() * 9, rel=1e-6)


@LOSSES
@pytest.mark.parametrize("classes", [2, 3])
def test_outputs_fit_decisions_and_probabilities(record: LossRecord, classes: int) -> None:
    """For a number of classes, predictions of the stated width give labels in range and probabilities that sum to 1."""
    if record.target == "boxes":
        return
    if record.decide is None:
        assert record.outputs(classes) % classes == 0
        return
    if record.target == "sequence":
        return
    if record.target == "binary" and classes != 2:
        return
    width = record.outputs(classes)
    predictions = np.random.default_rng(0).uniform(0.1, 0.9, (20, width))
    if "softmax" in record.ends:
        predictions /= predictions.sum(axis=1, keepdims=True)
        predictions = np.log(predictions) if record.ends == "log_softmax" else predictions
    assert record.decide is not None
    assert record.probabilities is not None
    labels, chances = record.decide(predictions), record.probabilities(predictions)
    assert set(labels) <= set(range(classes))
    assert chances.shape == (20, classes)
    assert np.allclose(chances.sum(axis=1), 1)
    if record.name != "hinge":
        assert np.array_equal(chances.argmax(axis=1), labels)


@LOSSES
def test_labels_outside_the_outputs_give_no_number(record: LossRecord) -> None:
    """A label that no output stands for makes the loss NaN, and nothing outside the operands is touched."""
    if record.target != "labels":
        return
    shape = (4,)
    bench = Bench(Trial(network(record, shape), shape, 6), "float32", loss=record())
    target = bench.machine.view(bench.tape.named["target"], 6)
    forward, losses = bench.count("data", "forward"), bench.count("data", "forward", "loss")
    for label in (4, 1_000_000, -1, np.nan):
        bench.fill()
        bench.run(forward)
        target[2] = label
        before = bench.machine.memory.copy()
        bench.run(losses + 1, forward)
        assert np.isnan(bench.machine.view(bench.tape.named["loss"])[0])
        written = [slot for row in bench.tape.train[forward : losses + 1] for slot in row.writes]
        rest = np.ones(before.size, bool)
        for slot in written:
            rest[slot.offset : slot.offset + slot.size(6)] = False
        assert np.array_equal(bench.machine.memory[rest], before[rest], equal_nan=True)


FAR_OUT = ["binary_cross_entropy", "binary_cross_entropy_logits", "cross_entropy", "focal", "binary_focal"]


@pytest.mark.parametrize("name", FAR_OUT)
def test_losses_stay_finite_far_out(name: str) -> None:
    """Outputs that are certain, rightly or wrongly, give finite losses and gradients."""
    record = loss_records()[name]
    shape = (3,) if record.target == "labels" else (1,)
    bench = Bench(Trial((layer_named("linear", shape[0], name="front"),), shape, 4), "float32", loss=record())
    forward, last = bench.count("data", "forward"), bench.count("data", "forward", "loss") + 1
    bench.run(forward)
    ends = (0.0, 1.0) if record.ends else (-1e4, 1e4)
    output, target = (bench.machine.view(bench.tape.named[key], 4) for key in ("output", "target"))
    for end in ends:
        output[...] = end
        output[0, 0] = ends[0]
        target.reshape(-1)[:] = [0, 1, 0, 1]
        bench.run(last, forward)
        assert np.isfinite(bench.machine.view(bench.tape.named["loss"])[0])
        assert np.isfinite(bench.machine.view(bench.tape.train[last - 1].writes[0], 4)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0.0, 1e5, -3e4, 1e7])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_keeps_its_digits_far_from_zero(dtype: str, offset: float, smoothing: float) -> None:
    """A constant in front of all logits changes nothing: the loss of offset + [0, 1, 2, 3] is that of [0, 1, 2, 3]."""
    record = loss_records()["cross_entropy"]
    bench = Bench(Trial(network(record, (4,)), (4,), 3), dtype, loss=record(label_smoothing=smoothing))
    forward, last = bench.count("data", "forward"), bench.count("data", "forward", "loss")
    bench.run(forward)
    bench.machine.view(bench.tape.named["output"], 3)[...] = np.arange(4) + offset
    bench.machine.view(bench.tape.named["target"], 3)[...] = 1
    bench.run(last, forward)
    logs = np.arange(4) - np.log(np.exp(np.arange(4)).sum())
    wanted = -(1 - smoothing) * logs[1] - smoothing * logs.mean()
    found = float(bench.machine.view(bench.tape.named["loss"])[0])
    assert found == pytest.approx(wanted, rel=3e-7)


def loss_of(name: str, output: list[float], label: int, **values: float) -> float:
    """The float32 loss of one row."""
    record, width = loss_records()[name], len(output)
    bench = Bench(Trial(network(record, (width,)), (width,), 1), "float32", loss=record(**values))
    forward, last = bench.count("data", "forward"), bench.count("data", "forward", "loss")
    bench.run(forward)
    bench.machine.view(bench.tape.named["output"], 1)[...] = output
    bench.machine.view(bench.tape.named["target"], 1)[...] = label
    bench.run(last, forward)
    return float(bench.machine.view(bench.tape.named["loss"])[0])


@pytest.mark.parametrize(("logit", "label"), [(10.0, 1), (-10.0, 0), (40.0, 1), (10.0, 0)])
def test_binary_cross_entropy_keeps_its_digits_where_it_is_small(logit: float, label: int) -> None:
    """A row that is nearly certain and right costs e^−|z| and not the rounding of z."""
    wanted = np.log1p(np.exp(-abs(logit))) + (abs(logit) if (logit > 0) != bool(label) else 0.0)
    assert loss_of("binary_cross_entropy_logits", [logit], label) == pytest.approx(wanted, rel=1e-6)


def test_the_margin_of_a_hinge_keeps_its_digits_far_from_zero() -> None:
    """Scores that differ by exact amounts are compared before the margin is added."""
    assert loss_of("hinge", [1e5 + 1.0, 1e5 + 1.25], 1, margin=0.3) == pytest.approx(0.05 / 2, rel=1e-5)
