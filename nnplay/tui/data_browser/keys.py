"""Keys of the data browser: one list that feeds bindings, footer and help."""

from __future__ import annotations

from typing import Final

from nnplay.tui.commands.screen_keys import Key

KEYS: Final = (
    Key(
        "tab",
        "turn(1)",
        "next view",
        "The next view: table, raw → numbers, examples, classes and split, one batch.",
        True,
    ),
    Key("shift+tab", "turn(-1)", "", "The view before."),
    Key(
        "enter,e",
        "change_column",
        "role, encoding",
        "Predict this column, leave it out, or read it as another kind.",
        True,
    ),
    Key("t", "predict_column", "predict", "Make the column under the cursor the one to predict."),
    Key("x", "leave_out", "leave out", "Leave this column out, or take it back in.", True),
    Key("z", "undo", "undo", "Take the last change back."),
    Key("g", "ask_row", "go to row", "Go to a row by its number."),
    Key("slash", "find_column", "find", "Go to a column by part of its name."),
    Key("o", "open_data", "open", "Other data: from the catalogue, or a file by its path.", True),
    Key("down,j", "move(0,1)", "", "The row below; of one row the next column, of a list the next line."),
    Key("up,k", "move(0,-1)", "", "The row above."),
    Key("right,l", "move(1,0)", "", "The next column; of one row the next row, of a batch the next batch."),
    Key("left,h", "move(-1,0)", "", "The column before."),
    Key("pagedown,space", "move_page(1)", "", "A page down."),
    Key("pageup", "move_page(-1)", "", "A page up."),
    Key("home", "move_end(-1)", "", "To the first row."),
    Key("end,G", "move_end(1)", "", "To the last row."),
    Key("y", "copy_view", "copy", "Copy what is shown as text to the clipboard."),
    Key("V", "show_whole", "", "Show in full what is cut short here."),
    Key("N", "show_notes", "notes", "What reading, encoding and dealing the data did."),
    Key("L", "app.show_log", "", "Show what was printed and reported so far."),
    Key("question_mark,f1", "show_help", "help", "All keys."),
    Key("escape,b,q", "leave", "back", "Back to the playground."),
    Key("ctrl+c", "app.quit", "", "Leave nnplay."),
)
