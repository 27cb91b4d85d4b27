"""The ledger of a network of the run behind the screen, on the present data, with what does not fit at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nnplay.config import RunConfig
from nnplay.data.split import Split
from nnplay.errors import InputError
from nnplay.network.network import Network
from nnplay.network.notation import parse_layers
from nnplay.network.summary import Ledger, ledger
from nnplay.records.operation import Shape, shape_text
from nnplay.run.task_words import token_words
from nnplay.training.players.stages import plan_networks
from nnplay.training.scores.targets import target_form


def own_ledger(config: RunConfig, split: Split, layers: Sequence[str]) -> Ledger:
    """Shapes, costs and problems of layers of the run's own network."""
    train = split.train
    outputs = train.target_names if train.task == "regression" else train.class_names
    found = ledger(layers, split.feature_shape, _feature_names(split), outputs)
    return _with_problem(found, lambda: _check_own_end(config, split, layers))


def player_ledger(config: RunConfig, split: Split, name: str, layers: Sequence[str]) -> Ledger:
    """Shapes, costs and problems of layers of the network of that name beside the run's own."""
    plans = plan_networks(config.players, Network(config.layers).plan(split.feature_shape))
    given, noise = plans[name].values[0], config.players.networks[name].noise
    names = tuple(f"z{number + 1}" for number in range(noise)) if noise else _names(given, split)
    found = ledger(layers, given, names, _names(plans[name].output_shape, split))
    return _with_problem(found, lambda: _check_player_end(config, split, name, layers))


def _with_problem(found: Ledger, check: Callable[[], object]) -> Ledger:
    """The ledger with what does not fit at the end of it, where its layers fit each other."""
    if not found.lines or any(line.problem for line in found.lines):
        return found
    try:
        check()
    except InputError as problem:
        words = f"{problem.what}; {problem.hint}" if problem.hint else problem.what
        return replace(found, lines=(*found.lines[:-1], replace(found.lines[-1], problem=words)))
    return found


def _check_own_end(config: RunConfig, split: Split, layers: Sequence[str]) -> None:
    changed = config.changed({"layers": tuple(layers)})
    plan = Network(changed.layers).plan(split.feature_shape)
    if changed.loss is not None:
        target_form(changed.loss, split.train, plan.output_shape)


def _check_player_end(config: RunConfig, split: Split, name: str, layers: Sequence[str]) -> None:
    parsed = tuple(layer for text in layers for layer in parse_layers(text))
    networks = {**config.players.networks, name: replace(config.players.networks[name], layers=parsed)}
    players = replace(config.players, networks=networks)
    plan_networks(players, Network(config.layers).plan(split.feature_shape))


def _feature_names(split: Split) -> tuple[str, ...]:
    """What the columns of a row are called, or its shape."""
    train = split.train
    names = (token_words(train),) if train.vocabulary is not None else train.feature_names
    return names or (shape_text(train.feature_shape),)


def _names(shape: Shape, split: Split) -> tuple[str, ...]:
    """What the numbers between two networks are called: as the data's where they look like them, or their shape."""
    return _feature_names(split) if shape == split.feature_shape else (shape_text(shape),)
