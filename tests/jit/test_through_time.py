"""Charts by time step: the gates of one unit as the row's own tensors hold them, and how long the gradient is."""

from __future__ import annotations

import numpy as np
import pytest

from nnplay.data.catalogue import load_dataset
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.step_text import row_text
from nnplay.network.network import Network
from nnplay.records.time_charts import Chart, charts, describe_fading
from nnplay.training.trainer import Trainer

UNITS, STEPS = 3, 7


def make_inspector(cell: str) -> Inspector:
    """The second step of a small recurrent network on the adding problem."""
    split = load_dataset("adding", samples=100, length=STEPS, seed=0).split(seed=0)
    trainer = Trainer(Network(f"{cell} {UNITS} bidirectional, linear 1", seed=1), split, threads=1)
    trainer.run(steps=1)
    return Inspector(trainer)


def draw_chart(inspector: Inspector, name: str, index: tuple[int, int, int]) -> tuple[Chart, dict[str, np.ndarray]]:
    """The chart of the row whose name ends so, and the row's tensors."""
    number = next(k for k, row in enumerate(inspector.rows) if row.operation.name.endswith(name))
    values = inspector.values(number)
    (chart,) = charts(inspector.rows[number].operation, values, index)
    return chart, values


@pytest.mark.parametrize(
    ("cell", "gates"),
    [("lstm", ("i", "f", "g", "o")), ("gru", ("r", "z", "n")), ("rnn", ())],
    ids=["lstm", "gru", "rnn"],
)
@pytest.mark.parametrize("direction", [0, 1])
def test_gates_of_the_chosen_unit(cell: str, gates: tuple[str, ...], direction: int) -> None:
    """Unit 2 of either direction in batch row 4: each gate and the state, at every step, as the tensors hold them."""
    blocks = max(1, len(gates))
    index = (4, 3, direction * blocks * UNITS + 2)
    chart, values = draw_chart(make_inspector(cell), "step by step", index)
    assert chart.names == (*gates, *(("c",) if cell == "lstm" else ()), "h")
    assert chart.chosen == 3
    hidden = values["hidden"][4, :, direction * UNITS + 2]
    assert np.array_equal(chart.values[:, -1], hidden)
    for place, _ in enumerate(gates):
        column = direction * blocks * UNITS + place * UNITS + 2
        assert np.array_equal(chart.values[:, place], values["gates"][4, :, column])
    if cell == "lstm":
        assert np.array_equal(chart.values[:, 4], values["cell"][4, :, direction * UNITS + 2])
        assert np.allclose(chart.values[:, 3] * np.tanh(chart.values[:, 4]), chart.values[:, 5], atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_length_of_the_gradient_at_each_step(cell: str) -> None:
    """Backwards, each step has the length of the state's gradient; the words say by how much it shrinks."""
    chart, values = draw_chart(make_inspector(cell), "back through time", (0, 0, 0))
    assert chart.logarithmic
    expected = [np.sqrt((values["dstate"][:, t] ** 2).sum() / len(values["dstate"])) for t in range(STEPS)]
    assert np.allclose(chart.values[:, 0], expected, rtol=1e-5)


def test_a_gradient_that_sags_is_not_said_to_fade_from_end_to_end() -> None:
    """Long at both ends and short between them; else it is told from where it is longest to the far end."""
    assert describe_fading(np.array([8.0, 0.5, 0.02, 1.0])) == (
        "it shrinks 50× from t=3 back to t=2, and grows 400× from there to t=0"
    )
    assert describe_fading(np.array([0.25, 0.5, 1.0, 2.0])) == "it shrinks 8× between t=3 and t=0, 0.50× per step"


def test_plain_text_has_a_line_for_each_step() -> None:
    """`nnplay step` prints the gates step by step, and the gradient with bars of its exponent."""
    inspector = make_inspector("lstm")
    views = inspector.views()
    forward = "\n".join(row_text(inspector, next(view for view in views if view.name == "lstm, step by step")))
    assert all(f"    t={step} " in forward for step in range(STEPS))
    assert "step            i           f           g           o           c           h" in forward
    backward = "\n".join(row_text(inspector, next(view for view in views if view.name == "lstm back through time")))
    assert "‖dstate‖" in backward
    assert "█" in backward
