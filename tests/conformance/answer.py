"""The engine's answer to a question: its record and settings are found, its rows run on the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nnplay.errors import InputError, Problems
from nnplay.records.layer import Layer, LayerRecord
from nnplay.records.registry import layer_records, loss_records
from tests.conformance.answer_loss import known_losses, loss
from tests.conformance.attention import attend
from tests.conformance.compositions import composition_of
from tests.conformance.encoder import blocks_of
from tests.conformance.in_our_words import in_our_words
from tests.conformance.layout import LastState, Layout, layout_for
from tests.conformance.off import BACKWARD, FORWARD, MOST_AXES, off_by
from tests.conformance.question import CannotExpressError, Outcome, Question, Verdict
from tests.conformance.scope import outside
from tests.conformance.sequence_loss import spelling_loss
from tests.conformance.twin_search import settings_for
from tests.records import Bench, Trial, layer_named

Array = NDArray[Any]


def answer(question: Question) -> Outcome:
    """What the engine makes of it."""
    try:
        if question.refused:
            raise CannotExpressError(question.refused)
        if question.inputs[0].numel() == 0:
            raise CannotExpressError("an input without numbers")
        said = in_our_words(question)
        reason = _asked(said)
    except CannotExpressError as problem:
        return _left_out(question, str(problem))
    except (InputError, Problems) as problem:
        what = problem.what if isinstance(problem, InputError) else str(problem)
        return _left_out(question, f"refused: {what}")
    except Exception as problem:  # nothing that fails is left out of the tables
        reason = f"{type(problem).__name__}: {str(problem)[:80]}"
    return _outcome("different" if reason else "same", question, reason)


def _asked(question: Question) -> str:
    """How far off the engine is, of one layer or loss or of several; empty where it is not."""
    made = composition_of(question.path)
    try:
        return _asked_whole(question)
    except (CannotExpressError, InputError, Problems):
        if made is None or _draws(question):
            raise
    return next(filter(None, (off_by(*one, 1.0, FORWARD) for one in made(question))), "")


def _draws(question: Question) -> bool:
    """Whether numbers are dropped at random."""
    given = question.arguments
    share = given["encoder_layer"].dropout.p if "encoder_layer" in given else given.get("dropout", 0.1)
    return question.training and question.path.startswith("nn.Transformer") and share > 0


def _asked_whole(question: Question) -> str:
    """How far off one layer or loss is; empty where it is not."""
    if question.path == "attention":
        return off_by("output", attend(*question.inputs, **question.arguments), question.result(), 1.0, FORWARD)
    if question.path.startswith("nn.TransformerEncoder"):
        return encoder(question)
    if question.path == "nn.functional.ctc_loss":
        return off_by("loss", spelling_loss(question), question.result(), 1.0, FORWARD)
    return loss(question) if question.path in known_losses() else _layer(question)


def _left_out(question: Question, reason: str) -> Outcome:
    """A case that cannot be expressed, or that has no place in a playground."""
    if subject := outside(question, reason):
        return _outcome("outside", question, subject)
    return _outcome("cannot", question, reason)


def _outcome(verdict: Verdict, question: Question, reason: str) -> Outcome:
    return Outcome(verdict, question.source, question.name, question.path, reason)


def _records(path: str, axes: int) -> Iterator[LayerRecord]:
    for record in layer_records().values():
        if record.twin is not None and not record.contains and record.twin.path_for((1,) * (axes + 1)) == path:
            yield record


def known_paths() -> frozenset[str]:
    """Every class and function that some record has for a twin."""
    twins = [record.twin for record in (*layer_records().values(), *loss_records().values()) if record.twin is not None]
    return frozenset(twin.path_for((1,) * (axes + 1)) for twin in twins for axes in (1, 2, 3))


def encoder(question: Question) -> str:
    """The blocks of a transformer's encoder, of our layers: forwards alone."""
    x, told = question.inputs[0], blocks_of(question)
    batched = x[None] if x.dim() == 2 else x if told.first else x.transpose(0, 1)
    front = layer_named("linear", x.shape[-1], name="front")
    bench = Bench(Trial((front, *told.layers), tuple(batched.shape[1:]), len(batched)), "float32")
    found = {planned.path: planned.layer for planned in bench.plan.layers}
    for path, prefix in told.names.items():
        own = {name.removeprefix(prefix): one for name, one in question.tensors.items() if name.startswith(prefix)}
        _put_in(bench, path, found[path].record.twin, found[path].values, replace(question, tensors=own))
    rows, view = bench.table.rows, bench.machine.view
    own = next(k for k, row in enumerate(rows) if row.path.startswith("1"))
    bench.run(own)
    view(bench.tape.layout.find("front.output"), bench.n)[...] = batched.detach().numpy()
    bench.run(bench.count("data", "forward"), own)
    y = torch.tensor(view(bench.tape.named["output"], bench.n))
    return off_by("output", y if told.first or x.dim() == 2 else y.transpose(0, 1), question.result(), 1.0, FORWARD)


# -- layers ------------------------------------------------------------------------------------------------------------


def _layer(question: Question) -> str:
    x = question.inputs[0]
    if x.numel() == 0 or 0 in x.shape:
        raise CannotExpressError("an input without numbers")
    if not x.dtype.is_floating_point and question.path != "nn.Embedding":
        raise CannotExpressError(f"numbers of type {str(x.dtype).removeprefix('torch.')}")
    problems: list[CannotExpressError | InputError | Problems] = []
    for axes in (1, 2, 3):
        for record in _records(question.path, axes):
            try:
                return _one_layer(question, record)
            except (CannotExpressError, InputError, Problems) as problem:
                problems.append(problem)
        if problems:
            break
    raise problems[0] if problems else CannotExpressError("no layer or loss")


def _one_layer(question: Question, record: LayerRecord) -> str:
    twin = record.twin
    assert twin is not None
    layout = layout_for(twin, question.path, question.arguments, question.inputs[0])
    given = question.inputs
    if twin.order:
        first = [twin.order.index(k) for k in range(1 + max(twin.order))]  # where each of our inputs stands there
        if any(given[place] is not given[first[k]] for place, k in enumerate(twin.order)):
            raise CannotExpressError("inputs that are not the same")
        given = tuple(given[place] for place in first)
    count = len(given)
    if any(x.shape[1:] != given[0].shape[1:] for x in given[1:]) and not (twin.listed or twin.order):
        raise CannotExpressError("inputs of several shapes")
    xs = [layout.inward(x) for x in given]
    if count > 1 and not record.joins:
        raise CannotExpressError("several inputs")
    shapes = tuple(tuple(int(size) for size in x.shape[1:]) for x in xs)
    if max(map(len, shapes)) > MOST_AXES:
        raise CannotExpressError(f"more than {MOST_AXES} axes in a row")
    if not all(shapes):
        raise CannotExpressError("an input without axes")
    values = settings_for(record, layout.arguments, shapes if record.joins else shapes[0])
    if "sequence" in next((field.choices for field in record.fields if field.name == "output"), ()):
        values = {**values, "output": "sequence"}  # all that PyTorch returns
    if twin.random and question.training:
        raise CannotExpressError("random numbers of its own")
    bench, path = _bench(record, values, xs, shapes)
    _put_in(bench, path, twin, values, question)
    return _compare(bench, path, question, layout, xs, values)


def _bench(record: LayerRecord, values: Mapping[str, Any], xs: list[Any], shapes: tuple[Any, ...]) -> tuple[Bench, str]:
    """A machine for the layer, behind layers that are trained, so that there are gradients of its inputs."""
    tested: Layer
    if record.joins:
        tested = record(*([layer_named("linear", shape[-1])] for shape in shapes), **values)
    else:
        tested = record(**values)
    tokens = record.name == "embedding"
    layers = (tested,) if tokens else (layer_named("linear", shapes[0][-1], name="front"), tested)
    trial = Trial(layers, shapes[0], len(xs[0]), tokens=2 if tokens else 0)
    return Bench(trial, "float32"), "0" if tokens else "1"


def _inputs_of(bench: Bench, path: str, count: int) -> list[str]:
    if path == "0":
        return ["input"]
    return ["front.output"] if count == 1 else [f"{path}.{k}.0.output" for k in range(count)]


def _put_in(bench: Bench, path: str, twin: Any, values: Mapping[str, Any], question: Question) -> None:
    """Gives the layer the parameters and running statistics of the question."""
    view = bench.machine.view
    for name, slot in bench.tape.parameters.items():
        own = name.rpartition(".")
        if own[0] != path:
            continue
        for place in twin.places(own[2], slot.at(1), values):
            theirs = question.tensors.get(place.name)
            if theirs is None:
                raise CannotExpressError(f"no {place.name}")
            array = theirs.detach().numpy()[place.into]
            view(slot)[place.part] = array.reshape(
                [view(slot)[place.part].shape[axis] for axis in place.axes]
            ).transpose(np.argsort(place.axes))
    for name in bench.tape.buffers:
        theirs = question.tensors.get(name.rpartition(".")[2])
        if theirs is not None:
            view(bench.tape.layout.find(name))[...] = theirs.detach().numpy()


def _compare(
    bench: Bench, path: str, question: Question, layout: Layout, xs: list[Any], values: Mapping[str, Any]
) -> str:
    """How far off the engine is; empty where it is not."""
    twin = bench.plan.layers[-1].layer.record.twin
    assert twin is not None
    n, view, find = len(xs[0]), bench.machine.view, bench.tape.layout.find
    given = layout.result(question.result())
    result = given if isinstance(given, LastState) else twin.output(given, values)
    outward = layout.output or layout.outward
    evaluated = bench.plan.layers[-1].plan.evaluate is not None and not question.training
    names = _inputs_of(bench, path, len(xs))
    table, prefix = (bench.eval_table, "eval.") if evaluated else (bench.table, "")
    forward = [k for k, row in enumerate(table.rows) if row.phase == "forward"]
    own = next((k for k in forward if table.rows[k].path == path), forward[-1] + 1)
    bench.machine.run_table(
        table, own, len(bench.tape.stages[0].eval_sources) if evaluated else 0
    )  # rows of data that nobody gave
    for name, x in zip(names, xs, strict=True):
        place = bench.tape.named["input"] if name == "input" else find(prefix + name)
        view(place, n)[...] = x.detach().numpy()
    bench.machine.run_table(table, forward[-1] + 1, own)
    y = outward(torch.tensor(view(find(f"{prefix}{path}.output"), n)))
    if isinstance(result, LastState):
        y, result = result.of(y), result.state
    largest = max(float(x.detach().abs().max()) for x in xs)
    if reason := off_by("output", y, result, largest, FORWARD):
        return reason
    if not question.slopes or evaluated or path == "0":
        return ""
    return _slopes(bench, path, question, layout, names, result, values)


def _slopes(
    bench: Bench,
    path: str,
    question: Question,
    layout: Layout,
    names: list[str],
    result: Any,
    values: Mapping[str, Any],
) -> str:
    """The same for the gradients of inputs and parameters, for random gradients of the output."""
    n, view, find = bench.n, bench.machine.view, bench.tape.layout.find
    if not (torch.is_tensor(result) and result.requires_grad):
        return ""
    dy = np.random.default_rng(1).normal(size=view(find(f"{path}.output"), n).shape).astype(np.float32)
    wanted = list(question.inputs[: len(names)])
    tensors = {name: one for name, one in question.tensors.items() if one is not None and one.requires_grad}
    found = torch.autograd.grad(
        result, [*(x for x in wanted if x.requires_grad), *tensors.values()],
        # contiguous: PyTorch's instance_norm is wrong for gradients with channels last
        (layout.output or layout.outward)(torch.tensor(dy)).reshape(result.shape).contiguous(), allow_unused=True,
    )  # fmt: skip
    begin = bench.count("data", "forward", "loss")
    rows = bench.table.rows
    own = next(k for k in range(begin, len(rows)) if rows[k].path == path)
    bench.run(own, begin)
    view(find(f"d{path}.output"), n)[...] = dy
    bench.run(bench.count("data", "forward", "loss", "backward"), own)
    slopes = dict(zip([*(f"input {k}" for k, x in enumerate(wanted) if x.requires_grad), *tensors], found, strict=True))
    for k, name in enumerate(names):
        theirs = slopes.get(f"input {k}")
        ours = layout.outward(torch.tensor(view(find(f"d{name}"), n))) if theirs is not None else None
        if theirs is not None and (reason := off_by("gradient of the input", ours, theirs, 1.0, BACKWARD)):
            return reason
    return _parameter_slopes(bench, path, slopes, values)


def _parameter_slopes(bench: Bench, path: str, slopes: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    twin = bench.plan.layers[-1].layer.record.twin
    assert twin is not None
    for name, slot in bench.tape.parameters.items():
        own = name.rpartition(".")
        if own[0] != path:
            continue
        for place in twin.places(own[2], slot.at(1), values):
            theirs = slopes.get(place.name)
            if theirs is not None:
                ours = bench.machine.view(bench.tape.layout.find(f"d{name}"))[place.part].transpose(place.axes)
                if reason := off_by(
                    f"gradient of {place.name}", torch.tensor(ours.copy()), theirs[place.into], 1.0, BACKWARD
                ):
                    return reason
    return ""
