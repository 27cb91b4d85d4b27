"""The record of one data set: everything that listings, forms and `load_dataset` need to know about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnplay.data.dataset import Dataset, Task
from nnplay.fields import Field


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """One data set of the catalogue.

    Attributes:
        name: what the user types.
        title: what the screen shows.
        task: classification or regression.
        fields: what the user may set.
        make: the data set out of the values of all `fields`, by name.
        about: one or two sentences: what it is and what it shows.
        source: where it comes from.
        licence: under which terms it may be used.
    """

    name: str
    title: str
    task: Task
    fields: tuple[Field, ...]
    make: Callable[..., Dataset]
    about: str
    source: str = "made by nnplay"
    licence: str = "MIT"
