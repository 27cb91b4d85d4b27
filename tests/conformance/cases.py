"""All sources of cases, and what the engine makes of them."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator

from tests.conformance import onnx_nodes, pytorch_modules, pytorch_operators, random_nodes
from tests.conformance.answer import answer
from tests.conformance.question import Outcome, Question

SOURCES: dict[str, Callable[[], Iterator[Question]]] = {
    "modules": pytorch_modules.questions,
    "nodes": onnx_nodes.questions,
    "operators": pytorch_operators.questions,
    "random": random_nodes.questions,
}
#: Machines that may wait to be cleared away.
_KEPT = 20


def outcomes_of(names: list[str]) -> list[Outcome]:
    """The outcomes of every case of these sources."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [outcome for name in names for outcome in _outcomes(name)]


def _outcomes(name: str) -> Iterator[Outcome]:
    for number, question in enumerate(SOURCES[name]()):
        yield answer(question)
        if number % _KEPT == 0:
            gc.collect()  # machines know their rows, and rows their machines: large memory in few objects
