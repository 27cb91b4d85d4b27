"""Keys of the screen of a sweep: one list that feeds bindings, footer and help."""

from __future__ import annotations

from typing import Final

from nnplay.tui.commands.screen_keys import Key

KEYS: Final = (
    Key("tab", "turn(1)", "view", "The next view: table, best, parallel, scatter, importance, curves.", True),
    Key("shift+tab", "turn(-1)", "", "The view before."),
    Key("enter,e", "take_trial", "take it", "Take the trial under the cursor into the playground, from step 0.", True),
    Key("space", "toggle_sweep", "run", "Stop the sweep, or go on with it; what is done stays in its file."),
    Key("down,j", "move(1)", "", "The trial below."),
    Key("up,k", "move(-1)", "", "The trial above."),
    Key("pagedown", "move(20)", "", "Twenty trials further down."),
    Key("pageup", "move(-20)", "", "Twenty trials further up."),
    Key("home", "move(-1000000000)", "", "The first trial."),
    Key("end", "move(1000000000)", "", "The last trial."),
    Key("right", "sort(1)", "sort", "Sort by the next column."),
    Key("left", "sort(-1)", "", "Sort by the column before."),
    Key(
        "slash", "ask_filter", "filter", "Show only some trials: lr>0.01 width=16, or diverged; empty shows all.", True
    ),
    Key("r", "reverse", "reverse", "Sort the other way round."),
    Key("x", "across", "x-axis", "Show the next setting or score across the scatter."),
    Key("Y", "upwards", "y-axis", "Show the next setting or score upwards in the scatter."),
    Key("g", "log_scale", "log", "Logarithmic or linear scale of scores."),
    Key("y", "copy_view", "copy", "Copy the view as text to the clipboard."),
    Key("V", "show_whole", "", "Show in full what is cut short here."),
    Key("L", "app.show_log", "", "Show what was printed and reported so far."),
    Key("question_mark,f1", "show_help", "help", "All keys."),
    Key("escape,q", "leave", "back", "Go back to the playground; a sweep goes on in the background."),
    Key("ctrl+c", "app.quit", "", "Leave nnplay."),
)
