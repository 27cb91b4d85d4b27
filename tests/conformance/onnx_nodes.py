"""The node cases that the `onnx` package ships, and what a node amounts to in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from tests.conformance.onnx_operators import OPERATORS, OTHER_SUBJECTS
from tests.conformance.question import CannotExpressError, Question, no_question

SOURCE = "ONNX nodes"


def questions() -> Iterator[Question]:
    """Every case of one node whose operator belongs to networks; expanded functions are left to their short form."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = load_model_tests(kind="node")
    for case in cases:
        if case.model is None or len(case.model.graph.node) != 1 or "_expanded" in case.name:
            continue
        node = case.model.graph.node[0]
        if node.op_type in OTHER_SUBJECTS or node.domain not in ("", "ai.onnx"):
            continue
        inputs, outputs = case.data_sets[0]
        if node.op_type not in ("Gather", "Dropout") and _of_other_type(inputs[0]):
            continue
        given = dict(zip([one.name for one in case.model.graph.input], inputs, strict=False))
        yield question(SOURCE, case.name, node, given, list(outputs))


def _of_other_type(value: Any) -> bool:
    """Whole numbers, texts and sequences: the engine computes with real numbers."""
    return not (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def question(source: str, name: str, node: Any, given: Mapping[str, Any], outputs: list[Any]) -> Question:
    """A node with the arrays that go in and come out."""
    from onnx.helper import get_attribute_value

    attributes = {one.name: get_attribute_value(one) for one in node.attribute}
    attributes = {key: one.decode() if isinstance(one, bytes) else one for key, one in attributes.items()}
    try:
        arrays = [_tensor(given[key]) if key in given else None for key in node.input]
        if node.op_type not in OPERATORS:
            raise CannotExpressError("no layer or loss")
        made = OPERATORS[node.op_type](attributes, arrays, [_tensor(one) for one in outputs], node.output)
    except CannotExpressError as problem:
        return no_question(source, name, f"onnx.{node.op_type}", problem)
    return Question(
        source, name, made.path, made.arguments, made.inputs, lambda: made.result, made.tensors, made.training
    )


def _tensor(value: Any) -> Any:
    """An array as a tensor, half precision as single.

    Raises:
        CannotExpressError: a sequence, or a type that NumPy does not have.
    """
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "fiub":
        raise CannotExpressError("sequences, and types that NumPy does not have")
    wide = value.astype(np.float32) if value.dtype in (np.float16, np.float64) else value
    return torch.tensor(np.ascontiguousarray(wide).reshape(wide.shape).copy())
