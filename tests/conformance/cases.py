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


def outcomes_of(names: list[str]) -> list[Outcome]:
    """The outcomes of every case of these sources."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [outcome for name in names for outcome in _outcomes(name)]


def _outcomes(name: str) -> Iterator[Outcome]:
    gc.collect()
    gc.freeze()  # what was there before need not be looked through after every case
    for question in SOURCES[name]():
        yield answer(question)
        gc.collect()  # machines know their rows, and rows their machines: large memory in few objects
    gc.unfreeze()
