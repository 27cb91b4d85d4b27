"""Claims about what layers say of themselves: the health rules and breakpoints rely on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from nnplay.fields import fill
from nnplay.layers._elementwise import elementwise
from nnplay.records.definitions import run_definitions
from nnplay.records.init_schemes import DEFAULT, first_values
from nnplay.records.layer import Case, LayerRecord
from nnplay.records.registry import layer_records

BELOW = -np.array([0.5, 3.0, 60.0])
ABOVE = -BELOW


@cache
def activations() -> dict[str, tuple[LayerRecord, dict[str, Any], Callable[[Any], Any]]]:
    """Every layer that treats each number alike, with the values of each test case: its name, and the function."""
    found = {}
    for name, record in layer_records().items():
        for number, case in enumerate(() if record.joins or record.contains else record.cases):
            values = fill(record.fields, case.values, name)
            operation = record.plan(values, case.shape).forward[0].operation
            if operation.kernel.function.__module__ != elementwise.__module__ or not case.exact:
                continue  # an activation whose gradient is made up (a step) is neither dead nor saturated
            reference = operation.reference
            settings = [np.asarray(values[field.name]) for field in record.fields if field.live]
            found[f"{name} {number}"] = record, values, lambda x, f=reference, s=settings: f(x, *s)
    return found


def test_a_layer_that_is_off_below_zero_says_so_and_no_other() -> None:
    """`rectifies` stands on exactly those activations that give 0 for negative numbers, and are not 0 above."""
    for name, (record, _, function) in activations().items():
        assert record.traits.rectifies == (not function(BELOW).any() and bool(function(ABOVE).all())), name


def test_an_activation_that_is_flat_at_both_ends_says_where() -> None:
    """`bounds` are the limits of the function on both sides, and only functions without such limits leave them out."""
    for name, (record, values, function) in activations().items():
        low, high = function(np.array([-500.0, -1000.0])), function(np.array([500.0, 1000.0]))
        flat = np.ptp(low) < 1e-9 and np.ptp(high) < 1e-9 and low[0] != high[0]
        assert (record.traits.bounds is not None) == flat, name
        if record.traits.bounds is not None:
            assert record.traits.bounds(values) == pytest.approx((low[0], high[0]), abs=1e-9), name


def test_weights_follow_the_activation_where_init_may_be_auto() -> None:
    """`follows_activation` stands on exactly those layers whose weights begin as `auto` says."""
    auto = {
        name
        for name, record in layer_records().items()
        if any(field.name == "init" and field.default == "auto" for field in record.fields)
    }
    assert {name for name, record in layer_records().items() if record.traits.follows_activation} == auto != set()


def test_the_claims_above_look_at_the_usual_activations() -> None:
    """ReLU, tanh, sigmoid and hardtanh with several limits are among those looked at."""
    names = {name.split()[0] for name in activations()}
    assert {"relu", "tanh", "sigmoid", "hardtanh", "leaky_relu", "softplus"} <= names


def test_layers_that_take_steps_alone_do() -> None:
    """A layer that says so makes of one step alone what it makes of it among others: its definitions show it."""
    tried = set()
    for name, record in layer_records().items():
        for case in () if record.contains or not record.takes_steps_alone else record.cases:
            shapes = tuple(shape if len(shape) > 1 or case.tokens else (3, *shape) for shape in case.shapes)
            if any(len(shape) > 2 or len(shape) != len(case.shapes[0]) for shape in case.shapes):
                continue
            tried.add(name)
            whole = outputs(record, case, shapes)
            alone = outputs(record, case, tuple((1, *shape[1:]) for shape in shapes))
            np.testing.assert_allclose(alone[:, 0], whole[:, 0], err_msg=f"{name} {dict(case.values)}")
    assert {"linear", "layer_norm", "embedding", "sum", "concat", "dropout", "gelu", "softmax"} <= tried


def outputs(record: LayerRecord, case: Case, shapes: tuple[tuple[int, ...], ...]) -> Any:
    """What a layer answers in evaluation, of the same numbers whatever the number of steps."""
    values = fill(record.fields, case.values, record.name)
    plan = record.plan(values, shapes if record.joins else shapes[0])
    operands = {item.name: np.array([float(values[item.name])]) for item in record.fields if item.live}
    for key, parameter in plan.parameters.items():
        operands[key] = first_values(parameter, DEFAULT, 0, 0)
    operands |= {key: np.full(shape, start) for key, (shape, start) in plan.buffers.items()}
    for k, shape in enumerate(shapes):
        steps = np.random.default_rng(k).normal(size=(9, 2, *shape[1:]))
        if case.tokens:
            steps = np.random.default_rng(k).integers(0, case.tokens, (9, 2)).astype(float)
        x = steps[: shape[0]].swapaxes(0, 1)
        operands |= {f"x{k}": x} | ({"x": x} if k == 0 else {})
    return run_definitions(plan.evaluate or plan.forward, operands)["y"]
