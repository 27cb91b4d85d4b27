"""Losses that are sums over rows with weights of their own, and losses of what a few layers make of two inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from nnplay.records.registry import loss_records
from tests.conformance.layer_by_layer import run
from tests.conformance.question import CannotExpressError, Question
from tests.records import Bench, Trial, layer_named

Compared = Iterator[tuple[str, Any, Any]]


def weighed(kind: str, rows: Any, targets: Any, weights: Any = None, **values: Any) -> Any:
    """The sum of a loss's costs of `rows` (R, C), each times its weight; what weighs less than 0 is taken off."""
    weights = torch.ones(len(rows)) if weights is None else weights.detach()
    whole = torch.zeros(())
    for sign in (1.0, -1.0):
        chosen = weights * sign > 0
        if chosen.any():
            whole = whole + sign * _sum(kind, rows[chosen], targets[chosen], sign * weights[chosen], values)
    return whole


def _sum(kind: str, rows: Any, targets: Any, weights: Any, values: Any) -> Any:
    loss = loss_records()[kind](reduction="sum", **values)
    shape = tuple(int(size) for size in rows.shape[1:])
    front = layer_named("linear", shape[-1], name="front")
    bench = Bench(Trial((front,), shape, len(rows)), "float32", loss=loss, weighted=True)
    view, named, forward = bench.machine.view, bench.tape.named, bench.count("data", "forward")
    bench.run(forward)
    for name, one in (("output", rows), ("target", targets), ("weight", weights)):
        place = view(named[name], bench.n)
        place[...] = one.detach().float().numpy().reshape(place.shape)
    bench.run(bench.count("data", "forward", "loss"), forward)
    return torch.tensor(view(named["loss"])).reshape(())


def _whole(question: Question, costs: Any, count: float) -> Compared:
    """The sum, or the mean over so many; costs that are not reduced are compared by their sum."""
    reduction = question.arguments.get("reduction", "mean")
    wanted = question.result()
    yield "loss", costs / count if reduction == "mean" else costs, wanted.sum() if reduction == "none" else wanted


# -- weights that come with the data -----------------------------------------------------------------------------------


def binary(question: Question) -> Compared:
    """Every number is a row for class 1 and one for class 0, which weigh what their target says."""
    given, (z, target) = question.arguments, question.inputs[:2]
    logits = question.path.endswith("logits")
    weight = given.get("weight", question.tensors.get("weight"))
    positive = given.get("pos_weight", question.tensors.get("pos_weight"))
    each = torch.ones_like(z) if weight is None else weight.expand_as(z)
    one = each * target * (1.0 if positive is None else positive)
    rows, labels = z.reshape(-1, 1).repeat(2, 1), torch.tensor([1.0, 0.0]).repeat_interleave(z.numel())
    weights = torch.cat([one.reshape(-1), (each * (1 - target)).reshape(-1)])
    kind = "binary_cross_entropy_logits" if logits else "binary_cross_entropy"
    yield from _whole(question, weighed(kind, rows, labels, weights), z.numel())


def classes(question: Question) -> Compared:
    """Every class of a row is a row of its own, which weighs what the target and the class say."""
    given, (z, target) = question.arguments, question.inputs[:2]
    z = z[None] if z.dim() == 1 else z
    rows = z.movedim(1, -1).reshape(-1, z.shape[1])
    weight = given.get("weight", question.tensors.get("weight"))
    weight = torch.ones(rows.shape[1]) if weight is None else weight
    smoothing = given.get("label_smoothing", 0.0)
    if target.dtype.is_floating_point:
        target = target[None] if target.dim() == 1 else target
        wanted, kept = target.movedim(1, -1).reshape(rows.shape), torch.ones(len(rows))
        counted = torch.ones(len(rows))
    else:
        labels = target.reshape(-1)
        kept = (labels != (-100 if given.get("ignore_index") is None else given["ignore_index"])).float()
        wanted = torch.nn.functional.one_hot(labels * kept.long(), rows.shape[1]).float()
        counted = weight[labels * kept.long()] * kept
    wanted = wanted * (1 - smoothing) + smoothing / rows.shape[1]
    each = (wanted * weight * kept[:, None]).reshape(-1)
    numbers = torch.arange(rows.shape[1]).repeat(len(rows))
    kind = "cross_entropy" if question.path.endswith("cross_entropy") else "nll"
    costs = weighed(kind, rows.repeat_interleave(rows.shape[1], 0), numbers, each)
    yield from _whole(question, costs, float(counted.sum()))


def margins(question: Question) -> Compared:
    """Every row weighs what its class does."""
    given, (z, target) = question.arguments, question.inputs[:2]
    rows, labels = z.reshape(-1, z.shape[-1] if z.dim() else 1), target.reshape(-1)
    if rows.shape[1] < 2:
        raise CannotExpressError("one class alone")
    weight = given.get("weight", question.tensors.get("weight"))
    settings = {"margin": given.get("margin", 1.0), "p": given.get("p", 1)}
    costs = weighed("hinge", rows, labels, None if weight is None else weight[labels], **settings)
    yield from _whole(question, costs, len(rows))


def several_margins(question: Question) -> Compared:
    """Every label of a row against all classes that are none of its labels: a hinge of these scores."""
    z, target = question.inputs[:2]
    rows, labels = (
        z.reshape(-1, z.shape[-1] if z.dim() else 1),
        target.reshape(-1, target.shape[-1] if target.dim() else 1),
    )
    costs, count = torch.zeros(()), rows.shape[1]
    for row, given in zip(rows, labels.tolist(), strict=True):
        own = given[: given.index(-1)] if -1 in given else given
        others = [k for k in range(count) if k not in own]
        for label in own if others else []:
            scores = torch.stack([row[label], *(row[k] for k in others)])[None]
            costs = costs + weighed("hinge", scores, torch.zeros(1)) * (1 + len(others)) / count
    yield from _whole(question, costs, len(rows))


# -- two inputs --------------------------------------------------------------------------------------------------------


def _flat(question: Question, count: int) -> list[Any]:
    given = torch.broadcast_tensors(*(one.float() for one in question.inputs[:count]))
    return [one.reshape(1, -1) for one in given]


def ranking(question: Question) -> Compared:
    """A difference, times which of both should win: hinge of one output."""
    one, other, side = _flat(question, 3)
    rows = run("product", run("difference", one, other), side).reshape(-1, 1)
    costs = weighed("hinge", rows, torch.ones(len(rows)), margin=question.arguments.get("margin", 0.0))
    yield from _whole(question, costs, len(rows))


def soft_margin(question: Question) -> Compared:
    """Numbers times their sides: cross-entropy of one class."""
    rows = run("product", *_flat(question, 2)).reshape(-1, 1)
    costs = weighed("binary_cross_entropy_logits", rows, torch.ones(len(rows)))
    yield from _whole(question, costs, len(rows))


def several_soft_margins(question: Question) -> Compared:
    """Cross-entropy of each label, of which a row is the mean."""
    z, target = question.inputs[:2]
    weight = question.arguments.get("weight", question.tensors.get("weight"))
    each = torch.ones_like(z) if weight is None else weight.expand_as(z)
    rows, labels = z.reshape(-1, 1).repeat(2, 1), torch.tensor([1.0, 0.0]).repeat_interleave(z.numel())
    weights = torch.cat([(each * target).reshape(-1), (each * (1 - target)).reshape(-1)])
    costs = weighed("binary_cross_entropy_logits", rows, labels, weights) / z.shape[-1]
    yield from _whole(question, costs, z.numel() // z.shape[-1])


def cosine(question: Question) -> Compared:
    """Both normalised, their product and its mean: the distance is 1 less that, and hinge embedding the loss."""
    one, other, side = question.inputs[:3]
    one, other = (x.reshape(-1, x.shape[-1]) for x in (one, other))
    parts = [run("rms_norm", x, eps=1e-12, affine=False) for x in (one, other)]
    together = run("global_avg_pool", run("product", *parts)[..., None])
    distance = run("expr", together, formula="1 - x")
    margin = 1 - question.arguments.get("margin", 0.0)
    costs = weighed("hinge_embedding", distance, side.reshape(-1) > 0, margin=margin)
    yield from _whole(question, costs, len(one))


def triplet(question: Question) -> Compared:
    """Anchor, positive and negative are a group of three rows, of which only the anchor weighs anything."""
    given = question.arguments
    usual = given.get("distance_function")
    if (
        given.get("swap")
        or given.get("p", 2) != 2
        or (usual is not None and type(usual).__name__ != "PairwiseDistance")
    ):
        raise CannotExpressError("other distances, or swapped ones")
    costs = torch.zeros(())
    for three in zip(*question.inputs[:1], *_others(question), strict=True):
        costs = costs + weighed_group(torch.stack(three), given.get("margin", 1.0))
    yield from _whole(question, costs, len(question.inputs[0]))


def _others(question: Question) -> tuple[Any, Any]:
    given = question.arguments
    more = [given[name] for name in ("positive", "negative") if torch.is_tensor(given.get(name))]
    return (*question.inputs[1:], *more)[:2]


def weighed_group(rows: Any, margin: float) -> Any:
    """The triplet loss of one anchor (first), its positive and its negative."""
    loss = loss_records()["triplet_margin"](reduction="sum", margin=margin)
    front = layer_named("linear", rows.shape[1], name="front")
    bench = Bench(Trial((front,), (rows.shape[1],), 3), "float32", loss=loss, weighted=True)
    view, named, forward = bench.machine.view, bench.tape.named, bench.count("data", "forward")
    bench.run(forward)
    view(named["output"], 3)[...] = rows.detach().numpy()
    view(named["target"], 3).reshape(-1)[:] = [0, 0, 1]
    view(named["weight"], 3).reshape(-1)[:] = [1, 0, 0]
    bench.run(bench.count("data", "forward", "loss"), forward)
    return torch.tensor(view(named["loss"])).reshape(())
