"""Claims about the output pane: every form of answer is drawn, at every size; keys go through views and examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nnplay.training.scores.calibration import reliability
from nnplay.training.scores.ranking import Counts
from nnplay.tui.app import Playground
from nnplay.tui.outputs.verdict import draw_chances
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.theme.look import Look
from nnplay.views.clouds import Cloud, Clouds
from nnplay.views.kinds.attention import Attention
from nnplay.views.kinds.calibration import Calibration
from nnplay.views.kinds.confusion import Confusion
from nnplay.views.kinds.curve import Fit
from nnplay.views.kinds.gradient_through_time import GradientThroughTime
from nnplay.views.kinds.gradients import Gradients
from nnplay.views.kinds.images import Images
from nnplay.views.kinds.layer_scores import LayerScore, LayerScores
from nnplay.views.kinds.masks import Masks
from nnplay.views.kinds.pair import Pair
from nnplay.views.kinds.precision_recall import PrecisionRecall
from nnplay.views.kinds.residuals import Residuals
from nnplay.views.kinds.roc import Roc
from nnplay.views.kinds.scatter import Scatter
from nnplay.views.kinds.series import Series
from nnplay.views.kinds.silent_units import SilentUnits
from nnplay.views.kinds.similarity import Similarity
from nnplay.views.kinds.slices import Slices, SliceScore
from nnplay.views.kinds.tokens import Tokens
from nnplay.views.kinds.two_modes import Histogram, TwoModes
from nnplay.views.kinds.updates import Updates
from nnplay.views.kinds.worst_cases import Case, Near, Odd, WorstCases
from nnplay.views.kinds.writing import Writing
from nnplay.views.row_groups import Groups
from nnplay.views.thresholds import Cut
from nnplay.views.view import Output, Shown
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_run import train_run
from tests.ui.playing import main, make, text_of

pytestmark = pytest.mark.painted

RNG = np.random.default_rng(0)
X = np.linspace(-1, 1, 50).astype(np.float32)
RUN_STEPS = np.array([1, 20, 40])
MASK = np.zeros((32, 32), np.int64)
MASK[4:12, 4:12], MASK[20:28, 14:24] = 1, 2
SHIFTED = np.roll(MASK, 1, axis=1)


def grey(*shape: int) -> Any:
    """Random pixels."""
    return RNG.random(shape).astype(np.float32)


CUT = Cut("[/]dog", 0.5, True, Counts(4, 2, 1, 6), "13 test rows")

FORMS: dict[str, tuple[Output, list[str]]] = {
    "fit": (Fit(X, X**2, X, X**2), ["network"]),
    "scatter": (Scatter(X, X), ["perfect"]),
    "confusion": (Confusion(np.array([[5, 1], [2, 9]]), ("cat", "[/]dog"), ("row 3: cat",)), ["row 3", "[/]dog"]),
    "grey images": (
        Images(grey(6, 8, 8), tuple("012345"), tuple("012340"), 1, "6 of 1,000 validation rows"),
        ["0, true 5", "1 wrong in 6 of 1,000 validation rows"],
    ),
    "colour images": (Images(grey(3, 32, 32, 3), ("a", "b", "c"), ("a", "b", "a"), 1), ["1 wrong"]),
    "masks": (
        Masks(grey(32, 32, 3), MASK, SHIFTED, ("ground", "disc", "box"), (0.9, 0.78, float("nan"))),
        ["true", "predicted", "wrong", "disc", "0.78", "0.84"],
    ),
    "pair": (Pair(grey(28, 28), grey(28, 28)), ["target", "output", "mean difference"]),
    "wave": (
        Series((("seen", X),), "tone", "hiss", right=False, chances=(("hiss", 0.7), ("tone", 0.3))),
        ["tone", "hiss", "70 %"],
    ),
    "forecast": (Series((("seen", X),), "1.02", "0.97", next=(1.02, 0.97)), ["1.02", "0.97", "predicted"]),
    "forecast that runs on": (
        Series((("seen", X),), "1.02", "0.97", next=(1.02, 0.97), continuation=(X[:6], X[:6] + 0.1)),
        ["1.02", "0.97", "continued", "true", "seen"],
    ),
    "symbols": (Tokens(tuple("0123"), tuple("3210"), tuple("3110")), ["seen", "3 of 4", "predicted 3 1 1 0"]),
    "other symbols": (
        Tokens(tuple("5 may 1999"), tuple("99-05-05"), tuple("99-05-06")),
        ["7 of 8", "5   m a y   1 9 9 9", "9 9 - 0 5 - 0 5", "predicted 9 9 - 0 5 - 0 6"],
    ),
    "one symbol": (Tokens(tuple("BADC" * 20), ("B",), ("A",), (("A", 0.6), ("B", 0.4))), ["true B", "60 %"]),
    "attention": (
        Attention(tuple("BADC"), (("head 0", grey(4, 4)), ("head 1", grey(4, 4)))),
        ["head 0", "head 1"],
    ),
    "roc": (
        Roc(np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.8, 1.0]), CUT, 0.8, (0.7, 0.9)),
        ["guessing", "AUC 0.800 (0.700–0.900)", "of 13 test rows", "[/]dog from 50 %", "TP 4", "FN 1", "F1 0.727"],
    ),
    "roc of nothing": (
        Roc(np.zeros(0), np.zeros(0), replace(CUT, problem="none of the 13 test rows is [/]dog"), float("nan")),
        ["none of the 13 test rows is [/]dog"],
    ),
    "precision and recall": (
        PrecisionRecall(np.array([1.0, 0.4]), np.array([0.5, 1.0]), CUT, 0.4, 0.9, None, (0.5, 0.9)),
        ["average precision 0.900", "precision 0.667", "recall 0.800", "F1 0.727 (0.500–0.900)"],
    ),
    "precision of nothing": (
        PrecisionRecall(np.array([1.0]), np.array([1.0]), replace(CUT, counts=Counts(0, 0, 5, 8)), 0.4, 0.9),
        ["precision –", "recall 0.000"],
    ),
    "calibration": (
        Calibration("chosen class", reliability(X > 0, np.abs(X)), ((0.1, 0.9),) * 10, 0.2, 0.7, 0.9, "50 test rows"),
        ["perfect", "ECE", "Brier 0.200", "mean probability 70.0 %", "came true 90.0 %", "of 50 test rows"],
    ),
    "residuals": (
        Residuals("price", X, X**2 - 0.3, {"mae": 0.3, "rmse": 0.4, "r2": 0.5}, {"r2": (0.4, 0.6)}, "50 test rows"),
        ["no error", "MAE 0.3", "R² 0.500 (0.400–0.600)", "RMSE 0.4", "of 50 test rows"],
    ),
    "worst cases": (
        WorstCases(
            (Case(541, "cat", "[/]dog", "3 %"), Case(89, "cat", "cat", "60 %", right=True)),
            *("prob. of true", 0, 17, "training rows of cat"),
            odd=(Odd("weight", 42.0, 4.5, 3.25), Odd("age", 0.1, 6.0, -2.5)),
            near=(Near(1_203, "[/]dog", 0.5),),
            rows="13 test rows",
        ),
        [
            "541",
            "[/]dog",
            "3 %",
            "60 % ✓",
            "unusual among training rows of cat",
            "+3.2 σ weight 42 (usually 4.5)",
            "1,203",
        ],
    ),
    "worst pictures": (
        WorstCases((Case(7, "", "", "3 of 64"),), "wrong", 0, 7, "the training rows", None, (), "9 validation rows"),
        ["3 of 64", "wrong"],
    ),
    "slices": (
        Slices(
            *("colour", "accuracy", ""),
            SliceScore("all rows", 13, 0.8, (0.7, 0.9)),
            (SliceScore("[/]red", 9, 0.5, (0.3, 0.65)), SliceScore("blue", 4, 1.0, None)),
            "13 test rows",
        ),
        ["accuracy by colour", "[/]red", "50.0 %", "100.0 %", "13 test rows, 95 % intervals"],
    ),
    "clouds": (
        Clouds(
            tuple(
                Cloud(
                    f"{k} linear", grey(9, 2) - 0.5, 0.8, finite=k != 2, lines=grey(2, 3, 5, 2) * 4 - 2 if k else None
                )
                for k in range(3)
            ),
            Groups(np.arange(9) % 4 - 1, ("[/]cat", "dog", "cow")),
            "9 validation rows",
            line_groups=np.arange(30).reshape(2, 3, 5) % 4 - 1,
        ),
        ["[/]cat", "dog", "cow", "9 validation rows", "0 linear", "2 linear", "not finite"],
    ),
    "one cloud": (
        Clouds((Cloud("0 linear", grey(9, 2), 0.8),), Groups(np.full(9, -1), ()), "9 rows", chosen=0),
        ["9 rows", "0 linear 80 %"],
    ),
    "layer scores": (
        LayerScores(
            (LayerScore("input", 0.61, 0.08, 1.9, 2), LayerScore("0 linear", float("nan"), float("nan"), 0.0, 8)),
            "accuracy",
            0.5,
            "9 validation rows",
        ),
        ["9 validation rows · baseline 50 %", "input", "61 %", "8 %", "1.9", "0 linear", "held-out"],
    ),
    "layer scores of quantities": (
        LayerScores((LayerScore("input", -0.2, float("nan"), 1.9, 2),), "R²", float("nan"), "9 rows"),
        ["-0.20", "ridge"],
    ),
    "similarity": (
        Similarity(np.array([[1.0, 0.31], [np.nan, -0.02]]), ("input", "0 linear"), ("input", "0 tanh"), "", "9 rows"),
        ["CKA", "0 linear", "100", "31", "–"],
    ),
    "similarity with another step": (
        Similarity(np.eye(1), ("0 linear",), ("0 linear",), "step 20", "9 rows"),
        ["this step", "step 20"],
    ),
    "no similarity": (Similarity(np.zeros((0, 0)), (), (), "step 20", "9 rows", "other rows"), ["other rows"]),
    "writing": (Writing("alice was ", "not so"), ["alice was not so"]),
    "gradients by layer": (
        Gradients(("0 linear", "[/]2 linear"), np.array([1e-6, 0.02]), RUN_STEPS, 10.0 ** -grey(3, 2)),
        ["0 linear", "[/]2 linear", "0.0200", "20,000", "step 40"],
    ),
    "gradients before a step": (
        Gradients(("0 linear",), np.array([np.nan]), RUN_STEPS[:0], grey(0, 1)),
        ["0 linear", "…", "no step yet"],
    ),
    "gradient through time": (
        GradientThroughTime(10.0 ** -X[:9], np.arange(9), RUN_STEPS, grey(3, 9), "it shrinks 300×"),
        ["it shrinks 300×", "over the run", "t=0", "step 40"],
    ),
    "updates": (
        Updates(
            ("0.weight", "0.bias"),
            np.array([0.002, 0.0]),
            np.array([0.1, 0.2]),
            (("√exp_avg_sq", grey(2)),),
            RUN_STEPS,
            grey(3, 2),
            0.01,
        ),
        ["0.weight", "0.0020", "lr 0.01"],
    ),
    "updates that wait": (
        Updates(("0.weight",), np.array([np.nan]), np.array([np.nan]), (), RUN_STEPS[:0], grey(0, 1), 0.01, False),
        ["0.weight", "updates appear here"],
    ),
    "silent units": (
        SilentUnits(
            ("1 relu", "3 tanh"), ("dead", "saturated"), (0.25, 0.0), 0, grey(300), "3 of 300 units dead", "9 rows"
        ),
        ["1 relu", "25 % dead", "0 % saturated", "3 of 300 units dead", "unit 299"],
    ),
    "both modes": (
        TwoModes(
            2,
            16,
            grey(3),
            grey(3),
            grey(3),
            np.array([0.0, 2.0, 2.0]),
            ("unit 0", "unit 1", "unit 2"),
            (),
            (Histogram("before", np.array([3, 0, 5]), -1.0, 2.5),),
            (("running_mean", RUN_STEPS, grey(3)),),
        ),
        ["row 2 of the next batch of 16", "unit 2", "mask"],
    ),
    "both modes that wait": (
        TwoModes(0, 1, X[:0], X[:0], X[:0], None, (), (), (), (), waits=True),
        ["both modes appear here"],
    ),
}


async def test_every_form_of_answer_is_drawn() -> None:
    """What each form tells is on the screen in words: names, numbers, mistakes; nothing is left of the one before."""
    app, missing, before = make(), [], ""
    async with app.run_test(size=(120, 40)) as pilot:
        for step, (name, (form, words)) in enumerate(FORMS.items(), start=9):
            run = replace(train_run(step, running=False), surface=None, output=form)
            app._backend.snapshot = run  # type: ignore[misc]
            app.refresher.tick()
            await pilot.pause()
            seen = text_of(app, "#output")
            missing += [(name, word) for word in words if word not in seen]
            assert seen != before, name
            before = seen
        assert missing == []


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(Look(), id="full"),
        pytest.param(Look(colours="16"), id="16", marks=pytest.mark.slow),
        pytest.param(Look(colours="none"), id="none"),
        pytest.param(Look(ascii=True), id="ascii"),
    ],
)
async def test_every_form_is_drawn_at_every_size_and_look(look: Look) -> None:
    """From one cell to a large pane nothing raises, no row is too long, and ASCII stays ASCII."""
    app = Playground(FakeBackend(train_run()), look)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)):
        answer = main(app).query_one(Answer)
        for form, _ in FORMS.values():
            answer.show(form)
            for width, height in ((1, 1), (7, 3), (20, 6), (48, 20), (160, 50)):
                rows = answer._safe_rows(width, height)
                assert len(rows) == height
                text = "".join(part for row in rows for part, _ in row)
                assert not look.ascii or text.isascii()


async def test_keys_go_through_views_examples_and_to_the_worst() -> None:
    """↓ asks for the next view, → for the next example, w for the worst; other data begin at the first."""
    app = make()
    shown = Shown("symbols", ("symbols", "confusion matrix"), 0, 30, "example")
    async with app.run_test(size=(120, 40)) as pilot:
        pane = main(app).query_one(OutputPane)
        app._backend.snapshot = replace(  # type: ignore[misc]
            train_run(9, running=False), surface=None, output=FORMS["symbols"][0], shown=shown
        )
        app.refresher.tick()
        await pilot.press("right", "right", "left")
        assert (pane.view, pane.item) == ("", 1)
        await pilot.press("w")
        app.refresher.tick()
        assert app._backend.looked["item"] == -1
        assert "example 0 of 0–29" in str(pane.border_subtitle)
        await pilot.press("left")
        assert pane.item == 29
        await pilot.press("down")
        app.refresher.tick()
        assert app._backend.looked["view"] == "confusion matrix"
        app.edits.change(data={"name": "circle"})
        await app.workers.wait_for_complete()
        assert (pane.view, pane.item) == ("", 0)


async def test_a_grid_is_browsed_by_whole_pages() -> None:
    """→ shows the pictures after those that were on the screen, ← goes back, and from the first to the last page."""
    app = make()
    many = Images(grey(64, 28, 28), ("1",) * 64, ("1",) * 64)
    async with app.run_test(size=(120, 40)) as pilot:
        pane, answer = main(app).query_one(OutputPane), main(app).query_one(Answer)
        shown = Shown("pictures", ("pictures", "confusion matrix"), 0, 100, "picture")
        app._backend.snapshot = replace(train_run(9, running=False), surface=None, output=many, shown=shown)  # type: ignore[misc]
        app.refresher.tick()
        await pilot.pause()
        page = answer.page
        assert page > 1
        await pilot.press("right")
        assert pane.item == page
        await pilot.press("left", "left")
        assert pane.item == 99 // page * page


async def test_t_switches_between_validation_and_test_rows() -> None:
    """The pane says what t leads to; a view without scores says that t has no use there."""
    app = make()
    shown = Shown("ROC", ("images", "ROC"), 50, 101, "threshold", part="validation")
    async with app.run_test(size=(120, 40)) as pilot:
        pane = main(app).query_one(OutputPane)
        app._backend.snapshot = replace(  # type: ignore[misc]
            train_run(9, running=False), surface=None, output=FORMS["roc"][0], shown=shown
        )
        app.refresher.tick()
        await pilot.pause()
        assert str(pane.border_subtitle).startswith("←→ threshold")
        assert "t: test" in str(pane.border_subtitle)
        await pilot.press("t")
        app.refresher.tick()
        assert app._backend.looked["held_out"] is True
        app._backend.snapshot = replace(app._backend.snapshot, shown=replace(shown, part="test"))  # type: ignore[misc]
        app.refresher.tick()
        await pilot.pause()
        assert "t: validation" in str(pane.border_subtitle)


def test_chances_that_are_not_numbers_are_drawn() -> None:
    """A diverged network has no bar, and the view stays."""
    (row,) = draw_chances([("A", float("nan"))], "A", 40, 3, Look())
    assert "█" not in "".join(text for text, _ in row)
