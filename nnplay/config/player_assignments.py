"""`generator.every=2` as people type it for a player of a run: what of the run's table it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.config.players_choice import NETWORK_KEYS


def player_names(run: Mapping[str, Any]) -> list[str]:
    """What can stand in front of a setting: "objective", networks and objectives; nothing in a run of one network."""
    if "objective" not in run:
        return []
    others = [*run.get("networks", {}), *(table["name"] for table in run.get("objectives", []))]
    return list(dict.fromkeys(["objective", run["objective"]["name"], *others]))


def change_player(run: Mapping[str, Any], owner: str, key: str, value: str) -> dict[str, Any]:
    """The sections of a run's table with one setting of a player changed.

    Args:
        owner: one of `player_names`. A network and an objective of one name share it: each has settings of its own.
    """
    networks, objectives = run.get("networks", {}), run.get("objectives", [])
    trains = any(table["name"] == owner for table in objectives)
    if owner in networks and (key in NETWORK_KEYS or not trains):
        return {"networks": {**networks, owner: {**networks[owner], key: value}}}
    if trains:
        return {"objectives": [{**table, key: value} if table["name"] == owner else table for table in objectives]}
    return {"objective": {**run["objective"], key: value}}
