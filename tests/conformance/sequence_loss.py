"""CTC, whose targets have lengths of their own in PyTorch and end with zeros here: rows are asked one by one."""

from __future__ import annotations

from typing import Any

import torch

from nnplay.records.registry import loss_records
from tests.conformance.question import CannotExpressError, Question
from tests.records import Bench, Trial, layer_named


def spelling_loss(question: Question) -> Any:
    """Our loss, reduced as PyTorch does.

    Raises:
        CannotExpressError: lengths or labels that we have no form for.
    """
    given = question.arguments
    more = [given[name] for name in ("targets", "input_lengths", "target_lengths") if name in given]
    scores, labels, steps, counts = (*question.inputs[:4], *more)[:4]
    blank = given.get("blank", 0)
    scores, labels = (scores[:, None], labels) if scores.dim() == 2 else (scores, labels)
    rows = scores.shape[1]
    steps, counts = (torch.as_tensor(one).reshape(-1).tolist() for one in (steps, counts))
    if labels.dim() == 1:
        labels = list(labels.split(counts))
    if min(counts) < 1:
        raise CannotExpressError("a row without labels")
    order = [blank, *(k for k in range(scores.shape[2]) if k != blank)]  # the blank comes first here
    costs = [
        _cost(scores[: steps[n], n][:, order], [order.index(int(k)) for k in labels[n][: counts[n]]])
        for n in range(rows)
    ]
    found = torch.stack(costs)
    if given.get("zero_infinity"):
        found = found.where(found.isfinite(), torch.zeros(()))
    reduction = given.get("reduction", "mean")
    return (
        (found / torch.tensor(counts)).mean() if reduction == "mean" else found.sum() if reduction == "sum" else found
    )


def _cost(scores: Any, labels: list[int]) -> Any:
    """Of one row of scores (T, C); log softmax changes nothing of logarithms of probabilities."""
    if not torch.allclose(scores.logsumexp(-1), torch.zeros(()), atol=1e-4):
        raise CannotExpressError("scores that are no logarithms of probabilities")
    steps, classes = scores.shape
    loss = loss_records()["ctc"](reduction="sum")
    front = layer_named("linear", classes, name="front")
    bench = Bench(Trial((front,), (steps, classes), 1), "float32", loss=loss, target=(max(1, len(labels)),))
    view, named = bench.machine.view, bench.tape.named
    forward = bench.count("data", "forward")
    bench.run(forward)
    place = view(named["target"], 1)
    view(named["output"], 1)[...] = scores.detach().numpy()
    place[...] = 0
    place.reshape(-1)[: len(labels)] = labels
    bench.run(bench.count("data", "forward", "loss"), forward)
    return torch.tensor(view(named["loss"])).reshape(())
