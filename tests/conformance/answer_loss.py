"""The engine's answer to a loss: its record and settings are found, its rows run on the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch

from nnplay.errors import InputError, Problems
from nnplay.records.loss import Loss, LossRecord
from nnplay.records.registry import loss_records
from tests.conformance.off import FORWARD, MOST_AXES, off_by
from tests.conformance.question import CannotExpressError, Question
from tests.conformance.twin_search import settings_for
from tests.records import Bench, Trial, layer_named


@cache
def known_losses() -> Mapping[str, tuple[LossRecord, ...]]:
    """The losses that have a function of PyTorch for their twin, by its path."""
    found: dict[str, tuple[LossRecord, ...]] = {}
    for record in loss_records().values():
        if record.twin is not None:
            found[record.twin.path] = (*found.get(record.twin.path, ()), record)
    return found


def loss(question: Question) -> str:
    """How far off the loss of a question is; empty where it is not."""
    problems: list[CannotExpressError | InputError | Problems] = []
    for record in known_losses()[question.path]:
        try:
            return _one_loss(question, record)
        except (CannotExpressError, InputError, Problems) as problem:
            problems.append(problem)
    raise problems[0]


def _one_loss(question: Question, record: LossRecord) -> str:
    prediction, target = question.inputs[:2]
    if prediction.numel() == 0:
        raise CannotExpressError("an input without numbers")
    if prediction.dim() == 0:
        raise CannotExpressError("an input without axes")
    numbered = not target.dtype.is_floating_point
    turned, moved = (
        _by_class(prediction, target, numbered) if record.target == "labels" else _by_number(prediction, target, record)
    )
    shape = tuple(int(size) for size in turned.shape[1:])
    if len(shape) > MOST_AXES:
        raise CannotExpressError(f"more than {MOST_AXES} axes in a row")
    settings = settings_for(record, question.arguments, shape)
    if record.target == "labels" and not numbered:
        field = next((one for one in record.fields if one.name == "targets"), None)
        if field is None:
            raise CannotExpressError("targets that are probabilities")
        settings = {**settings, "targets": next(word for word in field.choices if word != "labels")}
    return _loss_of(question, record(**settings), turned, moved)


def _by_class(prediction: Any, target: Any, numbered: bool) -> tuple[Any, Any]:
    """Classes are last; targets are numbers of classes, or a number for each of them. Further axes may be one."""
    if prediction.dim() > MOST_AXES:
        prediction = prediction.flatten(2)
        target = target.flatten(1 if numbered else 2)
    if not numbered:
        return _batched(prediction).movedim(1, -1), _batched(target).movedim(1, -1)
    turned = _batched(prediction).movedim(1, -1)
    if target.numel() * turned.shape[-1] != turned.numel():
        raise CannotExpressError("targets of another shape")
    return turned, target.reshape(turned.shape[:-1])


def _by_number(prediction: Any, target: Any, record: LossRecord) -> tuple[Any, Any]:
    """Number by number, or several outputs for each target."""
    if prediction.dim() == target.dim() == 2 and record.outputs(target.shape[1]) == prediction.shape[1]:
        return prediction, target
    if prediction.shape != target.shape:
        prediction, target = torch.broadcast_tensors(prediction, target)
    rows = prediction.shape[0]
    return prediction.reshape(rows, -1), target.reshape(rows, -1)


def _loss_of(question: Question, chosen: Loss, turned: Any, target: Any) -> str:
    ours, shape = _given(chosen, turned, target), tuple(int(size) for size in turned.shape[1:])
    bench = Bench(Trial((layer_named("linear", shape[-1], name="front"),), shape, len(turned)), "float32", loss=chosen)
    view, named = bench.machine.view, bench.tape.named
    forward = bench.count("data", "forward")
    bench.run(forward)
    view(named["output"], bench.n)[...] = ours.detach().numpy()
    place = view(named["target"], bench.n)
    place[...] = target.detach().numpy().reshape(place.shape)
    bench.run(bench.count("data", "forward", "loss"), forward)
    wanted = question.result()
    if wanted.numel() != 1:
        raise CannotExpressError("a loss for each row")
    return off_by("loss", torch.tensor(view(named["loss"])).reshape(wanted.shape), wanted, 1.0, FORWARD)


def _batched(one: Any) -> Any:
    return one[None] if one.dim() == 1 else one


def _given(loss: Loss, turned: Any, target: Any) -> Any:
    """Our prediction for PyTorch's: the one that the twin turns into it."""
    twin = loss.record.twin
    assert twin is not None
    width = turned.shape[-1]
    flat, labels = turned.reshape(-1, width), target.reshape(-1) if loss.target == "labels" else target
    for inverse in (lambda p: p, torch.exp):
        made = twin.loss_inputs(inverse(flat), labels, loss.values)[0]
        own = flat if loss.target == "labels" else flat[..., : made.shape[-1]]  # a likelihood has variances behind
        if made.shape == own.shape and torch.allclose(made, own, atol=1e-5, equal_nan=True):
            return inverse(turned)
    raise CannotExpressError("predictions that are no logarithms of probabilities")
