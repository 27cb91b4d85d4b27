"""How records, and what is made of them, look in a Python session: as they are written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnplay.fields import Field


def call_text(name: str, values: Mapping[str, Any]) -> str:
    """`Adam(lr=0.1, beta1=0.9)`."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in values.items())})"


def record_text(name: str, fields: Sequence[Field], about: str) -> str:
    """`<Adam(lr=0.001, beta1=0.9): what it does>`."""
    return f"<{call_text(name, {item.name: item.default for item in fields})}: {about}>"


def python_name(name: str, torch: str) -> str:
    """The name in Python: PyTorch's where it has one (`AdamW`), else as in `MultiHeadSelfAttention`."""
    return torch if torch.isidentifier() else camel(name)


def camel(name: str, acronyms: bool = False) -> str:
    """`CrossEntropy` for `cross_entropy`; with acronyms, `MSE` for `mse`."""
    return "".join(
        word.upper() if acronyms and len(word) <= 3 else word[:1].upper() + word[1:] for word in name.split("_")
    )
