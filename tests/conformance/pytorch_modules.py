"""PyTorch's own samples of its modules (`module_db`)."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from tests.conformance.functions import usual_path
from tests.conformance.loss_names import LOSSES
from tests.conformance.question import Question

SOURCE = "PyTorch modules"
#: Samples of one module that are taken, evenly spread over those there are.
MOST = 16


def spread(items: list[Any], most: int) -> list[Any]:
    """At most so many items, evenly spread."""
    return items if len(items) <= most else [items[k * len(items) // most] for k in range(most)]


def questions() -> Iterator[Question]:
    """Every sample as a question, with gradients."""
    from torch.testing._internal.common_modules import module_db

    for info in module_db:
        for training in (True, False) if info.train_and_eval_differ else (True,):
            torch.manual_seed(0)
            samples = info.module_inputs_func(
                info, device="cpu", dtype=torch.float32, requires_grad=True, training=training
            )
            for number, sample in enumerate(spread(list(samples), MOST)):
                name = f"{info.name}-{number}{'' if training else ' in evaluation'}"
                yield _question(info.module_cls, info.name, name, sample, training)


def _question(kind: Any, path: str, name: str, sample: Any, training: bool) -> Question:
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = _bind(kind, sample.constructor_input)
        module = kind(*sample.constructor_input.args, **sample.constructor_input.kwargs).train(training)
        given = (*sample.forward_input.args, *sample.forward_input.kwargs.values())
        if "Lazy" in path:
            module(*given)
            path, arguments = path.replace("Lazy", ""), {**arguments, "in_channels": module.in_channels}
    tensors = {**dict(module.named_parameters()), **{key: one.clone() for key, one in module.named_buffers()}}
    if path in LOSSES:
        path = f"nn.functional.{LOSSES[path]}"
    path, arguments = usual_path(path, arguments)
    more = {key: value for key, value in sample.forward_input.kwargs.items() if value is not None}
    inputs = tuple(one for one in given if torch.is_tensor(one)) if not more else tuple(sample.forward_input.args)

    def result() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return module(*sample.forward_input.args, **sample.forward_input.kwargs)

    if "input" in more:
        inputs = (more.pop("input"), *inputs)
    if isinstance(module, torch.nn.RNNBase | torch.nn.RNNCellBase) and len(given) > 1:
        inputs, more = inputs[:1], {"hx": given[1]}
    if isinstance(module, torch.nn.InstanceNorm1d | torch.nn.InstanceNorm2d | torch.nn.InstanceNorm3d) and training:
        arguments = {key: one for key, one in arguments.items() if key not in ("momentum", "track_running_stats")}
    if isinstance(module, torch.nn.CTCLoss):
        names = "input_lengths", "target_lengths"
        lengths = {**dict(zip(names, sample.forward_input.args[2:], strict=False)), **more}
        inputs, more, arguments = tuple(given[:2]), {}, {**arguments, **lengths}
    extra = {f"forward {key}": value for key, value in more.items() if not (key == "is_causal" and not value)}
    return Question(SOURCE, name, path, {**arguments, **extra}, inputs, result, tensors, training, slopes=True)


def _bind(kind: Any, given: Any) -> dict[str, Any]:
    """The arguments of the constructor by name."""
    if issubclass(kind, torch.nn.RNNBase):
        names = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
        return {**dict(zip(names, given.args, strict=False)), **given.kwargs}
    parameters = inspect.signature(kind.__init__).bind(None, *given.args, **given.kwargs).arguments
    return {name: value for name, value in parameters.items() if name not in ("self", "args", "kwargs")}
