"""Keys of the race: one list that feeds bindings, footer and help."""

from __future__ import annotations

from typing import Final

from nnplay.tui.commands.screen_keys import Key

KEYS: Final = (
    Key("space", "toggle_race", "run", "Start or pause the race.", True),
    Key(
        "enter,e",
        "take_variant",
        "take this one",
        "Take this variant into the playground, from step 0.",
        True,
    ),
    Key("down,j", "move(1)", "", "The variant below."),
    Key("up,k", "move(-1)", "", "The variant above."),
    Key("l", "ask_line", "line", "Set the line whose crossing decides the race.", True),
    Key("plus,equals_sign", "go_on", "longer", "Half as many epochs more."),
    Key("g", "log_scale", "log", "Logarithmic or linear scale."),
    Key("m", "smooth", "smooth", "Smooth the curves."),
    Key("right", "cursor(1)", "", "Read the values at a later step."),
    Key("left", "cursor(-1)", "", "Read the values at an earlier step."),
    Key("y", "copy_view", "copy", "Copy the table as text to the clipboard."),
    Key("V", "show_whole", "", "Show in full what is cut short here."),
    Key("L", "app.show_log", "", "Show what was printed and reported so far."),
    Key("question_mark,f1", "show_help", "help", "All keys."),
    Key("escape,q", "leave", "back", "End the race and go back to the playground."),
    Key("ctrl+c", "app.quit", "", "Leave nnplay."),
)
