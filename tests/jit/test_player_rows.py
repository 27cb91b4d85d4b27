"""`?` on the rows of a game: every one says what it is for, with the numbers that the step has there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nnplay.explain.explanation import Explanation, from_to
from nnplay.explain.player_row import PlayerRow
from nnplay.inspector.detail import Looking
from nnplay.inspector.inspector import Inspector
from nnplay.inspector.messages import Detail, Wish
from tests.jit.test_class_targets import ANY_KIND, told

#: A head of a layer's own name that tells kinds, sure answers that are paid for, and a penalty at real points.
WHOLE: dict[str, Any] = {
    "networks": {
        "generator": ANY_KIND["networks"]["generator"],
        "certainty": {"layers": "product[softmax | log_softmax], reshape 2x1, global_avg_pool"},
    },
    "objectives": [
        *ANY_KIND["objectives"][:2],
        {**ANY_KIND["objectives"][2], "name": "kinds"},
        {"name": "penalty", "path": ["discriminator"], "gradient_norm": 0, "factor": 0.1, "adds_to": "discriminator"},
        {
            **{"name": "certain", "path": ["certainty"], "at": "discriminator.kinds", "target": 1},
            **{"loss": "wasserstein", "factor": 3, "adds_to": "generator"},
        },
    ],
    "training": {"batch_size": 16, "threads": 1, "average": "ema", "ema_decay": 0.9},
}
#: The penalty has no way through a difference of log softmax; the penalised game answers with a linear layer.
PENALISED = {**WHOLE, "layers": "linear 6, tanh, linear 2 name=kinds, linear 1"}


def walked(changes: dict[str, Any]) -> Inspector:
    trainer = told(**{**ANY_KIND, **changes}).trainer()
    trainer.run(steps=3)
    return Inspector(trainer)


@pytest.fixture(scope="module")
def game() -> Inspector:
    """A game whose rows are of every kind."""
    return walked(PENALISED)


def look(inspector: Inspector, number: int) -> tuple[Detail, Explanation]:
    detail = Looking().detail(inspector, Wish(row=number))
    assert detail.worked is not None, detail.row.name
    return detail, PlayerRow(number, detail.worked.index, detail.parameter).explain_step(inspector)


def explained(inspector: Inspector, name: str, player: str) -> tuple[Detail, str]:
    """What is said of the row of that name in that pass."""
    rows = (inspector.view(number) for number in range(len(inspector.rows)))
    number = next(row.number for row in rows if (row.name, row.player) == (name, player))
    detail, found = look(inspector, number)
    return detail, " ".join(found.sentences)


def test_every_row_of_a_game_can_be_looked_at_and_is_explained(game: Inspector) -> None:
    """Each says whose pass it is, what is done there, and a number that the row has written."""
    for number in range(len(game.rows)):
        detail, found = look(game, number)
        assert found.title == f"{detail.row.name} · {detail.row.player}"
        assert found.sentences[0].startswith(f"It is part of '{detail.row.player.rpartition(', ')[2]}'"), found.title
        assert detail.row.words in found.sentences
        assert re.search(r"\d", " ".join(found.sentences[1:])), found.title


def test_what_is_said_of_rows_is_what_the_step_has(game: Inspector) -> None:
    """Noise, targets, the penalty and the sum of losses, each with its own numbers."""
    _, noise = explained(game, "noise drawn", "discriminator, made")
    assert "noise through generator and discriminator, compared with 0" in noise
    assert "generator makes one row of each line of 3 numbers" in noise
    assert "made rows are told from real ones" in explained(game, "same target for all", "discriminator, made")[1]
    assert "made rows pass for real ones" in explained(game, "same target for all", "generator")[1]
    detail, kinds = explained(game, "next targets", "discriminator, kinds")
    assert detail.worked is not None
    names = game.trainer.split.train.kind_names
    assert f"Row 0 of the batch is of class {names[int(detail.worked.result)]}" in kinds
    detail, penalty = explained(game, "gradient penalty", "discriminator, penalty")
    assert detail.worked is not None
    assert "the slope of discriminator's answer, at rows of the data, is to be 0 long" in penalty
    added = float(re.findall(r"the penalty adds ([\d.e−-]+) to the sum", penalty)[0])
    assert added == pytest.approx(0.1 * detail.worked.result, rel=0.01)
    detail, total = explained(game, "loss added to the sum", "discriminator, penalty")
    assert detail.worked is not None
    assert f"to {detail.worked.result:.3f}"[:7] in total
    detail, average = explained(game, "moving average of weights", "generator")
    assert f"The average of {detail.parameter}[" in average
    assert "10 % of the way to the weight" in average


def test_a_head_of_log_sum_exp_and_sure_answers_are_worked_out() -> None:
    """The head's difference is the same at each place; p·log p of all classes adds up to minus the entropy."""
    objectives = [item for item in WHOLE["objectives"] if item["name"] != "penalty"]
    inspector = walked({**WHOLE, "objectives": objectives})
    _, head = explained(inspector, "difference of branches", "discriminator")
    assert "log Σ exp of all 2 scores" in head
    _, sure = explained(inspector, "product of branches", "generator, certain")
    assert "and −0.693 where all 2 are equally likely" in sure


def test_a_gate_is_no_certainty() -> None:
    """Of two products in a game the one of chances with their logarithms has a meaning, the other is of units."""
    gated = "linear 6, product[identity | linear 6, sigmoid], linear 2 name=kinds, linear 1"
    objectives = [item for item in WHOLE["objectives"] if item["name"] != "penalty"]  # none goes through a gate
    inspector = walked({**PENALISED, "layers": gated, "objectives": objectives})
    seen = {"gate": set[bool](), "certainty": set[bool]()}
    for number in range(len(inspector.rows)):
        detail = Looking().detail(inspector, Wish(row=number))
        if detail.row.name == "product of branches" and detail.worked is not None:
            kind = "certainty" if detail.row.player.endswith(", certain") else "gate"
            seen[kind].add(PlayerRow(number, detail.worked.index).has_meaning(inspector))
    assert seen == {"gate": {False}, "certainty": {True}}


def test_rows_of_a_layer_named_as_a_pass_belong_to_their_own_pass(game: Inspector) -> None:
    """The layer `kinds` is run in the discriminator's own pass; the pass `kinds` has targets and a loss."""
    rows = [game.view(number) for number in range(len(game.rows))]
    assert [row.player for row in rows if row.path == "kinds" and row.phase == "forward"] == [
        "discriminator",
        "discriminator, made",
        "discriminator, penalty",
        "generator",
    ]
    assert {row.name for row in rows if row.player == "discriminator, kinds" and row.phase == "forward"} == set()
    assert {row.phase for row in rows if row.player == "discriminator, kinds"} == {"data", "loss", "backward"}


def test_two_numbers_are_told_apart_where_one_digit_more_rounds_them_alike() -> None:
    """As many digits as keep them apart."""
    assert from_to(0.218849, 0.218851) == "from 0.218849 to 0.218851"
    assert from_to(1.04, 1.0401) == "from 1.04 to 1.0401"
