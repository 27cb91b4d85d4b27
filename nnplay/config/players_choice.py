"""Players in a run's file: the sections `objective`, `networks` and `objectives`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from nnplay.config.reading import Reading, read_record
from nnplay.config.saved_network import read_saved
from nnplay.data.reading.addresses import whole_source
from nnplay.errors import InputError
from nnplay.fields import Field, choice, integer, number, text
from nnplay.network.notation import parse_layers, show_layer
from nnplay.operations.step.draw import NOISES
from nnplay.records.layer import Layer
from nnplay.records.registry import loss_records, optimizer_records
from nnplay.text import as_typed, clean
from nnplay.training.players import check as players_check
from nnplay.training.players.players import DATA, PlayerNetwork, PlayerObjective, Players

#: Sections of a run's file that are about players.
SECTIONS: Final = ("objective", "networks", "objectives")
_EVERY: Final = integer("every", 1, "it is run in every n-th step", low=1, high=10**12)
_FACTOR: Final = number("factor", 1.0, "what its loss counts", low=-1e6, high=1e6)
_CLAMP: Final = number("clamp", 0.0, "limits each trained weight to ±clamp; 0: no limit", low=0.0, high=1e6)
_TARGET: Final = text("target", "", "what all answers are compared with: a number, data, input or class")
_NORM: Final = number(
    "gradient_norm", 1.0, "gradient penalty: how long the slope at the input is to be", low=0.0, high=1e6
)
_FROM: Final = text("from", "", "the saved session whose weights it begins with", longest=4096)
_OWN: Final = (text("name", "network", "what the run's own network is called"), _TARGET, _EVERY, _FACTOR, _CLAMP, _FROM)
TRUNCATION: Final = number(
    "truncation", 1.0, "what the noise of samples is multiplied by: below 1 they differ less; training draws all of it",
    low=0.0, high=1.0,
)  # fmt: skip
_NETWORK: Final = (
    _FROM,
    text("part", "", "which network of that session; empty: its own"),
    integer(
        "noise", 0, "random numbers of each row of its input; 0: it is fed by data or a network", low=0, high=10_000
    ),
    choice("distribution", "normal", "how the noise is spread", choices=tuple(NOISES)),
    TRUNCATION,
)
#: What a network beside the run's own has.
NETWORK_KEYS: Final = ("layers", *(part.name for part in _NETWORK))
#: What an objective beside the run's own has, besides lists and records.
OBJECTIVE_FIELDS: Final = (
    text("name", "", "what it is called"),
    _TARGET,
    _EVERY,
    _FACTOR,
    _CLAMP,
    text("adds_to", "", "the objective whose loss it is added to"),
    text("at", "", "the layer with whose output its path begins, as in network.2"),
    text("between", "", "of a gradient penalty: the loss of made rows, between which and real ones the slope is taken"),
)
#: What the own objective and the others have in lists or as records.
_MORE: Final = ("path", "trains", "loss", "optimizer", "gradient_norm")


def read_players(reading: Reading, given: Mapping[str, Any], folder: Path | None = None) -> Players:
    """What the sections of a run's file say about players; what is wrong is noted.

    Args:
        folder: paths of sessions are relative to it; by default to the working folder.
    """
    if not set(SECTIONS) & set(given):
        return Players()
    found = reading.count
    own = reading.table("objective", given.get("objective", {}))
    own = reading.keep_known("objective", own, ("trains", *(part.name for part in _OWN)))
    trains = _names(reading, "objective.trains", own.pop("trains", []))
    values = reading.values("objective", _OWN, {**own, **_as_text(own)})
    networks = given.get("networks", {})
    if not isinstance(networks, Mapping):
        reading.refuse("networks", "names networks without a table", "write [networks.generator]")
        networks = {}
    players = Players(
        values.get("name", "network"),
        {str(name): _network(reading, f"networks.{clean(name)}", table, folder) for name, table in networks.items()},
        tuple(_objectives(reading, given.get("objectives", []))),
        reading.attempt("objective.target", partial(_own_target, values.get("target", "")), None),
        values.get("every", 1),
        values.get("factor", 1.0),
        values.get("clamp", 0.0),
        trains,
        *_own_source(reading, values.get("from", ""), folder),
    )
    if reading.count == found:
        _check(reading, players)
    return players


def _check(reading: Reading, players: Players) -> None:
    """Notes what these players cannot be, at the objective that it is about."""
    try:
        players_check.check(players)
    except InputError as problem:
        about = [f"objectives.{k}" for k, item in enumerate(players.objectives) if item.name == problem.where]
        key = (*about, "objectives" if players.objectives else "objective")[0]
        inside = "" if problem.where == "players" else f"{problem.where}: "
        reading.refuse(key, inside + problem.what, problem.hint)


def _as_text(table: Mapping[str, Any]) -> dict[str, str]:
    """A target that was written as a number."""
    target = table.get("target", "")
    return {"target": as_typed(target)} if isinstance(target, (int, float)) and not isinstance(target, bool) else {}


def _own_target(given: str) -> float | None:
    if given in ("", DATA):
        return None
    if given.strip() != "1":
        raise InputError(f"'{clean(given)}' cannot be the target of the run's own objective", hint='write 1, or "data"')
    return 1.0


def _own_source(reading: Reading, given: str, folder: Path | None) -> tuple[str, Mapping[str, Any]]:
    """The path of the session that the run's own network begins with, and its weights."""
    if not given:
        return "", {}
    path = reading.attempt("objective.from", lambda: whole_source(given, folder) if folder else given, "")
    saved = reading.attempt("objective.from", partial(read_saved, path), None) if path else None
    return path, {} if saved is None else saved.tensors


def _network(reading: Reading, section: str, given: Any, folder: Path | None) -> PlayerNetwork:
    if not isinstance(given, Mapping):
        reading.refuse(section, "needs a table", 'write layers = "linear 8, relu, linear 2" below it')
        return PlayerNetwork(())
    table = reading.keep_known(section, given, NETWORK_KEYS)
    lines = table.pop("layers", [])
    values = reading.values(section, _NETWORK, table)
    source, part = values.pop("from", ""), values.get("part", "")
    saved = None
    if source:
        source = reading.attempt(f"{section}.from", lambda: whole_source(source, folder) if folder else source, "")
        saved = reading.attempt(f"{section}.from", partial(read_saved, source, part), None) if source else None
        if saved is None:
            return PlayerNetwork(())
        lines = lines or list(saved.layers)
    lines = [lines] if isinstance(lines, str) else lines
    layers: list[Layer] = []
    if not isinstance(lines, list | tuple) or not lines or not all(isinstance(line, str) for line in lines):
        reading.refuse(f"{section}.layers", "does not describe a network", 'write layers = "linear 8, relu, linear 2"')
        lines = []
    nothing: tuple[Layer, ...] = ()
    for line in lines:
        layers += reading.attempt(f"{section}.layers", partial(parse_layers, line), nothing)
    weights = {} if saved is None else saved.tensors
    return PlayerNetwork(tuple(layers), source=source, weights=weights, **values)


def _objectives(reading: Reading, given: Any) -> list[PlayerObjective]:
    if not isinstance(given, list | tuple) or not all(isinstance(table, Mapping) for table in given):
        reading.refuse("objectives", "needs a list of tables", "write [[objectives]] above each")
        return []
    found = []
    for k, each in enumerate(given):
        where = f"objectives.{k}"
        table = reading.keep_known(where, each, (*_MORE, *(part.name for part in OBJECTIVE_FIELDS)))
        values = reading.values(
            where, OBJECTIVE_FIELDS, {key: value for key, value in table.items() if key not in _MORE} | _as_text(table)
        )
        if not values.get("target"):
            values.pop("target", None)
        loss, optimizer = table.get("loss"), table.get("optimizer")
        found.append(
            PlayerObjective(
                **{"name": "", **values},
                gradient_norm=_gradient_norm(reading, where, table),
                path=_names(reading, f"{where}.path", table.get("path", [])),
                trains=_names(reading, f"{where}.trains", table.get("trains", [])),
                loss=None if loss is None else read_record(reading, "loss", loss, loss_records(), at=f"{where}.loss"),
                optimizer=None
                if optimizer is None
                else read_record(reading, "optimizer", optimizer, optimizer_records(), at=f"{where}.optimizer"),
            )
        )
    return found


def _gradient_norm(reading: Reading, where: str, table: Mapping[str, Any]) -> float | None:
    """None where it is no gradient penalty."""
    name = _NORM.name
    return reading.values(where, (_NORM,), {name: table[name]}).get(name) if name in table else None


def _names(reading: Reading, key: str, given: Any) -> tuple[str, ...]:
    names = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        reading.refuse(key, "needs a list of names", 'write ["generator", "discriminator"]')
        return ()
    return tuple(names)


def players_tables(players: Players) -> dict[str, Any]:
    """The sections that `read_players` reads back as the same players; none where there are none."""
    if not players:
        return {}
    own = {"name": players.own, "every": players.every, "factor": players.factor, "clamp": players.clamp}
    own["from"] = players.source
    own |= {"target": "" if players.target is None else as_typed(players.target)}
    sections: dict[str, Any] = {"objective": _changed(own, _OWN, "name")}
    if players.trains:
        sections["objective"]["trains"] = list(players.trains)
    if players.networks:
        sections["networks"] = {name: _network_table(network) for name, network in players.networks.items()}
    if players.objectives:
        sections["objectives"] = [_objective_table(item) for item in players.objectives]
    return sections


def _network_table(network: PlayerNetwork) -> dict[str, Any]:
    values = {"noise": network.noise, "distribution": network.distribution}
    values |= {"truncation": network.truncation, "from": network.source, "part": network.part}
    return {"layers": [show_layer(layer) for layer in network.layers], **_changed(values, _NETWORK)}


def _objective_table(item: PlayerObjective) -> dict[str, Any]:
    table: dict[str, Any] = {"name": item.name}
    if item.path:
        table["path"] = list(item.path)
    table |= _changed({part.name: getattr(item, part.name) for part in OBJECTIVE_FIELDS}, OBJECTIVE_FIELDS, "name")
    if item.gradient_norm is not None:
        table["gradient_norm"] = item.gradient_norm
    if item.target == DATA:
        table.pop("target", None)
    if item.trains:
        table["trains"] = list(item.trains)
    for key, chosen in (("loss", item.loss), ("optimizer", item.optimizer)):
        if chosen is not None:
            table[key] = record_table(chosen)
    return table


def _changed(values: Mapping[str, Any], fields: tuple[Field, ...], *always: str) -> dict[str, Any]:
    return {part.name: values[part.name] for part in fields if values[part.name] != part.default or part.name in always}


def record_table(item: Any) -> dict[str, Any]:
    """Name and those values that differ from the record's defaults; the learning rate is always said."""
    if item is None:
        return {}
    given = {f.name: item.values[f.name] for f in item.record.fields}
    named = {f.name for f in item.record.fields if given[f.name] != f.default or f.name == "lr"}
    return {"name": item.record.name} | {key: value for key, value in given.items() if key in named}
