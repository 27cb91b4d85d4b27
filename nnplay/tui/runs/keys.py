"""Keys of the list of runs: one list that feeds bindings, footer and help."""

from __future__ import annotations

from typing import Final

from nnplay.tui.commands.screen_keys import Key

KEYS: Final = (
    Key(
        "enter,e",
        "go_to_run",
        "go to it",
        "Go on with the run under the cursor; the one on the screen stays in the list.",
    ),
    Key("space", "mark", "lay over", "Lay the run under the cursor over the others, or take it away again.", True),
    Key(
        "tab",
        "turn(1)",
        "next view",
        "The next view: curves, settings that differ, difference at a step, output.",
        True,
    ),
    Key("shift+tab", "turn(-1)", "", "The view before."),
    Key("down,j", "move(1)", "", "The run below."),
    Key("up,k", "move(-1)", "", "The run above."),
    Key("right_square_bracket", "turn_part(1)", "next curve", "The next curve, or the next view of the output."),
    Key("left_square_bracket", "turn_part(-1)", "", "The curve, or the view of the output, before."),
    Key("x", "turn_axis", "x-axis", "Draw curves by step, by epoch or by seconds of training."),
    Key("right", "cursor(1)", "", "A later step: its values, and the difference there."),
    Key("left", "cursor(-1)", "", "An earlier step: its values, and the difference there."),
    Key("N", "ask_name", "name", "Give the run under the cursor a name."),
    Key("n", "restart_run", "restart", "Restart the run under the cursor from its step 0, as a run of its own."),
    Key("g", "log_scale", "log", "Logarithmic or linear scale."),
    Key("m", "smooth", "smooth", "Smooth the curves."),
    Key("y", "copy_view", "copy", "Copy list and view as text to the clipboard."),
    Key("V", "show_whole", "", "Show in full what is cut short here."),
    Key("L", "app.show_log", "", "Show what was printed and reported so far."),
    Key("question_mark,f1", "show_help", "help", "All keys."),
    Key("escape,q", "leave", "back", "Go back to the playground; runs that are laid over stay in its curves."),
    Key("ctrl+c", "app.quit", "", "Leave nnplay."),
)
