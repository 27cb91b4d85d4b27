"""What the data and the training pane let the user set, as a list of entries made from fields of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nnplay.config import RunConfig
from nnplay.config.split_choice import SPLIT_FIELDS
from nnplay.data.augment.recipe import can_be_drawn
from nnplay.data.columns.columns import Column
from nnplay.data.split import BATCH_SIZE
from nnplay.errors import InputError, unknown
from nnplay.fields import Field, choice, text
from nnplay.network.hidden_layers import NONE, activation_names, common_activation, with_activation
from nnplay.records.loss import Loss
from nnplay.records.optimizer import Optimizer
from nnplay.records.schedule import Schedule
from nnplay.run.choices import Catalogue
from nnplay.training.settings import DECLARED
from nnplay.tui.forms.column_choices import (
    kind_choices,
    name_learned,
    read_kinds,
    target_choices,
)
from nnplay.tui.forms.entry import Entry
from nnplay.tui.forms.player_entries import grouped, of_players, player_changes
from nnplay.tui.forms.problem import PROBLEMS, data_named, features_of, first_of, has_features, problem_of

_PREDICTED = "what is predicted: classes, numbers, the class of each pixel, or objects and where they are"
_SPLIT = "percentages for training, validation and test, as in 70/15/15"


def data_entries(
    settings: RunConfig, catalogue: Catalogue, columns: Sequence[Column] = (), row_shape: Sequence[int] = ()
) -> list[Entry]:
    """Problem, data set, its own fields, split, how rows are drawn anew, batch size, features.

    Args:
        columns: of the table that the data were read from, in its order.
        row_shape: shape of one row of inputs.
    """
    source = settings.data.source
    names = choice(
        "dataset", source, "a data set, or the path of a file, a folder or a database", tuple(catalogue.datasets)
    )
    task = choice("problem", problem_of(source), _PREDICTED, PROBLEMS)
    entries = [Entry("data", "set", names, source)]
    if task.default and settings.players.target is None:  # the rows of a game have no class to be told
        entries.append(Entry("problem", "problem", task, task.default))
    made = source in catalogue.datasets
    own = catalogue.datasets[source] if made else catalogue.fields_of_file(source, settings.data.values)
    entries += [_of_table(entry, columns) for entry in _own(own, settings.data.values, "data")]
    split, shares = text("split", "70/15/15", _SPLIT), settings.split.per_cents
    entries.append(Entry("split", "split", split, "/".join(map(str, shares)), shares=shares))
    if can_be_drawn(row_shape):
        drawn = [("augment", settings.split.augment), ("copies", settings.split.copies)]
        fields = {field.name: field for field in SPLIT_FIELDS}
        shown = drawn if settings.split.augment else drawn[:1]
        entries += [Entry(f"split.{name}", name, fields[name], value, meant="no") for name, value in shown]
    batch = settings.training.get("batch_size", BATCH_SIZE.default)
    entries.append(Entry("training.batch_size", "batch", BATCH_SIZE, batch))
    if has_features(source):
        features = choice("features", "", "features given to the network", tuple(catalogue.features))
        entries.append(Entry("data.features", "features", features, features_of(settings.data), many=True))
    return entries


def _of_table(entry: Entry, columns: Sequence[Column]) -> Entry:
    """Settings that name columns offer those that there are."""
    if not columns:
        return entry
    if entry.key == "data.target":
        return replace(entry, choices=target_choices(columns), meant=name_learned(columns))
    if entry.key == "data.kinds":
        return replace(entry, choices=kind_choices(columns, read_kinds(entry.value)), meant="as detected")
    return entry


def training_entries(settings: RunConfig, catalogue: Catalogue) -> list[Entry]:
    """Loss, optimizer, learning rate, schedule, penalties, seed, stop conditions; what is seldom changed comes last."""
    loss, optimizer, schedule = (_chosen(item) for item in (settings.loss, settings.optimizer, settings.schedule))
    losses = choice("loss", loss[0], "what training minimises", tuple(catalogue.losses))
    optimizers = choice("optimizer", optimizer[0], "how gradients are turned into steps", tuple(catalogue.optimizers))
    schedules = choice("schedule", schedule[0], "how the learning rate changes over time", tuple(catalogue.schedules))
    seed = replace(DECLARED["seed"].field, help="all randomness in the run comes from it")
    own = _own(catalogue.optimizers.get(optimizer[0], ()), optimizer[1], "optimizer")
    of_loss = _own(catalogue.losses.get(loss[0], ()), loss[1], "loss")
    present = common_activation(settings.layer_texts)
    activations = choice("activation", present, "activation of all hidden layers", (*activation_names(), NONE))
    first = [
        Entry("loss", "loss", losses, loss[0]),
        *(entry for entry in of_loss if entry.field.live),
        Entry("optimizer", "optimizer", optimizers, optimizer[0]),
        *own[:1],
        Entry("activation", "activation", activations, present),
    ]
    rest = [
        Entry("schedule", "schedule", schedules, schedule[0]),
        *_own(catalogue.schedules.get(schedule[0], ()), schedule[1], "schedule"),
        *_own(catalogue.penalties, settings.training, "training"),
        Entry("seed", "seed", seed, settings.seed),
        *_own(catalogue.stops, settings.stops, "stop", before="stop "),
    ]
    seldom = [*own[1:], *(entry for entry in of_loss if not entry.field.live)]
    more = _own(catalogue.training, settings.training, "training")
    if settings.players:
        return grouped((first, seldom), [*rest, *more], settings)
    return [*first, *rest, *seldom, *more]


def _chosen(item: Loss | Optimizer | Schedule | None) -> tuple[str, Mapping[str, Any]]:
    """Name and values of a loss, optimizer or schedule."""
    return ("none", {}) if item is None else (item.record.name, item.values)


_LABELS = {
    "stop.epochs": "stop epoch",
    "stop.accuracy": "stop acc.",
    "stop.patience": "patience",
    "stop.keep_best": "keep best",
    "schedule.patience": "lr wait",
    "stop.seconds": "stop secs",
    "training.validate_every": "validate",
    "optimizer.weight_decay": "decay",
    "loss.label_smoothing": "smoothing",
    "loss.class_weights": "class wts",
    "loss.pos_weight": "pos. wts",
    "loss.ignore_index": "ignore",
    "data.skip_bad_rows": "skip bad",
    "data.max_seconds": "max secs",
}
"""Words that fit the column better than the fields' own names."""


def _own(fields: Sequence[Field], values: Mapping[str, Any], prefix: str, before: str = "") -> list[Entry]:
    return [
        Entry(
            f"{prefix}.{field.name}",
            _LABELS.get(f"{prefix}.{field.name}", before + field.name.replace("_", " ")),
            field,
            values.get(field.name, field.default),
        )
        for field in fields
    ]


_ALSO = {"learning_rate": "lr", "rate": "lr", "data": "dataset", "batch": "batch_size"}


def spellings(entry: Entry) -> tuple[str, ...]:
    """All words that mean an entry where it is typed: its name, its label, and others such as "rate" for "lr"."""
    return (entry.name, entry.label, *(word for word, name in _ALSO.items() if name == entry.name))


def find_entry(entries: Sequence[Entry], name: str) -> Entry:
    """The entry that the user means by `name` (its name or its label).

    Raises:
        InputError: no entry is called so.
    """
    word = name.lower().replace("-", "_").replace(" ", "_")
    word = word if any(entry.name == word for entry in entries) else _ALSO.get(word, word)
    exact = [
        entry
        for entry in entries
        if word in (entry.key, entry.label.replace(" ", "_"), entry.label.replace(" ", ".") if entry.group else "")
    ]
    meant = exact or [entry for entry in entries if entry.name == word]  # several may have the same name
    if meant:
        return meant[0]
    raise unknown("setting", name, [entry.name for entry in entries])


def changes(entry: Entry, value: Any, settings: RunConfig) -> dict[str, Any]:
    """The entries of the run's table that differ from `settings` once `entry` has `value`, for `Backend.changed`.

    Raises:
        InputError: the field refuses the value, or no layer can take it.
    """
    if entry.key == "activation":
        return {"layers": with_activation(settings.layer_texts, str(entry.field.read(value)))}
    if entry.key == "split":
        return {"split": {name: share / 100 for name, share in zip(_PARTS, read_split(str(value)), strict=True)}}
    if entry.key == "data":
        return {"data": data_named(str(value).strip())}
    if entry.key == "problem":
        return {"data": {"name": first_of(entry.field.read(value))}}
    if of_players(entry.key):
        return dict(player_changes(entry, value, settings))
    section, dot, name = entry.key.partition(".")
    if entry.many:
        return {section: {name: value if isinstance(value, str) else ", ".join(value)}}
    checked = entry.field.read(value)
    if dot:
        return {section: {name: checked}}
    return {section: {"name": checked} if section in _RECORDS else checked}


_PARTS = ("train", "validation", "test")
_RECORDS = ("loss", "optimizer", "schedule")


def read_split(words: str) -> tuple[int, int, int]:
    """Three shares in per cent out of `70/15/15`.

    Raises:
        InputError: not three whole numbers that add up to 100, or nothing to train on.
    """
    try:
        numbers = [int(part) for part in words.replace(",", "/").replace(" ", "/").split("/") if part]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or sum(numbers) != 100 or min(numbers) < 0 or numbers[0] == 0:
        raise InputError(
            f"'{words}' is not a split", where="split", hint="give three percentages that add up to 100, as in 70/15/15"
        )
    return numbers[0], numbers[1], numbers[2]
