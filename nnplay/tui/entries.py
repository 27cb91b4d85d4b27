"""What the data and the training pane let the user set, as a list of entries made from fields of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnplay.errors import InputError, unknown
from nnplay.fields import Field, choice, integer, text
from nnplay.tui.contract import Catalogue, Settings


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
    """

    key: str
    label: str
    field: Field
    value: Any
    shares: tuple[int, ...] = ()
    many: bool = False

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.key.rpartition(".")[2]

    @property
    def shown(self) -> str:
        """The value as text."""
        if self.many:
            return " ".join(self.value)
        if self.shares:
            return "/".join(str(share) for share in self.shares)
        return self.field.show(self.value)


def data_entries(settings: Settings, catalogue: Catalogue) -> list[Entry]:
    """Data set, its own fields, split, batch size, features."""
    names = choice("dataset", settings.dataset, "the data that the network learns", tuple(catalogue.datasets))
    entries = [Entry("dataset", "set", names, settings.dataset)]
    entries += _own(catalogue.datasets.get(settings.dataset, ()), settings.dataset_fields, "dataset_fields")
    split = text("split", "70/15/15", "shares for training, validation and test, as in 70/15/15")
    entries.append(Entry("split", "split", split, "/".join(map(str, settings.split)), shares=tuple(settings.split)))
    batch = integer("batch_size", 32, "examples used for one step", high=65536)
    entries.append(Entry("batch_size", "batch", batch, settings.batch_size))
    if catalogue.features:
        features = choice("features", "", "numbers given to the network", tuple(catalogue.features))
        entries.append(Entry("features", "features", features, settings.features, many=True))
    return entries


def training_entries(settings: Settings, catalogue: Catalogue) -> list[Entry]:
    """Loss, optimizer and its fields, seed."""
    losses = choice("loss", settings.loss, "what training makes small", tuple(catalogue.losses))
    optimizers = choice("optimizer", settings.optimizer, "how gradients become steps", tuple(catalogue.optimizers))
    seed = integer("seed", 0, "all randomness of the run follows from it", low=0)
    return [
        Entry("loss", "loss", losses, settings.loss),
        Entry("optimizer", "optimizer", optimizers, settings.optimizer),
        *_own(catalogue.optimizers.get(settings.optimizer, ()), settings.optimizer_fields, "optimizer_fields"),
        Entry("seed", "seed", seed, settings.seed),
    ]


def _own(fields: Sequence[Field], values: Mapping[str, Any], prefix: str) -> list[Entry]:
    return [
        Entry(f"{prefix}.{field.name}", field.name.replace("_", " "), field, values.get(field.name, field.default))
        for field in fields
    ]


def named(entries: Sequence[Entry], name: str) -> Entry:
    """The entry that the user means by `name` (its name or its label).

    Raises:
        InputError: no entry is called so.
    """
    word = name.lower().replace("-", "_")
    for entry in entries:
        if word in (entry.name, entry.label.replace(" ", "_"), entry.key):
            return entry
    raise unknown("setting", name, [entry.name for entry in entries])


def changes(settings: Settings, entry: Entry, value: Any) -> dict[str, Any]:
    """The settings that differ once `entry` has `value`, for `Backend.changed`."""
    if entry.key == "split":
        return {"split": read_split(str(value))}
    if entry.many:
        return {entry.key: tuple(value)}
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
