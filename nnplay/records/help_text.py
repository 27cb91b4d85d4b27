"""What `help()` tells of a record in a Python session: its call, fields, formula, PyTorch's name and source."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

from nnplay.fields import REQUIRED, Field

_WIDTH: Final = 100


def help_text(record: Any, call: str, *, folder: str, torch: str, formulas: Iterable[str], more: str = "") -> str:
    """The help of a layer, loss, optimizer or schedule.

    Args:
        record: its record.
        call: how one is made in Python, with all arguments.
        folder: the package in which each has a module, called as the record.
        torch: what stands in front of PyTorch's name, where the record has a name and no sentence.
        formulas: one a line.
        more: a paragraph of its own, or empty.
    """
    fields = "\n".join(line for item in record.fields for line in _field_lines(item))
    same = f"{torch}.{record.torch}" if record.torch.isidentifier() else record.torch
    paragraphs = [
        _wrapped(call, 0),
        textwrap.fill(record.about, _WIDTH),
        f"Fields:\n{fields}" if fields else "",
        "Formula:\n" + "\n".join(_wrapped(line, 4) for line in dict.fromkeys(formulas)) if formulas else "",
        textwrap.fill(more, _WIDTH) if more else "",
        f"PyTorch: {same}" if same else "",
        _source(f"{folder}.{record.name}"),
    ]
    return "\n\n".join(item for item in paragraphs if item)


def _field_lines(item: Field) -> Sequence[str]:
    default = "required" if item.default is REQUIRED else f"default {item.show(item.default) or 'empty'}"
    live = "; may change while training" if item.live else ""
    return _wrapped(f"{item.name}: {item.range_text}; {default}{live}", 4), _wrapped(item.help, 8)


def _wrapped(text: str, indent: int) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4))


def _source(module: str) -> str:
    """Where it is written down, with the papers that the module names."""
    first = (sys.modules[module].__doc__ or "").partition("\n")[0]
    return f"Source: {module.replace('.', '/')}.py\n{_wrapped(first, 4)}"
