"""What a node of ONNX amounts to in PyTorch, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Attributes = Mapping[str, Any]
Arrays = list[Any]


@dataclass(frozen=True)
class Made:
    """A node in PyTorch's terms; see `Question`."""

    path: str
    arguments: dict[str, Any]
    inputs: tuple[Any, ...]
    result: Any
    tensors: dict[str, Any] = field(default_factory=dict)
    training: bool = True


Maker = Callable[[Attributes, Arrays, Arrays, Sequence[str]], Made]
