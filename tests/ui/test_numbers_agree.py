"""Claims about numbers that stand in several places: they are the same, and labels say which they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnplay.training.numbers import NUMBERS, last_taken
from nnplay.tui.help.glossary import glossary
from nnplay.tui.inspector.widgets.detail_view import DetailView
from nnplay.tui.inspector.widgets.head_line import HeadLine
from nnplay.tui.inspector.widgets.rows_list import RowsList
from nnplay.tui.panes.curves import CurvesPane
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.header import HeaderLine
from tests.ui.fake_run import train_run
from tests.ui.playing import main, make
from tests.ui.visit import inspecting


def test_every_number_is_in_the_glossary_with_its_meaning() -> None:
    """What a label calls a number is a term of the help, and says of what and when the number is."""
    terms = {term.name: term.text for term in glossary()}
    for number in NUMBERS.values():
        assert number.meaning in terms[number.label]


@pytest.mark.parametrize(
    ("taken", "wanted"),
    [((0, 0, 7), (0, 0)), ((0, 1, 7), (1, 1)), ((0, 6, 7), (1, 6)), ((1, 0, 7), (1, 7)), ((3, 2, 7), (4, 2))],
)
def test_epoch_and_batch_of_the_last_step(taken: tuple[int, int, int], wanted: tuple[int, int]) -> None:
    """An epoch is over at its last batch, and the next one begins with the first of its own."""
    assert last_taken(*taken) == wanted


async def test_the_header_says_which_loss_it_shows() -> None:
    """Until the first epoch is over it is the loss of a batch, then the mean of an epoch."""
    app = make()
    async with app.run_test(size=(120, 40)):
        header = main(app).query_one(HeaderLine)
        run = train_run(3, running=False)
        header.show(type(run)(step=3, batch=3, batches=7, batch_loss=0.625))
        assert "batch loss 0.6250" in header.plain_text
        assert "epoch 1 " in header.plain_text
        header.show(type(run)(step=7, epoch=1, batches=7, batch_loss=0.625, train_loss=0.5))
        assert "train 0.5000" in header.plain_text
        assert "epoch 1 " in header.plain_text
        assert "batch 7/7" in header.plain_text


async def test_the_header_names_a_card_that_trains_and_one_that_failed() -> None:
    app = make()
    async with app.run_test(size=(120, 40)):
        header = main(app).query_one(HeaderLine)
        run = train_run(3, running=False)
        header.show(replace(run, device="H200"))
        assert "H200" in header.plain_text
        header.show(replace(run, device="cpu (card failed)"))
        assert "cpu (card failed)" in header.plain_text
        header.show(run)
        assert "cpu" not in header.plain_text


async def test_header_legend_and_inspector_agree_on_a_real_run() -> None:
    """The header's train loss is the curve's newest, the inspector walks the step after the header's, batch and all."""
    async with inspecting() as visit:
        shown, view = visit.backend.snapshot, visit.view
        text = visit.text(HeadLine)
        assert f"step {shown.step + 1}" in text
        epoch, batch = last_taken(shown.epoch, shown.batch, shown.batches)
        ahead = (epoch, batch + 1) if batch < shown.batches else (epoch + 1, 1)
        assert (view.epoch + 1, view.batch + 1) == ahead
        assert f"epoch {ahead[0]}" in text
        await visit.pilot.press("escape")
        screen = main(visit.pilot.app)  # type: ignore[arg-type]
        await visit.until(lambda: visit.pilot.app.screen is screen)
        header = screen.query_one(HeaderLine).plain_text
        newest = float(shown.curves["train_loss"].last[-1])
        assert f"train {newest:.4f}" in header
        legend = screen.query_one(CurvesPane).query_one(CurveView).plain_text
        assert f"train  {newest:.4f}" in legend


async def test_going_to_a_step_shows_that_step() -> None:
    """`g` with a number leads to the step of that number, which the head names; one that is next is called so."""
    async with inspecting() as visit:
        await visit.pilot.press("g")
        await visit.type("20")
        await visit.settle()
        assert visit.view.step == 19
        assert "step 20 of 30 taken" in visit.text(HeadLine)
        assert "step 31 (next)" not in visit.text(HeadLine)
        await visit.press("end")
        assert "step 31 (next)" in visit.text(HeadLine)


async def test_sizes_leave_out_the_padding_of_memory() -> None:
    """Rows over all parameters have as many numbers as the network has parameters, in the list and in the table."""
    async with inspecting() as visit:
        count = sum(value.size for value in visit.backend.snapshot.weights.values())
        update = next(line for line in visit.text(RowsList).splitlines() if "sgd" in line)
        assert update.split()[-1] == str(count)
        norm = next(row.number for row in visit.view.rows if "gradients" in [each.name for each in row.operands])
        while visit.view.detail.row.number < norm:
            await visit.press("j")
        gradients = next(each for each in visit.view.detail.operands if each.name == "gradients")
        assert gradients.shape == (count,)
        assert gradients.statistics.count == count
        assert f"gradients {count}" in visit.text(DetailView)


async def test_the_first_row_names_the_row_of_the_data() -> None:
    """An element of the batch is a number of the training part, under the place that it has there."""
    async with inspecting() as visit:
        worked = visit.view.detail.worked
        assert worked is not None
        place = [int(part) for part in worked.symbols.removeprefix("data[").rstrip("]").split(",")]
        assert visit.backend.settings.load().train.x[tuple(place)] == np.float32(worked.value)
