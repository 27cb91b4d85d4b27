"""What ONNX, PyTorch and ONNX Runtime answer, the engine answers; what it cannot is written down."""

from __future__ import annotations

import pytest

from tests.conformance.question import Outcome
from tests.torch_later import need

need("torch", "onnxruntime")
pytestmark = [pytest.mark.slow, pytest.mark.torch]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """The outcomes of all cases."""
    from tests.conformance.cases import SOURCES, outcomes_of

    return outcomes_of(list(SOURCES))


def test_nothing_differs_without_a_written_reason(outcomes: list[Outcome]) -> None:
    """Every case that can be expressed gives the same numbers, or differs for a reason that is written down."""
    from tests.conformance.report import unexplained

    assert [(one.name, one.reason) for one in unexplained(outcomes)] == []


def test_the_page_holds_the_tables_of_today(outcomes: list[Outcome]) -> None:
    """The page names all that cannot be expressed, as the command writes it."""
    from tests.conformance.report import PAGE, page_text, written

    page = PAGE.read_text()
    assert written(page, page_text(outcomes)) == page
