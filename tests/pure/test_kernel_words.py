"""Files of records read aloud: the record first, and above every kernel and plan shapes and what is computed."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

import nnplay
from nnplay.records import registry
from nnplay.tape.every_kernel import declared_kernels

FOLDERS, KINDS = ("layers", "losses", "optimizers", "schedules"), ("layer", "loss", "optimizer", "schedule")
DECORATORS = ("inline", "noalias", "kernel", "shared")


def test_every_kernel_has_shapes_and_a_formula() -> None:
    """The docstring of each kernel names shapes, in parentheses."""
    wordless = [kernel.name for kernel in declared_kernels() if "(" not in (inspect.getdoc(kernel.function) or "")]
    assert wordless == []


def test_a_kernel_that_points_to_another_one_points_to_a_formula() -> None:
    """A docstring that begins "As `mean`:" has its formula in a kernel of that name, in the same file."""
    found, lost = 0, []
    for kernel in declared_kernels():
        if match := re.match(r"As `(\w+)`", inspect.getdoc(kernel.function) or ""):
            found += 1
            other = getattr(sys.modules[kernel.module], match[1], None)
            words = inspect.getdoc(getattr(other, "function", other)) or ""
            if not any(sign in words for sign in "=←"):
                lost.append(f"{kernel.name}: {match[1]}")
    assert found > 20
    assert lost == []


def test_every_function_of_kernels_says_what_it_does() -> None:
    """Each function that is inlined into kernels, shared by them, or is one, has a docstring."""
    found, wordless = 0, []
    for file in sorted(Path(nnplay.__file__).parent.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if not any(f"@{name}" in source for name in DECORATORS):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(decorator).partition("(")[0] in DECORATORS for decorator in node.decorator_list
            ):
                found += 1
                if not ast.get_docstring(node):
                    wordless.append(f"{file.name}:{node.name}")
    assert found > 100
    assert wordless == []


def test_every_plan_names_its_shapes() -> None:
    """The docstring of each `plan`, and of what makes plans, has shapes on both sides of an arrow."""
    wordless = []
    for folder in ("layers", "losses", "operations"):
        for file in sorted((Path(nnplay.__file__).parent / folder).glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("plan"):
                    first, _, second = (ast.get_docstring(node) or "").partition("→")
                    if "(N, " not in first or "(" not in second:
                        wordless.append(f"{file.name}:{node.name}")
    assert wordless == []


@pytest.mark.parametrize(("folder", "kind"), zip(FOLDERS, KINDS, strict=True))
def test_a_file_shows_its_record_first(folder: str, kind: str) -> None:
    """In front of a record stand no functions: it is the first thing to read in its file."""
    for name in getattr(registry, f"{kind}_records")():
        tree = ast.parse((Path(nnplay.__file__).parent / folder / f"{name}.py").read_text(encoding="utf-8"))
        record = next(
            node.lineno for node in tree.body if isinstance(node, ast.Assign) and name.upper() in _names(node)
        )
        above = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.lineno < record]
        assert above == [], name


def _names(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}
