"""What the scores of a game are worth: they are those of the network that tells real rows from made ones."""

from __future__ import annotations


def game_caution(judge: str, score: str) -> str:
    """That a score of a game does not rank it: "in a game the accuracy says how well …".

    Args:
        judge: the network that tells real rows from made ones.
        score: its name.
    """
    return f"in a game the {score} says how well the {judge} tells real rows, not who plays best"
