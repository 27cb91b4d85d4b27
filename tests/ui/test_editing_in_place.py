"""Claims about what can be set where it is shown: weights, layers, cures, saved runs, commands."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Input, OptionList

from nnplay.config.fit import fit_loss
from nnplay.errors import InputError
from nnplay.health.finding import Finding
from nnplay.network.layer_text import split_layers
from nnplay.tui.commands import completion
from nnplay.tui.dialogs.value import AskValue
from nnplay.tui.draw.downsample import smooth
from nnplay.tui.forms.problem import problem_of
from nnplay.tui.panes.health import Findings
from nnplay.tui.panes.network import input_pictures
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.picker.screen import Picker
from nnplay.tui.terminal import panic
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.network_view import NetworkView
from tests.ui.fake_run import train_run
from tests.ui.fake_settings import FakeRecent, fake_config
from tests.ui.playing import asked, main, make, text_of, type_line
from tests.ui.waiting import until


async def test_weight_is_chosen_and_set_by_keys() -> None:
    """Arrows go to a unit, w to its first weight, enter types a value that reaches the back end at (from, to)."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "right", "down")
        await pilot.pause()
        view = main(app).query_one(NetworkView)
        assert view.chosen == (1, 1)
        assert "layer 0 unit 1" in str(main(app).pane("output").border_title)
        await pilot.press("w")
        assert "layer 0 unit 1 ← x1" in text_of(app, "#network")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, AskValue)
        assert "w next" not in str(app.screen.query_one("Vertical").border_title)
        app.screen.query_one(Input).value = "heavy"
        await pilot.press("enter")
        assert isinstance(app.screen, AskValue)
        app.screen.query_one(Input).value = "-1.5"
        await pilot.press("enter")
        await pilot.pause()
        assert asked(app)[-1] == ("set_weight", "0.weight", (view.link - 1, 1), -1.5)


async def test_bias_is_the_first_number_of_a_unit() -> None:
    """Going back from the first weight with W shows the bias, and enter sets it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "right")
        view = main(app).query_one(NetworkView)
        view._cursor.link = 0
        view.redraw()
        assert ", bias:" in text_of(app, "#network")
        await pilot.press("e")
        await pilot.pause()
        app.screen.query_one(Input).value = "0.25"
        await pilot.press("enter")
        await pilot.pause()
        assert asked(app)[-1] == ("set_weight", "0.bias", (0,), 0.25)


async def test_chosen_unit_is_shown_large_until_escape() -> None:
    """A unit under the cursor takes the output pane's place, drawn from a larger picture; escape gives it back."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "right")
        await pilot.pause()
        app.refresher.tick()
        assert main(app).query_one(OutputPane).neuron == (1, 0)
        assert app._backend.looked["neurons"] > 20  # type: ignore[attr-defined]
        await pilot.press("escape")
        await pilot.pause()
        assert main(app).query_one(OutputPane).neuron is None
        assert "●" in text_of(app, "#output")


async def test_unit_is_chosen_by_mouse() -> None:
    """A click on a unit's picture chooses it, a click beside all of them chooses none."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = main(app).query_one(NetworkView)
        place = view._spots[1][2]
        await pilot.click(view, offset=(place.left + 1, place.top // 2 + 1))
        await pilot.pause()
        assert view.chosen == (1, 2)
        await pilot.click(view, offset=(0, 0))
        await pilot.pause()
        assert view.chosen is None


async def test_a_folded_graph_has_no_chosen_unit() -> None:
    """A unit chosen before the graph is folded, or too small to be drawn, can neither be read nor set there."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "right", "right", "w")
        await pilot.pause()
        view = main(app).query_one(NetworkView)
        assert view.chosen is not None
        await pilot.press("v")
        await pilot.pause()
        for key in ("enter", "w", "J", "K", "right", "down"):
            await pilot.press(key)
        assert view.chosen is None
        assert app.screen is main(app)


async def test_only_visible_pictures_are_asked_for() -> None:
    """With the curves alone on the screen neither surface nor neuron pictures are computed."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "f")
        await pilot.pause()
        app.refresher.tick()
        looked = app._backend.looked  # type: ignore[attr-defined]
        assert (looked["surface"], looked["neurons"], looked["output"]) == (None, 0, False)
        await pilot.press("0", "t")
        await pilot.pause()
        app.refresher.tick()
        looked = app._backend.looked  # type: ignore[attr-defined]
        assert looked["held_out"]
        assert looked["surface"][0] > 20


async def test_layers_are_frozen_named_and_begun_otherwise() -> None:
    """F freezes and thaws, N names, W chooses the scheme of the initialisation; all of it is in the layer's text."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2", "2", "F")
        assert app._backend.settings.layer_texts[0] == "linear 8 frozen"
        await pilot.press("F", "N")
        await pilot.pause()
        app.screen.query_one(Input).value = "hidden one"
        await pilot.press("enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[0] == "linear 8 name=hidden_one"
        await pilot.press("c")
        await pilot.pause()
        assert app._backend.settings.layer_texts[:2] == ("linear 8 name=hidden_one", "linear 8")
        await pilot.press("z")
        await pilot.pause()
        await pilot.press("W")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        await pilot.press(*"zeros", "enter")
        await pilot.pause()
        assert app._backend.settings.layer_texts[0] == "linear 8 init=zeros name=hidden_one"


async def test_finding_is_cured_by_enter() -> None:
    """Enter on a finding does the action that it proposes."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        app._backend.snapshot = replace(  # type: ignore[misc]
            train_run(50),
            health=(Finding("warning", "half of the units are dead", "R", "new-weights"), Finding("good", "x")),
        )
        await pilot.press("6")
        await pilot.pause()
        app.refresher.draw_frame(pictures=True)
        assert "enter: new weights" in text_of(app, "#health")
        await pilot.press("enter")
        await pilot.pause()
        assert asked(app)[-1] == ("reseed",)
        await pilot.press("down")
        assert main(app).query_one(Findings).cursor == 1


async def test_find_goes_to_a_setting() -> None:
    """/ and part of a name put the cursor on that line of its form."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash")
        await pilot.pause()
        await pilot.press(*"clip", "enter")
        await pilot.pause()
        assert main(app).current == "training"
        entry = app._main.focused.entry  # type: ignore[union-attr]
        assert entry.name == "clip_norm"


async def test_saved_runs_are_listed_and_opened() -> None:
    """o lists saved runs with what is known of them, enter opens the first; hostile names are only shown."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        app._backend.saved = [  # type: ignore[attr-defined]
            FakeRecent("/tmp/a.nnplay", "[@click=app.quit]a[/]\x1b[2J"),
            FakeRecent("/tmp/b.nnplay", "b", recovered=True),
            FakeRecent("/tmp/c.nnplay", "c", problem="weights are missing"),
        ]
        await pilot.press("o")
        await pilot.pause()
        assert isinstance(app.screen, Picker)
        options = app.screen.query_one(OptionList)
        prompts = [str(options.get_option_at_index(index).prompt) for index in range(3)]
        assert prompts[0].startswith("[@click=app.quit]a[/]")
        assert "\x1b" not in prompts[0]
        assert "recovered" in prompts[1]
        assert "damaged" in prompts[2]
        await pilot.press("enter")
        await until(pilot, lambda: asked(app)[-1:] == [("open", "/tmp/a.nnplay")])


async def test_path_is_typed_where_a_data_set_is_chosen() -> None:
    """A path that is no data set's name is taken as a file."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("1", "enter")
        await pilot.pause()
        app.screen.query_one(Input).value = "my data.csv"
        await pilot.press("enter")
        await until(pilot, lambda: app._backend.settings.data.source == "my data.csv")


async def test_run_for_a_while_and_problem_by_command() -> None:
    """`:run 10 epochs`, `:data`, `:set problem` reach the back end."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await type_line(pilot, "run 10 epochs")
        assert asked(app)[-1] == ("run_for", None, 10)
        await type_line(pilot, "run 500")
        assert "length of training" in text_of(app, "#message-line")
        await type_line(pilot, "data my.csv target=price")
        await until(pilot, lambda: app._backend.settings.data.source == "my.csv")
        assert app._backend.settings.data.values == {"target": "price"}
        await type_line(pilot, "set dataset spiral")
        await until(pilot, lambda: app._backend.settings.data.source == "spiral")
        await type_line(pilot, "set problem regression")
        await until(pilot, lambda: problem_of(app._backend.settings.data.source) == "regression")


async def test_smoothing_keeps_the_extremes_behind_it() -> None:
    """m draws a smoothed line before the smallest and largest values as they are; a third press ends it."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        view = main(app).query_one(CurveView)
        plain = view._chart(40).lines[0].data
        await pilot.press("m")
        smoothed = view._chart(40).lines[0].data
        assert smoothed.low.tolist() == plain.low.tolist()
        assert smoothed.high.tolist() == plain.high.tolist()
        assert np.abs(np.diff(smoothed.last)).sum() < np.abs(np.diff(plain.last)).sum()
        await pilot.press("m", "m")
        assert view._chart(40).lines[0].data.last.tolist() == plain.last.tolist()


async def test_network_folds_to_a_chain() -> None:
    """v shows the chain of layers in place of the graph, and the graph again."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("v")
        assert "input" in text_of(app, "#network")
        await pilot.press("v")
        assert "▀" in text_of(app, "#network")


async def test_going_back_is_visible_in_the_header() -> None:
    """While an earlier step is shown the header says of how many."""
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        app._backend.snapshot = replace(train_run(500, running=False), latest=900)  # type: ignore[misc]
        app.refresher.tick()
        await pilot.pause()
        assert "of 900" in text_of(app, "#header")


def test_running_mean_begins_without_bias_and_survives_nan() -> None:
    """A constant stays itself from the first value on; a NaN repeats the mean before it."""
    result = smooth(np.array([2.0, 2.0, np.nan, 2.0]), 0.9)
    assert np.allclose(result, 2.0)


def test_lengths_of_runs_are_read_and_refused() -> None:
    """Steps, batches and epochs; nothing else."""
    assert completion.read_run("10 epochs") == {"epochs": 10}
    assert completion.read_run("1 batch") == {"steps": 1}
    assert completion.read_run("1,000 steps") == {"steps": 1000}
    for wrong in (
        "",
        "ten epochs",
        "0 steps",
        "5 miles",
        "² epochs",
        "1e999 steps",
        f"{'9' * 5000} steps",
        "-1 epochs",
    ):
        with pytest.raises(InputError, match="try :run 10 epochs"):
            completion.read_run(wrong)


def test_places_in_a_run_are_read_and_refused() -> None:
    """Whole numbers that a run can reach, whatever letters Unicode calls digits."""
    assert completion.read_goto("step 1,000") == ("step", 1000)
    for wrong in ("", "step", "step ②", "step -1", f"epoch {'9' * 5000}", "mile 5"):
        with pytest.raises(InputError, match="try :goto step 500"):
            completion.read_goto(wrong)


def test_names_of_data_with_quotes_and_backslashes() -> None:
    """Quotes hold a name with spaces together; a quote or backslash without a partner is a part of the name."""
    assert completion.read_data("'my data.csv' target=y") == ("my data.csv", {"target": "y"})
    assert completion.read_data("foo\\")[0] == "foo\\"
    assert completion.read_data('"a\\" target=y') == ('"a\\"', {"target": "y"})
    assert completion.read_data("it's.csv") == ("it's.csv", {})


def test_layers_with_branches_are_split_outside_brackets() -> None:
    """Commas within brackets belong to a branch."""
    assert split_layers("linear 8, sum[identity | linear 8, relu], tanh") == (
        "linear 8",
        "sum[identity | linear 8, relu]",
        "tanh",
    )


def test_last_layer_follows_the_loss() -> None:
    """Hinge on two classes needs one output, cross-entropy two."""
    split = fake_config().load()
    hinge = fit_loss(fake_config(loss={"name": "hinge"}), split.train)
    assert hinge.layer_texts[-1] == "linear 1"
    assert fit_loss(hinge.changed({"loss": {"name": "cross_entropy"}}), split.train).layer_texts[-1] == "linear 2"


def test_input_pictures_are_the_features_over_the_plane() -> None:
    """x₁ grows to the right, x₂ upwards, and a pixel of an image has no picture."""
    pictures = input_pictures(("x1", "x2", "pixel"))
    assert np.all(np.diff(pictures[-1, 0], axis=1) > 0)
    assert np.all(np.diff(pictures[-1, 1], axis=0) < 0)
    assert (-1, 2) not in pictures


def test_fault_is_written_to_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report names the saved run and a file with the traceback that only this user can read."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    try:
        raise RuntimeError("a bug of the tests")
    except RuntimeError as error:
        message = panic.report(error, lambda: "/somewhere/run")
    assert "/somewhere/run" in message
    path = Path(message.rpartition("details: ")[2])
    assert "Traceback" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_fault_report_survives_a_failing_rescue() -> None:
    """If saving fails too, the first error is still told."""

    def fails() -> str:
        raise OSError("disk full")

    message = panic.report(RuntimeError("first"), fails)
    assert "first" in message
    assert "disk full" in message
