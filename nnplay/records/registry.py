"""Finds records: every module of a folder that defines one is part of the program, without any list of them."""

from __future__ import annotations

import copyreg
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, TypeVar

from nnplay.errors import unknown
from nnplay.records.layer import LayerRecord
from nnplay.records.loss import LossRecord
from nnplay.records.optimizer import OptimizerRecord
from nnplay.records.schedule import ScheduleRecord

Record = TypeVar("Record")


def _modules(package: str) -> list[ModuleType]:
    folder = importlib.import_module(package)
    names = sorted(info.name for info in pkgutil.iter_modules(folder.__path__) if not info.name.startswith("_"))
    return [importlib.import_module(f"{package}.{name}") for name in names]


def find_records(package: str, kind: type[Record]) -> list[Record]:
    """The records of one kind that the modules of a folder define, in the order of the modules' names."""
    return [item for module in _modules(package) for item in vars(module).values() if isinstance(item, kind)]


def _records_by_name(package: str, kind: type[Any]) -> dict[str, Any]:
    return {record.name: record for record in find_records(package, kind)}


@functools.cache
def layer_records() -> dict[str, LayerRecord]:
    """Every kind of layer, by its name in texts and files."""
    return _records_by_name("nnplay.layers", LayerRecord)


@functools.cache
def loss_records() -> dict[str, LossRecord]:
    """Every loss, by name."""
    return _records_by_name("nnplay.losses", LossRecord)


@functools.cache
def optimizer_records() -> dict[str, OptimizerRecord]:
    """Every optimizer, by name."""
    return _records_by_name("nnplay.optimizers", OptimizerRecord)


@functools.cache
def schedule_records() -> dict[str, ScheduleRecord]:
    """Every learning-rate schedule, by name."""
    return _records_by_name("nnplay.schedules", ScheduleRecord)


@functools.cache
def python_names() -> dict[str, Any]:
    """Every record by its name in Python: PyTorch's where it has one (`AdamW`), else as in `CrossEntropy`."""
    return {record.python_name: record for records in _KINDS.values() for record in records().values()}


#: The kinds of records, each with all records of it.
_KINDS: dict[type[Any], Callable[[], Mapping[str, Any]]] = {
    LayerRecord: layer_records,
    LossRecord: loss_records,
    OptimizerRecord: optimizer_records,
    ScheduleRecord: schedule_records,
}


def _record(kind: type[Any], name: str) -> Any:
    """The record of that kind and name, for copies and pickles.

    Raises:
        InputError: this version of nnplay has none.
    """
    records = _KINDS[kind]()
    if name not in records:
        raise unknown(kind.__name__, name, records)
    return records[name]


def _by_name(record: Any) -> Any:
    """How a record is copied or pickled: as its name, since it is one of its kind and holds functions."""
    kind, name = type(record), record.name
    return (_record, (kind, name)) if record is _KINDS[kind]().get(name) else record.__reduce_ex__(2)


for _kind in _KINDS:
    copyreg.pickle(_kind, _by_name)
