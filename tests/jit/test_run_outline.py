"""What the command line says of a run with players: its networks and objectives, and how a game went."""

from __future__ import annotations

import re

import pytest

from nnplay.cli import main


def test_show_says_what_a_run_consists_of(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a preset every network with shapes and parameters, and what each objective trains and lowers."""
    assert main(["show", "gan_ring", "--epochs", "3"]) == 0
    out = capsys.readouterr().out
    assert "\ndiscriminator: 1,185 parameters" in out
    assert "\ngenerator: fed 2 random numbers, 1,218 parameters" in out
    assert "    linear 2        32→2     66\n" in out
    assert "  0.1 · (slope of discriminator − 0)², at the data\n" in out
    assert "generator trains generator by adam lr=0.002 beta1=0.5, to lower\n" in out
    assert "  binary_cross_entropy_logits of discriminator(generator(noise)) against 0\n" in out


def test_show_says_how_often_a_player_learns(capsys: pytest.CaptureFixture[str]) -> None:
    """The discriminator of this preset is part of every tenth step."""
    assert main(["show", "gan_collapse"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\ndiscriminator trains discriminator by .* every 10 steps, to lower the sum of\n", out)


def test_a_game_is_told_and_scored_as_a_game(capsys: pytest.CaptureFixture[str]) -> None:
    """What each player lowers, losses of both, lumps and divergences: no accuracy, which says nothing about a game."""
    assert main(["train", "gan_ring", "--epochs", "2"]) == 0
    out = capsys.readouterr().out
    assert "\n  binary_cross_entropy_logits of discriminator(generator(noise)) against 0\n" in out
    assert re.search(r"\nepoch 2/2  train loss sum \d.* validation loss of real rows \d.* generator 0\.\d+\n", out)
    assert re.search(r"\ndiscriminator on real rows, scores .*:\n +loss  taken for real\n", out)
    assert re.search(r"\nmade rows cover \d of 8 lumps; .*\nreal and made points .*: KL \d.* bits, JS 0\.\d+ bits", out)
    assert "accuracy" not in out
