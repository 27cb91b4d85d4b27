"""What players cannot be: names that are taken or unknown, and objectives that train nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from nnplay.errors import InputError, unknown
from nnplay.network.network import NetworkPlan
from nnplay.text import clean
from nnplay.training.players.players import CLASS, DATA, INPUT, PlayerObjective, Players

#: Networks and objectives that a run may have beside its own.
MOST: Final = 50
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def check(players: Players) -> None:
    """Refuses names that are taken or unknown, and objectives that train nothing.

    Raises:
        InputError: the first problem.
    """
    if max(len(players.networks), len(players.objectives)) > MOST:
        raise InputError(f"more than {MOST} networks or objectives", where="players", hint="leave some out")
    _check_names("network", players.network_names)
    _check_names("objective", [players.own, *(item.name for item in players.objectives)])
    for item in players.objectives:
        _check_objective(players, item)
    if min(_turns(players)) > 1:
        raise InputError("nothing is trained in some of the steps", where="players", hint="set every = 1 somewhere")
    for name in players.trains:
        if name not in players.network_names:
            raise unknown("network", name, players.network_names, where=players.own)
    used = {*players.trains, *players.teachers, *(name for item in players.objectives for name in item.path)}
    if unused := [name for name in players.networks if name not in used]:
        hint = "add an objective, or leave it out"
        raise InputError(f"no objective uses '{unused[0]}'", where="players", hint=hint)


def check_trained(players: Players, plans: Mapping[str, NetworkPlan]) -> None:
    """Refuses losses added where none of their networks is trained, and objectives of networks without weights.

    Args:
        players: `check` has passed them.
        plans: all networks by the tape's names.

    Raises:
        InputError: the first of them.
    """
    for item in players.objectives:
        if item.adds_to:
            _check_reached(players, item)
    for item in players.updates:
        layers = [planned for name in item.trains for planned in plans[players.in_tape(name)].layers]
        if not any(planned.plan.parameters for planned in layers):
            names = " and ".join(f"'{name}'" for name in item.trains)
            hint = "name a network with layers such as linear in its trains, or leave the objective out"
            raise InputError(f"it trains nothing: {names} has no weights", where=item.name, hint=hint)


def check_average(players: Players, kind: str) -> None:
    """Refuses averages of weights that two objectives train, and those of epochs that an objective sits out.

    Args:
        kind: ema or swa.

    Raises:
        InputError: the first problem.
    """
    trains = [players.own, *players.trains, *(name for item in players.updates for name in item.trains)]
    if twice := [name for name in trains if trains.count(name) > 1]:
        what = f"two objectives train '{twice[0]}', so there is no one average of its weights"
        raise InputError(what, where="average", hint="set average to none")
    if kind == "swa" and max(_turns(players)) > 1:
        what = "swa averages after the last step of an epoch, which an objective may sit out"
        raise InputError(what, where="average", hint="set average to ema, or every to 1")


def _turns(players: Players) -> list[int]:
    """Every how many steps each objective is part of one."""
    return [players.every, *(item.every for item in players.updates)]


def _check_names(kind: str, names: Sequence[str]) -> None:
    for name in names:
        article = "an" if kind == "objective" else "a"
        if not name:
            raise InputError(f"{article} {kind} has no name", where="players", hint="give each a name of its own")
        if not _NAME.fullmatch(name) or name == "eval":
            hint = "use lower-case letters, digits, '-' and '_', a letter first"
            hint = "choose another name" if name == "eval" else hint
            raise InputError(f"'{clean(name)}' cannot name {article} {kind}", where="players", hint=hint)
        if names.count(name) > 1:
            hint = "give each a name of its own"
            raise InputError(f"two {kind}s are called '{name}'", where="players", hint=hint)


def _check_objective(players: Players, item: PlayerObjective) -> None:
    for name in (*item.path, *item.trains):
        if name not in players.network_names:
            raise unknown("network", name, players.network_names, where=item.name)
    for key, names in (("path", item.path), ("trains", item.trains)):
        if twice := [name for name in names if names.count(name) > 1]:
            what = f"its {key} names '{twice[0]}' twice"
            raise InputError(what, where=item.name, hint="name each network once")
    if item.target == players.own and item.target not in (DATA, INPUT, CLASS):
        what = f"'{players.own}' is trained, and cannot be a target"
        raise InputError(what, where=item.name, hint="name a network that has its weights from a saved session")
    if item.adds_to:
        _check_added(players, item)
    elif not item.trains:
        hint = f"add trains = ['{item.path[-1] if item.path else players.own}'], or adds_to = '{players.own}'"
        raise InputError("it trains nothing", where=item.name, hint=hint)
    elif not set(item.trains) <= set(item.path):
        other = next(name for name in item.trains if name not in item.path)
        hint = f"name {' or '.join(item.path)}"
        raise InputError(f"it trains '{other}', which it does not run", where=item.name, hint=hint)
    if not item.path and not item.at:
        raise InputError("it runs no network", where=item.name, hint=f"add path = ['{players.own}']")
    _check_penalty(players, item)
    if item.at and not item.adds_to:
        hint = f"add adds_to = '{players.own}'"
        raise InputError("'at' needs an objective to add to", where=item.name, hint=hint)


def _check_added(players: Players, item: PlayerObjective) -> None:
    """Refuses an objective whose loss cannot be added to another one's."""
    if item.adds_to == item.name:
        hint = f"write adds_to = '{players.own}'"
        raise InputError("it is added to itself", where=item.name, hint=hint)
    first = next((one.adds_to for one in players.objectives if one.name == item.adds_to and one.adds_to), "")
    if first:
        what, hint = f"'{item.adds_to}' is itself added to '{clean(first)}'", f"write adds_to = '{clean(first)}'"
        raise InputError(what, where=item.name, hint=hint if first in players.names else f"name {players.own}")
    if item.adds_to not in players.names:
        raise unknown("objective", item.adds_to, players.names, where=item.name)
    if item.trains or item.optimizer or item.every != 1 or item.clamp:
        what = f"it is added to '{item.adds_to}', whose update is for both"
        raise InputError(what, where=item.name, hint="set trains, optimizer, every and clamp there")
    path, _ = _run_and_trained(players, item.adds_to)
    network = item.at.partition(".")[0]
    if network in players.network_names and network not in path:
        what = f"its pass begins with a layer of '{network}', which '{item.adds_to}' does not run"
        raise InputError(what, where=item.name, hint=f"name a layer of {' or '.join(path)}")


def _check_reached(players: Players, item: PlayerObjective) -> None:
    """Refuses an added objective that runs nothing that the other one trains."""
    path, trained = _run_and_trained(players, item.adds_to)
    network = item.at.partition(".")[0]
    reached = {*item.path, *path[: path.index(network) + 1]} if network in path else set(item.path)
    if path and item.path and reached.isdisjoint(trained):
        what = f"it trains nothing: '{item.adds_to}' trains {' and '.join(trained)}, and it runs {', '.join(item.path)}"
        fitting = [name for name in players.names if not reached.isdisjoint(_run_and_trained(players, name)[1])]
        hint = f"write adds_to = '{fitting[0]}'" if fitting else f"name {' or '.join(trained)} in its path"
        raise InputError(what, where=item.name, hint=hint)


def _run_and_trained(players: Players, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The networks that an objective with an update runs in its own pass, and those that it trains."""
    found = next((item for item in players.updates if item.name == name), None)
    return ((players.own,), (players.own, *players.trains)) if found is None else (found.path, found.trains)


def _check_penalty(players: Players, item: PlayerObjective) -> None:
    if item.gradient_norm is None:
        if item.between:
            raise InputError("'between' is for gradient penalties", where=item.name, hint="add gradient_norm = 1")
        return
    if not item.adds_to:
        what, hint = "a gradient penalty needs an objective to add to", f"add adds_to = '{players.own}'"
        raise InputError(what, where=item.name, hint=hint)
    if item.at or item.target != DATA or item.loss:
        what = "a gradient penalty is compared with no target"
        raise InputError(what, where=item.name, hint="leave target, loss and at out")
    if item.path[:1] and item.path[0] in players.networks and players.networks[item.path[0]].noise:
        what = f"a gradient penalty begins with the data, not with the noise of '{item.path[0]}'"
        raise InputError(what, where=item.name, hint=f"name a path such as ['{players.own}']")
    others = [one for one in players.objectives if one.adds_to == item.adds_to and one.gradient_norm is None]
    fitting = [one.name for one in others if item.path[0] in one.path[1:]]
    if item.between and item.between not in fitting:
        hint = f"name {' or '.join(fitting)}" if fitting else "add a loss of made rows, or leave it out"
        what = f"'{clean(item.between)}' makes no rows for '{item.path[0]}'"
        raise InputError(what, where=item.name, hint=hint)
