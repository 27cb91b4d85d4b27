"""The list of edits, and what an edit is called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nnplay.config import RunConfig
from nnplay.config.exchange import exchanged
from nnplay.network.notation import parse_layers
from nnplay.run.edit_words import difference
from nnplay.run.undo import DEPTH, Edit, Edits, Side
from nnplay.session import Summary
from nnplay.session.summary_text import describe

BASE = RunConfig.from_dict({"data": "spiral", "layers": "linear 8, tanh, linear 2", "loss": "cross_entropy"})


def edit(name: str) -> Edit:
    """An edit of that name."""
    side = Side(BASE)
    return Edit(name, side, side)


def test_the_list_is_bounded_and_a_new_edit_forgets_what_was_undone() -> None:
    """200 edits are kept, the oldest go; undo and redo walk the same list; a new edit ends the redo."""
    edits = Edits()
    assert edits.undo() is None
    for number in range(DEPTH + 5):
        edits.record(edit(str(number)))
    undone = []
    while (found := edits.undo()) is not None:
        undone.append(found.words)
    assert undone == [str(number) for number in range(DEPTH + 4, 4, -1)]
    again = edits.redo()
    assert again is not None
    assert again.words == "5"
    edits.record(edit("new"))
    assert edits.redo() is None
    last = edits.undo()
    assert last is not None
    assert last.words == "new"


def test_an_edit_within_a_block_names_only_what_changed_there() -> None:
    """By the path that its parameters are named by; a block that became another is told whole."""
    pair = "ensemble[linear 8, tanh, linear 2 | linear 8, tanh, linear 2]"

    def words(after: str) -> str:
        return difference(*(replace(BASE, layers=parse_layers(text)) for text in (pair, after)))

    assert words(pair.replace("linear 8", "linear 9", 1)) == "layer 0.0.0: linear 8 → linear 9"
    assert words(pair.replace("tanh,", "")) == "removed layer 0.0.1: tanh; removed layer 0.1.1: tanh"
    assert words(pair.replace("ensemble", "sum")) == f"layer 0: {pair} → {pair.replace('ensemble', 'sum')}"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"layers": ("linear 9", "tanh", "linear 2")}, "layer 0: linear 8 → linear 9"),
        ({"layers": ("linear 8", "linear 2")}, "removed layer 1: tanh"),
        ({"layers": ("linear 8", "tanh", "dropout 0.2", "linear 2")}, "new layer 2: dropout 0.2"),
        ({"optimizer": {"lr": 0.1}}, "lr 0.01 → 0.1"),
        ({"optimizer": {"name": "sgd"}}, "optimizer adam → sgd"),
        ({"data": {"name": "xor"}, "layers": ()}, "data spiral → xor"),
        ({"data": {"noise": 0.2}}, "noise default → 0.2"),
        ({"data": {"features": "x1"}}, "features x1, x2 → x1"),
        ({"training": {"batch_size": "all"}, "seed": 3}, "batch size 32 → all; seed 0 → 3"),
        ({"stop": {"epochs": 3}}, "epochs default → 3"),
        (
            {"training": {"batch_size": 1}, "seed": 3, "loss": "mse", "schedule": "step", "split": "50/25/25"},
            "split 70, 15, 15 → 50, 25, 25; loss cross_entropy → mse; schedule none → step and 2 more",
        ),
    ],
)
def test_an_edit_says_what_it_changed(changed: dict[str, object], words: str) -> None:
    """What differs between two settings, named as the screen names it, three clauses at most."""
    assert difference(BASE, exchanged(BASE, changed)) == words


def test_drawn_points_are_counted() -> None:
    """Their places are on the map, and would fill the line."""
    config = RunConfig.from_dict({"data": {"name": "drawn", "points": "0,0:0 1,1:1 2,2:0"}, "layers": "linear 2"})
    assert difference(config, config.changed({"data": {"points": "0,0:0 1,1:1"}})) == "points 3 → 2"


def test_a_saved_block_is_written_out_in_full() -> None:
    """So that it can be typed again; a line end in it, as a strange file may have, stays on its line."""
    block = f"ensemble[{' | '.join(['linear 16 init=xavier_uniform, relu, linear 1'] * 8)}]"
    summary = Summary(Path("run.nnplay"), {"run": {"layers": [block, "relu\nx"]}}, 1, 0.0)
    assert describe(summary)[-2:] == [f"    {block}", "    relu x"]
