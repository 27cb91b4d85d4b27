"""PyTorch's own samples of its operators (`op_db`), those that belong to networks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch

from tests.conformance.functions import as_module, bound
from tests.conformance.pytorch_modules import MOST, spread
from tests.conformance.question import CannotExpressError, Question, no_question

SOURCE = "PyTorch operators"
#: Beside `nn.functional`.
MORE = ("softmax", "log_softmax", "tanh", "sigmoid", "permute", "cat", "add", "sub", "mul", "matmul", "bmm")


def questions() -> Iterator[Question]:
    """Every sample as a question, with gradients."""
    from torch.testing._internal.common_methods_invocations import op_db

    for info in op_db:
        name = info.name.removeprefix("nn.functional.")
        if (name == info.name and name not in MORE) or torch.float32 not in info.dtypes:
            continue
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            samples = spread(list(info.sample_inputs("cpu", torch.float32, requires_grad=True)), MOST)
        for number, sample in enumerate(samples):
            variant = f" {info.variant_test_name}" if info.variant_test_name else ""
            yield _question(name, f"{info.name}{variant}-{number}", info.op, sample)


def _question(name: str, title: str, call: Any, sample: Any) -> Question:
    def result() -> Any:
        torch.manual_seed(0)
        return call(sample.input, *sample.args, **sample.kwargs)

    x = sample.input
    if name == "embedding":  # its sample has the weight in front
        given = bound(name, (), {**sample.kwargs, "weight": x})
        path, arguments, tensors = as_module(name, x, given)
        return Question(SOURCE, title, path, arguments, sample.args, result, tensors, slopes=True)
    if name == "cat":
        given = {**dict(zip(("dim",), sample.args, strict=False)), **sample.kwargs}
        return Question(SOURCE, title, name, given, tuple(x), result)
    if name in ("add", "sub", "mul", "matmul", "bmm"):
        return Question(SOURCE, title, name, dict(sample.kwargs), (x, *sample.args), result, slopes=True)
    try:
        given = bound(name, sample.args, sample.kwargs)
        training = bool(given.get("training", name != "batch_norm"))
        others = tuple(given.pop(key) for key in ("other", "input2", "x2", "target") if torch.is_tensor(given.get(key)))
        path, arguments, tensors = as_module(name, x, given)
    except (CannotExpressError, KeyError, TypeError, IndexError) as problem:
        return no_question(SOURCE, title, f"nn.functional.{name}", problem)
    return Question(SOURCE, title, path, arguments, (x, *others), result, tensors, training, slopes=True)
