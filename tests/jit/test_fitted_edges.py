"""Edges of ranges follow from the training rows: in the first step, after going back, and in a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnplay as nn
from nnplay.errors import InputError

pytestmark = pytest.mark.usefixtures("kernels")


def table() -> nn.Dataset:
    """Rows of a number, a 0/1 input and a count, with a target that jumps along the number."""
    x = np.stack([np.arange(40.0), np.arange(40) % 2, np.arange(40) % 3], axis=1)
    return nn.Dataset(x, (x[:, 0] // 7 % 2) + x[:, 2])


def test_each_range_holds_as_many_rows_or_one_value() -> None:
    """Numbers with few values have an edge at each of them; the last one stands for those that are lacking."""
    rows = np.stack([np.arange(100.0) ** 2, np.arange(100) % 3, np.full(100, 7.0)], axis=1)
    layer = nn.PiecewiseLinear(4)
    edges = layer.record.fit(layer.values, rows)["edges"]
    inside = np.histogram(rows[:, 0], edges[0])[0]
    assert inside.tolist() == [24, 25, 25, 26]
    assert edges[1].tolist() == [0, 1, 2, 2, 2]
    assert edges[2].tolist() == [7] * 5


def test_edges_stay_what_the_rows_say() -> None:
    """They are no running statistics: training leaves them, a rewind and another seed find them again."""
    split = table().split(seed=0, scale="standard")
    trainer = nn.Trainer(nn.Network('piecewise_linear 5 "0 2", linear 4, relu, linear 1'), split, batch_size=7)
    edges = trainer.tensors()["0.edges"]
    assert edges.shape == (2, 6)
    assert set(edges[0]) <= set(split.train.x[:, 0])
    before = edges.copy()
    trainer.run(epochs=2)
    assert np.array_equal(trainer.tensors()["0.edges"], before)
    trainer.restart(seed=3)
    assert np.array_equal(trainer.tensors()["0.edges"], before)
    assert "running:0.edges" not in trainer.history.names()
    nn.Trainer(nn.Network("piecewise_linear 5, linear 1"), split, optimizer="lbfgs", batch_size="all").run(steps=3)


def test_a_session_on_changed_rows_goes_on_with_the_edges_it_had(tmp_path: Path) -> None:
    """Weights were learned for these; a new run on the rows that are there now has others."""
    path = tmp_path / "t.csv"

    def write(bent: float) -> None:
        lines = [f"{k * 1.5 + k % 2 * bent},{k % 7}" for k in range(60)]
        path.write_text("\n".join(["a,y", *lines]) + "\n", encoding="utf-8")

    write(0.0)
    run = {"data": {"file": str(path), "target": "y", "task": "regression"}, "epochs": 3}
    with nn.Session.new(tmp_path / "s.nnplay", {**run, "layers": "piecewise_linear 4, linear 1"}) as session:
        session.train()
        session.save()
        edges = session.trainer.tensors()["0.edges"].copy()
    write(0.7)
    with nn.Session.open(tmp_path / "s.nnplay") as opened:
        assert opened.warnings == ("this is not the data that the run was trained on",)
        assert np.array_equal(opened.trainer.tensors()["0.edges"], edges)
        assert not np.array_equal(opened.trainer.fitted["0.edges"], edges)


@pytest.mark.parametrize(
    "layers", ["linear 3, piecewise_linear 4, linear 1", "sum[linear 2, piecewise_linear 2 | linear 6], linear 1"]
)
def test_only_the_inputs_of_the_data_can_be_cut_into_ranges(layers: str) -> None:
    """What another layer gives has no quantiles before training."""
    with pytest.raises(InputError, match="must take the data's own inputs"):
        nn.Trainer(nn.Network(layers), table().split(seed=0))
