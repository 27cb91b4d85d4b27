"""Unpooling by places that come with the data: our layer finds them in its second branch, which is made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import torch

from tests.conformance.layer_by_layer import run
from tests.conformance.question import CannotExpressError, Question


def unpool(question: Question) -> Iterator[tuple[str, Any, Any]]:
    """Numbers go where the largest of each window of another branch stands: it holds them there, and less around."""
    given, x = question.arguments, question.inputs[0]
    axes, places = int(question.path[-2]), given["indices"]
    single = x.dim() == axes + 1
    x, places = (one[None] if single else one for one in (x, places))
    sizes = tuple(given["output_size"][-axes:])
    shown = torch.full((*x.shape[:2], int(torch.tensor(sizes).prod())), float(x.min()) - 1)
    shown.scatter_(2, places.flatten(2), x.detach().flatten(2))
    shown = shown.reshape(*x.shape[:2], *sizes)
    settings = _settings(given, axes, shown, places)
    y = run("max_unpool", x.movedim(1, -1), shown.movedim(1, -1), **settings).movedim(-1, 1)
    yield "output", y[0] if single else y, question.result()


def _settings(given: Mapping[str, Any], axes: int, shown: Any, places: Any) -> Mapping[str, Any]:
    """Those of a pooling that finds the places; PyTorch asks for no padding and no last window that are the same."""
    kernel = _each(given["kernel_size"], axes)
    stride = _each(given["stride"] or given["kernel_size"], axes)
    pool = getattr(torch.nn.functional, f"max_pool{axes}d")
    paddings = [_each(given["padding"], axes), *product(*(range(1 + edge // 2) for edge in kernel))]
    for padding, ceil in product(dict.fromkeys(paddings), (False, True)):
        _, found = pool(shown, kernel, stride, padding, ceil_mode=ceil, return_indices=True)
        if found.shape == places.shape and torch.equal(found, places):
            return {"kernel": kernel, "stride": stride, "padding": padding, "ceil_mode": ceil}
    raise CannotExpressError("places that no pooling finds")


def _each(value: Any, axes: int) -> tuple[int, ...]:
    parts = tuple(value) if isinstance(value, list | tuple) else (value,)
    return parts * axes if len(parts) == 1 else parts
