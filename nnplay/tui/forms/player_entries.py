"""Settings of players as entries of the training pane: each network's layers, and what each objective is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from nnplay.config import RunConfig
from nnplay.config.players_choice import OBJECTIVE_FIELDS, TRUNCATION, players_tables, record_table
from nnplay.fields import Field, text
from nnplay.network.notation import show_layer
from nnplay.text import record_as_typed
from nnplay.training.players.players import PlayerObjective
from nnplay.tui.forms.entry import OF_PLAYERS, Entry

#: Heading of what holds for every player.
ALL: Final = "all players"
_LAYERS: Final = text("layers", "", "its layers, as in linear 8, relu, linear 2")
_OPTIMIZER: Final = text("optimizer", "", "what updates it, as in adam lr=0.002 beta1=0.5; empty: the run's own")


def grouped(own: tuple[Sequence[Entry], Sequence[Entry]], shared: Sequence[Entry], settings: RunConfig) -> list[Entry]:
    """The training form of a run with players: what each network and objective has, under its name, then the others.

    Args:
        own: what the run's own objective has as every run does, its loss and its optimizer, and what of it is seldom
            changed.
        shared: what holds for all players: the schedule, penalties, stop conditions.
    """
    players = settings.players
    names = list(dict.fromkeys([*players.networks, *(item.name for item in players.objectives if not item.adds_to)]))
    entries = [replace(entry, group=players.own) for entry in own[0]]
    entries += [
        _entry("objective", players.own, name, _field(name), getattr(players, name)) for name in ("every", "factor")
    ]
    for owner in (players.own, *names):
        entries += _of_network(settings, owner)
        for item in players.objectives:
            if owner in (item.name, item.adds_to):
                entries += _of_objective(item)
    entries += [replace(entry, group=ALL) for entry in shared]
    return [*entries, *(replace(entry, group=f"{players.own}, more") for entry in own[1])]


def _of_network(settings: RunConfig, name: str) -> Iterator[Entry]:
    """The layers of a network beside the run's own, and how widely the noise of its samples is spread."""
    network = settings.players.networks.get(name)
    if network is not None:
        yield _entry(f"networks.{name}", name, "layers", _LAYERS, ", ".join(map(show_layer, network.layers)))
        if network.noise:
            yield _entry(f"networks.{name}", name, TRUNCATION.name, TRUNCATION, network.truncation)


def _of_objective(item: PlayerObjective) -> Iterator[Entry]:
    names = ["factor"] if item.gradient_norm is not None else ["target", "factor"]
    group = f"{item.adds_to} + {item.name}" if item.adds_to else item.name
    for name in names if item.adds_to else ["every", *names]:
        entry = _entry(f"objectives.{item.name}", item.name, name, _field(name), getattr(item, name))
        yield replace(entry, group=group)
    if not item.adds_to:
        value = record_as_typed(record_table(item.optimizer))
        yield _entry(f"objectives.{item.name}", item.name, "optimizer", _OPTIMIZER, value)


def _entry(section: str, owner: str, name: str, field: Field, value: Any) -> Entry:
    return Entry(f"{section}.{name}", f"{owner} {name}", field, value, group=owner, short=name)


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
