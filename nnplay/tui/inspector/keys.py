"""Keys of the inspector: one list that feeds bindings, footer and help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType

from nnplay.tui.commands.actions import ARROWS, key_name


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the inspector.

    Attributes:
        run: the screen's action.
        title: two words for the footer; empty keeps it out.
        help: a sentence.
        first: whether it gets its place in the footer before others, however narrow the screen is: what one could not
            guess to be there.
    """

    keys: str
    run: str
    title: str
    help: str
    first: bool = False


KEYS: Final = (
    Key("n,space", "next_row", "next row", "Run the marked row and show it.", first=True),
    Key("p,b", "previous_row", "undo row", "Undo one row; from the first row, go to the end of the previous step."),
    Key("N", "finish_phase", "phase", "Run to the end of this phase."),
    Key("full_stop", "go_by_steps(1)", "next step", "Finish this step; after the latest one, train a new step."),
    Key("comma", "go_by_steps(-1)", "previous step", "Back to the start of the previous step."),
    Key("greater_than_sign", "go_by_epochs(1)", "", "To the start of the next epoch."),
    Key("less_than_sign", "go_by_epochs(-1)", "", "Back to the start of this epoch, or of the previous one."),
    Key("g", "ask_step", "go to", "Go to a step by number, training up to it if needed."),
    Key("home", "go_to_end(-1)", "", "To the earliest step kept."),
    Key("end", "go_to_end(1)", "", "To the latest step."),
    Key(
        "B",
        "run_until",
        "breakpoint",
        "Run until a condition is met: a row, a step, a rising loss, dead units.",
        first=True,
    ),
    Key("j", "move_cursor(1)", "", "Show the row below without running it."),
    Key("k", "move_cursor(-1)", "", "Show the row above."),
    Key("m", "mark_row", "", "Make the row shown the next one to run."),
    Key("up", "move_element(-1,0)", "", "The element above, or scroll the selected operand."),
    Key("down", "move_element(1,0)", "", "The element below."),
    Key("left", "move_element(0,-1)", "", "The element to the left."),
    Key("right", "move_element(0,1)", "", "The element to the right."),
    Key("pageup", "move_element(-10,0)", "", "Ten elements up."),
    Key("pagedown", "move_element(10,0)", "", "Ten elements down."),
    Key(
        "tab",
        "choose_operand(1)",
        "operand",
        "Select the next operand; the arrows then scroll it, or move the element.",
    ),
    Key("shift+tab", "choose_operand(-1)", "", "Select the previous operand."),
    Key(
        "right_square_bracket",
        "next_part(1)",
        "",
        "The next parameter of an update; otherwise the next channel or axis.",
    ),
    Key("left_square_bracket", "next_part(-1)", "", "The previous one."),
    Key("t", "change_form", "form", "Show colours, numbers or a histogram."),
    Key("d", "change_when", "before/after", "Show what the row writes: after, before, or the difference."),
    Key("a", "toggle_batch", "batch row", "Show one row of the batch, or all of them."),
    Key("f", "toggle_full", "", "Show only the selected operand, or all again."),
    Key("c", "toggle_code", "code", "Show the NumPy code that defines this row, and its PyTorch name."),
    Key("e", "edit", "edit", "Type a new value for a weight, an input or a target."),
    Key("z", "undo", "undo", "Undo the last edit of this step or of the run."),
    Key("s", "silence(1)", "silence", "Silence the selected unit (in training too), or switch it back on."),
    Key("S", "silence(0)", "", "Silence the whole layer of this row, or switch it back on."),
    Key("w", "freeze(1)", "freeze", "Freeze the weights into the selected unit (in training too), or unfreeze them."),
    Key("W", "freeze(0)", "", "Freeze all weights of this row's layer, or unfreeze them."),
    Key(
        "G",
        "check_gradient(1)",
        "grad check",
        "Check the gradient of the selected weight against finite differences in float64.",
        first=True,
    ),
    Key("H", "check_gradient(0)", "", "The same for all weights of this row's layer."),
    Key(
        "x",
        "toggle_predict",
        "predict",
        "Guess shape, sign or value before a row is shown, and keep score.",
        first=True,
    ),
    Key(
        "F",
        "fork",
        "fork",
        "Run a second branch from here with one setting changed, and compare the curves.",
        first=True,
    ),
    Key("C", "show_forks", "", "Show the run and its forks in one plot; forks are saved with the run."),
    Key(
        "T",
        "take_line",
        "train fork",
        "Continue training from a fork, or return to the previous branch (z goes back).",
    ),
    Key("X", "end_fork", "", "Stop the fork that is running, or discard the newest one."),
    Key("J", "show_changes", "changes", "List what was changed during the run, step by step."),
    Key("V", "show_whole", "", "Show in full what is cut short here: formulas, row names, worked numbers."),
    Key("question_mark,f1", "show_help", "help", "All keys, and the terms for this row."),
    Key("escape,i,q", "leave", "back", "Back to the playground; the run continues from here."),
    Key("ctrl+c", "app.quit", "", "Quit nnplay."),
)


def bindings() -> list[BindingType]:
    """Textual bindings of all keys."""
    return [Binding(key.keys, key.run, key.title, show=False, tooltip=key.help) for key in KEYS]


def methods_of_screen() -> list[str]:
    """Names of the methods behind the keys, but for those that the app has."""
    runs = [key.run.partition("(")[0] for key in KEYS]
    return list(dict.fromkeys(run for run in runs if not run.startswith("app.")))


def shown(key: Key, *, plain: bool = False) -> str:
    """The key as a keyboard shows it, arrows by their names where they are to be `plain`; the first of several."""
    first = key.keys.split(",")[0]
    if plain and first in ARROWS:
        return first
    return {"less_than_sign": "<", "pageup": "pgup", "pagedown": "pgdn"}.get(first, key_name(first))
