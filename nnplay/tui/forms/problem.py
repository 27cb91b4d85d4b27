"""What kind of problem a data set is: read from its record, for the line of the form that changes it."""

from __future__ import annotations

from collections.abc import Iterable

from nnplay.config import DataChoice
from nnplay.data.catalogue import named_datasets
from nnplay.data.features import FEATURES
from nnplay.data.reading.addresses import refuse_password

PROBLEMS = ("classification", "regression", "segmentation", "detection")


def problem_of(dataset: str) -> str:
    """One of `PROBLEMS`; empty for a file, whose columns say what it is."""
    records = named_datasets()
    return records[dataset].problem if dataset in records else ""


def first_of(problem: str) -> str:
    """The data set to begin with for a problem."""
    return next(name for name, record in named_datasets().items() if record.problem == problem)


def data_named(source: str) -> dict[str, str]:
    """The entry of a run's table for a data set of that name, or else a file at that path.

    Raises:
        InputError: it is an address with a password, which must not be shown or kept anywhere.
    """
    refuse_password(source)
    return {"name" if source in named_datasets() else "file": source}


def features_of(data: DataChoice) -> tuple[str, ...]:
    """The inputs that are switched on."""
    default = next(field.default for field in data.fields if field.name == "features")
    return tuple(name.strip() for name in str(data.values.get("features", default)).split(","))


def has_features(dataset: str) -> bool:
    """Whether the set lies in a plane, so that derived features can be switched on."""
    records = named_datasets()
    return dataset in records and any(field.name == "features" for field in records[dataset].fields)


def titles(features: Iterable[str]) -> list[str]:
    """Feature names as the screen shows them: `x1^2` → `x₁²`."""
    return [FEATURES[name].title if name in FEATURES else name for name in features]
