"""Claims about the data that keys, help and commands are made from."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from textual.keys import _character_to_key
from textual.widgets import OptionList, Static

from nnplay.errors import InputError
from nnplay.fields import choice, integer, number
from nnplay.network.layer_text import split_layers, with_units
from nnplay.records.registry import schedule_records
from nnplay.run.choices import catalogue
from nnplay.tui.app import Playground
from nnplay.tui.arrange import PANES, arrange
from nnplay.tui.commands import completion, keymap
from nnplay.tui.commands.actions import ACTIONS, BY_ID, footer, methods_of_app
from nnplay.tui.forms import entries
from nnplay.tui.forms.form import Form
from nnplay.tui.forms.next_value import next_value, value_at_share
from nnplay.tui.help.glossary import find, glossary, terms_for
from nnplay.tui.help.pane_help import page
from nnplay.tui.outputs.point_board import PointBoard
from nnplay.tui.outputs.widget import Answer
from nnplay.tui.panes.health import Findings
from nnplay.tui.panes.output import OutputPane
from nnplay.tui.picker.choice import Choice
from nnplay.tui.picker.screen import Picker
from nnplay.tui.picker.shelf import Shelf
from nnplay.tui.terminal import can_open
from nnplay.tui.theme.look import Look
from nnplay.tui.widgets.curve_view import CurveView
from nnplay.tui.widgets.layer_list import LayerList
from nnplay.tui.widgets.network_view import NetworkView
from tests.ui.fake_backend import FakeBackend
from tests.ui.fake_settings import FakeCatalogue, FakeLedger, FakeLine, fake_config
from tests.ui.playing import main, make

OWNERS = {
    "app": Playground,
    "screen": Playground,
    "form": Form,
    "layers": LayerList,
    "curves": CurveView,
    "network": NetworkView,
    "output": OutputPane,
    "elements": Answer,
    "drawing": PointBoard,
    "health": Findings,
}


def test_every_action_has_its_method() -> None:
    """What an action runs is found, by Textual's rule, at the app or at the widget that it belongs to."""
    app = make()
    for action in ACTIONS:
        if action.run:
            name, owner = re.search(r"(\w+)(\(|$)", action.run), OWNERS[action.where]
            assert name is not None, action.id
            method = f"action_{name.group(1)}"
            assert callable(getattr(app if owner is Playground else owner, method)), action.id


def test_exactly_one_group_does_each_action() -> None:
    """No two groups of actions have a method of the same name, of which one would never be called."""
    groups, names = make().groups, methods_of_app()
    assert [name for name in names if sum(hasattr(group, name) for group in groups) != 1] == []
    assert names


def test_no_key_has_two_meanings_in_one_place() -> None:
    """Within one kind of widget each key belongs to one action."""
    for where in OWNERS:
        keys = [key for action in ACTIONS if action.where == where for key in action.keys]
        assert len(keys) == len(set(keys))


def test_actions_without_keys_are_commands() -> None:
    """An action that no key reaches can be typed, and says how or needs nothing."""
    assert all(action.argument or action.run for action in ACTIONS if not action.keys)


def test_footer_always_offers_command_help_quit() -> None:
    """Whatever has the focus, the footer ends with these three."""
    for where in OWNERS:
        assert [action.id for action in footer(where)][-3:] == ["command", "help", "quit"]  # type: ignore[arg-type]


def test_glossary_has_sixty_terms_of_two_sentences() -> None:
    """At least 60 terms, sorted, each of two or more sentences and free of markup."""
    names = [term.name for term in glossary()]
    assert len(names) >= 60
    assert len(set(names)) == len(names)
    for term in glossary():
        assert len(re.findall(r"[.](?:\s|$)", term.text)) >= 2, term.name


@pytest.mark.parametrize("pane", PANES)
def test_every_pane_has_help_and_terms(pane: str) -> None:
    """Each pane's page names the pane, and all but none have terms of their own."""
    assert page(pane, {}).plain.lower().startswith(pane)
    assert terms_for(pane)


def test_help_search_finds_terms_and_keys() -> None:
    """A search shows matching terms and actions only, and the user's own key for an action."""
    text = page("data", {"rewind": "w"}, "rewind").plain
    assert "w " in text
    assert "overfitting" not in text
    assert find("overfit")[0].name == "overfitting"


def test_keymap_is_read_and_refused_with_reasons(tmp_path: Path) -> None:
    """Shown key names are taken, unknown actions and wrong types are refused in one sentence."""
    file = tmp_path / "keymap.toml"
    assert keymap.load(file) == {}
    file.write_text('[keys]\nrun = "B"\nstep = ["."]\n')
    assert keymap.load(file) == {"run": "B", "step": "full_stop"}
    for text, word in (
        ('[keys]\nrum = "g"\n', "run"),
        ("[keys]\nrun = 3\n", "needs a key"),
        ("[keys", "keymap.toml, line 1: "),
        ("a = " + "[" * 100_000, "is too large"),
        ('[keys]\nrun = "."\n', "'run' and 'step'"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=word):
            keymap.load(file)


def test_a_key_chosen_for_everywhere_is_not_shadowed_by_a_pane(tmp_path: Path) -> None:
    """Panes that have another key for the same lose this one; where they have none, or the user's own, it is said."""
    file = tmp_path / "keymap.toml"
    file.write_text('[keys]\nrun = ["h", "space"]\n')
    found = keymap.load(file)
    assert found["run"] == "h,space"
    left = {action.id: ",".join(key for key in action.keys if key != "h") for action in ACTIONS if "h" in action.keys}
    assert {name: keys for name, keys in found.items() if name != "run"} == left
    for text, words in (
        ('run = "c"', "'c' is bound to 'run' and, in the layers, to 'layer-copy'; give 'layer-copy' a second key"),
        ('run = "u"\nmore = "u"', "'u' is bound to 'run' and, in forms, to 'more'"),
    ):
        file.write_text(f"[keys]\n{text}\n")
        with pytest.raises(InputError, match=words):
            keymap.load(file)
    file.write_text('[keys]\nrun = "c"\nlayer-copy = "C"\nelement = "E"\nfold = "v"\n')
    assert keymap.load(file) == {"run": "c", "layer-copy": "C", "element": "E", "fold": "v"}


def test_every_character_can_be_a_key(tmp_path: Path) -> None:
    """A key written as it is shown is the one that Textual knows by its name."""
    file = tmp_path / "keymap.toml"
    taken = {key for action in ACTIONS for key in action.keys}
    free = [chr(code) for code in (*range(33, 127), ord("é"), ord("€")) if _character_to_key(chr(code)) not in taken]
    for character in free:
        file.write_text(f"[keys]\ncopy = {json.dumps(character, ensure_ascii=False)}\n", encoding="utf-8")
        assert keymap.load(file) == {"copy": _character_to_key(character)}
    assert {"!", "\\", "@", "€"} <= set(free)


def test_commands_are_split_and_completed() -> None:
    """A line names an action; a missing argument or a wrong name is said with a hint."""
    assert completion.parse_command(":goto step 500")[1] == "step 500"
    with pytest.raises(InputError, match="rewind"):
        completion.parse_command("rewimd")
    with pytest.raises(InputError, match=r"lr 0\.003"):
        completion.parse_command("set")
    rows = entries.training_entries(fake_config(), FakeCatalogue())
    with pytest.raises(InputError, match=r"unknown command 'lr'; try :set lr 0\.3$"):
        completion.parse_command("lr 0.3", rows)
    with pytest.raises(InputError, match="to change it: :set optimizer VALUE"):
        completion.parse_command("optimizer", rows)
    assert [c.line for c in completion.complete_line("set ra", rows, FakeCatalogue())] == ["set lr "]
    assert "set optimizer sgd" in [c.line for c in completion.complete_line("set optimizer ", rows, FakeCatalogue())]
    assert "rewind" in [c.line for c in completion.complete_line("re", rows, FakeCatalogue())]
    assert completion.read_goto("epoch 20") == ("epoch", 20)
    with pytest.raises(InputError, match="goto step 500"):
        completion.read_goto("twenty")


def test_settings_change_only_what_was_named() -> None:
    """A nested value is replaced without touching its neighbours; a bad split is refused."""
    rows = entries.data_entries(fake_config(), FakeCatalogue())
    assert entries.changes(entries.find_entry(rows, "noise"), "0.2", fake_config()) == {"data": {"noise": 0.2}}
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    assert entries.changes(entries.find_entry(rows, "split"), "60/20/20", fake_config()) == {"split": shares}
    for words in ("70/20", "0/50/50", "a/b/c", "90/20/-10"):
        with pytest.raises(InputError):
            entries.read_split(words)


def test_nudging_crosses_ranges_and_stops_at_their_ends() -> None:
    """Rates go in 1-2-3-5 steps, batch sizes double, choices turn round, ends hold."""
    rate = number("rate", 0.01, "", low=0.0, above=True)
    assert next_value(rate, 0.01, 1) == 0.02
    assert next_value(rate, 0.01, -1) == 0.005
    batch = integer("batch", 32, "", high=65536)
    assert (next_value(batch, 32, 1), next_value(batch, 32, -1), next_value(batch, 1, -1)) == (64, 16, 1)
    noise = number("noise", 0.0, "", low=0.0, high=0.5)
    assert next_value(noise, 0.5, 1) == 0.5
    assert value_at_share(number("p", 0.0, "", low=0.0, high=0.95), 0.15 / 0.95) == 0.15  # and no 0.15000000000000002
    assert next_value(noise, 0.0, -1) == 0.0
    assert next_value(choice("c", "b", "", ("a", "b")), "b", 1) == "a"
    decay = number("l2", 0.0, "", low=0.0)
    assert next_value(decay, next_value(decay, 0.0, 1), -1) == 0.0


@pytest.mark.parametrize(
    ("size", "mode"), [((120, 40), "wide"), ((80, 24), "pages"), ((60, 20), "single"), ((1, 1), "single")]
)
def test_arrangement_follows_the_size(size: tuple[int, int], mode: str) -> None:
    """Each size has its form, and the current pane is always on the screen."""
    for pane in PANES:
        plan = arrange(*size, pane)
        assert plan.mode == mode
        assert pane in plan.panes
    assert arrange(200, 60, "curves", full=True).panes == ("curves",)


def test_layers_as_text() -> None:
    """Lines are cut at commas and new lines; the first number is a layer's width."""
    assert split_layers("linear 8, tanh\n linear 1 ,") == ("linear 8", "tanh", "linear 1")
    assert (with_units("conv2d 16 k3", 1), with_units("linear 1", -1), with_units("tanh", 1)) == (
        "conv2d 17 k3",
        "linear 1",
        "tanh",
    )


def test_refusals_name_the_way_without_a_screen() -> None:
    """No keyboard, no screen, or a dumb terminal: one sentence with `nnplay train`; else none."""
    good = {"TERM": "xterm-256color"}
    assert can_open.why_not(good, input_is_terminal=True, error_is_terminal=True) == ""
    for environ, keyboard, screen in (
        (good, False, True),
        (good, True, False),
        ({"TERM": "dumb"}, True, True),
        ({}, True, True),
    ):
        reason = can_open.why_not(environ, input_is_terminal=keyboard, error_is_terminal=screen)
        assert "nnplay train" in reason
        assert "\n" not in reason


def test_backend_of_the_tests_is_complete() -> None:
    """The hand-made back end has every method that the protocol names, so that it can stand in."""
    from nnplay.tui.backend import Backend

    assert not [name for name in vars(Backend) if not name.startswith("_") and not hasattr(FakeBackend(), name)]
    assert Look().blocks
    assert "run" in BY_ID


@pytest.mark.parametrize("size", [(80, 24), (60, 14), (120, 40)])
async def test_a_long_list_never_leaves_its_dialog(size: tuple[int, int]) -> None:
    """The choice under the cursor and the line that names the keys are seen at the end of a long list."""
    app = make()
    async with app.run_test(size=size) as pilot:
        offered = [Choice(f"set {n}", what=f"what {n}", when=f"when {n}") for n in range(60)]
        dialog = Picker([Shelf("sets", "ready-made", offered, lambda value: None)])
        await app.push_screen(dialog)
        await pilot.pause()
        await pilot.press("up")
        await pilot.pause()
        frame, options = dialog.query_one("#frame"), dialog.query_one(OptionList)
        assert options.highlighted == 59
        assert options.region.bottom <= frame.content_region.bottom - 1
        assert options.max_scroll_y == round(options.scroll_offset.y)
        assert dialog.query_one(".keys").region.bottom <= frame.content_region.bottom
        assert dialog.query_one("#card").display == (size[1] >= 18)
        assert "when 59" in str(dialog.query_one("#when", Static).content)


def test_a_condition_that_is_off_says_never() -> None:
    """Stop conditions that hold at 0 never are shown by that word, and typed as the number."""
    rows = entries.training_entries(fake_config(), FakeCatalogue())
    stop = next(row for row in rows if row.key.startswith("stop."))
    assert (stop.shown, stop.typed) == ("never", "0")


async def test_the_number_of_parameters_is_never_cut() -> None:
    """However narrow the list of layers: the number stands whole, or in thousands, and nothing sticks to the shape."""
    app = make()
    lines = (FakeLine("linear 128 name=first", "784→128", 128, 100_480), FakeLine("relu", "128", 128, 0))
    async with app.run_test(size=(72, 32)) as pilot:
        await pilot.press("2", "2")
        layers, widths = main(app).query_one(LayerList), set()
        for columns in (72, 80, 95, 110, 120, 160):
            await pilot.resize_terminal(columns, 32)
            layers.show(FakeLedger(lines, ("x",), ("y",), 100_480, 1000))
            await pilot.pause()
            widths.add(layers.size.width)
            first = layers.plain_text.splitlines()[0]
            assert " 100 k" in first or " 100,480" in first, columns
            assert re.search(r"(…|128|'first') +784→128 ", first), columns
        assert len(widths) > 2


def test_a_switch_among_the_stops_is_no_and_a_number_never() -> None:
    """What ends a run is "never" where it is not set; whether the best weights come back is yes or no."""
    rows = entries.training_entries(fake_config(), catalogue())
    assert entries.find_entry(rows, "patience").shown == "never"
    assert entries.find_entry(rows, "keep_best").shown == "no"


def test_two_kinds_of_patience_have_two_names() -> None:
    """That of the schedule lowers the rate, that of the stop ends the run; `:set patience` means the one called so."""
    rows = entries.training_entries(replace(fake_config(), schedule=schedule_records()["plateau"]()), catalogue())
    labels = [row.label for row in rows]
    assert len(set(labels)) == len(labels)
    assert entries.find_entry(rows, "patience").key == "stop.patience"
    assert entries.find_entry(rows, "schedule.patience").key == "schedule.patience"
    assert entries.find_entry(rows, "lr wait").key == "schedule.patience"
