"""`generator.every=2` as people type it for a player of a run: what of the run's table it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnplay.config.players_choice import NETWORK_KEYS


def change_player(run: Mapping[str, Any], owner: str, key: str, value: str) -> dict[str, Any] | None:
    """The sections of a run's table with one setting of a player changed; None where it has no player of that name.

    Args:
        owner: "objective" or the name of the run's own network, of another network, or of an objective.
    """
    own, networks = run.get("objective", {}), run.get("networks", {})
    objectives = run.get("objectives", [])
    if owner in networks and key in NETWORK_KEYS:
        return {"networks": {**networks, owner: {**networks[owner], key: value}}}
    if any(table["name"] == owner for table in objectives):
        changed = [{**table, key: value} if table["name"] == owner else table for table in objectives]
        return {"objectives": changed}
    if own and owner in ("objective", own["name"]):
        return {"objective": {**own, key: value}}
    return {"networks": {**networks, owner: {**networks[owner], key: value}}} if owner in networks else None
