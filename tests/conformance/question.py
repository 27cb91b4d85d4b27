"""One case from outside, in PyTorch's terms: what is called, with which arguments and numbers, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["same", "different", "cannot", "outside"]


@dataclass(frozen=True)
class Question:
    """A call of a module, a function or a loss of PyTorch; nodes of ONNX are put as the call that they amount to.

    Attributes:
        source: which list of cases it is from.
        name: its name there.
        path: of the class or function below `torch`, as in a `Twin`.
        arguments: by name; those that are left out have PyTorch's defaults.
        inputs: tensors in PyTorch's layout; a loss's are prediction and target.
        tensors: parameters and buffers by PyTorch's name.
        result: what the call returns, as a function, so that it can be differentiated where PyTorch answers.
        training: batch statistics and the like are those of training.
        slopes: gradients are compared too.
        refused: why there is no call; empty where there is one.
    """

    source: str
    name: str
    path: str
    arguments: Mapping[str, Any]
    inputs: tuple[Any, ...]
    result: Callable[[], Any]
    tensors: Mapping[str, Any] = field(default_factory=dict)
    training: bool = True
    slopes: bool = False
    refused: str = ""


def no_question(source: str, name: str, path: str, problem: Exception) -> Question:
    """A case that cannot be put in PyTorch's terms, or not in ours, for a reason that is known."""
    return Question(source, name, path, {}, (), tuple, refused=str(problem))


@dataclass(frozen=True)
class Outcome:
    """What the engine made of a question.

    Attributes:
        verdict: same, different, cannot be expressed, or outside what a playground is about.
        path: what was asked for.
        reason: the group of reasons that it belongs to; how far off it is, where it differs.
    """

    verdict: Verdict
    source: str
    name: str
    path: str
    reason: str = ""


class CannotExpressError(Exception):
    """There is no record, or none of its settings means that."""
