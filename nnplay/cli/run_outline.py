"""What a new run consists of, in a few lines: each network with shapes and parameters, and what it is trained for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nnplay.config import RunConfig
from nnplay.config.players_choice import record_table
from nnplay.network.members import members_of
from nnplay.network.notation import show_layer
from nnplay.network.summary import Ledger, Line
from nnplay.run.network_ledger import own_ledger, player_ledger
from nnplay.text import clean, counted, record_as_typed
from nnplay.training.players.players import CLASS, DATA, INPUT
from nnplay.training.whole_data import looks_at_all

if TYPE_CHECKING:
    from nnplay.data.split import Split
    from nnplay.training.players.players import PlayerObjective


def outline(config: RunConfig, split: Split) -> list[str]:
    """The lines of a run on data that are read: how many rows, every network, every objective."""
    players = config.players
    parts = ((split.train, "train on"), (split.validation, "validate"), (split.test, "test"))
    rows = [f"{len(part):,} to {use}" for part, use in parts if part is not None]
    lines = [f"{clean(config.data.source)}: rows {', '.join(rows)}", ""]
    lines += _network(players.own, own_ledger(config, split, config.layer_texts))
    if len(members_of(config.layers)) > 1:
        lines.append(f"  to type: {', '.join(config.layer_texts)}")
    for name, network in players.networks.items():
        texts = tuple(map(show_layer, network.layers))
        feeds = [f"fed {counted(network.noise, 'random number')}"] if network.noise else []
        lines += ["", *_network(name, player_ledger(config, split, name, texts), *feeds)]
    return [*lines, "", *objectives(config)]


def objectives(config: RunConfig) -> list[str]:
    """What each objective trains and lowers, the run's own first."""
    return [line for item in (None, *config.players.updates) for line in _objective(config, item)]


def _network(name: str, found: Ledger, *feeds: str) -> list[str]:
    """A line for the network, and one for each layer: its text, its shapes, its parameters."""
    costs = (counted(found.parameters, "parameter"), f"{counted(found.multiply_adds, 'multiply-add')} a row")
    table = list(_layers(found.lines))
    texts, shapes, counts = (max((len(row[column]) for row in table), default=0) for column in range(3))
    shown = [f"  {text:<{texts}}  {shape:<{shapes}}  {count:>{counts}}".rstrip() for text, shape, count in table]
    return [f"{name}: {', '.join((*feeds, *costs))}", *shown]


def _layers(lines: Sequence[Line], depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Text, shapes and parameters of each layer; of a block its name, and below it the layers of its branches."""
    for line in lines:
        text = line.text.partition("[")[0] if line.parts else line.text
        yield "  " * depth + clean(text), line.problem or line.shape, f"{line.parameters:,}" if line.parameters else ""
        for number, branch in enumerate(line.parts, 1):
            if len(line.parts) > 1:
                yield "  " * depth + f" branch {number}", "", ""
            yield from _layers(branch, depth + 1)


def _objective(config: RunConfig, item: PlayerObjective | None) -> Iterator[str]:
    """What an objective lowers, and what it trains; None stands for the run's own one."""
    players = config.players
    name, every = (players.own, players.every) if item is None else (item.name, item.every)
    trains = (players.own, *players.trains) if item is None else item.trains
    optimizer = (None if item is None else item.optimizer) or config.optimizer
    pace = "" if every == 1 else f" every {every:,} steps"
    added = [one for one in players.objectives if one.adds_to == name]
    lowers = "to lower the sum of" if added else "to lower"
    yield f"{name} trains {' and '.join(trains)} by {record_as_typed(record_table(optimizer))}{pace}, {lowers}"
    if item is None:
        target = DATA if players.target is None else f"{players.target:g}"
        apart = len(members_of(config.layers)) > 1 and not looks_at_all(optimizer)
        answer = f"{'each branch of ' if apart else ''}{players.own}(data)"
        averaged = ", averaged over the branches" if apart else ""
        yield f"  {_loss(config, None, answer, target, players.factor)}{averaged}"
    for one in (*(() if item is None else (item,)), *added):
        yield f"  {_term(config, one)}"


def _term(config: RunConfig, item: PlayerObjective) -> str:
    """One loss of a sum."""
    networks = config.players.networks
    answer = item.at or ("noise" if item.path[0] in networks and networks[item.path[0]].noise else "data")
    for network in item.path:
        answer = f"{network}({answer})"
    if item.gradient_norm is None:
        return _loss(config, item, answer, item.target, item.factor)
    where = f"between the data and {item.between}" if item.between else "at the data"
    return f"{item.factor:g} · (slope of {' of '.join(reversed(item.path))} − {item.gradient_norm:g})², {where}"


def _loss(config: RunConfig, item: PlayerObjective | None, answer: str, target: str, factor: float) -> str:
    loss = (None if item is None else item.loss) or config.loss
    against = {DATA: "the data's targets", INPUT: "the input", CLASS: "the row's class"}.get(target, target)
    name = record_as_typed(record_table(loss)) or "the loss"
    return f"{'' if factor == 1 else f'{factor:g} · '}{name} of {answer} against {against}"
