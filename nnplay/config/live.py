"""Which changes of a run can be made while it trains, on the tape that it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nnplay.config.run_config import TRAINING_FIELDS, RunConfig
from nnplay.records.optimizer import Optimizer
from nnplay.training.live_settings import LIVE_SETTINGS
from nnplay.training.settings import DECLARED, TrainingSettings

_DEFAULTS: Final = {item.name: item.default for item in TRAINING_FIELDS}


def live_changes(before: RunConfig, after: RunConfig) -> Mapping[str, Any] | None:
    """What changed, if all of it can change while training without a new tape; else None."""
    if (
        replace(after.without_remarks(), optimizer=before.optimizer, training=before.training)
        != before.without_remarks()
    ):
        return None
    if after.optimizer.record is not before.optimizer.record:
        return None
    names = set(before.training) | set(after.training)
    changed = {name: _value(after.training, name) for name in names if _differs(before.training, after.training, name)}
    if not set(changed) <= set(LIVE_SETTINGS):
        return None
    old, new = before.optimizer.values, after.optimizer.values
    if any(old[name] != new[name] for name in after.optimizer.record.structural):
        return None
    return {**changed, **{name: value for name, value in new.items() if old[name] != value}}


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    return bool(_value(before, name) != _value(after, name))


def _value(training: Mapping[str, Any], name: str) -> Any:
    return training.get(name, _DEFAULTS[name])


def with_live(config: RunConfig, optimizer: Optimizer, settings: TrainingSettings) -> RunConfig:
    """A run with the values that were changed while it trained."""
    live = {
        name: getattr(settings, name)
        for name in LIVE_SETTINGS
        if name in config.training or getattr(settings, name) != DECLARED[name].field.default
    }
    return replace(config, optimizer=optimizer, training={**config.training, **live})
