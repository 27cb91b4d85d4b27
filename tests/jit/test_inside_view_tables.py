"""The numbers of views as tables, against what the network answers for the same rows."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from nnplay import views
from nnplay.config import RunConfig
from nnplay.training.trainer import Trainer
from nnplay.views.choosing import view_records

_RUNS = {
    "classes": {"data": {"name": "breast_cancer"}, "layers": ["linear 4", "tanh", "linear 2"]},
    "numbers": {"data": {"name": "diabetes"}, "layers": ["linear 4", "tanh", "linear 1"]},
}


@functools.cache
def _trained(name: str) -> Trainer:
    trainer = RunConfig.from_dict(_RUNS[name]).trainer()
    trainer.advance(30)
    return trainer


def _table(run: str, name: str, place: int = 0) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """The columns and rows of a view's table."""
    _, output, _ = views.make_view(_trained(run), name, place=place)
    view = next(view for view in view_records() if view.name == name)
    assert view.table is not None
    assert isinstance(output, view.shows)
    table = view.table(output)
    return table.columns, [tuple(row) for row in table.rows]


def _chances() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How likely the second class is for each validation row, and the true classes."""
    trainer = _trained("classes")
    part = trainer.split.validation
    assert part is not None
    answers = trainer.answers(part.x).astype(np.float64)
    e = np.exp(answers - answers.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True))[:, 1], part.y.astype(np.int64)


def test_points_of_the_curves_are_shares_of_the_rows() -> None:
    """Of ROC and precision–recall: for each threshold what is called positive, counted."""
    chances, true = _chances()
    counts = [
        (int(((chances >= t) & (true == 1)).sum()), int(((chances >= t) & (true == 0)).sum()))
        for t in sorted(set(chances.tolist()), reverse=True)
    ]
    positive, negative = int((true == 1).sum()), int((true == 0).sum())
    assert 0 < positive < len(true)
    columns, rows = _table("classes", "ROC", place=1)
    assert columns == ("false_positive_rate", "recall")
    wanted = {(0.0, 0.0), *((b / negative, a / positive) for a, b in counts)}
    assert {tuple(np.round(row, 9)) for row in rows} == {tuple(np.round(row, 9)) for row in wanted}  # type: ignore[arg-type, call-overload]
    columns, rows = _table("classes", "precision-recall", place=1)
    assert columns == ("recall", "precision")
    wanted = {(a / positive, a / (a + b)) for a, b in counts}
    assert {tuple(np.round(row, 9)) for row in rows} >= {tuple(np.round(row, 9)) for row in wanted}  # type: ignore[arg-type, call-overload]


def test_bins_of_calibration_hold_all_rows() -> None:
    """As many rows in each bin as have such a chance, and the share of them that came true within its interval."""
    chances, true = _chances()
    sure, right = np.maximum(chances, 1 - chances), (chances > 0.5) == (true == 1)
    columns, rows = _table("classes", "calibration")
    assert columns == ("probability", "share_true", "rows", "share_low", "share_high")
    bins = np.minimum((sure * 10).astype(int), 9)
    assert [row[2] for row in rows] == np.bincount(bins, minlength=10).tolist()
    for k, (probability, share, count, low, high) in enumerate(rows):
        if count:
            assert np.isclose(float(str(probability)), sure[bins == k].mean(), atol=1e-6)
            assert np.isclose(float(str(share)), right[bins == k].mean())
            assert float(str(low)) <= float(str(share)) + 1e-12 <= float(str(high)) + 2e-12


def test_predictions_and_residuals_belong_to_the_same_rows() -> None:
    """In the target's own unit; what is left is true minus predicted."""
    trainer = _trained("numbers")
    part = trainer.split.validation
    assert part is not None
    columns, rows = _table("numbers", "predicted vs true")
    assert (columns, len(rows)) == (("true", "predicted"), len(part))
    both = np.array(rows, np.float64)
    columns, left = _table("numbers", "residuals")
    assert columns == ("predicted", "residual")
    assert np.allclose(np.array(left, np.float64), np.column_stack([both[:, 1], both[:, 0] - both[:, 1]]), atol=1e-3)
    assert both[:, 0].std() > 10


def test_importance_and_dependence_name_the_columns() -> None:
    """A row for each column; the mean answer over the rows as one column takes each of its values."""
    trainer = _trained("numbers")
    names = trainer.split.train.feature_names
    columns, rows = _table("numbers", "permutation importance")
    assert columns == ("column", "fall", "standard_deviation")
    assert [row[0] for row in rows] == list(names)
    columns, rows = _table("numbers", "partial dependence", place=2)
    assert columns == (names[2], "progression")
    part = trainer.split.validation
    assert part is not None
    for value, answer in (rows[0], rows[-1]):
        x = trainer.split.scaler.inverse(part.x).astype(np.float64)
        x[:, 2] = float(str(value))
        given = trainer.split.scaler.target_in_units(trainer.answers(trainer.split.scaler.transform(x)))
        assert np.isclose(float(str(answer)), given.mean(), rtol=1e-3)


def test_layers_and_worst_cases_are_listed() -> None:
    """A score for each layer with its units; the rows missed most, the worst first."""
    columns, rows = _table("classes", "layer scores")
    assert columns == ("layer", "probe_accuracy", "separation", "dimensions", "units")
    assert [(row[0], row[4]) for row in rows] == [("input", 30), ("0 linear", 4), ("1 tanh", 4), ("2 linear", 2)]
    chances, true = _chances()
    given = np.sort(np.where(true == 1, chances, 1 - chances))
    columns, rows = _table("classes", "worst cases")
    assert columns == ("row", "true", "predicted", "true_class_probability")
    shares = [float(row[3]) for row in rows]
    assert np.allclose(shares, given[: len(rows)], atol=1e-6)
    columns, rows = _table("numbers", "worst cases")
    assert columns == ("row", "true", "predicted", "error")
    split = _trained("numbers").split
    errors = np.array([float(row[3]) for row in rows])
    own = [float(row[1]) - float(row[2]) for row in rows]
    assert np.allclose(errors, own, atol=1.0)
    assert (np.diff(np.abs(errors)) <= 1e-3).all()
    assert {int(row[0]) for row in rows} <= set(split.indices.validation.tolist())
