"""Claims about names: Textual's widgets have private attributes, and none of ours may take one of them."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache

from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

import nnplay.tui


def own_classes() -> Iterator[type[DOMNode]]:
    """Every widget, screen and app of the playground."""
    for module in pkgutil.walk_packages(nnplay.tui.__path__, "nnplay.tui."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, DOMNode) and item.__module__ == module.name:
                yield item


@cache
def taken(kind: type[DOMNode]) -> set[str]:
    """Private names that Textual's own bases of a class use, on the class and on its instances."""
    base = next(one for one in kind.__mro__ if one.__module__.startswith("textual."))
    roots = [one for one in (App, Screen, Widget) if issubclass(base, one)]
    return {name for one in [base, *roots] for name in set(dir(one)) | set(assigned(one)) if name.startswith("_")}


def assigned(kind: type) -> set[str]:
    """Attributes that the methods of a class and of its bases assign."""
    return set().union(*(assigned_in(one) for one in kind.__mro__ if one is not object))


@cache
def assigned_in(kind: type) -> frozenset[str]:
    """Attributes that the methods of a class itself assign."""
    return frozenset(re.findall(r"self\.(_\w+)(?:: [^=\n]+)? = ", source_of(kind)))


def source_of(kind: type) -> str:
    """The text of a class."""
    return classes_of(kind.__module__).get(kind.__qualname__) or inspect.getsource(kind)


@cache
def classes_of(module: str) -> dict[str, str]:
    """The texts of a module's own classes; `inspect` parses the module once more for each."""
    text = inspect.getsource(importlib.import_module(module))
    lines = text.splitlines()
    found = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    return {node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in found}


def test_no_private_name_of_textual_is_taken() -> None:
    """Neither methods nor attributes of ours replace a private one of Textual, except where one file says so."""
    kinds = set(own_classes())
    assert {kind.__name__: names for kind in kinds if (names := clashes(kind))} == {}
    assert len(kinds) > 50


def clashes(kind: type[DOMNode]) -> set[str]:
    """Private names of Textual that a class of ours takes."""
    source = source_of(kind)
    ours = set(re.findall(r"self\.(_\w+)(?:: [^=\n]+)? = ", source)) | set(re.findall(r"def (_[a-z]\w*)\(", source))
    found = {name for name in ours & taken(kind) if not name.startswith("__")}
    if kind.__module__ == "nnplay.tui.terminal.textual_private":
        found -= {"_display", "_exception", "_fatal_error", "_handle_exception"}
    return found
