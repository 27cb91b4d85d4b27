"""Settings of players as entries of the training pane: each network's layers, and what each objective is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nnplay.config import RunConfig
from nnplay.config.players_choice import OBJECTIVE_FIELDS, players_tables, record_table
from nnplay.fields import Field, text
from nnplay.network.notation import show_layer
from nnplay.training.players import PlayerObjective
from nnplay.tui.forms.entry import OF_PLAYERS, Entry

_LAYERS: Final = text("layers", "", "its layers, as in linear 8, relu, linear 2")
_OPTIMIZER: Final = text("optimizer", "", "what updates it, as in adam lr=0.002 beta1=0.5; empty: the run's own")


def player_entries(settings: RunConfig) -> list[Entry]:
    """The layers of networks beside the run's own, then what can be changed of each objective; none of other runs."""
    players = settings.players
    if not players:
        return []
    layers = [
        Entry(f"networks.{name}.layers", f"layers {name}", _LAYERS, ", ".join(map(show_layer, network.layers)))
        for name, network in players.networks.items()
    ]
    own = [
        Entry(f"objective.{name}", f"{name} {players.own}", _field(name), getattr(players, name))
        for name in ("every", "factor")
    ]
    return [*layers, *own, *(entry for item in players.objectives for entry in _of_objective(item))]


def _of_objective(item: PlayerObjective) -> Iterator[Entry]:
    names = ["factor"] if item.gradient_norm is not None else ["target", "factor"]
    for name in names if item.adds_to else ["every", *names]:
        yield Entry(f"objectives.{item.name}.{name}", f"{name} {item.name}", _field(name), getattr(item, name))
    if not item.adds_to:
        table = record_table(item.optimizer)
        value = " ".join([table.pop("name", ""), *(f"{key}={value:g}" for key, value in table.items())]).strip()
        yield Entry(f"objectives.{item.name}.optimizer", f"optim. {item.name}", _OPTIMIZER, value)


def _field(name: str) -> Field:
    return next(field for field in OBJECTIVE_FIELDS if field.name == name)


def network_names(settings: RunConfig) -> Mapping[str, str]:
    """The networks of a run by what readers call them, the run's own ("") first; none where there is only that one."""
    players = settings.players
    return {players.own: "", **{name: name for name in players.networks}} if players.networks else {}


def network_layers(settings: RunConfig, network: str) -> tuple[str, ...]:
    """The layers of the network of that name, or of the run's own, as text."""
    return tuple(map(show_layer, settings.players.networks[network].layers)) if network else settings.layer_texts


def layers_change(settings: RunConfig, network: str, layers: Sequence[str]) -> Mapping[str, Any]:
    """What of the run's table gives the network of that name, or the run's own, these layers."""
    if not network:
        return {"layers": layers}
    tables = players_tables(settings.players)["networks"]
    return {"networks": {**tables, network: {**tables[network], "layers": list(layers)}}}


def of_players(key: str) -> bool:
    """Whether an entry is about players."""
    return key.startswith(OF_PLAYERS)


def player_changes(entry: Entry, value: Any, settings: RunConfig) -> Mapping[str, Any]:
    """The sections of the run's table that an entry changes.

    Raises:
        InputError: the field refuses the value.
    """
    tables, read = players_tables(settings.players), entry.field.read(value)
    section, _, rest = entry.key.partition(".")
    if section == "objective":
        return {"objective": {**tables["objective"], rest: read}}
    owner, _, name = rest.rpartition(".")
    if section == "networks":
        return {"networks": {**tables["networks"], owner: {**tables["networks"][owner], name: read}}}
    changed = {key: part for key, part in ((name, read),) if part != ""}
    others = [
        {**{key: part for key, part in table.items() if key != name}, **changed} if table["name"] == owner else table
        for table in tables["objectives"]
    ]
    return {"objectives": others}
