"""Views of scores: thresholds, parts, slices and missed rows are those of the data, for every kind of target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnplay as nn
from nnplay import views
from nnplay.tape.machines.interpreter import InterpretedMachine
from nnplay.training.trainer import Trainer
from nnplay.views.choosing import views_of
from nnplay.views.kinds.calibration import Calibration
from nnplay.views.kinds.confusion import Confusion
from nnplay.views.kinds.precision_recall import PrecisionRecall
from nnplay.views.kinds.residuals import Residuals
from nnplay.views.kinds.roc import Roc
from nnplay.views.kinds.slices import Slices
from nnplay.views.kinds.worst_cases import WorstCases
from nnplay.views.worst_example import find_worst_example
from tests.small_trainer import spiral, trainer

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(80, 3)).astype(np.float32)
LABELS = (X[:, 0] + 0.3 * RANDOM.normal(size=80) > 0).astype(np.int64)
TABLE = {
    "size": (10 + 3 * X[:, 0]).round(2).tolist(),
    "colour": [("red", "green", "blue")[k % 3] for k in range(80)],
    "price": (X @ np.array([2.0, -1.0, 0.5])).tolist(),
}


def make(x: Any, y: Any, layers: str, loss: str, **more: Any) -> Trainer:
    """A run on arrays after a few steps, without compiled kernels."""
    data = nn.Dataset(x, y, **more).split(0.6, 0.2, 0.2, seed=0)
    return begin(data, layers, loss)


def begin(data: nn.Split, layers: str, loss: str, steps: int = 5) -> Trainer:
    """A run on a split after a few steps, without compiled kernels."""
    made = trainer(data, layers, loss=loss, machine=InterpretedMachine)
    made.run(steps=steps)
    return made


def scores_of(run: Trainer) -> list[str]:
    """Names of the views of scores that suit a run."""
    return [view.name for view in views_of(run) if view.group == "scores"]


def look(run: Trainer, view: str, item: int = 0, **more: Any) -> Any:
    """What a view shows."""
    return views.make_view(run, view, item, **more)[1]


@pytest.fixture(scope="module")
def two_classes() -> Trainer:
    """A run on a table with two classes."""
    return make(X, LABELS, "linear 2", "cross_entropy", class_names=("no", "yes"))


@pytest.fixture(scope="module")
def prices() -> Trainer:
    """A run on a table of words and numbers with a price to learn."""
    return begin(nn.read_table(TABLE, target="price").split(0.6, 0.2, 0.2, seed=0), "linear 1", "mse")


CLASSES = ["confusion matrix", "ROC", "precision-recall", "calibration", "worst cases", "slices"]
NUMBERS = ["predicted vs true", "residuals", "worst cases", "slices"]
SEVERAL = RANDOM.random((80, 3)).round().astype(np.float32)
SHARES = RANDOM.dirichlet(np.ones(3), 80).astype(np.float32)
KINDS: dict[str, tuple[Any, str, str, list[str]]] = {
    "classes": (LABELS, "linear 2", "cross_entropy", CLASSES),
    "one output": (LABELS, "linear 1", "binary_cross_entropy_logits", CLASSES),
    "columns": (LABELS, "linear 2", "mse", [name for name in CLASSES if name != "calibration"]),
    "one column": (LABELS, "linear 1", "mse", [name for name in CLASSES if name != "calibration"]),
    "several labels": (SEVERAL, "linear 3", "binary_cross_entropy_logits", ["predicted vs true", *CLASSES[1:]]),
    "numbers": (X[:, :2] * 5, "linear 2", "mse", NUMBERS),
    "numbers with variances": (X[:, :2], "linear 4", "gaussian_nll", NUMBERS),
    "groups": (LABELS, "linear 2", "triplet_margin", []),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_target_has_its_scores(kind: str) -> None:
    """Views that cannot say anything are not offered; all others are made for each place and part."""
    y, layers, loss, expected = KINDS[kind]
    run = make(X, y, layers, loss)
    assert scores_of(run) == expected
    for view in expected:
        for place in range(3):
            for held_out in (False, True):
                _, output, shown = views.make_view(run, view, 7, place=place, held_out=held_out)
                assert output is not None
                assert shown.part == ("test" if held_out else "validation")


def test_the_threshold_begins_at_one_half_and_moves_in_per_cent(two_classes: Trainer) -> None:
    """→ moves it up, round at the end; the counts are those of the rows from there on."""
    part = two_classes.split.validation
    assert part is not None
    assert two_classes.form.probabilities is not None
    chances = two_classes.form.probabilities(two_classes.answers(part.x))[:, 1]
    for item, threshold in ((0, 0.5), (1, 0.51), (50, 1.0), (51, 0.0), (100, 0.49)):
        for view, form in (("ROC", Roc), ("precision-recall", PrecisionRecall)):
            _, output, shown = views.make_view(two_classes, view, item, place="yes")
            assert isinstance(output, form)
            assert shown.item == round(100 * threshold)
            cut = output.cut  # type: ignore[attr-defined]
            assert (cut.positive, cut.threshold) == ("yes", threshold)
            assert cut.counts.hits == int(((chances >= threshold) & (part.y == 1)).sum())
            assert cut.counts.false_alarms == int(((chances >= threshold) & (part.y == 0)).sum())


def test_the_area_is_the_same_from_both_sides_and_as_reported(two_classes: Trainer) -> None:
    """One class against the other has the area of the other against the one, with the interval of the report."""
    one, other = (look(two_classes, "ROC", place=place, held_out=True) for place in (0, 1))
    assert one.auc == pytest.approx(other.auc)
    assert other.auc == pytest.approx(two_classes.evaluate("test")["auc"])
    assert other.interval == pytest.approx(two_classes.uncertainty("test")["auc"])
    assert other.cut.rows == "16 test rows"


def test_the_matrix_has_the_scores_of_the_report(two_classes: Trainer) -> None:
    """Accuracy and F1 with their intervals."""
    scores, intervals = two_classes.evaluate("test"), two_classes.uncertainty("test")
    expected = [(name, pytest.approx(scores[name]), intervals[name]) for name in ("accuracy", "f1")]
    assert list(look(two_classes, "confusion matrix", held_out=True).scores) == expected


def test_without_test_rows_the_part_cannot_be_chosen() -> None:
    """Validation rows are scored, and no other part is offered."""
    run = begin(nn.Dataset(X, LABELS).split(0.8, 0.2, 0.0, seed=0), "linear 2", "cross_entropy")
    _, output, shown = views.make_view(run, "confusion matrix", held_out=True)
    assert isinstance(output, Confusion)
    assert (output.rows, shown.part) == ("16 validation rows", "")


def test_a_class_without_rows_is_said() -> None:
    """There is no curve, and the view says why."""
    y = np.where(np.arange(80) == 0, 2, LABELS)
    run = begin(nn.Dataset(X, y, class_names=("a", "b", "c")).split(0.6, 0.2, 0.2, seed=0), "linear 3", "cross_entropy")
    for view in ("ROC", "precision-recall"):
        assert look(run, view, place="c").cut.problem == "none of the 16 validation rows is c"


def test_answers_that_are_not_finite_are_left_out() -> None:
    """Of a network that diverged nothing is scored, and every view says so instead of failing."""
    run = make(X, LABELS, "linear 2", "cross_entropy")
    for values in run.parameters().values():
        values[...] = np.nan
    for view in scores_of(run):
        assert look(run, view) is not None
    assert look(run, "ROC").cut.problem == "none of the predictions is a finite number"
    assert look(run, "slices").whole is None


def test_ignored_labels_do_not_count() -> None:
    """Answers for them are in no count, as they are in no score."""
    run = make(X, np.where(np.arange(80) % 4 == 0, 2, LABELS), "linear 3", "cross_entropy ignore_index=2")
    part = run.split.validation
    assert part is not None
    counts = look(run, "ROC").cut.counts
    total = counts.hits + counts.false_alarms + counts.misses + counts.rejections
    assert total == int((part.y != 2).sum()) < len(part)
    matrix = look(run, "confusion matrix").matrix
    assert matrix.sum(axis=1).tolist() == np.bincount(part.y[part.y != 2], minlength=3).tolist()
    found = look(run, "slices", place="true class")
    assert found.whole.count == total
    assert found.whole.score == pytest.approx(run.evaluate("validation")["accuracy"])
    assert "2" not in {case.true for case in look(run, "worst cases").cases}


def test_calibration_has_every_row_once(two_classes: Trainer) -> None:
    """Of the class that the network chooses: the mean of what came true is the accuracy."""
    found = look(two_classes, "calibration")
    assert isinstance(found, Calibration)
    assert found.bins.counts.sum() == 16
    assert found.bins.counts[:5].sum() == 0
    assert found.share == pytest.approx(two_classes.evaluate("validation")["accuracy"])
    own = look(two_classes, "calibration", place="yes")
    assert own.brier == pytest.approx(found.brier)


def test_residuals_are_in_units_of_the_target(prices: Trainer) -> None:
    """Their scores are those of the report, with its intervals."""
    found = look(prices, "residuals", held_out=True)
    assert isinstance(found, Residuals)
    scores = prices.evaluate("test")
    assert found.scores == pytest.approx({name: scores[name] for name in ("mae", "rmse", "r2")})
    assert found.intervals == prices.uncertainty("test")
    assert np.abs(found.residual).mean() == pytest.approx(scores["mae"])


def test_slices_have_the_words_and_units_of_the_table(prices: Trainer) -> None:
    """Each row is in one slice; numbers are in quarters, words are a slice each, the target is a column too."""
    _, output, shown = views.make_view(prices, "slices", place="colour")
    assert isinstance(output, Slices)
    assert shown.places == ("size", "colour", "true price")
    assert {each.name for each in output.slices} == {"red", "green", "blue"}
    part = prices.split.validation
    assert part is not None
    for place in shown.places:
        found = look(prices, "slices", place=place)
        assert sum(each.count for each in found.slices) == len(part)
        whole = sum(each.count * each.score for each in found.slices) / len(part)
        assert whole == pytest.approx(found.whole.score) == pytest.approx(prices.evaluate("validation")["mae"])
        assert all(each.interval[0] <= each.score <= each.interval[1] for each in found.slices)
    assert len(look(prices, "slices", place="size").slices) == 4
    assert look(prices, "slices", place="size").slices[0].name.startswith(f"{min(_raw_sizes(prices)):.3g} to ")


def _raw_sizes(run: Trainer) -> list[float]:
    return [TABLE["size"][row] for row in run.split.indices.validation]  # type: ignore[misc]


def test_the_worst_case_comes_first_with_what_is_unusual_in_it() -> None:
    """A row with one wild input and a wrong label: its number, the input, and the training rows like it."""
    x, y = X.copy(), LABELS.copy()
    split = nn.Dataset(x, y).split(0.6, 0.2, 0.2, seed=0, stratify=False)
    planted = int(split.indices.validation[3])
    x[planted] = (9.0, 0.0, 0.0)
    y[planted] = 0
    names = ("a", "b", "c")
    data = nn.Dataset(x, y, feature_names=names, class_names=("no", "yes")).split(0.6, 0.2, 0.2, seed=0, stratify=False)
    run = begin(data, "linear 2", "cross_entropy", steps=60)
    found = look(run, "worst cases")
    assert isinstance(found, WorstCases)
    case = found.cases[0]
    assert (case.row, case.true, case.predicted, case.right) == (planted, "no", "yes", False)
    assert found.odd is not None
    assert (found.odd[0].name, found.odd[0].value) == ("a", pytest.approx(9.0))
    assert found.odd[0].deviations > 4
    assert [near.target for near in found.near] == ["no", "yes"]
    assert found.example == find_worst_example(run)


def test_cases_are_counted_round_and_pixels_have_no_unusual_input() -> None:
    """Pictures have training rows that are like them, but no columns."""
    run = begin(nn.load_dataset("digits").split(0.6, 0.2, 0.2, seed=0), "flatten, linear 10", "cross_entropy", 2)
    found = look(run, "worst cases", 53)
    assert (found.at, found.odd, len(found.near)) == (3, None, 2)
    assert scores_of(run) == CLASSES


def test_steps_are_scored_one_by_one() -> None:
    """Where each step has a class, answers are counted, not rows, and no interval is given."""
    data = nn.load_dataset("reversal", samples=60).split(0.6, 0.2, 0.2, seed=0)
    run = begin(data, "embedding 8 4, linear 8", "cross_entropy", 2)
    found = look(run, "ROC")
    assert found.interval is None
    assert found.cut.rows.endswith("answers in 12 validation rows")
    assert look(run, "worst cases").cases[0].true == ""


def test_scores_of_the_spiral_are_sliced_by_its_points() -> None:
    """Not by the features that were derived from them."""
    run = begin(spiral(), "linear 2", "cross_entropy")
    assert views.make_view(run, "slices")[2].places == ("x1", "x2", "true class")
