"""What the data and the training pane let the user set, as a list of entries made from fields of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from nnplay.data.catalogue import name_sources
from nnplay.data.csv.columns import Column
from nnplay.errors import InputError, unknown
from nnplay.fields import Field, choice, integer, text
from nnplay.run.choices import Catalogue
from nnplay.run.settings import Settings
from nnplay.tui.forms.column_choices import Offer, kinds, kinds_text, learned, read_kinds, targets
from nnplay.tui.forms.problem import PROBLEMS, first_of, has_features, problem_of, titles


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a form.

    Attributes:
        key: where the value lives in the settings: `batch_size`, `dataset_fields.noise`.
        label: the word shown.
        field: kind, range and help.
        value: the present value.
        shares: parts of a bar drawn below the value (the split).
        many: the value is a set of words out of the field's choices.
        offers: values to choose from where any text may be given.
        meant: what stands there as long as nothing was given.
    """

    key: str
    label: str
    field: Field
    value: Any
    shares: tuple[int, ...] = ()
    many: bool = False
    offers: tuple[Offer, ...] = ()
    meant: str = ""

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.key.rpartition(".")[2]

    @property
    def shown(self) -> str:
        """The value as text."""
        if self.many:
            return " ".join(titles(self.value))
        if self.key == "dataset":
            return data_title(str(self.value))
        if self.shares:
            return "/".join(str(share) for share in self.shares)
        if isinstance(self.value, Mapping):
            return kinds_text(self.value)
        if self.key.startswith("stops.") and not self.value:
            return "never"
        return self.field.show(self.value) or self.meant

    @property
    def typed(self) -> str:
        """The value as one would type it."""
        return (
            self.shown if self.many or self.shares or isinstance(self.value, Mapping) else self.field.show(self.value)
        )


def data_title(name: str) -> str:
    """A data set's name; of a file the last part of its path, which tells most where there is little room."""
    return PurePath(name).name or name


def data_entries(settings: Settings, catalogue: Catalogue, columns: Sequence[Column] = ()) -> list[Entry]:
    """Problem, data set, its own fields, split, batch size, features.

    Args:
        columns: of the table that the data were read from, in its order.
    """
    names = choice("dataset", settings.dataset, f"a set, or the path of {name_sources()}", tuple(catalogue.datasets))
    task = choice("problem", problem_of(settings.dataset), "what is learned: classes or quantities", PROBLEMS)
    entries = [Entry("dataset", "set", names, settings.dataset)]
    if task.default:
        entries.append(Entry("problem", "problem", task, task.default))
    made = settings.dataset in catalogue.datasets
    own = catalogue.datasets[settings.dataset] if made else catalogue.fields_of_file(settings.dataset)
    entries += [_of_table(entry, columns) for entry in _own(own, settings.dataset_fields, "dataset_fields")]
    split = text("split", "70/15/15", "shares for training, validation and test, as in 70/15/15")
    entries.append(Entry("split", "split", split, "/".join(map(str, settings.split)), shares=tuple(settings.split)))
    batch = integer("batch_size", 32, "examples used for one step, or all", high=65536, choices=("all",))
    entries.append(Entry("batch_size", "batch", batch, settings.batch_size))
    if has_features(settings.dataset):
        features = choice("features", "", "numbers given to the network", tuple(catalogue.features))
        entries.append(Entry("features", "features", features, settings.features, many=True))
    return entries


def _of_table(entry: Entry, columns: Sequence[Column]) -> Entry:
    """Settings that name columns offer those that there are."""
    if not columns:
        return entry
    if entry.key == "dataset_fields.target":
        return replace(entry, offers=targets(columns), meant=learned(columns))
    if entry.key == "dataset_fields.kinds":
        return replace(entry, offers=kinds(columns, read_kinds(entry.value)), meant="as found")
    return entry


def training_entries(settings: Settings, catalogue: Catalogue) -> list[Entry]:
    """Loss, optimizer, rate, schedule, penalties, seed, stop conditions; what is seldom changed comes last."""
    losses = choice("loss", settings.loss, "what training makes small", tuple(catalogue.losses))
    optimizers = choice("optimizer", settings.optimizer, "how gradients become steps", tuple(catalogue.optimizers))
    schedules = choice("schedule", settings.schedule, "how the rate changes", tuple(catalogue.schedules))
    seed = integer("seed", 0, "all randomness of the run follows from it", low=0)
    own = _own(catalogue.optimizers.get(settings.optimizer, ()), settings.optimizer_fields, "optimizer_fields")
    training = _own(catalogue.training, settings.training, "training")
    return [
        Entry("loss", "loss", losses, settings.loss),
        *_own(catalogue.losses.get(settings.loss, ()), settings.loss_fields, "loss_fields"),
        Entry("optimizer", "optimizer", optimizers, settings.optimizer),
        *own[:1],
        Entry("schedule", "schedule", schedules, settings.schedule),
        *_own(catalogue.schedules.get(settings.schedule, ()), settings.schedule_fields, "schedule_fields"),
        *(entry for entry in training if entry.name in _PENALTIES),
        Entry("seed", "seed", seed, settings.seed),
        *_own(catalogue.stops, settings.stops, "stops", before="stop "),
        *own[1:],
        *(entry for entry in training if entry.name not in _PENALTIES),
    ]


_PENALTIES = ("l1", "l2", "clip_norm")
_LABELS = {
    "stops.epochs": "stop epoch",
    "stops.accuracy": "stop acc.",
    "stops.patience": "patience",
    "stops.seconds": "stop secs",
    "training.validate_every": "validate",
    "optimizer_fields.lr": "rate",
    "optimizer_fields.weight_decay": "decay",
    "loss_fields.label_smoothing": "smoothing",
    "dataset_fields.skip_bad_rows": "skip bad",
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


def named(entries: Sequence[Entry], name: str) -> Entry:
    """The entry that the user means by `name` (its name or its label).

    Raises:
        InputError: no entry is called so.
    """
    word = name.lower().replace("-", "_")
    word = word if any(entry.name == word for entry in entries) else _ALSO.get(word, word)
    for entry in entries:
        if word in (entry.name, entry.label.replace(" ", "_"), entry.key):
            return entry
    raise unknown("setting", name, [entry.name for entry in entries])


def changes(settings: Settings, entry: Entry, value: Any) -> dict[str, Any]:
    """The settings that differ once `entry` has `value`, for `Backend.changed`."""
    if entry.key == "split":
        return {"split": read_split(str(value))}
    if entry.many:
        words = [word.strip() for word in value.split(",")] if isinstance(value, str) else value
        return {entry.key: tuple(words)}
    if entry.key == "dataset":
        return {"dataset": str(value).strip()}
    if entry.key == "problem":
        return {"dataset": first_of(entry.field.read(value))}
    checked = entry.field.read(value)
    if "." not in entry.key:
        return {entry.key: checked}
    table, name = entry.key.split(".", 1)
    return {table: {**getattr(settings, table), name: checked}}


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
            f"'{words}' is not a split", where="split", hint="three per cents that add up to 100: 70/15/15"
        )
    return numbers[0], numbers[1], numbers[2]
