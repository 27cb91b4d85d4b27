"""Changing a run by parts: what belonged to a thing that is exchanged for another one falls back to its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnplay.config.run_config import RunConfig
from nnplay.config.split_choice import SplitChoice
from nnplay.records.registry import optimizer_records


def exchanged(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """The run with some entries of its table changed, as `RunConfig.changed` does it, for somebody who plays.

    Another optimizer goes on at the learning rate of the one before, unless one of the two chooses how far it goes by
    itself: there a rate is a share of the step. Other data keep the shares of the split; its seed
    and scaling, and what the run is called, belonged to the data before.

    Raises:
        InputError: an unknown key or a refused value.
    """
    optimizer = changes.get("optimizer")
    if isinstance(optimizer, Mapping) and _shares_rate(optimizer.get("name"), config):
        changes = {**changes, "optimizer": {"lr": config.optimizer.values["lr"], **optimizer}}
    changed = config.changed(changes)
    if changed.data.source == config.data.source:
        return changed
    shares = SplitChoice(changed.split.train, changed.split.validation, changed.split.test)
    return replace(changed, split=shares, title="", about="")


def _shares_rate(name: Any, config: RunConfig) -> bool:
    """Whether another optimizer of that name takes a learning rate of the same kind as the present one."""
    wanted, present = optimizer_records().get(name), config.optimizer.record
    return wanted is not None and wanted is not present and (wanted.whole is None) == (present.whole is None)
